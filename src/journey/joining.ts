/**
 * The way into the line: at once where nobody waits, else with a ticket; with a merchant's pass,
 * into its lane and, when the pass says who it is for, to the one place that shopper has.
 *
 * Guarantee: whoever is answered with a place has it: the booth's mark, and with a pass the desk's
 * row, are durable first. A part that does not answer is a `retry`, never a lost place.
 */
import { boothFor, type PlaceInBooth } from "../domain/booth.ts";
import { PASS_DESKS_PER_SALE, SHOPPER_CALL_TIMEOUT_MS } from "../domain/limits.ts";
import {
  passSubjectOf,
  passTicketIdOf,
  type PassEntry,
  type PassPlace,
} from "../domain/pass-places.ts";
import type { PassRefusal } from "../domain/pass-refusal.ts";
import { GENERAL_LANE } from "../domain/sale.ts";
import { admittedStanding, standingOf, type Standing } from "../domain/standing.ts";
import { answerWithin } from "../timing/answer-within.ts";
import type { Admission } from "../tokens/admissions.ts";
import { verifyPass } from "../tokens/passes.ts";
import { signTicket, type Ticket } from "../tokens/tickets.ts";
import {
  roomOf,
  visitOf,
  type Carried,
  type GateContext,
  type RoomAnswer,
  type Visit,
} from "./visit.ts";
import { standingOfTicket, type Admitted, type Unreachable } from "./waiting.ts";

export type JoinOutcome =
  | { readonly kind: "joined"; readonly ticket: string; readonly standing: Standing }
  /** There is a place already, by the ticket carried or by the pass; it is kept. */
  | { readonly kind: "already_joined"; readonly ticket: string; readonly standing: Standing }
  | ({ readonly kind: "admitted" } & Admitted)
  | { readonly kind: "sale_not_open"; readonly opensAt_ms: number }
  | { readonly kind: "sale_over" }
  | { readonly kind: "pass_invalid"; readonly reason: PassRefusal }
  | { readonly kind: "booth_unavailable" }
  | Unreachable;

/** Who comes, and into which lane. */
interface Joiner {
  readonly id: string;
  readonly subject: string;
  readonly lane: string;
}

/** @param pass a merchant's pass into a lane, or null */
export async function join(
  context: GateContext,
  sale: string,
  carried: Carried,
  pass: string | null,
): Promise<JoinOutcome> {
  const found = await visitOf(context, sale, carried);
  if (found.kind !== "visit") return found;
  const { visit } = found;
  const { snapshot } = visit.seen;
  const passed =
    pass === null ? null : await verifyPass(context.keys, visit.sale, pass, context.now);
  if (passed?.kind === "invalid") return { kind: "pass_invalid", reason: passed.reason };
  const lane = passed === null ? null : passed.pass.lane;
  const sub = passed?.pass.sub ?? null;
  const there = sub === null ? await placeCarried(context, visit, lane) : null;
  if (there !== null) return there;
  if (snapshot.phase === "scheduled") {
    return { kind: "sale_not_open", opensAt_ms: snapshot.schedule.opensAt_ms };
  }
  if (snapshot.phase === "ended") return { kind: "sale_over" };
  if (sub !== null) return joinByPass(context, visit, lane ?? GENERAL_LANE, passSubjectOf(sub));
  const joiner: Joiner = {
    id: `tkt_${crypto.randomUUID()}`,
    subject: `sub_${crypto.randomUUID()}`,
    lane: lane ?? GENERAL_LANE,
  };
  const admitted = await admitNow(context, visit, joiner);
  if (admitted !== null) return admitted;
  const place = await takePlace(context, visit, joiner);
  if (place === null) return { kind: "booth_unavailable" };
  return withTicket(context, visit, joiner, place, "joined");
}

/**
 * What the tokens carried are good for. @param lane asked for by a pass; another lane's ticket is
 * left behind for it, and an admission to the shop is one whatever lane it came by
 */
async function placeCarried(
  context: GateContext,
  visit: Visit,
  lane: string | null,
): Promise<JoinOutcome | null> {
  const { admission, admissionToken, ticket, ticketToken, seen } = visit;
  if (admission !== null && admissionToken !== null && (await isSeated(context, admission))) {
    const standing = admittedStanding(admission.lane, seen);
    const { expiresAt_ms } = admission;
    return { kind: "admitted", admission: admissionToken, expiresAt_ms, standing };
  }
  if (ticket === null || ticketToken === null) return null;
  if (lane !== null && ticket.lane !== lane) return null;
  const standing = await standingOfTicket(context, visit, ticket);
  if (standing === null || standing.state === "lapsed") return null;
  return { kind: "already_joined", ticket: ticketToken, standing };
}

