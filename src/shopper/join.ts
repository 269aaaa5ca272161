/**
 * The way into the line: at once where nobody waits, else with a ticket; with a merchant's pass,
 * into its lane and, when the pass says who it is for, to the one place that shopper has. Where the
 * sale asks for a proof of being human, each proof gives one place, and only one.
 *
 * Guarantee: whoever is answered with a place has it: the booth's mark, and with a pass the desk's
 * row, are durable first. A part that does not answer is a `retry`, never a lost place. A join
 * repeated with its key is let in once, and finds its place while the booth remembers it.
 */
import { directTicketIdOf, keyedSubjectOf, placedTicketIdOf } from "../domain/line/join-key.ts";
import type { Place } from "../domain/line/cohort.ts";
import { passSubjectOf } from "../domain/line/pass-places.ts";
import { GENERAL_LANE } from "../domain/sale/sale.ts";
import { roomOf } from "../platform/objects.ts";
import { withTimeout } from "../platform/with-timeout.ts";
import type { Admission } from "../tokens/admissions.ts";
import { verifyPass } from "../tokens/passes.ts";
import { joinByName } from "./join-once.ts";
import { checkProof } from "./proof.ts";
import { deviceFor, lacksDevice } from "./device-binding.ts";
import { visitOf, type Caller, type Carried, type GateContext, type Visit } from "./visit.ts";
import { admittedBy, standingOfTicket } from "./waiting.ts";
import {
  admitNow,
  takePlace,
  turnTaken,
  withTicket,
  type JoinKey,
  type JoinOutcome,
  type KeyedJoiner,
} from "./entry.ts";

/** What whoever joins says of it. */
export interface JoinWish {
  /** A merchant's pass into a lane, or null. */
  readonly pass: string | null;
  /** That a human is asking, where the sale wants to know; null when none is brought. */
  readonly proof: string | null;
  /** The same for every repetition of this join, or null. */
  readonly key: JoinKey | null;
  /** The place carried may be of no use any more: the room is asked. */
  readonly afresh: boolean;
}

/**
 * A place that is carried needs no proof again, and a pass that names its shopper stands for one:
 * it gives one place however often it comes. A pass for whoever carries it gives a place each time,
 * so it needs one.
 *
 * Precedence: sale_not_found, room_unavailable, pass_invalid, the place that is carried,
 * sale_not_open, sale_over, device_required, proof_required, proof_unavailable, proof_invalid,
 * admitted, joined.
 */
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
  const { pass, proof, key, afresh } = wish;
  const passed =
    pass === null ? null : await verifyPass(context.keys, visit.sale, pass, context.now);
  if (passed?.kind === "invalid") return { kind: "pass_invalid", reason: passed.reason };
  const lane = passed === null ? null : passed.pass.lane;
  const sub = passed?.pass.sub ?? null;
  const { caller } = carried;
  const there = sub === null ? await placeCarried(context, visit, { lane, afresh, caller }) : null;
  if (there !== null) return there;
  if (snapshot.phase === "scheduled") {
    return { kind: "sale_not_open", opensAt_ms: snapshot.schedule.opensAt_ms };
  }
  if (snapshot.phase === "ended") return { kind: "sale_over" };
  if (lacksDevice(visit.sale, caller)) return { kind: "device_required" };
  const device = deviceFor(visit.sale, caller);
  const as = { lane: lane ?? GENERAL_LANE, device };
  if (sub !== null) {
    return joinByName(context, visit, { ...as, subject: passSubjectOf(sub), whenOver: null });
  }
  const checked = await checkProof(context, visit.sale, proof, caller);
  if (checked.kind === "proven") {
    const { subject, by } = checked;
    const whenOver = { kind: "proof_invalid", by, reason: "already_used" } as const;
    return joinByName(context, visit, { ...as, subject, whenOver });
  }
  if (checked.kind !== "not_asked") return checked;
  return joinAs(context, visit, joinerOf(visit, as, keyAfter(visit, key)));
}

/** Whoever leaves a place behind is somebody new, and the same one when that is repeated. */
function keyAfter({ ticket }: Visit, key: JoinKey | null): JoinKey | null {
  if (key === null || ticket === null) return key;
  return { ...key, value: `${key.value}/${ticket.id}` };
}

function joinerOf(
  { sale }: Visit,
  as: Pick<KeyedJoiner, "lane" | "device">,
  key: JoinKey | null,
): KeyedJoiner {
  if (key === null) {
    const [id, subject] = [`tkt_${crypto.randomUUID()}`, `sub_${crypto.randomUUID()}`];
    return { ...as, id, subject, key };
  }
  const subject = keyedSubjectOf(sale.id, as.lane, key.value);
  return { ...as, id: directTicketIdOf(sale.id, subject), subject, key };
}

async function joinAs(
  context: GateContext,
  visit: Visit,
  joiner: KeyedJoiner,
): Promise<JoinOutcome> {
  const { key, subject } = joiner;
  const stranger = (): Promise<JoinOutcome> => {
    return joinAs(context, visit, joinerOf(visit, joiner, null));
  };
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

interface Asked {
  /**
   * Asked for by a pass; another lane's ticket is left behind for it, and an admission to the shop
   * is one whatever lane it came by.
   */
  readonly lane: string | null;
  /** The place may be used up although it has not lapsed. */
  readonly afresh: boolean;
  readonly caller: Caller;
}

async function hasLapsed(context: GateContext, visit: Visit, place: Place): Promise<boolean> {
  const standing = await standingOfTicket(context, visit, place);
  return standing === null || standing.state === "lapsed";
}

/**
 * What the tokens carried are good for. A turn that was taken up is good for as long as its
 * admission is, also when that was lost on the way; the room is asked where the ticket alone would
 * say that the turn has passed.
 */
async function placeCarried(
  context: GateContext,
  visit: Visit,
  { lane, afresh, caller }: Asked,
): Promise<JoinOutcome | null> {
  const { admission, admissionToken, ticket, ticketToken, seen } = visit;
  if (admission !== null && admissionToken !== null && (await isSeated(context, admission))) {
    return admittedBy({ kind: "admitted", token: admissionToken, admission }, seen);
  }
  if (ticket === null || ticketToken === null) return null;
  if (lane !== null && ticket.lane !== lane) return null;
  const standing = await standingOfTicket(context, visit, ticket);
  if (standing === null) return null;
  const lapsed = standing.state === "lapsed";
  if (lapsed || afresh) {
    const device = deviceFor(visit.sale, caller);
    const turn = await turnTaken(context, visit, { ticket: ticket.id, place: ticket, device });
    const isLacking = lacksDevice(visit.sale, caller);
    if (turn.kind === "admitted") return isLacking ? { kind: "device_required" } : turn;
    if (lapsed || turn.kind === "over") return null;
  }
  return { kind: "already_joined", ticket: ticketToken, standing };
}

/** Left or spent, an admission is no way in; if the room does not answer, it counts as it says. */
async function isSeated({ env }: GateContext, admission: Admission): Promise<boolean> {
  const standings = await withTimeout(roomOf(env, admission.sale).standings([admission.id]));
  return standings === null || standings[0] === "active";
}
