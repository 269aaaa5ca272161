/**
 * Examples of the merchant's documents, about the same pair of shoes as the shopper's. The types
 * of the operations and the linters of the contract hold each to its schema.
 */
import { EXPORT_COLUMNS } from "../merchant/order-export.ts";
import { confirmedOrder, stock } from "./examples.ts";
import { EXAMPLE_DELIVERY_ID, EXAMPLE_ENDPOINT_ID, EXAMPLE_ORDER_ID } from "./parameters.ts";

const HASH = "9b74c9897bac770ffc029102a200c5de8f14e45fceea167a5a36dedd4bea2543";
const EARLIER = "2026-11-27T09:30:00.000Z";
const NOW = "2026-11-27T10:02:03.000Z";

export const saleRequest = {
  id: "air-two",
  title: "Air Two",
  currency: "EUR",
  opensAt: "2026-11-27T09:00:00Z",
  startsAt: "2026-11-27T10:00:00Z",
  endsAt: "2026-11-27T12:00:00Z",
  items: [{ sku: "AIR-2", name: "Air Two", price: 12_900, stock: 100, limitPerBuyer: 1 }],
};

export const seats = {
  claimed: 60,
  active: 41,
  spent: 15,
  left: 2,
  expired: 2,
  lapsed: 3,
  shared: 1,
  mostDevices: 2,
  moves: 0,
  kept: 1,
  ordering: 4,
};

export const counters = { received: 100, available: 41, held: 39, ordered: 5, sold: 15, buffer: 0 };

export const sku = { sku: "AIR-2", seq: 214, ...counters, sales: ["air-two"] };

export const ledger = {
  rows: [
    {
      seq: 1,
      at: EARLIER,
      kind: "receive" as const,
      quantity: 100,
      reservation: "opening:air-two",
      received: 100,
      available: 100,
      held: 0,
      ordered: 0,
      sold: 0,
      buffer: 0,
    },
  ],
  next: null,
};

export const movement = {
  id: "restock-1",
  kind: "receive" as const,
  quantity: 20,
  reason: "Found another box",
};

export const allotmentRequest = { id: "allot-1", key: "stock:AIR-2", quantity: 60 };
export const returnRequest = { id: "return-1", key: "stock:AIR-2" };

const transfer = {
  id: "allot-1",
  kind: "allotment" as const,
  key: "stock:AIR-2",
  quantity: 60,
  state: "received" as const,
  reason: null,
  attempts: 0,
  problem: null,
  startedAt: EARLIER,
  updatedAt: EARLIER,
};

const back = {
  ...transfer,
  id: "return-1",
  kind: "return" as const,
  quantity: 41,
  state: "returned" as const,
};

export const transfers = {
  allotted: { outcome: "allotted" as const, ...transfer },
  allottedBefore: { outcome: "already_allotted" as const, ...transfer },
  allotting: { outcome: "pending" as const, ...transfer, state: "taking" as const },
  returned: { outcome: "returned" as const, ...back },
  returnedBefore: { outcome: "already_returned" as const, ...back },
  returning: {
    outcome: "pending" as const,
    ...back,
    quantity: null,
    state: "checking" as const,
  },
};

export const transferList = {
  sku: "AIR-2",
  redis: "on" as const,
  transfers: [{ ...transfer, inRedis: "agrees" as const }],
  counts: { "stock:AIR-2": 40 },
  mirror: { seq: 214, mirroredSeq: 214, failures: 0, problem: null },
};

const orderedLine = {
  sku: "AIR-2",
  name: "Air Two",
  quantity: 1,
  price: 12_900,
  discount: 0,
  tax: 0,
  taxIncluded: 2239,
};

export const orders = {
  orders: [
    {
      id: EXAMPLE_ORDER_ID,
      sale: "air-two",
      state: "confirmed",
      lines: [orderedLine],
      total: confirmedOrder.total,
      currency: "EUR",
      amounts: confirmedOrder.amounts,
      email: "ann@shoppers.example",
      payment: "pi_3MtwBwLkdIwHu7ix28a3tqPa",
      reference: "B-8F14E45FCEEA",
      refunded: 0,
      dispute: null,
      providerCode: null,
      reason: null,
      placedAt: "2026-11-27T10:02:00.000Z",
      updatedAt: NOW,
    },
  ],
  next: null,
};

const { mayGiveUp: _, ...confirmed } = confirmedOrder;

export const refund = {
  id: "rf_0cc175b9c0f1b6a831c399e269772661",
  amount: 1000,
  state: "succeeded" as const,
  by: "merchant" as const,
  reason: "A scratch on the left shoe",
  failure: null,
  restock: [],
  providerId: "re_1Nispe2eZvKYlo2Cd31jOCgZ",
  requestedAt: NOW,
  updatedAt: NOW,
};

