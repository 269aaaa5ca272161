/**
 * Why a quote or an order is refused, or cannot be given up any more, as problems.
 */
import type { Quote } from "../domain/checkout/quote.ts";
import { rejectionCode } from "../domain/order/messages.ts";
import { amountFaultText } from "../domain/money/amounts.ts";
import type { GiveUpOrderOutcome, PlaceOrderOutcome } from "../shopper/order.ts";
import type { QuotedOutcome } from "../shopper/quote.ts";
import type { ProblemFacts } from "./problems.ts";

type CheckoutRefused = Extract<
  PlaceOrderOutcome | GiveUpOrderOutcome | QuotedOutcome,
  {
    readonly kind:
      | "particulars_missing"
      | "price_changed"
      | "discount_refused"
      | "country_not_served"
      | "delivery_unknown"
      | "total_unpayable"
      | "too_late"
      | "rejected"
      | "order_unavailable";
  }
>;

export function checkoutRefusal(refused: CheckoutRefused): ProblemFacts {
  const { kind: code } = refused;
  switch (code) {
    case "particulars_missing":
      return { code: "invalid_request", details: { errors: refused.faults } };
    case "price_changed":
      return { code, details: { more: { quote: quoteAnswer(refused.quote) } } };
    case "discount_refused":
      return { code, details: { more: { reason: refused.reason } } };
    case "country_not_served": {
      const { country, path = "country" } = refused;
      const errors = [{ path, message: `${country} is not served` }];
      return { code, details: { errors } };
    }
    case "delivery_unknown": {
      const errors = [{ path: "delivery", message: `there is no '${refused.delivery}'` }];
      return { code, details: { errors, more: { deliveryOptions: refused.offered } } };
    }
    case "total_unpayable": {
      const { total, fault, currency } = refused;
      const errors = [{ path: "lines", message: `the total ${amountFaultText(fault, currency)}` }];
      return { code, details: { errors, more: { total } } };
    }
    case "too_late": {
      const detail = `It is ${refused.state}.`;
      return { code: "too_late_to_give_up", details: { detail } };
    }
    case "rejected": {
      const { rejection } = refused;
      const reason = rejectionCode(rejection);
      const { code: _code, ...more } = rejection;
      if (rejection.code !== "admission_required") return { code: reason, details: { more } };
      const { discount, declines } = rejection;
      if (declines !== undefined) return { code: reason, details: { more: { declines } } };
      if (discount === undefined) return { code: reason };
      return { code: reason, details: { more: { reason: discount } } };
    }
    case "order_unavailable":
      return { code, details: { more: { part: refused.part } } };
  }
}

/** The Quote document of API answers. */
export function quoteAnswer({ offered, discount, lines, missing, ...quote }: Quote) {
  return {
    ...quote,
    lines: [...lines],
    missing: [...missing],
    deliveryOptions: [...offered],
    discount: discount === null ? null : { hint: discount.hint },
  };
}