/** Left or spent, an admission is no way in; if the room does not answer, it counts as it says. */
async function isSeated({ env }: GateContext, admission: Admission): Promise<boolean> {
  const standing = await answerWithin(roomOf(env, admission.sale).standing(admission.id));
  return standing === null || standing === "active";
}

/** Null when the room wants a ticket, or does not answer. */
async function admitNow(
  { env }: GateContext,
  { sale, seen }: Visit,
  { id, subject, lane }: Joiner,
): Promise<JoinOutcome | null> {
  const { phase, queueing } = seen.snapshot;
  if (phase !== "live" || queueing) return null;
  const room = roomOf(env, sale.id);
  const outcome = await answerWithin<RoomAnswer<"admitNow">>(
    room.admitNow(id, subject, lane),
    SHOPPER_CALL_TIMEOUT_MS,
  );
  if (outcome?.kind !== "admitted") return null;
  const { token, expiresAt_ms } = outcome;
  const standing = admittedStanding(lane, seen);
  return { kind: "admitted", admission: token, expiresAt_ms, standing };
}

/** A fresh place at a booth; null when it does not answer. */
async function takePlace(
  { env, now, places, lasting }: GateContext,
  { sale, seen }: Visit,
  { subject, lane }: Joiner,
): Promise<PassPlace | null> {
  const { booths, schedule } = seen.snapshot;
  const shard = boothFor(subject, booths);
  const name = `${sale.id}/${lane}/${shard}`;
  const drawClosesAt_ms = sale.admission.method === "lottery" ? schedule.startsAt_ms : null;
  // Only who makes the call needs the booth; most who meet share one.
  const ask = (count: number): Promise<PlaceInBooth> => {
    const booth = env.TICKET_BOOTH.get(env.TICKET_BOOTH.idFromName(name));
    return booth.join(drawClosesAt_ms, count);
  };
  const place = await places.take(`${name}/${drawClosesAt_ms}`, ask, lasting);
  if (place === null) return null;
  return { lane, shard, cohort: place.cohort, index: place.index, joinedAt_ms: now };
}

async function withTicket(
  context: GateContext,
  visit: Visit,
  { id, subject }: Pick<Joiner, "id" | "subject">,
  { joinedAt_ms, ...place }: PassPlace,
  kind: "joined" | "already_joined",
): Promise<JoinOutcome> {
  const ticket: Ticket = { sale: visit.sale.id, id, subject, ...place };
  const token = await signTicket(context.keys, ticket, joinedAt_ms);
  const known = kind === "joined" ? null : await standingOfTicket(context, visit, ticket);
  return { kind, ticket: token, standing: known ?? standingOf(ticket, null, visit.seen) };
}

/** The subject's own place, whichever device and lane's pass it comes with, or its first. */
async function joinByPass(
  context: GateContext,
  visit: Visit,
  lane: string,
  subject: string,
): Promise<JoinOutcome> {
  const { PASS_DESK } = context.env;
  const sale = visit.sale.id;
  const desk = PASS_DESK.get(
    PASS_DESK.idFromName(`${sale}/${boothFor(subject, PASS_DESKS_PER_SALE)}`),
  );
  const arrival = await answerWithin(desk.arrive(subject, null), SHOPPER_CALL_TIMEOUT_MS);
  if (arrival === null) return { kind: "booth_unavailable" };
  let entry: PassEntry = arrival;
  if (!arrival.isNew) {
    const turn = await turnOfPass(context, visit, subject, entry);
    if (turn.kind === "told") return turn.outcome;
    if (turn.kind === "over") {
      const next = await answerWithin(desk.arrive(subject, entry.round), SHOPPER_CALL_TIMEOUT_MS);
      if (next === null) return { kind: "booth_unavailable" };
      entry = next;
    }
  }
  const joiner: Joiner = { id: passTicketIdOf(sale, subject, entry.round), subject, lane };
  if (entry.place !== null)
    return withTicket(context, visit, joiner, entry.place, "already_joined");
  const admitted = await admitNow(context, visit, joiner);
  if (admitted !== null) return admitted;
  const offered = await takePlace(context, visit, joiner);
  const kept =
    offered === null
      ? null
      : await answerWithin(desk.keep(subject, offered), SHOPPER_CALL_TIMEOUT_MS);
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
  subject: string,
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
  const turn = await answerWithin<RoomAnswer<"turn">>(
    roomOf(context.env, sale.id).turn(id, place),
    SHOPPER_CALL_TIMEOUT_MS,
  );
  const told = (outcome: JoinOutcome) => ({ kind: "told", outcome }) as const;
  if (turn === null) return told({ kind: "room_unavailable" });
  if (turn.kind === "no_sale") return told({ kind: "sale_not_found" });
  if (turn.kind !== "admitted") return { kind: turn.kind };
  const { token, expiresAt_ms, lane } = turn;
  const standing = admittedStanding(lane, seen);
  return told({ kind: "admitted", admission: token, expiresAt_ms, standing });
}
