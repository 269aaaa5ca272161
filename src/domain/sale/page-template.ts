/**
 * A merchant's own waiting page: a Mustache template with the variables of Cloudflare's custom
 * waiting rooms, so that a page made for those keeps working. This file decides which templates are
 * accepted.
 *
 * Guarantee: an accepted template renders to a page for every value of its variables
 * (`formats/template-render.ts`). Not a check that the page is usable: a merchant can write one
 * that hides its own content.
 */
import Mustache from "mustache";
import { TEMPLATE_DEPTH_MAX, TEMPLATE_FAULTS_MAX } from "../limits.ts";

/** Cloudflare's variables, then four of Sluice's own. */
export const TEMPLATE_VARIABLES = [
  "inWaitingRoom",
  "waitTimeKnown",
  "waitTime",
  "waitTime25Percentile",
  "waitTime50Percentile",
  "waitTime75Percentile",
  "waitTimeFormatted",
  "waitTimeHours",
  "waitTimeHourMinutes",
  "queueIsFull",
  "queueAll",
  "lastUpdated",
  "refreshIntervalSeconds",
  "queueingMethod",
  "isFIFOQueue",
  "isRandomQueue",
  "isPassthroughQueue",
  "isRejectQueue",
  "isEventActive",
  "isEventPrequeueing",
  "timeUntilEventStart",
  "timeUntilEventStartFormatted",
  "timeUntilEventEnd",
  "timeUntilEventEndFormatted",
  "shuffleAtEventStart",
  "turnstile",
  "infiniteQueue",
  "title",
  "message",
  "position",
  "positionKnown",
] as const;

export type TemplateVariable = (typeof TEMPLATE_VARIABLES)[number];

const KNOWN_VARIABLES: ReadonlySet<string> = new Set(TEMPLATE_VARIABLES);

/** The only variable that is HTML: the form of the proof; empty when no proof is required. */
const MARKUP_VARIABLE = "turnstile";

/** As `mustache` returns them: kind, value, start, end and, for a section, the tokens inside it. */
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

/** The fault of one tag; null when it has none. */
function faultOf([kind, value]: Token): string | null {
  if (kind === "!") return null;
  if (kind === ">") return `{{>${value}}} is a partial, which is not supported`;
  if (kind === "=") return "the delimiters must stay {{ and }}";
  if (!KNOWN_VARIABLES.has(value)) {
    return `'${value.slice(0, 60)}' is not a variable of a waiting page`;
  }
  if (kind === "&" && value !== MARKUP_VARIABLE) {
    return `{{{${value}}}} would not be escaped; write {{${value}}}`;
  }
  if (kind === "name" && value === MARKUP_VARIABLE) return "write {{{turnstile}}}: it is HTML";
  return null;
}

/** Faults in the position of the proof's form, each with that position: it would not work there. */
function placeFaults(template: string, tags: readonly Tag[]): [number, string][] {
  const forms = tags.filter(({ token: [kind, value] }) => {
    return kind === "&" && value === MARKUP_VARIABLE;
  });
  const again = forms.slice(1).map(({ token }): [number, string] => {
    return [token[2], "{{{turnstile}}} may appear only once"];
  });
  const first = forms[0]?.token[2];
  if (first === undefined) return again;
  const before = template.slice(0, first).toLowerCase();
  const hidden = ["script", "style", "title", "textarea", "noscript", "template"].find((name) => {
    return before.lastIndexOf(`<${name}`) > before.lastIndexOf(`</${name}`);
  });
  if (hidden === undefined) return again;
  return [[first, `{{{turnstile}}} must not be inside <${hidden}>`], ...again];
}

/** The error message of `mustache`, with a line number instead of a position in the text. */
function parsingFault(template: string, error: unknown): string {
  const text = error instanceof Error ? error.message : "cannot be read";
  const [, message = text, at] = /^(.*) at (\d+)$/s.exec(text) ?? [];
  if (at === undefined) return message;
  return `line ${lineAt(template, Number(at))}: ${message.slice(0, 100)}`;
}

/** All faults of a template, each with its line; empty when it is accepted. */
export function templateFaults(template: string): string[] {
  let tags: Tag[];
  try {
    // A new writer each time, because a writer caches every template it has parsed.
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
