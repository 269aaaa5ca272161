/**
 * One SKU's book in maps, lean enough for a long sale: it forgets the ledger and keeps its length.
 *
 * Guarantee: a change is applied whole. Not for storage: a book lives as long as its simulation.
 */
import {
  EMPTY_COUNTERS,
  type Movement,
  type Reservation,
  type ReservationKey,
  type StockCounters,
  type StockDecision,
  type StockReads,
} from "../../src/domain/stock/stock-ledger.ts";

export class StockMaps implements StockReads {
  readonly #byBuyer = new Map<string, Map<string, Reservation>>();
  readonly #held = new Map<string, Reservation>();
  readonly #movements = new Map<string, Movement>();
  #counters: StockCounters = EMPTY_COUNTERS;
  #lastSeq = 0;
  #rowsWritten = 0;

  counters(): StockCounters {
    return this.#counters;
  }

  lastSeq(): number {
    return this.#lastSeq;
  }

  /** Ledger rows, reservations put and removed: each once, and once more for the index. */
  get rowsWritten(): number {
    return this.#rowsWritten;
  }

  reservation({ buyer, id }: ReservationKey): Reservation | null {
    return this.#byBuyer.get(buyer)?.get(id) ?? null;
  }

  takenBy(_sale: string, buyer: string): number {
    let taken = 0;
    for (const { standing, quantity } of this.#byBuyer.get(buyer)?.values() ?? []) {
      if (standing.state !== "released") taken += quantity;
    }
    return taken;
  }

  dueHolds(now: number): Reservation[] {
    const due: Reservation[] = [];
    for (const item of this.#held.values()) {
      if (item.standing.state === "held" && item.standing.deadline_ms <= now) due.push(item);
    }
    return due;
  }

  movement(id: string): Movement | null {
    return this.#movements.get(id) ?? null;
  }

  /** Writes what was decided and gives the outcome. */
  apply<Outcome>({ outcome, change }: StockDecision<Outcome>): Outcome {
    for (const { buyer, id } of change.removed) {
      this.#byBuyer.get(buyer)?.delete(id);
      this.#held.delete(`${buyer}/${id}`);
    }
    for (const item of change.put) this.#put(item);
    if (change.movement !== null) this.#movements.set(change.movement.id, change.movement);
    this.#lastSeq += change.rows.length;
    this.#counters = change.counters;
    const reservations = change.put.length + change.removed.length;
    this.#rowsWritten += change.rows.length + 2 * reservations;
    return outcome;
  }

  #put(item: Reservation): void {
    const mine = this.#byBuyer.get(item.buyer) ?? new Map<string, Reservation>();
    mine.set(item.id, item);
    this.#byBuyer.set(item.buyer, mine);
    const name = `${item.buyer}/${item.id}`;
    if (item.standing.state === "held") this.#held.set(name, item);
    else this.#held.delete(name);
  }
}
