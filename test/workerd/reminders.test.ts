/**
 * TurnReminders on the real platform, with the real room, booths, D1 and the sandbox's mail
 * service: a called shopper gets one mail, through evictions and repetitions, and nobody gets one
 * whose turn is claimed, lapsed, withdrawn or over.
 */
import { evictDurableObject, runDurableObjectAlarm, runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { deleteOld } from "../../queues/retention.ts";
import { EVENTS_KEPT_MS, MAILS_YOUR_TURN_MAX, REMINDER_CHECK_MS } from "../../src/domain/limits.ts";
import { reminderShard } from "../../src/domain/reminders/reminder.ts";
import type { Sale } from "../../src/domain/sale/sale.ts";
import { pass, startClock } from "./support/clock.ts";
import { takeSent } from "./support/mail.ts";
import { MailShop } from "./support/mail-shop.ts";
import { mishaps } from "./support/mishaps.ts";
import { openSale, roomOf, saleDocument } from "./support/shop.ts";

const logged: string[] = [];
let shop: MailShop;

beforeEach(() => {
  startClock();
  takeSent("sluice-mails");
  logged.length = 0;
  for (const level of ["log", "warn", "error"] as const) {
    vi.spyOn(console, level).mockImplementation((line: string) => logged.push(line));
  }
  shop = new MailShop();
});
afterEach(() => {
  mishaps.silentRooms.clear();
  mishaps.brokenRooms.clear();
  vi.restoreAllMocks();
  const leaked = logged.filter((line) => line.includes("@"));
  if (leaked.length > 0) throw new Error(`an address was logged: ${leaked.length} lines`);
});

let shoppers = 0;

function aSale(admission: Readonly<Record<string, unknown>> = {}, yourTurn = true): Promise<Sale> {
  shoppers += 1;
  const document = saleDocument(
    [{ sku: `TOLD-${shoppers}`, stock: 100 }],
    { checkout: { mail: { yourTurn } } },
    { claimWindowSeconds: 30, ...admission },
  );
  return openSale(document);
}

function objectOf(sale: Sale, ticket: string) {
  const { TURN_REMINDERS: namespace } = env;
  return namespace.get(namespace.idFromName(`${sale.id}/${reminderShard(ticket)}`));
}

/** In line, with an address. */
async function waits(sale: Sale, email: string) {
  shoppers += 1;
  const booths = env.TICKET_BOOTH;
  const booth = booths.get(booths.idFromName(`${sale.id}/general/0`));
  const id = `tkt_told_${shoppers}`;
  const { cohort, index } = await booth.join(null);
  const place = { lane: "general", shard: 0, cohort, index };
  const object = objectOf(sale, id);
  const origin = "https://drops.example";
  const asked = { sale: sale.id, ticket: id, place, rank: null, email, origin };
  expect(await object.put(asked)).toEqual({ kind: "kept" });
  return { id, subject: `shopper-${shoppers}`, object, asked, ...place };
}

async function tick(sale: Sale, by_ms = 1000): Promise<void> {
  pass(by_ms);
  await runDurableObjectAlarm(roomOf(sale.id));
}

async function check(object: ReturnType<typeof objectOf>): Promise<void> {
  pass(REMINDER_CHECK_MS);
  await runDurableObjectAlarm(object);
}

/** Called, and handed to the queue; the messages. */
async function calledAndTold(sale: Sale, email: string) {
  const shopper = await waits(sale, email);
  await tick(sale);
  await check(shopper.object);
  const messages = takeSent("sluice-mails");
  expect(messages).toMatchObject([{ mail: `${sale.id}:turn:${shopper.id}` }]);
  return { shopper, messages };
}

async function mailsOf(sale: Sale) {
  return shop.sent(`${sale.id}:turn`);
}

async function rowOf(sale: Sale, ticket: string) {
  const id = `${sale.id}:turn:${ticket}`;
  return env.ORDER_BOOK.prepare("SELECT * FROM mails WHERE id = ?").bind(id).first();
}

async function rowsIn(object: ReturnType<typeof objectOf>): Promise<number> {
  return runInDurableObject(object, (_, { storage }) => {
    const counted = "SELECT COUNT(*) AS count FROM reminders";
    return storage.sql.exec<{ count: number }>(counted).one().count;
  });
}

describe("a called shopper", () => {
  test("gets one mail, through evictions and however often the alarm and the message come", async () => {
    const sale = await aSale();
    const { object, id } = await waits(sale, "ann@bücher.example");
    await evictDurableObject(object);
    await tick(sale);
    await check(object);
    const messages = takeSent("sluice-mails");
    expect(messages).toHaveLength(1);
    expect(JSON.stringify(messages)).not.toContain("@");
    await evictDurableObject(object);
    await check(object);
    expect(takeSent("sluice-mails")).toEqual([]);
    for (let time = 0; time < 3; time += 1) await shop.handOver([...messages, ...messages]);
    const [mail, ...more] = await mailsOf(sale);
    expect(more).toEqual([]);
    expect(mail).toMatchObject({
      to: ["ann@xn--bcher-kva.example"],
      subject: "It is your turn: A drop",
    });
    expect(mail?.text).toContain(`https://drops.example/_sluice/shop/${sale.id}/wait`);
    expect(await rowOf(sale, id)).toMatchObject({ state: "sent", tries: 1, order_id: "" });
  });

  test("gets no mail while the sale is paused, and gets it when the sale goes on", async () => {
    const sale = await aSale();
    const { shopper, messages } = await calledAndTold(sale, "bea@shoppers.example");
    await roomOf(sale.id).act("pause");
    pass(1100);
    await shop.handOver(messages);
    expect(await mailsOf(sale)).toEqual([]);
    expect(await rowOf(sale, shopper.id)).toMatchObject({
      state: "pending",
      reason: "turn_held_up",
    });
    await roomOf(sale.id).act("resume");
    await shop.deliver();
    expect(await mailsOf(sale)).toHaveLength(1);
  });

  test("gets no mail without an answer of the room, and gets it when the room answers", async () => {
    const sale = await aSale();
    const { shopper, messages } = await calledAndTold(sale, "cia@shoppers.example");
    mishaps.brokenRooms.add(sale.id);
    pass(1100);
    await shop.handOver(messages);
    expect(await mailsOf(sale)).toEqual([]);
    const row = await rowOf(sale, shopper.id);
    expect(row).toMatchObject({ state: "pending", reason: "reminder_silent", tries: 0 });
    mishaps.brokenRooms.clear();
    await shop.deliver();
    expect(await mailsOf(sale)).toHaveLength(1);
  });
});

describe("no mail is sent", () => {
  test.each<[string, (sale: Sale, shopper: Awaited<ReturnType<typeof waits>>) => Promise<unknown>]>(
    [
      ["was claimed", (sale, shopper) => roomOf(sale.id).claim(shopper)],
      ["has lapsed", (sale) => tick(sale, 31_000)],
      ["was withdrawn from", (_, { object, id }) => object.withdraw(id)],
      ["is over with the sale", (sale) => roomOf(sale.id).act("end")],
    ],
  )("when the turn %s after it was handed over", async (_, happen) => {
    const sale = await aSale();
    const { shopper, messages } = await calledAndTold(sale, "dan@shoppers.example");
    await happen(sale, shopper);
    pass(1100);
    await shop.handOver(messages);
    expect(await mailsOf(sale)).toEqual([]);
    expect(await rowOf(sale, shopper.id)).toMatchObject({ state: "off", reason: "turn_over" });
    await check(shopper.object);
    expect(await rowsIn(shopper.object)).toBe(0);
  });

  test("before the turn has come", async () => {
    const sale = await aSale({ maxActive: 1 });
    const first = await waits(sale, "eve@shoppers.example");
    await tick(sale);
    expect(await roomOf(sale.id).claim(first)).toMatchObject({ kind: "admitted" });
    const { object } = await waits(sale, "fay@shoppers.example");
    await tick(sale);
    await check(object);
    await tick(sale);
    await check(object);
    expect(takeSent("sluice-mails")).toEqual([]);
    expect(await rowsIn(object)).toBe(1);
  });

  test("more than a few times to one address in one sale", async () => {
    const sale = await aSale();
    const all: unknown[] = [];
    for (let nth = 0; nth <= MAILS_YOUR_TURN_MAX; nth += 1) {
      const { messages } = await calledAndTold(sale, `g.us+${nth}@gmail.com`);
      all.push(...messages);
      await shop.handOver(messages);
    }
    expect(all).toHaveLength(MAILS_YOUR_TURN_MAX + 1);
    expect(await mailsOf(sale)).toHaveLength(MAILS_YOUR_TURN_MAX);
  });

  test("for a sale that stopped offering it, or by a deployment that sends none", async () => {
    const sale = await aSale({}, false);
    const { shopper, messages } = await calledAndTold(sale, "hal@shoppers.example");
    await shop.handOver(messages);
    expect(await rowOf(sale, shopper.id)).toMatchObject({ state: "off", reason: "sale_off" });
    shop.change = { MAIL_BACKEND: "off" };
    const other = await aSale();
    const told = await calledAndTold(other, "hal@shoppers.example");
    await shop.handOver(told.messages);
    expect(await rowOf(other, told.shopper.id)).toMatchObject({ state: "off", reason: "mail_off" });
  });
});

test("everything is deleted when the sale is over, and then nothing wakes the object", async () => {
  const sale = await aSale({ maxActive: 1 });
  const first = await waits(sale, "ida@shoppers.example");
  const { object } = first;
  await object.admit(sale.id, "network", first.id);
  await roomOf(sale.id).act("end");
  await check(object);
  expect(await rowsIn(object)).toBe(0);
  expect(await runDurableObjectAlarm(object)).toBe(false);
});

test("the record of a mail about a turn is deleted after a month, because no order keeps it", async () => {
  const sale = await aSale();
  const { shopper, messages } = await calledAndTold(sale, "jan@shoppers.example");
  await shop.handOver(messages);
  await deleteOld(env.ORDER_BOOK, Date.now());
  expect(await rowOf(sale, shopper.id)).not.toBeNull();
  await deleteOld(env.ORDER_BOOK, Date.now() + EVENTS_KEPT_MS + 60_000);
  expect(await rowOf(sale, shopper.id)).toBeNull();
});
