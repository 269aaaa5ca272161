/**
 * The room tells what happens to its sale: at the time, each thing once in the log, whatever
 * becomes of the room or the queue in between.
 */
import { evictDurableObject, runDurableObjectAlarm, runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import type { Sale } from "../../src/domain/sale/sale.ts";
import { listEvents } from "../../src/order-book/event-log.ts";
import { pass, startClock } from "./support/clock.ts";
import { handOver } from "./support/mail.ts";
import { roomMail, sentBy } from "./support/room-mail.ts";
import { instant, openSale, roomOf, saleDocument, stockOf } from "./support/shop.ts";

beforeEach(startClock);
afterEach(() => {
  roomMail.refused.clear();
  roomMail.dying.clear();
  vi.restoreAllMocks();
});

const MINUTE_MS = 60_000;
let skus = 0;

/** Opens in a minute, starts in two, ends in three. */
function aSale(change: Readonly<Record<string, unknown>> = {}): Sale {
  skus += 1;
  const now = Date.now();
  const times = {
    opensAt: instant(now + MINUTE_MS),
    startsAt: instant(now + 2 * MINUTE_MS),
    endsAt: instant(now + 3 * MINUTE_MS),
  };
  return saleDocument([{ sku: `TOLD-${skus}`, stock: 1 }], { ...times, ...change });
}

async function dueIn_ms(sale: Sale): Promise<number | null> {
  const due_ms = await runInDurableObject(roomOf(sale.id), (_, { storage }) => storage.getAlarm());
  return due_ms === null ? null : due_ms - Date.now();
}

async function ring(sale: Sale): Promise<void> {
  expect(await runDurableObjectAlarm(roomOf(sale.id))).toBe(true);
}

/** Lets time pass to the room's next alarm. */
async function ringNext(sale: Sale): Promise<void> {
  pass(Math.max((await dueIn_ms(sale)) ?? 0, 0));
  await ring(sale);
}

function told(sale: Sale): string[] {
  return sentBy(sale.id).map(({ type }) => type.replace("sale.", ""));
}

/** The sale's events as the merchant reads them, after everything sent was handed over twice. */
async function logged(sale: Sale): Promise<string[]> {
  for (let time = 0; time < 2; time += 1) {
    expect(await handOver("sluice-events", sentBy(sale.id))).toMatchObject({ again: [] });
  }
  const rows = await listEvents(env.ORDER_BOOK, { after: 0, limit: 100, sale: sale.id });
  return rows.map(({ id, type }) => `${id.replace(`${sale.id}:`, "")} ${type}`);
}

test("a lottery nobody has come to yet wakes for its opening, its start and its end, and tells each", async () => {
  const sale = await openSale(aSale());
  await ring(sale);
  expect(told(sale)).toEqual(["created"]);
  expect(await dueIn_ms(sale)).toBe(59_000);
  await ringNext(sale);
  expect(told(sale)).toEqual(["created", "opened"]);
  expect(await dueIn_ms(sale)).toBe(60_000);
  await ringNext(sale);
  expect(told(sale)).toEqual(["created", "opened", "started"]);
  for (let tick = 0; tick < 100 && !told(sale).includes("ended"); tick += 1) await ringNext(sale);
  expect(told(sale)).toEqual(["created", "opened", "started", "ended"]);
  expect(sentBy(sale.id).map(({ at_ms }) => at_ms - Date.parse(sale.endsAt))).toEqual([
    -3 * MINUTE_MS,
    -2 * MINUTE_MS,
    -MINUTE_MS,
    0,
  ]);
  // Then the secret of its draw is revealed, which is no event.
  expect(await dueIn_ms(sale)).toBe(10 * MINUTE_MS);
  await ringNext(sale);
  expect(await dueIn_ms(sale)).toBeNull();
  expect(await logged(sale)).toEqual([
    "1 sale.created",
    "2 sale.opened",
    "3 sale.started",
    "4 sale.ended",
  ]);
});

test("what the merchant does and what happens to the stock is told at once, in order", async () => {
  const sale = await openSale(aSale());
  const room = roomOf(sale.id);
  const [item] = sale.items;
  if (item === undefined) throw new Error("no item");
  const report = async (): Promise<void> => {
    await room.reportLevel(await stockOf(item.sku).levels(item.sku));
  };
  const move = async (id: string, quantity: number): Promise<void> => {
    const kind = quantity > 0 ? "receive" : "adjust";
    await stockOf(item.sku).move({ id, kind, quantity, reason: "a test" });
    await report();
  };
  await room.act("start");
  await room.act("pause");
  await room.act("pause");
  await room.act("resume");
  await room.change({ ratePerMinute: 7, message: "Soon" });
  await room.configure({ ...sale, title: "Another title" });
  await move("away", -1);
  await move("back", 2);
  await room.act("end");
  expect(await dueIn_ms(sale)).toBeLessThanOrEqual(1);
  await ring(sale);
  expect(told(sale)).toEqual([
    "created",
    "opened",
    "started",
    "paused",
    "resumed",
    "changed",
    "revised",
    "sold_out",
    "back_in_stock",
    "ended",
  ]);
  const [, , , , , changed, revised] = sentBy(sale.id);
  expect(changed).toMatchObject({ ratePerMinute: 7, message: "Soon", title: sale.title });
  expect(revised).toMatchObject({ title: "Another title", revision: 2, ratePerMinute: 7 });
  expect(await logged(sale)).toHaveLength(10);
});

test("a queue that takes nothing delays events and no tick; none is lost, also not by an eviction", async () => {
  const warnings = vi.spyOn(console, "warn").mockImplementation(() => undefined);
  const sale = aSale();
  roomMail.refused.add(sale.id);
  await openSale(sale);
  await roomOf(sale.id).act("start");
  for (let tick = 0; tick < 5; tick += 1) {
    await ringNext(sale);
    // As often as a live sale ticks that nobody waits for.
    expect(await dueIn_ms(sale)).toBeLessThanOrEqual(2000);
  }
  expect(warnings.mock.calls.join()).toContain("events_not_sent");
  await evictDurableObject(roomOf(sale.id));
  await roomOf(sale.id).act("pause");
  roomMail.refused.clear();
  for (let tick = 0; tick < 40 && told(sale).length === 0; tick += 1) await ringNext(sale);
  expect(told(sale)).toEqual(["created", "opened", "started", "paused"]);
  expect(await logged(sale)).toHaveLength(4);
});

test("a room that dies after the queue took its events sends them again, and the log has them once", async () => {
  const sale = await openSale(aSale());
  roomMail.dying.add(sale.id);
  await runDurableObjectAlarm(roomOf(sale.id)).catch(() => undefined);
  expect(told(sale)).toEqual(["created"]);
  await roomOf(sale.id).act("open");
  await ringNext(sale);
  expect(told(sale)).toEqual(["created", "created", "opened"]);
  expect(await logged(sale)).toEqual(["1 sale.created", "2 sale.opened"]);
});

test("a room that dies before it sends has told nothing twice and forgotten nothing", async () => {
  const sale = await openSale(aSale());
  const room = roomOf(sale.id);
  await room.act("start");
  await evictDurableObject(room);
  await room.act("start");
  await ringNext(sale);
  expect(told(sale)).toEqual(["created", "opened", "started"]);
});
