/**
 * What a SkuStock does, wherever it runs: the Durable Object gives it SQLite, an alarm and
 * bindings, the simulation gives it maps, a virtual clock and faults.
 *
 * Guarantee: every command loads, calls the rules, writes the whole change in one transaction, and
 * answers with a named outcome. A hold past its deadline expires by alarm, and units that an order
 * has owned for long are checked with the order and healed (P5).
 */
import { LEVEL_REPORT_INTERVAL_MS, ORDERED_AUDIT_MS } from "../../src/domain/limits.ts";
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
import type { LogEntry } from "../../src/platform/log.ts";

/** Where a SKU's ledger is stored. `write` is one transaction. */
export interface StockStore extends StockReads {
  write(change: StockChange): void;
  /** The first instant at which something may be due; null when there is none. */
  nextDue_ms(now: number): number | null;
  /** Units owned by an order for longer than `ORDERED_AUDIT_MS` since the last check. */
  dueAudits(now: number): readonly Reservation[];
  postponeAudit(key: ReservationKey, until_ms: number): void;
  watchers(): readonly { readonly sale: string; readonly sku: string }[];
}

interface StockAlarm {
  know(): Promise<void>;
  fired(at_ms?: number): void;
  arm(instants_ms: readonly (number | null)[], now: number): Promise<void>;
}

/** The objects that a stock calls. A rejected promise: no answer. */
export interface StockParts {
  reportLevel(sale: string, level: StockLevel): Promise<unknown>;
  ownership(order: string): Promise<"owns" | "sold" | "released">;
  warn(entry: LogEntry): void;
}

/** The rules that decide; the simulation replaces them to plant bugs. */
export type StockRules = Pick<
  typeof stock,
  "hold" | "order" | "sell" | "release" | "moveStock" | "withdraw" | "expire"
>;
export const STOCK_RULES: StockRules = stock;

export interface StockPorts {
  readonly store: StockStore;
  readonly alarm: StockAlarm;
  readonly parts: StockParts;
  readonly now: () => number;
  readonly rules: StockRules;
}

export class StockCore {
  readonly #store: StockStore;
  readonly #alarm: StockAlarm;
  readonly #parts: StockParts;
  readonly #now: () => number;
  readonly #rules: StockRules;
  /** The ledger row up to which the rooms know the levels; unknown after a restart, so 0. */
  #reportedSeq = 0;
  #reportedAt_ms = 0;

  constructor({ store, alarm, parts, now, rules }: StockPorts) {
    this.#store = store;
    this.#alarm = alarm;
    this.#parts = parts;
    this.#now = now;
    this.#rules = rules;
  }

  hold(command: stock.HoldCommand): Promise<stock.HoldOutcome> {
    return this.#apply((now) => this.#rules.hold(this.#store, command, now));
  }

  /** One after the other, in their order; each is decided and written as if it came alone. */
  async holdAll(commands: readonly stock.HoldCommand[]): Promise<stock.HoldOutcome[]> {
    await this.#alarm.know();
    const outcomes = commands.map((command) => {
      return this.#write((now) => this.#rules.hold(this.#store, command, now));
    });
    await this.#arm();
    return outcomes;
  }

  order(command: stock.OrderCommand): Promise<stock.OrderOutcome> {
    return this.#apply((now) => this.#rules.order(this.#store, command, now));
  }

  sell(key: ReservationKey): Promise<stock.SellOutcome> {
    return this.#apply((now) => this.#rules.sell(this.#store, key, now));
  }

  release(command: stock.ReleaseCommand): Promise<stock.ReleaseOutcome> {
    return this.#apply((now) => this.#rules.release(this.#store, command, now));
  }

  move(movement: Movement): Promise<stock.MovementOutcome> {
    return this.#apply((now) => this.#rules.moveStock(this.#store, movement, now));
  }

  withdraw(withdrawal: stock.Withdrawal): Promise<stock.WithdrawOutcome> {
    return this.#apply((now) => this.#rules.withdraw(this.#store, withdrawal, now));
  }

  /** Lets what is past its deadline expire. */
  async expire(): Promise<void> {
    await this.#apply((now) => this.#rules.expire(this.#store, now));
  }

  async #apply<Outcome>(decide: (now: number) => StockDecision<Outcome>): Promise<Outcome> {
    // Nothing is awaited between the two: a hold is never durable without the alarm that ends it.
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

  /** One alarm serves all: the next deadline, the next audit, the next report to the rooms. */
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

  /** Reports the levels to every room; the next alarm repeats it for rooms without an answer. */
  async #report(): Promise<void> {
    const seq = this.#store.lastSeq();
    const now = this.#now();
    // The alarm also comes for deadlines and audits; reports do not become more frequent by that.
    if (seq <= this.#reportedSeq || now < this.#reportedAt_ms + LEVEL_REPORT_INTERVAL_MS) return;
    const counters = this.#store.counters();
    this.#reportedAt_ms = now;
    const told = await Promise.allSettled(
      this.#store.watchers().map(({ sale, sku }) => {
        return this.#parts.reportLevel(sale, { sku, ...counters, seq });
      }),
    );
    if (told.every(({ status }) => status === "fulfilled")) this.#reportedSeq = seq;
    else this.#parts.warn({ event: "level_report_failed", seq });
  }

  /** P5: units owned by an order for an hour are checked, and healed if no order owns them. */
  async #auditOrdered(): Promise<void> {
    for (const { sale, buyer, id, quantity } of this.#store.dueAudits(this.#now())) {
      const key = { sale, buyer, id };
      const owner = await this.#parts.ownership(id).catch(() => "unreachable" as const);
      if (owner === "sold") this.#write((now) => this.#rules.sell(this.#store, key, now));
      else if (owner === "released") {
        this.#write((now) => this.#rules.release(this.#store, { ...key, backTo: null }, now));
      } else this.#store.postponeAudit(key, this.#now() + ORDERED_AUDIT_MS);
      if (owner === "sold" || owner === "released") {
        this.#parts.warn({ event: "orphan_healed", id, quantity });
      }
    }
  }
}