export const order = {
  ...confirmed,
  lines: [orderedLine],
  buyer: { email: "ann@shoppers.example", name: "Ann Peeters", phone: "+32 470 12 34 56" },
  shipTo: {
    name: "Ann Peeters",
    line1: "Rue de la Loi 16",
    city: "Bruxelles",
    postalCode: "1000",
    country: "BE",
  },
  billTo: null,
  acceptedTerms: { url: "https://shop.example/terms", at: "2026-11-27T10:02:00.000Z" },
  lane: "general",
  payment: {
    id: "pi_3MtwBwLkdIwHu7ix28a3tqPa",
    card: { brand: "visa", last4: "4242" },
  },
  booking: "B-8F14E45FCEEA",
  providerCode: null,
  refunded: refund.amount,
  refunds: [refund],
  dispute: null,
  history: [
    { version: 1, at: "2026-11-27T10:02:00.000Z", state: "placing", reason: null },
    { version: 2, at: NOW, state: "confirmed", reason: null },
  ],
  mails: [
    {
      kind: "confirmed" as const,
      refund: null,
      state: "sent" as const,
      reason: null,
      tries: 1,
      at: NOW,
    },
  ],
};

export const orderExport = `${EXPORT_COLUMNS.join(",")}\r\n`;

export const deadLetters = {
  deadLetters: [
    {
      id: "dl_1",
      queue: "sluice-orders",
      body: { v: 1, kind: "order", order: EXAMPLE_ORDER_ID },
      reason: "order does not answer",
      attempts: 10,
      parkedAt: EARLIER,
      replayedAt: null,
    },
  ],
  next: null,
};

export const breakers = {
  breakers: [
    {
      backend: "payment",
      state: "closed" as const,
      force: null,
      epoch: 0,
      reason: null,
      openedAt: null,
      retryAt: null,
    },
  ],
};

export const endpointRequest = {
  url: "https://shop.example/hooks/sluice",
  types: ["order.*"],
  description: "Order service",
};

export const endpoint = {
  id: EXAMPLE_ENDPOINT_ID,
  ...endpointRequest,
  enabled: true,
  disabledReason: null,
  previousSecretUntil: null,
  createdAt: EARLIER,
  updatedAt: EARLIER,
};

export const endpointWithSecret = { ...endpoint, secret: "whsec_c2VjcmV0LW9mLXRoaXMtZW5kcG9pbnQ=" };

export const delivery = {
  seq: 12,
  id: EXAMPLE_DELIVERY_ID,
  endpoint: EXAMPLE_ENDPOINT_ID,
  event: `${EXAMPLE_ORDER_ID}:2`,
  type: "order.confirmed",
  state: "delivered" as const,
  tries: 1,
  nextTryAt: null,
  attempts: [{ at: NOW, status: 204, error: null, duration_s: 0.12 }],
  createdAt: NOW,
  updatedAt: NOW,
};

export const pendingDelivery = {
  ...delivery,
  state: "pending" as const,
  tries: 0,
  attempts: [],
  nextTryAt: NOW,
};

export const events = {
  events: [
    {
      seq: 31,
      id: `${EXAMPLE_ORDER_ID}:2`,
      type: "order.confirmed",
      timestamp: NOW,
      data: { order: EXAMPLE_ORDER_ID, sale: "air-two", state: "confirmed", version: 2 },
    },
  ],
  next: null,
};

export const sale = {
  sale: saleRequest,
  revision: 1,
  phase: "live",
  paused: false,
  queueing: true,
  soldOut: false,
  ratePerMinute: 600,
  maxActive: 300,
  throttle: 1,
  message: null,
  tickets: 2047,
  called: 63,
  ...seats,
  stock,
  commitment: HASH,
  revealsAt: "2026-11-27T12:10:00.000Z",
  revealedAt: null,
  warnings: [],
};

export const discountCodeRequest = {
  code: "FRIENDS-10",
  kind: "percent" as const,
  value: 10,
  items: ["AIR-2"],
  uses: 500,
  usesPerBuyer: 1,
};

export const discountCode = {
  id: 7,
  hint: "FR…0",
  hash: HASH,
  enabled: true,
  revision: 7,
  kind: "percent" as const,
  value: 10,
  items: ["AIR-2"],
  from: null,
  to: null,
  uses: 500,
  usesPerBuyer: 1,
  lane: null,
  shopper: null,
  reserved: 3,
  kept: 41,
  createdAt: EARLIER,
  updatedAt: EARLIER,
};

export const discountFile =
  "code,kind,value,items,from,to,uses,uses_per_buyer,lane,shopper\r\n" +
  "FRIENDS-10,percent,10,AIR-2,2026-11-27T10:00:00Z,,500,1,,\r\n" +
  "THANKS-ANN,amount,500,,,,1,1,members,customer-1\r\n";

export const discountImport = { created: 2, changed: 0, unchanged: 0 };

export const discountExport =
  "id,hint,hash,enabled,kind,value,items,from,to,uses,uses_per_buyer,lane,shopper," +
  "reserved,kept\r\n" +
  `7,FR…0,${HASH},true,percent,10,AIR-2,,,500,1,,,3,41\r\n`;
