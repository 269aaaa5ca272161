/**
 * Tickets: signed places in line.
 *
 * JWT (RFC 7519), HS256, `typ: sluice-ticket+jwt`; `aud` is the sale. Only the gate verifies them;
 * their owner may read them, because they contain no secret and anyone may recompute the draw.
 * Guarantee: the algorithm and the type are pinned (RFC 8725); a ticket of another sale is refused.
 *
 * Signed and verified with Web Crypto, not with jose like the other tokens, because every poll and
 * every join verifies one and a general JWT library would parse a header that is known in advance.
 * A valid ticket has one of the few headers that the gate's own keys produce, so one look-up
 * determines type, algorithm and key before anything is parsed.
 * The tests compare both directions with jose.
 */
import * as base64url from "jose/base64url";
import { z } from "zod";
import { BoundedMap } from "../domain/bounded-map.ts";
import type { Place } from "../domain/line/cohort.ts";
import { TOKEN_LENGTH_MAX } from "../domain/limits.ts";
import { parseJson } from "../encoding/json.ts";
import { isCompact } from "./compact-form.ts";
import type { Keys } from "./secrets.ts";

const TICKET_TYPE = "sluice-ticket+jwt";

const ticketClaimsSchema = z.object({
  aud: z.string(),
  sub: z.string().min(1),
  jti: z.string().min(1),
  iat: z.int(),
  lane: z.string(),
  cohort: z.int().min(0),
  shard: z.int().min(0),
  index: z.int().min(0),
  dev: z.string().optional(),
});

export interface Ticket extends Place {
  readonly sale: string;
  readonly id: string;
  readonly subject: string;
  /** When the place was taken; a token has whole seconds (`iat`). */
  readonly joinedAt_ms: number;
  /** Digest of the device it is bound to; null when it is not bound. */
  readonly device: string | null;
}

export type TicketOutcome =
  | { readonly kind: "valid"; readonly ticket: Ticket }
  /** Forged, malformed, of another type, key, algorithm or sale. */
  | { readonly kind: "invalid" };

const REMEMBERED_MAX = 20_000;
const ENCODER = new TextEncoder();
const DECODER = new TextDecoder();

/** Null when the text is not base64url. */
function bytesOf(text: string): Uint8Array | null {
  try {
    return base64url.decode(text);
  } catch {
    return null;
  }
}

function encodeJson(value: object): string {
  return base64url.encode(JSON.stringify(value));
}

/** The encoded protected header of every ticket that this key signs. */
function headerOf(kid: string): string {
  return encodeJson({ alg: "HS256", typ: TICKET_TYPE, kid });
}

/** Computed once per set of keys, so that removing a key also clears the cache of tickets. */
interface PreparedKeys {
  readonly header: string;
  /** By encoded header. */
  readonly verifiers: ReadonlyMap<string, CryptoKey>;
  readonly remembered: BoundedMap<Ticket>;
}

const preparedKeys = new WeakMap<Keys, PreparedKeys>();

function preparedOf(keys: Keys): PreparedKeys {
  const known = preparedKeys.get(keys);
  if (known !== undefined) return known;
  const verifiers = new Map([...keys.ticketVerifiers].map(([kid, key]) => [headerOf(kid), key]));
  const header = headerOf(keys.ticketSigner.kid);
  const prepared = { header, verifiers, remembered: new BoundedMap<Ticket>(REMEMBERED_MAX) };
  preparedKeys.set(keys, prepared);
  return prepared;
}

export async function signTicket(keys: Keys, ticket: Ticket): Promise<string> {
  const { sale, subject, id, lane, cohort, shard, index, joinedAt_ms, device } = ticket;
  const iat = Math.floor(joinedAt_ms / 1000);
  const bound = device === null ? {} : { dev: device };
  const claims = { lane, cohort, shard, index, aud: sale, sub: subject, jti: id, iat, ...bound };
  const signed = `${preparedOf(keys).header}.${encodeJson(claims)}`;
  const mac = await crypto.subtle.sign("HMAC", keys.ticketSigner.key, ENCODER.encode(signed));
  return `${signed}.${base64url.encode(new Uint8Array(mac))}`;
}

/**
 * Verified tokens are cached, because a shopper polls with the same one again and again. Invalid
 * ones are not, so a flood of forgeries evicts nothing.
 */
export async function verifyTicket(
  keys: Keys,
  sale: string,
  token: string,
): Promise<TicketOutcome> {
  const { verifiers, remembered } = preparedOf(keys);
  const known = remembered.get(token);
  const ticket = known ?? (await verifyOnce(verifiers, token));
  if (ticket === null || ticket.sale !== sale) return { kind: "invalid" };
  if (known === undefined) remembered.set(token, ticket);
  return { kind: "valid", ticket };
}

/** Null for a token that none of our keys signed, or that is not a ticket. */
async function verifyOnce(
  verifiers: PreparedKeys["verifiers"],
  token: string,
): Promise<Ticket | null> {
  if (token.length > TOKEN_LENGTH_MAX || !isCompact(token)) return null;
  const payloadAt = token.indexOf(".") + 1;
  const signatureAt = token.lastIndexOf(".") + 1;
  const key = verifiers.get(token.slice(0, Math.max(payloadAt - 1, 0)));
  if (key === undefined || signatureAt <= payloadAt) return null;
  const mac = bytesOf(token.slice(signatureAt));
  if (mac === null) return null;
  const signed = ENCODER.encode(token.slice(0, signatureAt - 1));
  if (!(await crypto.subtle.verify("HMAC", key, mac, signed))) return null;
  const claims = ticketClaimsSchema.safeParse(claimsIn(token.slice(payloadAt, signatureAt - 1)));
  if (!claims.success) return null;
  const { aud, sub, jti, iat, lane, cohort, shard, index, dev: device = null } = claims.data;
  const place = { lane, cohort, shard, index };
  return { sale: aud, id: jti, subject: sub, ...place, joinedAt_ms: iat * 1000, device };
}

/** Undefined when it is not JSON in base64url. */
function claimsIn(payload: string): unknown {
  const bytes = bytesOf(payload);
  return bytes === null ? undefined : parseJson(DECODER.decode(bytes));
}
