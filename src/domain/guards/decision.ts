/**
 * Decides what the gate does with a request to the shop. Nothing else decides it.
 *
 * The first rule that applies decides:
 *
 *   1. not_guarded    no sale's guards cover it                                → to the origin
 *   2. sale_over      the sale that guards it has ended                        → to the origin
 *   3. bypassed       the sale's bypass allows it (health check, address, …)   → to the origin
 *   4. admitted       a valid admission that was not revoked                   → to the origin
 *   5. failed_open    the room does not answer, `onFailure` is `open`          → to the origin
 *   6. failed_closed  the room does not answer, `onFailure` is `closed`        → 503
 *   7. not_open       before `opensAt`                                         → countdown, or 429
 *   8. line           the shopper claims, joins or waits
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
  /** `gone`: the room has not answered for longer than its last snapshot may be used. */
  readonly room: "known" | "gone";
}

export type GuardDecision =
  | { readonly kind: "not_guarded" | "sale_over" | "admitted" }
  | { readonly kind: "bypassed"; readonly why: BypassReason }
  | { readonly kind: "failed_open" | "failed_closed" }
  | { readonly kind: "not_open" | "line" };

export function decide(facts: GuardFacts): GuardDecision {
  const { sale, phase, bypass, admission, room } = facts;
  if (sale === null) return { kind: "not_guarded" };
  if (phase === "ended") return { kind: "sale_over" };
  if (bypass !== null) return { kind: "bypassed", why: bypass };
  if (admission === "valid") return { kind: "admitted" };
  if (room === "gone") return failureOf(sale);
  return { kind: phase === "scheduled" ? "not_open" : "line" };
}

/** The sale's `onFailure`, for a room that does not answer and for errors in the gate. */
export function failureOf({ onFailure }: { readonly onFailure: "open" | "closed" }): {
  readonly kind: "failed_open" | "failed_closed";
} {
  return { kind: onFailure === "open" ? "failed_open" : "failed_closed" };
}

/** The kind of answer that a request can use while its shopper has to wait. */
export type AskedAs =
  /** A navigation in a browser: it can show the waiting page. */
  | "document"
  /** A form sent by a browser: it must not be sent again automatically. */
  | "form"
  /** A request of a script, an app, an image or a frame, which cannot show a page. */
  | "data"
  /** Exactly `Accept: application/json`: an app that shows the line itself. */
  | "json";

export interface AskedFacts {
  readonly method: string;
  readonly accept: string | null;
  /** `Sec-Fetch-Dest` and `Sec-Fetch-Mode`; older browsers send neither. */
  readonly dest: string | null;
  readonly mode: string | null;
  /** `Sec-Purpose`: a prefetched page is shown later or never. */
  readonly purpose: string | null;
  readonly upgrade: boolean;
}

export function askedAs(facts: AskedFacts): AskedAs {
  const { method, accept, dest, mode, purpose, upgrade } = facts;
  if (accept?.trim() === "application/json") return "json";
  if (upgrade || purpose?.startsWith("prefetch") === true) return "data";
  const isPage =
    dest === null && mode === null
      ? accept?.includes("text/html") === true
      : mode === "navigate" && (dest === null || dest === "document");
  if (!isPage) return "data";
  return method === "GET" || method === "HEAD" ? "document" : "form";
}
