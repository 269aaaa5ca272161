/**
 * An order from placing to its end with a shop's own payment and order servers: the orders Worker
 * in workerd, the HTTP adapters, and the example shop, with a mishap in some tests.
 */
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { setTimeout } from "node:timers/promises";
import { z } from "zod";
import { problem } from "../../examples/shop/replies.ts";
import { type ExampleShop, type ShopParts, startExampleShop } from "../../examples/shop/server.ts";
import { expectProblem } from "./support/problem-checks.ts";
import { NEW_SECRET, OLD_SECRET } from "./support/scripted-backend.ts";
import {
  acceptedOrder,
  admit,
  auditOf,
  finalOrder,
  makeSale,
  orderBody,
  placeOrder,
  type Sluice,
  startSluice,
  until,
} from "./support/sluice.ts";

type Mishap = "error_after_effect" | "garbage_after_effect" | "turned_away" | "slow" | null;

/** Happens once, at the next request of this type. */
let mishap: { readonly type: string; readonly kind: Mishap } | null = null;
let requestTypes: string[] = [];
/** Longer than the time-out that the operator sets, and shorter than the default. */
const SLOW_MS = 2000;
let slowAt_ms = 0;
let shop: ExampleShop;
let sluice: Sluice;

function withMishaps(honest: ShopParts): ShopParts {
  const { answer: truth } = honest;
  return {
    ...honest,
    answer: async (desk, key, request) => {
      const type = String(request["type"]);
      requestTypes.push(type);
      const met = mishap?.type === type ? mishap.kind : null;
      if (met !== null) mishap = null;
      if (met === "slow") {
        slowAt_ms = Date.now();
        await setTimeout(SLOW_MS);
      }
      if (met === "turned_away") return { status: 503, body: {} };
      const reply = await truth(desk, key, request);
      if (met === "error_after_effect") return problem(500, "internal");
      return met === "garbage_after_effect" ? { status: 200, body: { answer: "perhaps" } } : reply;
    },
  };
}

beforeAll(async () => {
  shop = await startExampleShop({ secret: NEW_SECRET, port: 0, parts: withMishaps });
  const orders = {
    PAYMENT_BACKEND: "http",
    PAYMENT_BACKEND_URL: shop.paymentsUrl,
    ORDER_BACKEND: "http",
    ORDER_BACKEND_URL: shop.ordersUrl,
    BACKENDS_ALLOW_HTTP: "on",
    // The secret is being rotated: the shop still has the old one.
    BACKEND_SECRET: `${OLD_SECRET} ${NEW_SECRET}`,
    STRIPE_API_KEY: "unused",
  };
  const onLog = () => undefined;
  sluice = await startSluice({ variables: { orders }, onLog });
});
afterAll(async () => {
  await sluice.stop();
  await shop.stop();
});
afterEach(() => {
  mishap = null;
  requestTypes = [];
});

async function order(sale: string, method: string) {
  await makeSale(sluice, sale);
  const headers = await admit(sluice, sale);
  const body = orderBody(sale, { payment: { method } });
  const placed = await placeOrder(sluice, headers, `key-${sale}`, body);
  return { placed, id: acceptedOrder(placed).id };
}

function paymentsOf(id: string) {
  return [...shop.payments.payments.values()].filter((payment) => payment.order === id);
}

test("an order is paid and booked by the shop's own servers", async () => {
  const { placed, id } = await order("plain", "test_approve");
  expect((await finalOrder(sluice, placed)).body).toMatchObject({ state: "confirmed" });
  expect(paymentsOf(id)).toMatchObject([
    { standing: "captured", amount: 12_900, currency: "EUR", captured: 12_900, refunded: 0 },
  ]);
  expect(shop.orders.bookings.get(id)).toMatchObject({
    reference: "SHOP-1000",
    status: "booked",
    order: {
      id,
      sale: "plain",
      total: 12_900,
      lines: [{ sku: "plain-shoe", quantity: 1, price: 12_900 }],
      buyer: { email: "ann@shoppers.example" },
    },
  });
  const steps = ["payment.prepare", "payment.authorize", "order.book", "payment.capture"];
  expect(requestTypes).toEqual(steps);
});

test("a decline reaches the merchant with its reason, the shopper without; the unit is free", async () => {
  const { placed, id } = await order("declined", "test_decline");
  const seen = await finalOrder(sluice, placed);
  expect(seen.body).toMatchObject({ state: "declined", reason: "payment_declined" });
  const { body } = await sluice.merchant("GET", `/orders/${id}`);
  expect(JSON.stringify(body)).toContain('"card_declined"');
  expect(shop.orders.bookings.has(id)).toBe(false);
  await until(
    () => auditOf(sluice, "declined"),
    ({ skus }) => skus.every(({ ordered }) => ordered === 0),
  );
});

