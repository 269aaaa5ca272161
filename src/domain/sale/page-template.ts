/**
 * A merchant's own waiting page: a Mustache template with the variables of Cloudflare's custom
 * waiting rooms, so that a page made for those keeps working. Here: which templates are accepted.
 *
 * Guarantee: a template without faults renders to a page for every value of its variables
 * (`formats/template-render.ts`). Not for keeping a merchant from writing a page that hides itself.
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

/** The one variable that is HTML: the form that asks for a proof, empty when none is needed. */
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
  if (!KNOWN_VARIABLES.has(value)) {
    return `'${value.slice(0, 60)}' is not a variable of a waiting page`;
  }
  if (kind === "&" && value !== MARKUP_VARIABLE) {
    return `{{{${value}}}} would not be escaped; write {{${value}}}`;
  }
  if (kind === "name" && value === MARKUP_VARIABLE) return "write {{{turnstile}}}, for it is HTML";
  return null;
}

/** Places where the form that asks for a proof would not work, each with its position. */
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

/** The message of `mustache`, with a line instead of a position in the text. */
function parsingFault(template: string, error: unknown): string {
  const text = error instanceof Error ? error.message : "cannot be read";
  const [, what = text, at] = /^(.*) at (\d+)$/s.exec(text) ?? [];
  if (at === undefined) return what;
  return `line ${lineAt(template, Number(at))}: ${what.slice(0, 100)}`;
}

/** Everything wrong with a template, each with its line; empty when it may be used. */
export function templateFaults(template: string): string[] {
  let tags: Tag[];
  try {
    // A writer of its own, because a writer caches every template it has parsed.
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
