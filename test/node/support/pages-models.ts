/**
 * A fixed sale, room and shopper for the gallery of pages. Names contain markup on purpose, because
 * all text of merchants and shoppers must be shown as text.
 */
import { quoteOf } from "../../../src/domain/checkout/quote.ts";
import type { PricedLine } from "../../../src/domain/stock/cart.ts";
import type { OrderView } from "../../../src/domain/order/messages.ts";
import type { RoomSnapshot } from "../../../src/domain/room/snapshot.ts";
import { saleSchema, type Sale } from "../../../src/domain/sale/sale.ts";
import type { Phase } from "../../../src/domain/sale/schedule.ts";
import type { Standing } from "../../../src/domain/room/standing.ts";
import { NO_INPUT } from "../../../src/pages/parts/checkout-fields.ts";
import type { CheckoutModel } from "../../../src/pages/views/checkout.ts";
import { QUICKNET } from "../../../src/domain/line/beacon.ts";
import type { FairnessModel } from "../../../src/pages/views/fairness.ts";
import type { ReceiptModel } from "../../../src/pages/views/receipt.ts";
import type { GuardedNotice, GuardedPageModel } from "../../../src/pages/views/guarded.ts";
import type { OrderModel } from "../../../src/pages/views/order.ts";
import type { StorefrontModel } from "../../../src/pages/views/storefront.ts";
import type { WaitingModel } from "../../../src/pages/views/waiting.ts";

export const HOSTILE = `<script>alert("x")</script>'&`;
export const NOW = Date.parse("2026-11-27T10:03:00Z");

const OPENS = "2026-11-27T09:00:00Z";
const STARTS = "2026-11-27T10:00:00Z";
const ENDS = "2026-11-27T12:00:00Z";

export const SALE = saleSchema.parse({
  id: "air-one",
  title: `Air One drop ${HOSTILE}`,
  currency: "EUR",
  opensAt: OPENS,
  startsAt: STARTS,
  endsAt: ENDS,
  items: [
    { sku: "AIR-42", name: `Air One, 42 ${HOSTILE}`, price: 12_900, stock: 500, limitPerBuyer: 2 },
    { sku: "AIR-43", name: "Air One, 43", price: 12_900, stock: 500, limitPerBuyer: 50 },
    { sku: "AIR-44", name: "Air One, 44", price: 13_550, stock: 1 },
  ],
});

export const SCHEDULE = {
  opensAt_ms: Date.parse(OPENS),
  startsAt_ms: Date.parse(STARTS),
  endsAt_ms: Date.parse(ENDS),
};

/** Guards a shop and has no items. */
export const GUARDING_SALE = saleSchema.parse({
  id: SALE.id,
  title: SALE.title,
  currency: "EUR",
  opensAt: OPENS,
  startsAt: STARTS,
  endsAt: ENDS,
  items: [],
  guards: [{ host: "shop.example", path: "/drops/*" }],
});

/** An address that would break out of its attribute if it were not escaped. */
export const GUARDED = `/drops/air?size="><script>alert(1)</script>`;

const STOCK = [
  { sku: "AIR-42", available: 400, level: "plenty" },
  { sku: "AIR-43", available: 3, level: "low" },
  { sku: "AIR-44", available: 0, level: "out" },
] as const;

export function snapshotAt(phase: Phase, more: Partial<RoomSnapshot> = {}): RoomSnapshot {
  return {
    sale: SALE.id,
    phase,
    paused: false,
    soldOut: false,
    queueing: true,
    throttle: 1,
    schedule: SCHEDULE,
    lanes: { general: { closed: 18, called: 19_000, lapsedBelow: 18_000, pace: 12 } },
    booths: 1,
    stock: STOCK,
    unitsLeft: 403,
    claimWindow_s: 120,
    message: null,
    commitment: "0".repeat(64),
    revision: 1,
    version: 7,
    at_ms: NOW,
    ...more,
  };
}

export function storefrontModel(more: Partial<StorefrontModel> = {}): StorefrontModel {
  return {
    sale: SALE,
    snapshot: snapshotAt("live"),
    stale: false,
    visitor: { kind: "new" },
    passLane: null,
    shopHref: null,
    faults: [],
    admissionLost: false,
    now: NOW,
    ...more,
  };
}

export const ADMITTED: Extract<StorefrontModel["visitor"], { readonly kind: "admitted" }> = {
  kind: "admitted",
  expiresAt_ms: NOW + 8 * 60 * 1000,
  quantities: { "AIR-42": "1" },
  holdsSomething: true,
  placed: null,
};

