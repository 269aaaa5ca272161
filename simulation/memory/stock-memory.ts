/**
 * One SKU's ledger and reservations in maps, as `StockTables` keeps them in SQLite.
 *
 * Guarantee: a change is applied whole, and the ledger's sequence has no gap. What is kept here
 * outlives every instance of the object.
 */
import type { StockStore } from "../../durable-objects/sku-stock/stock-core.ts";
import { ORDERED_AUDIT_MS } from "../../src/domain/limits.ts";
import {
  EMPTY_COUNTERS,
  type LedgerRow,
  type Movement,
  type Reservation,
  type ReservationKey,
  type StockCounters,
  type StockDecision,
  type StockReads,
} from "../../src/domain/stock/stock-ledger.ts";

function nameOf({ buyer, id }: ReservationKey): string {
  return `${buyer}/${id}`;
}

/** Units of its buyer's limit that a reservation takes. */
function unitsOf(item: Reservation | null): number {
  return item === null || item.standing.state === "released" ? 0 : item.quantity;
}

export class StockMemory implements StockReads {
  readonly ledger: LedgerRow[] = [];
  readonly reservations = new Map<string, Reservation>();
  /** Ledger rows, and each reservation put or removed twice: once more for the index. */
  rowsWritten = 0;
  readonly #held = new Map<string, Reservation>();
  readonly #taken = new Map<string, number>();
  readonly #movements = new Map<string, Movement>();
  /** When an order's units are audited next, by reservation. */
  readonly #audits = new Map<string, number>();
  #counters: StockCounters = EMPTY_COUNTERS;

  counters(): StockCounters {
    return this.#counters;
  }

  lastSeq(): number {
    return this.ledger.length;
  }

  reservation(key: ReservationKey): Reservation | null {
    return this.reservations.get(nameOf(key)) ?? null;
  }

  takenBy(_sale: string, buyer: string): number {
    return this.#taken.get(buyer) ?? 0;
  }

  dueHolds(now: number): Reservation[] {
    return [...this.#held.values()].filter(({ standing }) => {
      return standing.state === "held" && standing.deadline_ms <= now;
    });
  }

  movement(id: string): Movement | null {
    return this.#movements.get(id) ?? null;
  }

  /** Writes what was decided, and gives the outcome. @throws Error when a row leaves a gap */
  apply<Outcome>({ outcome, change }: StockDecision<Outcome>): Outcome {
    const { counters, rows, put, removed, movement } = change;
    for (const row of rows) {
      if (row.seq !== this.ledger.length + 1) throw new Error(`row ${row.seq} leaves a gap`);
      this.ledger.push(row);
    }
    for (const key of removed) this.#keep(key, null);
    for (const item of put) this.#keep(item, item);
    if (movement !== null) this.#movements.set(movement.id, movement);
    this.#counters = counters;
    this.rowsWritten += rows.length + 2 * (put.length + removed.length);
    return outcome;
  }

  #keep(key: ReservationKey, item: Reservation | null): void {
    const name = nameOf(key);
    const more = unitsOf(item) - unitsOf(this.reservation(key));
    this.#taken.set(key.buyer, this.takenBy(key.sale, key.buyer) + more);
    if (item === null) this.reservations.delete(name);
    else this.reservations.set(name, item);
    const standing = item?.standing;
    if (item !== null && standing?.state === "held") this.#held.set(name, item);
    else this.#held.delete(name);
    if (standing?.state === "ordered") {
      this.#audits.set(name, standing.orderedAt_ms + ORDERED_AUDIT_MS);
    } else this.#audits.delete(name);
  }

  #dueAudits(now: number): Reservation[] {
    return [...this.#audits].flatMap(([name, due_ms]) => {
      const item = this.reservations.get(name);
      return item === undefined || due_ms > now ? [] : [item];
    });
  }

  #nextDue_ms(): number | null {
    let next_ms = Number.POSITIVE_INFINITY;
    for (const due_ms of this.#audits.values()) next_ms = Math.min(next_ms, due_ms);
    for (const { standing } of this.#held.values()) {
      if (standing.state === "held") next_ms = Math.min(next_ms, standing.deadline_ms);
    }
    return Number.isFinite(next_ms) ? next_ms : null;
  }

  /** The store an instance is given. @param write makes a change durable, unless it crashes */
  store(sale: string, sku: string, write: (apply: () => void) => void): StockStore {
    return {
      counters: () => this.counters(),
      lastSeq: () => this.lastSeq(),
      reservation: (key) => this.reservation(key),
      takenBy: (_sale, buyer) => this.takenBy(sale, buyer),
      dueHolds: (now) => this.dueHolds(now),
      movement: (id) => this.movement(id),
      write: (change) => {
        const { rows, put, removed, movement } = change;
        if (rows.length + put.length + removed.length === 0 && movement === null) return;
        write(() => this.apply({ change, outcome: null }));
      },
      nextDue_ms: () => this.#nextDue_ms(),
      dueAudits: (now) => this.#dueAudits(now),
      postponeAudit: (key, until_ms) => {
        write(() => {
          const name = nameOf(key);
          if (this.#audits.has(name)) this.#audits.set(name, until_ms);
        });
      },
      watchers: () => [{ sale, sku }],
    };
  }
}
