/**
 * The SkuStock without its runtime: the Durable Object passes it SQLite, an alarm and bindings, the
 * simulation passes maps, a virtual clock and faults.
 *
 * Guarantee: every command loads, applies the rules, writes the whole change in one transaction,
 * and returns a named outcome. The alarm expires holds past their deadline, and audits units that
 * an order has owned for long (P5).
 */
import { erasedBuyerOf } from "../../src/domain/order/erasure.ts";
import { LEVEL_REPORT_INTERVAL_MS, ORDERED_AUDIT_MS } from "../../src/domain/limits.ts";
import * as identities from "../../src/domain/stock/identities.ts";
import { openStock, type OpenCommand, type OpenOutcome } from "../../src/domain/stock/opening.ts";
import * as restocks from "../../src/domain/stock/restock.ts";
import * as stock from "../../src/domain/stock/stock.ts";
import type {
  Movement,
  Reservation,
  ReservationKey,
  StockChange,
  StockDecision,
  StockLevel,
  StockReads,
} from "../../src/domain/stock/stock-ledger.ts";
import {
  withdraw,
  type Withdrawal,
  type WithdrawOutcome,
} from "../../src/domain/stock/withdrawal.ts";
import type { LogEntry } from "../../src/platform/log.ts";

/** Where a SKU's ledger is stored. `write` is one transaction. */
export interface StockStore extends StockReads {
  write(change: StockChange): void;
  /** The earliest instant at which a hold or an audit may be due; null without one. */
  nextDue_ms(now: number): number | null;
  /** Units owned by an order for `ORDERED_AUDIT_MS` since they were ordered or last audited. */
  dueAudits(now: number): readonly Reservation[];
  postponeAudit(key: ReservationKey, until_ms: number): void;
  /** Renames the buyer of an order, and deletes what they are counted by beside the name. */
  forgetBuyer(key: ReservationKey, as: string): void;
  watchers(): readonly { readonly sale: string; readonly sku: string }[];
  /** From now on the sale is one of those that name the SKU. */
  watch(sale: string, sku: string): void;
}

interface StockAlarm {
  know(): Promise<void>;
  fired(at_ms?: number): void;
  arm(instants_ms: readonly (number | null)[], now: number): Promise<void>;
}

/** The objects that a stock calls. A promise that rejects: no answer. */
export interface StockBindings {
  reportLevel(sale: string, level: StockLevel): Promise<unknown>;
  ownership(order: string): Promise<"owns" | "sold" | "released">;
  warn(entry: LogEntry): void;
}

/** The rules that decide; the simulation replaces them to plant bugs. */
export type StockRules = Pick<
  typeof stock &
    typeof identities &
    typeof restocks & { readonly openStock: typeof openStock; readonly withdraw: typeof withdraw },
  | "hold"
  | "order"
  | "claimIdentity"
  | "sell"
  | "release"
  | "restock"
  | "moveStock"
  | "openStock"
  | "withdraw"
  | "expire"
>;
export const STOCK_RULES: StockRules = {
  ...stock,
  ...identities,
  ...restocks,
  openStock,
  withdraw,
};

export interface StockPorts {
  readonly store: StockStore;
  readonly alarm: StockAlarm;
  readonly bindings: StockBindings;
  readonly now: () => number;
  readonly rules: StockRules;
}

export class StockCore {
  readonly #store: StockStore;
  readonly #alarm: StockAlarm;
  readonly #bindings: StockBindings;
  readonly #now: () => number;
  readonly #rules: StockRules;
  /** The ledger row up to which the rooms have the levels; 0 after a restart, because unknown. */
  #reportedSeq = 0;
  #reportedAt_ms = 0;

  constructor({ store, alarm, bindings, now, rules }: StockPorts) {
    this.#store = store;
    this.#alarm = alarm;
    this.#bindings = bindings;
    this.#now = now;
    this.#rules = rules;
  }

  hold(command: stock.HoldCommand): Promise<stock.HoldOutcome> {
    return this.#apply((now) => this.#rules.hold(this.#store, command, now));
  }

  /** In order, one after the other; each is decided and written as if it were called alone. */
  async holdAll(commands: readonly stock.HoldCommand[]): Promise<stock.HoldOutcome[]> {
    await this.#alarm.know();
    const outcomes = commands.map((command) => {
      return this.#write((now) => this.#rules.hold(this.#store, command, now));
    });
    await this.#arm();
    return outcomes;
  }

  order(command: stock.OrderCommand): Promise<stock.OrderOutcome> {
    return this.#apply((now) => this.#rules.order(this.#store, this.#named(command), now));
  }

  sell(key: ReservationKey): Promise<stock.SellOutcome> {
    return this.#apply((now) => this.#rules.sell(this.#store, this.#named(key), now));
  }

  release(command: stock.ReleaseCommand): Promise<stock.ReleaseOutcome> {
    return this.#apply((now) => this.#rules.release(this.#store, this.#named(command), now));
  }

