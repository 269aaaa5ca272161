/**
 * SkuStock on the real platform: concurrency, deadlines, evictions, reports and the audit. After
 * every step the ledger must add up to the counters (P1, P5).
 */
import { evictDurableObject, runDurableObjectAlarm, runInDurableObject } from "cloudflare:test";
import { beforeEach, describe, expect, test, vi } from "vitest";
import type { HoldCommand } from "../../src/domain/stock/stock.ts";
import type { Sale } from "../../src/domain/sale/sale.ts";
import { pass, startClock } from "./support/clock.ts";
import { mishaps } from "./support/mishaps.ts";
import {
  intentOf,
  letIn,
  levelsOf,
  openSale,
  orderOf,
  roomOf,
  saleDocument,
  settle,
  stockOf,
} from "./support/shop.ts";

beforeEach(() => {
  startClock();
  vi.spyOn(console, "warn").mockImplementation(() => undefined);
});

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const BUYERS = Array.from({ length: 100 }, (_, index) => `buyer-${index}`);

let skus = 0;

async function receive(quantity: number): Promise<string> {
  skus += 1;
  // A name that no other file uses: its stocks are new, whatever ran in this runtime before.
  const sku = `SKU-STOCK-${skus}`;
  const opened = await stockOf(sku).open({ sale: "sale", sku, quantity, reason: "new" });
  expect(opened.kind).toBe("opened");
  return sku;
}

function holdBy(buyer: string, change: Partial<HoldCommand> = {}): HoldCommand {
  const deadline_ms = Date.now() + MINUTE_MS;
  return { sale: "sale", buyer, id: "cart", quantity: 1, limitPerBuyer: 1, deadline_ms, ...change };
}

function orderBy(buyer: string) {
  const id = `order-of-${buyer}`;
  return { sale: "sale", buyer, id, holdId: "cart", quantity: 1, limitPerBuyer: 1 };
}

function kindsOf(outcomes: readonly { readonly kind: string }[]): Record<string, number> {
  const kinds: Record<string, number> = {};
  for (const { kind } of outcomes) kinds[kind] = (kinds[kind] ?? 0) + 1;
  return kinds;
}

describe("one unit and a hundred buyers at once", () => {
  test("is held by exactly one of them", async () => {
    const sku = await receive(1);
    const outcomes = await Promise.all(BUYERS.map((buyer) => stockOf(sku).hold(holdBy(buyer))));
    expect(kindsOf(outcomes)).toEqual({ held: 1, sold_out: 99 });
    expect(await levelsOf(sku)).toEqual({ available: 0, held: 1, ordered: 0, sold: 0 });
  });

  test("is held by the first of them, when they come in one call", async () => {
    const sku = await receive(1);
    const outcomes = await stockOf(sku).holdAll(BUYERS.map((buyer) => holdBy(buyer)));
    expect(outcomes.map(({ kind }) => kind)).toEqual(["held", ...Array(99).fill("sold_out")]);
    expect(await levelsOf(sku)).toEqual({ available: 0, held: 1, ordered: 0, sold: 0 });
    pass(MINUTE_MS);
    expect(await runDurableObjectAlarm(stockOf(sku))).toBe(true);
    expect(await levelsOf(sku)).toEqual({ available: 1, held: 0, ordered: 0, sold: 0 });
  });

  test("is ordered by exactly one of them", async () => {
    const sku = await receive(1);
    const outcomes = await Promise.all(BUYERS.map((buyer) => stockOf(sku).order(orderBy(buyer))));
    expect(kindsOf(outcomes)).toEqual({ ordered: 1, sold_out: 99 });
    expect(await levelsOf(sku)).toEqual({ available: 0, held: 0, ordered: 1, sold: 0 });
  });
});

