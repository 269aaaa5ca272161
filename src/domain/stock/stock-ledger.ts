/**
 * The ledger of one SKU: counters, reservations, ledger rows, and the draft of a change.
 *
 * Guarantee (P1): every row a draft adds moves whole units from one counter to another, so that
 * `available + held + ordered + sold + buffer = received` holds after each, and `replayLedger`
 * rebuilds the counters from the rows alone. A draft that would make a counter negative throws:
 * the rules in `stock.ts` refuse such commands before they get here.
 * Not for storage: `StockReads` is implemented by a Durable Object, and by maps in simulations.
 */
import { z } from "zod";

const countersSchema = z.object({
  received: z.int(),
  available: z.int(),
  /** In carts, each with a deadline. */
  held: z.int(),
  /** Owned by orders in progress. */
  ordered: z.int(),
  sold: z.int(),
  /** Withheld from sale by the merchant. */
  buffer: z.int(),
});
export type StockCounters = Readonly<z.infer<typeof countersSchema>>;

/** The counters of a SKU as its ledger reports them to rooms and to a merchant's Redis. */
export const stockLevelSchema = countersSchema.extend({
  sku: z.string(),
  /** The ledger's last row when this was reported; an older report never replaces a newer. */
  seq: z.int(),
});
export type StockLevel = Readonly<z.infer<typeof stockLevelSchema>>;

export const EMPTY_COUNTERS: StockCounters = {
  received: 0,
  available: 0,
  held: 0,
  ordered: 0,
  sold: 0,
  buffer: 0,
};

export interface ReservationKey {
  readonly sale: string;
  /** The subject of the shopper's admission. */
  readonly buyer: string;
  /** A hold has the id of the admission, an ordered or sold reservation the id of the order. */
  readonly id: string;
}

export type ReservationStanding =
  | { readonly state: "held"; readonly deadline_ms: number }
  | { readonly state: "ordered"; readonly orderedAt_ms: number }
  | { readonly state: "sold" }
  /** Stays stored, so that a late or repeated `order` of the same id takes nothing. */
  | { readonly state: "released" };

export interface Reservation extends ReservationKey {
  readonly quantity: number;
  readonly standing: ReservationStanding;
}

export const LEDGER_KINDS = [
  "receive",
  "adjust",
  "buffer",
  "hold",
  "release",
  "expire",
  "order",
  "order_fresh",
  "sell",
  "return_held",
  "return_available",
] as const;
export type LedgerKind = (typeof LEDGER_KINDS)[number];

export interface LedgerRow extends StockCounters {
  readonly seq: number;
  readonly at_ms: number;
  readonly kind: LedgerKind;
  /** Units moved. Negative only for `adjust` (units removed) and `buffer` (units back on sale). */
  readonly quantity: number;
  /** The reservation's id, or the movement's. */
  readonly reservation: string;
}

/** A change of stock by the merchant, stored by its id so that repeating it is safe. */
export interface Movement {
  readonly id: string;
  readonly kind: "receive" | "adjust" | "buffer";
  readonly quantity: number;
  readonly reason: string;
}

export interface StockReads {
  counters(): StockCounters;
  lastSeq(): number;
  reservation(key: ReservationKey): Reservation | null;
  /** Units that the buyer holds, has ordered or has bought in this sale. */
  takenBy(sale: string, buyer: string): number;
  /** Holds whose deadline is at or before `now`. */
  dueHolds(now: number): readonly Reservation[];
  movement(id: string): Movement | null;
}

/** The changes of one command; they are written in one transaction. */
export interface StockChange {
  readonly counters: StockCounters;
  readonly rows: readonly LedgerRow[];
  readonly put: readonly Reservation[];
  readonly removed: readonly ReservationKey[];
  readonly movement: Movement | null;
}

export interface StockDecision<Outcome> {
  readonly outcome: Outcome;
  readonly change: StockChange;
}

type Flow = readonly [from: keyof StockCounters | null, to: keyof StockCounters];
const FLOWS: Record<LedgerKind, Flow> = {
  receive: [null, "available"],
  adjust: [null, "available"],
  buffer: ["available", "buffer"],
  hold: ["available", "held"],
  release: ["held", "available"],
  expire: ["held", "available"],
  order: ["held", "ordered"],
  order_fresh: ["available", "ordered"],
  sell: ["ordered", "sold"],
  return_held: ["ordered", "held"],
  return_available: ["ordered", "available"],
};

