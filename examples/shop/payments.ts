/**
 * The example shop's payments: the complete payment contract of docs/backends.md.
 *
 * Guarantee: a payment is authorized once, captured once and refunded once, for any number of
 * requests under any keys: the payment's own standing decides, and the key only repeats an answer.
 * No money moves here; a comment marks where a shop calls its bank.
 */
import { randomUUID } from "node:crypto";
import {
  answer,
  type Fields,
  isAmount,
  isText,
  problem,
  RememberedReplies,
  type Reply,
} from "./replies.ts";

export interface Payment {
  readonly id: string;
  readonly order: string;
  readonly amount: number;
  readonly currency: string;
  standing:
    | "prepared"
    | "action_required"
    | "authorized"
    | "captured"
    | "voided"
    | "refunded"
    | "declined";
  /** While an action is required: the shop's page, and the URL to which the shopper returns. */
  url?: string;
  returnUrl?: string;
  /** Why it was declined. */
  reason?: string;
  authorized: number;
  captured: number;
  refunded: number;
  /** Refunds of a part, in the order in which they were made. */
  readonly refunds: Refund[];
}

export interface Refund {
  /** This shop's own. */
  readonly reference: string;
  /** Sluice's id: there is one refund for it, whatever the key. */
  readonly refund: string;
  readonly amount: number;
  readonly state: "succeeded";
}

export class PaymentCore {
  readonly payments = new Map<string, Payment>();
  readonly replies = new RememberedReplies();
  readonly #actionPage: (payment: string) => string;

  /** @param actionPage returns the URL of the page where the shopper confirms the payment */
  constructor(actionPage: (payment: string) => string) {
    this.#actionPage = actionPage;
  }

  /** @param key `webhook-id`: the idempotency key */
  handle(key: string, request: Fields): Reply {
    switch (request["type"]) {
      case "payment.prepare":
        return this.#prepare(key, request);
      case "payment.authorize": {
        const { method, returnUrl } = request;
        if (!isText(method) || !isText(returnUrl)) return problem(400, "invalid_request");
        return this.#change(key, request, (it) => this.authorize(it, method, returnUrl));
      }
      case "payment.capture": {
        const { amount, currency } = request;
        if (!isAmount(amount) || !isText(currency)) return problem(400, "invalid_request");
        return this.#change(key, request, (it) => this.capture(it, amount, currency));
      }
      case "payment.void":
        return this.#change(key, request, (it) => this.void(it));
      case "payment.refund":
        return this.#change(key, request, (it) => this.refund(it));
      case "payment.refund_part": {
        const { refund, amount, currency } = request;
        const isMoney = isAmount(amount) && isText(currency);
        if (!isText(refund) || !isMoney) return problem(400, "invalid_request");
        const part = { refund, amount, currency };
        return this.#change(key, request, (it) => this.refundPart(it, part));
      }
      case "payment.settlement":
        return this.settlement(request);
      case "payment.lookup":
        return this.lookup(request);
      default:
        return problem(400, "unknown_type");
    }
  }

