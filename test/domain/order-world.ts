/**
 * One order among faults: consumers that lease, die and report late, a merchant who cancels, a
 * shopper at the bank. It does by hand what the Order object and the pipeline do with the saga.
 *
 * Guarantee: whatever the saga decides is kept, with all its effects; nothing is decided here.
 */
import { report, type PutOff, type StepReport } from "../../src/domain/order-report.ts";
import * as saga from "../../src/domain/order-saga.ts";
import type { OrderDecision, OrderEffect } from "../../src/domain/order-transition.ts";
import { isFinal, stepKey, type OrderRecord, type StepKind } from "../../src/domain/order.ts";
import { INTENT } from "./order-records.ts";
import { Provider, type Card, type Fault } from "./order-provider.ts";

/** What becomes of a consumer: it reports, dies before or after the step, or reports late. */
export type Fate = "reports" | "dies_before" | "dies_after" | "reports_late";

export type Act =
  | { readonly kind: "consume"; readonly fault: Fault; readonly fate: Fate }
  | { readonly kind: "wait"; readonly for_ms: number }
  | { readonly kind: "deliver" | "cancel" | "hurry" }
  | { readonly kind: "action_done"; readonly agreed: boolean };

export interface Setting {
  readonly card: Card;
  readonly captureFails: boolean;
  readonly bookingRefused: boolean;
}

export class OrderWorld {
  record: OrderRecord;
  now = 0;
  isBooked = false;
  readonly provider: Provider;
  readonly effects: OrderEffect[] = [];
  /** Told after each decision; for laws that hold all the way. */
  onChange: (before: OrderRecord, after: OrderRecord, owed: readonly OrderEffect[]) => void;
  readonly #setting: Setting;
  readonly #late: [lease: string, said: StepReport | PutOff][] = [];
  #leases = 0;

  constructor(setting: Setting) {
    this.#setting = setting;
    this.provider = new Provider(setting.card, setting.captureFails);
    this.record = saga.place(INTENT, 0);
    this.onChange = () => {};
    this.#keep(saga.accept(this.record, 0));
  }

  #keep<Outcome>({ record, effects, outcome }: OrderDecision<Outcome>): Outcome {
    const before = this.record;
    this.record = record;
    this.effects.push(...effects);
    this.onChange(before, record, effects);
    return outcome;
  }

  act(act: Act): void {
    switch (act.kind) {
      case "consume":
        return this.consume(act.fault, act.fate);
      case "wait":
        this.now += act.for_ms;
        return;
      case "deliver": {
        const [lease, said] = this.#late.shift() ?? [];
        if (lease !== undefined && said !== undefined) this.#report(lease, said);
        return;
      }
      case "cancel":
        this.#keep(saga.cancel(this.record, this.now));
        return;
      case "hurry":
        this.#keep(saga.hurry(this.record, this.now));
        return;
      case "action_done":
        this.provider.actionDone(act.agreed);
    }
  }

  #report(lease: string, said: StepReport | PutOff): void {
    this.#keep(report(this.record, lease, said, this.now));
  }

  consume(fault: Fault, fate: Fate): void {
    this.#leases += 1;
    const id = `lease ${this.#leases}`;
    const leased = this.#keep(saga.lease(this.record, id, this.now));
    if (leased.kind !== "step" || fate === "dies_before") return;
    const said = this.#take(id, leased.step, leased.key, fault);
    if (said === null || fate === "dies_after") return;
    if (fate === "reports_late") this.#late.push([id, said]);
    else this.#report(id, said);
  }

  #take(lease: string, step: StepKind, key: string, fault: Fault): StepReport | PutOff | null {
    const { provider, now } = this;
    if (step === "authorize") return this.#authorize(lease, fault);
    if (step === "book") return this.#book(fault);
    const { paymentId } = this.record;
    if (paymentId === null) throw new Error(`${step} without a payment`);
    switch (step) {
      case "lookup":
        return { step, outcome: provider.lookup(paymentId, fault) };
      case "capture":
        return { step, outcome: provider.capture(paymentId, key, fault, now) };
      case "void":
        this.isBooked = false;
        return { step, outcome: provider.void(paymentId, key, fault, now) };
      case "refund":
        this.isBooked = false;
        return { step, outcome: provider.refund(paymentId, key, fault, now) };
    }
  }

  /** Preparing and authorizing are two calls; the fault strikes one of them. */
  #authorize(lease: string, fault: Fault): StepReport | PutOff | null {
    const { provider, now } = this;
    let { paymentId } = this.record;
    const isNew = paymentId === null;
    if (paymentId === null) {
      const prepared = provider.prepare(stepKey(this.record, "prepare"), fault, now);
      if (prepared.kind === "declined") return { step: "authorize", outcome: prepared };
      if (prepared.kind !== "prepared") {
        return { kind: "put_off", after_s: 1, newKey: prepared.kind === "unknown" };
      }
      paymentId = prepared.paymentId;
      if (this.#keep(saga.recordPayment(this.record, lease, paymentId)) === "stale") return null;
    }
    const key = stepKey(this.record, "authorize");
    const struck = isNew ? "none" : fault;
    return { step: "authorize", outcome: provider.authorize(paymentId, key, struck, now) };
  }

  #book(fault: Fault): StepReport {
    if (fault === "retry") return { step: "book", outcome: { kind: "retry", after_s: 2 } };
    const lost = { step: "book", outcome: { kind: "unknown", reason: "time-out" } } as const;
    if (fault === "before" || fault === "stored") return lost;
    if (this.#setting.bookingRefused) {
      return { step: "book", outcome: { kind: "refused", reason: "full" } };
    }
    this.isBooked = true;
    return fault === "after" ? lost : { step: "book", outcome: { kind: "booked", booking: "BK" } };
  }

  /** The faults stop and consumers come as the delays say. Gives how many it took. */
  settle(): number {
    let consumers = 0;
    while (!isFinal(this.record.standing) && consumers < 300) {
      const { lease, notBefore_ms } = this.record;
      this.now = Math.max(this.now, notBefore_ms, lease?.until_ms ?? 0);
      this.consume("none", "reports");
      consumers += 1;
    }
    while (this.#late.length > 0) this.act({ kind: "deliver" });
    return consumers;
  }
}
