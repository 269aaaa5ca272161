/**
 * The way into the line: at once where nobody waits, else with a ticket; with a merchant's pass,
 * into its lane and, when the pass says who it is for, to the one place that shopper has. Where the
 * sale asks for a proof of being human, each proof gives one place, and only one.
 *
 * Reads on into `join-once.ts` (one place a name), `entry.ts` (the ways in) and `waiting.ts`.
 *
 * Guarantee: a place is answered only once it is durable: the booth's mark, and with a pass the
 * desk's row, come first. A part that does not answer is a `retry`, never a lost place. A join
 * repeated with its key is let in once, and finds its place while the booth remembers it.
 */
import { directTicketIdOf, keyedSubjectOf, placedTicketIdOf } from "../domain/line/join-key.ts";
import type { Place } from "../domain/line/cohort.ts";
import { GENERAL_LANE } from "../domain/sale/sale.ts";
import { roomOf } from "../platform/objects.ts";
import { withTimeout } from "../platform/with-timeout.ts";
import { lacksDevice } from "./device-binding.ts";
import {
  admitNow,
  takePlace,
  withTicket,
  type JoinKey,
  type JoinOutcome,
  type Joiner,
} from "./entry.ts";
import { joinByName } from "./join-once.ts";
import { readPass } from "./pass.ts";
import { checkProof } from "./proof.ts";
import type { ValidAdmission, Visit } from "./visit.ts";
import { admittedBy, standingOfTicket, turnTaken } from "./waiting.ts";

/** What a join brings besides the visit's tokens. */
export interface JoinWish {
  /** A merchant's pass into a lane, or null. */
  readonly pass: string | null;
  /** That a human is asking, where the sale wants to know; null when none is brought. */
  readonly proof: string | null;
  /** The same for every repetition of this join, or null. */
  readonly key: JoinKey | null;
  /** The place carried may be used up: the room is asked. */
  readonly afresh: boolean;
  /** The shopper's address as a shop's server says it; absent: the request's own. */
  readonly address?: string | null;
}

/**
 * A place that is carried needs no proof again, and a pass that names its shopper stands for one:
 * it gives one place however often it comes. A pass for any bearer gives a place each time, so it
 * needs one.
 *
 * Precedence: pass_invalid, the place that is carried, sale_not_open, sale_over, device_required,
 * proof_required, proof_unavailable, proof_invalid, admitted, network_full, joined.
 */
export async function join(visit: Visit, wish: JoinWish): Promise<JoinOutcome> {
  const { gate, sale, seen } = visit;
  const { snapshot } = seen;
  const pass = wish.pass === null ? NO_PASS : await readPass(gate, sale, wish.pass);
  if (pass.kind === "refused") return { kind: "pass_invalid", reason: pass.reason };
  const there = pass.subject === null ? await placeCarried(visit, pass.lane, wish.afresh) : null;
  if (there !== null) return there;
  if (snapshot.phase === "scheduled") {
    return { kind: "sale_not_open", opensAt_ms: snapshot.schedule.opensAt_ms };
  }
  if (snapshot.phase === "ended") return { kind: "sale_over" };
  if (lacksDevice(visit)) return { kind: "device_required" };
  const lane = pass.lane ?? GENERAL_LANE;
  if (pass.subject !== null) {
    return joinByName(visit, { lane, subject: pass.subject, address: null, whenOver: null });
  }
  const { address = visit.caller.address } = wish;
  const checked = await checkProof(visit, wish.proof);
  if (checked.kind === "proven") {
    const { subject, by } = checked;
    const whenOver = { kind: "proof_invalid", by, reason: "already_used" } as const;
    return joinByName(visit, { lane, subject, address, whenOver });
  }
  if (checked.kind !== "not_asked") return checked;
  return joinAs(visit, { lane, address }, keyAfter(visit, wish.key));
}

const NO_PASS = { kind: "none", lane: null, subject: null } as const;

/** Who leaves a place behind joins as a new shopper, and when that is repeated as the same one. */
function keyAfter({ ticket }: Visit, key: JoinKey | null): JoinKey | null {
  if (key === null || ticket.kind !== "valid") return key;
  return { ...key, value: `${key.value}/${ticket.ticket.id}` };
}

type From = Pick<Joiner, "lane" | "address">;

function joinerOf(sale: string, from: From, key: JoinKey | null): Joiner {
  if (key === null) {
    return { id: `tkt_${crypto.randomUUID()}`, subject: `sub_${crypto.randomUUID()}`, ...from };
  }
  const subject = keyedSubjectOf(sale, from.lane, key.value, key.holder);
  return { id: directTicketIdOf(sale, subject), subject, ...from };
}

async function joinAs(visit: Visit, from: From, key: JoinKey | null): Promise<JoinOutcome> {
  const stranger = (): Promise<JoinOutcome> => joinAs(visit, from, null);
  const joiner = joinerOf(visit.sale.id, from, key);
  const { subject } = joiner;
  const direct = await admitNow(visit, joiner, key?.mayBeIn ?? false);
  if (direct.kind === "admitted") return direct;
  // What this key was good for is used up, and its sender wants in again.
  if (direct.kind === "turn_over" && key !== null) return stranger();
  const place = await takePlace(visit, joiner, key !== null);
  if (place === null) return { kind: "booth_unavailable" };
  if (place === "network_full") return { kind: place };
  if (place.again && (await hasLapsed(visit, place))) return stranger();
  const id = key === null ? joiner.id : placedTicketIdOf(visit.sale.id, subject, place);
  return withTicket(visit, { id, subject }, place, "joined");
}

async function hasLapsed(visit: Visit, place: Place): Promise<boolean> {
  const standing = await standingOfTicket(visit, place);
  return standing === null || standing.state === "lapsed";
}

/**
 * What the tokens carried are good for. A turn that was taken up is good for as long as its
 * admission is, also when that was lost on the way; the room is asked where the ticket alone would
 * say that the turn has passed.
 * @param lane of the pass; another lane's ticket is left behind for it, and an admission to the
 *   shop is one whatever lane it came by
 * @param afresh the place may be used up although it has not lapsed
 */
async function placeCarried(
  visit: Visit,
  lane: string | null,
  afresh: boolean,
): Promise<JoinOutcome | null> {
  const { admission, ticket: carried } = visit;
  if (admission.kind === "valid" && (await isSeated(visit, admission))) {
    return admittedBy(admission, visit.seen);
  }
  if (carried.kind !== "valid") return null;
  const { ticket } = carried;
  if (lane !== null && ticket.lane !== lane) return null;
  const standing = await standingOfTicket(visit, ticket);
  if (standing === null) return null;
  const lapsed = standing.state === "lapsed";
  if (lapsed || afresh) {
    const turn = await turnTaken(visit, ticket.id, ticket);
    if (turn.kind === "admitted" || turn.kind === "device_required") return turn;
    if (lapsed || turn.kind === "over") return null;
  }
  return { kind: "already_joined", ticket: carried.token, standing };
}

/** Left or spent, an admission is no way in; if the room does not answer, it counts as it says. */
async function isSeated({ gate }: Visit, { admission }: ValidAdmission): Promise<boolean> {
  const room = roomOf(gate.env, admission.sale);
  const standings = await withTimeout(room.standings([admission.id]));
  return standings === null || standings[0] === "active";
}
