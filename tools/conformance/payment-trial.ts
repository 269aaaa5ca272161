/**
 * The steps that the checks of a payment server share: bring a payment into a state, and look its
 * state up, through the same adapter that Sluice deploys.
 */
import { randomBytes } from "node:crypto";
import { setTimeout as delay } from "node:timers/promises";
import { type FoundAnswer, readFound } from "../../queues/backends/http-answers.ts";
import { httpPayments } from "../../queues/backends/http-payment.ts";
import type { Money, PaidOrder, PaymentBackend } from "../../src/domain/order/payment-backend.ts";
import { parseJson } from "../../src/encoding/json.ts";
import { mustBe, shown, Unmet } from "./checks.ts";
import { newOrderId, type Reply, type Wire } from "./wire.ts";

export const AMOUNT = 1234;
export const RETURN_URL = "https://shop.example/orders/return";

/** A payment's state, and how often its amount was authorized, captured and refunded. */
type State = readonly [
  standing: FoundAnswer["standing"],
  authorized: number,
  captured: number,
  refunded: number,
];

function paidOrder(id: string): PaidOrder {
  return {
    id,
    sale: "conformance",
    description: "A test unit",
    email: "test@shoppers.example",
    shipping: null,
    statementSuffix: null,
    methods: [],
  };
}

export class PaymentTrial {
  readonly wire: Wire;
  readonly backend: PaymentBackend;
  readonly money: Money;

  constructor(wire: Wire) {
    this.wire = wire;
    this.backend = httpPayments(wire.settings());
    this.money = { amount: AMOUNT, currency: wire.target.currency };
  }

  newKey(step: string): string {
    return `${newOrderId()}:${step}:0`;
  }

  /** A request to prepare the payment of a new order. */
  preparation() {
    const order = paidOrder(newOrderId());
    return { order, money: this.money, key: `${order.id}:prepare:0` };
  }

  async prepared(): Promise<string> {
    const outcome = await this.backend.prepare(this.preparation());
    return mustBe(outcome, "prepared", "payment.prepare").paymentId;
  }

  authorize(paymentId: string, method = "test_approve", key = this.newKey("authorize")) {
    return this.backend.authorize({ paymentId, method, returnUrl: RETURN_URL, key });
  }

  async authorized(): Promise<string> {
    const payment = await this.prepared();
    mustBe(await this.authorize(payment), "approved", "payment.authorize with test_approve");
    return payment;
  }

  capture(paymentId: string, key = this.newKey("capture"), money = this.money) {
    return this.backend.capture({ paymentId, money, key });
  }

  async captured(): Promise<string> {
    const payment = await this.authorized();
    mustBe(await this.capture(payment), "approved", "payment.capture");
    return payment;
  }

  void(paymentId: string, key = this.newKey("void")) {
    return this.backend.void({ paymentId, key });
  }

  async voided(): Promise<string> {
    const payment = await this.authorized();
    mustBe(await this.void(payment), "approved", "payment.void");
    return payment;
  }

  refund(paymentId: string, key = this.newKey("refund")) {
    return this.backend.refund({ paymentId, key });
  }

  /** An id of a refund, in Sluice's form. */
  newRefund(): string {
    return `rf_${randomBytes(16).toString("hex")}`;
  }

  refundPart(paymentId: string, refundId: string, amount: number) {
    const money = { ...this.money, amount };
    return this.backend.refundPart({ paymentId, refundId, money, key: this.newKey(refundId) });
  }

  ask(type: string, fields: object, id = this.newKey(type)): Promise<Reply> {
    return this.wire.send({ id, body: JSON.stringify({ v: 1, type, ...fields }) });
  }

  /** Throws `Unmet` unless a look-up finds the payment. */
  async found(payment: string): Promise<FoundAnswer> {
    const reply = await this.ask("payment.lookup", { payment });
    const body = reply.status === 200 ? parseJson(reply.text) : undefined;
    const found = readFound(body, payment, this.wire.target.allowHttp);
    if (found === null)
      throw new Unmet(`payment.lookup answered ${reply.status} ${shown(reply.text)}`);
    return found;
  }

  /** Throws `Unmet` unless a look-up finds the payment in this state. */
  async mustHaveState(payment: string, ...[standing, ...totals]: State): Promise<FoundAnswer> {
    const found = await this.found(payment);
    const wanted = totals.map((times) => times * AMOUNT);
    const { authorized, captured, refunded } = found;
    const seen = [authorized, captured, refunded];
    const isSame = wanted.every((amount, index) => amount === seen[index]);
    if (found.standing === standing && isSame) return found;
    const state = `${found.standing}, authorized/captured/refunded ${seen.join("/")}`;
    throw new Unmet(`payment.lookup gave ${state} (expected ${standing}, ${wanted.join("/")})`);
  }

  /** Waits for the state, for three timeouts, with ten look-ups per timeout. */
  async eventually(payment: string, ...wanted: State): Promise<void> {
    const until_ms = performance.now() + 3 * this.wire.timeout_ms;
    for (;;) {
      try {
        await this.mustHaveState(payment, ...wanted);
        return;
      } catch (error) {
        if (!(error instanceof Unmet) || performance.now() > until_ms) throw error;
      }
      await delay(this.wire.timeout_ms / 10);
    }
  }
}
