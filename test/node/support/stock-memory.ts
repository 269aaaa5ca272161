/**
 * One SKU's book kept in maps: answers what the rules read, and applies what they decided.
 *
 * Guarantee: a change is applied whole, as the SkuStock's transaction does, and the ledger's
 * sequence has no gap. Not for storage: nothing survives the test.
 */
import {
  EMPTY_COUNTERS,
  type LedgerRow,
  type Movement,
  type Reservation,
  type ReservationKey,
  type StockChange,
  type StockCounters,
  type StockDecision,
  type StockReads,
} from "../../../src/domain/stock/stock-ledger.ts";

function nameOf({ sale, buyer, id }: ReservationKey): string {
  return `${sale}/${buyer}/${id}`;
}

export class StockMemory implements StockReads {
  readonly ledger: LedgerRow[] = [];
  readonly #reservations = new Map<string, Reservation>();
  readonly #movements = new Map<string, Movement>();
  #counters: StockCounters = EMPTY_COUNTERS;

  counters(): StockCounters {
    return this.#counters;
  }

  lastSeq(): number {
    return this.ledger.length;
  }

  reservation(key: ReservationKey): Reservation | null {
    return this.#reservations.get(nameOf(key)) ?? null;
  }

  reservations(): Reservation[] {
    return [...this.#reservations.values()];
  }

  takenBy(sale: string, buyer: string): number {
    return this.reservations()
      .filter((item) => item.sale === sale && item.buyer === buyer)
      .filter(({ standing }) => standing.state !== "released")
      .reduce((sum, { quantity }) => sum + quantity, 0);
  }

  dueHolds(now: number): Reservation[] {
    return this.reservations().filter(({ standing }) => {
      return standing.state === "held" && standing.deadline_ms <= now;
    });
  }

  movement(id: string): Movement | null {
    return this.#movements.get(id) ?? null;
  }

  /** Writes what was decided and gives the outcome. */
  apply<Outcome>({ outcome, change }: StockDecision<Outcome>): Outcome {
    this.#write(change);
    return outcome;
  }

  #write({ counters, rows, put, removed, movement }: StockChange): void {
    for (const row of rows) {
      if (row.seq !== this.ledger.length + 1) throw new Error(`row ${row.seq} leaves a gap`);
      this.ledger.push(row);
    }
    for (const key of removed) this.#reservations.delete(nameOf(key));
    for (const item of put) this.#reservations.set(nameOf(item), item);
    if (movement !== null) this.#movements.set(movement.id, movement);
    this.#counters = counters;
  }
}

/** The ledger as an account statement, from the `after`th row on: what moved, for whom, then
 *  available / held / ordered / sold / kept back. */
export function statement(book: StockMemory, after = 0): string[] {
  return book.ledger.slice(after).map((row) => {
    const { kind, quantity, reservation, available, held, ordered, sold, buffer } = row;
    const parts = [available, held, ordered, sold, buffer];
    return `${kind} ${quantity} ${reservation} → ${parts.join("/")}`;
  });
}
