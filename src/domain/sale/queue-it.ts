/**
 * The text of Queue-it's token, `e_…~q_…~ts_…~ce_…~cv_…~rt_…`, and when an admitted shopper needs a
 * token. A shop behind one of Queue-it's connectors needs nothing else to accept the shoppers that
 * Sluice admits. `src/tokens/queue-it.ts` signs the text.
 *
 * Source: Queue-it's own connectors (KnownUser V3), against which it is tested. Guarantee: no value
 * contains `_` or `~`, so the text can be parsed in only one way. Not for deciding who is admitted.
 */
import { sha256 } from "@noble/hashes/sha2.js";
import { bytesToHex, utf8ToBytes } from "@noble/hashes/utils.js";
import { z } from "zod";
import {
  QUEUE_IT_COOKIE_MINUTES_MAX,
  QUEUE_IT_TOKEN_SECONDS_MAX,
  QUEUE_IT_TOKEN_SECONDS_MIN,
} from "../limits.ts";

const nameSchema = z
  .string()
  .max(50)
  .regex(/^[A-Za-z0-9-]+$/, "use letters, digits and '-'");

export const queueItSchema = z.strictObject({
  /** The connector's event or waiting room; in lower case in tokens, as Queue-it writes it. */
  eventId: nameSchema,
  /** The account of the connector. Informative only: tokens do not contain it. */
  customerId: nameSchema.optional(),
  /**
   * How long the connector admits the shopper, counted from the token. Absent: the sale's session,
   * or, when the cookie is extendable, the connector's own setting.
   */
  cookieValidityMinutes: z.int().min(1).max(QUEUE_IT_COOKIE_MINUTES_MAX).optional(),
  /** Whether each visit extends the connector's cookie. */
  extendableCookie: z.boolean().default(false),
  /** How long a token is valid: it must reach the connector within this time. */
  tokenValiditySeconds: z
    .int()
    .min(QUEUE_IT_TOKEN_SECONDS_MIN)
    .max(QUEUE_IT_TOKEN_SECONDS_MAX)
    .default(240),
});

export type QueueItRules = z.output<typeof queueItSchema>;

interface AdmittedTo {
  readonly sale: string;
  readonly admission: string;
}

/**
 * The shopper's queue id, a UUID as Queue-it's are. The same admission always has the same id, and
 * the id does not reveal the admission.
 */
export function queueIdOf({ sale, admission }: AdmittedTo): string {
  const hex = bytesToHex(sha256(utf8ToBytes(`queue-it\0${sale}\0${admission}`)));
  // RFC 9562, version 8: all bits are Sluice's own, except for version and variant.
  const parts = [hex.slice(0, 8), hex.slice(8, 12), `8${hex.slice(13, 16)}`];
  return [...parts, `8${hex.slice(17, 20)}`, hex.slice(20, 32)].join("-");
}

/** The text to sign. @param session_s how long the sale admits shoppers */
export function queueItText(
  rules: QueueItRules,
  admitted: AdmittedTo,
  session_s: number,
  now: number,
): string {
  const { eventId, extendableCookie, tokenValiditySeconds } = rules;
  const session = extendableCookie ? undefined : Math.ceil(session_s / 60);
  // Connectors never extend a cookie whose validity the token sets, so an extendable one has none
  // unless the merchant sets it.
  const minutes = rules.cookieValidityMinutes ?? session;
  return [
    `e_${eventId.toLowerCase()}`,
    `q_${queueIdOf(admitted)}`,
    `ts_${Math.floor(now / 1000) + tokenValiditySeconds}`,
    `ce_${extendableCookie}`,
    ...(minutes === undefined ? [] : [`cv_${minutes}`]),
    "rt_queue",
  ].join("~");
}

export interface QueueItFacts {
  /** The queue id of this admission. */
  readonly queueId: string;
  /** The queue id of the last token, from the gate's own cookie; null without the cookie. */
  readonly marked: string | null;
  readonly cookies: string | null;
  /** Absolute. */
  readonly url: string;
  readonly now: number;
}

const PARAMETER = "queueittoken";

/** The `name=value` pieces of a URL's query, as they were sent. */
function queryOf(url: string): { readonly before: string; readonly pieces: readonly string[] } {
  const [address = ""] = url.split("#");
  const at = address.indexOf("?");
  if (at < 0) return { before: address, pieces: [] };
  return { before: address.slice(0, at), pieces: address.slice(at + 1).split("&") };
}

function isToken(piece: string): boolean {
  return piece.toLowerCase() === PARAMETER || piece.toLowerCase().startsWith(`${PARAMETER}=`);
}

/** Whether the connector has accepted this admission: its cookie then contains the queue id. */
function isAccepted({ cookies, queueId }: QueueItFacts): boolean {
  return cookies !== null && new RegExp(`QueueId(=|%3D)${queueId}`, "i").test(cookies);
}

function isFresh(piece: string, { queueId, now }: QueueItFacts): boolean {
  const until_s = Number(/[=~]ts_(\d{1,12})/.exec(piece)?.[1] ?? 0);
  return piece.includes(`~q_${queueId}~`) && until_s * 1000 > now;
}

/**
 * Whether an admitted shopper's page needs a token. An admission gets one token, and redirects
 * cannot loop, because each of these ends them: the gate's cookie, the connector's cookie, and a
 * fresh token in the URL. A token that the connector would refuse (expired, or another shopper's)
 * is replaced.
 */
export function needsQueueItToken(facts: QueueItFacts): boolean {
  if (isAccepted(facts)) return false;
  const carried = queryOf(facts.url).pieces.filter(isToken);
  if (carried.length === 0) return facts.marked !== facts.queueId;
  return !carried.every((piece) => isFresh(piece, facts));
}

/** The same URL with this token and no other; everything else stays as it is. */
export function withQueueItToken(url: string, token: string): string {
  const { before, pieces } = queryOf(url);
  const others = pieces.filter((piece) => !isToken(piece));
  return `${before}?${[...others, `${PARAMETER}=${token}`].join("&")}`;
}
