/**
 * Decides what the gate does with a request to the shop. Nothing else decides it.
 *
 * The first rule that applies decides:
 *
 *   1. not_guarded    no sale's guards cover it                                → to the origin
 *   2. sale_over      the sale that guards it has ended                        → to the origin
 *   3. bypassed       the sale's bypass allows it (health check, address, …)   → to the origin
 *   4. admitted       a valid admission that was not revoked                   → to the origin
 *   5. resend         a form of another site, which lacks its shopper's cookies → sent once more
 *   6. failed_open    the room does not answer, `onFailure` is `open`          → to the origin
 *   7. failed_closed  the room does not answer, `onFailure` is `closed`        → 503
 *   8. not_open       before `opensAt`                                         → countdown, or 429
 *   9. line           the shopper claims, joins or waits
 *
 * Guarantee: pure; `test/node/guards/decision.test.ts` has a row for each. In the line the room
 * decides (`room/claims.ts`), and it admits nobody before their turn.
 */
import type { Phase } from "../sale/schedule.ts";

export type BypassReason = "health_check" | "address" | "token" | "verified_crawler";

export interface GuardFacts {
  /** Null when no sale's guards cover the request. */
  readonly sale: { readonly onFailure: "open" | "closed" } | null;
  /** From the room's snapshot; from the sale document when there is none. */
  readonly phase: Phase;
  readonly bypass: BypassReason | null;
  /** `revoked`: the token is valid, but the room took the seat back. */
  readonly admission: "none" | "valid" | "revoked";
  /** A form that another site sent: whether its shopper has an admission cannot be seen yet. */
  readonly isBlind: boolean;
  /** `gone`: the room has not answered for longer than its last snapshot may be used. */
  readonly room: "known" | "gone";
}

export type GuardDecision =
  | { readonly kind: "not_guarded" | "sale_over" | "admitted" | "resend" }
  | { readonly kind: "bypassed"; readonly why: BypassReason }
  | { readonly kind: "failed_open" | "failed_closed" }
  | { readonly kind: "not_open" | "line" };

export function decide(facts: GuardFacts): GuardDecision {
  const { sale, phase, bypass, admission, isBlind, room } = facts;
  if (sale === null) return { kind: "not_guarded" };
  if (phase === "ended") return { kind: "sale_over" };
  if (bypass !== null) return { kind: "bypassed", why: bypass };
  if (admission === "valid") return { kind: "admitted" };
  if (isBlind) return { kind: "resend" };
  if (room === "gone") return failureOf(sale);
  return { kind: phase === "scheduled" ? "not_open" : "line" };
}

/** The sale's `onFailure`, for a room that does not answer and for errors in the gate. */
export function failureOf({ onFailure }: { readonly onFailure: "open" | "closed" }): {
  readonly kind: "failed_open" | "failed_closed";
} {
  return { kind: onFailure === "open" ? "failed_open" : "failed_closed" };
}
