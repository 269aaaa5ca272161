/**
 * A valid body for each route that has one, from which invalid bodies are made.
 *
 * Guarantee: its route accepts each, so an invalid body made from it is refused because of the
 * change. A new route without an example stops the fuzz run.
 */
import { CHECKOUT, CODE, LINE, ORDER } from "./checkout.ts";
import { FUZZ_SALES } from "./names.ts";

/** By method and path, in the form of the OpenAPI document. */
export const EXAMPLE_BODIES: Readonly<Record<string, object>> = {
  "post /v1/sales/{sale}/tickets": { pass: "a.b.c", proof: "p" },
  "put /v1/sales/{sale}/reminders/current": { email: "ann@shoppers.example" },
  "put /v1/sales/{sale}/cart": { lines: [LINE] },
  "post /v1/sales/{sale}/quotes": {
    lines: [LINE],
    country: "BE",
    delivery: "post",
    discountCode: CODE.code,
  },
  "post /v1/orders": ORDER,
  "post /v1/orders/{id}/actions": { action: "give_up" },
  "post /admin/v1/orders/{id}/refunds": { amount: 100, reason: "returned", restock: [LINE] },
  "post /admin/v1/buyers/erasures": { email: "nobody@nowhere.example" },
  "post /admin/v1/buyers/exports": { email: "nobody@nowhere.example" },
  "put /admin/v1/sales/{sale}": {
    id: FUZZ_SALES.live,
    title: "Another",
    currency: "EUR",
    opensAt: "2026-01-01T09:00:00Z",
    startsAt: "2026-01-01T10:00:00Z",
    endsAt: "2036-01-01T12:00:00Z",
    guards: [
      {
        host: "shop.example",
        path: "/drops/*",
        except: ["/drops/terms"],
        methods: ["GET", "POST"],
        exceptMethods: ["HEAD"],
      },
    ],
    bypass: {
      addresses: ["192.0.2.0/24"],
      tokens: [{ id: "monitor", sha256: "0".repeat(64) }],
      verifiedCrawlers: true,
      healthChecks: [{ path: "/health", userAgent: "Monitor" }],
    },
    onFailure: "open",
    retention: 30,
    waitingPage: { status: 202, jsonStatus: 429, template: "<p>{{waitTimeFormatted}}</p>" },
    queueIt: {
      eventId: "drop",
      customerId: "shop",
      cookieValidityMinutes: 20,
      extendableCookie: true,
      tokenValiditySeconds: 240,
    },
    items: [
      {
        sku: LINE.sku,
        name: "A shoe",
        price: 100,
        stock: 1,
        buffer: 0,
        limitPerBuyer: 1,
        tax: { kind: "added", percents: { BE: 21 } },
      },
    ],
    checkout: { ...CHECKOUT, page: "https://shop.example/checkout" },
    admission: {
      method: "lottery",
      ratePerMinute: 60,
      maxActive: 1,
      sessionSeconds: 600,
      claimWindowSeconds: 60,
      holdSeconds: 600,
      overcall: 2,
      ordersPerAdmission: 1,
    },
    lanes: [{ id: "members", weight: 2 }],
    expectedShoppers: 100,
    protection: { kind: "none" },
    replay: { handling: "report", address: true, devices: 3 },
    fairness: { revealAfterSeconds: 86_400 },
  },
  "post /admin/v1/sales/{sale}/actions": { action: "end" },
  "patch /admin/v1/sales/{sale}/admission": { ratePerMinute: 1, maxActive: 1, message: "no" },
  "post /admin/v1/sales/{sale}/discount-codes": { ...CODE, shopper: "customer-1" },
  "post /admin/v1/sales/{sale}/discount-codes/find": { code: CODE.code },
  "patch /admin/v1/sales/{sale}/discount-codes/{id}": { enabled: false },
  "post /admin/v1/skus/{sku}/movements": {
    id: "fuzz-move",
    kind: "receive",
    quantity: 1,
    reason: "found one",
  },
  "post /admin/v1/skus/{sku}/allotments": { id: "fuzz-allot", key: "stock:1", quantity: 1 },
  "post /admin/v1/skus/{sku}/returns": { id: "fuzz-return", key: "stock:1", quantity: 1 },
  "post /admin/v1/sales/{sale}/restored-objects": {
    backup: "never-taken",
    objects: [{ kind: "stock", name: LINE.sku }],
  },
  "post /admin/v1/sales/{sale}/book-rebuilds": { after: "1-nothing" },
  "put /admin/v1/backends/{backend}": { callsPerMinute: 1200, breaker: { openSeconds: 20 } },
  "post /admin/v1/sales/{sale}/turn-back": {
    object: { kind: "stock", name: LINE.sku },
    at: "2026-01-01T10:00:00Z",
    dryRun: true,
  },
  "post /admin/v1/orders/{id}/actions": { action: "cancel" },
  "post /admin/v1/dead-letters/replay": { queue: "orders", before: "2036-01-01T10:00:00Z" },
  "put /admin/v1/breakers/{backend}": { force: "open" },
  "post /admin/v1/webhook-endpoints": {
    url: "http://127.0.0.1:9/hook",
    types: ["order.*"],
    enabled: false,
    description: "never",
  },
  "patch /admin/v1/webhook-endpoints/{id}": {
    url: "http://127.0.0.1:9/other",
    types: ["*"],
    enabled: false,
    description: "changed",
  },
  "post /admin/v1/webhook-endpoints/{id}/replay": { since: "2026-01-01T10:00:00Z", after: 0 },
};

/** Routes whose body has no schema, because its signature covers the exact bytes. */
export const UNSCHEMED_ROUTES: ReadonlySet<string> = new Set(["post /v1/webhooks/stripe"]);
