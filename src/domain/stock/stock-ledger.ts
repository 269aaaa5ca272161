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
import { lapsedAgain, type GroupLapses, type Lapses } from "./lapses.ts";

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

/** The units of an order that its shopper's hold had, and when that hold was to end. */
export interface FromHold {
  readonly quantity: number;
  readonly deadline_ms: number;
}

export interface Reservation extends ReservationKey {
  readonly quantity: number;
  readonly standing: ReservationStanding;
  /** Of an order; absent when all its units were fresh, or an older version ordered them. */
  readonly fromHold?: FromHold;
  /** Under which its units count while they are unpaid (`unpaid.ts`); absent: under none. */
  readonly groups?: readonly string[];
}

/** The order of a reservation was placed under this identity. */
export interface IdentityClaim extends ReservationKey {
  /** An opaque digest, such as of an e-mail address or a card's fingerprint. */
  readonly identity: string;
}

/** When the buyer's first hold of these units ends; null: they bought, and the next is a first. */
export interface FirstHold extends Pick<ReservationKey, "sale" | "buyer"> {
  readonly until_ms: number | null;
}

/** Sold units that went back on sale, stored by the restock's id so that repeating it is safe. */
export interface Restock extends ReservationKey {
  /** Chosen by the caller: the id of the refund. */
  readonly restockId: string;
  readonly quantity: number;
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
  /**
   * Units moved. Negative for `adjust` (units removed), `buffer` (units back on sale), and `sell`
   * (a sale reversed by a restock, whose `return_available` follows).
   */
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
  /** When the first hold of the buyer in this sale ends, or ended; null: none is remembered. */
  firstHoldEnd_ms(sale: string, buyer: string): number | null;
  /** The reservations of orders under this identity in this sale, released ones too. */
  claimsOf(sale: string, identity: string): readonly Reservation[];
  /** The reservations held or ordered under this group in this sale. */
  unpaidUnder(sale: string, group: string): readonly Reservation[];
  lapsesOf(sale: string, group: string): Lapses | null;
  /** Holds whose deadline is at or before `now`. */
  dueHolds(now: number): readonly Reservation[];
  movement(id: string): Movement | null;
  restock(restockId: string): Restock | null;
}

/** The changes of one command; they are written in one transaction. */
export interface StockChange {
  readonly counters: StockCounters;
  readonly rows: readonly LedgerRow[];
  readonly put: readonly Reservation[];
  readonly removed: readonly ReservationKey[];
  readonly movement: Movement | null;
  readonly claims: readonly IdentityClaim[];
  readonly restock: Restock | null;
  /** Only with other changes. */
  readonly firstHold: FirstHold | null;
  /** Only with other changes. */
  readonly lapses: readonly GroupLapses[];
}

/** True when there is nothing to write. */
export function changesNothing({
  rows,
  put,
  removed,
  movement,
  claims,
  restock,
}: StockChange): boolean {
  const changes = rows.length + put.length + removed.length + claims.length;
  return changes === 0 && movement === null && restock === null;
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

/** Units that are available, or may come back: in carts, and in orders in progress. */
export function unitsNotSold({ available, held, ordered }: StockCounters): number {
  return available + held + ordered;
}

function nameOf(key: ReservationKey): string {
  return JSON.stringify([key.sale, key.buyer, key.id]);
}

/** Units that count against a limit: those held, ordered or sold. */
export function unitsTaken(item: Reservation | null): number {
  return item === null || item.standing.state === "released" ? 0 : item.quantity;
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
  readonly #claims: IdentityClaim[] = [];
  #restock: Restock | null = null;
  #firstHold: FirstHold | null = null;
  readonly #lapses = new Map<string, GroupLapses>();

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
      this.lapse(hold);
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
    let taken = this.#reads.takenBy(sale, buyer);
    for (const key of this.#removed.values()) {
      if (mine(key)) taken -= unitsTaken(this.#reads.reservation(key));
    }
    for (const item of this.#put.values()) {
      if (mine(item)) taken += unitsTaken(item) - unitsTaken(this.#reads.reservation(item));
    }
    return taken;
  }

  /** Units that orders under the identity own or have bought in this sale. */
  takenUnder(sale: string, identity: string): number {
    const claims = this.#reads.claimsOf(sale, identity);
    return claims.reduce((taken, item) => taken + unitsTaken(item), 0);
  }

  /** Units that the group has unpaid, but for those of this hold. */
  unpaidUnder(sale: string, group: string, { buyer, id }: ReservationKey): number {
    const others = this.#reads.unpaidUnder(sale, group).filter((item) => {
      return item.id !== id || item.buyer !== buyer;
    });
    return others.reduce((units, item) => units + unitsTaken(this.reservation(item)), 0);
  }

  lapsesOf(sale: string, group: string): Lapses | null {
    return this.#lapses.get(`${sale} ${group}`) ?? this.#reads.lapsesOf(sale, group);
  }

  /** A hold, or the order made from it, ended unpaid: one lapse more of each of its groups. */
  lapse({ sale, groups = [], standing }: Reservation): void {
    const end_ms = standing.state === "held" ? standing.deadline_ms : this.#now;
    const at_ms = Math.min(end_ms, this.#now);
    for (const group of groups) {
      const lapses = lapsedAgain(this.lapsesOf(sale, group), at_ms);
      this.#lapses.set(`${sale} ${group}`, { sale, group, ...lapses });
    }
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
    const { groups, ...paid } = reservation;
    const isUnpaid = paid.standing.state === "held" || paid.standing.state === "ordered";
    this.#removed.delete(name);
    this.#put.set(name, isUnpaid && groups !== undefined ? reservation : paid);
  }

  remove({ sale, buyer, id }: ReservationKey): void {
    const name = nameOf({ sale, buyer, id });
    this.#put.delete(name);
    this.#removed.set(name, { sale, buyer, id });
  }

  /**
   * When a hold that begins now ends: as wanted, but while the buyer's first hold would last, with
   * it. So units that are let go and taken again, also under a new admission, are not held longer.
   */
  holdEnd_ms({ sale, buyer }: ReservationKey, wanted_ms: number): number {
    const first_ms = this.#reads.firstHoldEnd_ms(sale, buyer) ?? 0;
    return first_ms > this.#now ? Math.min(first_ms, wanted_ms) : wanted_ms;
  }

  /** A hold begins, which is the buyer's first unless another would still last. */
  beginHold({ sale, buyer }: ReservationKey, until_ms: number): void {
    const first_ms = this.#reads.firstHoldEnd_ms(sale, buyer) ?? 0;
    if (first_ms <= this.#now) this.#firstHold = { sale, buyer, until_ms };
  }

  /** The buyer has paid. */
  endHold({ sale, buyer }: ReservationKey): void {
    if (this.#reads.firstHoldEnd_ms(sale, buyer) === null) return;
    this.#firstHold = { sale, buyer, until_ms: null };
  }

  remember(movement: Movement): void {
    this.#movement = movement;
  }

  claim({ sale, buyer, id }: ReservationKey, identity: string): void {
    this.#claims.push({ sale, buyer, id, identity });
  }

  rememberRestock(restock: Restock): void {
    this.#restock = restock;
  }

  decide<Outcome>(outcome: Outcome): StockDecision<Outcome> {
    const change = {
      counters: this.#counters,
      rows: this.#rows,
      put: [...this.#put.values()],
      removed: [...this.#removed.values()],
      movement: this.#movement,
      claims: this.#claims,
      restock: this.#restock,
      firstHold: this.#firstHold,
      lapses: [...this.#lapses.values()],
    };
    return { outcome, change };
  }
}
