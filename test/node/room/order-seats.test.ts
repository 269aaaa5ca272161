/**
 * The seats of shoppers with an order in progress: whom they keep out, whom the room may call
 * beside them, and how a seat becomes free whose shopper is gone.
 */
import { describe, expect, test } from "vitest";
import type { RoomCore } from "../../../durable-objects/waiting-room/room-core.ts";
import { RoomMemory, roomOn } from "../../../simulation/memory/room-memory.ts";
import type { DepartedAnswer } from "../../../src/domain/order/saga.ts";
import { isSoldOut, openRoom } from "../../../src/domain/room/room-state.ts";
import { saleOf, STARTS_MS } from "../support/sale-document.ts";

const LEVEL = { sku: "AIR-42", received: 9, held: 0, ordered: 0, sold: 0, buffer: 0, seq: 1 };
const SESSION_MS = 600_000;

/** A live room with one seat, and orders that answer as a test wants. */
function oneSeat(units = 9) {
  const sale = saleOf();
  const admission = { ...sale.admission, maxActive: 1, overcall: 1, ratePerMinute: 6000 };
  const memory = RoomMemory.created({ ...sale, admission }, STARTS_MS);
  const clock = { now: STARTS_MS + 1000 };
  const orders = { answer: "unpaid" as DepartedAnswer | null, asked: [] as string[] };
  const begin = (): RoomCore => {
    return roomOn(memory.rows(), () => clock.now, {
      askDeparted: async (order, hasLeft) => {
        orders.asked.push(`${order} ${hasLeft ? "left" : "expired"}`);
        return orders.answer;
      },
    });
  };
  const room = begin();
  room.reportLevel({ ...LEVEL, available: units });
  return { memory, clock, orders, begin, room };
}

/** Ann is let in and orders; her seat is the only one. */
async function annOrders(shop: ReturnType<typeof oneSeat>): Promise<void> {
  expect(await shop.room.admitNow("t1", "ann", "general")).toMatchObject({ kind: "admitted" });
  expect(shop.room.beginOrder("adm_t1", "ord_1")).toEqual({ kind: "begun" });
}

async function mayEnter(room: RoomCore, clock: { now: number }): Promise<boolean> {
  // A refusal turned queueing on, and a tick with nobody in line turns it off again.
  await room.ring();
  clock.now += 1000;
  return (await room.admitNow(`t${clock.now}`, "bob", "general")).kind === "admitted";
}

describe("the only seat, whose shopper has ordered and left,", () => {
  test("stays taken until the order is given up, and is asked for rarer and rarer", async () => {
    const shop = oneSeat();
    const { clock, orders, room } = shop;
    await annOrders(shop);
    expect(room.leave("adm_t1")).toBe("left");
    expect(room.metrics()).toMatchObject({ seats: { active: 0, kept: 1, ordering: 0, left: 1 } });
    for (let second = 0; second < 20; second += 1) expect(await mayEnter(room, clock)).toBe(false);
    // At once, after 5 s, and after 10 s more.
    expect(orders.asked).toEqual(["ord_1 left", "ord_1 left", "ord_1 left"]);
    expect(room.finishOrder("adm_t1", "ord_1", "hand_back")).toBe("finished");
    expect(room.metrics()).toMatchObject({ seats: { active: 0, kept: 0 } });
    expect(await mayEnter(room, clock)).toBe(true);
  });

  test("is free once the order answers that it is paid, also for the next instance", async () => {
    const shop = oneSeat();
    const { clock, orders, room } = shop;
    await annOrders(shop);
    room.leave("adm_t1");
    orders.answer = "paid";
    expect(await mayEnter(room, clock)).toBe(true);
    expect(shop.begin().metrics()).toMatchObject({ seats: { active: 1, kept: 0, ordering: 0 } });
    expect(room.finishOrder("adm_t1", "ord_1", "spend")).toBe("finished");
  });

  test("is known to the next instance, which asks the order again", async () => {
    const shop = oneSeat();
    await annOrders(shop);
    shop.room.leave("adm_t1");
    shop.orders.answer = null;
    await shop.room.ring();
    const next = shop.begin();
    expect(next.metrics()).toMatchObject({ seats: { active: 0, kept: 1 } });
    expect(await mayEnter(next, shop.clock)).toBe(false);
    expect(shop.orders.asked).toEqual(["ord_1 left", "ord_1 left"]);
  });
});

test("a seat whose shopper's time is over is kept too, and the order is not told that they left", async () => {
  const shop = oneSeat();
  const { clock, orders, room } = shop;
  await annOrders(shop);
  clock.now += SESSION_MS;
  expect(await mayEnter(room, clock)).toBe(false);
  expect(orders.asked).toEqual(["ord_1 expired"]);
  expect(room.metrics()).toMatchObject({ seats: { expired: 1, kept: 1 } });
});

test("after the sale's end an order is told until it has answered, and then asked no more", async () => {
  const shop = oneSeat();
  const { clock, orders, room } = shop;
  await annOrders(shop);
  room.leave("adm_t1");
  orders.answer = null;
  await room.act("end");
  await room.ring();
  orders.answer = "unpaid";
  for (const wait_ms of [5000, 10_000, 600_000]) {
    clock.now += wait_ms;
    await room.ring();
  }
  expect(orders.asked).toHaveLength(2);
});

test("shoppers whose units are ordered keep nobody from being called to the others", async () => {
  const shop = oneSeat(1);
  const { clock, room } = shop;
  await room.change({ maxActive: 2 });
  await annOrders(shop);
  room.reportLevel({ ...LEVEL, available: 1, ordered: 1, seq: 2 });
  expect(room.metrics()).toMatchObject({ seats: { active: 1, ordering: 1 } });
  expect(await mayEnter(room, clock)).toBe(true);
});

test.each([
  [{ available: 0, held: 0, ordered: 0, sold: 9 }, true],
  [{ available: 0, held: 0, ordered: 1, sold: 8 }, false],
  [{ available: 0, held: 1, ordered: 0, sold: 8 }, false],
  [{ available: 1, held: 0, ordered: 0, sold: 8 }, false],
])("with %j it is sold out: %s", (counters, soldOut) => {
  const stock = [{ ...LEVEL, ...counters }];
  expect(isSoldOut({ ...openRoom(saleOf(), 0), stock })).toBe(soldOut);
});
