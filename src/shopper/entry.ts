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
import type { NetworkJoin } from "../domain/line/network-counts.ts";
import { networkBlockOf, networkOf } from "../domain/network.ts";
import type { PassPlace, PassRefusal } from "../domain/line/pass-places.ts";
import { standingOf, type Seen, type Standing } from "../domain/room/standing.ts";
import { boothName, boothOf, roomOf, type RoomAnswer } from "../platform/objects.ts";
import { withTimeout } from "../platform/with-timeout.ts";
import { signTicket, type Ticket } from "../tokens/tickets.ts";
import type { LimitedPlace } from "./place-batches.ts";
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
  /** The network has as many places in line as the sale gives to one. */
  | { readonly kind: "network_full" }
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
  /** Whose limit of places counts; null: nobody's, as for a merchant's named customer. */
  readonly address: string | null;
}

type Direct =
  | Admitted
  /** `no`: the room wants a ticket, or is silent. `turn_over`: let in before, and that ended. */
  | { readonly kind: "no" | "turn_over" };

/** Whether a join is let in at once, as far as the snapshot says. */
export function admitsAtOnce({ snapshot: { phase, queueing } }: Seen): boolean {
  return phase === "live" && !queueing;
}

/**
 * Where the sale limits the places of a network, nobody new is let in at once: a seat without a
 * place would be counted by no booth. So the room is asked for what the joiner has, and while it
 * queues, because it gives out nothing else then.
 * @param mayBeIn the room is asked also while there is a line
 */
export async function admitNow(
  visit: Visit,
  { id, subject, lane, address }: Joiner,
  mayBeIn = false,
): Promise<Direct> {
  const { gate, sale, seen } = visit;
  const isLimited = sale.admission.maxPlacesPerNetwork !== undefined && address !== null;
  const { phase, queueing } = seen.snapshot;
  const hasRight = mayBeIn && phase === "live";
  const isAsked = isLimited ? hasRight && queueing : hasRight || admitsAtOnce(seen);
  if (!isAsked) return { kind: "no" };
  const outcome = await withTimeout<RoomAnswer<"admitNow">>(
    roomOf(gate.env, sale.id).admitNow(id, subject, lane, deviceFor(visit), deviceSeen(visit)),
    SHOPPER_CALL_TIMEOUT_MS,
  );
  if (outcome?.kind === "turn_lapsed") return { kind: "turn_over" };
  return outcome?.kind === "admitted" ? admittedBy(outcome, seen) : { kind: "no" };
}

type TakenPlace = PassPlace & Pick<AnsweredPlace, "again">;

/**
 * A place at a booth; null when the booth does not answer.
 * @param kept the subject may have a place there already, which it then keeps
 */
export async function takePlace(
  context: SaleContext,
  joiner: Joiner,
  kept: boolean,
): Promise<TakenPlace | "network_full" | null> {
  const { maxPlacesPerNetwork: limit } = context.sale.admission;
  const { address, subject, lane } = joiner;
  if (limit !== undefined && address !== null) {
    const join = { subject, network: networkOf(address), block: networkBlockOf(address) };
    return takeLimitedPlace(context, lane, join, limit);
  }
  const { gate, sale, seen } = context;
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

/** At the booth of its block, which alone counts what that block has taken. */
async function takeLimitedPlace(
  { gate, sale, seen }: SaleContext,
  lane: string,
  join: NetworkJoin,
  limit: number,
): Promise<TakenPlace | "network_full" | null> {
  const { booths, schedule } = seen.snapshot;
  const { startsAt_ms } = schedule;
  const shard = boothFor(join.block, booths);
  const name = boothName(sale.id, lane, shard);
  const drawClosesAt_ms = sale.admission.method === "lottery" ? startsAt_ms : null;
  const group = `${name}/${drawClosesAt_ms}/${startsAt_ms}/${limit}`;
  const ask = (joins: readonly NetworkJoin[]): Promise<LimitedPlace[]> => {
    return boothOf(gate.env, name).joinFrom(drawClosesAt_ms, { limit, startsAt_ms }, joins);
  };
  const place = await gate.places.takeLimited(group, join, ask, gate.waitUntil);
  return place === null || place === "network_full" ? place : { lane, shard, ...place };
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
