/**
 * Placing an order, and looking at one.
 *
 * Guarantee (P6): the order's id follows from sale, shopper and idempotency key, so a repeated
 * request meets the same Order object and gets the same answer. What is paid comes from the sale
 * document, never from the request; and it is what the request says that was shown, or nothing is
 * placed (P11).
 */
import { identitiesOf } from "../domain/buyer/identities.ts";
import { isAgreed } from "../domain/checkout/agreement.ts";
import { countryOf, particularsFaults } from "../domain/checkout/particulars.ts";
import type { Address, Buyer, ParticularsFault } from "../domain/checkout/particulars.ts";
import type { Quote } from "../domain/checkout/quote.ts";
import { returnUrlOf, type ReturnUrl } from "../domain/checkout/return-url.ts";
import { fingerprintOf, ORDER_ID_PATTERN, orderIdOf } from "../domain/order/order-id.ts";
import type { OrderView } from "../domain/order/messages.ts";
import type { OrderIntent, Rejection } from "../domain/order/order.ts";
import { entryOf } from "../domain/order/receipt.ts";
import { ticketOf } from "../domain/room/admission.ts";
import { checkoutOf } from "../domain/sale/checkout-rules.ts";
import type { Sale } from "../domain/sale/sale.ts";
import type { Line } from "../domain/stock/cart.ts";
import { orderOf } from "../platform/objects.ts";
import { sameText } from "../platform/same-text.ts";
import { findSale } from "../sales/sale-directory.ts";
import { verifyAdmission } from "../tokens/admissions.ts";
import {
  coolingOff,
  holdDeadline_ms,
  limitOf,
  type LinesRefused,
  type UnpaidRefused,
} from "./cart.ts";
import { replayBy } from "./device-binding.ts";
import type { Carried, GateContext } from "./gate-context.ts";
import { quoteFor, type QuoteRefused } from "./quote.ts";
import { unpaidTermsOf } from "../domain/stock/unpaid-terms.ts";
import { inShop, type AdmissionRefused, type InShop, type Visit } from "./visit.ts";

/** What an order's line states; `price` is the unit price that was shown. */
export interface OrderedLine extends Line {
  readonly price?: number | undefined;
}

export interface OrderRequest {
  readonly sale: string;
  readonly lines: readonly OrderedLine[];
  /** The total that was shown, in minor units: no other is ever charged. */
  readonly expectedTotal: number;
  /** Of the quote that was shown: its items, delivery and terms by name. */
  readonly offer?: string | undefined;
  readonly buyer: Buyer;
  /** The provider's token of a means of payment, or its confirmation token. */
  readonly payment: { readonly method: string } | { readonly confirmationToken: string };
  readonly shipTo?: Address | undefined;
  readonly billTo?: Address | undefined;
  /** The id of a delivery option. */
  readonly delivery?: string | undefined;
  readonly discountCode?: string | undefined;
  readonly acceptedTerms?: boolean | undefined;
  /** Where the shopper comes back to from their bank; absent: the order's page. */
  readonly returnUrl?: string | undefined;
}

export type PlaceOrderOutcome =
  | { readonly kind: "accepted"; readonly order: OrderView; readonly viewKey: string }
  | { readonly kind: "rejected"; readonly rejection: Rejection }
  /** What was shown is not what it costs now. Nothing was placed. */
  | { readonly kind: "price_changed"; readonly quote: Quote }
  | { readonly kind: "particulars_missing"; readonly faults: readonly ParticularsFault[] }
  | { readonly kind: "idempotency_conflict" }
  | { readonly kind: "order_unavailable"; readonly part: string }
  | { readonly kind: "sale_over" }
  | LinesRefused
  | UnpaidRefused
  | QuoteRefused
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
  const back = backTo(sale, request, visit.caller.host);
  const checked = await checkedQuote(shopper, request, visit, back);
  if (checked.kind !== "quoted") {
    return (await answerAgain(shopper, request, idempotencyKey)) ?? checked;
  }
  const id = orderIdOf(sale.id, shopper.admission.subject, idempotencyKey);
  // A random UUID has only 122 random bits.
  const viewKey = crypto.getRandomValues(new Uint8Array(16)).toHex();
  const intent: OrderIntent = {
    ...intentOf(shopper, request, checked.quote),
    id,
    viewKey,
    returnUrl: back?.kind === "allowed" ? back.url : orderPage(id, viewKey),
  };
  const placed = await orderOf(gate.env, id)
    .place(intent)
    .catch(() => null);
  gate.carts.memory.forget(shopper.admission.id);
  return placed === null
    ? { kind: "order_unavailable", part: "order" }
    : answerOf(placed, gate.now);
}

