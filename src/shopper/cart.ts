/**
 * The cart: what a shopper holds in each SkuStock.
 *
 * A cart is filled only from a seat: the room is asked whether the admission is still active, at
 * the same time as the stock. When the room does not answer, those who are in go on.
 *
 * Guarantee: all lines or none. More is asked for first, in parallel; on one refusal everything
 * this request had taken is given back, and only when all were granted is the rest let go. Setting
 * the same cart again changes nothing. A gate that dies in between leaves holds with a deadline.
 *
 * The gate keeps no cart of its own: a hold's id is the admission's, so the SkuStocks of the
 * sale's items are the cart. Two carts set at the same instant by one shopper may mix by SKU; what
 * an order takes is always in its own lines.
 */
import type { SeatStanding } from "../domain/room/admission.ts";
import { priceLines, totalOf, type Line, type PricedLine } from "../domain/stock/cart.ts";
import { itemOf, type Sale } from "../domain/sale/sale.ts";
import { unpaidTermsOf } from "../domain/stock/unpaid-terms.ts";
import type { HoldCommand, HoldOutcome } from "../domain/stock/stock.ts";
import type { Reservation, ReservationKey } from "../domain/stock/stock-ledger.ts";
import { roomOf, stockOf } from "../platform/objects.ts";
import type { Admission } from "../tokens/admissions.ts";
import type { ReservationRead } from "./cart-batches.ts";
import type { HeldUnits } from "./cart-memory.ts";
import { inShop, type AdmissionRefused, type InShop, type Visit } from "./visit.ts";

export interface CartLine extends Line {
  readonly outcome: "held" | "already_held";
}

export type LinesRefused =
  | { readonly kind: "unknown_sku"; readonly sku: string; readonly index: number }
  | { readonly kind: "too_many_lines"; readonly limit: number }
  | {
      readonly kind: "limit_reached";
      readonly sku: string;
      readonly limit: number;
      readonly taken?: number;
    };

/** What a stock that does not answer holds is not known; it is not nothing. */
export type StockUnavailable = { readonly kind: "stock_unavailable"; readonly sku: string };

/** More unpaid units than the shopper or their network may have, or too many that lapsed. */
export type UnpaidRefused =
  | {
      readonly kind: "unpaid_limit_reached";
      readonly sku: string;
      readonly limit: number;
      readonly taken: number;
    }
  | {
      readonly kind: "cooling_off";
      readonly sku: string;
      readonly until_ms: number;
      readonly retry_s: number;
    };

export function coolingOff(sku: string, until_ms: number, now: number): UnpaidRefused {
  const retry_s = Math.max(Math.ceil((until_ms - now) / 1000), 1);
  return { kind: "cooling_off", sku, until_ms, retry_s };
}

export type SetCartOutcome =
  | {
      readonly kind: "set";
      readonly lines: readonly CartLine[];
      readonly holdsUntil_ms: number | null;
    }
  | { readonly kind: "sold_out"; readonly sku: string; readonly available: number }
  | UnpaidRefused
  | { readonly kind: "admission_spent" | "sale_over" }
  | StockUnavailable
  | LinesRefused
  | AdmissionRefused;

/** Until when a new hold of this admission lasts. */
export function holdDeadline_ms(sale: Sale, admission: Admission, now: number): number {
  return Math.min(now + sale.admission.holdSeconds * 1000, admission.expiresAt_ms);
}

type Asked = { readonly sku: string; readonly outcome: HoldOutcome | null };

async function holdLine(
  { gate, address, sale, admission }: InShop,
  { sku, quantity, isFinal = false }: Line & { readonly isFinal?: boolean },
): Promise<Asked> {
  const command: HoldCommand = {
    sale: sale.id,
    buyer: admission.subject,
    id: admission.id,
    quantity,
    deadline_ms: holdDeadline_ms(sale, admission, gate.now),
    limitPerBuyer: limitOf(sale, sku),
    unpaid: unpaidTermsOf(sale, admission.subject, address),
    ...(isFinal ? { isFinal } : {}),
  };
  const holdAll = (commands: readonly HoldCommand[]): Promise<HoldOutcome[]> => {
    return stockOf(gate.env, sku).holdAll(commands);
  };
  return { sku, outcome: await gate.carts.holds.ask(sku, command, holdAll, gate.waitUntil) };
}

export async function setCart(visit: Visit, lines: readonly Line[]): Promise<SetCartOutcome> {
  const shopper = inShop(visit);
  if (shopper.kind !== "in_shop") return shopper;
  const { memory } = visit.gate.carts;
  try {
    return await setLines(visit, shopper, lines);
  } finally {
    memory.forget(shopper.admission.id);
  }
}

async function setLines(
  visit: Visit,
  shopper: InShop,
  lines: readonly Line[],
): Promise<SetCartOutcome> {
  const { sale } = visit;
  const priced = priceLines(sale, lines);
  if (priced.kind !== "priced") return priced;
  if (visit.seen.snapshot.phase === "ended" && lines.length > 0) return { kind: "sale_over" };
  const wanted = priced.lines;
  const [seat, asked] = await Promise.all([
    wanted.length === 0 ? null : seatRefusal(shopper),
    Promise.all(wanted.map((line) => holdLine(shopper, line))),
  ]);
  const refusal = seat ?? refusalOf(asked, shopper.gate.now);
  if (refusal !== null) {
    await giveBack(shopper, asked);
    return refusal;
  }
  const kept = new Set(wanted.map(({ sku }) => sku));
  await letGo(shopper, { which: (sku) => !kept.has(sku) });
  return setOutcome(asked);
}

