/**
 * The room's tick comes when it is due, however many knock meanwhile.
 */
import { runInDurableObject } from "cloudflare:test";
import { beforeEach, expect, test } from "vitest";
import { pass, startClock } from "./support/clock.ts";
import { openSale, roomOf, saleDocument } from "./support/shop.ts";

beforeEach(startClock);

test("a flood that is sent to the line does not put the tick off", async () => {
  const sale = await openSale(
    saleDocument([{ sku: "TICK-1", stock: 1 }], { admission: { ratePerMinute: 1 } }),
  );
  const room = roomOf(sale.id);
  const dueAt_ms = (): Promise<number | null> => {
    return runInDurableObject(room, (_, { storage }) => storage.getAlarm());
  };
  const knock = async (name: string): Promise<string> => {
    return (await room.admitNow(`now_${name}`, `sub_${name}`, "general")).kind;
  };
  await knock("first");
  expect(await knock("second")).toBe("queue");
  const due_ms = await dueAt_ms();
  for (let index = 0; index < 5; index += 1) {
    pass(100);
    expect(await knock(`late-${index}`)).toBe("queue");
  }
  expect(await dueAt_ms()).toBe(due_ms);
});