test.each([
  ["authorize-500", "payment.authorize", "error_after_effect"],
  ["authorize-odd", "payment.authorize", "garbage_after_effect"],
  ["capture-500", "payment.capture", "error_after_effect"],
  ["capture-odd", "payment.capture", "garbage_after_effect"],
] as const)(
  "%s: a payment without an answer is looked up, and charged once",
  async (sale, type, kind) => {
    mishap = { type, kind };
    const { placed, id } = await order(sale, "test_approve");
    expect((await finalOrder(sluice, placed)).body).toMatchObject({ state: "confirmed" });
    expect(paymentsOf(id)).toMatchObject([
      { standing: "captured", authorized: 12_900, captured: 12_900, refunded: 0 },
    ]);
    expect(requestTypes.filter((step) => step === type)).toHaveLength(1);
    expect(requestTypes).toContain("payment.lookup");
  },
);

test.each([
  ["book-500", "error_after_effect"],
  ["book-503", "turned_away"],
] as const)("%s: a booking without an answer is repeated, and made once", async (sale, kind) => {
  mishap = { type: "order.book", kind };
  const { placed, id } = await order(sale, "test_approve");
  expect((await finalOrder(sluice, placed)).body).toMatchObject({ state: "confirmed" });
  expect(shop.orders.bookings.get(id)?.status).toBe("booked");
  expect(requestTypes.filter((step) => step === "order.book")).toHaveLength(2);
});

test("an order that the shop refuses is not charged, and shows the reason", async () => {
  await makeSale(sluice, "unbookable", {
    items: [{ sku: "test_refuse", name: "Not to be had", price: 500, stock: 3 }],
  });
  const headers = await admit(sluice, "unbookable");
  const lines = [{ sku: "test_refuse", quantity: 1 }];
  const payment = { method: "test_approve" };
  const body = orderBody("unbookable", { lines, expectedTotal: 500, payment });
  const placed = await placeOrder(sluice, headers, "key-unbookable", body);
  const seen = await finalOrder(sluice, placed);
  expect(seen.body).toMatchObject({ state: "failed", reason: "unknown_sku" });
  const [paid] = paymentsOf(acceptedOrder(placed).id);
  expect(paid).toMatchObject({ standing: "voided", captured: 0 });
});

test("a shopper confirms on the shop's page, and the order continues", async () => {
  const { placed } = await order("confirmed-there", "test_action");
  const { path } = acceptedOrder(placed);
  const waiting = await until(
    () => sluice.ask("GET", path),
    ({ body }) => body["state"] === "action_required",
  );
  const { url } = z.object({ url: z.url() }).parse(waiting.body["action"]);
  const back = await fetch(url, { redirect: "manual" });
  expect(back.status).toBe(303);
  expect((await finalOrder(sluice, placed)).body).toMatchObject({ state: "confirmed" });
});

test.each([
  [{ timeoutSeconds: 60 }, "timeoutSeconds"],
  [{ callsPerMinute: 0 }, "callsPerMinute"],
  [{ callsAtOnce: 2.5 }, "callsAtOnce"],
  [{ callsPerHour: 60 }, "callsPerHour"],
  [{ breaker: { failureRate: 2 } }, "breaker.failureRate"],
  [{ breaker: { window: 30 } }, "breaker.window"],
  [{ breaker: { openSeconds: 90 } }, "breaker.openSecondsMax"],
])("limits of a backend that cannot be are refused with the field: %j", async (limits, path) => {
  const refused = await sluice.merchant("PUT", "/backends/payment", limits);
  const { body } = expectProblem(refused, 422, "invalid_request");
  expect(body["errors"]).toMatchObject([{ path }]);
});

test("limits that an operator sets are in force within ten seconds, named by readiness, and reset", async () => {
  const set = await sluice.merchant("PUT", "/backends/payment", { timeoutSeconds: 0.5 });
  expect(set.body).toMatchObject({ revision: 1, isDefault: false, timeoutSeconds: 0.5 });
  expect(set.body).toMatchObject({ callsPerMinute: null, breaker: { openSeconds: 5 } });
  const setAt_ms = Date.now();
  // The first orders may still go by the limits that the Worker read just before.
  for (let nth = 1; !requestTypes.includes("payment.lookup"); nth += 1) {
    mishap = { type: "payment.authorize", kind: "slow" };
    const { placed } = await order(`impatient-${nth}`, "test_approve");
    expect((await finalOrder(sluice, placed)).body).toMatchObject({ state: "confirmed" });
  }
  expect(slowAt_ms - setAt_ms).toBeLessThan(10_000);
  const { body: readiness } = await sluice.merchant("GET", "/readiness");
  expect(JSON.stringify(readiness)).toContain("payment: timeoutSeconds 0.5 instead of 5");
  const reset = await sluice.merchant("DELETE", "/backends/payment");
  expect(reset.body).toMatchObject({ revision: 2, isDefault: true, timeoutSeconds: 5 });
  const { body } = await sluice.merchant("GET", "/backends");
  const backends = [
    { backend: "payment", revision: 2 },
    { backend: "orders", revision: 0 },
  ];
  expect(body["backends"]).toMatchObject(backends);
});
