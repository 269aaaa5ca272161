/**
 * A simulated shopper's plan, observations and outcome: plain data.
 *
 * A record has only what this shopper saw. The drill's verdict uses the records of all shoppers
 * and what merchants can read, never internal state of the gate.
 */
import type { Line } from "./gate-client.ts";

/**
 * `buy`: pays. `look`: fills a cart and leaves with a request. `vanish`: fills a cart and sends no
 * further request. `no_show`: does not claim the turn. `late`: tries to claim it after it lapsed.
 */
export type Intent = "buy" | "look" | "vanish" | "no_show" | "late";

/**
 * `declined_once`: pays with another card afterwards. `declined`: gives up. `uncapturable`: the
 * card is authorized but cannot be captured, so the order fails and the authorization is voided.
 */
export type Card = "good" | "declined_once" | "declined" | "uncapturable";

export interface ShopperPlan {
  /** Among the shoppers of this crowd, from 0. */
  readonly number: number;
  readonly name: string;
  readonly email: string;
  readonly lines: readonly Line[];
  readonly intent: Intent;
  readonly card: Card;
  /** Tries once to claim before the call, to check that the gate refuses it. */
  readonly claimsEarly: boolean;
  /** Sends the order twice at the same time, like a double click. */
  readonly clicksTwice: boolean;
  readonly browse_ms: number;
  readonly checkout_ms: number;
}

export type Outcome =
  | { readonly kind: "bought" }
  | { readonly kind: "declined" }
  | { readonly kind: "left" }
  | { readonly kind: "no_show" }
  | { readonly kind: "sold_out"; readonly where: "line" | "cart" | "order" }
  | { readonly kind: "lapsed" }
  /** The gate refused with a code of the contract. */
  | { readonly kind: "refused"; readonly code: string }
  /** An answer outside the contract, or none. */
  | { readonly kind: "error"; readonly reason: string };

export interface TicketSeen {
  readonly token: string;
  /** Every distinct rank that the gate gave for it; more than one breaks P7. */
  readonly ranks: number[];
}

export interface AdmissionSeen {
  /** Null when nobody waited and the shopper was admitted without a ticket. */
  readonly ticket: TicketSeen | null;
  /** The rank that the gate gave, and the highest `called` it had given by then. */
  readonly rank: number | null;
  readonly called: number;
  /** When the shopper received the answer. */
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
  /** Every distinct order id in the answers to this key. */
  readonly ids: string[];
  readonly statusUrl: string;
  /** Null until the shopper has seen a state marked `final`. */
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
  const outcome: Outcome = { kind: "error", reason: "did not arrive" };
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
