/**
 * SkuStock: the units of one SKU, in one object, one command after the other.
 *
 * Guarantee: that of `stock-core.ts`, made durable in SQLite. The platform holds the answer
 * until the write is durable, so an answer is a promise. No method throws for an expected failure.
 * Not for: prices, limits or who may buy; callers pass those.
 */
import { LEDGER_PAGE_ROWS_MAX } from "../../src/domain/limits.ts";
import type { ClaimCommand, ClaimOutcome } from "../../src/domain/stock/identities.ts";
import type { OpenCommand, OpenOutcome } from "../../src/domain/stock/opening.ts";
import type { RestockCommand, RestockOutcome } from "../../src/domain/stock/restock.ts";
import * as stock from "../../src/domain/stock/stock.ts";
import type {
  LedgerRow,
  Movement,
  Reservation,
  ReservationKey,
  StockLevel,
} from "../../src/domain/stock/stock-ledger.ts";
import type { Withdrawal, WithdrawOutcome } from "../../src/domain/stock/withdrawal.ts";
import { log } from "../../src/platform/log.ts";
import { orderOf, redisBridgeOf, roomOf } from "../../src/platform/objects.ts";
import { readRedisConfig } from "../../src/redis/connection.ts";
import { KeptObject } from "../backup/kept-object.ts";
import { SingleAlarm } from "../single-alarm.ts";
import { orderedBy, reservedBy } from "./forgetting.ts";
import { orderIdsAfter } from "./reservation-rows.ts";
import {
  ordersFrom,
  unitsOfOrders,
  type OrdersOfLedger,
  type UnitsOfOrders,
} from "./orders-of-ledger.ts";
import { STOCK_RULES, StockCore, type StockBindings } from "./stock-core.ts";
import { StockTables } from "./stock-tables.ts";

export class SkuStock extends KeptObject {
  #tables: StockTables;
  #core: StockCore;

  constructor(ctx: DurableObjectState, env: GateEnv) {
    super(ctx, env);
    this.#tables = new StockTables(ctx.storage);
    this.#core = this.#load();
  }

