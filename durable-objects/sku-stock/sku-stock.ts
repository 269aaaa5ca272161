/**
 * SkuStock: the units of one SKU, in one object, one command after the other.
 *
 * Guarantee: that of `stock-core.ts`, made durable in SQLite. The platform holds the answer
 * until the write is durable, so an answer is a promise. No method throws for an expected failure.
 * Not for: prices, limits or who may buy; callers pass those.
 */
import { DurableObject } from "cloudflare:workers";
import { LEDGER_PAGE_ROWS_MAX } from "../../src/domain/limits.ts";
import type * as stock from "../../src/domain/stock/stock.ts";
import type {
  LedgerRow,
  Movement,
  Reservation,
  ReservationKey,
  StockLevel,
} from "../../src/domain/stock/stock-ledger.ts";
import { log } from "../../src/platform/log.ts";
import { orderOf, redisBridgeOf, roomOf } from "../../src/platform/objects.ts";
import { readRedisConfig } from "../../src/redis/connection.ts";
import { SingleAlarm } from "../single-alarm.ts";
import { STOCK_RULES, StockCore, type StockBindings } from "./stock-core.ts";
import { StockTables } from "./stock-tables.ts";

export class SkuStock extends DurableObject<GateEnv> {
  readonly #tables: StockTables;
  readonly #core: StockCore;

  constructor(ctx: DurableObjectState, env: GateEnv) {
    super(ctx, env);
    this.#tables = new StockTables(ctx.storage);
    this.#core = new StockCore({
      store: this.#tables,
      alarm: new SingleAlarm(ctx.storage),
      bindings: stockBindings(env),
      now: () => Date.now(),
      rules: STOCK_RULES,
    });
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

  /** `receive`, `adjust` or `buffer`, by the movement's kind. */
  move(movement: Movement): Promise<stock.MovementOutcome> {
    return this.#core.move(movement);
  }

  /** Withdraws a quantity of units under an id, or all that are available. */
  withdraw(withdrawal: stock.Withdrawal): Promise<stock.WithdrawOutcome> {
    return this.#core.withdraw(withdrawal);
  }

  /** From now on the levels are reported to the sale's room. Safe to repeat. */
  async attach(sale: string, sku: string): Promise<StockLevel> {
    this.#tables.watch(sale, sku);
    return this.levels(sku);
  }

  async levels(sku: string): Promise<StockLevel> {
    await this.#core.expire();
    return { sku, ...this.#tables.counters(), seq: this.#tables.lastSeq() };
  }

  /** The reservation of a cart or an order; null without one. */
  async reservation(key: ReservationKey): Promise<Reservation | null> {
    await this.#core.expire();
    return this.#tables.reservation(key);
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