  async claimIdentity(command: identities.ClaimCommand): Promise<identities.ClaimOutcome> {
    // Nobody is counted by an order whose buyer was forgotten.
    const isForgotten = this.#named(command).buyer === erasedBuyerOf(command.id);
    if (isForgotten) return { kind: "already_claimed" };
    return this.#apply((now) => this.#rules.claimIdentity(this.#store, command, now));
  }

  restock(command: restocks.RestockCommand): Promise<restocks.RestockOutcome> {
    return this.#apply((now) => this.#rules.restock(this.#store, command, now));
  }

  /** A sale names the SKU: receives its opening units, and reports the levels to its room. */
  async open(command: OpenCommand): Promise<OpenOutcome> {
    await this.#alarm.know();
    const sales = this.#store.watchers().map(({ sale }) => sale);
    const outcome = this.#write((now) => {
      return this.#rules.openStock(this.#store, sales, command, now);
    });
    // After its units: a sale that names the SKU without them would keep another from bringing any.
    this.#store.watch(command.sale, command.sku);
    await this.#arm();
    return outcome;
  }

  /** A call that was late names the buyer that the order had before it was forgotten here. */
  #named<Key extends ReservationKey>(key: Key): Key {
    const forgotten = { ...key, buyer: erasedBuyerOf(key.id) };
    return this.#store.reservation(forgotten) === null ? key : forgotten;
  }

  /** The order's buyer has another name from here on. No unit moves, and no row of the ledger. */
  forgetBuyer(key: ReservationKey, as: string): void {
    this.#store.forgetBuyer(key, as);
  }

  move(movement: Movement): Promise<stock.MovementOutcome> {
    return this.#apply((now) => this.#rules.moveStock(this.#store, movement, now));
  }

  withdraw(withdrawal: Withdrawal): Promise<WithdrawOutcome> {
    return this.#apply((now) => this.#rules.withdraw(this.#store, withdrawal, now));
  }

  /** Expires the holds past their deadline. */
  async expire(): Promise<void> {
    await this.#apply((now) => this.#rules.expire(this.#store, now));
  }

  async #apply<Outcome>(decide: (now: number) => StockDecision<Outcome>): Promise<Outcome> {
    // No await between write and alarm: a hold is never durable without the alarm that ends it.
    await this.#alarm.know();
    const outcome = this.#write(decide);
    await this.#arm();
    return outcome;
  }

  #write<Outcome>(decide: (now: number) => StockDecision<Outcome>): Outcome {
    const { outcome, change } = decide(this.#now());
    this.#store.write(change);
    return outcome;
  }

  /** For the next deadline, the next audit and the next report to the rooms. */
  #arm(): Promise<void> {
    const unreported = this.#store.lastSeq() > this.#reportedSeq;
    const report_ms = unreported ? this.#reportedAt_ms + LEVEL_REPORT_INTERVAL_MS : null;
    const now = this.#now();
    return this.#alarm.arm([this.#store.nextDue_ms(now), report_ms], now);
  }

  /** @param at_ms the instant that the alarm was set to, if the platform passes it */
  async ring(at_ms?: number): Promise<void> {
    this.#write((now) => this.#rules.expire(this.#store, now));
    try {
      await this.#auditOrdered();
      await this.#report();
    } finally {
      this.#alarm.fired(at_ms);
      await this.#arm();
    }
  }

  /** Reports the levels to every room; the next alarm retries if a room did not answer. */
  async #report(): Promise<void> {
    const seq = this.#store.lastSeq();
    const now = this.#now();
    // The alarm also fires for deadlines and audits, which must not make reports more frequent.
    if (seq <= this.#reportedSeq || now < this.#reportedAt_ms + LEVEL_REPORT_INTERVAL_MS) return;
    const counters = this.#store.counters();
    this.#reportedAt_ms = now;
    const reported = await Promise.allSettled(
      this.#store.watchers().map(({ sale, sku }) => {
        return this.#bindings.reportLevel(sale, { sku, ...counters, seq });
      }),
    );
    if (reported.every(({ status }) => status === "fulfilled")) this.#reportedSeq = seq;
    else this.#bindings.warn({ event: "level_report_failed", seq });
  }

  /** P5: asks the owner of units ordered for an hour, and sells or releases what has no owner. */
  async #auditOrdered(): Promise<void> {
    for (const { sale, buyer, id, quantity } of this.#store.dueAudits(this.#now())) {
      const key = { sale, buyer, id };
      const owner = await this.#bindings.ownership(id).catch(() => "unreachable" as const);
      if (owner === "sold") this.#write((now) => this.#rules.sell(this.#store, key, now));
      else if (owner === "released") {
        this.#write((now) => this.#rules.release(this.#store, { ...key, backTo: null }, now));
      } else this.#store.postponeAudit(key, this.#now() + ORDERED_AUDIT_MS);
      if (owner === "sold" || owner === "released") {
        this.#bindings.warn({ event: "orphan_healed", id, quantity });
      }
    }
  }
}