  #load(): StockCore {
    return new StockCore({
      store: this.#tables,
      alarm: new SingleAlarm(this.ctx.storage),
      bindings: stockBindings(this.env),
      now: () => Date.now(),
      rules: STOCK_RULES,
    });
  }

  protected override reload(): void {
    this.#tables = new StockTables(this.ctx.storage);
    this.#core = this.#load();
  }

  hold(command: stock.HoldCommand): Promise<stock.HoldOutcome> {
    return this.#core.hold(command);
  }

  /** A batch of holds of several shoppers; the outcomes have the same order. */
  holdAll(commands: readonly stock.HoldCommand[]): Promise<stock.HoldOutcome[]> {
    return this.#core.holdAll(commands);
  }

  order(command: stock.OrderCommand): Promise<stock.OrderOutcome> {
    return this.#core.order(command);
  }

  sell(key: ReservationKey): Promise<stock.SellOutcome> {
    return this.#core.sell(key);
  }

  release(command: stock.ReleaseCommand): Promise<stock.ReleaseOutcome> {
    return this.#core.release(command);
  }

  /** Counts an order also under an identity that became known later: the card's fingerprint. */
  claimIdentity(command: ClaimCommand): Promise<ClaimOutcome> {
    return this.#core.claimIdentity(command);
  }

  /** Puts units of a confirmed order back on sale, under the id of the refund. */
  restock(command: RestockCommand): Promise<RestockOutcome> {
    return this.#core.restock(command);
  }

  /** The orders of one buyer, and the admissions of their carts. Writes nothing. */
  async ordersOf(sale: string, buyer: string): Promise<string[]> {
    return reservedBy(this.ctx.storage.sql, sale, buyer);
  }

  /** The orders of a sale that took units here, in the order of their ids. Writes nothing. */
  async orderIds(sale: string, after: string, limit: number): Promise<string[]> {
    return orderIdsAfter(this.ctx.storage.sql, sale, after, limit);
  }

  /**
   * The orders that ever took units, in the order in which they did, after a row of the ledger.
   * Writes nothing. A taking is a row, so no order has units that are not found here.
   */
  async ordersFrom(after: number, limit: number): Promise<OrdersOfLedger> {
    return ordersFrom(this.ctx.storage.sql, after, limit);
  }

  /** The units of one sale's orders, as their reservations have them. Writes nothing. */
  async unitsOfOrders(sale: string): Promise<UnitsOfOrders> {
    return unitsOfOrders(this.ctx.storage.sql, sale);
  }

  async orderedBy(sale: string): Promise<number> {
    return orderedBy(this.ctx.storage.sql, sale);
  }

  /**
   * A sale that named the SKU is deleted. Units that another sale shares stay, and so do those of a
   * shop that has its stock in Redis, because the bridge moves them. Safe to repeat.
   */
  async forgetSale(sale: string): Promise<"deleted" | "shared" | "redis"> {
    const isBridged = readRedisConfig(this.env).kind === "on";
    return this.#tables.forgetSale(sale, isBridged) === "deleted"
      ? "deleted"
      : isBridged
        ? "redis"
        : "shared";
  }

  /** Renames the buyer of an order, and forgets what else they are counted by. Safe to repeat. */
  async forgetBuyer(key: ReservationKey, as: string): Promise<void> {
    this.#core.forgetBuyer(key, as);
  }

  /** A sale names the SKU: receives its opening units once, and reports the levels to its room. */
  open(command: OpenCommand): Promise<OpenOutcome> {
    return this.#core.open(command);
  }

  /** `receive`, `adjust` or `buffer`, by the movement's kind. */
  move(movement: Movement): Promise<stock.MovementOutcome> {
    return this.#core.move(movement);
  }

  /** Withdraws a quantity of units under an id, or all that are available. */
  withdraw(withdrawal: Withdrawal): Promise<WithdrawOutcome> {
    return this.#core.withdraw(withdrawal);
  }

  /** The sales that name the SKU, and whether it ever had units. */
  naming(): { readonly sales: readonly string[]; readonly hadUnits: boolean } {
    const sales = this.#tables.watchers().map(({ sale }) => sale);
    return { sales, hadUnits: this.#tables.lastSeq() > 0 };
  }

  /** Reads, and writes nothing: no hold is expired, and no alarm is set. */
  async levels(sku: string): Promise<StockLevel> {
    return { sku, ...stock.countersAt(this.#tables, Date.now()), seq: this.#tables.lastSeq() };
  }

  /** The reservation of a cart or an order; null without one. Writes nothing. */
  async reservation(key: ReservationKey): Promise<Reservation | null> {
    return stock.reservationAt(this.#tables, key, Date.now());
  }

  /** Those of several shoppers, in the same order. Writes nothing. */
  async reservations(keys: readonly ReservationKey[]): Promise<(Reservation | null)[]> {
    const now = Date.now();
    return keys.map((key) => stock.reservationAt(this.#tables, key, now));
  }

  async history(after: number, limit: number): Promise<LedgerRow[]> {
    return this.#tables.ledger(after, Math.min(limit, LEDGER_PAGE_ROWS_MAX));
  }

  override alarm(info?: AlarmInvocationInfo): Promise<void> {
    return this.#core.ring(info?.scheduledTime);
  }
}

function stockBindings(env: GateEnv): StockBindings {
  return {
    reportLevel: async (sale, level) => {
      const room = roomOf(env, sale);
      if (readRedisConfig(env).kind !== "on") return room.reportLevel(level);
      // The bridge only stores the level, and writes it to Redis later.
      const bridge = redisBridgeOf(env, level.sku);
      await Promise.all([room.reportLevel(level), bridge.noteLevel(level)]);
    },
    ownership: (order) => orderOf(env, order).ownership(),
    warn: ({ event, ...fields }) => log.warn("sku-stock", event, fields),
  };
}
