/**
 * What the gate does with a request to the shop: the one place where that is decided.
 *
 * In this order; the first that holds decides:
 *
 *   1. not_guarded    no sale's guards cover it                                  → to the origin
 *   2. sale_over      the sale that guards it has ended                          → to the origin
 *   3. bypassed       a health check, address, token or crawler of the sale's    → to the origin
 *   4. admitted       a valid admission whose seat was not taken back            → to the origin
 *   5. failed_open    the room is gone, and `onFailure` is open                  → to the origin
 *   6. failed_closed  the room is gone, and `onFailure` is closed                → 503
 *   7. not_open       before `opensAt`                                          → countdown, or 429
 *   8. line           the line decides: claim, join, or wait
 *
 * Guarantee: pure; `test/node/guards/decision.test.ts` has a row for each. What the line then
 * decides is in `room/claims.ts`, and nobody is admitted who was not called.
 */
import type { Phase } from "../sale/schedule.ts";

export type BypassReason = "health_check" | "address" | "token" | "verified_crawler";

export interface GuardFacts {
  /** Null when no sale's guards cover the request. */
  readonly sale: { readonly onFailure: "open" | "closed" } | null;
  /** By the room's snapshot; by the document where there is none. */
  readonly phase: Phase;
  readonly bypass: BypassReason | null;
  /** `revoked`: signed and in time, and its seat was taken back. */
  readonly admission: "none" | "valid" | "revoked";
  /** `gone`: there is no snapshot young enough to be used. */
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

/** The merchant's choice for when the room does not answer, or the gate itself fails. */
export function failureOf({ onFailure }: { readonly onFailure: "open" | "closed" }): {
  readonly kind: "failed_open" | "failed_closed";
} {
  return { kind: onFailure === "open" ? "failed_open" : "failed_closed" };
}

/** How a request wants to be answered when it has to wait. */
export type AskedAs =
  /** A page in a browser's window: it can show the waiting page. */
  | "document"
  /** A form that a browser sent: it cannot be sent again by itself. */
  | "form"
  /** A script, an app, an image, a frame: anything that shows no page. */
  | "data"
  /** Exactly `Accept: application/json`: an app that stands in line by itself. */
  | "json";

export interface AskedFacts {
  readonly method: string;
  readonly accept: string | null;
  /** `Sec-Fetch-Dest` and `Sec-Fetch-Mode`; older browsers send neither. */
  readonly dest: string | null;
  readonly mode: string | null;
  /** `Sec-Purpose`: a page that is fetched ahead is looked at later or never. */
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
