/**
 * A shopper at a guarded address who has no admission: takes up their turn if it has come, else
 * joins for them where that is asked for, else says where they stand.
 *
 * Guarantee: nobody gets in but by the room's word. Whoever joins has the place before they are
 * told; a page that is loaded again with its ticket never joins twice.
 */
import type { PassRefusal } from "../domain/pass-refusal.ts";
import type { Standing } from "../domain/standing.ts";
import { join } from "../journey/joining.ts";
import type { ProofRefused } from "../journey/proving.ts";
import type { Caller, Carried, GateContext } from "../journey/visit.ts";
import { askStanding, claimTurn } from "../journey/waiting.ts";

export type WayIn =
  | { readonly kind: "admitted"; readonly admission: string; readonly expiresAt_ms: number }
  | {
      readonly kind: "waiting";
      readonly standing: Standing;
      readonly seatsFull: boolean;
      /** Given just now; null when they carry it already. */
      readonly ticket: string | null;
    }
  /** Without a ticket, and not asked to join. */
  | { readonly kind: "not_joined" }
  | { readonly kind: "pass_invalid"; readonly reason: PassRefusal }
  /** Joining needs a proof of being human, and none that is good was brought. */
  | { readonly kind: "proof"; readonly refused: ProofRefused }
  | { readonly kind: "not_open"; readonly opensAt_ms: number }
  | { readonly kind: "sale_over" }
  | { readonly kind: "rate_limited" | "booth_unavailable" | "room_unavailable" };

export interface Asking {
  readonly sale: string;
  readonly ticket: string | null;
  /** An admission that is no good any more: its turn was used, so a new one is joined for. */
  readonly wasIn: boolean;
  /** A merchant's pass into a lane, or null. */
  readonly pass: string | null;
  /** Of being human, or null. */
  readonly proof: string | null;
  readonly caller: Caller;
  /** Whether to join for whoever has no place. */
  readonly joins: boolean;
  /** Whether whoever's turn has passed on joins again unasked: an app has no button for it. */
  readonly rejoins: boolean;
  /** Asked once, before anything is changed. */
  readonly isOverLimit: () => Promise<boolean>;
}

export async function wayIn(context: GateContext, asking: Asking): Promise<WayIn> {
  const { sale, ticket, joins, caller } = asking;
  const carried: Carried = { ticket, admission: null, caller };
  const asked = await askStanding(context, sale, carried);
  switch (asked.kind) {
    case "standing": {
      const { standing, visit } = asked;
      const { queueing } = visit.seen.snapshot;
      const again = joins && (asking.wasIn || asking.rejoins || !queueing);
      if (standing.state === "called") return claim(context, asking, again);
      if (standing.state === "lapsed" && again) return joinAfresh(context, asking);
      return { kind: "waiting", standing, seatsFull: false, ticket: null };
    }
    case "ticket_required":
    case "ticket_invalid":
    case "admission_replayed":
      return joins ? joinAfresh(context, asking) : { kind: "not_joined" };
    case "sale_not_found":
    case "room_unavailable":
      return { kind: "room_unavailable" };
  }
}

async function claim(context: GateContext, asking: Asking, again: boolean): Promise<WayIn> {
  if (await asking.isOverLimit()) return { kind: "rate_limited" };
  const { sale, ticket, caller } = asking;
  const outcome = await claimTurn(context, sale, { ticket, admission: null, caller });
  switch (outcome.kind) {
    case "admitted": {
      const { admission, expiresAt_ms } = outcome;
      return { kind: "admitted", admission, expiresAt_ms };
    }
    case "not_called": {
      const { standing, seatsFull } = outcome;
      return { kind: "waiting", standing, seatsFull, ticket: null };
    }
    case "turn_lapsed":
      return again ? joinAfresh(context, asking, false) : lapsed(context, asking);
    case "ticket_invalid":
    case "ticket_required":
      return asking.joins ? joinAfresh(context, asking, false) : { kind: "not_joined" };
    case "sale_over":
      return { kind: "sale_over" };
    // The sale has begun to tell devices apart this very moment.
    case "device_required":
      return { kind: "booth_unavailable" };
    case "sale_not_found":
    case "room_unavailable":
      return { kind: "room_unavailable" };
  }
}

/** The turn was used, or came too late; a snapshot may not say so yet. */
async function lapsed(context: GateContext, { sale, ticket, caller }: Asking): Promise<WayIn> {
  const asked = await askStanding(context, sale, { ticket, admission: null, caller });
  if (asked.kind !== "standing") return { kind: "not_joined" };
  const standing = { ...asked.standing, state: "lapsed", position: null } as const;
  return { kind: "waiting", standing, seatsFull: false, ticket: null };
}

async function joinAfresh(
  context: GateContext,
  { sale, pass, proof, caller, isOverLimit }: Asking,
  counts = true,
): Promise<WayIn> {
  if (counts && (await isOverLimit())) return { kind: "rate_limited" };
  const carried: Carried = { ticket: null, admission: null, caller };
  const wish = { pass, proof, key: null, afresh: false };
  const outcome = await join(context, sale, carried, wish);
  switch (outcome.kind) {
    case "admitted": {
      const { admission, expiresAt_ms } = outcome;
      return { kind: "admitted", admission, expiresAt_ms };
    }
    case "joined":
    case "already_joined": {
      const { standing, ticket } = outcome;
      return { kind: "waiting", standing, seatsFull: false, ticket };
    }
    case "sale_not_open":
      return { kind: "not_open", opensAt_ms: outcome.opensAt_ms };
    case "sale_over":
    case "booth_unavailable":
      return { kind: outcome.kind };
    case "device_required":
      return { kind: "booth_unavailable" };
    case "proof_required":
    case "proof_invalid":
    case "proof_unavailable":
      return { kind: "proof", refused: outcome };
    case "pass_invalid":
      return outcome;
    case "sale_not_found":
    case "room_unavailable":
      return { kind: "room_unavailable" };
  }
}
