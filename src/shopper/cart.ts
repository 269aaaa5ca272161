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
 * an order takes is always said by its own lines.
 */
import type { SeatStanding } from "../domain/room/admission.ts";
import { priceLines, type Line, type PricedLine } from "../domain/stock/cart.ts";
import type { Sale } from "../domain/sale/sale.ts";
import type { HoldCommand, HoldOutcome } from "../domain/stock/stock.ts";
import { roomOf, stockOf } from "../platform/objects.ts";
import type { Admission } from "../tokens/admissions.ts";
import { visitOf, type Carried, type GateContext, type Visit } from "./visit.ts";

export interface CartLine extends Line {
  readonly outcome: "held" | "already_held";
}

export type AdmissionRefused =
  | { readonly kind: "sale_not_found" }
  | { readonly kind: "room_unavailable" }
  | { readonly kind: "admission_required" }
  | { readonly kind: "admission_expired"; readonly past: Admission | null }
  | { readonly kind: "admission_invalid" }
  /** It was given to another device, and the sale refuses it here. */
  | { readonly kind: "admission_replayed" };

export type LinesRefused =
  | { readonly kind: "unknown_sku"; readonly sku: string; readonly index: number }
  | { readonly kind: "too_many_lines"; readonly limit: number }
  | {
      readonly kind: "limit_reached";
      readonly sku: string;
      readonly limit: number;
      readonly taken?: number;
    };

export type SetCartOutcome =
  | {
      readonly kind: "set";
      readonly lines: readonly CartLine[];
      readonly holdsUntil_ms: number | null;
    }
  | { readonly kind: "sold_out"; readonly sku: string; readonly available: number }
  | { readonly kind: "stock_unavailable"; readonly sku: string }
  | { readonly kind: "admission_spent" }
  | { readonly kind: "sale_over" }
  | LinesRefused
  | AdmissionRefused;

/** The visit of somebody who is in the shop, or why they are not. */
export async function admittedVisit(
  context: GateContext,
  sale: string,
  carried: Carried,
): Promise<
  | { readonly kind: "admitted"; readonly visit: Visit; readonly admission: Admission }
  | AdmissionRefused
> {
  const found = await visitOf(context, sale, carried);
  if (found.kind !== "visit") return found;
  const { visit } = found;
  if (visit.admission !== null) return { kind: "admitted", visit, admission: visit.admission };
  return admissionRefusal(visit);
}

/** Why a visit is not in the shop. */
export function admissionRefusal(visit: Visit): AdmissionRefused {
  switch (visit.admissionRefused) {
    case null:
      return { kind: "admission_required" };
    case "expired":
      return { kind: "admission_expired", past: visit.pastAdmission };
    case "invalid":
      return { kind: "admission_invalid" };
    case "replayed":
      return { kind: "admission_replayed" };
  }
}

/** Until when a new hold of this admission lasts. */
export function holdDeadline_ms(sale: Sale, admission: Admission, now: number): number {
  return Math.min(now + sale.admission.holdSeconds * 1000, admission.expiresAt_ms);
}

type Asked = { readonly sku: string; readonly outcome: HoldOutcome | null };

async function holdLine(
  context: GateContext,
  sale: Sale,
  admission: Admission,
  line: Line & { readonly limitPerBuyer: number },
): Promise<Asked> {
  const command: HoldCommand = {
    sale: sale.id,
    buyer: admission.subject,
    id: admission.id,
    quantity: line.quantity,
    deadline_ms: holdDeadline_ms(sale, admission, context.now),
    limitPerBuyer: line.limitPerBuyer,
  };
  const { env, carts, waitUntil } = context;
  const holdAll = (commands: readonly HoldCommand[]): Promise<HoldOutcome[]> => {
    return stockOf(env, line.sku).holdAll(commands);
  };
  const outcome = await carts.holds.ask(line.sku, command, holdAll, waitUntil);
  return { sku: line.sku, outcome };
}

export async function setCart(
  context: GateContext,
  saleId: string,
  carried: Carried,
  lines: readonly Line[],
): Promise<SetCartOutcome> {
  const found = await admittedVisit(context, saleId, carried);
  if (found.kind !== "admitted") return found;
  const { visit, admission } = found;
  const { sale } = visit;
  const priced = priceLines(sale, lines);
  if (priced.kind !== "priced") return priced;
  if (visit.seen.snapshot.phase === "ended" && lines.length > 0) return { kind: "sale_over" };
  const wanted = priced.lines.map((line) => ({ ...line, limitPerBuyer: limitOf(sale, line.sku) }));
  const [seat, asked] = await Promise.all([
    wanted.length === 0 ? null : seatRefusal(context, admission),
    Promise.all(wanted.map((line) => holdLine(context, sale, admission, line))),
  ]);
  const refusal = seat ?? refusalOf(asked);
  if (refusal !== null) {
    await giveBack(context, sale, admission, asked);
    return refusal;
  }
  const kept = new Set(wanted.map(({ sku }) => sku));
  const others = sale.items.filter(({ sku }) => !kept.has(sku));
  await Promise.all(
    others.map(({ sku, limitPerBuyer }) => {
      return holdLine(context, sale, admission, { sku, quantity: 0, limitPerBuyer });
    }),
  );
  return setOutcome(asked);
}

