/**
 * 3-D Secure from end to end, with the real gate, order, stock and sandbox: the shopper agrees,
 * refuses or leaves; Stripe's events arrive, repeat, arrive late, are forged, or never arrive.
 */
import { createExecutionContext, runDurableObjectAlarm } from "cloudflare:test";
import { env } from "cloudflare:workers";
import Stripe from "stripe";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { z } from "zod";
import { ACTION_REQUIRED_MAX_MS, WEBHOOK_BODY_BYTES_MAX } from "../../src/domain/limits.ts";
import gate from "../../src/gate.ts";
import { pass, startClock } from "./support/clock.ts";
import { handOver, handOverAll, takeSent, takeSentWhen } from "./support/mail.ts";
import { moneyOf, paymentsOf } from "./support/sandbox.ts";
import {
  intentOf,
  letIn,
  levelsOf,
  openSale,
  orderOf,
  saleDocument,
  settle,
} from "./support/shop.ts";

const SECRET = "whsec_of_a_test";
const withEnv = { ...env, STRIPE_WEBHOOK_SECRET: SECRET };

beforeEach(() => {
  startClock();
  vi.spyOn(console, "log").mockImplementation(() => undefined);
});
afterEach(() => vi.restoreAllMocks());

let skus = 0;

/** An order whose shopper is at the bank, or pays another way. */
async function orderAtTheBank(paymentMethod = "pm_card_authenticationRequired") {
  skus += 1;
  const sku = `BANK-${skus}`;
  const sale = await openSale(saleDocument([{ sku, stock: 3 }]));
  await letIn(sale, "ann");
  const intent = intentOf(sale, "ann", { [sku]: 1 }, { paymentMethod });
  const { id } = intent;
  await orderOf(id).place(intent);
  await handOver("sluice-orders", await takeSentWhen("sluice-orders", 1));
  const isAtBank = paymentMethod === "pm_card_authenticationRequired";
  expect(await stateOf(id)).toBe(isAtBank ? "action_required" : "declined");
  const [payment] = await paymentsOf(id);
  return { id, sku, sale, intent, payment: payment?.id ?? "" };
}

async function stateOf(id: string): Promise<string | undefined> {
  return (await orderOf(id).view())?.order.state;
}

/** By the secret of the payment, or as here by the shop's key: another card is confirmed. */
async function confirmAnew(payment: string): Promise<number> {
  const body = new URLSearchParams({
    payment_method: "pm_card_visa",
    return_url: "https://shop.example/",
  });
  const url = `http://sandbox.test/v1/payment_intents/${payment}/confirm`;
  const headers = { authorization: "Bearer sk_test_sandbox" };
  return (await fetch(url, { method: "POST", headers, body })).status;
}

async function atTheBank(payment: string, decision: "accept" | "refuse"): Promise<void> {
  const body = new URLSearchParams({ decision });
  const url = `http://sandbox.test/sandbox/authenticate/${payment}`;
  const answer = await fetch(url, { method: "POST", body, redirect: "manual" });
  expect(answer.status).toBe(303);
}

function eventOf(order: unknown, type = "payment_intent.amount_capturable_updated"): string {
  const object = { id: "pi_1", object: "payment_intent", metadata: { order } };
  return JSON.stringify({ id: "evt_1", object: "event", type, data: { object } });
}

interface Sent {
  readonly secret?: string;
  readonly at_ms?: number;
  readonly header?: string;
  /** In place of the order book. */
  readonly book?: object;
}

async function send(body: string, { secret = SECRET, at_ms, header, book }: Sent = {}) {
  const signature = await Stripe.webhooks.generateTestHeaderStringAsync({
    payload: body,
    secret,
    timestamp: Math.floor((at_ms ?? Date.now()) / 1000),
    cryptoProvider: Stripe.createSubtleCryptoProvider(),
  });
  const request = new Request("https://shop.example/_sluice/v1/webhooks/stripe", {
    method: "POST",
    headers: {
      "content-type": "application/json; charset=utf-8",
      "stripe-signature": header ?? signature,
    },
    body,
  });
  const bindings =
    book === undefined ? withEnv : Object.assign({ ...withEnv }, { ORDER_BOOK: book });
  const response = await gate.fetch(request, bindings, createExecutionContext());
  const answer: Record<string, unknown> = await response.json();
  return { status: response.status, code: answer["code"] ?? null };
}

const TAKEN = { status: 200, code: null };
const REFUSED = { status: 400, code: "webhook_signature_invalid" };

