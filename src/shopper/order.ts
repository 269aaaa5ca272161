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
import { orderOf } from "../platform/objects.ts";
import { sameText } from "../platform/same-text.ts";
import { findSale } from "../sales/sale-directory.ts";
import { verifyAdmission } from "../tokens/admissions.ts";
import { holdDeadline_ms, limitOf, type LinesRefused } from "./cart.ts";
import { replayBy } from "./device-binding.ts";
import type { Carried, GateContext } from "./gate-context.ts";
import { inShop, type AdmissionRefused, type InShop, type Visit } from "./visit.ts";

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
  visit: Visit,
  request: OrderRequest,
  idempotencyKey: string,
  orderPage: (order: string, viewKey: string) => string,
): Promise<PlaceOrderOutcome> {
  const { gate, sale } = visit;
  if (visit.admission.kind === "expired") {
    const { admission } = visit.admission;
    const again = await answerAgain({ gate, sale, admission }, request, idempotencyKey);
    if (again !== null) return again;
  }
  const shopper = inShop(visit);
  if (shopper.kind !== "in_shop") return shopper;
  const priced = priceLines(sale, request.lines);
  if (priced.kind !== "priced" || visit.seen.snapshot.phase === "ended") {
    const again = await answerAgain(shopper, request, idempotencyKey);
    if (again !== null) return again;
    return priced.kind === "priced" ? { kind: "sale_over" } : priced;
  }
  const id = orderIdOf(sale.id, shopper.admission.subject, idempotencyKey);
  const viewKey = crypto.randomUUID();
  const intent: OrderIntent = {
    ...intentOf(shopper, request),
    id,
    lines: priced.lines.map((line) => ({ ...line, limitPerBuyer: limitOf(sale, line.sku) })),
    total: priced.total,
    viewKey,
    returnUrl: orderPage(id, viewKey),
  };
  const placed = await orderOf(gate.env, id)
    .place(intent)
    .catch(() => null);
  return placed === null ? { kind: "order_unavailable", part: "order" } : answerOf(placed);
}

/**
 * The admission ran out, the sale ended or changed between an order and its repetition: what was
 * placed in time is answered again (P6), and nothing new is placed. Null when nothing was placed
 * under this key.
 */
async function answerAgain(
  { gate, sale, admission }: InShop,
  request: OrderRequest,
  idempotencyKey: string,
): Promise<PlaceOrderOutcome | null> {
  const stub = orderOf(gate.env, orderIdOf(sale.id, admission.subject, idempotencyKey));
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
  { gate: { now }, sale, admission }: InShop,
  request: OrderRequest,
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

/**
 * For its buyer only: by the admission's subject, or by the key of the status URL. Takes no visit,
 * because an order can be looked at while its sale's room is silent.
 */
export async function viewOrder(
  gate: GateContext,
  id: string,
  key: string | null,
  carriedFor: (sale: string) => Carried,
): Promise<ViewOrderOutcome> {
  const hidden: ViewOrderOutcome = { kind: "order_not_found" };
  if (!ORDER_ID_PATTERN.test(id)) return hidden;
  const seen = await orderOf(gate.env, id).view();
  if (seen === null) return hidden;
  const { order, viewKey, buyer } = seen;
  if (key !== null && sameText(key, viewKey)) return { kind: "order", order, viewKey };
  const { admission: token, caller } = carriedFor(order.sale);
  if (token === null) return hidden;
  const { keys, env, now } = gate;
  const verified = await verifyAdmission(keys, env.ISSUER, order.sale, token, now);
  // Also when the buyer's time in the shop is over.
  if (verified.kind === "invalid" || verified.admission.subject !== buyer) return hidden;
  const { admission } = verified;
  const published = admission.device === null ? null : await findSale(env.CONFIG, order.sale, now);
  const isReplayed =
    published !== null && replayBy(gate, published.sale, admission, caller) === "refused";
  return isReplayed ? hidden : { kind: "order", order, viewKey };
}