async function seatRefusal(
  { env, carts, waitUntil }: GateContext,
  { sale, id }: Admission,
): Promise<SetCartOutcome | null> {
  const standings = (ids: readonly string[]): Promise<SeatStanding[]> => {
    return roomOf(env, sale).standings(ids);
  };
  const standing = await carts.seats.ask(sale, id, standings, waitUntil);
  switch (standing) {
    case null:
    case "active":
      return null;
    case "spent":
      return { kind: "admission_spent" };
    case "expired":
      return { kind: "admission_expired", past: null };
    case "left":
    case "unknown":
      return { kind: "admission_required" };
  }
}

export function limitOf(sale: Sale, sku: string): number {
  return sale.items.find((item) => item.sku === sku)?.limitPerBuyer ?? 0;
}

/** The first refusal in the order of the lines. */
function refusalOf(asked: readonly Asked[]): SetCartOutcome | null {
  for (const { sku, outcome } of asked) {
    switch (outcome?.kind) {
      case undefined:
        return { kind: "stock_unavailable", sku };
      case "sold_out":
        return { kind: "sold_out", sku, available: outcome.available };
      case "limit_reached":
        return { kind: "limit_reached", sku, limit: outcome.limit, taken: outcome.taken };
      case "hold_expired":
        return { kind: "admission_expired", past: null };
      case "held":
      case "already_held":
      case "released":
        break;
    }
  }
  return null;
}

/** Back to what each line was before; that is never more than now, so it cannot be refused. */
async function giveBack(
  context: GateContext,
  sale: Sale,
  admission: Admission,
  asked: readonly Asked[],
): Promise<void> {
  await Promise.all(
    asked.map(async ({ sku, outcome }) => {
      if (outcome?.kind !== "held" || outcome.previous >= outcome.quantity) return;
      const line = { sku, quantity: outcome.previous, limitPerBuyer: limitOf(sale, sku) };
      await holdLine(context, sale, admission, line);
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

export async function dropCart(
  context: GateContext,
  sale: Sale,
  admission: Admission,
): Promise<void> {
  await Promise.all(
    sale.items.map(({ sku, limitPerBuyer }) => {
      return holdLine(context, sale, admission, { sku, quantity: 0, limitPerBuyer });
    }),
  );
}

export interface CartView {
  readonly lines: readonly PricedLine[];
  readonly total: number;
  readonly holdsUntil_ms: number | null;
}

export type CartOutcome =
  | {
      readonly kind: "cart";
      readonly cart: CartView;
      readonly visit: Visit;
      readonly admission: Admission;
    }
  /** What a stock that does not answer holds is not known; it is not nothing. */
  | { readonly kind: "stock_unavailable"; readonly sku: string }
  | AdmissionRefused;

/** What the shopper holds now, as the SkuStocks say. */
export async function readCart(
  context: GateContext,
  saleId: string,
  carried: Carried,
): Promise<CartOutcome> {
  const found = await admittedVisit(context, saleId, carried);
  if (found.kind !== "admitted") return found;
  const { visit, admission } = found;
  const { sale } = visit;
  const key = { sale: sale.id, buyer: admission.subject, id: admission.id };
  const holds = await Promise.all(
    sale.items.map(async (item) => {
      const hold = await stockOf(context.env, item.sku)
        .reservation(key)
        .catch(() => "no_answer" as const);
      return { item, hold };
    }),
  );
  const lines: PricedLine[] = [];
  let holdsUntil_ms: number | null = null;
  for (const { item, hold } of holds) {
    if (hold === "no_answer") return { kind: "stock_unavailable", sku: item.sku };
    if (hold?.standing.state !== "held") continue;
    const { deadline_ms } = hold.standing;
    holdsUntil_ms = Math.min(holdsUntil_ms ?? deadline_ms, deadline_ms);
    lines.push({ sku: item.sku, name: item.name, price: item.price, quantity: hold.quantity });
  }
  const total = lines.reduce((sum, line) => sum + line.price * line.quantity, 0);
  return { kind: "cart", cart: { lines, total, holdsUntil_ms }, visit, admission };
}