describe("one e-mail address and a hundred buyers at once", () => {
  const identities = ["digest of an e-mail address"];

  test("order no more than the limit, however many units there are", async () => {
    const sku = await receive(100);
    const outcomes = await Promise.all(
      BUYERS.map((buyer) => stockOf(sku).order({ ...orderBy(buyer), identities })),
    );
    expect(kindsOf(outcomes)).toEqual({ ordered: 1, limit_reached: 99 });
    expect(await levelsOf(sku)).toEqual({ available: 99, held: 0, ordered: 1, sold: 0 });
  });

  test("claim it for one of their orders", async () => {
    const sku = await receive(100);
    await Promise.all(BUYERS.map((buyer) => stockOf(sku).order(orderBy(buyer))));
    const claims = BUYERS.map((buyer) => {
      return { ...orderBy(buyer), identity: "digest of a card" };
    });
    const outcomes = await Promise.all(claims.map((claim) => stockOf(sku).claimIdentity(claim)));
    expect(kindsOf(outcomes)).toEqual({ claimed: 1, limit_reached: 99 });
    await evictDurableObject(stockOf(sku));
    const repeated = await Promise.all(claims.map((claim) => stockOf(sku).claimIdentity(claim)));
    expect(kindsOf(repeated)).toEqual({ already_claimed: 1, limit_reached: 99 });
  });
});

test("a restock that is sent a hundred times at once puts its units on sale once", async () => {
  const sku = await receive(2);
  const order = { ...orderBy("ann"), quantity: 2, limitPerBuyer: 2 };
  await stockOf(sku).order(order);
  await stockOf(sku).sell(order);
  const command = { sale: "sale", buyer: "ann", id: order.id, restockId: "refund", quantity: 1 };
  const outcomes = await Promise.all(BUYERS.map(() => stockOf(sku).restock(command)));
  expect(kindsOf(outcomes)).toEqual({ restocked: 1, already_restocked: 99 });
  expect(await levelsOf(sku)).toEqual({ available: 1, held: 0, ordered: 0, sold: 1 });
});

describe("an order that is refused for one line", () => {
  test("leaves the other lines' units on sale, also those of another shopper's cart", async () => {
    skus += 1;
    const [shoe, sock] = [`SKU-STOCK-${skus}-SHOE`, `SKU-STOCK-${skus}-SOCK`];
    const sale = await openSale(
      saleDocument([
        { sku: shoe, stock: 2 },
        { sku: sock, stock: 0 },
      ]),
    );
    await letIn(sale, "ann");
    await stockOf(shoe).hold(holdBy("bob", { sale: sale.id }));
    const intent = intentOf(sale, "ann", { [shoe]: 1, [sock]: 1 });
    expect(await orderOf(intent.id).place(intent)).toMatchObject({
      kind: "rejected",
      rejection: { code: "sold_out", sku: sock },
    });
    await settle(intent.id);
    expect(await levelsOf(shoe)).toEqual({ available: 1, held: 1, ordered: 0, sold: 0 });
  });

  test("gives the cart its units back until the cart's own deadline", async () => {
    skus += 1;
    const [shoe, sock] = [`SKU-STOCK-${skus}-SHOE`, `SKU-STOCK-${skus}-SOCK`];
    const items = [
      { sku: shoe, stock: 3, limitPerBuyer: 2 },
      { sku: sock, stock: 0 },
    ];
    const sale = await openSale(saleDocument(items));
    const id = await letIn(sale, "ann");
    const cart = { sale: sale.id, buyer: "ann", id };
    const hold = holdBy("ann", { ...cart, limitPerBuyer: 2 });
    await stockOf(shoe).hold(hold);
    const intent = intentOf(sale, "ann", { [shoe]: 2, [sock]: 1 });
    expect((await orderOf(intent.id).place(intent)).kind).toBe("rejected");
    await settle(intent.id);
    expect(await levelsOf(shoe)).toEqual({ available: 2, held: 1, ordered: 0, sold: 0 });
    expect(await stockOf(shoe).reservation(cart)).toMatchObject({
      quantity: 1,
      standing: { state: "held", deadline_ms: hold.deadline_ms },
    });
  });
});

