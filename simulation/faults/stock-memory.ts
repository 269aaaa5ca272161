/**
 * One SKU's book in maps, as `StockTables` keeps it in SQLite.
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
  type StockChange,
  type StockCounters,
} from "../../src/domain/stock/stock-ledger.ts";

function nameOf({ buyer, id }: ReservationKey): string {
  return `${buyer}/${id}`;
}

export class StockMemory {
  readonly ledger: LedgerRow[] = [];
  readonly reservations = new Map<string, Reservation>();
  readonly movements = new Map<string, Movement>();
  /** When an order's units are asked after next, by reservation. */
  readonly audits = new Map<string, number>();
  counters: StockCounters = EMPTY_COUNTERS;

  /** @throws Error when a row leaves a gap: a bug */
  apply({ counters, rows, put, removed, movement }: StockChange): void {
    for (const row of rows) {
      if (row.seq !== this.ledger.length + 1) throw new Error(`row ${row.seq} leaves a gap`);
      this.ledger.push(row);
    }
    for (const key of removed) this.#remove(nameOf(key));
    for (const item of put) this.#put(item);
    if (movement !== null) this.movements.set(movement.id, movement);
    this.counters = counters;
  }

  of(key: ReservationKey): Reservation | null {
    return this.reservations.get(nameOf(key)) ?? null;
  }

  postponeAudit(key: ReservationKey, until_ms: number): void {
    if (this.of(key)?.standing.state === "ordered") this.audits.set(nameOf(key), until_ms);
  }

  dueAudits(now: number): Reservation[] {
    return [...this.audits].flatMap(([name, due_ms]) => {
      const item = this.reservations.get(name);
      return item === undefined || due_ms > now ? [] : [item];
    });
  }

  nextDue_ms(): number | null {
    let next: number | null = null;
    const consider = (due_ms: number): void => {
      next = Math.min(next ?? due_ms, due_ms);
    };
    for (const due_ms of this.audits.values()) consider(due_ms);
    for (const { standing } of this.reservations.values()) {
      if (standing.state === "held") consider(standing.deadline_ms);
    }
    return next;
  }

  #remove(name: string): void {
    this.reservations.delete(name);
    this.audits.delete(name);
  }

  #put(item: Reservation): void {
    const name = nameOf(item);
    this.reservations.set(name, item);
    const { standing } = item;
    if (standing.state === "ordered")
      this.audits.set(name, standing.orderedAt_ms + ORDERED_AUDIT_MS);
    else this.audits.delete(name);
  }
}

/** The store an instance is given: every change goes through `write`, which may crash it. */
export function stockStore(
  memory: StockMemory,
  sale: string,
  sku: string,
  write: (apply: () => void) => void,
): StockStore {
  const takenBy = (buyer: string): number => {
    let taken = 0;
    for (const item of memory.reservations.values()) {
      if (item.buyer === buyer && item.standing.state !== "released") taken += item.quantity;
    }
    return taken;
  };
  return {
    counters: () => memory.counters,
    lastSeq: () => memory.ledger.length,
    reservation: (key) => memory.of(key),
    takenBy: (_sale, buyer) => takenBy(buyer),
    dueHolds: (now) =>
      [...memory.reservations.values()].filter(({ standing }) => {
        return standing.state === "held" && standing.deadline_ms <= now;
      }),
    movement: (id) => memory.movements.get(id) ?? null,
    write: (change) => {
      const nothing = change.rows.length + change.put.length + change.removed.length === 0;
      if (nothing && change.movement === null) return;
      write(() => memory.apply(change));
    },
    nextDue_ms: () => memory.nextDue_ms(),
    dueAudits: (now) => memory.dueAudits(now),
    postponeAudit: (key, until_ms) => write(() => memory.postponeAudit(key, until_ms)),
    watchers: () => [{ sale, sku }],
  };
}
