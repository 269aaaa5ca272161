/**
 * The way into the line: at once where nobody waits, else with a ticket; with a merchant's pass,
 * into its lane and, when the pass says who it is for, to the one place that shopper has.
 *
 * Guarantee: whoever is answered with a place has it: the booth's mark, and with a pass the desk's
 * row, are durable first. A part that does not answer is a `retry`, never a lost place. A join
 * repeated with its key is let in once, and finds its place while the booth remembers it.
 */
import { directTicketIdOf, keyedSubjectOf, placedTicketIdOf } from "../domain/join-key.ts";
import type { Place } from "../domain/cohort.ts";
import { passSubjectOf } from "../domain/pass-places.ts";
import { GENERAL_LANE } from "../domain/sale.ts";
import { admittedStanding } from "../domain/standing.ts";
import { answerWithin } from "../timing/answer-within.ts";
import type { Admission } from "../tokens/admissions.ts";
import { verifyPass } from "../tokens/passes.ts";
import { joinByPass } from "./pass-joining.ts";
import { roomOf, visitOf, type Carried, type GateContext, type Visit } from "./visit.ts";
import { standingOfTicket } from "./waiting.ts";
import {
  admitNow,
  takePlace,
  turnTaken,
  withTicket,
  type JoinKey,
  type JoinOutcome,
  type KeyedJoiner,
} from "./ways-in.ts";

/** What whoever joins says of it. */
export interface JoinWish {
  /** A merchant's pass into a lane, or null. */
  readonly pass: string | null;
  /** The same for every repetition of this join, or null. */
  readonly key: JoinKey | null;
  /** The place carried may be of no use any more: the room is asked. */
  readonly afresh: boolean;
}

export async function join(
  context: GateContext,
  sale: string,
  carried: Carried,
  wish: JoinWish,
): Promise<JoinOutcome> {
  const found = await visitOf(context, sale, carried);
  if (found.kind !== "visit") return found;
  const { visit } = found;
  const { snapshot } = visit.seen;
  const { pass, key, afresh } = wish;
  const passed =
    pass === null ? null : await verifyPass(context.keys, visit.sale, pass, context.now);
  if (passed?.kind === "invalid") return { kind: "pass_invalid", reason: passed.reason };
  const lane = passed === null ? null : passed.pass.lane;
  const sub = passed?.pass.sub ?? null;
  const there = sub === null ? await placeCarried(context, visit, lane, afresh) : null;
  if (there !== null) return there;
  if (snapshot.phase === "scheduled") {
    return { kind: "sale_not_open", opensAt_ms: snapshot.schedule.opensAt_ms };
  }
  if (snapshot.phase === "ended") return { kind: "sale_over" };
  if (sub !== null) return joinByPass(context, visit, lane ?? GENERAL_LANE, passSubjectOf(sub));
  return joinAs(context, visit, joinerOf(visit, lane ?? GENERAL_LANE, keyAfter(visit, key)));
}

/** Whoever leaves a place behind is somebody new, and the same one when that is repeated. */
function keyAfter({ ticket }: Visit, key: JoinKey | null): JoinKey | null {
  if (key === null || ticket === null) return key;
  return { ...key, value: `${key.value}/${ticket.id}` };
}

function joinerOf({ sale }: Visit, lane: string, key: JoinKey | null): KeyedJoiner {
  if (key === null) {
    const [id, subject] = [`tkt_${crypto.randomUUID()}`, `sub_${crypto.randomUUID()}`];
    return { id, subject, lane, key };
  }
  const subject = keyedSubjectOf(sale.id, lane, key.value);
  return { id: directTicketIdOf(sale.id, subject), subject, lane, key };
}

async function joinAs(
  context: GateContext,
  visit: Visit,
  joiner: KeyedJoiner,
): Promise<JoinOutcome> {
  const { key, lane, subject } = joiner;
  const stranger = (): Promise<JoinOutcome> => joinAs(context, visit, joinerOf(visit, lane, null));
  const direct = await admitNow(context, visit, joiner, key?.mayBeIn ?? false);
  if (direct.kind === "admitted") return direct;
  // What this key was good for is used up, and its sender wants in again.
  if (direct.kind === "turn_over" && key !== null) return stranger();
  const place = await takePlace(context, visit, joiner);
  if (place === null) return { kind: "booth_unavailable" };
  if (place.again && (await hasLapsed(context, visit, place))) return stranger();
  const id = key === null ? joiner.id : placedTicketIdOf(visit.sale.id, subject, place);
  return withTicket(context, visit, { id, subject }, place, "joined");
}

async function hasLapsed(context: GateContext, visit: Visit, place: Place): Promise<boolean> {
  const standing = await standingOfTicket(context, visit, place);
  return standing === null || standing.state === "lapsed";
}

/**
 * What the tokens carried are good for. A turn that was taken up is good for as long as its
 * admission is, also when that was lost on the way; the room is asked where the ticket alone would
 * say that the turn has passed.
 * @param lane asked for by a pass; another lane's ticket is left behind for it, and an admission to
 *   the shop is one whatever lane it came by
 * @param afresh the place may be used up although it has not lapsed
 */
async function placeCarried(
  context: GateContext,
  visit: Visit,
  lane: string | null,
  afresh: boolean,
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
  if (standing === null) return null;
  const lapsed = standing.state === "lapsed";
  if (lapsed || afresh) {
    const turn = await turnTaken(context, visit, ticket.id, ticket);
    if (turn.kind === "admitted") return turn;
    if (lapsed || turn.kind === "over") return null;
  }
  return { kind: "already_joined", ticket: ticketToken, standing };
}

/** Left or spent, an admission is no way in; if the room does not answer, it counts as it says. */
async function isSeated({ env }: GateContext, admission: Admission): Promise<boolean> {
  const standings = await answerWithin(roomOf(env, admission.sale).standings([admission.id]));
  return standings === null || standings[0] === "active";
}
