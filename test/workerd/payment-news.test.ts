/**
 * 3-D Secure from end to end, with the real gate, order, stock and sandbox: the shopper agrees,
 * refuses or leaves; Stripe's events arrive, repeat, arrive late, are forged, or never arrive.
 */
import { createExecutionContext, runDurableObjectAlarm } from "cloudflare:test";
import { env } from "cloudflare:workers";
import Stripe from "stripe";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
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

/** An order whose shopper is at the bank. */
async function orderAtTheBank() {
  skus += 1;
  const sku = `BANK-${skus}`;
  const sale = await openSale(saleDocument([{ sku, stock: 3 }]));
  await letIn(sale, "ann");
  const paymentMethod = "pm_card_authenticationRequired";
  const intent = intentOf(sale, "ann", { [sku]: 1 }, { paymentMethod });
  const { id } = intent;
  await orderOf(id).place(intent);
  await handOver("sluice-orders", await takeSentWhen("sluice-orders", 1));
  expect(await stateOf(id)).toBe("action_required");
  const [payment] = await paymentsOf(id);
  return { id, sku, sale, intent, payment: payment?.id ?? "" };
}

async function stateOf(id: string): Promise<string | undefined> {
  return (await orderOf(id).view())?.order.state;
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
}

async function send(body: string, { secret = SECRET, at_ms, header }: Sent = {}) {
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
  const response = await gate.fetch(request, withEnv, createExecutionContext());
  const answer: Record<string, unknown> = await response.json();
  return { status: response.status, code: answer["code"] ?? null };
}

const TAKEN = { status: 200, code: null };
const REFUSED = { status: 400, code: "webhook_signature_invalid" };

describe("a shopper at the bank", () => {
  test("is redirected, and the order continues at once when the event arrives", async () => {
    const { id, sku, payment } = await orderAtTheBank();
    expect((await orderOf(id).view())?.order.action).toEqual({
      kind: "redirect",
      url: `http://sandbox.test/sandbox/authenticate/${payment}`,
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
