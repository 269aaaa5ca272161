/**
 * Order: one order's saga, its history and its outbox.
 *
 * Guarantee (P2): the intent and the alarm are durable before the first side effect. Whatever
 * crashes afterwards, the alarm finds what is still owed (to the stock, the room, the queue) and
 * does it, and queues the order again when nobody has made progress. Effects are repeatable.
 * Not for: talking to payment or order backends; the orders Worker does, one leased step a time.
 */
import { DurableObject } from "cloudflare:workers";
import {
  OUTBOX_RETRY_MAX_MS,
  OUTBOX_RETRY_MIN_MS,
  PLACING_RETRY_MS,
  PROGRESS_WATCHDOG_MS,
} from "../src/domain/limits.ts";
import { viewOf, type OrderMessage, type OrderView } from "../src/domain/order-messages.ts";
import * as reports from "../src/domain/order-report.ts";
import * as saga from "../src/domain/order-saga.ts";
import type { OrderDecision } from "../src/domain/order-transition.ts";
import {
  isFinal,
  type OrderIntent,
  type OrderRecord,
  type Rejection,
} from "../src/domain/order.ts";
import { SingleAlarm } from "./single-alarm.ts";
import { OrderTables, type HistoryRow, type OutboxRow, type Owed } from "./order-tables.ts";
import { takeUnits } from "./order-placing.ts";

export type PlaceOutcome =
  | { readonly kind: "accepted"; readonly order: string; readonly viewKey: string }
  | { readonly kind: "rejected"; readonly rejection: Rejection }
  | { readonly kind: "idempotency_conflict" }
  /** A part did not answer. Nothing is charged; the same key may be tried again at once. */
  | { readonly kind: "try_again"; readonly part: string };

export type LeaseAnswer = saga.LeaseOutcome & { readonly record: OrderRecord | null };

export class Order extends DurableObject<GateEnv> {
  readonly #tables: OrderTables;
  #record: OrderRecord | null;
  #placing: Promise<PlaceOutcome> | null = null;
  #flushing: Promise<void> = Promise.resolve();
  readonly #alarm: SingleAlarm;

  constructor(ctx: DurableObjectState, env: GateEnv) {
    super(ctx, env);
    this.#tables = new OrderTables(ctx.storage);
    this.#alarm = new SingleAlarm(ctx.storage);
    this.#record = this.#tables.record();
  }

  /** Places the order, once: the same intent again gets the same answer (P6). */
  async place(intent: OrderIntent): Promise<PlaceOutcome> {
    const known = this.#record;
    if (known !== null && known.intent.fingerprint !== intent.fingerprint) {
      return { kind: "idempotency_conflict" };
    }
    if (known === null) {
      const now = Date.now();
      this.save({ record: saga.place(intent, now), effects: [], outcome: null });
      await this.#alarm.arm([now + PLACING_RETRY_MS], Date.now());
    }
    return this.#settlePlacing();
  }