/** Null: the order's page. */
function backTo(sale: Sale, { returnUrl }: OrderRequest, ownHost: string): ReturnUrl | null {
  return returnUrl === undefined ? null : returnUrlOf(sale, returnUrl, ownHost);
}

type Refused = Exclude<PlaceOrderOutcome, { readonly kind: "accepted" }>;

/** Precedence: sale_over, particulars, those of a quote, price_changed. */
async function checkedQuote(
  shopper: InShop,
  request: OrderRequest,
  { seen }: Visit,
  back: ReturnUrl | null,
): Promise<{ readonly kind: "quoted"; readonly quote: Quote } | Refused> {
  const { gate, sale } = shopper;
  if (seen.snapshot.phase === "ended") return { kind: "sale_over" };
  const faults = [
    ...particularsFaults(sale, request),
    ...(back?.kind === "refused" ? [{ path: "returnUrl", message: back.message }] : []),
  ];
  const quoted = await quoteFor(shopper, {
    lines: request.lines,
    country: countryOf(request),
    delivery: request.delivery ?? null,
    discountCode: request.discountCode ?? null,
    identities: identitiesOf(request.buyer, gate.keys.buyerKeys),
  });
  if (quoted.kind !== "quoted" && faults.length > 0) return missing(faults);
  if (quoted.kind === "country_not_served") {
    return { ...quoted, path: request.shipTo === undefined ? "billTo.country" : "shipTo.country" };
  }
  if (quoted.kind !== "quoted") return quoted;
  const { quote } = quoted;
  // A missing country is a missing address, which is among the faults already.
  if (quote.missing.includes("delivery") && !quote.missing.includes("country")) {
    const ids = quote.offered.map(({ id }) => id).join(", ");
    faults.push({ path: "delivery", message: `choose one of: ${ids}` });
  }
  if (faults.length > 0) return missing(faults);
  return isAgreed(request, quote) ? quoted : { kind: "price_changed", quote };
}

function missing(faults: readonly ParticularsFault[]): Refused {
  return { kind: "particulars_missing", faults };
}

/**
 * What was placed under a key, and nothing new; null when nothing was, or the visit has no
 * admission to show it to.
 */
export async function orderPlacedBefore(
  { gate, sale, admission: carried }: Visit,
  request: OrderRequest,
  idempotencyKey: string,
): Promise<PlaceOrderOutcome | null> {
  if (carried.kind !== "valid" && carried.kind !== "expired") return null;
  const shopper = { gate, sale, admission: carried.admission };
  return answerAgain(shopper, request, idempotencyKey);
}

/**
 * The admission ran out, the sale ended or changed between an order and its repetition: what was
 * placed in time is answered again (P6), and nothing new is placed. Null when nothing was placed
 * under this key.
 */
async function answerAgain(
  { gate, sale, admission }: Omit<InShop, "address">,
  request: OrderRequest,
  idempotencyKey: string,
): Promise<PlaceOrderOutcome | null> {
  const stub = orderOf(gate.env, orderIdOf(sale.id, admission.subject, idempotencyKey));
  const placed = await stub.placed(fingerprintOf(request)).catch(() => null);
  return placed === null ? null : answerOf(placed, gate.now);
}

function answerOf(
  placed: Awaited<ReturnType<ReturnType<typeof orderOf>["place"]>>,
  now: number,
): PlaceOrderOutcome {
  if (placed.kind === "rejected") return unpaidRefused(placed.rejection, now) ?? placed;
  if (placed.kind !== "try_again") return placed;
  return { kind: "order_unavailable", part: placed.part };
}

/** Null: it was rejected for another reason. */
function unpaidRefused(rejection: Rejection, now: number): UnpaidRefused | null {
  if (rejection.code !== "limit_reached" || rejection.unpaid === undefined) return null;
  const { sku, limit, taken, unpaid } = rejection;
  const { coolsUntil_ms } = unpaid;
  if (coolsUntil_ms === null) return { kind: "unpaid_limit_reached", sku, limit, taken };
  return coolingOff(sku, coolsUntil_ms, now);
}

