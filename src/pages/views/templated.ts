/**
 * A merchant's own waiting page as a response to a browser: its policy, and how it reloads itself.
 *
 * Guarantee: the page reloads by the header `Refresh`, which browsers obey with and without scripts
 * and before they parse any markup, so it reloads whatever the template shows or hides. A script
 * that stops the loading of the page cancels that reload too, so a timer of the gate's own comes
 * before everything in the template.
 * Scripts and styles need a nonce that only the template's own text gets, no other page may frame
 * this one, and its forms can only be sent to this origin. No value of the template reaches a
 * header.
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

/** `strict-dynamic`: a script of the template may load others, as widgets do. */
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
  /** Letters and digits, new for every response. */
  readonly nonce: string;
  /** In whole seconds; null: never reloads, because the shopper is filling in a form. */
  readonly refresh_s: number | null;
  /** An address of Sluice to load instead of this page; null for the page itself. */
  readonly check: string | null;
}

/** Null when the template lacks the form that the page needs. */
export function templatedPage(model: TemplatedModel): TemplatedPage | null {
  const { template, nonce, refresh_s, check } = model;
  const page = renderTemplate(template, templateView(model), nonce);
  if (page === null) return null;
  const policy = { "Content-Security-Policy": policyFor(nonce) };
  if (refresh_s === null) return { body: page, headers: policy };
  const timer = `<script nonce=${nonce}>${timerFor(refresh_s, check)}</script>`;
  // Before `<html>`: a browser opens the head for the script and merges the template's own into it.
  const body = page.replace(DOCTYPE, (doctype) => doctype + timer);
  const refresh = check === null ? String(refresh_s) : `${refresh_s}; url=${check}`;
  return { body, headers: { ...policy, Refresh: refresh } };
}

const DOCTYPE = /^\s*<!doctype[^>]*>/i;

/** A second after the header's reload, so that normally only one of them happens. */
function timerFor(refresh_s: number, check: string | null): string {
  const load = check === null ? "location.reload()" : `location.replace(${JSON.stringify(check)})`;
  return `setTimeout(function(){${load}},${refresh_s * 1000 + 1000})`;
}
