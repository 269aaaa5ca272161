/**
 * Joining by a pass that says who it is for, or by a proof: to the one place that it has.
 *
 * Guarantee: the desk's row is durable before a place is answered. A part that does not answer is a
 * `retry`, never a lost place.
 */
import { boothFor } from "../domain/line/booth.ts";
import { PASS_DESKS_PER_SALE, SHOPPER_CALL_TIMEOUT_MS } from "../domain/limits.ts";
import { passTicketIdOf, type PassEntry } from "../domain/line/pass-places.ts";
import { passDeskOf } from "../platform/objects.ts";
import { withTimeout } from "../platform/with-timeout.ts";
import { admitNow, takePlace, withTicket, type Joiner, type JoinOutcome } from "./entry.ts";
import type { ProofRefused } from "./proof.ts";
import type { Visit } from "./visit.ts";
import { standingOfTicket, turnTaken, type TurnTaken } from "./waiting.ts";

/** Somebody whose place is remembered: a merchant's customer, or the bearer of one proof. */
interface Named {
  readonly subject: string;
  readonly lane: string;
  /** Null: the merchant names each customer once, so no network is counted. */
  readonly address: string | null;
  /** Once the turn is over a person may have another, which is null here; a proof may not. */
  readonly whenOver: ProofRefused | null;
}

/** The subject's own place, whichever device and lane's pass it comes with, or its first. */
export async function joinByName(visit: Visit, named: Named): Promise<JoinOutcome> {
  const { subject, lane, address, whenOver } = named;
  const sale = visit.sale.id;
  const desk = passDeskOf(visit.gate.env, sale, boothFor(subject, PASS_DESKS_PER_SALE));
  const arrival = await withTimeout(desk.arrive(subject, null), SHOPPER_CALL_TIMEOUT_MS);
  if (arrival === null) return { kind: "booth_unavailable" };
  let entry: PassEntry = arrival;
  if (!arrival.isNew) {
    const turn = await turnOfPass(visit, passTicketIdOf(sale, subject, entry.round), entry);
    if (turn.kind === "over") {
      if (whenOver !== null) return whenOver;
      const next = await withTimeout(desk.arrive(subject, entry.round), SHOPPER_CALL_TIMEOUT_MS);
      if (next === null) return { kind: "booth_unavailable" };
      entry = next;
    } else if (turn.kind !== "open") {
      return turn;
    }
  }
  const id = passTicketIdOf(sale, subject, entry.round);
  const joiner: Joiner = { id, subject, lane, address };
  if (entry.place !== null) return withTicket(visit, joiner, entry.place, "already_joined");
  const direct = await admitNow(visit, joiner);
  if (direct.kind === "admitted") return direct;
  const offered = await takePlace(visit, joiner, false);
  if (offered === "network_full") return { kind: offered };
  const kept =
    offered === null
      ? null
      : await withTimeout(desk.keep(subject, offered), SHOPPER_CALL_TIMEOUT_MS);
  if (kept === null || kept.place === null) return { kind: "booth_unavailable" };
  const keptId = passTicketIdOf(sale, subject, kept.round);
  return withTicket(visit, { id: keptId, subject }, kept.place, "joined");
}

/**
 * What has become of a subject's turn. Only the room knows, and it is asked only about turns that
 * may have come: a place that is not called yet is open, and before the start every place is.
 */
async function turnOfPass(visit: Visit, ticket: string, { place }: PassEntry): Promise<TurnTaken> {
  if (visit.seen.snapshot.phase !== "live") return { kind: "open" };
  if (place !== null) {
    const standing = await standingOfTicket(visit, place);
    const rank = standing?.rank ?? null;
    if (standing === null || rank === null || rank >= standing.called) return { kind: "open" };
  }
  return turnTaken(visit, ticket, place);
}
