/**
 * Lines to stand in: sales that hardly move, whose places were handed out and drawn.
 *
 * A place is what a booth has given and a ticket what the gate's key has signed, so a line of a
 * million needs no million requests: the baseline Worker takes places from the booth in bulk, as a
 * gate does for a crowd, and the bench, which chose the gate's ticket key, signs tickets for them.
 */
import { randomUUID } from "node:crypto";
import { SignJWT } from "jose";
import type { Pool } from "undici";
import type { GateClient } from "../simulation/crowd/gate-client.ts";
import { CannotGoOnError, failed, askAgain } from "../simulation/crowd/ask-again.ts";
import { RANKS_REMEMBERED_MAX } from "../src/domain/limits.ts";
import { GENERAL_LANE } from "../src/domain/sale/sale.ts";
import { DAY_MS, documentOf, make, until } from "./sales.ts";

export interface Line {
  readonly sale: string;
  readonly places: number;
  /** Few enough that an isolate remembers them all. */
  readonly tickets: readonly string[];
  /** So many that an isolate has forgotten each before its turn comes again. */
  readonly strangers: readonly string[];
}

const KNOWN_TICKETS = 1000;
const UNKNOWN_TICKETS = 2 * RANKS_REMEMBERED_MAX;
const PLACES_PER_REQUEST = 64_000;
const SIGNED_AT_ONCE = 1000;

/** The gate's own, which signs and verifies tickets. */
export interface TicketKey {
  readonly kid: string;
  readonly secret: Uint8Array;
}

export interface LineTools {
  readonly gate: GateClient;
  readonly baseline: Pool;
  readonly ticketKey: TicketKey;
}

/** One of the line is called, nobody ever comes in. */
export async function makeLine(tools: LineTools, sale: string, places: number): Promise<Line> {
  const { gate, baseline, ticketKey } = tools;
  const oneSeat = { maxActive: 1, ratePerMinute: 1, claimWindowSeconds: 3600 };
  await make(gate, documentOf(sale, DAY_MS / 2, 1000, oneSeat));
  for (let taken = 0; taken < places; taken += PLACES_PER_REQUEST) {
    const count = Math.min(places - taken, PLACES_PER_REQUEST);
    const path = `/places/${sale}/${count}`;
    const { statusCode, body } = await baseline.request({ method: "POST", path });
    const text = await body.text();
    if (statusCode !== 200) throw new CannotGoOnError(`taking places: ${statusCode} ${text}`);
  }
  const started = await askAgain(() => gate.merchant.act(sale, "start"));
  if (started.kind !== "answered") throw failed("starting the sale", started);
  const tickets = await signTickets(ticketKey, sale, places, KNOWN_TICKETS);
  await until("drawing the line", async () => {
    const standing = await gate.shopper.standing(sale, { ticket: tickets.at(-1) });
    return standing.kind === "answered" && standing.body.rank !== null;
  });
  return {
    sale,
    places,
    tickets,
    strangers: await signTickets(ticketKey, sale, places, UNKNOWN_TICKETS),
  };
}

/** Tickets of places all over the line; each is another token, even where places repeat. */
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
