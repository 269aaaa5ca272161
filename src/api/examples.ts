/**
 * Examples of the shopper's documents: one pair of shoes, bought by one shopper. The types of the
 * operations and the linters of the contract hold each to its schema.
 */
import { chainHashOf, QUICKNET } from "../domain/line/beacon.ts";
import { DRAW_ALGORITHM } from "../domain/line/cohort.ts";
import { EXAMPLE_ORDER_ID } from "./parameters.ts";

export const TOKEN = "eyJhbGciOiJIUzI1NiIsImtpZCI6InQxIn0.eyJzdWIiOiJzdWJfMSJ9.c2lnbmF0dXJl";
const HASH = "9b74c9897bac770ffc029102a200c5de8f14e45fceea167a5a36dedd4bea2543";

const level = { level: "plenty" as const, available: 41, mayReturn: false };
export const stock = [{ sku: "AIR-2", ...level }];
const noProtection = { kind: "none" as const };
const noBinding = { handling: "allow" as const, address: false };

const vat = { kind: "included" as const, percent: 21 };

export const sale = {
  id: "air-two",
  title: "Air Two",
  currency: "EUR",
  currencyDigits: 2,
  phase: "live" as const,
  paused: false,
  soldOut: false,
  opensAt: "2026-11-27T09:00:00.000Z",
  startsAt: "2026-11-27T10:00:00.000Z",
  endsAt: "2026-11-27T12:00:00.000Z",
  items: [
    { sku: "AIR-2", name: "Air Two", price: 12_900, limitPerBuyer: 1, tax: vat, stock: level },
  ],
  checkout: {
    address: "shipping" as const,
    phone: "optional" as const,
    countries: ["BE", "NL"],
    delivery: [{ id: "post", name: "By post, 2 to 4 days", price: 490, prices: {}, tax: vat }],
    terms: { url: "https://shop.example/terms", text: null },
    paymentMethods: ["card"],
    page: null,
    payment: {
      publishableKey: "pk_test_51Example",
      scriptUrl: "https://js.stripe.com/endive/stripe.js",
    },
  },
  lanes: ["general"],
  method: "lottery" as const,
  session_s: 600,
  hold_s: 600,
  fairness: { commitment: HASH, algorithm: DRAW_ALGORITHM, beacon: chainHashOf(QUICKNET) },
  protection: noProtection,
  replay: noBinding,
  message: null,
  at: "2026-11-27T10:01:00.000Z",
};

export const waiting = {
  state: "queued" as const,
  lane: "general",
  cohort: 0,
  rank: 656,
  position: 57,
  called: 600,
  wait: { low_s: 40, high_s: 90 },
  pollAfter_s: 12.4,
  stock,
  odds: 0.93,
  message: null,
  stale: false,
  at: "2026-11-27T10:01:00.000Z",
};

const inside = { ...waiting, state: "admitted" as const, position: null, wait: null, odds: null };

export const ticket = { ticket: TOKEN, status: waiting };

export const admission = {
  admission: TOKEN,
  expiresAt: "2026-11-27T10:11:00.000Z",
  status: { ...inside, stock },
};

export const challenge = {
  parameters: {
    algorithm: "SCRYPT",
    nonce: "3f8a",
    salt: "9c1d",
    cost: 2048,
    memoryCost: 8,
    parallelism: 1,
    keyLength: 32,
    keyPrefix: "00",
    keySignature: HASH,
    expiresAt: 1_795_773_660,
    data: { sale: "air-two", kid: "p1" },
  },
  signature: HASH,
};

export const line = { sku: "AIR-2", quantity: 1 };

export const cart = {
  lines: [{ ...line, outcome: "held" as const }],
  holdsUntil: "2026-11-27T10:11:30.000Z",
};

export const heldCart = {
  lines: [{ ...line, name: "Air Two", price: 12_900 }],
  holdsUntil: cart.holdsUntil,
};

export const orderRequest = {
  sale: "air-two",
  lines: [{ ...line, price: 12_900 }],
  expectedTotal: 13_390,
  offer: "5f2c9a0d1b7e46c8a3d0f1",
  buyer: { email: "ann@shoppers.example", name: "Ann" },
  payment: { confirmationToken: "ctoken_1NnQUf2eZvKYlo2CIObdtbnb" },
  shipTo: { line1: "Kouter 1", postalCode: "9000", city: "Ghent", country: "BE" },
  delivery: "post",
};

const amounts = {
  items: 12_900,
  discount: 0,
  delivery: 490,
  tax: 0,
  taxIncluded: 2324,
  total: 13_390,
};

export const quoteRequest = { lines: [line], country: "BE", delivery: "post" };

const post = { id: "post", name: "By post, 2 to 4 days", price: 490 };

export const quote = {
  currency: "EUR",
  lines: [{ ...line, name: "Air Two", price: 12_900, discount: 0, tax: 0, taxIncluded: 2239 }],
  amounts,
  delivery: post,
  deliveryOptions: [post, { id: "courier", name: "By courier, tomorrow", price: 1490 }],
  missing: [],
  discount: null,
  offer: "5f2c9a0d1b7e46c8a3d0f1",
};

const order = {
  id: EXAMPLE_ORDER_ID,
  sale: "air-two",
  state: "accepted" as const,
  final: false,
  lines: [{ ...line, name: "Air Two", price: 12_900 }],
  total: 13_390,
  currency: "EUR",
  amounts,
  delivery: { id: post.id, name: post.name },
  discountHint: null,
  refunded: 0,
  refunds: [],
  mayGiveUp: true,
  placedAt: "2026-11-27T10:02:00.000Z",
  updatedAt: "2026-11-27T10:02:00.000Z",
};

export const confirmedOrder = {
  ...order,
  state: "confirmed" as const,
  final: true,
  mayGiveUp: false,
  updatedAt: "2026-11-27T10:02:03.000Z",
};

export const acceptedOrder = {
  order,
  statusUrl: `https://shop.example/_sluice/v1/orders/${EXAMPLE_ORDER_ID}?key=3sOq1vXf0yAqkq1R`,
};

export const receipt = { receipt: TOKEN };

export const manifest = {
  sale: "air-two",
  lane: "general",
  k: 0,
  base: 0,
  counts: [512, 498, 530, 507],
  seed: HASH,
  closedAt: "2026-11-27T10:00:03.651Z",
  draw: {
    countedAt: "2026-11-27T10:00:00.412Z",
    countsSignature: TOKEN,
    chain: chainHashOf(QUICKNET),
    round: 34323413,
    beacon: HASH.slice(0, 32).repeat(3),
  },
  signature: TOKEN,
};

export const counts = {
  sale: "air-two",
  lane: "general",
  k: 0,
  base: 0,
  counts: [512, 498, 530, 507],
  countedAt: "2026-11-27T10:00:00.412Z",
  chain: chainHashOf(QUICKNET),
  round: 34323413,
  signature: TOKEN,
};

export const fairness = {
  sale: "air-two",
  commitment: HASH,
  algorithm: DRAW_ALGORITHM,
  beacon: { chain: chainHashOf(QUICKNET), ...QUICKNET, wait_s: 30 },
  secret: null,
  revealsAt: "2026-11-27T12:10:00.000Z",
  revealedAt: null,
  signature: null,
  keys: [],
};