export const STANDING: Standing = {
  state: "queued",
  lane: "general",
  cohort: 17,
  rank: 20_233,
  position: 1234,
  called: 19_000,
  wait: { low_s: 60, high_s: 95 },
  pollAfter_s: 8.4,
  stock: STOCK,
  odds: 0.05,
  message: null,
  stale: false,
  at_ms: NOW,
};

export function waitingModel(standing: Partial<Standing> = {}): WaitingModel {
  return {
    sale: SALE,
    schedule: SCHEDULE,
    standing: { ...STANDING, ...standing },
    seatsFull: false,
    now: NOW,
  };
}

export function guardedModel(notice: GuardedNotice): GuardedPageModel {
  return { notice, sale: GUARDING_SALE, guarded: GUARDED, retry_s: 6.2, now: NOW };
}

export function receiptModel(more: Partial<ReceiptModel> = {}): ReceiptModel {
  return {
    sale: SALE,
    commitment: "c".repeat(64),
    issuer: "sluice",
    origin: "https://shop.example",
    token: "",
    checked: null,
    now: NOW,
    ...more,
  };
}

export function fairnessModel(more: Partial<FairnessModel> = {}): FairnessModel {
  return {
    sale: SALE,
    phase: "live",
    beacon: QUICKNET,
    commitment: "c".repeat(64),
    secret: null,
    revealsAt_ms: NOW + 3_600_000,
    ticket: null,
    origin: "https://shop.example",
    now: NOW,
    ...more,
  };
}

const LINE: PricedLine = {
  sku: "AIR-42",
  name: `Air One, 42 ${HOSTILE}`,
  price: 12_900,
  quantity: 2,
};

/** Asks for all that a sale can ask for. */
export const SHIPPING_SALE = saleSchema.parse({
  id: SALE.id,
  title: SALE.title,
  currency: "EUR",
  opensAt: OPENS,
  startsAt: STARTS,
  endsAt: ENDS,
  items: [
    {
      sku: "AIR-42",
      name: `Air One, 42 ${HOSTILE}`,
      price: 12_900,
      stock: 500,
      limitPerBuyer: 2,
      tax: { kind: "added", percents: { US: 8, DE: 19 } },
    },
  ],
  checkout: {
    address: "shipping",
    phone: "required",
    delivery: [
      { id: "post", name: `By post ${HOSTILE}`, price: 490, prices: { JP: 2_900 } },
      { id: "courier", name: "By courier", prices: { DE: 900, US: 1_900 } },
    ],
    terms: { url: "https://shop.example/terms?a=1&b=2" },
  },
});

export const READY: CheckoutModel["payment"] = {
  kind: "ready",
  publishableKey: "pk_test_gallery",
  mode: "test",
  scriptUrl: "https://js.stripe.com/endive/stripe.js",
  localOrigin: null,
};

/** @param country and delivery of the quote; the input has what the shopper typed */
export function quoteAt(
  sale: Sale,
  country: string | null,
  delivery: string | null = null,
): CheckoutModel["quote"] {
  const lines = [{ sku: LINE.sku, quantity: LINE.quantity }];
  const outcome = quoteOf(sale, { lines, country, delivery, discount: null });
  if (outcome.kind !== "quoted") throw new Error(outcome.kind);
  return outcome.quote;
}

export function checkoutModel(more: Partial<CheckoutModel> = {}): CheckoutModel {
  return {
    sale: SALE,
    cart: { lines: [LINE], holdsUntil_ms: NOW + 5 * 60 * 1000 },
    quote: quoteAt(SALE, null),
    admissionEndsAt_ms: NOW + 8 * 60 * 1000,
    payment: READY,
    ownCheckout: null,
    input: NO_INPUT,
    idempotencyKey: "7d1f6f9e-0d4c-4a07-9b1c-2f4f6f1f7a10",
    quantities: {},
    faults: [],
    placed: null,
    now: NOW,
    ...more,
  };
}

export function orderView(state: OrderView["state"], more: Partial<OrderView> = {}): OrderView {
  return {
    id: `ord_${"a".repeat(40)}`,
    sale: SALE.id,
    state,
    final: ["confirmed", "declined", "failed", "rejected", "cancelled"].includes(state),
    lines: [LINE],
    total: 25_800,
    currency: "EUR",
    placedAt_ms: NOW,
    updatedAt_ms: NOW,
    amounts: null,
    delivery: null,
    discountHint: null,
    refunded: 0,
    refunds: [],
    action: null,
    mayGiveUp: false,
    delayed: false,
    reason: null,
    ...more,
  };
}

export function orderModel(order: OrderView, more: Partial<OrderModel> = {}): OrderModel {
  const sale = { id: SALE.id, title: SALE.title };
  const known = { viewKey: "key", booking: null, mailTo: null, shopHref: null, now: NOW };
  return { sale, order, mayBuyMore: false, isEarlier: false, ...known, ...more };
}
