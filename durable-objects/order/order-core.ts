/**
 * The Order without its runtime: the Durable Object passes it SQLite, an alarm and bindings, the
 * simulation passes maps, a virtual clock and faults.
 *
 * Guarantee (P2): the alarm and the intent are one commit, before the first side effect. After a
 * crash the alarm sends the messages that are still in the outbox (to the stock, the room, the
 * queue), and queues the order again when it makes no progress. Effects are idempotent.
 * Not for the rules of a transition (`src/domain/order`), nor for how calls are made
 * (`OrderBindings`).
 */
import { OUTBOX_RETRY_MAX_MS, PLACING_RETRY_MS } from "../../src/domain/limits.ts";
import { isErased, isSameRequest } from "../../src/domain/order/erasure.ts";
import { viewOf, type OrderView } from "../../src/domain/order/messages.ts";
import type * as saga from "../../src/domain/order/saga.ts";
import type { PutOff, ReportOutcome, StepReport } from "../../src/domain/order/step-outcomes.ts";
import type { OrderDecision } from "../../src/domain/order/transition.ts";
import type { RefundRequest, RequestRefundOutcome } from "../../src/domain/order/refunds.ts";
import {
  isAtRest,
  isFinal,
  type OrderIntent,
  type OrderRecord,
  type Rejection,
} from "../../src/domain/order/order.ts";
import { withinLimits } from "./card-limit.ts";
import { forgetWhenDue, type EraseAnswer } from "./erasing.ts";
import { takeUnits } from "./placing.ts";
import {
  NOTHING_SETTLED,
  type OrderAlarm,
  type OrderBindings,
  type OrderPorts,
  type OrderRules,
  type OrderStore,
  type Settled,
} from "./ports.ts";
import { isTold, rowsInBook, sendAll } from "./sending.ts";

export type PlaceOutcome =
  | { readonly kind: "accepted"; readonly order: OrderView; readonly viewKey: string }
  | { readonly kind: "rejected"; readonly rejection: Rejection }
  | { readonly kind: "idempotency_conflict" }
  /** `part` did not answer. Nothing is charged; the same key may be tried again at once. */
  | { readonly kind: "try_again"; readonly part: string };

export type LeaseAnswer = saga.LeaseOutcome & { readonly record: OrderRecord | null };
/** `next`: the lease of the next step, if one was requested and the order moved. */
export type ReportAnswer = ReportOutcome & { readonly next: LeaseAnswer | null };

/** `order` as it is afterwards; null while it is being placed. */
export type GiveUpAnswer =
  | { readonly kind: "giving_up"; readonly order: OrderView | null }
  | Exclude<saga.GiveUpOutcome, { readonly kind: "giving_up" }>
  | { readonly kind: "unknown" };

export type RefundAnswer = RequestRefundOutcome | { readonly kind: "unknown" };

export class OrderCore {
  readonly #store: OrderStore;
  readonly #alarm: OrderAlarm;
  readonly #bindings: OrderBindings;
  readonly #now: () => number;
  readonly #chance: () => number;
  readonly #rules: OrderRules;
  readonly #sending: Parameters<typeof sendAll>[0];
  readonly #waitUntil: (work: Promise<unknown>) => void;
  #record: OrderRecord | null;
  #placing: Promise<PlaceOutcome> | null = null;
  #flushing: Promise<void> = Promise.resolve();

  constructor(ports: OrderPorts) {
    const { store, alarm, bindings, now, chance, rules, awaitsBook, waitUntil } = ports;
    this.#chance = chance;
    this.#waitUntil = waitUntil;
    this.#store = store;
    this.#alarm = alarm;
    this.#bindings = bindings;
    this.#now = now;
    this.#rules = rules;
    this.#record = store.record();
    this.#sending = { bindings, now, awaitsBook, record: () => this.#held() };
  }

  #held(): OrderRecord {
    if (this.#record === null) throw new Error("order: asked before there is an intent");
    return this.#record;
  }

  get record(): OrderRecord | null {
    return this.#record;
  }