function flow(counters: StockCounters, kind: LedgerKind, quantity: number): StockCounters {
  const [from, to] = FLOWS[kind];
  const next = { ...counters, [to]: counters[to] + quantity };
  if (from === null) next.received += quantity;
  else next[from] -= quantity;
  return next;
}

/** Rebuilds the counters from a complete ledger, in order. */
export function replayLedger(rows: readonly Pick<LedgerRow, "kind" | "quantity">[]): StockCounters {
  return rows.reduce((counters, row) => flow(counters, row.kind, row.quantity), EMPTY_COUNTERS);
}

/** True when no counter is negative and they add up (P1). */
export function countersAgree(counters: StockCounters): boolean {
  const { received, available, held, ordered, sold, buffer } = counters;
  const parts = [available, held, ordered, sold, buffer];
  return (
    parts.every((units) => units >= 0) && parts.reduce((sum, units) => sum + units, 0) === received
  );
}

/** What a shopper may see instead of the count of available units. */
export type Level = "plenty" | "low" | "out";

/** `low` when at most a fifth of the received units is available. */
export function levelOf({ available, received }: StockCounters): Level {
  if (available <= 0) return "out";
  return available * 5 <= received ? "low" : "plenty";
}

function nameOf(key: ReservationKey): string {
  return JSON.stringify([key.sale, key.buyer, key.id]);
}

/** The changes of a command so far, on top of the stored state. */
export class StockDraft {
  readonly #reads: StockReads;
  readonly #now: number;
  readonly #rows: LedgerRow[] = [];
  readonly #put = new Map<string, Reservation>();
  readonly #removed = new Map<string, ReservationKey>();
  #counters: StockCounters;
  #movement: Movement | null = null;

  constructor(reads: StockReads, now: number) {
    this.#reads = reads;
    this.#now = now;
    this.#counters = reads.counters();
    this.#expireDueHolds();
  }

  /** A hold past its deadline counts as expired in every command, even if the alarm is late. */
  #expireDueHolds(): void {
    for (const hold of this.#reads.dueHolds(this.#now)) {
      this.move("expire", hold.quantity, hold.id);
      this.remove(hold);
    }
  }

  get counters(): StockCounters {
    return this.#counters;
  }

  reservation(key: ReservationKey): Reservation | null {
    const name = nameOf(key);
    if (this.#removed.has(name)) return null;
    return this.#put.get(name) ?? this.#reads.reservation(key);
  }

  /** Units of the buyer, with the changes drafted so far. */
  takenBy(sale: string, buyer: string): number {
    const mine = (key: ReservationKey): boolean => key.sale === sale && key.buyer === buyer;
    const counts = (item: Reservation | null): number =>
      item === null || item.standing.state === "released" ? 0 : item.quantity;
    let taken = this.#reads.takenBy(sale, buyer);
    for (const key of this.#removed.values()) {
      if (mine(key)) taken -= counts(this.#reads.reservation(key));
    }
    for (const item of this.#put.values()) {
      if (mine(item)) taken += counts(item) - counts(this.#reads.reservation(item));
    }
    return taken;
  }

  move(kind: LedgerKind, quantity: number, reservation: string): void {
    if (quantity === 0) return;
    const counters = flow(this.#counters, kind, quantity);
    if (!countersAgree(counters)) {
      throw new Error(`stock: ${kind} of ${quantity} breaks ${JSON.stringify(this.#counters)}`);
    }
    this.#counters = counters;
    const seq = this.#reads.lastSeq() + this.#rows.length + 1;
    this.#rows.push({ seq, at_ms: this.#now, kind, quantity, reservation, ...counters });
  }

  put(reservation: Reservation): void {
    const name = nameOf(reservation);
    this.#removed.delete(name);
    this.#put.set(name, reservation);
  }

  remove({ sale, buyer, id }: ReservationKey): void {
    const name = nameOf({ sale, buyer, id });
    this.#put.delete(name);
    this.#removed.set(name, { sale, buyer, id });
  }

  remember(movement: Movement): void {
    this.#movement = movement;
  }

  decide<Outcome>(outcome: Outcome): StockDecision<Outcome> {
    const change = {
      counters: this.#counters,
      rows: this.#rows,
      put: [...this.#put.values()],
      removed: [...this.#removed.values()],
      movement: this.#movement,
    };
    return { outcome, change };
  }
}
