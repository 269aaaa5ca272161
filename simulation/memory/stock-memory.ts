/**
 * One SKU's ledger and reservations in maps, as `StockTables` keeps them in SQLite.
 *
 * Guarantee: a change is applied whole, and the ledger's sequence has no gap. What is kept here
 * outlives every instance of the object.
 */
import type { StockStore } from "../../durable-objects/sku-stock/stock-core.ts";
import type { Lapses } from "../../src/domain/stock/lapses.ts";
import { ORDERED_AUDIT_MS } from "../../src/domain/limits.ts";
import {
  changesNothing,
  EMPTY_COUNTERS,
  unitsTaken,
  type LedgerRow,
  type Movement,
  type Reservation,
  type ReservationKey,
  type Restock,
  type StockCounters,
  type StockDecision,
  type StockReads,
} from "../../src/domain/stock/stock-ledger.ts";
import { UnpaidIndex } from "../../src/domain/stock/unpaid-index.ts";

function nameOf({ buyer, id }: ReservationKey): string {
  return `${buyer}/${id}`;
}

export class StockMemory implements StockReads {
  readonly ledger: LedgerRow[] = [];
  readonly reservations = new Map<string, Reservation>();
  /** Restocks by id. */
  readonly restocks = new Map<string, Restock>();
  /**
   * Ledger rows, each reservation put or removed twice (once more for the index), and each claim
   * and origin of an order.
   */
  rowsWritten = 0;
  readonly #held = new Map<string, Reservation>();
  readonly #taken = new Map<string, number>();
  readonly #movements = new Map<string, Movement>();
  /** The names of the reservations of orders, by identity. */
  readonly #claims = new Map<string, Set<string>>();
  /** When an order's units are audited next, by reservation. */
  readonly #audits = new Map<string, number>();
  /** By sale and buyer. */
  readonly #firstHolds = new Map<string, number | null>();
  /** The sales that name the SKU. */
  readonly #sales = new Set<string>();
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
    return this.reservations.get(nameOf(key)) ?? null;
  }

  takenBy(_sale: string, buyer: string): number {
    return this.#taken.get(buyer) ?? 0;
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

  claimsOf(_sale: string, identity: string): Reservation[] {
    return [...(this.#claims.get(identity) ?? [])].flatMap((name) => {
      return this.reservations.get(name) ?? [];
    });
  }

  /** The identities that orders are claimed under. */
  identities(): string[] {
    return [...this.#claims.keys()];
  }

  restock(restockId: string): Restock | null {
    return this.restocks.get(restockId) ?? null;
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
    const { counters, rows, put, removed, movement, claims, restock, firstHold, lapses } = change;
    for (const row of rows) {
      if (row.seq !== this.ledger.length + 1) throw new Error(`row ${row.seq} leaves a gap`);
      this.ledger.push(row);
    }
    for (const key of removed) this.#keep(key, null);
    for (const item of put) this.#keep(item, item);
    if (movement !== null) this.#movements.set(movement.id, movement);
    for (const claim of claims) {
      const known = this.#claims.get(claim.identity) ?? new Set();
      this.#claims.set(claim.identity, known.add(nameOf(claim)));
    }
    if (restock !== null) this.restocks.set(restock.restockId, restock);
    if (firstHold !== null) {
      this.#firstHolds.set(`${firstHold.sale} ${firstHold.buyer}`, firstHold.until_ms);
      this.rowsWritten += 1;
    }
    for (const key of removed) this.#unpaid.remove(key);
    for (const item of put) this.#unpaid.put(item);
    for (const { sale, group, ...lapse } of lapses) this.lapses.set(`${sale} ${group}`, lapse);
    this.#counters = counters;
    const origins = put.filter(({ fromHold, standing }) => {
      return fromHold !== undefined && standing.state === "ordered";
    });
    this.rowsWritten += rows.length + 2 * (put.length + removed.length) + claims.length;
    this.rowsWritten += origins.length;
    return outcome;
  }

  #keep(key: ReservationKey, item: Reservation | null): void {
    const name = nameOf(key);
    const more = unitsTaken(item) - unitsTaken(this.reservation(key));
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

  #forgetBuyer({ sale, buyer, id }: ReservationKey, as: string): void {
    const known = this.reservation({ sale, buyer, id });
    for (const names of this.#claims.values()) names.delete(nameOf({ sale, buyer, id }));
    for (const [restockId, restock] of this.restocks) {
      if (restock.id === id) this.restocks.set(restockId, { ...restock, buyer: as });
    }
    if (known === null) return;
    this.#keep(known, null);
    this.#keep({ ...known, buyer: as }, { ...known, buyer: as });
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
      claimsOf: (_sale, identity) => this.claimsOf(sale, identity),
      unpaidUnder: (ofSale, group) => this.unpaidUnder(ofSale, group),
      lapsesOf: (ofSale, group) => this.lapsesOf(ofSale, group),
      dueHolds: (now) => this.dueHolds(now),
      firstHoldEnd_ms: (ofSale, buyer) => this.firstHoldEnd_ms(ofSale, buyer),
      movement: (id) => this.movement(id),
      restock: (restockId) => this.restock(restockId),
      write: (change) => {
        if (changesNothing(change)) return;
        write(() => this.apply({ change, outcome: null }));
      },
      forgetBuyer: (key, as) => write(() => this.#forgetBuyer(key, as)),
      nextDue_ms: () => this.#nextDue_ms(),
      dueAudits: (now) => this.#dueAudits(now),
      postponeAudit: (key, until_ms) => {
        write(() => {
          const name = nameOf(key);
          if (this.#audits.has(name)) this.#audits.set(name, until_ms);
        });
      },
      watchers: () => [...this.#sales].map((name) => ({ sale: name, sku })),
      watch: (name) => write(() => this.#sales.add(name)),
    };
  }
}
