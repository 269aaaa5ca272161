/**
 * The orders Worker around the pipeline: its breaker with the real KV, and messages that are
 * unreadable or have used up their retries, parked in the real D1.
 */
import { env } from "cloudflare:workers";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { runDurableObjectAlarm } from "cloudflare:test";
import { z } from "zod";
import { sharedBreakerSchema, type SharedBreaker } from "../../src/domain/breaker.ts";
import { readBreaker } from "../../src/merchant/breakers.ts";
import { replayDeadLetter } from "../../src/merchant/orders.ts";
import { findDeadLetter, listDeadLetters } from "../../src/order-book/order-book.ts";
import { pass, startClock } from "./support/clock.ts";
import { handOver, noting, takeSent } from "./support/mail.ts";
import { everyCallMeets, faultsOff, moneyOf, paymentsOf } from "./support/sandbox.ts";
import { acceptedOrder, acceptedOrders, levelsOf, orderOf, settle } from "./support/shop.ts";

const BREAKER = "breaker:payment";
const FORCE = "force:payment";

beforeEach(() => {
  startClock();
  vi.spyOn(console, "warn").mockImplementation(() => undefined);
});
afterEach(async () => {
  await Promise.all([faultsOff(), env.CONFIG.delete(BREAKER), env.CONFIG.delete(FORCE)]);
  vi.restoreAllMocks();
});

async function stateOf(id: string): Promise<string | undefined> {
  return (await orderOf(id).view())?.order.state;
}

/** A new environment, whose breakers know only what is in KV. Records the writes. */
function freshEnv(): { readonly withEnv: typeof env; readonly writes: SharedBreaker["state"][] } {
  const writes: SharedBreaker["state"][] = [];
  const CONFIG = new Proxy(env.CONFIG, {
    get(real, name): unknown {
      if (name !== "put") return Reflect.get(real, name).bind(real);
      return (key: string, value: string): Promise<void> => {
        writes.push(sharedBreakerSchema.parse(JSON.parse(value)).state);
        return real.put(key, value);
      };
    },
  });
  return { withEnv: { ...env, CONFIG }, writes };
}

const OPEN_FOR_MS = 5000;
const MANY_ROUNDS_MS = 30_000;

function openUntil(retryAt_ms: number): SharedBreaker {
  const openedAt_ms = retryAt_ms - OPEN_FOR_MS;
  const said = { reason: "a test said so", by: "another isolate" };
  return { v: 1, state: "open", epoch: 7, openedAt_ms, retryAt_ms, openings: 1, ...said };
}

/** Runs the alarms of these orders, and returns the messages they queue. */
async function wakeAll(ids: readonly string[]): Promise<readonly unknown[]> {
  for (const id of ids) await runDurableObjectAlarm(orderOf(id));
  return takeSent("sluice-orders");
}

/** Lets a wait of that length pass, with its random part. */
function passWait(wait_ms: number): void {
  pass(Math.max(wait_ms * 1.25, wait_ms + 500));
}

describe("the payment breaker", () => {
  test(
    "opens on failures, makes orders wait without a call, and lets them all through afterwards",
    { timeout: MANY_ROUNDS_MS },
    async () => {
      const { sku, ids, messages } = await acceptedOrders(10);
      const { withEnv, writes } = freshEnv();
      await everyCallMeets("error_before");
      const failed = await handOver("sluice-orders", messages, { withEnv });
      expect(failed).toMatchObject({ acknowledged: 10, again: [] });
      expect(writes).toEqual(["open"]);
      const shared = sharedBreakerSchema.parse(await env.CONFIG.get(BREAKER, "json"));
      expect(shared).toMatchObject({ state: "open", epoch: 1, reason: "100 % of 10 calls failed" });
      await faultsOff();
      pass(2000);
      const kept = await handOver("sluice-orders", await wakeAll(ids), { withEnv });
      expect(kept).toMatchObject({ acknowledged: 10, again: [] });
      for (const id of ids) expect((await orderOf(id).view())?.order.delayed).toBe(true);
      expect(await Promise.all(ids.map(paymentsOf))).toEqual(ids.map(() => []));
      for (let round = 0; round < 30 && writes.length < 3; round += 1) {
        passWait(OPEN_FOR_MS);
        const woken = await wakeAll(ids);
        if (woken.length === 0) break;
        expect((await handOver("sluice-orders", woken, { withEnv })).again).toEqual([]);
      }
      for (const id of ids) expect(await settle(id)).toBe("confirmed");
      expect(writes).toEqual(["open", "closed"]);
      for (const id of ids) expect(await moneyOf(id)).toMatchObject({ captures: 1, reserved: 0 });
      expect(await levelsOf(sku)).toEqual({ available: 0, held: 0, ordered: 0, sold: 10 });
    },
  );

  test("that another isolate opened is open here too, until its `retryAt`", async () => {
    const { id, messages } = await acceptedOrder();
    await env.CONFIG.put(BREAKER, JSON.stringify(openUntil(Date.now() + 3000)));
    const { withEnv } = freshEnv();
    expect(await handOver("sluice-orders", messages, { withEnv })).toMatchObject({ again: [] });
    expect(await paymentsOf(id)).toEqual([]);
    pass(2999);
    expect(await wakeAll([id])).toEqual([]);
    passWait(3000);
    await handOver("sluice-orders", await wakeAll([id]), { withEnv });
    expect(await stateOf(id)).toBe("confirmed");
  });

  test(
    "may be open for longer than the queue retries: waiting uses up no message",
    { timeout: MANY_ROUNDS_MS },
    async () => {
      const { id, messages } = await acceptedOrder();
      await env.CONFIG.put(FORCE, "open");
      const { withEnv } = freshEnv();
      let waiting: readonly unknown[] = messages;
      for (let round = 0; round < 30; round += 1) {
        const attempts = { withEnv, attempts: 1 };
        const { acknowledged, again } = await handOver("sluice-orders", waiting, attempts);
        expect([acknowledged, again]).toEqual([1, []]);
        passWait(OPEN_FOR_MS);
        waiting = await wakeAll([id]);
      }
      expect(await paymentsOf(id)).toEqual([]);
      expect(await stateOf(id)).toBe("authorizing");
      await env.CONFIG.delete(FORCE);
      passWait(OPEN_FOR_MS);
      await handOver("sluice-orders", [...waiting, ...(await wakeAll([id]))], { withEnv });
      expect(await settle(id)).toBe("confirmed");
    },
  );

  test.each([
    ["no JSON", "{ open"],
    ["another shape", '{"state":"ajar"}'],
    ["another version", JSON.stringify({ ...openUntil(Number.MAX_SAFE_INTEGER), v: 2 })],
  ])("with %s as its value in KV counts as absent, and is logged", async (_, value) => {
    const said = vi.spyOn(console, "warn").mockImplementation(() => undefined);
    const { id, messages } = await acceptedOrder();
    await env.CONFIG.put(BREAKER, value);
    await handOver("sluice-orders", messages, { withEnv: freshEnv().withEnv });
    expect(await stateOf(id)).toBe("confirmed");
    expect(said.mock.calls.join()).toContain("unreadable_breaker");
    const reading = await readBreaker({ env, now: Date.now() }, "payment");
    expect(reading.shared).toMatchObject({ state: "closed", epoch: 0 });
    expect(said.mock.calls.join()).toContain("unreadable_value");
  });

  test("obeys the operator's override, even beside an unreadable value: open makes no call and declines nothing", async () => {
    const { id, messages } = await acceptedOrder();
    await Promise.all([env.CONFIG.put(FORCE, "open"), env.CONFIG.put(BREAKER, "{ open")]);
    const { withEnv } = freshEnv();
    expect((await handOver("sluice-orders", messages, { withEnv })).acknowledged).toBe(1);
    expect(await stateOf(id)).toBe("authorizing");
    expect(await paymentsOf(id)).toEqual([]);
    await env.CONFIG.delete(FORCE);
    passWait(OPEN_FOR_MS);
    await handOver("sluice-orders", await wakeAll([id]), { withEnv });
    expect(await stateOf(id)).toBe("confirmed");
  });
});

