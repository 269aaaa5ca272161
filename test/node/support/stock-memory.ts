/**
 * One SKU's book kept in maps: answers what the rules read, and applies what they decided.
 *
 * Guarantee: a change is applied whole, as the SkuStock's transaction does, and the ledger's
 * sequence has no gap. Not for storage: nothing survives the test.
 */
import type { Lapses } from "../../../src/domain/stock/lapses.ts";
import {
  EMPTY_COUNTERS,
  type LedgerRow,
  type IdentityClaim,
  type Movement,
  type Reservation,
  type ReservationKey,
  type Restock,
  type StockChange,
  type StockCounters,
  type StockDecision,
  type StockReads,
} from "../../../src/domain/stock/stock-ledger.ts";
import { UnpaidIndex } from "../../../src/domain/stock/unpaid-index.ts";

function nameOf({ sale, buyer, id }: ReservationKey): string {
  return `${sale}/${buyer}/${id}`;
}

export class StockMemory implements StockReads {
  readonly ledger: LedgerRow[] = [];
  readonly #reservations = new Map<string, Reservation>();
  readonly #movements = new Map<string, Movement>();
  readonly claims: IdentityClaim[] = [];
  readonly restocks = new Map<string, Restock>();
  /** By sale and buyer. */
  readonly #firstHolds = new Map<string, number | null>();
  readonly #unpaid = new UnpaidIndex();
  /** By sale and group. */
  readonly lapses = new Map<string, Lapses>();
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

  firstHoldEnd_ms(sale: string, buyer: string): number | null {
    return this.#firstHolds.get(`${sale} ${buyer}`) ?? null;
  }

  unpaidUnder(sale: string, group: string): Reservation[] {
    return this.#unpaid.under(sale, group);
  }

  lapsesOf(sale: string, group: string): Lapses | null {
    return this.lapses.get(`${sale} ${group}`) ?? null;
  }

  claimsOf(sale: string, identity: string): Reservation[] {
    return this.claims
      .filter((claim) => claim.sale === sale && claim.identity === identity)
      .flatMap((claim) => this.reservation(claim) ?? []);
  }

  restock(restockId: string): Restock | null {
    return this.restocks.get(restockId) ?? null;
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

  #write(change: StockChange): void {
    const { counters, rows, put, removed, movement, claims, restock, firstHold, lapses } = change;
    for (const row of rows) {
      if (row.seq !== this.ledger.length + 1) throw new Error(`row ${row.seq} leaves a gap`);
      this.ledger.push(row);
    }
    for (const key of removed) this.#reservations.delete(nameOf(key));
    for (const item of put) this.#reservations.set(nameOf(item), item);
    if (movement !== null) this.#movements.set(movement.id, movement);
    this.claims.push(...claims);
    if (restock !== null) this.restocks.set(restock.restockId, restock);
    if (firstHold !== null) {
      this.#firstHolds.set(`${firstHold.sale} ${firstHold.buyer}`, firstHold.until_ms);
    }
    for (const key of removed) this.#unpaid.remove(key);
    for (const item of put) this.#unpaid.put(item);
    for (const { sale, group, ...lapse } of lapses) this.lapses.set(`${sale} ${group}`, lapse);
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