describe("an object that an earlier version stored", () => {
  test("counts identities from its next order on, and returns a cart's units as far as known", async () => {
    const sku = await receive(9);
    await stockOf(sku).hold(holdBy("ann"));
    const identities = ["digest of an e-mail address"];
    await stockOf(sku).order({ ...orderBy("ann"), identities });
    await runInDurableObject(stockOf(sku), (_, { storage }) => {
      for (const table of ["from_holds", "identities", "restocks"]) {
        storage.sql.exec(`DROP TABLE ${table}`);
      }
    });
    await evictDurableObject(stockOf(sku));
    const backTo = { holdId: "cart", deadline_ms: Date.now() + HOUR_MS, only: "held" } as const;
    expect((await stockOf(sku).order({ ...orderBy("bob"), identities })).kind).toBe("ordered");
    expect((await stockOf(sku).order({ ...orderBy("cid"), identities })).kind).toBe(
      "limit_reached",
    );
    expect((await stockOf(sku).release({ ...orderBy("ann"), backTo })).kind).toBe("released");
    expect(await levelsOf(sku)).toEqual({ available: 8, held: 0, ordered: 1, sold: 0 });
  });

  test("can be written by that version again, and an identity counts what it wrote", async () => {
    const sku = await receive(9);
    const identities = ["digest of an e-mail address"];
    await stockOf(sku).order({ ...orderBy("ann"), identities });
    await runInDurableObject(stockOf(sku), (_, { storage }) => {
      // As versions without those tables write a reservation: by position.
      const { sql } = storage;
      const row = ["sale", "ann", "order-of-ann", "released", 1, 0, null];
      sql.exec("INSERT OR REPLACE INTO reservations VALUES (?, ?, ?, ?, ?, ?, ?)", ...row);
      sql.exec("DELETE FROM ledger WHERE kind = 'order_fresh'");
    });
    await evictDurableObject(stockOf(sku));
    expect((await stockOf(sku).order({ ...orderBy("bob"), identities })).kind).toBe("ordered");
    expect(await levelsOf(sku)).toEqual({ available: 8, held: 0, ordered: 1, sold: 0 });
  });
});

test("the last unit is held, ordered and sold", async () => {
  const sku = await receive(1);
  await stockOf(sku).hold(holdBy("ann"));
  expect(await stockOf(sku).order(orderBy("ann"))).toMatchObject({ kind: "ordered", fromHold: 1 });
  expect(await stockOf(sku).sell(orderBy("ann"))).toEqual({ kind: "sold", quantity: 1 });
  expect(await levelsOf(sku)).toEqual({ available: 0, held: 0, ordered: 0, sold: 1 });
});

test("a release that is repeated, or sent a hundred times at once, frees the units once", async () => {
  const sku = await receive(5);
  await stockOf(sku).order(orderBy("ann"));
  await stockOf(sku).order(orderBy("bob"));
  const command = { ...orderBy("ann"), backTo: null };
  const outcomes = await Promise.all(BUYERS.map(() => stockOf(sku).release(command)));
  expect(kindsOf(outcomes)).toEqual({ released: 1, already_released: 99 });
  expect(await levelsOf(sku)).toEqual({ available: 4, held: 0, ordered: 1, sold: 0 });
});

