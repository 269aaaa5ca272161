/**
 * A buyer is erased everywhere: in the order, its stocks and the order book, whatever crashes on
 * the way; by request, and by the order's own alarm when its sale's retention is over.
 */
import { runDurableObjectAlarm, runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { park } from "../../queues/dead-letters.ts";
import { hashOlderAddresses } from "../../queues/order-search.ts";
import { keepEvents } from "../../queues/events.ts";
import { mailsOutbox } from "../../queues/mail/mail-outbox.ts";
import { identitiesOf } from "../../src/domain/buyer/identities.ts";
import { orderEventSchema } from "../../src/domain/order/messages.ts";
import { eraseBuyer, exportBuyer, type BuyerSelection } from "../../src/merchant/buyers.ts";
import { readOrders } from "../../src/merchant/orders.ts";
import { readSecrets } from "../../src/tokens/secrets.ts";
import { startClock, pass } from "./support/clock.ts";
import { handOverAll } from "./support/mail.ts";
import { mishaps, type Crash } from "./support/mishaps.ts";
import {
  intentOf,
  letIn,
  levelsOf,
  openSale,
  orderOf,
  saleDocument,
  settle,
  stockOf,
} from "./support/shop.ts";

const { ORDER_BOOK: book } = env;
const DAY_MS = 24 * 60 * 60 * 1000;
const MANY_RUNS_MS = 120_000;

beforeEach(() => {
  startClock();
  for (const method of ["warn", "error", "log"] as const) {
    vi.spyOn(console, method).mockImplementation(() => undefined);
  }
});
afterEach(() => {
  mishaps.calm();
  vi.restoreAllMocks();
});

let runs = 0;

async function boughtBy(change: Readonly<Record<string, unknown>> = {}) {
  runs += 1;
  const sku = `ERASED-${runs}`;
  const buyer = `pass:customer-${runs}`;
  const mark = `erase-me-${runs}`;
  const sale = await openSale(saleDocument([{ sku, stock: 3 }]));
  await letIn(sale, buyer);
  const intent = intentOf(
    sale,
    buyer,
    { [sku]: 1 },
    {
      email: `${mark}@shop.example`,
      name: `Name ${mark}`,
      phone: `+49 ${mark}`,
      shipTo: { name: `Name ${mark}`, line1: `Street ${mark}` },
      identities: [`digest-of-${mark}`],
      ...change,
    },
  );
  await orderOf(intent.id).place(intent);
  expect(await settle(intent.id)).toBe("confirmed");
  return { sale, sku, buyer, mark, id: intent.id };
}

/** Everything that the order's objects and D1 have stored, as text. */
async function storedOf(id: string, sku: string): Promise<string> {
  const texts: unknown[] = [];
  const objects = [orderOf(id), stockOf(sku)] as const;
  for (const stub of objects) {
    const dump = await runInDurableObject(stub, (_: unknown, { storage }: DurableObjectState) => {
      const names = storage.sql
        .exec<{ name: string }>("SELECT name FROM sqlite_master WHERE type = 'table'")
        .toArray()
        .filter(({ name }) => !name.startsWith("_cf"));
      return names.map(({ name }) => storage.sql.exec(`SELECT * FROM ${name}`).toArray());
    });
    texts.push(dump);
  }
  for (const table of ["orders", "bookings", "events", "dead_letters"]) {
    texts.push((await book.prepare(`SELECT * FROM ${table}`).all()).results);
  }
  return JSON.stringify(texts);
}

/** Lets time pass until the order is erased. */
async function finish(id: string): Promise<void> {
  for (let round = 0; round < 20; round += 1) {
    await handOverAll();
    const view = await orderOf(id)
      .merchantView()
      .catch(() => null);
    if (view?.buyer.email === "") break;
    pass(301_000);
    await runDurableObjectAlarm(orderOf(id)).catch(() => false);
  }
  await settle(id);
  await handOverAll();
}

async function erasedWith(crash: Crash): Promise<boolean> {
  const { id, sku, buyer, mark } = await boughtBy();
  const levels = await levelsOf(sku);
  mishaps.plan(crash);
  const selection: BuyerSelection = { by: "order", order: id };
  await eraseBuyer({ env, now: Date.now() }, selection, null);
  await finish(id);
  while (mishaps.dying > 0) await scheduler.wait(1);
  const { happened } = mishaps;
  mishaps.calm();
  // A request that was lost with its answer is asked again, and ends.
  await eraseBuyer({ env, now: Date.now() }, selection, null);
  await finish(id);
  const stored = await storedOf(id, sku);
  expect(stored).not.toContain(mark);
  // The test's admissions are named after their subjects, real ones are not.
  expect(stored.replaceAll(`adm_now_${buyer}`, "")).not.toContain(buyer);
  expect(await levelsOf(sku)).toEqual(levels);
  const view = await orderOf(id).merchantView();
  expect(view).toMatchObject({ state: "confirmed", total: 12_900, payment: { card: null } });
  const again = await eraseBuyer({ env, now: Date.now() }, selection, null);
  expect(again.orders).toEqual([{ order: id, outcome: "already_erased" }]);
  return happened;
}

describe("a request to erase an order's buyer ends, and changes neither units nor money", () => {
  test("when a part crashes after any step", { timeout: MANY_RUNS_MS }, async () => {
    let at = 1;
    while (await erasedWith({ kind: "after_step", at })) at += 1;
    expect(at).toBeGreaterThan(4);
  });

  test("when any one write is lost", { timeout: MANY_RUNS_MS }, async () => {
    let at = 1;
    while (await erasedWith({ kind: "losing_write", at })) at += 1;
    expect(at).toBeGreaterThan(2);
  });
});

describe("a buyer", () => {
  test("is erased by subject, and by e-mail address however it is spelt", async () => {
    const one = await boughtBy();
    const context = { env, now: Date.now() };
    const bySubject = { by: "subject", sale: one.sale.id, subject: one.buyer } as const;
    expect((await exportBuyer(context, bySubject, null)).orders).toHaveLength(1);
    expect((await eraseBuyer(context, bySubject, null)).orders).toEqual([
      { order: one.id, outcome: "erased" },
    ]);
    const two = await boughtBy();
    const byEmail = { by: "email", email: `${two.mark.toUpperCase()}+x@shop.example` } as const;
    const first = await eraseBuyer(context, byEmail, null);
    expect(first.orders).toEqual([{ order: two.id, outcome: "erased" }]);
    expect(first.next).toEqual({ in: "sales", sale: "" });
    expect((await eraseBuyer(context, byEmail, first.next)).next).toBeNull();
    await finish(two.id);
    expect((await exportBuyer(context, byEmail, null)).orders).toEqual([]);
    expect(await storedOf(two.id, two.sku)).not.toContain(two.mark);
  });

  test("is not brought back by an event that is late or that becomes a dead letter", async () => {
    const { id, sku, mark } = await boughtBy();
    const row = await book.prepare("SELECT body FROM events WHERE order_id = ?").bind(id).first();
    const event = orderEventSchema.parse(JSON.parse(String(row?.["body"])));
    await park(
      book,
      "sluice-events",
      "retries used up",
      { id: `dl-${id}`, body: event, attempts: 1 },
      0,
    );
    await eraseBuyer({ env, now: Date.now() }, { by: "order", order: id }, null);
    await finish(id);
    expect(await storedOf(id, sku)).not.toContain(mark);
    const late = { ...event, id: `${id}:0`, type: "order.declined", version: 0 };
    await keepEvents(book, [late], [mailsOutbox(env, [late], Date.now())]);
    await park(
      book,
      "sluice-events",
      "retries used up",
      { id: `late-${id}`, body: late, attempts: 1 },
      0,
    );
    expect(await storedOf(id, sku)).not.toContain(mark);
    const named = "SELECT COUNT(*) AS count FROM mails WHERE order_id = ? AND recipient <> ''";
    expect(await book.prepare(named).bind(id).first()).toEqual({ count: 0 });
  });

  test("of an order in progress is erased when it has ended", async () => {
    const sale = await openSale(saleDocument([{ sku: "WAITS", stock: 1 }]));
    await letIn(sale, "ann");
    const intent = intentOf(sale, "ann", { WAITS: 1 }, { email: "waits@shop.example" });
    await orderOf(intent.id).place(intent);
    expect(await orderOf(intent.id).erase()).toMatchObject({ kind: "waiting" });
    expect((await orderOf(intent.id).merchantView())?.buyer.email).toBe("waits@shop.example");
    expect(await settle(intent.id)).toBe("confirmed");
    await finish(intent.id);
    expect((await orderOf(intent.id).merchantView())?.buyer.email).toBe("");
    expect(await levelsOf("WAITS")).toEqual({ available: 0, held: 0, ordered: 0, sold: 1 });
  });

  test.each([
    [90, {}],
    [7, { retentionDays: 7 }],
  ])("is erased %d days after the order ended, by its own alarm", async (days, change) => {
    const { id } = await boughtBy(change);
    const emailOf = async () => (await orderOf(id).merchantView())?.buyer.email;
    pass((days - 1) * DAY_MS);
    await runDurableObjectAlarm(orderOf(id));
    expect(await emailOf()).not.toBe("");
    pass(DAY_MS);
    expect(await runDurableObjectAlarm(orderOf(id))).toBe(true);
    expect(await emailOf()).toBe("");
  });
});

describe("the list of orders", () => {
  const rowOf = (id: string) => {
    return book.prepare("SELECT email, email_normalised, buyer FROM orders WHERE id = ?").bind(id);
  };
  const find = async (email: string, buyerKeys: readonly string[]) => {
    const page = { after: null, limit: 10 };
    const found = await readOrders({ env, now: 0, buyerKeys }, { email }, page);
    return found.orders.map(({ id }) => id);
  };

  test("has a keyed hash instead of an address, by which orders are found", async () => {
    const email = "Hashed+1@shop.example";
    const { id } = await boughtBy({ email, identities: identitiesOf({ email }, ["new", "old"]) });
    const hash = expect.stringMatching(/^buyer_[0-9a-f]{40}$/);
    expect(await rowOf(id).first()).toEqual({ email: "", email_normalised: "", buyer: hash });
    expect(await find("hashed@SHOP.example", ["newest", "new"])).toEqual([id]);
    expect(await find("hashed@shop.example", ["other"])).toEqual([]);
  });

  test("loses the addresses of a release before, and finds their orders before and after", async () => {
    const { id, mark } = await boughtBy();
    const secrets = await readSecrets(env);
    if (secrets.kind === "not_configured") throw new Error("no secrets");
    const { buyerKeys } = secrets.keys;
    const email = `${mark}@shop.example`;
    expect(await rowOf(id).first()).toMatchObject({ email });
    expect(await find(email, buyerKeys)).toEqual([id]);
    expect(await hashOlderAddresses(env)).toBeGreaterThan(0);
    const hash = expect.stringMatching(/^buyer_/);
    expect(await rowOf(id).first()).toEqual({ email: "", email_normalised: "", buyer: hash });
    expect(await find(email, buyerKeys)).toEqual([id]);
  });
});