  /** Places the order, once: the same intent again gets the same answer (P6). */
  async place(intent: OrderIntent): Promise<PlaceOutcome> {
    const known = this.#record;
    if (known !== null && !isSameRequest(known, intent.fingerprint)) {
      return { kind: "idempotency_conflict" };
    }
    if (known === null) {
      const now = this.#now();
      this.#save({ record: this.#rules.place(intent, now), effects: [], outcome: null });
      // In the same commit, because without an alarm nothing would resume an interrupted placing.
      this.#alarm.knowNone();
      await this.#alarm.arm([now + PLACING_RETRY_MS], now);
    }
    return this.#settlePlacing();
  }

  /** The answer to an order placed earlier, also while it is being placed; null without one. */
  async placed(fingerprint: string): Promise<PlaceOutcome | null> {
    if (this.#record === null) return null;
    if (!isSameRequest(this.#record, fingerprint)) return { kind: "idempotency_conflict" };
    return this.#settlePlacing();
  }

  /** One placing at a time: concurrent requests and alarms share it. */
  async #settlePlacing(): Promise<PlaceOutcome> {
    const record = this.#held();
    if (record.standing.state !== "placing") return placedAnswer(record);
    this.#placing ??= this.#takeUnits(record).finally(() => {
      this.#placing = null;
    });
    return this.#placing;
  }

  async #takeUnits(record: OrderRecord): Promise<PlaceOutcome> {
    const taken = await takeUnits(this.#bindings, record.intent, this.#now());
    const now = this.#now();
    // A cancellation or a giving up may have been recorded meanwhile.
    const latest = this.#record ?? record;
    if (taken.kind === "try_again") {
      await this.#alarm.arm([now + PLACING_RETRY_MS], now);
      return taken;
    }
    const decision =
      taken.kind === "taken"
        ? this.#rules.accept(latest, now, taken.until_ms)
        : this.#rules.reject(latest, taken.rejection, now);
    this.#save<string>(decision);
    // No need to await: the outbox is durable, and the alarm of the placing sends it if this object
    // dies first.
    this.#waitUntil(this.#flush());
    return placedAnswer(decision.record);
  }

  /** Leases the next step to a consumer. */
  async lease(leaseId: string): Promise<LeaseAnswer> {
    if (this.#record === null) return { kind: "nothing", record: null };
    const { answer, hasEffects } = this.#grantLease(this.#record, leaseId);
    // Only a cancellation that is applied here has messages to send.
    if (hasEffects) await this.#flush();
    else await this.#alarm.arm([wakeAt_ms(this.#record)], this.#now());
    return answer;
  }

  #grantLease(record: OrderRecord, leaseId: string): { answer: LeaseAnswer; hasEffects: boolean } {
    const decision = this.#rules.lease(record, leaseId, this.#now());
    const outcome = this.#save(decision);
    const answer = { ...outcome, record: decision.record };
    return { answer, hasEffects: decision.effects.length > 0 };
  }