describe("a message", () => {
  test("that cannot be read is parked at once with its body, and the others of its batch are handled", async () => {
    const { id, messages } = await acceptedOrder();
    const bodies = [{ v: 9, order: id }, ...messages];
    const handled = await handOver("sluice-orders", bodies, { ids: ["strange", "good"] });
    expect(handled).toMatchObject({ acknowledged: 2, again: [] });
    expect(await stateOf(id)).toBe("confirmed");
    const letter = await findDeadLetter(env.ORDER_BOOK, "strange");
    expect(letter).toMatchObject({ queue: "sluice-orders", reason: "not an order message" });
    expect(z.unknown().parse(JSON.parse(letter?.body ?? ""))).toEqual({ v: 9, order: id });
    const replayed = await replayDeadLetter({ env, now: Date.now() }, "strange");
    expect(replayed).toEqual({ kind: "unreadable" });
  });

  test("that is not an event is parked, and the events of its batch are kept", async () => {
    await acceptedOrder();
    const events = takeSent("sluice-events");
    const handled = await handOver("sluice-events", [null, ...events], { ids: ["no-event"] });
    expect(handled.acknowledged).toBe(events.length + 1);
    const letter = await findDeadLetter(env.ORDER_BOOK, "no-event");
    expect(letter).toMatchObject({ queue: "sluice-events", reason: "not an event" });
  });

  test("that used up its retries is parked once, and its replay takes the order to its end, once", async () => {
    const { id, messages } = await acceptedOrder();
    const ids = ["given-up"];
    for (let time = 0; time < 2; time += 1) {
      await handOver("sluice-orders-dead", messages, { ids, attempts: 20 });
    }
    const letters = await listDeadLetters(env.ORDER_BOOK, { after: null, limit: 100 });
    expect(letters.filter((letter) => letter.id === "given-up")).toMatchObject([
      { queue: "sluice-orders-dead", reason: "retries used up", attempts: 20, replayed_ms: null },
    ]);
    const ORDERS_QUEUE = noting(env.ORDERS_QUEUE, "sluice-orders", new Set());
    const context = { env: { ...env, ORDERS_QUEUE }, now: Date.now() };
    for (let time = 0; time < 2; time += 1) {
      const replayed = await replayDeadLetter(context, "given-up");
      expect(replayed).toMatchObject({
        kind: "replayed",
        deadLetter: { replayed_ms: context.now },
      });
      expect(await handOver("sluice-orders", takeSent("sluice-orders"))).toMatchObject({
        again: [],
      });
      expect(await stateOf(id)).toBe("confirmed");
    }
    expect(await moneyOf(id)).toMatchObject({ captures: 1 });
  });
});

test("without the provider's key messages wait, and the log says which secret is missing", async () => {
  const complaints = vi.spyOn(console, "error").mockImplementation(() => undefined);
  const { id, messages } = await acceptedOrder();
  const withEnv = { ...env, STRIPE_API_KEY: "" };
  expect((await handOver("sluice-orders", messages, { withEnv })).again).toEqual(messages);
  expect(complaints.mock.calls.join()).toContain("STRIPE_API_KEY is missing");
  await handOver("sluice-orders", messages);
  expect(await stateOf(id)).toBe("confirmed");
});
