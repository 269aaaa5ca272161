/**
 * A merchant's own waiting page, rendered: the values of its variables, put into the template.
 *
 * Guarantee: no value becomes markup or script: text is escaped for HTML, attributes and script
 * strings alike. The template's own scripts and styles get the page's nonce; a script inside a
 * value would get none. Not for: which templates are accepted (`sale/page-template.ts`), nor for
 * what the page does without the template (it is loaded again by a header).
 */
import Mustache from "mustache";
import { BoundedMap } from "../bounded-map.ts";
import { TEMPLATES_REMEMBERED_MAX } from "../limits.ts";
import type { TemplateVariable } from "../sale/page-template.ts";
import type { CloudflareWaitingRoom } from "./cloudflare-waiting-room.ts";

/** The variables with their values: Cloudflare's, and Sluice's own. */
export interface TemplateView extends CloudflareWaitingRoom {
  readonly waitTimeHours: number;
  readonly waitTimeHourMinutes: number;
  readonly title: string;
  /** The merchant's message to everybody; empty when there is none. */
  readonly message: string;
  readonly position: number;
  readonly positionKnown: boolean;
}

/**
 * Letters, digits, spaces and `.:_-` stay; everything else becomes a character reference. HTML
 * reads it as the character, and a script string as harmless text, because it has no quote, no
 * backslash, no `$`, no line break and no `</`.
 */
export function escapeText(value: unknown): string {
  return String(value).replace(/[^\p{L}\p{N} .:_-]/gu, (sign) => `&#${sign.codePointAt(0)};`);
}

const parsed = new BoundedMap<unknown>(TEMPLATES_REMEMBERED_MAX);

/** Gives the template's own scripts and styles the page's nonce, and those in values none. */
class PageWriter extends Mustache.Writer {
  readonly #nonce: string;

  constructor(nonce: string) {
    super();
    this.#nonce = nonce;
  }

  override parse(template: string): unknown {
    const known = parsed.get(template);
    if (known !== undefined) return known;
    const tokens: unknown = super.parse(template);
    parsed.set(template, tokens);
    return tokens;
  }

  /** Without quotes, because a script may hold such a tag in a string of its own. */
  override rawValue(token: string[]): string {
    const tag = /<(script|style|link)(?=[\s>])/gi;
    return super.rawValue(token).replace(tag, `<$1 nonce=${this.#nonce}`);
  }
}

/**
 * Null when a form asks for a proof and the template has no place for it: without the form nobody
 * could join, so another page has to be shown.
 *
 * @param template one that `templateFaults` finds nothing wrong with
 * @param nonce letters and digits, fresh for every page
 */
export function renderTemplate(template: string, view: TemplateView, nonce: string): string | null {
  // Each variable that a template may name has a value; otherwise this does not compile.
  const values: Readonly<Record<TemplateVariable, unknown>> = view;
  const page = new PageWriter(nonce).render(template, values, {}, { escape: escapeText });
  if (!page.includes(view.turnstile)) return null;
  return /^\s*<!doctype/i.test(page) ? page : `<!doctype html>\n${page}`;
}

export interface TemplateFacts {
  readonly waitingRoom: CloudflareWaitingRoom;
  readonly title: string;
  readonly message: string | null;
  /** 1 is the next to be called; null until the place is drawn. */
  readonly position: number | null;
}

export function templateView({
  waitingRoom,
  title,
  message,
  position,
}: TemplateFacts): TemplateView {
  return {
    ...waitingRoom,
    waitTimeHours: Math.floor(waitingRoom.waitTime / 60),
    waitTimeHourMinutes: waitingRoom.waitTime % 60,
    title,
    message: message ?? "",
    position: position ?? 0,
    positionKnown: position !== null,
  };
}
