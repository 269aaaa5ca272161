/**
 * Text for a refused cart or order: why, and what to do next.
 *
 * Each refusal has the status of the page that shows it, and whether the same idempotency key may
 * be used again: an order that is finally refused needs a new key, because the old one always gets
 * the same answer.
 */
import type { ContentfulStatusCode } from "hono/utils/http-status";
import { itemOf, type Sale } from "../../domain/sale/sale.ts";
import { amountFaultText, moneyText } from "../../domain/money/amounts.ts";
import { countryName } from "../../domain/checkout/countries.ts";
import type { ParticularsFault } from "../../domain/checkout/particulars.ts";
import type { QuoteRefused } from "../../shopper/quote.ts";
import type { LinesRefused, SetCartOutcome, UnpaidRefused } from "../../shopper/cart.ts";
import type { PlaceOrderOutcome } from "../../shopper/order.ts";
import type { Fault } from "./faults.ts";

export interface Refusal {
  readonly status: ContentfulStatusCode;
  readonly faults: readonly [Fault, ...Fault[]];
  readonly key: "same" | "new";
  /** The id of the order in progress that prevents this one; null otherwise. */
  readonly order: string | null;
}

export type CartRefused = Extract<
  SetCartOutcome,
  { readonly kind: "sold_out" | "stock_unavailable" | UnpaidRefused["kind"] | LinesRefused["kind"] }
>;
export type OrderRefused = Extract<
  PlaceOrderOutcome,
  {
    readonly kind:
      | "rejected"
      | "idempotency_conflict"
      | "order_unavailable"
      | "price_changed"
      | "particulars_missing"
      | QuoteRefused["kind"]
      | UnpaidRefused["kind"]
      | LinesRefused["kind"];
  }
>;