describe("a shopper at the bank", () => {
  test("is redirected, and the order continues at once when the event arrives", async () => {
    const { id, sku, payment } = await orderAtTheBank();
    expect((await orderOf(id).view())?.order.action).toMatchObject({
      kind: "redirect",
      url: `http://sandbox.test/sandbox/authenticate/${payment}`,
      until_ms: expect.any(Number),
    });
    await atTheBank(payment, "accept");
    expect(takeSent("sluice-orders")).toEqual([]);
    expect(await send(eventOf(id))).toEqual(TAKEN);
    await handOver("sluice-orders", takeSent("sluice-orders"));
    expect(await stateOf(id)).toBe("confirmed");
    expect(await levelsOf(sku)).toEqual({ available: 2, held: 0, ordered: 0, sold: 1 });
  });

  test("who refuses keeps the place and the hold", async () => {
    const { id, sku, payment } = await orderAtTheBank();
    await atTheBank(payment, "refuse");
    await send(eventOf(id, "payment_intent.payment_failed"));
    await handOver("sluice-orders", takeSent("sluice-orders"));
    expect(await stateOf(id)).toBe("declined");
    expect(await levelsOf(sku)).toEqual({ available: 2, held: 1, ordered: 0, sold: 0 });
    // The page had the payment's secret, so it is voided, and pays with no other card.
    expect(await confirmAnew(payment)).toBe(400);
    expect(await moneyOf(id)).toMatchObject({ reserved: 0 });
  });

  test("whose order ended cannot leave money reserved for it: the event has it voided", async () => {
    const { id } = await orderAtTheBank("pm_card_chargeDeclined");
    expect(await stateOf(id)).toBe("declined");
    const [payment] = await paymentsOf(id);
    expect(await confirmAnew(payment?.id ?? "")).toBe(200);
    const before = await orderOf(id).history();
    expect(await moneyOf(id)).toMatchObject({ reserved: payment?.amount });
    expect(await send(eventOf(id))).toEqual(TAKEN);
    await handOver("sluice-orders", takeSent("sluice-orders"));
    expect(await moneyOf(id)).toMatchObject({ reserved: 0, captures: 0 });
    expect(await orderOf(id).history()).toEqual(before);
  });

  test("is found by the order's own alarm when no event arrives", async () => {
    const { id, payment } = await orderAtTheBank();
    await atTheBank(payment, "accept");
    pass(20_000);
    expect(await runDurableObjectAlarm(orderOf(id))).toBe(true);
    await handOver("sluice-orders", takeSent("sluice-orders"));
    expect(await stateOf(id)).toBe("confirmed");
  });

  test(
    "that leaves is waited for without using up a message, then declined, and its units released",
    { timeout: 30_000 },
    async () => {
      const { id, sku, sale } = await orderAtTheBank();
      const ends_ms = Date.now() + ACTION_REQUIRED_MAX_MS;
      let rings = 0;
      while ((await stateOf(id)) === "action_required") {
        expect(await levelsOf(sku)).toMatchObject({ ordered: 1 });
        pass(60_000);
        await runDurableObjectAlarm(orderOf(id));
        const { again } = await handOver("sluice-orders", takeSent("sluice-orders"));
        expect(again).toEqual([]);
        rings += 1;
        expect(rings).toBeLessThan(100);
      }
      expect(Date.now()).toBeGreaterThanOrEqual(ends_ms);
      expect(await settle(id)).toBe("declined");
      const seen = await orderOf(id).view();
      expect(seen?.order).toMatchObject({ state: "declined", reason: "action_abandoned" });
      expect(await moneyOf(id)).toEqual({ captures: 0, kept: 0, reserved: 0 });
      // Their admission and hold last longer in this sale, so the unit is back in their cart.
      expect(await levelsOf(sku)).toEqual({ available: 2, held: 1, ordered: 0, sold: 0 });
      const again = intentOf(sale, "ann", { [sku]: 1 }, { id: `${id}-again` });
      expect((await orderOf(again.id).place(again)).kind).toBe("accepted");
      expect(await settle(again.id)).toBe("confirmed");
    },
  );
});

/** A confirmed order, which the order book knows. */
async function confirmedOrder() {
  const order = await orderAtTheBank();
  await atTheBank(order.payment, "accept");
  await send(eventOf(order.id));
  await handOver("sluice-orders", takeSent("sluice-orders"));
  expect(await stateOf(order.id)).toBe("confirmed");
  await handOverAll();
  return order;
}

