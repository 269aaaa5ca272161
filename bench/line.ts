/**
 * Long lines: sales in which almost nobody is called, with places taken and drawn.
 *
 * A line of a million does not need a million requests: the baseline Worker takes the places from
 * the booth in bulk, as a gate does for a crowd, and the benchmark signs their tickets with the
 * gate's key, which it chose.
 */
import { randomUUID } from "node:crypto";
import { SignJWT } from "jose";
import type { Pool } from "undici";
import type { GateClient } from "../simulation/crowd/gate-client.ts";
import { FatalError, failed, askAgain } from "../simulation/crowd/ask-again.ts";
import { RANKS_REMEMBERED_MAX } from "../src/domain/limits.ts";
import { GENERAL_LANE } from "../src/domain/sale/sale.ts";
import { DAY_MS, documentOf, make, until } from "./sales.ts";

export interface Line {
  readonly sale: string;
  readonly places: number;
  /** Few enough that an isolate caches all their ranks. */
  readonly tickets: readonly string[];
  /** So many that none is still in the isolate's cache when it is used again. */
  readonly uncachedTickets: readonly string[];
}

const TICKETS = 1000;
const UNCACHED_TICKETS = 2 * RANKS_REMEMBERED_MAX;
const PLACES_PER_REQUEST = 64_000;
const SIGNED_AT_ONCE = 1000;

/** The gate's own key, which signs and verifies tickets. */
export interface TicketKey {
  readonly kid: string;
  readonly secret: Uint8Array;
}

export interface LineTools {
  readonly gate: GateClient;
  readonly baseline: Pool;
  readonly ticketKey: TicketKey;
}

/** Makes a line in which one shopper is called and nobody claims. */
export async function makeLine(tools: LineTools, sale: string, places: number): Promise<Line> {
  const { gate, baseline, ticketKey } = tools;
  const oneSeat = { maxActive: 1, ratePerMinute: 1, claimWindowSeconds: 3600 };
  await make(gate, documentOf(sale, DAY_MS / 2, 1000, oneSeat));
  for (let taken = 0; taken < places; taken += PLACES_PER_REQUEST) {
    const count = Math.min(places - taken, PLACES_PER_REQUEST);
    const path = `/places/${sale}/${count}`;
    const { statusCode, body } = await baseline.request({ method: "POST", path });
    const text = await body.text();
    if (statusCode !== 200) throw new FatalError(`taking places: ${statusCode} ${text}`);
  }
  const started = await askAgain(() => gate.merchant.act(sale, "start"));
  if (started.kind !== "answered") throw failed("starting the sale", started);
  const tickets = await signTickets(ticketKey, sale, places, TICKETS);
  await until("drawing the line", async () => {
    const standing = await gate.shopper.standing(sale, { ticket: tickets.at(-1) });
    return standing.kind === "answered" && standing.body.rank !== null;
  });
  return {
    sale,
    places,
    tickets,
    uncachedTickets: await signTickets(ticketKey, sale, places, UNCACHED_TICKETS),
  };
}

/** Tickets of places spread over the line; all tokens differ, even where places repeat. */
async function signTickets(
  { kid, secret }: TicketKey,
  sale: string,
  places: number,
  count: number,
): Promise<string[]> {
  const step = Math.max(Math.floor(places / count), 1);
  const sign = (ticket: number): Promise<string> => {
    const index = (ticket * step) % places;
    return new SignJWT({ lane: GENERAL_LANE, cohort: 0, shard: 0, index })
      .setProtectedHeader({ alg: "HS256", typ: "sluice-ticket+jwt", kid })
      .setAudience(sale)
      .setSubject(`sub_${randomUUID()}`)
      .setJti(`tkt_${randomUUID()}`)
      .setIssuedAt()
      .sign(secret);
  };
  const signed: string[] = [];
  while (signed.length < count) {
    const size = Math.min(count - signed.length, SIGNED_AT_ONCE);
    const batch = Array.from({ length: size }, (_, nth) => sign(signed.length + nth));
    signed.push(...(await Promise.all(batch)));
  }
  return signed;
}
