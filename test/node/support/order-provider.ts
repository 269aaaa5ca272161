/**
 * A payment provider and an order backend as the saga's laws meet them: they remember keys for
 * 24 hours, stored failures included, and count every capture.
 *
 * Guarantee: a payment is captured again whenever it is asked under a key that is not remembered,
 * so a saga that repeats a capture under another key is seen. Not for HTTP: the sandbox is.
 */
import type {
  AuthorizeOutcome,
  LookupOutcome,
  PaymentStanding,
  PrepareOutcome,
  ProviderRefund,
  RefundOutcome,
  RetryLater,
  SettlementOutcome,
  SettleOutcome,
  Unknown,
} from "../../../src/domain/order/payment-backend.ts";

/**
 * What goes wrong with one call. `before` and `after`: it is lost before or after its effect;
 * `stored`: the provider fails and remembers that failure under the key.
 */
export type Fault = "none" | "before" | "after" | "stored" | "retry";

/** `impossible`: every try fails without an effect, and without a clear answer. */
export type Card = "good" | "refused" | "needs_action" | "impossible";

const KEY_MEMORY_MS = 24 * 60 * 60 * 1000;
const UNKNOWN = { kind: "unknown", reason: "time-out" } as const;
const BUSY = { kind: "retry", after_s: 2, reason: "429" } as const;
const APPROVED = { kind: "approved" } as const;
const DECLINED = { kind: "declined", reason: "invalid_request" } as const;
const SECRET = "pi_1_secret_1";
const URL = "https://bank.example/3ds";

export interface Payment {
  standing: PaymentStanding["kind"];
  captures: number;
  /** Money reserved: how often it was asked for anew. */
  authorizations: number;
  /** Parts that were refunded, the oldest first. */
  readonly refunds: ProviderRefund[];
}

/** One keyed operation: remembered answers first, then the fault, then the effect. */
class Keyed<Outcome> {
  readonly #answers = new Map<string, { readonly answer: Outcome | Unknown; at_ms: number }>();

  call(key: string, fault: Fault, now: number, act: () => Outcome): Outcome | RetryLater | Unknown {
    if (fault === "retry") return BUSY;
    if (fault === "before") return UNKNOWN;
    const known = this.#answers.get(key);
    const remembered = known !== undefined && now - known.at_ms < KEY_MEMORY_MS;
    const fresh = (): Outcome | Unknown => (fault === "stored" ? UNKNOWN : act());
    const answer = remembered ? known.answer : fresh();
    if (!remembered) this.#answers.set(key, { answer, at_ms: now });
    return fault === "after" ? UNKNOWN : answer;
  }
}

export class Provider {
  readonly payments = new Map<string, Payment>();
  readonly #prepared = new Keyed<PrepareOutcome>();
  readonly #authorized = new Keyed<AuthorizeOutcome>();
  readonly #settled = new Keyed<SettleOutcome>();
  readonly #refunded = new Keyed<RefundOutcome>();
  readonly #card: Card;
  readonly #captureFails: boolean;

  constructor(card: Card, captureFails: boolean) {
    this.#card = card;
    this.#captureFails = captureFails;
  }

