/**
 * Tickets: signed places in line.
 *
 * JWT (RFC 7519), HS256, `typ: sluice-ticket+jwt`; `aud` is the sale. Only the gate verifies them;
 * their owner may read them, because nothing in them is secret and anyone may recompute the draw.
 * Guarantee: the algorithm and the type are pinned (RFC 8725), a ticket of another sale is refused.
 */
import { errors, jwtVerify, SignJWT } from "jose";
import { z } from "zod";
import { BoundedMap } from "../domain/bounded-map.ts";
import type { Place } from "../domain/cohort.ts";
import { TOKEN_LENGTH_MAX } from "../domain/limits.ts";
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
});

export interface Ticket extends Place {
  readonly sale: string;
  readonly id: string;
  readonly subject: string;
}

export type TicketOutcome =
  | { readonly kind: "valid"; readonly ticket: Ticket }
  /** Forged, malformed, of another type, key, algorithm or sale. */
  | { readonly kind: "invalid" };

export async function signTicket(keys: Keys, ticket: Ticket, now: number): Promise<string> {
  const { lane, cohort, shard, index } = ticket;
  const { kid, key } = keys.ticketSigner;
  return new SignJWT({ lane, cohort, shard, index })
    .setProtectedHeader({ alg: "HS256", typ: TICKET_TYPE, kid })
    .setAudience(ticket.sale)
    .setSubject(ticket.subject)
    .setJti(ticket.id)
    .setIssuedAt(Math.floor(now / 1000))
    .sign(key);
}

const REMEMBERED_MAX = 20_000;
/** Per set of keys: a key that is taken away takes with it what it verified. */
const remembered = new WeakMap<Keys, BoundedMap<Ticket>>();

/**
 * The same token polls again and again; one that was verified, to the letter, is not verified
 * again. Only good ones are remembered, so a flood of forgeries pushes nothing out.
 */
export async function verifyTicket(
  keys: Keys,
  sale: string,
  token: string,
): Promise<TicketOutcome> {
  const memory = remembered.get(keys) ?? new BoundedMap<Ticket>(REMEMBERED_MAX);
  remembered.set(keys, memory);
  const known = memory.get(token);
  if (known !== undefined && known.sale === sale) return { kind: "valid", ticket: known };
  const outcome = await verifyOnce(keys, sale, token);
  if (outcome.kind === "valid") memory.set(token, outcome.ticket);
  return outcome;
}

async function verifyOnce(keys: Keys, sale: string, token: string): Promise<TicketOutcome> {
  if (token.length > TOKEN_LENGTH_MAX) return { kind: "invalid" };
  try {
    const { payload } = await jwtVerify(
      token,
      ({ kid }) => {
        const key = keys.ticketVerifiers.get(kid ?? "");
        if (key === undefined) throw new errors.JWKSNoMatchingKey();
        return key;
      },
      { algorithms: ["HS256"], typ: TICKET_TYPE, audience: sale },
    );
    const claims = ticketClaimsSchema.safeParse(payload);
    if (!claims.success) return { kind: "invalid" };
    const { aud, sub, jti, lane, cohort, shard, index } = claims.data;
    const ticket = { sale: aud, id: jti, subject: sub, lane, cohort, shard, index };
    return { kind: "valid", ticket };
  } catch (error) {
    if (error instanceof errors.JOSEError) return { kind: "invalid" };
    throw error;
  }
}
