/**
 * The pipeline with the real order, stock, room, order book and the sandbox provider behind the
 * Stripe SDK: each way an order can end; faults, duplicates and reordering only delay it.
 */
import { evictDurableObject, runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { LEASE_MS } from "../../src/domain/limits.ts";
import type { PaymentBackend } from "../../src/domain/order/payment-backend.ts";
import { orderBook } from "../../queues/backends/order-book.ts";
import { advance, type Pipeline } from "../../queues/pipeline.ts";
import type { FaultKind } from "../../simulation/sandbox/faults.ts";
import { pipelineWith, stripe } from "./support/backends.ts";
import { pass, startClock } from "./support/clock.ts";
import { handOver, takeSent, takeSentWhen } from "./support/mail.ts";
import { everyCallMeets, faultsOff, moneyOf, paymentsOf } from "./support/sandbox.ts";
import {
  intentOf,
  letIn,
  levelsOf,
  openSale,
  orderOf,
  roomOf,
  saleDocument,
  settle,
} from "./support/shop.ts";

beforeEach(() => {
  startClock();
  vi.spyOn(console, "warn").mockImplementation(() => undefined);
});
afterEach(async () => {
  await faultsOff();
  vi.restoreAllMocks();
});

let skus = 0;

/** An accepted order of one unit out of three; its queue message is removed. */
async function acceptedOrder(paymentMethod = "pm_card_visa") {
  skus += 1;
  const sku = `SKU-${skus}`;
  const sale = await openSale(saleDocument([{ sku, stock: 3 }]));
  await letIn(sale, "ann");
  const intent = intentOf(sale, "ann", { [sku]: 1 }, { paymentMethod });
  expect((await orderOf(intent.id).place(intent)).kind).toBe("accepted");
  const [message] = await takeSentWhen("sluice-orders", 1);
  return { sku, sale, intent, id: intent.id, message };
}

async function historyOf(id: string): Promise<string[]> {
  return (await orderOf(id).history()).map(({ state }) => state);
}

function bookingOf(id: string) {
  return env.ORDER_BOOK.prepare("SELECT status, total FROM bookings WHERE order_id = ?")
    .bind(id)
    .first();
}

async function rowsOf(table: "orders" | "events", id: string) {
  const column = { orders: "id", events: "order_id" }[table];
  const rows = await env.ORDER_BOOK.prepare(`SELECT * FROM ${table} WHERE ${column} = ?`)
    .bind(id)
    .all();
  return rows.results;
}

describe("an order with one message", () => {
  test("is authorized, booked, captured once and confirmed; its unit is sold, its seat spent", async () => {
    const { sku, sale, intent, id, message } = await acceptedOrder();
    expect(await handOver("sluice-orders", [message])).toMatchObject({ acknowledged: 1 });
    expect(await historyOf(id)).toEqual([
      "placing",
      "accepted",
      "authorizing",
      "authorized",
      "booking",
      "booked",
      "capturing",
      "confirmed",
    ]);
    expect(await levelsOf(sku)).toEqual({ available: 2, held: 0, ordered: 0, sold: 1 });
    expect(await moneyOf(id)).toEqual({ captures: 1, kept: intent.total, reserved: 0 });
    expect(await bookingOf(id)).toEqual({ status: "booked", total: intent.total });
    const metrics = await roomOf(sale.id).metrics();
    expect(metrics).toMatchObject({ seats: { active: 0, spent: 1 } });
  });

  test("declined keeps the hold and the seat, and a second order with another card is paid", async () => {
    const { sku, sale, id, message } = await acceptedOrder(
      "pm_card_chargeDeclinedInsufficientFunds",
    );
    await handOver("sluice-orders", [message]);
    const seen = await orderOf(id).view();
    expect(seen?.order).toMatchObject({ state: "declined", reason: "payment_declined" });
    expect(await levelsOf(sku)).toEqual({ available: 2, held: 1, ordered: 0, sold: 0 });
    expect(await moneyOf(id)).toEqual({ captures: 0, kept: 0, reserved: 0 });
    const second = intentOf(sale, "ann", { [sku]: 1 }, { id: `${id}-again` });
    expect((await orderOf(second.id).place(second)).kind).toBe("accepted");
    expect(await settle(second.id)).toBe("confirmed");
    expect(await levelsOf(sku)).toEqual({ available: 2, held: 0, ordered: 0, sold: 1 });
  });

  test("whose capture can never succeed is voided and released, and its booking cancelled", async () => {
    const { sku, id } = await acceptedOrder("pm_sandbox_captureFails");
    expect(await settle(id)).toBe("failed");
    expect(await levelsOf(sku)).toEqual({ available: 3, held: 0, ordered: 0, sold: 0 });
    expect(await moneyOf(id)).toEqual({ captures: 0, kept: 0, reserved: 0 });
    expect(await bookingOf(id)).toMatchObject({ status: "cancelled" });
  });
});

describe("an order that is undone", () => {
  test("because the shop cannot book it is refunded, when the provider has captured without being asked", async () => {
    const { sku, intent, id } = await acceptedOrder();
    const real = stripe();
    const payments: PaymentBackend = {
      ...real,
      // A provider that takes the money with the authorization.
      authorize: async (request) => {
        const { paymentId, key } = request;
        const outcome = await real.authorize(request);
        const money = { amount: intent.total, currency: intent.currency };
        await real.capture({ paymentId, money, key: `${key}:captured` });
        return outcome;
      },
    };
    await orderBook(env.ORDER_BOOK).cancel(intent, Date.now());
    await advanceToTheEnd(pipelineWith({ payments }), id);
    expect(await orderOf(id).view()).toMatchObject({ order: { state: "failed" } });
    expect(await moneyOf(id)).toEqual({ captures: 1, kept: 0, reserved: 0 });
    expect(await levelsOf(sku)).toEqual({ available: 3, held: 0, ordered: 0, sold: 0 });
  });

  test("because the merchant cancelled it during the capture is refunded as well", async () => {
    const { sku, id } = await acceptedOrder();
    const real = stripe();
    const payments: PaymentBackend = {
      ...real,
      capture: async (request) => {
        const wished = await orderOf(id).cancel();
        expect(wished).toEqual({ kind: "cancelling", when: "after_step" });
        return real.capture(request);
      },
    };
    await advanceToTheEnd(pipelineWith({ payments }), id);
    expect(await orderOf(id).view()).toMatchObject({ order: { state: "cancelled" } });
    expect(await moneyOf(id)).toEqual({ captures: 1, kept: 0, reserved: 0 });
    expect(await bookingOf(id)).toMatchObject({ status: "cancelled" });
    expect(await levelsOf(sku)).toEqual({ available: 3, held: 0, ordered: 0, sold: 0 });
  });

  test("because the merchant cancelled it under a consumer that then died is undone by the next consumer", async () => {
    const { sku, id } = await acceptedOrder();
    await orderOf(id).lease("dead");
    expect(await orderOf(id).cancel()).toMatchObject({ when: "after_step" });
    pass(LEASE_MS);
    expect(await advance(pipelineWith(), orderOf(id))).toEqual({ kind: "done" });
    expect(await settle(id)).toBe("cancelled");
    expect(await levelsOf(sku)).toEqual({ available: 3, held: 0, ordered: 0, sold: 0 });
  });
});

const KINDS: readonly FaultKind[] = ["error_before", "error_after", "rate_limit"];
const OPERATIONS = ["prepare", "authorize", "capture"] as const;
type Operation = (typeof OPERATIONS)[number];

/** The real adapter; the provider answers the first call of one operation with a fault. */
function stripeWithFault(operation: Operation, kind: FaultKind): PaymentBackend {
  const real = stripe();
  let met = false;
  const faulty = async <Outcome>(name: Operation, call: () => Promise<Outcome>) => {
    if (name !== operation || met) return call();
    met = true;
    await everyCallMeets(kind);
    try {
      return await call();
    } finally {
      await faultsOff();
    }
  };
  return {
    ...real,
    prepare: (request) => faulty("prepare", () => real.prepare(request)),
    authorize: (request) => faulty("authorize", () => real.authorize(request)),
    capture: (request) => faulty("capture", () => real.capture(request)),
  };
}

/** Delivers the message until it is acknowledged, and lets its delays pass. */
async function advanceToTheEnd(pipeline: Pipeline, id: string): Promise<number> {
  for (let deliveries = 1; deliveries < 20; deliveries += 1) {
    const progress = await advance(pipeline, orderOf(id));
    if (progress.kind === "done") return deliveries;
    pass(progress.after_s * 1000);
  }
  throw new Error(`order ${id} is still not done`);
}

describe.each(KINDS)("the provider answers %s", (kind) => {
  test.each(OPERATIONS)("to %s: the order is confirmed with one charge", async (operation) => {
    const { sku, intent, id } = await acceptedOrder();
    await advanceToTheEnd(pipelineWith({ payments: stripeWithFault(operation, kind) }), id);
    const states = await historyOf(id);
    expect(states.at(-1)).toBe("confirmed");
    // Preparing moves no money, and a refused call had no effect, so neither is in doubt.
    const doubtful = operation !== "prepare" && kind !== "rate_limit";
    expect(states.includes("in_doubt")).toBe(doubtful);
    expect(await moneyOf(id)).toEqual({ captures: 1, kept: intent.total, reserved: 0 });
    expect(await levelsOf(sku)).toEqual({ available: 2, held: 0, ordered: 0, sold: 1 });
  });
});

test("while the outcome of a payment is unknown its unit stays ordered, for hours if necessary", async () => {
  const { sku, id, message } = await acceptedOrder();
  const pipeline = pipelineWith({ payments: stripeWithFault("capture", "error_after") });
  await advance(pipeline, orderOf(id));
  expect((await historyOf(id)).at(-1)).toBe("in_doubt");
  await everyCallMeets("error_before");
  for (let hour = 0; hour < 5; hour += 1) {
    pass(3_600_000);
    expect((await advance(pipelineWith(), orderOf(id))).kind).toBe("waits");
    expect(await levelsOf(sku)).toEqual({ available: 2, held: 0, ordered: 1, sold: 0 });
  }
  await faultsOff();
  pass(3_600_000);
  await handOver("sluice-orders", [message]);
  expect(await orderOf(id).view()).toMatchObject({ order: { state: "confirmed" } });
  expect(await moneyOf(id)).toMatchObject({ captures: 1, reserved: 0 });
});

test("a step belongs to one consumer until its lease expires, and then to another with the same key", async () => {
  const { id } = await acceptedOrder();
  const order = orderOf(id);
  const first = await order.lease("first");
  expect(first).toMatchObject({ kind: "step", step: "authorize", key: `${id}:authorize:1` });
  const busy = await order.lease("second");
  expect(busy).toMatchObject({ kind: "busy", until_ms: Date.now() + LEASE_MS });
  expect(await order.recordPayment("second", "pi_second")).toBe("stale");
  pass(LEASE_MS);
  expect(await order.lease("second")).toMatchObject({ kind: "step", key: `${id}:authorize:1` });
  expect(await order.recordPayment("first", "pi_first")).toBe("stale");
  const approved = { step: "authorize", outcome: { kind: "approved" } } as const;
  const late = await order.report("first", approved, "third");
  expect(late).toEqual({ kind: "stale", next: null });
  expect((await historyOf(id)).at(-1)).toBe("authorizing");
});

/** In the first version record, history and outbox had one table each. */
async function keepAsFirstVersion(id: string): Promise<void> {
  await runInDurableObject(orderOf(id), (_, { storage }) => {
    const { value } = storage.sql.exec<{ value: string }>("SELECT value FROM record").one();
    const kept = JSON.parse(value);
    storage.sql.exec(`
      CREATE TABLE history (version INTEGER PRIMARY KEY, at_ms INTEGER, state TEXT, reason TEXT);
      CREATE TABLE outbox (
        seq INTEGER PRIMARY KEY, effect TEXT, tries INTEGER, not_before_ms INTEGER
      )`);
    for (const { version, at_ms, state, reason } of kept.history) {
      storage.sql.exec("INSERT INTO history VALUES (?, ?, ?, ?)", version, at_ms, state, reason);
    }
    storage.sql.exec("INSERT INTO outbox VALUES (1, ?, 0, 0)", JSON.stringify({ kind: "queue" }));
    storage.sql.exec("UPDATE record SET value = ?", JSON.stringify(kept.record));
  });
  await evictDurableObject(orderOf(id));
}

test("an order stored in the tables of the first version continues, with its outbox", async () => {
  const { id } = await acceptedOrder();
  const before = await historyOf(id);
  await keepAsFirstVersion(id);
  expect(await historyOf(id)).toEqual(before);
  expect(await orderOf(id).lease("first")).toMatchObject({ kind: "step", step: "authorize" });
  await orderOf(id).cancel();
  const sent = await takeSentWhen("sluice-orders", 1);
  expect(sent).toContainEqual({ v: 1, kind: "order", order: id });
  await evictDurableObject(orderOf(id));
  expect(await historyOf(id)).toEqual([...before, "authorizing"]);
});

describe("messages that repeat or come late", () => {
  test("ten at once take the steps once", async () => {
    const { sku, intent, id, message } = await acceptedOrder();
    const ten = Array.from({ length: 10 }, () => message);
    await handOver("sluice-orders", ten);
    const states = await historyOf(id);
    expect(new Set(states).size).toBe(states.length);
    expect(states.at(-1)).toBe("confirmed");
    expect(await paymentsOf(id)).toHaveLength(1);
    expect(await moneyOf(id)).toEqual({ captures: 1, kept: intent.total, reserved: 0 });
    expect(await levelsOf(sku)).toEqual({ available: 2, held: 0, ordered: 0, sold: 1 });
  });

  test("to a final order, or to one that was never placed, are acknowledged and change nothing", async () => {
    const { id, message } = await acceptedOrder();
    await handOver("sluice-orders", [message]);
    const before = await historyOf(id);
    const stranger = { v: 1, kind: "order", order: `ord_${"0".repeat(40)}` };
    const late = await handOver("sluice-orders", [message, stranger]);
    expect(late).toMatchObject({ acknowledged: 2, again: [] });
    expect(await historyOf(id)).toEqual(before);
  });

  test("events are logged once each, and an older one never replaces a newer", async () => {
    takeSent("sluice-events");
    const { id, message } = await acceptedOrder();
    await handOver("sluice-orders", [message]);
    const events = await takeSentWhen("sluice-events", 2);
    expect(events).toHaveLength(2);
    const reversed = events.toReversed();
    await handOver("sluice-events", [...reversed, ...events]);
    await handOver("sluice-events", reversed);
    expect(await rowsOf("events", id)).toHaveLength(2);
    expect(await rowsOf("orders", id)).toMatchObject([{ id, state: "confirmed", version: 8 }]);
  });
});