function refusal(
  status: ContentfulStatusCode,
  field: string | null,
  message: string,
  more: Partial<Pick<Refusal, "key" | "order">> = {},
): Refusal {
  return { status, faults: [{ field, message }], key: "same", order: null, ...more };
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

/** What is held stays, and can be paid. */
function unpaidRefused(sale: Sale, refused: UnpaidRefused): Refusal {
  const name = nameOf(sale, refused.sku);
  if (refused.kind === "cooling_off") {
    const reason = `${name} was reserved several times without being paid for.`;
    const minutes = Math.ceil(refused.retry_s / 60);
    const wait = minutes === 1 ? "1 minute" : `${minutes} minutes`;
    return refusal(429, refused.sku, `${reason} You can reserve it again in ${wait}.`);
  }
  const reason = `You, or others on your network, have ${name} in carts that are not paid for yet.`;
  const next = "More can be reserved when these are paid for or have ended. Try again in a minute.";
  return refusal(409, refused.sku, `${reason} ${next}`);
}

export function cartRefusal(sale: Sale, refused: CartRefused): Refusal {
  switch (refused.kind) {
    case "sold_out":
      return soldOut(sale, refused.sku, refused.available);
    case "stock_unavailable": {
      const reason = `We cannot check the stock of ${nameOf(sale, refused.sku)} right now.`;
      return refusal(503, refused.sku, `${reason} Your cart has not changed. Please try again.`);
    }
    case "unpaid_limit_reached":
    case "cooling_off":
      return unpaidRefused(sale, refused);
    default:
      return linesRefused(sale, refused);
  }
}

/** @param shownTotal the total that the page showed, in minor units */
export function orderRefusal(sale: Sale, refused: OrderRefused, shownTotal: number): Refusal {
  switch (refused.kind) {
    case "order_unavailable": {
      const reason = "The order could not be placed right now.";
      return refusal(503, null, `${reason} Press the button again: you will not order twice.`);
    }
    case "idempotency_conflict": {
      const reason = "This form was sent before you changed it, and that order was not completed.";
      const next = "Nothing was charged. Press the button again to order what is shown now.";
      return refusal(409, null, `${reason} ${next}`, { key: "new" });
    }
    case "price_changed":
      return refusal(409, null, priceChangedText(sale, refused.quote.amounts.total, shownTotal));
    case "particulars_missing":
      return { ...refusal(422, null, ""), faults: particularsFaults(refused.faults) };
    case "country_not_served":
    case "delivery_unknown":
    case "total_unpayable":
    case "discount_refused":
    case "discount_unavailable": {
      const { status, fault } = quoteRefusal(refused);
      return refusal(status, fault.field, fault.message);
    }
    case "unpaid_limit_reached":
    case "cooling_off":
      return { ...unpaidRefused(sale, refused), key: "new" };
    case "rejected":
      return { ...rejected(sale, refused.rejection), key: "new" };
    default:
      return linesRefused(sale, refused);
  }
}

/** The total is the same where the price of a unit, a name, the delivery or the terms changed. */
function priceChangedText({ currency }: Sale, now: number, shown: number): string {
  if (now === shown) {
    return "The shop has changed something. Nothing was charged. Please check your order.";
  }
  const [was, is] = [moneyText(shown, currency), moneyText(now, currency)];
  return `The total was ${was}, it is ${is} now. Nothing was charged. Please check your order.`;
}

/** The form checks the same before, so a fault here means that the sale has changed since. */
function particularsFaults(faults: readonly ParticularsFault[]): Refusal["faults"] {
  const [first, ...rest] = faults.map(({ path }): Fault => {
    const field = PARTICULARS_FIELDS[path] ?? null;
    const text = "What this shop needs to know has changed. Please check this field.";
    return { field, message: field === null ? "Please check your details and try again." : text };
  });
  return [first ?? { field: null, message: "Please check your details and try again." }, ...rest];
}

const PARTICULARS_FIELDS: Readonly<Record<string, string>> = {
  shipTo: "country",
  billTo: "country",
  "buyer.name": "name",
  "buyer.phone": "phone",
  acceptedTerms: "terms",
  delivery: "delivery",
};

type QuoteFault = Exclude<QuoteRefused, { readonly kind: LinesRefused["kind"] }>;

/** What of a country, a delivery or a discount code is refused. */
export function quoteRefusal(refused: QuoteFault): {
  readonly status: ContentfulStatusCode;
  readonly fault: Fault;
} {
  const at = (status: ContentfulStatusCode, field: string | null, message: string) => {
    return { status, fault: { field, message } };
  };
  switch (refused.kind) {
    case "country_not_served":
      return at(422, "country", `This shop does not deliver to ${countryName(refused.country)}.`);
    case "delivery_unknown":
      return at(422, "delivery", "Choose one of the ways of delivery.");
    case "total_unpayable": {
      const { fault, currency } = refused;
      return at(422, null, `The total ${amountFaultText(fault, currency)}.`);
    }
    case "discount_unavailable":
      return at(503, "discount", "We cannot check the discount code right now. Try again.");
    case "discount_refused":
      return at(409, "discount", DISCOUNT_TEXT[refused.reason]);
  }
}

/** Of a code that was not looked up, because its shopper or their address is over the limit. */
export function codesLimited(retry_s: number): Fault {
  const reason = "Too many discount codes were tried, so this one is not applied yet.";
  return { field: "discount", message: `${reason} Wait ${retry_s} seconds and press Apply.` };
}

type DiscountReason = Extract<QuoteRefused, { readonly kind: "discount_refused" }>["reason"];

const DISCOUNT_TEXT: Readonly<Record<DiscountReason, string>> = {
  unknown: "There is no such discount code. Check how it is written.",
  not_started: "This discount code is not valid yet.",
  over: "This discount code is no longer valid.",
  wrong_shopper: "This discount code is for another shopper.",
  wrong_lane: "This discount code is for shoppers of another line.",
  used_by_you: "You have used this discount code already.",
  used_up:
    "All uses of this discount code are taken. One comes back when an order with it is not paid, " +
    "so you can try again later.",
  changed: "This discount code has changed. Apply it again.",
};

const TOO_MANY_DECLINES =
  "Too many payments were declined, so no more can be made in this visit. Nothing was charged, " +
  "and your items stay reserved until your time is over. Ask your bank or the shop; to try again " +
  "later, leave the shop and join the line again.";

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
      if (rejection.declines !== undefined) return refusal(403, null, TOO_MANY_DECLINES);
      if (rejection.discount !== undefined) {
        return refusal(409, "discount", "This discount code can no longer be used. Remove it.");
      }
      return refusal(401, null, "Your time in the shop is over. Join the line again.");
  }
}
