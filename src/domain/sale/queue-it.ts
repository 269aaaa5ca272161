/**
 * Queue-it's token, as far as it is text: `e_…~q_…~ts_…~ce_…~cv_…~rt_…`, to which a signature is
 * put (`src/tokens/queue-it.ts`). A shop whose pages are guarded by one of Queue-it's connectors
 * needs nothing else to let in whom Sluice let in.
 *
 * Source: Queue-it's own connectors (KnownUser V3), against which it is tested. Guarantee: no value
 * holds a `_` or a `~`, so the text reads one way only. Not for: deciding who is let in.
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
  /** The connector's event or waiting room; Queue-it writes it in lower case, and so do tokens. */
  eventId: nameSchema,
  /** Whose account the connector was set up for. Noted only: a token does not name it. */
  customerId: nameSchema.optional(),
  /**
   * How long the connector lets the shopper in, counted from the token. Absent: the sale's session,
   * or, for a cookie that is extended, the connector's own setting.
   */
  cookieValidityMinutes: z.int().min(1).max(QUEUE_IT_COOKIE_MINUTES_MAX).optional(),
  /** Whether each visit makes the connector's cookie last anew. */
  extendableCookie: z.boolean().default(false),
  /** How long a token may take from here to the connector. */
  tokenValiditySeconds: z
    .int()
    .min(QUEUE_IT_TOKEN_SECONDS_MIN)
    .max(QUEUE_IT_TOKEN_SECONDS_MAX)
    .default(240),
});

export type QueueItRules = z.output<typeof queueItSchema>;

/** What was admitted to what. */
interface AdmittedTo {
  readonly sale: string;
  readonly admission: string;
}

/**
 * The shopper's number in the queue, in the shape of a UUID as Queue-it's are: the same for the
 * same admission, and telling nothing about it.
 */
export function queueIdOf({ sale, admission }: AdmittedTo): string {
  const hex = bytesToHex(sha256(utf8ToBytes(`queue-it\0${sale}\0${admission}`)));
  // RFC 9562, version 8: sixteen bytes of our own, but for version and variant.
  const parts = [hex.slice(0, 8), hex.slice(8, 12), `8${hex.slice(13, 16)}`];
  return [...parts, `8${hex.slice(17, 20)}`, hex.slice(20, 32)].join("-");
}

/** What is signed. @param session_s how long the sale lets shoppers in for */
export function queueItText(
  rules: QueueItRules,
  admitted: AdmittedTo,
  session_s: number,
  now: number,
): string {
  const { eventId, extendableCookie, tokenValiditySeconds } = rules;
  const session = extendableCookie ? undefined : Math.ceil(session_s / 60);
  // A connector takes a cookie whose validity the token fixes for one that is not extended.
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