/** As the merchant does in Stripe's dashboard: Sluice's metadata is not on it. */
async function refundAtStripe(payment: string, amount: number): Promise<void> {
  const answer = await fetch("http://sandbox.test/v1/refunds", {
    method: "POST",
    headers: { authorization: "Bearer sk_test_sluice" },
    body: new URLSearchParams({ payment_intent: payment, amount: String(amount) }),
  });
  expect(answer.status).toBe(200);
}

/** Does something at the sandbox's dashboard; returns the id of what was made or changed. */
async function atTheSandbox(path: string, body: object): Promise<string> {
  const init = { method: "POST", body: JSON.stringify(body) };
  const answer = await fetch(`http://sandbox.test/sandbox/${path}`, init);
  expect(answer.status).toBe(200);
  return z.object({ id: z.string() }).parse(await answer.json()).id;
}

function eventAbout(type: string, object: object, more: object = {}): string {
  return JSON.stringify({ id: "evt_2", object: "event", type, data: { object }, ...more });
}

describe("what happens at Stripe after the end", () => {
  test.each([
    ["charge.refunded", (payment: string) => ({ object: "charge", payment_intent: payment })],
    [
      "refund.created",
      (payment: string) => ({ object: "refund", payment_intent: { id: payment } }),
    ],
  ])("is learned from %s, which names the payment only", async (type, about) => {
    const { id, payment } = await confirmedOrder();
    await refundAtStripe(payment, 100);
    expect(await send(eventAbout(type, about(payment)))).toEqual(TAKEN);
    await handOver("sluice-orders", takeSent("sluice-orders"));
    const seen = await orderOf(id).view();
    expect(seen?.order).toMatchObject({ state: "confirmed", refunded: 100 });
    await handOverAll();
    const again = await send(eventAbout(type, about(payment)));
    expect(again).toEqual(TAKEN);
    await handOver("sluice-orders", takeSent("sluice-orders"));
    expect((await orderOf(id).view())?.order.refunded).toBe(100);
  });

  test.each([
    "refund.updated",
    "refund.failed",
    "charge.dispute.created",
    "charge.dispute.updated",
    "charge.dispute.closed",
  ])("is looked up at once after %s", async (type) => {
    const { payment } = await confirmedOrder();
    expect(await send(eventAbout(type, { payment_intent: payment }))).toEqual(TAKEN);
    expect(takeSent("sluice-orders")).toHaveLength(1);
  });

  test("has the dispute in an event of its own, and its end in another", async () => {
    const { id, payment } = await confirmedOrder();
    const types = async (type: string) => {
      await send(eventAbout(type, { object: "dispute", payment_intent: payment }));
      await handOver("sluice-orders", takeSent("sluice-orders"));
      const events = z.array(z.object({ type: z.string() })).parse(takeSent("sluice-events"));
      return events.map((event) => event.type);
    };
    const dispute = await atTheSandbox(`payments/${payment}/dispute`, { amount: 100 });
    expect(await types("charge.dispute.created")).toEqual(["order.disputed"]);
    await atTheSandbox(`disputes/${dispute}`, { status: "lost" });
    expect(await types("charge.dispute.closed")).toEqual(["order.dispute_closed"]);
    expect(await types("charge.dispute.closed")).toEqual([]);
    expect((await orderOf(id).view())?.order).toMatchObject({ state: "confirmed", refunded: 0 });
  });

  test.each<[string, string, object]>([
    [
      "a payment of the account that is not Sluice's",
      "charge.refunded",
      { payment_intent: "pi_9" },
    ],
    ["no payment", "charge.dispute.created", { payment_intent: null }],
    ["a payment that is no text", "charge.dispute.created", { payment_intent: 7 }],
  ])("is ignored where the event names %s", async (_, type, about) => {
    await confirmedOrder();
    expect(await send(eventAbout(type, about))).toEqual(TAKEN);
    expect(takeSent("sluice-orders")).toEqual([]);
  });

  test("is asked for again while the order book may not have its payment, for a minute", async () => {
    const about = (age_s: number, object: object) => {
      const created = Math.floor(Date.now() / 1000) - age_s;
      return eventAbout("charge.dispute.created", object, { created });
    };
    const unknown = { payment_intent: "pi_of_a_moment_ago" };
    const repeat = { status: 503, code: "order_silent" };
    expect(await send(about(1, unknown))).toEqual(repeat);
    expect(await send(about(59, unknown))).toEqual(repeat);
    expect(await send(about(61, unknown))).toEqual(TAKEN);
    expect(await send(about(1, { payment_intent: null }))).toEqual(TAKEN);
  });

  test("is not looked for because of an event about the payment itself", async () => {
    const { id } = await confirmedOrder();
    expect(await send(eventOf(id, "payment_intent.succeeded"))).toEqual(TAKEN);
    expect(takeSent("sluice-orders")).toEqual([]);
  });

  test("is sent again by Stripe where the order book does not answer", async () => {
    const { payment } = await confirmedOrder();
    const book = {
      prepare: () => {
        throw new Error("D1 is away");
      },
    };
    const body = eventAbout("charge.refunded", { payment_intent: payment });
    expect(await send(body, { book })).toEqual({ status: 503, code: "order_silent" });
  });
});

