/**
 * A fixed sale, room and shopper for the gallery of pages. Names contain markup on purpose, because
 * all text of merchants and shoppers must be shown as text.
 */
import type { PricedLine } from "../../../src/domain/stock/cart.ts";
import type { OrderView } from "../../../src/domain/order/messages.ts";
import type { RoomSnapshot } from "../../../src/domain/room/snapshot.ts";
import { saleSchema } from "../../../src/domain/sale/sale.ts";
import type { Phase } from "../../../src/domain/sale/schedule.ts";
import type { Standing } from "../../../src/domain/room/standing.ts";
import type { CheckoutModel } from "../../../src/pages/views/checkout.ts";
import type { FairnessModel } from "../../../src/pages/views/fairness.ts";
import type { GuardedNotice, GuardedPageModel } from "../../../src/pages/views/guarded.ts";
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

export const ADMITTED: StorefrontModel["visitor"] = {
  kind: "admitted",
  expiresAt_ms: NOW + 8 * 60 * 1000,
  quantities: { "AIR-42": "1" },
  holdsSomething: true,
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

export function fairnessModel(more: Partial<FairnessModel> = {}): FairnessModel {
  return {
    sale: SALE,
    phase: "live",
    commitment: "c".repeat(64),
    secret: null,
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

export function checkoutModel(more: Partial<CheckoutModel> = {}): CheckoutModel {
  return {
    sale: SALE,
    cart: { lines: [LINE], total: 25_800, holdsUntil_ms: NOW + 5 * 60 * 1000 },
    admissionEndsAt_ms: NOW + 8 * 60 * 1000,
    testCards: true,
    input: { email: "", name: "", method: "" },
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
    action: null,
    delayed: false,
    reason: null,
    ...more,
  };
}
