/**
 * Renders a merchant's own waiting page: puts the values of its variables into the template.
 *
 * Guarantee: no value becomes markup or script: text is escaped for HTML, attributes and script
 * strings alike. The template's own scripts and styles get the page's nonce; a script inside a
 * value gets none. Not for accepting templates (`sale/page-template.ts`), nor for reloading the
 * page (a header does that).
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
  /** The merchant's message to all shoppers; empty when there is none. */
  readonly message: string;
  readonly position: number;
  readonly positionKnown: boolean;
}

/**
 * Keeps letters, digits, spaces and `.:_-`; everything else becomes a character reference. HTML
 * reads it as the character, and a script string as harmless text, because it has no quote, no
 * backslash, no `$`, no line break and no `</`.
 */
export function escapeText(value: unknown): string {
  return String(value).replace(/[^\p{L}\p{N} .:_-]/gu, (sign) => `&#${sign.codePointAt(0)};`);
}

const parsed = new BoundedMap<unknown>(TEMPLATES_REMEMBERED_MAX);

/** Adds the page's nonce to the template's own scripts and styles, and never to those in values. */
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

  /** Without quotes, because a script may contain such a tag in a string. */
  override rawValue(token: string[]): string {
    const tag = /<(script|style|link)(?=[\s>])/gi;
    return super.rawValue(token).replace(tag, `<$1 nonce=${this.#nonce}`);
  }
}

/**
 * Null when a proof is required and the page does not contain its form: without the form nobody
 * could join, so another page must be shown.
 *
 * @param template one for which `templateFaults` is empty
 * @param nonce letters and digits, new for every page
 */
export function renderTemplate(template: string, view: TemplateView, nonce: string): string | null {
  // Every variable that a template may name has a value; otherwise this does not compile.
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