  /** What was answered, or will be, to the order placed before; null when none was. */
  async placed(fingerprint: string): Promise<PlaceOutcome | null> {
    if (this.#record === null) return null;
    if (this.#record.intent.fingerprint !== fingerprint) return { kind: "idempotency_conflict" };
    return this.#settlePlacing();
  }

  /** One placing at a time, however many requests and alarms ask for it. */
  async #settlePlacing(): Promise<PlaceOutcome> {
    const record = this.#record;
    if (record === null) throw new Error("order: placing before there is an intent");
    if (record.standing.state !== "placing") return placedAnswer(record);
    this.#placing ??= this.#takeUnits(record).finally(() => {
      this.#placing = null;
    });
    return this.#placing;
  }

  async #takeUnits(record: OrderRecord): Promise<PlaceOutcome> {
    const taken = await takeUnits(this.env, record.intent, Date.now());
    const now = Date.now();
    if (taken.kind === "try_again") {
      await this.#alarm.arm([now + PLACING_RETRY_MS], Date.now());
      return taken;
    }
    const decision =
      taken.kind === "taken" ? saga.accept(record, now) : saga.reject(record, taken.rejection, now);
    this.save(decision);
    await this.#flush();
    return placedAnswer(decision.record);
  }

  /** Gives a consumer the next step, for the length of a lease. */
  async lease(leaseId: string): Promise<LeaseAnswer> {
    if (this.#record === null) return { kind: "nothing", record: null };
    const decision = saga.lease(this.#record, leaseId, Date.now());
    this.save(decision);
    const open = !isFinal(decision.record.standing);
    await this.#alarm.arm([open ? this.#watchdog_ms(decision.record) : null], Date.now());
    return { ...decision.outcome, record: decision.record };
  }

  /** The provider's id of the payment, durable before anything is charged to it. */
  async recordPayment(leaseId: string, paymentId: string): Promise<"recorded" | "stale"> {
    if (this.#record === null) return "stale";
    return this.save(saga.recordPayment(this.#record, leaseId, paymentId));
  }

  async report(
    leaseId: string,
    said: reports.StepReport | reports.PutOff,
  ): Promise<reports.ReportOutcome> {
    if (this.#record === null) return { kind: "stale" };
    const outcome = this.save(reports.report(this.#record, leaseId, said, Date.now()));
    await this.#flush();
    return outcome;
  }

  async cancel(): Promise<saga.CancelOutcome | { readonly kind: "unknown" }> {
    if (this.#record === null) return { kind: "unknown" };
    const outcome = this.save(saga.cancel(this.#record, Date.now()));
    await this.#flush();
    return outcome;
  }

  /** An operator's push: queued again, and whatever waited for its time may go now. */
  async hurry(): Promise<"queued" | "final" | "unknown"> {
    if (this.#record === null) return "unknown";
    const outcome = this.save(saga.hurry(this.#record, Date.now()));
    await this.#flush();
    return outcome;
  }

  async view(): Promise<{
    readonly order: OrderView;
    readonly buyer: string;
    readonly viewKey: string;
    readonly email: string;
  } | null> {
    if (this.#record === null) return null;
    const { buyer, viewKey, email } = this.#record.intent;
    return { order: viewOf(this.#record), buyer, viewKey, email };
  }

  async history(): Promise<HistoryRow[]> {
    return this.#tables.history();
  }

  /** Asked by a SkuStock whose units this order has owned for long: does it still (P5)? */
  async ownership(): Promise<"owns" | "sold" | "released"> {
    if (this.#record === null) return "released";
    const { standing } = this.#record;
    if (standing.state === "confirmed") return "sold";
    return isFinal(standing) ? "released" : "owns";
  }

  override async alarm(): Promise<void> {
    const record = this.#record;
    if (record === null) return;
    this.#alarm.fired();
    try {
      if (record.standing.state === "placing") await this.#settlePlacing();
      this.#watch(Date.now());
    } finally {
      await this.#flush();
    }
  }

  /** Nobody made progress for too long: a message was lost, or a consumer died. Queue again. */
  #watch(now: number): void {
    const record = this.#record;
    if (record === null || record.standing.state === "placing" || isFinal(record.standing)) return;
    if (now < this.#watchdog_ms(record)) return;
    const touched = { ...record, updatedAt_ms: now };
    this.save({ record: touched, effects: [{ kind: "queue" }], outcome: null });
  }

  #watchdog_ms(record: OrderRecord): number {
    return Math.max(record.updatedAt_ms, record.notBefore_ms) + PROGRESS_WATCHDOG_MS;
  }

  /** The one place that writes: record, history and outbox together. */
  protected save<Outcome>(decision: OrderDecision<Outcome>): Outcome {
    if (decision.record !== this.#record || decision.effects.length > 0) {
      this.#tables.save(decision.record, decision.effects);
      this.#record = decision.record;
    }
    return decision.outcome;
  }

  /** Does what is owed and due, one flush after the other, and sets the alarm for the rest. */
  #flush(): Promise<void> {
    const flush = this.#flushing.then(() => this.#perform());
    this.#flushing = flush.catch(() => undefined);
    return flush;
  }

  async #perform(): Promise<void> {
    const record = this.#record;
    if (record === null) return;
    const due = this.#tables.outbox().filter((row) => row.notBefore_ms <= Date.now());
    await Promise.all(due.map((row) => this.#performOne(record.intent, row)));
    const owedAt_ms = this.#tables.outbox().map((row) => row.notBefore_ms);
    const open = !isFinal(this.#record?.standing ?? record.standing);
    const instants = open ? [...owedAt_ms, this.#watchdog_ms(this.#record ?? record)] : owedAt_ms;
    await this.#alarm.arm(instants, Date.now());
  }

  async #performOne(intent: OrderIntent, { seq, owed, tries }: OutboxRow): Promise<void> {
    try {
      await this.#performEffect(intent, owed);
      this.#tables.done(seq);
    } catch (error) {
      const delay_ms = Math.min(OUTBOX_RETRY_MIN_MS * 2 ** tries, OUTBOX_RETRY_MAX_MS);
      this.#tables.postpone(seq, Date.now() + delay_ms);
      const why = error instanceof Error ? error.message : "unknown";
      const said = { at: "order", event: "owed_postponed", order: intent.id, owed: owed.kind, why };
      console.warn(JSON.stringify(said));
    }
  }

  /** One effect; every one of them may be repeated without a second consequence. */
  async #performEffect(intent: OrderIntent, owed: Owed): Promise<void> {
    switch (owed.kind) {
      case "queue": {
        const message: OrderMessage = { v: 1, kind: "order", order: intent.id };
        await this.env.ORDERS_QUEUE.send(message);
        return;
      }
      case "event":
        await this.env.EVENTS_QUEUE.send(owed.event);
        return;
      case "seat": {
        const rooms = this.env.WAITING_ROOM;
        const room = rooms.get(rooms.idFromName(intent.sale));
        await room.finishOrder(intent.admission, intent.id, owed.action);
        return;
      }
      case "stock":
        await this.#moveUnits(intent, owed.sku, owed.action);
    }
  }

  async #moveUnits(
    intent: OrderIntent,
    sku: string,
    action: "sell" | "release" | "return",
  ): Promise<void> {
    const stock = this.env.SKU_STOCK.get(this.env.SKU_STOCK.idFromName(sku));
    const key = { sale: intent.sale, buyer: intent.buyer, id: intent.id };
    if (action === "sell") {
      const sold = await stock.sell(key);
      if (sold.kind === "conflict") throw new Error(`sell of ${sku} met ${sold.state}`);
      return;
    }
    const { admission, holdUntil_ms } = intent;
    const backTo = action === "return" ? { holdId: admission, deadline_ms: holdUntil_ms } : null;
    await stock.release({ ...key, backTo });
  }
}

function placedAnswer({ intent, standing }: OrderRecord): PlaceOutcome {
  if (standing.state === "rejected") return { kind: "rejected", rejection: standing.rejection };
  return { kind: "accepted", order: intent.id, viewKey: intent.viewKey };
}
