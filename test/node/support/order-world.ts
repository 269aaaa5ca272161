/**
 * One order among faults: consumers that lease, die and report late, a merchant who cancels, a
 * shopper at the bank. It does by hand what the Order object and the pipeline do with the saga.
 *
 * Guarantee: whatever the saga decides is kept, with all its effects; nothing is decided here.
 */
import { report } from "../../../src/domain/order/report.ts";
import type { PutOff, StepReport } from "../../../src/domain/order/step-outcomes.ts";
import * as saga from "../../../src/domain/order/saga.ts";
import type { OrderDecision, OrderEffect } from "../../../src/domain/order/transition.ts";
import {
  isFinal,
  stepKey,
  type OrderRecord,
  type StepKind,
} from "../../../src/domain/order/order.ts";
import { INTENT } from "./order-records.ts";
import { Provider, type Card, type Fault } from "./order-provider.ts";

/** What becomes of a consumer: it reports, dies before or after the step, or reports late. */
export type Fate = "reports" | "dies_before" | "dies_after" | "reports_late";

export type Act =
  | { readonly kind: "consume"; readonly fault: Fault; readonly fate: Fate }
  | { readonly kind: "wait"; readonly for_ms: number }
  | { readonly kind: "deliver" | "cancel" | "hurry" | "nudge" | "wake" | "confirm_late" }
  | { readonly kind: "action_done"; readonly agreed: boolean };

export interface Setting {
  readonly card: Card;
  readonly captureFails: boolean;
  readonly bookingRefused: boolean;
  /** From 0 to 1: how much longer than needed is waited. */
  readonly chance: number;
  /** The product's, unless a test plants a bug in it. */
  readonly report?: typeof report;
}

export class OrderWorld {
  record: OrderRecord;
  now = 0;
  isBooked = false;
  readonly provider: Provider;
  readonly effects: OrderEffect[] = [];
  /** Told after each decision; for laws that hold all the way. */
  onChange: (before: OrderRecord, after: OrderRecord, owed: readonly OrderEffect[]) => void;
  onLease: (outcome: saga.LeaseOutcome, after: OrderRecord) => void;
  readonly #setting: Setting;
  readonly #late: [lease: string, said: StepReport | PutOff][] = [];
  #leases = 0;
  #isShown = false;

  constructor(setting: Setting) {
    this.#setting = setting;
    this.provider = new Provider(setting.card, setting.captureFails);
    this.record = saga.place(INTENT, 0);
    this.onChange = () => {};
    this.onLease = () => {};
    this.#keep(saga.accept(this.record, 0));
  }

  #keep<Outcome>({ record, effects, outcome }: OrderDecision<Outcome>): Outcome {
    const before = this.record;
    this.record = record;
    this.#isShown ||= record.standing.state === "action_required";
    this.effects.push(...effects);
    this.onChange(before, record, effects);
    return outcome;
  }

  act(act: Act): void {
    switch (act.kind) {
      case "consume":
        this.consume(act.fault, act.fate);
        return;
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
      case "nudge":
        this.#keep(saga.nudge(this.record, this.now));
        return;
      case "wake":
        this.#keep(saga.wake(this.record, this.now));
        return;
      case "confirm_late":
        this.confirmLate();
        return;
      case "action_done":
        this.provider.actionDone(act.agreed);
    }
  }

  /** The shopper has another card confirmed, if the order has ever shown the payment's secret. */
  confirmLate(): void {
    if (this.#isShown) this.provider.confirmLate();
  }

  #report(lease: string, said: StepReport | PutOff): void {
    const { report: rule = report, chance } = this.#setting;
    this.#keep(rule(this.record, lease, said, this.now, chance));
  }

  consume(fault: Fault, fate: Fate): saga.LeaseOutcome {
    this.#leases += 1;
    const id = `lease ${this.#leases}`;
    const leased = this.#keep(saga.lease(this.record, id, this.now));
    this.onLease(leased, this.record);
    if (leased.kind !== "step" || fate === "dies_before") return leased;
    const said = this.#take(id, leased.step, leased.key, fault);
    if (said === null || fate === "dies_after") return leased;
    if (fate === "reports_late") this.#late.push([id, said]);
    else this.#report(id, said);
    return leased;
  }

  #take(lease: string, step: StepKind, key: string, fault: Fault): StepReport | PutOff | null {
    const { provider, now } = this;
    if (step === "authorize") return this.#authorize(lease, fault);
    if (step === "book") return this.#book(fault);
    const { paymentId } = this.record;
    if (paymentId === null) throw new Error(`${step} without a payment`);
    if (this.record.standing.state === "voiding") this.isBooked = false;
    switch (step) {
      case "lookup":
        return { step, outcome: provider.lookup(paymentId, fault) };
      case "capture":
        return { step, outcome: provider.capture(paymentId, key, fault, now) };
      case "void":
        return { step, outcome: provider.void(paymentId, key, fault, now) };
      case "refund":
        return { step, outcome: provider.refund(paymentId, key, fault, now) };
      case "settlement":
        return { step, outcome: { kind: "found", refunds: [], dispute: null } };
      case "refund_part":
        throw new Error("nobody has requested a refund");
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
        const newKey = prepared.kind === "unknown";
        return { kind: "put_off", after_s: 1, newKey, tried: true };
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

  /**
   * The faults stop, and nothing brings a message any more but the order's own alarm.
   */
  settle(): void {
    let rings = 0;
    while (!isFinal(this.record.standing) && rings < 300) {
      this.now = Math.max(this.now, this.record.wakeAt_ms);
      rings += 1;
      if (this.#keep(saga.wake(this.record, this.now)) === "asleep") continue;
      while (this.consume("none", "reports").kind === "step");
    }
    while (this.#late.length > 0) this.act({ kind: "deliver" });
  }
}
