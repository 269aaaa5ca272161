/**
 * Compares what the parts of a sale know of its orders, and names every difference.
 *
 * Guarantee: nothing agrees that was not looked at: where a part did not answer, the verdict is
 * null. An order that changed in the last minute is not compared, because its units, its row and
 * its booking follow it one after the other.
 */
import type { BookEntry } from "./book-entry.ts";
import { countersAgree, type ReservationStanding } from "../stock/stock-ledger.ts";
import type { StockCounters } from "../stock/stock-ledger.ts";

/** What follows an order is there within seconds; longer than this, and something is wrong. */
export const SETTLING_MS = 60_000;

export const DIFFERENCE_KINDS = [
  "order_unknown",
  "units",
  "not_in_book",
  "book_behind",
  "book_ahead",
  "not_booked",
  "booking_cancelled",
  "booked_unsold",
  "no_payment",
  "other_payment",
  "payment_shared",
  "refunded_too_much",
] as const;
type DifferenceKind = (typeof DIFFERENCE_KINDS)[number];

/** What to do about each. */
export const DIFFERENCES = {
  order_unknown: "Its units are taken, and its object knows nothing of it: ask the support.",
  units: "Wait an hour: the SkuStock asks the order by itself. Then see its ledger.",
  not_in_book: "Rebuild the order book: npm run rebuild-book.",
  book_behind: "Rebuild the order book: npm run rebuild-book.",
  book_ahead: "The order's object was turned back: compare its payment at the provider.",
  not_booked: "Rebuild the order book: npm run rebuild-book. Ship nothing twice.",
  booking_cancelled: "It is paid, and its booking is cancelled: ship or refund it yourself.",
  booked_unsold: "Do not ship it. Rebuild the order book: npm run rebuild-book.",
  no_payment: "It is confirmed without a payment: look for it at the provider by its id.",
  other_payment: "The book names another payment: look for both at the provider.",
  payment_shared: "Two orders name one payment: look for it at the provider.",
  refunded_too_much: "More was refunded than was paid: see its refunds at the provider.",
} as const satisfies Record<DifferenceKind, string>;

export interface Difference {
  readonly kind: DifferenceKind;
  readonly order: string;
  readonly detail: string;
  readonly next: string;
}

export interface BookRow {
  /** Null: the order is not in the book. */
  readonly order: {
    readonly state: string;
    readonly version: number;
    readonly payment: string | null;
    /** Another order with the same payment; null: none. */
    readonly sharedWith: string | null;
  } | null;
  /** The state of its booking in the embedded order book; null: none. */
  readonly booking: string | null;
}

export interface OrderFacts {
  readonly entry: BookEntry;
  readonly sku: string;
  /** Null: none. */
  readonly units: ReservationStanding["state"] | null;
  /** Null: the book did not answer. */
  readonly row: BookRow | null;
}

export function isSettling({ event }: BookEntry, now: number): boolean {
  return now - event.at_ms < SETTLING_MS;
}

export function differencesOf(facts: OrderFacts): Difference[] {
  const found = [...unitsOf(facts), ...moneyOf(facts.entry), ...bookOf(facts)];
  const order = facts.entry.event.order;
  return found.map(([kind, detail]) => ({ kind, order, detail, next: DIFFERENCES[kind] }));
}

export function unknownOrder(order: string, sku: string): Difference {
  const kind = "order_unknown";
  return { kind, order, detail: `it has taken units of ${sku}`, next: DIFFERENCES[kind] };
}

type Found = readonly [kind: DifferenceKind, detail: string];

function unitsOf({ entry: { event }, sku, units }: OrderFacts): Found[] {
  const ended = event.state === "confirmed" ? "sold" : "released";
  const wanted = event.final ? ended : "ordered";
  const isBack = wanted === "released" && units === null;
  if (units === wanted || isBack) return [];
  const are = units === null ? "not reserved" : units;
  return [["units", `the order is ${event.state}, and its units of ${sku} are ${are}`]];
}

function moneyOf({ event }: BookEntry): Found[] {
  const found: Found[] = [];
  if (event.state === "confirmed" && event.payment === null && event.total > 0) {
    found.push(["no_payment", `the order is confirmed for ${event.total} ${event.currency}`]);
  }
  if (event.refunded > event.total) {
    found.push(["refunded_too_much", `${event.refunded} of ${event.total} are refunded`]);
  }
  return found;
}

function bookOf({ entry, row }: OrderFacts): Found[] {
  return row === null ? [] : [...rowOf(entry, row.order), ...bookingOf(entry, row.booking)];
}

function rowOf({ event, isEvent }: BookEntry, row: BookRow["order"]): Found[] {
  const own = `the order is at version ${event.version}, ${event.state}`;
  if (row === null) return [["not_in_book", own]];
  const found: Found[] = [];
  const there = `${own}; the book at version ${row.version}, ${row.state}`;
  const isBehind = isEvent && row.version < event.version;
  if (isBehind) found.push(["book_behind", there]);
  if (row.version > event.version) found.push(["book_ahead", there]);
  if (!isBehind && row.payment !== null && row.payment !== event.payment) {
    found.push(["other_payment", `the order names ${event.payment}, the book ${row.payment}`]);
  }
  if (row.sharedWith !== null) {
    found.push(["payment_shared", `${row.payment} is also the payment of ${row.sharedWith}`]);
  }
  return found;
}

function bookingOf({ event, booking }: BookEntry, booked: string | null): Found[] {
  const is = `the order is ${event.state}`;
  if (booking?.status === "booked" && booked === null) return [["not_booked", is]];
  if (booking?.status === "booked" && booked === "cancelled") return [["booking_cancelled", is]];
  const endedUnsold = event.final && event.state !== "confirmed";
  return endedUnsold && booked === "booked" ? [["booked_unsold", is]] : [];
}

export interface SkuFacts {
  readonly counters: StockCounters;
  /** What its reservations add up to, of this sale. */
  readonly units: {
    readonly ordered: number;
    readonly sold: number;
    readonly restocked: number;
    readonly movedAt_ms: number | null;
  };
  /** Other sales share the units. */
  readonly isShared: boolean;
  /** Of confirmed orders in the book; null: it did not answer. */
  readonly confirmed: number | null;
}

/** Null: it is not known, because a part did not answer, or an order is just moving. */
export function skuAgrees(facts: SkuFacts, now: number): boolean | null {
  const { counters, units, isShared, confirmed } = facts;
  if (!countersAgree(counters)) return false;
  const addsUp = counters.ordered === units.ordered && counters.sold === units.sold;
  if (!isShared && !addsUp) return false;
  if (confirmed === null) return null;
  if (confirmed === units.sold + units.restocked) return true;
  return now - (units.movedAt_ms ?? 0) < SETTLING_MS ? null : false;
}

export interface Looked {
  readonly skus: readonly (boolean | null)[];
  readonly differences: number;
  /** Names of what could not be looked at. */
  readonly unknown: readonly string[];
  readonly isWhole: boolean;
}

/** False as soon as something differs; true only when everything was looked at. */
export function verdictOf({ skus, differences, unknown, isWhole }: Looked): boolean | null {
  if (differences > 0 || skus.includes(false)) return false;
  return isWhole && unknown.length === 0 && !skus.includes(null) ? true : null;
}