  prepare(key: string, fault: Fault, now: number): PrepareOutcome {
    return this.#prepared.call(key, fault, now, () => {
      const paymentId = `pay_${this.payments.size + 1}`;
      this.payments.set(paymentId, {
        standing: "prepared",
        captures: 0,
        authorizations: 0,
        refunds: [],
      });
      return { kind: "prepared", paymentId };
    });
  }

  authorize(id: string, key: string, fault: Fault, now: number): AuthorizeOutcome {
    return this.#authorized.call(key, fault, now, () => {
      const payment = this.#payment(id);
      if (payment.standing === "voided") return { kind: "declined", reason: "payment_voided" };
      if (payment.standing === "captured") return APPROVED;
      if (this.#card === "impossible") return UNKNOWN;
      if (this.#card === "refused") {
        payment.standing = "declined";
        return { kind: "declined", reason: "card_declined" };
      }
      if (this.#card === "needs_action" && payment.standing !== "authorized") {
        payment.standing = "action_required";
        return { kind: "action_required", url: URL, clientSecret: SECRET };
      }
      payment.standing = "authorized";
      payment.authorizations += 1;
      return APPROVED;
    });
  }

  capture(id: string, key: string, fault: Fault, now: number): SettleOutcome {
    return this.#settled.call(key, fault, now, () => {
      const payment = this.#payment(id);
      const open = payment.standing === "authorized" || payment.standing === "captured";
      if (!open || this.#captureFails) return DECLINED;
      payment.standing = "captured";
      payment.captures += 1;
      return APPROVED;
    });
  }

  void(id: string, key: string, fault: Fault, now: number): SettleOutcome {
    return this.#settled.call(key, fault, now, () => {
      const payment = this.#payment(id);
      if (payment.standing === "captured" || payment.standing === "refunded") return DECLINED;
      payment.standing = "voided";
      return APPROVED;
    });
  }

  refund(id: string, key: string, fault: Fault, now: number): SettleOutcome {
    return this.#settled.call(key, fault, now, () => {
      const payment = this.#payment(id);
      if (payment.standing !== "captured" && payment.standing !== "refunded") return DECLINED;
      payment.standing = "refunded";
      return APPROVED;
    });
  }

  /** Of a payment of `total`, of which no more than everything can be refunded. */
  refundPart(
    id: string,
    refund: { readonly id: string; readonly amount: number; readonly total: number },
    { key, fault, now }: { readonly key: string; readonly fault: Fault; readonly now: number },
  ): RefundOutcome {
    return this.#refunded.call(key, fault, now, () => {
      const payment = this.#payment(id);
      const refunded = payment.refunds.reduce((sum, { amount }) => sum + amount, refund.amount);
      if (payment.standing !== "captured" || refunded > refund.total) return DECLINED;
      const providerId = `re_${id}_${payment.refunds.length + 1}`;
      const made = { providerId, refundId: refund.id, amount: refund.amount, failure: null };
      payment.refunds.push({ ...made, state: "succeeded" });
      if (refunded === refund.total) payment.standing = "refunded";
      return { kind: "refunded", providerId, state: "succeeded" };
    });
  }

  settlement(id: string, fault: Fault): SettlementOutcome {
    if (fault === "retry") return BUSY;
    if (fault !== "none") return UNKNOWN;
    return { kind: "found", refunds: [...this.#payment(id).refunds], dispute: null };
  }

  lookup(id: string, fault: Fault): LookupOutcome {
    if (fault === "retry") return BUSY;
    if (fault !== "none") return UNKNOWN;
    const kind = this.#payment(id).standing;
    if (kind === "declined") {
      return { kind: "found", standing: { kind, reason: "card_declined", mayReopen: true } };
    }
    if (kind === "action_required") {
      return { kind: "found", standing: { kind, url: URL, clientSecret: SECRET } };
    }
    return { kind: "found", standing: { kind } };
  }

  /** The shopper comes back from their bank. */
  actionDone(agreed: boolean): void {
    for (const payment of this.payments.values()) {
      if (payment.standing !== "action_required") continue;
      payment.standing = agreed ? "authorized" : "declined";
      payment.authorizations += agreed ? 1 : 0;
    }
  }

  /** The shopper, with the payment's secret, has another card confirmed after the first failed. */
  confirmLate(): void {
    for (const payment of this.payments.values()) {
      if (payment.standing !== "declined" || this.#card !== "needs_action") continue;
      payment.standing = "authorized";
      payment.authorizations += 1;
    }
  }

  #payment(id: string): Payment {
    const payment = this.payments.get(id);
    if (payment === undefined) throw new Error(`${id} was never prepared`);
    return payment;
  }
}
