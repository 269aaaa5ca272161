/**
 * The bulkheads of the pipeline: the number of concurrent calls, and that a backend that hangs does
 * not block the other.
 */
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { LEASE_MS, ORDER_CALLS_AT_ONCE, SLOT_WAIT_MAX_MS } from "../../../src/domain/limits.ts";
import { Breaker } from "../../../queues/breakers.ts";
import { Bulkhead } from "../../../queues/bulkhead.ts";
import { advance } from "../../../queues/pipeline.ts";
import { STANDINGS } from "../support/order-records.ts";
import { NO_KV, orderIn, pipelineAt } from "../support/pipeline-world.ts";

describe("a bulkhead", () => {
  test("lets in as many callers as it has slots, the others in turn, and none past its limit of waiting ones", async () => {
    const gate = new Bulkhead({ slots: () => 2, waitingMax: 1 });
    expect(await Promise.all([gate.enter(), gate.enter()])).toEqual([true, true]);
    const third = gate.enter();
    expect(await gate.enter()).toBe(false);
    gate.leave();
    expect(await third).toBe(true);
    gate.leave();
    expect(await gate.enter()).toBe(true);
  });

  test("never lets in more callers than slots, however they come and go (law)", async () => {
    const sizes = fc.record({ slots: fc.integer({ min: 1, max: 4 }), waitingMax: fc.nat(6) });
    const callers = fc.array(fc.nat(5), { maxLength: 40 });
    const property = fc.asyncProperty(sizes, callers, async (rules, turns) => {
      const gate = new Bulkhead({ ...rules, slots: () => rules.slots });
      let inside = 0;
      let most = 0;
      const call = async (length: number): Promise<boolean> => {
        if (!(await gate.enter())) return false;
        inside += 1;
        most = Math.max(most, inside);
        for (let turn = 0; turn < length; turn += 1) await Promise.resolve();
        inside -= 1;
        gate.leave();
        return true;
      };
      const entered = await Promise.all(turns.map(call));
      expect(most).toBeLessThanOrEqual(rules.slots);
      expect(inside).toBe(0);
      expect(entered.filter(Boolean).length).toBeGreaterThanOrEqual(
        Math.min(turns.length, rules.slots + rules.waitingMax),
      );
    });
    await fc.assert(property, { numRuns: 200 });
  });
});

async function turns(): Promise<void> {
  for (let turn = 0; turn < 200; turn += 1) await Promise.resolve();
}

describe("a batch in which one backend hangs", () => {
  test("makes two calls to the order backend, and the payments of the other orders continue", async () => {
    const clock = { now: 0 };
    let hanging = 0;
    const answers: (() => void)[] = [];
    const hang = async () => {
      hanging += 1;
      await new Promise<void>((resolve) => answers.push(resolve));
      return { kind: "unknown", reason: "time-out" } as const;
    };
    const orders = { name: "hangs", book: hang, cancel: hang };
    const pipeline = pipelineAt(clock, { orders });
    const toBook = Array.from({ length: 6 }, () => orderIn(clock, STANDINGS.authorized));
    const toCapture = Array.from({ length: 4 }, () => orderIn(clock, STANDINGS.booked));
    const progress = Promise.all(toBook.map(({ order }) => advance(pipeline, order)));
    const captured = Promise.all(toCapture.map(({ order }) => advance(pipeline, order)));
    await captured;
    expect(toCapture.map(({ state }) => state())).toEqual(Array(4).fill("confirmed"));
    await turns();
    expect(hanging).toBe(ORDER_CALLS_AT_ONCE);
    // The first two time out; the next two enter; by then the last two have waited too long.
    for (let round = 0; round < 3; round += 1) {
      clock.now += SLOT_WAIT_MAX_MS;
      for (const answer of answers.splice(0)) answer();
      await turns();
    }
    for (const each of await progress) expect(each.kind).toBe("waits");
    expect(hanging).toBe(2 * ORDER_CALLS_AT_ONCE);
    expect(toBook.map(({ tries }) => tries())).toEqual([1, 1, 1, 1, 0, 0]);
  });

  test("begins no call that might outlast the lease it is made under", async () => {
    const clock = { now: 0 };
    let calls = 0;
    const pipeline = pipelineAt(clock, {});
    const payments = {
      ...pipeline.payments,
      prepare: async () => {
        clock.now += LEASE_MS - 4000;
        return { kind: "prepared", paymentId: "pay_1" } as const;
      },
      authorize: async () => {
        calls += 1;
        return { kind: "approved" } as const;
      },
    };
    const { order } = orderIn(clock, STANDINGS.accepted);
    const bare = {
      ...order,
      lease: async (leaseId: string) => {
        const leased = await order.lease(leaseId);
        const { record } = leased;
        return { ...leased, record: record === null ? null : { ...record, paymentId: null } };
      },
    };
    expect((await advance({ ...pipeline, payments }, bare)).kind).toBe("waits");
    expect(calls).toBe(0);
  });
});

test("an undo waits for the order backend's breaker, and makes no call while that is open", async () => {
  const clock = { now: 0 };
  let cancels = 0;
  const cancel = async () => {
    cancels += 1;
    return { kind: "cancelled" } as const;
  };
  const forced = { ...NO_KV, get: async (key: string) => (key === "force:orders" ? "open" : null) };
  const { orders } = pipelineAt(clock, {});
  const pipeline = pipelineAt(clock, {
    orders: { ...orders, cancel },
    orderBreaker: new Breaker(forced, "orders", "here"),
  });
  const { order, state } = orderIn(clock, STANDINGS.voiding);
  expect((await advance(pipeline, order)).kind).toBe("waits");
  expect([cancels, state()]).toEqual([0, "voiding"]);
  clock.now += 60_000;
  await advance({ ...pipelineAt(clock, {}), orders: { ...orders, cancel } }, order);
  expect([cancels, state()]).toEqual([1, "failed"]);
});
