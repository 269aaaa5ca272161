/**
 * A provider that knows only its keys: it performs every request under a key it does not remember.
 * No provider that keeps the contract can be stricter: a saga that captures a second time under
 * another key is found at once.
 *
 * Guarantee: a key is remembered for 24 hours, a stored failure included. Not for calls that arrive
 * after their caller has given up: with such a provider no caller is safe from them.
 */
import { PAYMENT_TIMEOUT_MS } from "../../src/domain/limits.ts";
import type {
  AuthorizeOutcome,
  Card,
  LookupOutcome,
  Money,
  PaymentBackend,
  PaymentStanding,
  PrepareOutcome,
  ProviderRefund,
  RefundOutcome,
  RetryLater,
  SettlementOutcome,
  SettleOutcome,
  Unknown,
} from "../../src/domain/order/payment-backend.ts";
import { cardKeyOf } from "./cards.ts";
import {
  drawCourse,
  type PaymentFacts,
  type ProviderParts,
  type SimulatedPayments,
} from "./payments.ts";

const KEY_MEMORY_MS = 24 * 60 * 60 * 1000;
const LATENCY_MAX_MS = 200;
const UNKNOWN: Unknown = { kind: "unknown", reason: "no answer" };
const BUSY: RetryLater = { kind: "retry", after_s: 2, reason: "429", throttled: true };
const APPROVED = { kind: "approved" } as const;
const REFUSED = { kind: "declined", reason: "invalid_request" } as const;
const NO_BALANCE = { kind: "declined", reason: "insufficient_funds" } as const;
const DECLINED = { kind: "declined", reason: "card_declined" } as const;
const BANK_URL = "https://bank.example/3ds";
const NO_DISPUTE = { dispute: null } as const;

type KeyMemory<Outcome> = Map<
  string,
  { readonly answer: Outcome | Unknown; readonly at_ms: number }
>;

interface Payment {
  readonly id: string;
  readonly order: string;
  readonly amount: number;
  standing: PaymentStanding["kind"];
  /** Parts that were refunded, in the order in which they were made. */
  refunds: ProviderRefund[];
  captures: number;
  method: string;
}

export class KeyedPayments implements SimulatedPayments {
  readonly #parts: ProviderParts;
  readonly #payments = new Map<string, Payment>();
  readonly #byOrder = new Map<string, Payment[]>();
  readonly #prepared: KeyMemory<PrepareOutcome> = new Map();
  readonly #authorized: KeyMemory<AuthorizeOutcome> = new Map();
  readonly #settled: KeyMemory<SettleOutcome> = new Map();
  readonly #refunded: KeyMemory<RefundOutcome> = new Map();

  constructor(parts: ProviderParts) {
    this.#parts = parts;
  }

