/**
 * The two ways in that every join tries: at once where nobody waits, else with a place at a booth
 * and a ticket for it.
 *
 * Guarantee: a place is answered only once it is durable, because the booth's mark is written
 * first. Not for deciding who may come: `join.ts` does, before.
 */
import { boothFor, type PlaceInBooth } from "../domain/line/booth.ts";
import type { AnsweredPlace, KeyHolder } from "../domain/line/join-key.ts";
import { SHOPPER_CALL_TIMEOUT_MS } from "../domain/limits.ts";
import type { PassPlace, PassRefusal } from "../domain/line/pass-places.ts";
import { standingOf, type Seen, type Standing } from "../domain/room/standing.ts";
import { boothName, boothOf, roomOf, type RoomAnswer } from "../platform/objects.ts";
import { withTimeout } from "../platform/with-timeout.ts";
import { signTicket, type Ticket } from "../tokens/tickets.ts";
import type { ProofRefused } from "./proof.ts";
import { deviceFor, deviceSeen, ticketDeviceFor, type DeviceNeeded } from "./device-binding.ts";
import type { SaleContext, Unreachable, Visit } from "./visit.ts";
import { admittedBy, standingOfTicket, type Admitted } from "./waiting.ts";

export type JoinOutcome =
  /** `already_joined`: the place of the ticket carried, or of the pass; it is kept. */
  | {
      readonly kind: "joined" | "already_joined";
      readonly ticket: string;
      readonly standing: Standing;
    }
  | Admitted
  | { readonly kind: "sale_not_open"; readonly opensAt_ms: number }
  | { readonly kind: "sale_over" | "booth_unavailable" }
  | { readonly kind: "pass_invalid"; readonly reason: PassRefusal }
  | ProofRefused
  | DeviceNeeded
  | Unreachable;

export interface JoinKey {
  readonly value: string;
  /** Null for a browser's cookie. */
  readonly holder: KeyHolder | null;
  /** Its shopper may have been let in at once: the room is asked also when there is a line. */
  readonly mayBeIn: boolean;
}

/** Who comes, and into which lane. */
export interface Joiner {
  readonly id: string;
  readonly subject: string;
  readonly lane: string;
}

type Direct =
  | Admitted
  /** `no`: the room wants a ticket, or is silent. `turn_over`: let in before, and that ended. */
  | { readonly kind: "no" | "turn_over" };

/** Whether a join is let in at once, as far as the snapshot says. */
export function admitsAtOnce({ snapshot: { phase, queueing } }: Seen): boolean {
  return phase === "live" && !queueing;
}

/** @param mayBeIn the room is asked also while there is a line */
export async function admitNow(
  visit: Visit,
  { id, subject, lane }: Joiner,
  mayBeIn = false,
): Promise<Direct> {
  const { gate, sale, seen } = visit;
  const isAsked = admitsAtOnce(seen) || (mayBeIn && seen.snapshot.phase === "live");
  if (!isAsked) return { kind: "no" };
  const outcome = await withTimeout<RoomAnswer<"admitNow">>(
    roomOf(gate.env, sale.id).admitNow(id, subject, lane, deviceFor(visit), deviceSeen(visit)),
    SHOPPER_CALL_TIMEOUT_MS,
  );
  if (outcome?.kind === "turn_lapsed") return { kind: "turn_over" };
  return outcome?.kind === "admitted" ? admittedBy(outcome, seen) : { kind: "no" };
}

/**
 * A place at a booth; null when the booth does not answer.
 * @param kept the subject may have a place there already, which it then keeps
 */
export async function takePlace(
  { gate, sale, seen }: SaleContext,
  { subject, lane }: Joiner,
  kept: boolean,
): Promise<(PassPlace & Pick<AnsweredPlace, "again">) | null> {
  const { env, now, places, waitUntil } = gate;
  const { booths, schedule } = seen.snapshot;
  const shard = boothFor(subject, booths);
  const name = boothName(sale.id, lane, shard);
  const drawClosesAt_ms = sale.admission.method === "lottery" ? schedule.startsAt_ms : null;
  const group = `${name}/${drawClosesAt_ms}`;
  // Only the request that makes the call needs the booth; most that meet share one.
  const booth = () => boothOf(env, name);
  if (kept) {
    const ask = (subjects: readonly string[]): Promise<AnsweredPlace[]> => {
      return booth().joinAgain(drawClosesAt_ms, subjects);
    };
    const place = await places.takeKept(group, subject, ask, waitUntil);
    return place === null ? null : { lane, shard, ...place };
  }
  const ask = (count: number): Promise<PlaceInBooth> => booth().join(drawClosesAt_ms, count);
  const place = await places.take(group, ask, waitUntil);
  if (place === null) return null;
  const { cohort, index } = place;
  return { lane, shard, cohort, index, joinedAt_ms: now, again: false };
}

export async function withTicket(
  visit: Visit,
  { id, subject }: Pick<Joiner, "id" | "subject">,
  { joinedAt_ms, lane, shard, cohort, index }: PassPlace,
  kind: "joined" | "already_joined",
): Promise<JoinOutcome> {
  const { gate, sale, seen } = visit;
  const place = { lane, shard, cohort, index };
  const device = ticketDeviceFor(visit);
  const ticket: Ticket = { sale: sale.id, id, subject, ...place, joinedAt_ms, device };
  const token = await signTicket(gate.keys, ticket);
  const known = kind === "joined" ? null : await standingOfTicket(visit, ticket);
  return { kind, ticket: token, standing: known ?? standingOf(ticket, null, seen) };
}
