/**
 * Order: one order's saga, its history and its outbox.
 *
 * Guarantee (P2): that of `order-core.ts`, made durable in SQLite. This class passes the core the
 * object's storage, its alarm and the bindings, and decides nothing.
 * Not for: calling payment or order backends; the orders Worker does, one leased step at a time.
 */
import { buyerHashOf, identitiesOf } from "../../src/domain/buyer/identities.ts";
import { mailFactsOf, type MailFacts } from "../../src/domain/mail/facts.ts";
import type { HistoryLine } from "../../src/domain/order/history.ts";
import { merchantViewOf, type MerchantOrderView } from "../../src/domain/order/merchant-view.ts";
import { bookEntryOf, type BookEntry } from "../../src/domain/order/book-entry.ts";
import { viewOf, type OrderView } from "../../src/domain/order/messages.ts";
import { receiptOf, type Receipt } from "../../src/domain/order/receipt.ts";
import type { RefundRequest } from "../../src/domain/order/refunds.ts";
import type * as saga from "../../src/domain/order/saga.ts";
import type { PutOff, StepReport } from "../../src/domain/order/step-outcomes.ts";
import { bookingOf, type OrderEffect } from "../../src/domain/order/transition.ts";
import { isFinal, type OrderIntent, type OrderRecord } from "../../src/domain/order/order.ts";
import { PAYMENT_KEYS_TRUSTED_MS } from "../../src/domain/limits.ts";
import { readSecrets } from "../../src/tokens/secrets.ts";
import { KeptObject } from "../backup/kept-object.ts";
import { SingleAlarm } from "../single-alarm.ts";
import {
  OrderCore,
  type GiveUpAnswer,
  type LeaseAnswer,
  type PlaceOutcome,
  type RefundAnswer,
  type ReportAnswer,
} from "./order-core.ts";
import type { EraseAnswer } from "./erasing.ts";
import { orderBindings } from "./bindings.ts";
import { ORDER_RULES } from "./ports.ts";
import { OrderTables } from "./order-tables.ts";

export class Order extends KeptObject {
  #tables: OrderTables;
  #core: OrderCore;

  constructor(ctx: DurableObjectState, env: GateEnv) {
    super(ctx, env);
    this.#tables = new OrderTables(ctx.storage);
    this.#core = this.#load();
  }

  #load(): OrderCore {
    const { ctx, env } = this;
    return new OrderCore({
      store: {
        record: () => this.#tables.record(),
        save: (record, effects) => this.save(record, effects),
        outbox: () => this.#tables.outbox(),
        settle: (settled) => this.#tables.settle(settled),
        settleLater: (done) => this.#tables.settleLater(done),
      },
      alarm: new SingleAlarm(ctx.storage),
      bindings: orderBindings(env),
      now: () => Date.now(),
      chance: () => Math.random(),
      rules: ORDER_RULES,
      awaitsBook: true,
      waitUntil: (work) => ctx.waitUntil(work),
    });
  }

  protected override prepareTables(): void {
    this.#tables.prepare();
  }

  /**
   * What the provider did since the backup is unknown. Within a day a repeated call gets the answer
   * of the first; later it could charge again, so an order in progress is cancelled instead.
   */
  protected override async beforeWaking(): Promise<void> {
    const { record } = this.#core;
    if (record === null || isFinal(record.standing)) return;
    if (Date.now() - record.intent.placedAt_ms >= PAYMENT_KEYS_TRUSTED_MS)
      await this.#core.cancel();
  }

  protected override reload(): void {
    this.#tables = new OrderTables(this.ctx.storage);
    this.#core = this.#load();
  }

  place(intent: OrderIntent): Promise<PlaceOutcome> {
    return this.#core.place(intent);
  }

  placed(fingerprint: string): Promise<PlaceOutcome | null> {
    return this.#core.placed(fingerprint);
  }

  lease(leaseId: string): Promise<LeaseAnswer> {
    return this.#core.lease(leaseId);
  }

  recordPayment(leaseId: string, paymentId: string): Promise<"recorded" | "stale"> {
    return this.#core.recordPayment(leaseId, paymentId);
  }

  report(
    leaseId: string,
    reported: StepReport | PutOff,
    nextLeaseId: string | null,
  ): Promise<ReportAnswer> {
    return this.#core.report(leaseId, reported, nextLeaseId);
  }

  cancel(): Promise<saga.CancelOutcome | { readonly kind: "unknown" }> {
    return this.#core.cancel();
  }

  giveUp(): Promise<GiveUpAnswer> {
    return this.#core.giveUp();
  }

  depart(hasLeft: boolean): Promise<saga.DepartedAnswer> {
    return this.#core.depart(hasLeft);
  }

  requestRefund(request: RefundRequest): Promise<RefundAnswer> {
    return this.#core.requestRefund(request);
  }

  erase(): Promise<EraseAnswer> {
    return this.#core.erase();
  }

  /**
   * The keyed hash of the buyer's address, for an order of a release before; null without one. The
   * order wakes when its buyer is due to be erased, which that release did not know.
   */
  async buyerHash(): Promise<string | null> {
    const { record } = this.#core;
    if (record === null || record.intent.email === "") return null;
    await this.#core.retain();
    const known = buyerHashOf(record.intent.identities);
    if (known !== null) return known;
    const secrets = await readSecrets(this.env);
    if (secrets.kind === "not_configured") throw new Error("order: the secrets cannot be read");
    return identitiesOf(record.intent, secrets.keys.buyerKeys)[0] ?? null;
  }

  bookHas(versions: readonly number[]): Promise<void> {
    return this.#core.bookHas(versions);
  }

  hurry(): Promise<"queued" | "final" | "unknown"> {
    return this.#core.hurry();
  }

  nudge(about?: saga.NewsOf): Promise<"queued" | "not_waiting" | "unknown"> {
    return this.#core.nudge(about);
  }

  async view(): Promise<{
    readonly order: OrderView;
    readonly buyer: string;
    readonly viewKey: string;
    readonly email: string;
    /** The shop's reference; null before it is booked. */
    readonly booking: string | null;
  } | null> {
    const { record } = this.#core;
    if (record === null) return null;
    const { buyer, viewKey, email } = record.intent;
    const booking = bookingOf(record.standing);
    return { order: viewOf(record), buyer, viewKey, email, booking };
  }

  /** What the order book must have of the order; null while it is being placed. */
  async bookEntry(): Promise<BookEntry | null> {
    const { record } = this.#core;
    return record === null ? null : bookEntryOf(record);
  }

  async merchantView(): Promise<MerchantOrderView | null> {
    const { record } = this.#core;
    return record === null ? null : merchantViewOf(record);
  }

  /** What the receipt says; null unless the order is confirmed. */
  async receipt(): Promise<Receipt | null> {
    const { record } = this.#core;
    return record === null ? null : receiptOf(record, this.#tables.history());
  }

  /** What the mails to the buyer say of the order. */
  async mailFacts(): Promise<MailFacts | null> {
    const { record } = this.#core;
    return record === null ? null : mailFactsOf(record);
  }

  async history(): Promise<readonly HistoryLine[]> {
    return this.#tables.history();
  }

  ownership(): Promise<"owns" | "sold" | "released"> {
    return this.#core.ownership();
  }

  override alarm(info?: AlarmInvocationInfo): Promise<void> {
    return this.#core.ring(info?.scheduledTime);
  }

  /** Writes record, history and outbox together. */
  protected save(record: OrderRecord, effects: readonly OrderEffect[]): void {
    this.#tables.save(record, effects);
  }
}
