/**
 * One order's record and outbox in maps, as `OrderTables` keeps them in SQLite.
 *
 * Guarantee: `save` is one transaction; sequence numbers are never used again. What is kept here
 * outlives every instance of the object.
 */
import {
  NOTHING_SETTLED,
  outboxMessageOf,
  rowWithoutBuyer,
  settledRows,
  type OrderStore,
  type OutboxRow,
  type Settled,
} from "../../durable-objects/order/ports.ts";
import { isErased } from "../../src/domain/order/erasure.ts";
import type { OrderEffect } from "../../src/domain/order/transition.ts";
import type { OrderRecord } from "../../src/domain/order/order.ts";

export class OrderMemory {
  record: OrderRecord | null = null;
  readonly outbox = new Map<number, OutboxRow>();
  #rows = 0;

  save(record: OrderRecord, effects: readonly OrderEffect[]): void {
    this.record = record;
    if (isErased(record)) {
      for (const row of this.outbox.values()) this.outbox.set(row.seq, rowWithoutBuyer(row));
    }
    for (const effect of effects) {
      this.#rows += 1;
      const owed = outboxMessageOf(record, effect);
      this.outbox.set(this.#rows, { seq: this.#rows, owed, tries: 0, notBefore_ms: 0 });
    }
  }

  settle(settled: Settled): void {
    const rows = settledRows([...this.outbox.values()], settled);
    this.outbox.clear();
    for (const row of rows) this.outbox.set(row.seq, row);
  }
}

/** The store an instance is given: every change goes through `write`, which may crash it. */
export function orderStore(
  memory: OrderMemory,
  write: (apply: () => void) => void,
  saved: (before: OrderRecord | null, after: OrderRecord) => void,
): OrderStore {
  /** Sent, as this instance knows; it is forgotten with the instance unless it was written. */
  let unwritten: Settled[] = [];
  const settle = (settled: Settled): void => {
    for (const earlier of unwritten) memory.settle(earlier);
    memory.settle(settled);
    unwritten = [];
  };
  return {
    record: () => memory.record,
    save: (record, effects) => {
      const before = memory.record;
      write(() => {
        settle(NOTHING_SETTLED);
        memory.save(record, effects);
        saved(before, record);
      });
    },
    outbox: () => unwritten.reduce(settledRows, [...memory.outbox.values()]),
    settle: (settled) => write(() => settle(settled)),
    settleLater: (settled) => unwritten.push(settled),
  };
}
