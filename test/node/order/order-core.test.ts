/**
 * The Order object while it is being placed: what is asked of it meanwhile is not forgotten.
 */
import { expect, test } from "vitest";
import { OrderCore } from "../../../durable-objects/order/order-core.ts";
import { ORDER_RULES, type OrderBindings } from "../../../durable-objects/order/ports.ts";
import { OrderMemory, orderStore } from "../../../simulation/memory/order-memory.ts";
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