  #prepare(key: string, request: Fields): Reply {
    const { order, amount, currency } = request;
    const isCurrency = isText(currency) && /^[A-Z]{3}$/.test(currency);
    if (!isText(order) || !isAmount(amount) || !isCurrency) return problem(400, "invalid_request");
    return this.replies.once(key, request, () => {
      const id = `pay_${randomUUID()}`;
      const nothing = { authorized: 0, captured: 0, refunded: 0, refunds: [] };
      this.payments.set(id, { id, order, amount, currency, standing: "prepared", ...nothing });
      return answer("prepared", { payment: id });
    });
  }

  #change(key: string, request: Fields, act: (payment: Payment) => Reply): Reply {
    const id = request["payment"];
    if (!isText(id)) return problem(400, "invalid_request");
    const payment = this.payments.get(id);
    if (payment === undefined) return problem(404, "payment_not_found");
    return this.replies.once(key, request, () => act(payment));
  }

  authorize(payment: Payment, method: string, returnUrl: string): Reply {
    if (payment.standing === "authorized") return answer("approved", { card: TEST_CARD });
    if (payment.standing === "declined") return answer("declined", { reason: payment.reason });
    if (payment.standing !== "prepared") {
      return answer("declined", { reason: `payment_${payment.standing}` });
    }
    switch (method) {
      // A shop calls its bank here, with the payment's id as the bank's idempotency key.
      case "test_approve":
      case "test_slow":
        payment.standing = "authorized";
        payment.authorized += payment.amount;
        return answer("approved", { card: TEST_CARD });
      case "test_action":
        payment.standing = "action_required";
        payment.url = this.#actionPage(payment.id);
        payment.returnUrl = returnUrl;
        return answer("action_required", { url: payment.url });
      default:
        payment.standing = "declined";
        payment.reason = method === "test_decline" ? "card_declined" : "unknown_method";
        return answer("declined", { reason: payment.reason });
    }
  }

  /** The shopper confirmed. Returns the return URL; null when there is nothing to confirm. */
  confirm(id: string): string | null {
    const payment = this.payments.get(id);
    if (payment?.standing !== "action_required") return null;
    payment.standing = "authorized";
    payment.authorized += payment.amount;
    return payment.returnUrl ?? null;
  }

  capture(payment: Payment, amount: number, currency: string): Reply {
    const isWhole = amount === payment.amount && currency === payment.currency;
    if (!isWhole) return answer("declined", { reason: "amount_differs" });
    if (payment.standing === "captured") return answer("approved");
    if (payment.standing !== "authorized") {
      return answer("declined", { reason: `payment_${payment.standing}` });
    }
    payment.standing = "captured";
    payment.captured += amount;
    return answer("approved");
  }

  void(payment: Payment): Reply {
    switch (payment.standing) {
      case "captured":
      case "refunded":
        return answer("declined", { reason: `payment_${payment.standing}` });
      default:
        payment.standing = "voided";
        return answer("approved");
    }
  }

  refund(payment: Payment): Reply {
    if (payment.standing === "refunded") return answer("approved");
    if (payment.standing !== "captured") {
      return answer("declined", { reason: `payment_${payment.standing}` });
    }
    payment.standing = "refunded";
    payment.refunded = payment.captured;
    return answer("approved");
  }

  /** A part of what was captured, or all that is left of it. */
  refundPart(
    payment: Payment,
    part: { readonly refund: string; readonly amount: number; readonly currency: string },
  ): Reply {
    const { refund, amount, currency } = part;
    const made = payment.refunds.find((each) => each.refund === refund);
    if (made !== undefined) return refunded(made);
    if (payment.standing !== "captured") {
      return answer("declined", { reason: `payment_${payment.standing}` });
    }
    const left = payment.captured - payment.refunded;
    if (currency !== payment.currency || amount > left) {
      return answer("declined", { reason: "amount_too_large" });
    }
    // A shop calls its bank here. A bank that answers later: `pending`, until it has answered.
    const reference = `re_${randomUUID()}`;
    const next: Refund = { reference, refund, amount, state: "succeeded" };
    payment.refunds.push(next);
    payment.refunded += amount;
    if (payment.refunded === payment.captured) payment.standing = "refunded";
    return refunded(next);
  }

  settlement(request: Fields): Reply {
    const id = request["payment"];
    if (!isText(id)) return problem(400, "invalid_request");
    const payment = this.payments.get(id);
    if (payment === undefined) return problem(404, "payment_not_found");
    return answer("found", { refunds: payment.refunds, dispute: null });
  }

  lookup(request: Fields): Reply {
    const id = request["payment"];
    if (!isText(id)) return problem(400, "invalid_request");
    const payment = this.payments.get(id);
    if (payment === undefined) return problem(404, "payment_not_found");
    const { standing, url, reason, authorized, captured, refunded } = payment;
    const totals = { authorized, captured, refunded };
    const card = standing === "authorized" ? TEST_CARD : undefined;
    return answer("found", { payment: id, standing, url, reason, card, ...totals });
  }
}

/** A shop tells its bank's digest of the card number, never the number. */
const TEST_CARD = { fingerprint: "card_of_the_tests", brand: "visa", last4: "4242" };

function refunded({ reference, state }: Refund): Reply {
  return answer("refunded", { reference, state });
}
