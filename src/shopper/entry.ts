/**
 * The two ways in that every join tries, and how its outcome is told: at once where nobody waits,
 * else with a place at a booth and a ticket for it.
 *
 * Guarantee: whoever is answered with a place has it: the booth's mark is durable first. Not for
 * deciding who may come: that is asked before.
 */
import { boothFor, type PlaceInBooth } from "../domain/line/booth.ts";
import type { Place } from "../domain/line/cohort.ts";
import type { AnsweredPlace } from "../domain/line/join-key.ts";
import { SHOPPER_CALL_TIMEOUT_MS } from "../domain/limits.ts";
import type { PassPlace } from "../domain/line/pass-places.ts";
import type { PassRefusal } from "../domain/pass-refusal.ts";
import { standingOf, type Standing } from "../domain/room/standing.ts";
import { boothName, boothOf, roomOf, type RoomAnswer } from "../platform/objects.ts";
import { withTimeout } from "../platform/with-timeout.ts";
import { signTicket, type Ticket } from "../tokens/tickets.ts";
import type { ProofRefused } from "./proof.ts";
import type { DeviceNeeded } from "./device-binding.ts";
import type { GateContext, Visit } from "./visit.ts";
import { admittedBy, standingOfTicket, type Admitted, type Unreachable } from "./waiting.ts";

export type JoinOutcome =
  | { readonly kind: "joined"; readonly ticket: string; readonly standing: Standing }
  /** There is a place already, by the ticket carried or by the pass; it is kept. */
  | { readonly kind: "already_joined"; readonly ticket: string; readonly standing: Standing }
  | Admitted
  | { readonly kind: "sale_not_open"; readonly opensAt_ms: number }
  | { readonly kind: "sale_over" }
  | { readonly kind: "pass_invalid"; readonly reason: PassRefusal }
  | { readonly kind: "booth_unavailable" }
  | ProofRefused
  | DeviceNeeded
  | Unreachable;

export interface JoinKey {
  readonly value: string;
  /** Whoever chose it may have been let in at once: the room is asked also when there is a line. */
  readonly mayBeIn: boolean;
}

/** Who comes, and into which lane. */
export interface Joiner {
  readonly id: string;
  readonly subject: string;
  readonly lane: string;
  /** The device that the admission is bound to (`domain/sale/device-binding.ts`); null: any. */
  readonly device: string | null;
}

/** Somebody whose join may be repeated. */
export interface KeyedJoiner extends Joiner {
  readonly key: JoinKey | null;
}

type Direct =
  | Admitted
  /** The room wants a ticket, or does not answer. */
  | { readonly kind: "no" }
  /** Whoever this is was let in before, and that is over. */
  | { readonly kind: "turn_over" };

/** @param mayBeIn the room is asked also while there is a line */
export async function admitNow(
  { env }: GateContext,
  { sale, seen }: Visit,
  { id, subject, lane, device }: Joiner,
  mayBeIn = false,
): Promise<Direct> {
  const { phase, queueing } = seen.snapshot;
  if (phase !== "live" || (queueing && !mayBeIn)) return { kind: "no" };
  const room = roomOf(env, sale.id);
  const outcome = await withTimeout<RoomAnswer<"admitNow">>(
    room.admitNow(id, subject, lane, device),
    SHOPPER_CALL_TIMEOUT_MS,
  );
  if (outcome?.kind === "turn_lapsed") return { kind: "turn_over" };
  if (outcome?.kind !== "admitted") return { kind: "no" };
  return admittedBy(outcome, seen);
}

/** A place at a booth, new unless the key has one there; null when the booth does not answer. */
export async function takePlace(
  { env, now, places, waitUntil }: GateContext,
  { sale, seen }: Visit,
  { subject, lane, key }: Pick<KeyedJoiner, "subject" | "lane" | "key">,
): Promise<(PassPlace & Pick<AnsweredPlace, "again">) | null> {
  const { booths, schedule } = seen.snapshot;
  const shard = boothFor(subject, booths);
  const name = boothName(sale.id, lane, shard);
  const drawClosesAt_ms = sale.admission.method === "lottery" ? schedule.startsAt_ms : null;
  const group = `${name}/${drawClosesAt_ms}`;
  // Only who makes the call needs the booth; most who meet share one.
  const booth = () => boothOf(env, name);
  if (key !== null) {
    const ask = (subjects: readonly string[]): Promise<AnsweredPlace[]> => {
      return booth().joinAgain(drawClosesAt_ms, subjects);
    };
    const kept = await places.takeKept(group, subject, ask, waitUntil);
    return kept === null ? null : { lane, shard, ...kept };
  }
  const ask = (count: number): Promise<PlaceInBooth> => booth().join(drawClosesAt_ms, count);
  const place = await places.take(group, ask, waitUntil);
  if (place === null) return null;
  const { cohort, index } = place;
  return { lane, shard, cohort, index, joinedAt_ms: now, again: false };
}

export async function withTicket(
  context: GateContext,
  visit: Visit,
  { id, subject }: Pick<Joiner, "id" | "subject">,
  { joinedAt_ms, lane, shard, cohort, index }: PassPlace,
  kind: "joined" | "already_joined",
): Promise<JoinOutcome> {
  const ticket: Ticket = { sale: visit.sale.id, id, subject, lane, shard, cohort, index };
  const token = await signTicket(context.keys, ticket, joinedAt_ms);
  const known = kind === "joined" ? null : await standingOfTicket(context, visit, ticket);
  return { kind, ticket: token, standing: known ?? standingOf(ticket, null, visit.seen) };
}

export type TurnTaken =
  /** `silent`: the room does not answer. */
  | { readonly kind: "open" | "silent" | "sale_not_found" }
  /** `used`: it was taken up. */
  | { readonly kind: "over"; readonly used: boolean }
  | Admitted;

export interface AskedTurn {
  readonly ticket: string;
  /** Null when there was none. */
  readonly place: Place | null;
  /** Whose admission is told, if there is one. */
  readonly device: string | null;
}

/** What the room says has become of a turn. */
export async function turnTaken(
  { env }: Pick<GateContext, "env">,
  { sale, seen }: Pick<Visit, "sale" | "seen">,
  { ticket, place, device }: AskedTurn,
): Promise<TurnTaken> {
  const turn = await withTimeout<RoomAnswer<"turn">>(
    roomOf(env, sale.id).turn(ticket, place, device),
    SHOPPER_CALL_TIMEOUT_MS,
  );
  if (turn === null) return { kind: "silent" };
  if (turn.kind === "no_sale") return { kind: "sale_not_found" };
  if (turn.kind !== "admitted") return turn;
  return admittedBy(turn, seen);
}