describe("an event", () => {
  test("that is false changes nothing: the payment is looked up and is unchanged", async () => {
    const { id, sku } = await orderAtTheBank();
    pass(1000);
    expect(await send(eventOf(id, "payment_intent.succeeded"))).toEqual(TAKEN);
    await handOver("sluice-orders", takeSent("sluice-orders"));
    expect(await stateOf(id)).toBe("action_required");
    expect(await levelsOf(sku)).toEqual({ available: 2, held: 0, ordered: 1, sold: 0 });
    expect(await moneyOf(id)).toMatchObject({ captures: 0 });
  });

  test("that repeats, or arrives out of order or after the end, has no further effect", async () => {
    const { id, intent, payment } = await orderAtTheBank();
    await atTheBank(payment, "accept");
    for (const type of ["succeeded", "amount_capturable_updated", "amount_capturable_updated"]) {
      expect(await send(eventOf(id, `payment_intent.${type}`))).toEqual(TAKEN);
    }
    const messages = takeSent("sluice-orders");
    expect(messages).toHaveLength(1);
    await handOver("sluice-orders", messages);
    const before = await orderOf(id).history();
    expect(await send(eventOf(id, "payment_intent.canceled"))).toEqual(TAKEN);
    await handOverAll();
    expect(await orderOf(id).history()).toEqual(before);
    expect(await moneyOf(id)).toEqual({ captures: 1, kept: intent.total, reserved: 0 });
  });

  test.each<[string, Sent, object]>([
    ["signed with another secret", { secret: "whsec_another" }, REFUSED],
    ["signed longer ago than five minutes", { at_ms: -301_000 }, REFUSED],
    ["signed five minutes ago", { at_ms: -300_000 }, TAKEN],
    ["with a malformed signature", { header: "t=1,v1=zz" }, REFUSED],
    ["with an empty signature", { header: "" }, REFUSED],
  ])("%s", async (_, { at_ms, ...sent }, answer) => {
    const { id } = await orderAtTheBank();
    const at = at_ms === undefined ? {} : { at_ms: Date.now() + at_ms };
    expect(await send(eventOf(id), { ...sent, ...at })).toEqual(answer);
    expect(takeSent("sluice-orders")).toHaveLength(answer === TAKEN ? 1 : 0);
  });

  test("without a body is refused, whatever its signature", async () => {
    expect(await send("")).toEqual(REFUSED);
  });

  test.each([
    ["of an unused type", eventOf(`ord_${"0".repeat(40)}`, "customer.created")],
    ["of an unknown order", eventOf(`ord_${"0".repeat(40)}`)],
    ["of a payment outside Sluice", eventOf("invoice-7")],
    ["whose order is not a text", eventOf({ id: 1 })],
    ["that is not an event", JSON.stringify({ hello: "there" })],
    ["that is not JSON", "{ hello"],
  ])("%s, correctly signed, is accepted, ignored and logged", async (_, body) => {
    const logged = vi.spyOn(console, "log").mockImplementation(() => undefined);
    expect(await send(body)).toEqual(TAKEN);
    expect(logged.mock.calls.join()).toContain('"event":"ignored"');
    expect(takeSent("sluice-orders")).toEqual([]);
  });

  test("may be larger than a shopper's request, up to a limit", async () => {
    const padded = (size: number) => JSON.stringify({ padding: "x".repeat(size) });
    const room = WEBHOOK_BODY_BYTES_MAX - padded(0).length;
    expect(await send(padded(room))).toEqual(TAKEN);
    expect(await send(padded(room + 1))).toEqual({ status: 413, code: "body_too_large" });
  });

  test("is refused while the gate lacks the endpoint's secret, and the problem names that secret", async () => {
    const request = new Request("https://shop.example/_sluice/v1/webhooks/stripe", {
      method: "POST",
      body: eventOf("x"),
    });
    const response = await gate.fetch(request, env, createExecutionContext());
    expect(response.status).toBe(503);
    expect(await response.json()).toMatchObject({ code: "stripe_webhook_not_configured" });
  });
});
