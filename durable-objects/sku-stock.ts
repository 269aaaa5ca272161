/**
 * SkuStock: the units of one SKU, in one place, one command after the other.
 *
 * Guarantee: every method loads, asks `src/domain/stock.ts`, writes the whole change in one
 * synchronous transaction, and answers with a named outcome. The platform holds the answer until
 * the write is durable, so an answer is a promise. No method throws for an expected failure.
 * Not for: prices, limits or who may buy; callers bring those.
 */
import { DurableObject } from "cloudflare:workers";
import { LEDGER_PAGE_ROWS_MAX, LEVEL_REPORT_INTERVAL_MS } from "../src/domain/limits.ts";
import type { StockLevel } from "../src/domain/room.ts";
import * as stock from "../src/domain/stock.ts";
import type {
  LedgerRow,
  Movement,
  Reservation,
  ReservationKey,
  StockDecision,
} from "../src/domain/stock-book.ts";
import { SingleAlarm } from "./single-alarm.ts";
import { ORDERED_AUDIT_MS, StockTables } from "./stock-tables.ts";

export class SkuStock extends DurableObject<GateEnv> {
  readonly #tables: StockTables;
  /** The ledger row up to which the rooms know the levels; unknown after a restart, so 0. */
  #reportedSeq = 0;
  #reportedAt_ms = 0;
  readonly #alarm: SingleAlarm;

  constructor(ctx: DurableObjectState, env: GateEnv) {
    super(ctx, env);
    this.#tables = new StockTables(ctx.storage);
    this.#alarm = new SingleAlarm(ctx.storage);
  }

  hold(command: stock.HoldCommand): Promise<stock.HoldOutcome> {
    return this.#apply((now) => stock.hold(this.#tables, command, now));
  }

  order(command: stock.OrderCommand): Promise<stock.OrderOutcome> {
    return this.#apply((now) => stock.order(this.#tables, command, now));
  }

  sell(key: ReservationKey): Promise<stock.SellOutcome> {
    return this.#apply((now) => stock.sell(this.#tables, key, now));
  }

  release(command: stock.ReleaseCommand): Promise<stock.ReleaseOutcome> {
    return this.#apply((now) => stock.release(this.#tables, command, now));
  }

  /** `receive`, `adjust` and `setBuffer`, told apart by the movement's kind. */
  move(movement: Movement): Promise<stock.MovementOutcome> {
    return this.#apply((now) => stock.moveStock(this.#tables, movement, now));
  }

  /** From now on the sale's room hears of this SKU's levels. Safe to repeat. */
  async attach(sale: string, sku: string): Promise<StockLevel> {
    this.#tables.watch(sale, sku);
    return this.levels(sku);
  }

  async levels(sku: string): Promise<StockLevel> {
    await this.#apply((now) => stock.expire(this.#tables, now));
    return { sku, ...this.#tables.counters(), seq: this.#tables.lastSeq() };
  }

  /** A hold or an order's units, as they stand now; null when there is none. */
  async reservation(key: ReservationKey): Promise<Reservation | null> {
    await this.#apply((now) => stock.expire(this.#tables, now));
    return this.#tables.reservation(key);
  }

  async history(after: number, limit: number): Promise<LedgerRow[]> {
    return this.#tables.ledger(after, Math.min(limit, LEDGER_PAGE_ROWS_MAX));
  }

  async #apply<Outcome>(decide: (now: number) => StockDecision<Outcome>): Promise<Outcome> {
    const outcome = this.#write(decide);
    await this.#arm();
    return outcome;
  }

  #write<Outcome>(decide: (now: number) => StockDecision<Outcome>): Outcome {
    const { outcome, change } = decide(Date.now());
    this.#tables.write(change);
    return outcome;
  }

  /** One alarm serves all: the next deadline, the next audit, the next report to the rooms. */
  #arm(): Promise<void> {
    const unreported = this.#tables.lastSeq() > this.#reportedSeq;
    const report_ms = unreported ? this.#reportedAt_ms + LEVEL_REPORT_INTERVAL_MS : null;
    const now = Date.now();
    return this.#alarm.arm([this.#tables.nextDue_ms(now), report_ms], now);
  }

  override async alarm(): Promise<void> {
    this.#write((now) => stock.expire(this.#tables, now));
    try {
      await this.#auditOrdered();
      await this.#report();
    } finally {
      this.#alarm.fired();
      await this.#arm();
    }
  }

  /** Tells every room the levels; a room that does not answer is told again by the next alarm. */
  async #report(): Promise<void> {
    const seq = this.#tables.lastSeq();
    const now = Date.now();
    // The alarm also comes for deadlines and audits; the rooms are told no oftener for that.
    if (seq <= this.#reportedSeq || now < this.#reportedAt_ms + LEVEL_REPORT_INTERVAL_MS) return;
    const counters = this.#tables.counters();
    this.#reportedAt_ms = now;
    const told = await Promise.allSettled(
      this.#tables.watchers().map(({ sale, sku }) => {
        const room = this.env.WAITING_ROOM.get(this.env.WAITING_ROOM.idFromName(sale));
        return room.reportLevel({ sku, ...counters, seq });
      }),
    );
    if (told.every(({ status }) => status === "fulfilled")) this.#reportedSeq = seq;
    else console.warn(JSON.stringify({ at: "sku-stock", event: "level_report_failed", seq }));
  }

  /** P5: units an order has owned for an hour are asked after, and healed if nobody owns them. */
  async #auditOrdered(): Promise<void> {
    for (const { sale, buyer, id, quantity } of this.#tables.dueAudits(Date.now())) {
      const key = { sale, buyer, id };
      const order = this.env.ORDER.get(this.env.ORDER.idFromName(id));
      const owner = await order.ownership().catch(() => "unreachable" as const);
      if (owner === "sold") this.#write((now) => stock.sell(this.#tables, key, now));
      else if (owner === "released") {
        this.#write((now) => stock.release(this.#tables, { ...key, backTo: null }, now));
      } else this.#tables.postponeAudit(key, Date.now() + ORDERED_AUDIT_MS);
      if (owner === "sold" || owner === "released") {
        console.warn(JSON.stringify({ at: "sku-stock", event: "orphan_healed", id, quantity }));
      }
    }
  }
}