  of(order: string): PaymentFacts[] {
    return (this.#byOrder.get(order) ?? []).map((payment) => {
      const { id, amount, captures, refunds } = payment;
      const captured = captures > 0 ? amount : 0;
      return {
        id,
        order,
        money: moneyOf(payment),
        amount,
        captures,
        captured,
        refunds,
        ...NO_DISPUTE,
      };
    });
  }

  authenticate(paymentId: string, agreed: boolean): void {
    const payment = this.#payments.get(paymentId);
    if (payment?.standing !== "action_required") return;
    this.#move(payment, agreed ? "authorized" : "declined");
  }

  refundAtProvider(order: string, amount: number): void {
    for (const payment of this.#byOrder.get(order) ?? []) {
      const part = Math.min(amount, leftOf(payment));
      if (moneyOf(payment) !== "taken" || part <= 0) continue;
      this.#addRefund(payment, { refundId: null, amount: part, state: "succeeded" });
      return;
    }
  }

  /** This provider has none. */
  moveDispute(): void {}

  backend(): PaymentBackend {
    return {
      name: "keyed",
      prepare: ({ order, money, key }) => {
        return this.#keyed(this.#prepared, key, () => ({
          kind: "prepared",
          paymentId: this.#open(order.id, money).id,
        }));
      },
      authorize: ({ paymentId, method, key }) => {
        return this.#keyed(this.#authorized, key, () => {
          return this.#authorize(this.#payment(paymentId), method);
        });
      },
      capture: (request) => this.#settle(request, (payment) => this.#capture(payment)),
      void: (request) => {
        return this.#settle(request, (payment) => {
          if (moneyOf(payment) === "taken" || payment.standing === "refunded") return REFUSED;
          return this.#move(payment, "voided");
        });
      },
      refund: (request) => {
        return this.#settle(request, (payment) => {
          if (moneyOf(payment) !== "taken" && payment.standing !== "refunded") return REFUSED;
          const amount = leftOf(payment);
          if (amount > 0) this.#addRefund(payment, { refundId: null, amount, state: "succeeded" });
          return APPROVED;
        });
      },
      refundPart: ({ paymentId, refundId, money, key }) => {
        return this.#keyed(this.#refunded, key, () => {
          return this.#refundPart(this.#payment(paymentId), refundId, money.amount);
        });
      },
      settlement: ({ paymentId }) => {
        return this.#faulty<SettlementOutcome>(() => {
          const refunds = [...this.#payment(paymentId).refunds];
          return { kind: "found", refunds, dispute: null };
        });
      },
      lookup: ({ paymentId }) => this.#faulty<LookupOutcome>(() => this.#found(paymentId)),
    };
  }

  #authorize(payment: Payment, method: string): AuthorizeOutcome {
    payment.method = method;
    if (payment.standing === "voided") return { kind: "declined", reason: "payment_voided" };
    if (moneyOf(payment) === "taken") return APPROVED;
    const approved = { kind: "approved", card: cardOf(method) } as const;
    if (method === "pm_card_chargeDeclined") {
      this.#move(payment, "declined");
      return DECLINED;
    }
    if (method === "pm_card_authenticationRequired" && payment.standing !== "authorized") {
      this.#move(payment, "action_required");
      return { kind: "action_required", url: BANK_URL };
    }
    this.#move(payment, "authorized");
    return approved;
  }

  #capture(payment: Payment): SettleOutcome {
    const isOpen = payment.standing === "authorized" || payment.standing === "captured";
    if (!isOpen || payment.method === "pm_sandbox_captureFails") return REFUSED;
    payment.captures += 1;
    return this.#move(payment, "captured");
  }

  #refundPart(payment: Payment, refundId: string, amount: number): RefundOutcome {
    if (moneyOf(payment) !== "taken" || amount > leftOf(payment)) return REFUSED;
    if (this.#parts.faults.strikesOften("refund_refused")) return NO_BALANCE;
    const { kind, settles_ms } = drawCourse(this.#parts);
    const state = kind.startsWith("pending") ? "pending" : "succeeded";
    const { providerId } = this.#addRefund(payment, { refundId, amount, state });
    if (kind !== "succeeds") {
      const end = kind === "pending_then_succeeds" ? "succeeded" : "failed";
      this.#parts.time.after(settles_ms, () => this.#settleRefund(payment, providerId, end));
    }
    return { kind: "refunded", providerId, state };
  }

  #addRefund(
    payment: Payment,
    made: Pick<ProviderRefund, "refundId" | "amount" | "state">,
  ): ProviderRefund {
    const providerId = `re_${payment.id}_${payment.refunds.length + 1}`;
    const refund: ProviderRefund = { providerId, ...made, failure: null };
    payment.refunds.push(refund);
    this.#move(payment, leftOf(payment) === 0 ? "refunded" : "captured");
    this.#parts.events.settlement(payment.order);
    return refund;
  }

  #settleRefund(payment: Payment, providerId: string, state: "succeeded" | "failed"): void {
    const failure = state === "failed" ? "expired_or_canceled_card" : null;
    payment.refunds = payment.refunds.map((refund) => {
      return refund.providerId === providerId ? { ...refund, state, failure } : refund;
    });
    this.#move(payment, leftOf(payment) === 0 ? "refunded" : "captured");
    this.#parts.events.settlement(payment.order);
  }

  #found(paymentId: string): LookupOutcome {
    const { standing, method } = this.#payment(paymentId);
    if (standing === "authorized") {
      return { kind: "found", standing: { kind: standing, card: cardOf(method) } };
    }
    if (standing === "declined") return { kind: "found", standing: DECLINED };
    if (standing === "action_required") {
      return { kind: "found", standing: { kind: standing, url: BANK_URL } };
    }
    return { kind: "found", standing: { kind: standing } };
  }

  #settle(
    { paymentId, key }: { readonly paymentId: string; readonly key: string },
    act: (payment: Payment) => SettleOutcome,
  ): Promise<SettleOutcome | RetryLater | Unknown> {
    return this.#keyed(this.#settled, key, () => act(this.#payment(paymentId)));
  }

  #keyed<Outcome>(
    memory: KeyMemory<Outcome>,
    key: string,
    act: () => Outcome,
  ): Promise<Outcome | RetryLater | Unknown> {
    return this.#faulty<Outcome | Unknown>((isStored) => {
      const { now } = this.#parts.time;
      const known = memory.get(key);
      if (known !== undefined && now - known.at_ms < KEY_MEMORY_MS) return known.answer;
      const answer = isStored ? UNKNOWN : act();
      memory.set(key, { answer, at_ms: now });
      return answer;
    });
  }

  async #faulty<Outcome>(
    act: (isStored: boolean) => Outcome,
  ): Promise<Outcome | RetryLater | Unknown> {
    const { faults, time } = this.#parts;
    const slow_ms = faults.strikes("payment_slow") ? faults.between(0, 4000) : 0;
    const latency_ms = faults.between(20, LATENCY_MAX_MS) + slow_ms;
    const there_ms = Math.ceil(latency_ms * faults.random());
    await time.sleep(there_ms);
    const lost = async (): Promise<Unknown> => {
      await time.sleep(PAYMENT_TIMEOUT_MS - LATENCY_MAX_MS - slow_ms);
      return UNKNOWN;
    };
    if (this.#parts.isPaymentOut()) {
      faults.count("payment_outage");
      if (faults.random() < 0.5) act(false);
      return lost();
    }
    if (faults.strikes("payment_lost_before")) return lost();
    if (faults.strikes("payment_429")) return BUSY;
    const answer = act(faults.strikes("payment_500_before"));
    await time.sleep(latency_ms - there_ms);
    if (faults.strikes("payment_500_after")) return UNKNOWN;
    const isLost = faults.strikes("payment_lost_after") || faults.strikes("payment_hang");
    return isLost ? lost() : answer;
  }

  #open(order: string, { amount }: Money): Payment {
    const id = `pay_${this.#payments.size + 1}`;
    const payment: Payment = {
      id,
      order,
      amount,
      refunds: [],
      captures: 0,
      method: "",
      standing: "prepared",
    };
    this.#payments.set(id, payment);
    this.#byOrder.set(order, [...(this.#byOrder.get(order) ?? []), payment]);
    return payment;
  }

  #move(payment: Payment, standing: Payment["standing"]): typeof APPROVED {
    const was = moneyOf(payment);
    payment.standing = standing;
    const { order, id } = payment;
    this.#parts.tell(`payment ${standing}`, `${order} ${id}`);
    this.#parts.events.payment(order, standing === "authorized");
    this.#parts.promises.moneyMoved(order, id, was, moneyOf(payment));
    return APPROVED;
  }

  #payment(id: string): Payment {
    const payment = this.#payments.get(id);
    if (payment === undefined) throw new Error(`${id} was never prepared`);
    return payment;
  }
}

function cardOf(method: string): Card {
  return { fingerprint: cardKeyOf(method), brand: null, last4: null };
}

function leftOf({ amount, refunds }: Payment): number {
  const standing = refunds.filter(({ state }) => state !== "failed");
  return standing.reduce((left, refund) => left - refund.amount, amount);
}

function moneyOf({ standing }: Payment): PaymentFacts["money"] {
  if (standing === "captured") return "taken";
  return standing === "authorized" ? "reserved" : "none";
}
