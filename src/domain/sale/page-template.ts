/**
 * A merchant's own waiting page: a Mustache template with the variables of Cloudflare's custom
 * waiting rooms, so that a page made for those goes on working.
 *
 * Guarantee: a template that passes `templateFaults` renders to a page for every value of its
 * variables, and no value becomes markup or script: text is escaped for HTML, attributes and
 * script strings alike. The scripts and styles that stand in the template get the page's nonce;
 * what a value might smuggle in would get none. Not for: what the page does without the template
 * (it asks again by a header), nor for keeping a merchant from writing a page that hides itself.
 */
import Mustache from "mustache";
import { BoundedMap } from "../bounded-map.ts";
import type { CloudflareWaitingRoom } from "../formats/cloudflare-waiting-room.ts";
import { TEMPLATES_REMEMBERED_MAX, TEMPLATE_DEPTH_MAX, TEMPLATE_FAULTS_MAX } from "../limits.ts";

/** What a template may name: Cloudflare's variables, and four of Sluice's own. */
export interface TemplateView extends CloudflareWaitingRoom {
  readonly waitTimeHours: number;
  readonly waitTimeHourMinutes: number;
  readonly title: string;
  /** What the merchant has to say to everybody; empty when nothing. */
  readonly message: string;
  readonly position: number;
  readonly positionKnown: boolean;
}

const VARIABLES: Readonly<Record<keyof TemplateView, true>> = {
  inWaitingRoom: true,
  waitTimeKnown: true,
  waitTime: true,
  waitTime25Percentile: true,
  waitTime50Percentile: true,
  waitTime75Percentile: true,
  waitTimeFormatted: true,
  waitTimeHours: true,
  waitTimeHourMinutes: true,
  queueIsFull: true,
  queueAll: true,
  lastUpdated: true,
  refreshIntervalSeconds: true,
  queueingMethod: true,
  isFIFOQueue: true,
  isRandomQueue: true,
  isPassthroughQueue: true,
  isRejectQueue: true,
  isEventActive: true,
  isEventPrequeueing: true,
  timeUntilEventStart: true,
  timeUntilEventStartFormatted: true,
  timeUntilEventEnd: true,
  timeUntilEventEndFormatted: true,
  shuffleAtEventStart: true,
  turnstile: true,
  infiniteQueue: true,
  title: true,
  message: true,
  position: true,
  positionKnown: true,
};

export const TEMPLATE_VARIABLES: readonly string[] = Object.keys(VARIABLES);

/** Of the one variable that is HTML; a page that asks for a proof shows the form in its place. */
const MARKUP_VARIABLE = "turnstile";

/** As `mustache` gives them: kind, value, start, end and, of a section, the tokens inside it. */
type Token = readonly [kind: string, value: string, start: number, end: number, inside?: Token[]];

function lineAt(template: string, position: number): number {
  return template.slice(0, position).split("\n").length;
}

interface Tag {
  readonly token: Token;
  readonly depth: number;
}

function tagsIn(tokens: readonly Token[], depth = 1): Tag[] {
  return tokens.flatMap((token) => {
    if (token[0] === "text") return [];
    const inside = token[4];
    return [{ token, depth }, ...(Array.isArray(inside) ? tagsIn(inside, depth + 1) : [])];
  });
}

/** What is wrong with one tag; null when nothing is. */
function faultOf([kind, value]: Token): string | null {
  if (kind === "!") return null;
  if (kind === ">") return `{{>${value}}} is a partial; there are none`;
  if (kind === "=") return "the delimiters must stay {{ and }}";
  if (!TEMPLATE_VARIABLES.includes(value)) {
    return `'${value.slice(0, 60)}' is not a variable of a waiting page`;
  }
  if (kind === "&" && value !== MARKUP_VARIABLE) {
    return `{{{${value}}}} would not be escaped; write {{${value}}}`;
  }
  if (kind === "name" && value === MARKUP_VARIABLE) return "write {{{turnstile}}}, for it is HTML";
  return null;
}

/** Where the form that asks for a proof would stand in the way of itself. */
function placeFaults(template: string, tags: readonly Tag[]): [number, string][] {
  const forms = tags.filter(({ token: [kind, value] }) => {
    return kind === "&" && value === MARKUP_VARIABLE;
  });
  const again = forms.slice(1).map(({ token }): [number, string] => {
    return [token[2], "{{{turnstile}}} may stand there once"];
  });
  const first = forms[0]?.token[2];
  if (first === undefined) return again;
  const before = template.slice(0, first).toLowerCase();
  const hidden = ["script", "style", "title", "textarea", "noscript", "template"].find((name) => {
    return before.lastIndexOf(`<${name}`) > before.lastIndexOf(`</${name}`);
  });
  if (hidden === undefined) return again;
  return [[first, `{{{turnstile}}} must not stand inside <${hidden}>`], ...again];
}

/** The words of `mustache`, with a line instead of a position in the text. */
function parsingFault(template: string, error: unknown): string {
  const words = error instanceof Error ? error.message : "cannot be read";
  const [, what = words, at] = /^(.*) at (\d+)$/s.exec(words) ?? [];
  if (at === undefined) return what;
  return `line ${lineAt(template, Number(at))}: ${what.slice(0, 100)}`;
}

/** Everything wrong with a template, each with its line; empty when it may be used. */
export function templateFaults(template: string): string[] {
  let tags: Tag[];
  try {
    // A writer of its own, for one keeps what it has parsed.
    const tokens: Token[] = new Mustache.Writer().parse(template);
    tags = tagsIn(tokens);
  } catch (error) {
    return [parsingFault(template, error)];
  }
  const faults = tags.flatMap(({ token }): [number, string][] => {
    const fault = faultOf(token);
    return fault === null ? [] : [[token[2], fault]];
  });
  const deep = tags.find(({ depth }) => depth > TEMPLATE_DEPTH_MAX);
  if (deep !== undefined) {
    faults.push([deep.token[2], `sections are nested deeper than ${TEMPLATE_DEPTH_MAX}`]);
  }
  const all = [...faults, ...placeFaults(template, tags)].toSorted(([a], [b]) => a - b);
  return all
    .slice(0, TEMPLATE_FAULTS_MAX)
    .map(([start, fault]) => `line ${lineAt(template, start)}: ${fault}`);
}

/**
 * Letters, digits, spaces and a few signs stay; everything else is a character reference. HTML
 * reads it as the character, and a script string reads it as harmless text: it has no quote, no
 * backslash, no `$`, no line's end and no `</`.
 */
export function escapeText(value: unknown): string {
  return String(value).replace(/[^\p{L}\p{N} .:_-]/gu, (sign) => `&#${sign.codePointAt(0)};`);
}

const parsed = new BoundedMap<unknown>(TEMPLATES_REMEMBERED_MAX);

/** Gives the template's own scripts and styles the page's nonce; values are not looked at. */
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
 * Null when a form asks for a proof and the template has no place for it: whoever cannot see the
 * form cannot join, so another page has to be shown.
 *
 * @param template one that `templateFaults` finds nothing wrong with
 * @param nonce letters and digits, fresh for every page
 */
export function renderTemplate(template: string, view: TemplateView, nonce: string): string | null {
  const page = new PageWriter(nonce).render(template, view, {}, { escape: escapeText });
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
