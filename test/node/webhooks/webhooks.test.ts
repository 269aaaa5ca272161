/**
 * Webhooks: which endpoint gets which event, the schedule of tries, the effect of each response,
 * and the payload.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { WEBHOOK_ATTEMPTS_KEPT, WEBHOOK_WAIT_MAX_S } from "../../../src/domain/limits.ts";
import { PLAIN_LINE } from "../../../src/domain/order/order.ts";
import { orderEventSchema } from "../../../src/domain/order/messages.ts";
import {
  afterTry,
  requestedWait_s,
  deliveryIdOf,
  EVENT_TYPES,
  eventPatternSchema,
  payloadOf,
  subscriptionSchema,
  TEST_EVENT_TYPE,
  RETRY_DELAYS_S,
  waitAfter_s,
  wants,
  type Delivery,
  type TryOutcome,
} from "../../../src/domain/webhooks.ts";
import { PROJECT_ROOT } from "../../../scripts/project-root.ts";

const NOW = Date.parse("2026-11-27T10:00:00Z");
const NEW: Delivery = { state: "pending", tries: 0, due_ms: NOW, attempts: [] };

function answered(status: number, retryAfter: string | null = null): TryOutcome {
  return { kind: "answered", status, retryAfter };
}

describe("an endpoint", () => {
  test.each([
    [["*"], "order.confirmed", true],
    [["order.*"], "order.confirmed", true],
    [["order.*"], "sale.started", false],
    [["order.*"], "orders.confirmed", false],
    [["order.*"], "order", false],
    [["order.confirmed"], "order.confirmed", true],
    [["order.confirmed"], "order.confirmed_late", false],
    [["order.confirmed", "sale.*"], "sale.sold_out", true],
    [["order.confirmed", "sale.*"], "order.declined", false],
    [[], "order.confirmed", false],
  ])("that subscribes to %j gets %s: %s", (patterns, type, expected) => {
    expect(wants(patterns, type)).toBe(expected);
  });

  test.each(["*", "order.*", "order.confirmed", "sale.back_in_stock"])(
    "may subscribe to %s",
    (text) => {
      expect(eventPatternSchema.safeParse(text).success).toBe(true);
    },
  );

  test.each([
    "",
    "order.",
    ".*",
    "order*",
    "*.confirmed",
    "Order.confirmed",
    "a b",
    "[a]",
    "order.**",
  ])("may not subscribe to '%s'", (text) =>
    expect(eventPatternSchema.safeParse(text).success).toBe(false),
  );

  test.each(["order.confrimed", "orders.*", "order", "sale.confirmed", "order.authorized"])(
    "may not subscribe to '%s', because no event has this type",
    (text) => {
      const { error } = subscriptionSchema.safeParse(text);
      expect(error?.issues[0]?.message).toContain("is no type of event");
      expect(error?.issues[0]?.message).toContain("order.confirmed");
    },
  );

  test("may subscribe to every type that events have, and to its prefix", () => {
    for (const type of EVENT_TYPES) {
      expect(subscriptionSchema.safeParse(type).success).toBe(true);
      expect(subscriptionSchema.safeParse(`${type.split(".")[0]}.*`).success).toBe(true);
    }
    expect(subscriptionSchema.safeParse("*").success).toBe(true);
  });

  test("finds in the guide exactly the types that events have", () => {
    const guide = readFileSync(join(PROJECT_ROOT, "docs/webhooks.md"), "utf8");
    const rows = guide.split("\n\n").flatMap((part) => {
      const [head = "", , ...lines] = part.split("\n");
      return head.startsWith("| type ") ? lines : [];
    });
    const named = rows.flatMap((row) => row.split("|")[1]?.match(/[a-z_]+\.[a-z_]+/g) ?? []);
    const types = EVENT_TYPES.filter((type) => type !== TEST_EVENT_TYPE);
    expect(named.toSorted()).toEqual(types.toSorted());
  });
});

test("a delivery's id depends on its event and its endpoint", () => {
  fc.assert(
    fc.property(fc.string(), fc.string(), fc.string(), fc.string(), (a, b, c, d) => {
      const same = a === c && b === d;
      expect(deliveryIdOf(a, b) === deliveryIdOf(c, d)).toBe(same);
      expect(deliveryIdOf(a, b)).toMatch(/^whd_[0-9a-f]{32}$/);
    }),
  );
});

describe("the schedule", () => {
  test("is ten tries over a little more than three days", () => {
    const hours = RETRY_DELAYS_S.reduce<number>((sum, wait_s) => sum + wait_s, 0) / 3600;
    expect(RETRY_DELAYS_S).toHaveLength(9);
    expect(hours).toBeCloseTo(75.58, 1);
    expect(RETRY_DELAYS_S.toSorted((a, b) => a - b)).toEqual([...RETRY_DELAYS_S]);
  });

  test("is shortened by at most a tenth, and lengthened by Retry-After up to a day", () => {
    const tries = fc.integer({ min: 1, max: RETRY_DELAYS_S.length });
    const chance = fc.double({ min: 0, max: 1, noNaN: true });
    fc.assert(
      fc.property(tries, fc.option(fc.nat({ max: 200_000 })), chance, (tried, asked_s, drawn) => {
        const planned_s = RETRY_DELAYS_S[tried - 1] ?? 0;
        const wait_s = waitAfter_s(tried, asked_s, drawn) ?? -1;
        expect(wait_s).toBeGreaterThanOrEqual(planned_s * 0.9 - 1e-6);
        expect(wait_s).toBeLessThanOrEqual(
          Math.max(planned_s, Math.min(asked_s ?? 0, WEBHOOK_WAIT_MAX_S)),
        );
        expect(wait_s).toBeGreaterThanOrEqual(Math.min(asked_s ?? 0, WEBHOOK_WAIT_MAX_S));
      }),
    );
  });

  test("ends: there is no wait after the tenth try", () => {
    expect(waitAfter_s(9, null, 0)).toBe(86_400);
    expect(waitAfter_s(10, 5, 0)).toBeNull();
  });

  test.each([
    [null, null],
    ["120", 120],
    ["0", 0],
    ["999999999", WEBHOOK_WAIT_MAX_S],
    ["Fri, 27 Nov 2026 10:02:00 GMT", 120],
    ["Fri, 27 Nov 2026 09:00:00 GMT", 0],
    ["soon", null],
    ["-5", 0],
    ["", null],
    ["1e9", null],
  ])("reads Retry-After %j as %j seconds", (header, expected) => {
    // Some engines parse "-5" as a date in the past, which counts as now.
    expect(requestedWait_s(header, NOW)).toBe(expected);
  });
});

describe("an answer", () => {
  test.each([200, 201, 204, 299])("of %i is a delivery", (status) => {
    const { delivery, gone } = afterTry(NEW, answered(status), NOW - 40, NOW, 0);
    expect(gone).toBe(false);
    expect(delivery).toEqual({
      state: "delivered",
      tries: 1,
      due_ms: NOW,
      attempts: [{ at_ms: NOW - 40, status, error: null, duration_ms: 40 }],
    });
  });

  test.each([
    [answered(301), 301, "redirects are not followed"],
    [answered(400), 400, "answered 400"],
    [answered(404), 404, "answered 404"],
    [answered(429), 429, "answered 429"],
    [answered(500), 500, "answered 500"],
    [{ kind: "unanswered", why: "no connection" } as const, null, "no connection"],
  ])("of %j is tried again after about five seconds", (outcome, status, error) => {
    const { delivery, gone } = afterTry(NEW, outcome, NOW, NOW, 1);
    expect(gone).toBe(false);
    expect(delivery).toMatchObject({ state: "pending", tries: 1, due_ms: NOW + 4500 });
    expect(delivery.attempts).toEqual([{ at_ms: NOW, status, error, duration_ms: 0 }]);
  });

  test("of 410 ends it at once and disables the endpoint", () => {
    const { delivery, gone } = afterTry(NEW, answered(410), NOW, NOW, 0);
    expect([delivery.state, gone]).toEqual(["failed", true]);
  });

  test("with Retry-After delays the next try", () => {
    const { delivery } = afterTry(NEW, answered(503, "90"), NOW, NOW, 0);
    expect(delivery.due_ms).toBe(NOW + 90_000);
  });
});

test("whatever is answered, a delivery ends within ten tries, and stores a bounded number of them", () => {
  const outcome = fc.oneof(
    fc.integer({ min: 100, max: 599 }).map((status) => answered(status, "1")),
    fc.constant<TryOutcome>({ kind: "unanswered", why: "no connection" }),
  );
  const kept = fc.array(fc.constant({ at_ms: 0, status: 500, error: "x", duration_ms: 1 }), {
    maxLength: WEBHOOK_ATTEMPTS_KEPT,
  });
  fc.assert(
    fc.property(fc.array(outcome, { minLength: 10, maxLength: 10 }), kept, (outcomes, attempts) => {
      let delivery: Delivery = { ...NEW, attempts };
      let now = NOW;
      for (const each of outcomes) {
        if (delivery.state !== "pending") break;
        now = Math.max(now, delivery.due_ms);
        const next = afterTry(delivery, each, now, now, 0.5);
        const ended = next.delivery.state !== "pending";
        expect(ended || next.delivery.due_ms > now).toBe(true);
        delivery = next.delivery;
        expect(delivery.attempts.length).toBeLessThanOrEqual(WEBHOOK_ATTEMPTS_KEPT);
      }
      expect(["delivered", "failed"]).toContain(delivery.state);
    }),
  );
});

function orderPayload(change: object) {
  return payloadOf(
    orderEventSchema.parse({
      v: 1,
      id: "ord_1:3",
      type: "order.confirmed",
      order: "ord_1",
      sale: "air-one",
      version: 3,
      at_ms: NOW,
      placedAt_ms: NOW - 1000,
      state: "confirmed",
      final: true,
      lines: [{ sku: "AIR-42", name: "Air One, 42", quantity: 1, price: 12_900 }],
      total: 12_900,
      currency: "EUR",
      email: "ann@shoppers.example",
      reason: null,
      ...change,
    }),
  );
}

test("an order's event contains the e-mail address and nothing else of the buyer", () => {
  expect(orderPayload({})).toEqual({
    type: "order.confirmed",
    timestamp: "2026-11-27T10:00:00.000Z",
    data: {
      order: "ord_1",
      sale: "air-one",
      version: 3,
      state: "confirmed",
      final: true,
      lines: [{ sku: "AIR-42", name: "Air One, 42", quantity: 1, price: 12_900, ...PLAIN_LINE }],
      total: 12_900,
      currency: "EUR",
      email: "ann@shoppers.example",
      reason: null,
      placedAt: "2026-11-27T09:59:59.000Z",
      amounts: null,
      payment: null,
      providerCode: null,
      refunded: 0,
      refund: null,
      dispute: null,
    },
  });
});

test("an event about a refund or a dispute says which, and how much is given back in all", () => {
  const refund = { id: "rf_1", amount: 500, state: "succeeded", by: "merchant" };
  const more = { reason: "too small", failure: null };
  const refunded = { refund: { ...refund, ...more }, refunded: 700, payment: "pi_1" };
  expect(orderPayload({ type: "order.refunded", ...refunded }).data).toMatchObject(refunded);
  const dispute = { id: "dp_1", status: "needs_response", amount: 12_900, reason: "fraudulent" };
  expect(orderPayload({ type: "order.disputed", dispute }).data).toMatchObject({ dispute });
});