function intentOf(
  { gate: { keys, now }, address, sale, admission }: InShop,
  request: OrderRequest,
  { lines, amounts, delivery, discount }: Quote,
): Omit<OrderIntent, "id" | "viewKey" | "returnUrl"> {
  const { buyer, payment, shipTo, billTo } = request;
  const { paymentMethods, statementSuffix, terms } = checkoutOf(sale);
  return {
    sale: sale.id,
    buyer: admission.subject,
    admission: admission.id,
    ordersPerAdmission: sale.admission.ordersPerAdmission,
    holdUntil_ms: holdDeadline_ms(sale, admission, now),
    lines: lines.map((line) => ({ ...line, limitPerBuyer: limitOf(sale, line.sku) })),
    total: amounts.total,
    amounts,
    currency: sale.currency,
    email: buyer.email,
    name: buyer.name ?? null,
    phone: buyer.phone ?? null,
    shipTo: addressFields(shipTo, buyer),
    billTo: addressFields(billTo, buyer),
    delivery: delivery === null ? null : { id: delivery.id, name: delivery.name },
    discount:
      discount === null
        ? null
        : { code: discount.hash, hint: discount.hint, revision: discount.revision },
    acceptedTerms: terms === undefined ? null : { url: terms.url, at_ms: now },
    payment: {
      description: sale.title,
      statementSuffix: statementSuffix ?? null,
      methods: [...paymentMethods],
    },
    identities: identitiesOf(buyer, keys.buyerKeys),
    unpaid: unpaidTermsOf(sale, admission.subject, address),
    lane: admission.lane,
    paymentMethod: "method" in payment ? payment.method : payment.confirmationToken,
    fingerprint: fingerprintOf(request),
    placedAt_ms: now,
    ...(sale.retention === undefined ? {} : { retentionDays: sale.retention }),
    ...entryOf(admission, ticketOf(admission.id)),
  };
}

/** With the name of the person it is for, which is the buyer's where the address has none. */
function addressFields(
  address: Address | undefined,
  { name = "" }: Buyer,
): Record<string, string> | null {
  if (address === undefined) return null;
  const stated = { name, ...address };
  return Object.fromEntries(
    Object.entries(stated).flatMap(([field, text]) => (text === undefined ? [] : [[field, text]])),
  );
}

/** An order that was shown to its buyer. */
export interface SeenOrder {
  readonly kind: "order";
  readonly order: OrderView;
  readonly viewKey: string;
  /** Its subject. */
  readonly buyer: string;
  /** Empty when the buyer was erased. Not for what anyone with the key may see. */
  readonly email: string;
  /** The shop's reference; null before it is booked. */
  readonly booking: string | null;
}

export type ViewOrderOutcome = SeenOrder | { readonly kind: "order_not_found" };

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
  const { viewKey, buyer } = seen;
  if (key !== null && sameText(key, viewKey)) return { kind: "order", ...seen };
  const { admission: token, caller } = carriedFor(seen.order.sale);
  if (token === null) return hidden;
  const { keys, env, now } = gate;
  const verified = await verifyAdmission(keys, env.ISSUER, seen.order.sale, token, now);
  // Also when the buyer's time in the shop is over.
  if (verified.kind === "invalid" || verified.admission.subject !== buyer) return hidden;
  const { admission } = verified;
  const published = admission.device === null ? null : await findSale(env, seen.order.sale, now);
  const isReplayed =
    published !== null && replayBy(gate, published.sale, admission, caller) === "refused";
  return isReplayed ? hidden : { kind: "order", ...seen };
}

export type GiveUpOrderOutcome =
  | { readonly kind: "giving_up"; readonly order: OrderView; readonly viewKey: string }
  | { readonly kind: "too_late"; readonly state: string }
  | { readonly kind: "order_unavailable"; readonly part: string }
  | { readonly kind: "order_not_found" };

/**
 * For its buyer only: it takes what `viewOrder` showed. Safe to repeat. The units return to the
 * cart as soon as it is known that no money is reserved.
 */
export async function giveUpOrder(
  { env }: GateContext,
  { order, viewKey }: SeenOrder,
): Promise<GiveUpOrderOutcome> {
  const given = await orderOf(env, order.id)
    .giveUp()
    .catch(() => null);
  if (given === null) return { kind: "order_unavailable", part: "order" };
  if (given.kind === "unknown") return { kind: "order_not_found" };
  if (given.kind === "too_late") return given;
  return { kind: "giving_up", order: given.order ?? order, viewKey };
}
