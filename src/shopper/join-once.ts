/**
 * Joining by a pass that says who it is for, or by a proof: to the one place that it has.
 *
 * Guarantee: the desk's row is durable before a place is told. A part that does not answer is a
 * `retry`, never a lost place.
 */
import { boothFor } from "../domain/line/booth.ts";
import { PASS_DESKS_PER_SALE, SHOPPER_CALL_TIMEOUT_MS } from "../domain/limits.ts";
import { passTicketIdOf, type PassEntry } from "../domain/line/pass-places.ts";
import { passDeskOf } from "../platform/objects.ts";
import { withTimeout } from "../platform/with-timeout.ts";
import type { ProofRefused } from "./proof.ts";
import type { GateContext, Visit } from "./visit.ts";
import { standingOfTicket } from "./waiting.ts";
import {
  admitNow,
  takePlace,
  turnTaken,
  withTicket,
  type Joiner,
  type JoinOutcome,
} from "./entry.ts";

/** Somebody whose place is remembered: a merchant's customer, or whoever brings one proof. */
interface Named {
  readonly subject: string;
  readonly lane: string;
  readonly device: string | null;
  /** Once the turn is over a person may have another, which is null here; a proof may not. */
  readonly whenOver: ProofRefused | null;
}

/** The subject's own place, whichever device and lane's pass it comes with, or its first. */
export async function joinByName(
  context: GateContext,
  visit: Visit,
  named: Named,
): Promise<JoinOutcome> {
  const { subject, lane, device, whenOver } = named;
  const sale = visit.sale.id;
  const desk = passDeskOf(context.env, sale, boothFor(subject, PASS_DESKS_PER_SALE));
  const arrival = await withTimeout(desk.arrive(subject, null), SHOPPER_CALL_TIMEOUT_MS);
  if (arrival === null) return { kind: "booth_unavailable" };
  let entry: PassEntry = arrival;
  if (!arrival.isNew) {
    const turn = await turnOfPass(context, visit, named, entry);
    if (turn.kind === "told") return turn.outcome;
    if (turn.kind === "over" && whenOver !== null) return whenOver;
    if (turn.kind === "over") {
      const next = await withTimeout(desk.arrive(subject, entry.round), SHOPPER_CALL_TIMEOUT_MS);
      if (next === null) return { kind: "booth_unavailable" };
      entry = next;
    }
  }
  const joiner: Joiner = { id: passTicketIdOf(sale, subject, entry.round), subject, lane, device };
  if (entry.place !== null)
    return withTicket(context, visit, joiner, entry.place, "already_joined");
  const direct = await admitNow(context, visit, joiner);
  if (direct.kind === "admitted") return direct;
  const offered = await takePlace(context, visit, { ...joiner, key: null });
  const kept =
    offered === null
      ? null
      : await withTimeout(desk.keep(subject, offered), SHOPPER_CALL_TIMEOUT_MS);
  if (kept === null || kept.place === null) return { kind: "booth_unavailable" };
  const id = passTicketIdOf(sale, subject, kept.round);
  return withTicket(context, visit, { id, subject }, kept.place, "joined");
}

type TurnOfPass =
  | { readonly kind: "open" | "over" }
  | { readonly kind: "told"; readonly outcome: JoinOutcome };

/**
 * What has become of a subject's turn. Only the room knows, and it is asked only about those who
 * may have had one: a place that is not called yet is open, and before the start everybody's is.
 */
async function turnOfPass(
  context: GateContext,
  visit: Visit,
  { subject, device }: Pick<Named, "subject" | "device">,
  { round, place }: PassEntry,
): Promise<TurnOfPass> {
  const { sale, seen } = visit;
  if (seen.snapshot.phase !== "live") return { kind: "open" };
  const id = passTicketIdOf(sale.id, subject, round);
  if (place !== null) {
    const standing = await standingOfTicket(context, visit, place);
    const rank = standing?.rank ?? null;
    if (standing === null || rank === null || rank >= standing.called) return { kind: "open" };
  }
  const turn = await turnTaken(context, visit, { ticket: id, place, device });
  switch (turn.kind) {
    case "open":
    case "over":
      return { kind: turn.kind };
    case "silent":
      return { kind: "told", outcome: { kind: "room_unavailable" } };
    case "sale_not_found":
      return { kind: "told", outcome: { kind: turn.kind } };
    case "admitted":
      return { kind: "told", outcome: turn };
  }
}