async function seatRefusal({ gate, admission }: InShop): Promise<SetCartOutcome | null> {
  const { sale, id } = admission;
  const standings = (ids: readonly string[]): Promise<SeatStanding[]> => {
    return roomOf(gate.env, sale).standings(ids);
  };
  const standing = await gate.carts.seats.ask(sale, id, standings, gate.waitUntil);
  switch (standing) {
    case null:
    case "active":
      return null;
    case "spent":
      return { kind: "admission_spent" };
    case "expired":
      return { kind: "admission_expired" };
    case "left":
    case "unknown":
      return { kind: "admission_required" };
  }
}

export function limitOf(sale: Sale, sku: string): number {
  return itemOf(sale, sku)?.limitPerBuyer ?? 0;
}

/** The first refusal in the order of the lines. */
function refusalOf(asked: readonly Asked[], now: number): SetCartOutcome | null {
  for (const { sku, outcome } of asked) {
    switch (outcome?.kind) {
      case undefined:
        return { kind: "stock_unavailable", sku };
      case "sold_out":
        return { kind: "sold_out", sku, available: outcome.available };
      case "limit_reached":
        return { kind: "limit_reached", sku, limit: outcome.limit, taken: outcome.taken };
      case "unpaid_limit_reached":
        return { ...outcome, sku };
      case "cooling_off":
        return coolingOff(sku, outcome.until_ms, now);
      case "hold_expired":
        return { kind: "admission_expired" };
      case "held":
      case "already_held":
      case "released":
        break;
    }
  }
  return null;
}

/** Back to what each line was before; that is never more than now, so it cannot be refused. */
async function giveBack(shopper: InShop, asked: readonly Asked[]): Promise<void> {
  await Promise.all(
    asked.map(async ({ sku, outcome }) => {
      if (outcome?.kind !== "held" || outcome.previous >= outcome.quantity) return;
      await holdLine(shopper, { sku, quantity: outcome.previous });
    }),
  );
}

function setOutcome(asked: readonly Asked[]): SetCartOutcome {
  const lines: CartLine[] = [];
  let holdsUntil_ms: number | null = null;
  for (const { sku, outcome } of asked) {
    if (outcome?.kind !== "held" && outcome?.kind !== "already_held") continue;
    lines.push({ sku, quantity: outcome.quantity, outcome: outcome.kind });
    holdsUntil_ms = Math.min(holdsUntil_ms ?? outcome.deadline_ms, outcome.deadline_ms);
  }
  return { kind: "set", lines, holdsUntil_ms };
}

interface LettingGo {
  /** Of the sale's items; all, when absent. */
  readonly which?: (sku: string) => boolean;
  /** The shopper is gone: what an order gives back later is not held for them either. */
  readonly isFinal?: boolean;
}

/** Releases what is held of the sale's items. */
export async function letGo(
  shopper: InShop,
  { which = () => true, isFinal = false }: LettingGo = {},
): Promise<void> {
  const items = shopper.sale.items.filter(({ sku }) => which(sku));
  await Promise.all(items.map(({ sku }) => holdLine(shopper, { sku, quantity: 0, isFinal })));
  shopper.gate.carts.memory.forget(shopper.admission.id);
}

export interface CartView {
  readonly lines: readonly PricedLine[];
  readonly total: number;
  readonly holdsUntil_ms: number | null;
}

export type CartOutcome =
  | { readonly kind: "cart"; readonly cart: CartView; readonly admission: Admission }
  | StockUnavailable
  | AdmissionRefused;

/**
 * What the shopper holds, as the SkuStocks say.
 * @param age "now", or "recent": not older than `CART_FRESH_MS`, and with this isolate's writes
 */
export async function readCart(visit: Visit, age: CartAge): Promise<CartOutcome> {
  const shopper = inShop(visit);
  if (shopper.kind !== "in_shop") return shopper;
  const { gate, sale, admission } = shopper;
  const { memory } = gate.carts;
  const known = age === "recent" ? memory.recent(admission.id, gate.now) : null;
  const remember = memory.reading(admission.id, gate.now);
  const read = known === null ? await askStocks(shopper) : { kind: "held" as const, held: known };
  if (read.kind !== "held") return read;
  if (known === null) remember(read.held);
  const lines: PricedLine[] = [];
  let holdsUntil_ms: number | null = null;
  for (const { sku, name, price } of sale.items) {
    const hold = read.held.get(sku);
    if (hold?.standing.state !== "held") continue;
    const { deadline_ms } = hold.standing;
    holdsUntil_ms = Math.min(holdsUntil_ms ?? deadline_ms, deadline_ms);
    lines.push({ sku, name, price, quantity: hold.quantity });
  }
  return { kind: "cart", cart: { lines, total: totalOf(lines), holdsUntil_ms }, admission };
}

export type CartAge = "now" | "recent";

/** Asks the SkuStock of every item of the sale, together with others who read a cart now. */
async function askStocks({
  gate,
  sale,
  admission,
}: InShop): Promise<{ readonly kind: "held"; readonly held: HeldUnits } | StockUnavailable> {
  const key = { sale: sale.id, buyer: admission.subject, id: admission.id };
  const askTogether = (sku: string) => {
    return async (keys: readonly ReservationKey[]): Promise<ReservationRead[]> => {
      const found = await stockOf(gate.env, sku).reservations(keys);
      return found.map((reservation) => ({ reservation }));
    };
  };
  const reads = await Promise.all(
    sale.items.map(async ({ sku }) => {
      const read = await gate.carts.reads.ask(sku, key, askTogether(sku), gate.waitUntil);
      return { sku, read };
    }),
  );
  const held = new Map<string, Reservation>();
  for (const { sku, read } of reads) {
    if (read === null) return { kind: "stock_unavailable", sku };
    if (read.reservation !== null) held.set(sku, read.reservation);
  }
  return { kind: "held", held };
}