  /** Stores the provider's id of the payment durably, before anything is charged to it. */
  async recordPayment(leaseId: string, paymentId: string): Promise<"recorded" | "stale"> {
    if (this.#record === null) return "stale";
    return this.#save(this.#rules.recordPayment(this.#record, leaseId, paymentId));
  }

  /**
   * Applies a consumer's report, and leases the next step to it in the same commit.
   * @param nextLeaseId null when the consumer does not take another step
   */
  async report(
    leaseId: string,
    reported: StepReport | PutOff,
    nextLeaseId: string | null,
  ): Promise<ReportAnswer> {
    if (this.#record === null) return { kind: "stale", next: null };
    const checked = await withinLimits(this.#bindings, this.#record, reported);
    const now = this.#now();
    const decision = this.#rules.report(this.#record, leaseId, checked, now, this.#chance());
    const outcome = this.#save(decision);
    const continues = nextLeaseId !== null && outcome.kind === "moved";
    const next = continues ? this.#grantLease(decision.record, nextLeaseId).answer : null;
    await this.#flush();
    return { ...outcome, next };
  }

  async cancel(): Promise<saga.CancelOutcome | { readonly kind: "unknown" }> {
    if (this.#record === null) return { kind: "unknown" };
    const outcome = this.#save(this.#rules.cancel(this.#record, this.#now()));
    await this.#flush();
    return outcome;
  }

  /** The shopper's giving up, to pay another way. */
  async giveUp(): Promise<GiveUpAnswer> {
    if (this.#record === null) return { kind: "unknown" };
    const outcome = this.#save(this.#rules.giveUp(this.#record, this.#now()));
    if (outcome.kind !== "giving_up") return outcome;
    await this.#flush();
    const record = this.#record;
    return { kind: "giving_up", order: record === null ? null : viewOf(record) };
  }

  /** The room says that the shopper is gone, and asks whether the order keeps the seat. */
  async depart(hasLeft: boolean): Promise<saga.DepartedAnswer> {
    if (this.#record === null) return "over";
    const { depart } = this.#rules;
    const decision = depart(this.#record, hasLeft, this.#now());
    // Asked often: what changes nothing is not written.
    if (decision.record === this.#record) return decision.outcome;
    const outcome = this.#save(decision);
    await this.#flush();
    return outcome;
  }

  /** The merchant's refund; makes it durable before the provider is asked. */
  async requestRefund(request: RefundRequest): Promise<RefundAnswer> {
    if (this.#record === null) return { kind: "unknown" };
    const { requestRefund } = this.#rules;
    const outcome = await this.#saveAwake((record, now) => requestRefund(record, request, now));
    if (outcome.kind === "requested") await this.#flush();
    return outcome;
  }

  /** Erases the buyer now, or as soon as the order is at rest; the request is durable first. */
  async erase(): Promise<EraseAnswer> {
    await this.#alarm.know();
    const record = this.#record;
    if (record === null) return { kind: "unknown" };
    const { sale } = record.intent;
    const now = this.#now();
    const asked = this.#save(this.#rules.askErasure(record, now));
    if (asked.kind === "already_erased") return { kind: asked.kind, sale };
    await this.#alarm.arm([now + PLACING_RETRY_MS], now);
    await this.#flush();
    const isDone = this.#record !== null && isErased(this.#record);
    return { kind: isDone ? "erased" : "waiting", sale };
  }

  /** An order at rest wakes when its buyer is due to be erased. */
  async retain(): Promise<void> {
    await this.#alarm.know();
    if (this.#record === null || !isAtRest(this.#record)) return;
    await this.#alarm.arm([this.#rules.erasureDue_ms(this.#record)], this.#now());
  }

  async #eraseWhenDue(): Promise<void> {
    const now = this.#now();
    const forgotten = await forgetWhenDue(
      this.#record,
      this.#store,
      this.#bindings,
      this.#rules,
      now,
    );
    if (forgotten === "not_due" || this.#record === null) return;
    // Meanwhile a refund may have begun: then the order is not at rest, and is erased afterwards.
    const isErased =
      forgotten === "forgotten" &&
      this.#save(this.#rules.erase(this.#record, this.#now())) === "erased";
    if (isErased) return this.#perform();
    await this.#alarm.arm([now + OUTBOX_RETRY_MAX_MS], now);
  }

  /** The operator's retry: queues the order, and the next step need not wait for its time. */
  async hurry(): Promise<"queued" | "final" | "unknown"> {
    if (this.#record === null) return "unknown";
    const outcome = this.#save(this.#rules.hurry(this.#record, this.#now()));
    await this.#flush();
    return outcome;
  }

  /** A hint that the payment changed: an order that waits for the provider looks it up now. */
  async nudge(about: saga.NewsOf = "payment"): Promise<"queued" | "not_waiting" | "unknown"> {
    if (this.#record === null) return "unknown";
    const outcome = await this.#saveAwake((record, now) => this.#rules.nudge(record, now, about));
    if (outcome === "queued") await this.#flush();
    return outcome;
  }

  /** The events of these versions are in the order book, and need not be sent again. */
  async bookHas(versions: readonly number[]): Promise<void> {
    const done = rowsInBook(this.#store.outbox(), versions);
    if (done.length === 0) return;
    await this.#alarm.know();
    this.#settle({ ...NOTHING_SETTLED, done });
    await this.#armForRest();
  }

  /** Called by a SkuStock to audit units this order has owned for long: does it still (P5)? */
  async ownership(): Promise<"owns" | "sold" | "released"> {
    if (this.#record === null) return "released";
    const { standing } = this.#record;
    if (standing.state === "confirmed") return "sold";
    return isFinal(standing) ? "released" : "owns";
  }

  /** @param at_ms the instant that the alarm was set to, if the platform passes it */
  async ring(at_ms?: number): Promise<void> {
    this.#alarm.fired(at_ms);
    const record = this.#record;
    if (record === null) return;
    try {
      if (record.standing.state === "placing") await this.#settlePlacing();
      const { wake } = this.#rules;
      this.#save(wake(this.#record ?? record, this.#now()));
    } finally {
      await this.#flush();
    }
  }

  /**
   * Saves a change of an order that may be at rest, with an alarm in the same commit: one that is
   * at rest has none, and nothing would send its messages after a crash.
   */
  async #saveAwake<Outcome>(
    decide: (record: OrderRecord, now: number) => OrderDecision<Outcome>,
  ): Promise<Outcome> {
    await this.#alarm.know();
    const record = this.#held();
    const now = this.#now();
    const decision = decide(record, now);
    const outcome = this.#save(decision);
    if (decision.effects.length > 0) await this.#alarm.arm([now + PLACING_RETRY_MS], now);
    return outcome;
  }

  /** The one place that writes: record, history and outbox together. */
  #save<Outcome>(decision: OrderDecision<Outcome>): Outcome {
    if (decision.record !== this.#record || decision.effects.length > 0) {
      this.#store.save(decision.record, decision.effects);
      this.#record = decision.record;
    }
    return decision.outcome;
  }

  /** Sends the messages of the outbox that are due, one flush at a time, and arms for the rest. */
  #flush(): Promise<void> {
    const flush = this.#flushing.then(() => this.#perform());
    this.#flushing = flush.catch(() => undefined);
    return flush;
  }

  async #perform(): Promise<void> {
    if (this.#record === null) return;
    const due = this.#store.outbox().filter((row) => row.notBefore_ms <= this.#now());
    const settled = await sendAll(this.#sending, due);
    if (due.length > 0) this.#settle(settled);
    await this.#armForRest();
  }

  /** What waits for the order book alone keeps an order from nothing. */
  async #armForRest(): Promise<void> {
    const record = this.#record;
    if (record === null) return;
    const rows = this.#store.outbox();
    const due_ms = rows.map((row) => row.notBefore_ms);
    if (!rows.every(isTold) || !isAtRest(record)) {
      return this.#alarm.arm([...due_ms, wakeAt_ms(record)], this.#now());
    }
    const erases_ms = this.#rules.erasureDue_ms(record);
    if (erases_ms !== null && erases_ms <= this.#now()) return this.#eraseWhenDue();
    // What was set before would only wake the object with nothing to do. Nothing is awaited between
    // the two: a crash there would leave the order without any.
    const disarmed = this.#alarm.disarm();
    await Promise.all([disarmed, this.#alarm.arm([...due_ms, erases_ms], this.#now())]);
  }

  /** An order that is not final is saved again soon: removing sent rows then saves a write. */
  #settle(settled: Settled): void {
    const isSoon = settled.postponed.length === 0 && !this.#isFinal();
    if (isSoon) this.#store.settleLater(settled);
    else this.#store.settle(settled);
  }

  #isFinal(): boolean {
    return this.#record !== null && isFinal(this.#record.standing);
  }
}

function wakeAt_ms(record: OrderRecord): number | null {
  return isAtRest(record) ? null : record.wakeAt_ms;
}

function placedAnswer(record: OrderRecord): PlaceOutcome {
  const { intent, standing } = record;
  if (standing.state === "rejected") return { kind: "rejected", rejection: standing.rejection };
  return { kind: "accepted", order: viewOf(record), viewKey: intent.viewKey };
}
