/**
 * Text for a refused cart or order: why, and what to do next.
 *
 * Each refusal has the status of the page that shows it, and whether the same idempotency key may
 * be used again: an order that is finally refused needs a new key, because the old one always gets
 * the same answer.
 */
import type { ContentfulStatusCode } from "hono/utils/http-status";
import { itemOf, type Sale } from "../../domain/sale/sale.ts";
import type { LinesRefused, SetCartOutcome } from "../../shopper/cart.ts";
import type { PlaceOrderOutcome } from "../../shopper/order.ts";
import type { Fault } from "./faults.ts";

export interface Refusal {
  readonly status: ContentfulStatusCode;
  readonly fault: Fault;
  readonly key: "same" | "new";
  /** The id of the order in progress that prevents this one; null otherwise. */
  readonly order: string | null;
}

export type CartRefused = Extract<
  SetCartOutcome,
  { readonly kind: "sold_out" | "stock_unavailable" | LinesRefused["kind"] }
>;
export type OrderRefused = Extract<
  PlaceOrderOutcome,
  {
    readonly kind: "rejected" | "idempotency_conflict" | "order_unavailable" | LinesRefused["kind"];
  }
>;

function refusal(
  status: ContentfulStatusCode,
  field: string | null,
  message: string,
  more: Partial<Pick<Refusal, "key" | "order">> = {},
): Refusal {
  return { status, fault: { field, message }, key: "same", order: null, ...more };
}

function nameOf(sale: Sale, sku: string): string {
  return itemOf(sale, sku)?.name ?? sku;
}

function soldOut(sale: Sale, sku: string, available: number): Refusal {
  const name = nameOf(sale, sku);
  const message =
    available <= 0
      ? `No more of ${name} is available right now. More may become available later.`
      : `Only ${available} more of ${name} available. Choose fewer.`;
  return refusal(409, sku, message);
}

function limitReached(sale: Sale, sku: string, limit: number, taken: number): Refusal {
  const already = taken > 0 ? ` You already have ${taken} in your cart or orders.` : "";
  return refusal(409, sku, `The limit is ${limit} of ${nameOf(sale, sku)} per person.${already}`);
}

function linesRefused(sale: Sale, refused: LinesRefused): Refusal {
  switch (refused.kind) {
    case "unknown_sku":
      return refusal(422, refused.sku, `This sale has no ${refused.sku}.`);
    case "too_many_lines":
      return refusal(422, null, `Choose at most ${refused.limit} different items.`);
    case "limit_reached":
      return limitReached(sale, refused.sku, refused.limit, refused.taken ?? 0);
  }
}

export function cartRefusal(sale: Sale, refused: CartRefused): Refusal {
  switch (refused.kind) {
    case "sold_out":
      return soldOut(sale, refused.sku, refused.available);
    case "stock_unavailable": {
      const reason = `We cannot check the stock of ${nameOf(sale, refused.sku)} right now.`;
      return refusal(503, refused.sku, `${reason} Your cart has not changed. Please try again.`);
    }
    default:
      return linesRefused(sale, refused);
  }
}

export function orderRefusal(sale: Sale, refused: OrderRefused): Refusal {
  switch (refused.kind) {
    case "order_unavailable": {
      const reason = "The order could not be placed right now.";
      return refusal(503, null, `${reason} Press the button again: you will not order twice.`);
    }
    case "idempotency_conflict": {
      const reason = "This form was already sent with other details, and that order was placed.";
      return refusal(409, null, `${reason} Press the button again to place a new order.`, {
        key: "new",
      });
    }
    case "rejected":
      return { ...rejected(sale, refused.rejection), key: "new" };
    default:
      return linesRefused(sale, refused);
  }
}

type Rejection = Extract<OrderRefused, { readonly kind: "rejected" }>["rejection"];

function rejected(sale: Sale, rejection: Rejection): Refusal {
  switch (rejection.code) {
    case "sold_out":
      return soldOut(sale, rejection.sku, rejection.available);
    case "limit_reached":
      return limitReached(sale, rejection.sku, rejection.limit, rejection.taken);
    case "order_in_progress": {
      const message = "You already have an order being processed. Wait until it is complete.";
      return refusal(409, null, message, { order: rejection.order });
    }
    case "admission_spent":
      return refusal(
        409,
        null,
        "You have placed all the orders that one visit allows. Join the line again to buy more.",
      );
    case "admission_required":
      return refusal(401, null, "Your time in the shop is over. Join the line again.");
  }
}
