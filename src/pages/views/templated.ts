/**
 * A merchant's own waiting page as an answer to a browser: what it may do there, and how it goes
 * on by itself.
 *
 * Guarantee: the page asks again by the header `Refresh`, which browsers obey with and without
 * scripts, before they read any markup; so it goes on whatever the template shows or hides. A
 * script that stops what the page is loading stops that too, so a timer of the gate's own comes
 * before everything that the template brings.
 * Scripts and styles run by a nonce that only the template's own text gets, frames may not show the
 * page, and its forms lead nowhere but here. No value of the template reaches a header.
 */
import {
  renderTemplate,
  templateView,
  type TemplateFacts,
} from "../../domain/formats/template-render.ts";

export interface TemplatedPage {
  readonly body: string;
  readonly headers: Readonly<Record<string, string>>;
}

/** `strict-dynamic`: a script that the template brings may load others, as widgets do. */
function policyFor(nonce: string): string {
  return [
    "default-src 'none'",
    `script-src 'nonce-${nonce}' 'strict-dynamic'`,
    `style-src 'self' 'nonce-${nonce}'`,
    "style-src-attr 'unsafe-inline'",
    "img-src 'self' https: data:",
    "font-src 'self' https: data:",
    "media-src 'self' https: data:",
    "connect-src 'self' https:",
    "frame-src https:",
    "form-action 'self'",
    "base-uri 'none'",
    "frame-ancestors 'none'",
  ].join("; ");
}

export interface TemplatedModel extends TemplateFacts {
  readonly template: string;
  /** Letters and digits, fresh for every answer. */
  readonly nonce: string;
  /** In whole seconds; null stays as it is, because a form is being filled in. */
  readonly refresh_s: number | null;
  /** An address of Sluice's own that is loaded instead of this page; null for the page itself. */
  readonly check: string | null;
}

/** Null when the template has no place for a form that the page needs. */
export function templatedPage(model: TemplatedModel): TemplatedPage | null {
  const { template, nonce, refresh_s, check } = model;
  const page = renderTemplate(template, templateView(model), nonce);
  if (page === null) return null;
  const policy = { "Content-Security-Policy": policyFor(nonce) };
  if (refresh_s === null) return { body: page, headers: policy };
  const timer = `<script nonce=${nonce}>${timerFor(refresh_s, check)}</script>`;
  // Before `<html>`, where a browser opens the head for it and takes the template's as the same.
  const body = page.replace(DOCTYPE, (doctype) => doctype + timer);
  const refresh = check === null ? String(refresh_s) : `${refresh_s}; url=${check}`;
  return { body, headers: { ...policy, Refresh: refresh } };
}

const DOCTYPE = /^\s*<!doctype[^>]*>/i;

/** A second later than the header, so that nobody asks twice. */
function timerFor(refresh_s: number, check: string | null): string {
  const load = check === null ? "location.reload()" : `location.replace(${JSON.stringify(check)})`;
  return `setTimeout(function(){${load}},${refresh_s * 1000 + 1000})`;
}
