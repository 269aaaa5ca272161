/**
 * The Order object: what is asked of it while it is being placed is not forgotten, and its events
 * are sent until the order book has them.
 */
import { describe, expect, test } from "vitest";
import { OrderCore } from "../../../durable-objects/order/order-core.ts";
import { ORDER_RULES, type OrderBindings } from "../../../durable-objects/order/ports.ts";
import { OrderMemory, orderStore } from "../../../simulation/memory/order-memory.ts";
import { BOOK_AWAITED_MIN_MS, EVENT_RETOLD_MAX_MS } from "../../../src/domain/limits.ts";
import type { OrderOutcome } from "../../../src/domain/stock/stock.ts";
import { INTENT } from "../support/order-records.ts";

const QUIET: OrderBindings = {
  beginOrder: async () => ({ kind: "begun" }),
  takeDiscount: async () => null,
  order: async () => ({ kind: "ordered", fromHold: 0, fresh: 1 }),
  claimIdentity: async () => ({ kind: "claimed" }),
  sendMessage: async () => undefined,
  sendEvent: async () => undefined,
  finishOrder: async () => undefined,
  sell: async () => ({ kind: "already_sold" }),
  release: async () => ({ kind: "already_released" }),
  restock: async () => ({ kind: "already_restocked", quantity: 1 }),
  finishDiscount: async () => undefined,
  forgetBuyer: async () => undefined,
  warn: () => undefined,
};

/** An order that has asked the first of its stocks, which answers when `answer` is called. */
async function placing() {
  const memory = new OrderMemory();
  const asked = Promise.withResolvers<null>();
  const answered = Promise.withResolvers<OrderOutcome>();
  const core = new OrderCore({
    store: orderStore(
      memory,
      (apply) => apply(),
      () => undefined,
    ),
    alarm: {
      fired: () => undefined,
      arm: async () => undefined,
      know: async () => undefined,
      knowNone: () => undefined,
      disarm: async () => undefined,
    },
    bindings: {
      ...QUIET,
      order: () => {
        asked.resolve(null);
        return answered.promise;
      },
    },
    now: () => 0,
    chance: () => 0,
    rules: ORDER_RULES,
    awaitsBook: true,
    waitUntil: () => undefined,
  });
  const placed = core.place(INTENT);
  await asked.promise;
  const answer = async (): Promise<void> => {
    answered.resolve({ kind: "ordered", fromHold: 0, fresh: 1 });
    await placed;
  };
  return { core, answer };
}

test("an order that is given up while its units are taken is declined", async () => {
  const { core, answer } = await placing();
  expect(await core.giveUp()).toMatchObject({ kind: "giving_up" });
  await answer();
  expect(core.record?.standing).toEqual({ state: "declined", reason: "given_up" });
});

test("an order that is cancelled while its units are taken is cancelled", async () => {
  const { core, answer } = await placing();
  expect(await core.cancel()).toEqual({ kind: "cancelling", when: "after_step" });
  await answer();
  expect(core.record?.standing).toMatchObject({ state: "cancelled" });
});

/** An order that ended, with a clock that the test turns and the events that the queue took. */
async function ended() {
  const memory = new OrderMemory();
  const clock = { now: 0 };
  const sent: string[] = [];
  const armed: number[] = [];
  const core = new OrderCore({
    store: orderStore(
      memory,
      (apply) => apply(),
      () => undefined,
    ),
    alarm: {
      fired: () => undefined,
      arm: async (instants) => {
        armed.push(Math.min(...instants.filter((instant) => instant !== null)));
      },
      know: async () => undefined,
      knowNone: () => undefined,
      disarm: async () => undefined,
    },
    bindings: { ...QUIET, sendEvent: async ({ id }) => sent.push(id) },
    now: () => clock.now,
    chance: () => 0,
    rules: ORDER_RULES,
    awaitsBook: true,
    waitUntil: () => undefined,
  });
  await core.place(INTENT);
  await core.cancel();
  return { core, memory, clock, sent, armed };
}

describe("an event that the queue took", () => {
  test("is sent again, less and less often, until the order book has it", async () => {
    const { core, memory, clock, sent, armed } = await ended();
    const versions = [...memory.outbox.values()].map(({ owed }) => {
      return owed.kind === "event" ? owed.event.version : null;
    });
    expect(sent).toHaveLength(2);
    expect(armed.at(-1)).toBe(BOOK_AWAITED_MIN_MS);
    clock.now = BOOK_AWAITED_MIN_MS - 1;
    await core.ring();
    expect(sent).toHaveLength(2);
    clock.now = BOOK_AWAITED_MIN_MS;
    await core.ring();
    expect(sent).toEqual([...sent.slice(0, 2), ...sent.slice(0, 2)]);
    expect(armed.at(-1)).toBe(clock.now + 2 * BOOK_AWAITED_MIN_MS);
    await core.bookHas([versions[0] ?? 0]);
    clock.now += 2 * BOOK_AWAITED_MIN_MS;
    await core.ring();
    expect(sent.slice(4)).toEqual([sent[1]]);
    await core.bookHas(versions.map((version) => version ?? 0));
    expect(memory.outbox.size).toBe(0);
    expect(armed.at(-1)).toBeGreaterThan(EVENT_RETOLD_MAX_MS);
  });

  test("keeps no buyer from being erased, and is not sent for ever", async () => {
    const { core, memory, clock, sent } = await ended();
    expect(await core.erase()).toMatchObject({ kind: "erased" });
    expect(JSON.stringify([...memory.outbox.values()])).not.toContain(INTENT.email);
    const before = sent.length;
    clock.now = EVENT_RETOLD_MAX_MS + 1;
    await core.ring();
    expect(sent).toHaveLength(before);
    expect(memory.outbox.size).toBe(0);
  });
});
