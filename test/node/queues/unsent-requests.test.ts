/**
 * A request that cannot be written, because a text of it is none that UTF-8 has: it is refused for
 * its own order, and says nothing about the payment provider, so the breaker does not count it.
 */
import Stripe from "stripe";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { paymentsThrough } from "../../../queues/backends/stripe.ts";
import { Breaker } from "../../../queues/breakers.ts";
import { advance } from "../../../queues/pipeline.ts";
import { BREAKER_DEFAULTS } from "../../../src/domain/breaker.ts";
import type { PaymentBackend } from "../../../src/domain/order/payment-backend.ts";
import { STANDINGS } from "../support/order-records.ts";
import { paidOrder } from "../support/paid-order.ts";
import { NO_KV, orderIn, pipelineAt } from "../support/pipeline-world.ts";

const HALF = "\ud800";
const money = { amount: 12_900, currency: "EUR" };
const returnUrl = "https://shop.example/o";

let sent: string[] = [];
beforeEach(() => {
  sent = [];
  vi.spyOn(console, "error").mockImplementation(() => undefined);
  vi.spyOn(console, "warn").mockImplementation(() => undefined);
});
afterEach(() => vi.restoreAllMocks());

/** The real SDK; Stripe answers a cancelled payment to everything. */
function backend(): PaymentBackend {
  const httpClient = Stripe.createFetchHttpClient(async (input: string | URL | Request) => {
    sent.push(new URL(input instanceof Request ? input.url : input).pathname);
    return Response.json({ object: "payment_intent", id: "pi_1", status: "canceled" });
  });
  const client = new Stripe("sk_test_1", { httpClient, maxNetworkRetries: 0, telemetry: false });
  return paymentsThrough(
    client,
    () => 5000,
    () => Date.now(),
  );
}

describe("the Stripe adapter, with half of a surrogate pair", () => {
  test("in the means of payment declines the order, and has the payment voided", async () => {
    const request = { paymentId: "pi_1", method: `pm_${HALF}`, returnUrl, key: "k" };
    const outcome = await backend().authorize(request);
    const declined = { kind: "declined", reason: "request_not_sent", mustVoid: true, unsent: true };
    expect(outcome).toEqual(declined);
    expect(sent).toEqual([]);
  });

  test("in what the order states is a mistake of the shop, which let it in", async () => {
    const order = { ...paidOrder(), description: HALF };
    const outcome = await backend().prepare({ order, money, key: "k" });
    expect(outcome).toEqual({ kind: "misconfigured", code: "request_not_sent", unsent: true });
    expect(sent).toEqual([]);
  });

  test("in the id of a payment that exists only delays it", async () => {
    const unsent = { kind: "retry", after_s: 60, unsent: true };
    const request = { paymentId: HALF, key: "k" };
    expect(await backend().lookup(request)).toMatchObject(unsent);
    expect(await backend().void(request)).toMatchObject(unsent);
    expect(await backend().capture({ ...request, money })).toMatchObject(unsent);
  });
});

describe("orders whose requests cannot be written", () => {
  test("end as declined, and leave the breaker closed", async () => {
    const clock = { now: 0 };
    const pipeline = pipelineAt(clock, { payments: backend() });
    const { intent } = orderIn(clock, STANDINGS.authorizing).record();
    const poisoned = { intent: { ...intent, paymentMethod: `pm_${HALF}` } };
    for (let nth = 0; nth < 3 * BREAKER_DEFAULTS.callsMin; nth += 1) {
      const { order, record } = orderIn(clock, STANDINGS.authorizing, poisoned);
      await advance(pipeline, order);
      expect(record().standing).toEqual({ state: "declined", reason: "request_not_sent" });
    }
    expect(sent).toContain("/v1/payment_intents/pay_1/cancel");
    expect(await pipeline.paymentBreaker.ask(clock.now)).toEqual({ kind: "go", probe: false });
  });

  test("neither close an open breaker as probes nor keep it open", async () => {
    const clock = { now: 0 };
    const breaker = new Breaker(
      NO_KV,
      "payment",
      "here",
      () => BREAKER_DEFAULTS,
      () => undefined,
    );
    const failure = { failed: true, duration_ms: 1, probe: false };
    for (let nth = 0; nth < BREAKER_DEFAULTS.callsMin; nth += 1) await breaker.record(failure, 0);
    clock.now = BREAKER_DEFAULTS.openForMax_ms;
    const payments: PaymentBackend = {
      ...backend(),
      lookup: async () => ({ kind: "retry", after_s: 60, reason: "not sent", unsent: true }),
    };
    const pipeline = pipelineAt(clock, { payments, paymentBreaker: breaker });
    for (let nth = 0; nth < 5; nth += 1) {
      await advance(pipeline, orderIn(clock, STANDINGS.in_doubt).order);
    }
    expect(await breaker.ask(clock.now)).toEqual({ kind: "go", probe: true });
  });
});
