/**
 * Placing an order, and looking at one.
 *
 * Guarantee (P6): the order's id follows from sale, shopper and idempotency key, so a repeated
 * request meets the same Order object and gets the same answer. What is paid comes from the sale
 * document, never from the request.
 */
import { priceLines, type Line } from "../domain/stock/cart.ts";
import { fingerprintOf, ORDER_ID_PATTERN, orderIdOf } from "../domain/order/order-id.ts";
import type { OrderView } from "../domain/order/messages.ts";
import type { OrderIntent, Rejection } from "../domain/order/order.ts";
import type { Sale } from "../domain/sale/sale.ts";
import { orderOf } from "../platform/objects.ts";
import { sameText } from "../platform/same-text.ts";
import { findSale } from "../sales/sale-directory.ts";
import { verifyAdmission, type Admission } from "../tokens/admissions.ts";
import {
  admittedVisit,
  holdDeadline_ms,
  limitOf,
  type AdmissionRefused,
  type LinesRefused,
} from "./cart.ts";
import { replayBy } from "./device-binding.ts";
import type { Carried, GateContext } from "./visit.ts";

export interface OrderRequest {
  readonly sale: string;
  readonly lines: readonly Line[];
  readonly buyer: { readonly email: string; readonly name?: string | undefined };
  readonly payment: { readonly method: string };
  readonly shipTo?: Readonly<Record<string, string>> | undefined;
}

export type PlaceOrderOutcome =
  | { readonly kind: "accepted"; readonly order: OrderView; readonly viewKey: string }
  | { readonly kind: "rejected"; readonly rejection: Rejection }
  | { readonly kind: "idempotency_conflict" }
  | { readonly kind: "order_unavailable"; readonly part: string }
  | { readonly kind: "sale_over" }
  | LinesRefused
  | AdmissionRefused;

/** @param orderPage where the shopper's browser comes back to, given the order's id and key */
export async function placeOrder(
  context: GateContext,
  carried: Carried,
  request: OrderRequest,
  idempotencyKey: string,
  orderPage: (order: string, viewKey: string) => string,
): Promise<PlaceOrderOutcome> {
  const found = await admittedVisit(context, request.sale, carried);
  if (found.kind === "admission_expired" && found.past !== null) {
    const again = await answerAgain(context, found.past, request, idempotencyKey);
    return again ?? found;
  }
  if (found.kind !== "admitted") return found;
  const { visit, admission } = found;
  const priced = priceLines(visit.sale, request.lines);
  if (priced.kind !== "priced" || visit.seen.snapshot.phase === "ended") {
    const again = await answerAgain(context, admission, request, idempotencyKey);
    if (again !== null) return again;
    return priced.kind === "priced" ? { kind: "sale_over" } : priced;
  }
  const id = orderIdOf(request.sale, admission.subject, idempotencyKey);
  const viewKey = crypto.randomUUID();
  const intent: OrderIntent = {
    ...intentOf(visit.sale, admission, request, context.now),
    id,
    lines: priced.lines.map((line) => ({ ...line, limitPerBuyer: limitOf(visit.sale, line.sku) })),
    total: priced.total,
    viewKey,
    returnUrl: orderPage(id, viewKey),
  };
  const stub = orderOf(context.env, id);
  const placed = await stub.place(intent).catch(() => null);
  return placed === null ? { kind: "order_unavailable", part: "order" } : answerOf(placed);
}

/**
 * The admission ran out, the sale ended or changed between an order and its repetition: what was
 * placed in time is answered again (P6), and nothing new is placed. Null when nothing was placed
 * under this key.
 */
async function answerAgain(
  context: GateContext,
  past: Admission,
  request: OrderRequest,
  idempotencyKey: string,
): Promise<PlaceOrderOutcome | null> {
  const stub = orderOf(context.env, orderIdOf(request.sale, past.subject, idempotencyKey));
  const placed = await stub.placed(fingerprintOf(request)).catch(() => null);
  return placed === null ? null : answerOf(placed);
}

function answerOf(
  placed: Awaited<ReturnType<ReturnType<typeof orderOf>["place"]>>,
): PlaceOrderOutcome {
  if (placed.kind !== "try_again") return placed;
  return { kind: "order_unavailable", part: placed.part };
}

function intentOf(
  sale: Sale,
  admission: Admission,
  request: OrderRequest,
  now: number,
): Omit<OrderIntent, "id" | "lines" | "total" | "viewKey" | "returnUrl"> {
  return {
    sale: sale.id,
    buyer: admission.subject,
    admission: admission.id,
    ordersPerAdmission: sale.admission.ordersPerAdmission,
    holdUntil_ms: holdDeadline_ms(sale, admission, now),
    currency: sale.currency,
    email: request.buyer.email,
    name: request.buyer.name ?? null,
    shipTo: request.shipTo ?? null,
    paymentMethod: request.payment.method,
    fingerprint: fingerprintOf(request),
    placedAt_ms: now,
  };
}

export type ViewOrderOutcome =
  | { readonly kind: "order"; readonly order: OrderView; readonly viewKey: string }
  | { readonly kind: "order_not_found" };

/** For its buyer only: the admission's subject, or whoever has the key of the status URL. */
export async function viewOrder(
  context: GateContext,
  id: string,
  key: string | null,
  carriedFor: (sale: string) => Carried,
): Promise<ViewOrderOutcome> {
  const hidden: ViewOrderOutcome = { kind: "order_not_found" };
  if (!ORDER_ID_PATTERN.test(id)) return hidden;
  const seen = await orderOf(context.env, id).view();
  if (seen === null) return hidden;
  const { order, viewKey, buyer } = seen;
  if (key !== null && sameText(key, viewKey)) return { kind: "order", order, viewKey };
  const { admission: token, caller } = carriedFor(order.sale);
  if (token === null) return hidden;
  const { keys, env, now } = context;
  const admission = await verifyAdmission(keys, env.ISSUER, order.sale, token, now);
  // Whoever ordered may look at it also when their time in the shop is over.
  if (admission.kind === "invalid" || admission.admission?.subject !== buyer) return hidden;
  const device = admission.admission?.device ?? null;
  const published = device === null ? null : await findSale(env.CONFIG, order.sale, now);
  if (published !== null && admission.admission !== null) {
    const replay = replayBy(context, published.sale, admission.admission, caller);
    if (replay === "refused") return hidden;
  }
  return { kind: "order", order, viewKey };
}
