/**
 * What a simulated shopper intends, what they saw, and how it ended: plain data.
 *
 * A record holds what this one shopper can testify. The drill's verdict is made from all of them
 * and from the shop's own books, never from anything the gate keeps to itself.
 */
import type { Line } from "./gate-client.ts";

/**
 * `buy`: pays. `look`: fills a cart and leaves through the API. `vanish`: fills a cart and sends
 * nothing more. `no_show`: does not claim the turn. `late`: comes back after the turn has lapsed.
 */
export type Intent = "buy" | "look" | "vanish" | "no_show" | "late";

/**
 * `declined_once` pays with another card afterwards; `declined` gives up. `uncapturable` is
 * authorized and can then not be captured: the order fails and the authorization is let go.
 */
export type Card = "good" | "declined_once" | "declined" | "uncapturable";

export interface ShopperPlan {
  readonly name: string;
  readonly email: string;
  readonly lines: readonly Line[];
  readonly intent: Intent;
  readonly card: Card;
  /** Tries once to claim before being called, to see that it is refused. */
  readonly claimsEarly: boolean;
  /** Sends the order twice at once, as a double click does. */
  readonly clicksTwice: boolean;
  readonly browse_ms: number;
  readonly checkout_ms: number;
}

export type Outcome =
  | { readonly kind: "bought" }
  | { readonly kind: "declined" }
  | { readonly kind: "left" }
  | { readonly kind: "no_show" }
  | { readonly kind: "told_sold_out"; readonly where: "line" | "cart" | "order" }
  | { readonly kind: "lapsed" }
  /** Refused by the gate, with a code of the contract. */
  | { readonly kind: "refused"; readonly code: string }
  /** Something the contract does not allow, or no answer at all. */
  | { readonly kind: "error"; readonly reason: string };

export interface TicketSeen {
  readonly token: string;
  /** Every distinct rank the gate ever named for it; more than one is a broken promise. */
  readonly ranks: number[];
}

export interface AdmissionSeen {
  /** Null when there was no line and the shopper was admitted without a ticket. */
  readonly ticket: TicketSeen | null;
  /** The rank the gate named, and the highest `called` it had named by then. */
  readonly rank: number | null;
  readonly called: number;
  /** When the shopper had the answer. */
  readonly at_ms: number;
}

export interface EarlyClaim {
  readonly ticket: TicketSeen;
  readonly status: number;
  readonly code: string | null;
  readonly at_ms: number;
}

export interface OrderPlaced {
  readonly key: string;
  /** Every distinct order id the same key was answered with. */
  readonly ids: string[];
  readonly statusUrl: string;
  /** The state marked `final`, once seen. */
  finalState: string | null;
  total: number | null;
}

export interface ShopperRecord {
  readonly plan: ShopperPlan;
  readonly tickets: TicketSeen[];
  readonly admissions: AdmissionSeen[];
  readonly earlyClaims: EarlyClaim[];
  readonly orders: OrderPlaced[];
  polls: number;
  outcome: Outcome;
}

export function newRecord(plan: ShopperPlan): ShopperRecord {
  const outcome: Outcome = { kind: "error", reason: "never came" };
  return {
    plan,
    tickets: [],
    admissions: [],
    earlyClaims: [],
    orders: [],
    polls: 0,
    outcome,
  };
}