describe("a hold past its deadline", () => {
  test("is released by the alarm, without a request", async () => {
    const sku = await receive(2);
    await stockOf(sku).hold(holdBy("ann"));
    pass(MINUTE_MS);
    expect(await runDurableObjectAlarm(stockOf(sku))).toBe(true);
    const kinds = (await stockOf(sku).history(0, 10)).map(({ kind }) => kind);
    expect(kinds).toEqual(["receive", "hold", "expire"]);
    expect(await levelsOf(sku)).toEqual({ available: 2, held: 0, ordered: 0, sold: 0 });
  });

  test("counts as expired before the alarm has run, and not a millisecond too early", async () => {
    const sku = await receive(1);
    await stockOf(sku).hold(holdBy("ann"));
    pass(MINUTE_MS - 1);
    expect((await stockOf(sku).hold(holdBy("bob"))).kind).toBe("sold_out");
    pass(1);
    expect((await stockOf(sku).hold(holdBy("bob"))).kind).toBe("held");
    expect(await levelsOf(sku)).toEqual({ available: 0, held: 1, ordered: 0, sold: 0 });
  });

  test("racing its own order has one result: available units if there are any, else sold out", async () => {
    const [one, none] = [await receive(1), await receive(1)];
    await stockOf(one).hold(holdBy("ann"));
    await stockOf(none).hold(holdBy("ann"));
    pass(MINUTE_MS);
    await stockOf(none).hold(holdBy("bob"));
    expect(await stockOf(one).order(orderBy("ann"))).toMatchObject({ kind: "ordered", fresh: 1 });
    expect(await stockOf(none).order(orderBy("ann"))).toMatchObject({ kind: "sold_out" });
    expect(await levelsOf(one)).toEqual({ available: 0, held: 0, ordered: 1, sold: 0 });
    expect(await levelsOf(none)).toEqual({ available: 0, held: 1, ordered: 0, sold: 0 });
  });
});

test("evicted after every command it loses nothing, and answers repeated commands the same", async () => {
  const sku = await receive(10);
  const hold = holdBy("ann", { quantity: 3, limitPerBuyer: 3 });
  const order = { ...orderBy("ann"), quantity: 2, limitPerBuyer: 3 };
  const buffer = { id: "keep", kind: "buffer", quantity: 2, reason: "for the press" } as const;
  const claim = { ...order, identity: "digest of a card" };
  const restock = { sale: "sale", buyer: "ann", id: order.id, restockId: "refund", quantity: 1 };
  const commands = [
    [() => stockOf(sku).hold(hold), "held", "already_held"],
    [() => stockOf(sku).order(order), "ordered", "already_ordered"],
    [() => stockOf(sku).claimIdentity(claim), "claimed", "already_claimed"],
    [() => stockOf(sku).sell(order), "sold", "already_sold"],
    [() => stockOf(sku).restock(restock), "restocked", "already_restocked"],
    [() => stockOf(sku).move(buffer), "moved", "already_moved"],
    [() => stockOf(sku).hold({ ...hold, quantity: 0 }), "released", "released"],
  ] as const;
  for (const [command, first, repeated] of commands) {
    expect((await command()).kind).toBe(first);
    await evictDurableObject(stockOf(sku));
    expect((await command()).kind).toBe(repeated);
    await levelsOf(sku);
    await evictDurableObject(stockOf(sku));
  }
  expect(await levelsOf(sku)).toEqual({ available: 7, held: 0, ordered: 0, sold: 1 });
});

async function saleOfOne(stock: number): Promise<{ sale: Sale; sku: string }> {
  skus += 1;
  // A name that no other file uses: its stocks are new, whatever ran in this runtime before.
  const sku = `SKU-STOCK-${skus}`;
  return { sku, sale: await openSale(saleDocument([{ sku, stock, limitPerBuyer: 10 }])) };
}

async function levelInRoom(sale: Sale): Promise<number | undefined> {
  return (await roomOf(sale.id).snapshot())?.stock[0]?.available;
}

describe("the levels are reported to the room", () => {
  test("by the alarm, at most once a second, whatever else the alarm is set for", async () => {
    const { sale, sku } = await saleOfOne(10);
    const hold = (id: string, lasts_ms: number) => {
      const deadline_ms = Date.now() + lasts_ms;
      return stockOf(sku).hold(holdBy(id, { sale: sale.id, id, deadline_ms, limitPerBuyer: 10 }));
    };
    await runDurableObjectAlarm(stockOf(sku));
    pass(1000);
    await hold("ann", 200);
    await hold("bob", MINUTE_MS);
    expect(await levelInRoom(sale)).toBe(10);
    await runDurableObjectAlarm(stockOf(sku));
    expect(await levelInRoom(sale)).toBe(8);
    pass(200);
    await runDurableObjectAlarm(stockOf(sku));
    expect(await levelsOf(sku)).toMatchObject({ available: 9, held: 1 });
    expect(await levelInRoom(sale)).toBe(8);
    pass(800);
    await runDurableObjectAlarm(stockOf(sku));
    expect(await levelInRoom(sale)).toBe(9);
  });

  test("again, when the room failed", async () => {
    const { sale, sku } = await saleOfOne(10);
    await runDurableObjectAlarm(stockOf(sku));
    mishaps.deafRooms.add(sale.id);
    pass(1000);
    await stockOf(sku).hold(holdBy("ann", { sale: sale.id }));
    await runDurableObjectAlarm(stockOf(sku));
    expect(await levelInRoom(sale)).toBe(10);
    mishaps.deafRooms.delete(sale.id);
    pass(1000);
    expect(await runDurableObjectAlarm(stockOf(sku))).toBe(true);
    expect(await levelInRoom(sale)).toBe(9);
  });

  test("after an eviction between the change and the report", async () => {
    const { sale, sku } = await saleOfOne(10);
    await runDurableObjectAlarm(stockOf(sku));
    pass(1000);
    await stockOf(sku).hold(holdBy("ann", { sale: sale.id }));
    await evictDurableObject(stockOf(sku));
    await runDurableObjectAlarm(stockOf(sku));
    expect(await levelInRoom(sale)).toBe(9);
  });
});

describe("units that an order has owned for more than an hour", () => {
  /** Dates every ordered reservation back by a little over an hour. */
  async function ageOrdered(sku: string): Promise<void> {
    await runInDurableObject(stockOf(sku), (_, { storage }) => {
      const due_ms = Date.now() - 1000;
      storage.sql.exec("UPDATE reservations SET due_ms = ? WHERE state = 'ordered'", due_ms);
    });
    await evictDurableObject(stockOf(sku));
    await runDurableObjectAlarm(stockOf(sku));
  }

  test("are released when no such order was ever placed", async () => {
    const sku = await receive(3);
    await stockOf(sku).order(orderBy("ann"));
    await ageOrdered(sku);
    expect(await levelsOf(sku)).toEqual({ available: 3, held: 0, ordered: 0, sold: 0 });
    expect((await stockOf(sku).order(orderBy("ann"))).kind).toBe("conflict");
  });

  test("stay with an order in progress, which is audited again an hour later", async () => {
    const { sale, sku } = await saleOfOne(3);
    await letIn(sale, "ann");
    const intent = intentOf(sale, "ann", { [sku]: 1 });
    expect((await orderOf(intent.id).place(intent)).kind).toBe("accepted");
    await ageOrdered(sku);
    expect(await levelsOf(sku)).toEqual({ available: 2, held: 0, ordered: 1, sold: 0 });
    const due_ms = await runInDurableObject(stockOf(sku), (_, { storage }) => {
      return storage.sql.exec<{ due_ms: number }>("SELECT due_ms FROM reservations").one().due_ms;
    });
    expect(due_ms).toBe(Date.now() + HOUR_MS);
    expect(await settle(intent.id)).toBe("confirmed");
    expect(await levelsOf(sku)).toEqual({ available: 2, held: 0, ordered: 0, sold: 1 });
  });

  test("are sold when their order is confirmed and the message to sell them was lost", async () => {
    const { sale, sku } = await saleOfOne(3);
    await letIn(sale, "ann");
    const intent = intentOf(sale, "ann", { [sku]: 1 });
    await orderOf(intent.id).place(intent);
    expect(await settle(intent.id)).toBe("confirmed");
    await runInDurableObject(stockOf(sku), (_, { storage }) => {
      storage.sql.exec("UPDATE reservations SET state = 'ordered', since_ms = 0");
      storage.sql.exec("DELETE FROM ledger WHERE kind = 'sell'");
    });
    await evictDurableObject(stockOf(sku));
    expect(await levelsOf(sku)).toEqual({ available: 2, held: 0, ordered: 1, sold: 0 });
    await ageOrdered(sku);
    expect(await levelsOf(sku)).toEqual({ available: 2, held: 0, ordered: 0, sold: 1 });
  });
});
