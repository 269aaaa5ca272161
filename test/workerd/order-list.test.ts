/**
 * The list of orders on the real D1: each filter is a search in an index, paging shows each order
 * once while others arrive, and rows of a release before are found too.
 */
import { env } from "cloudflare:workers";
import * as fc from "fast-check";
import { beforeEach, describe, expect, test, vi } from "vitest";
import { z } from "zod";
import orders from "../../queues/orders-worker.ts";
import { completeOlderOrders } from "../../queues/order-search.ts";
import { keepEvents } from "../../queues/events.ts";
import { ORDERS_COMPLETED_ROWS_MAX } from "../../src/domain/limits.ts";
import { PLAIN_LINE } from "../../src/domain/order/order.ts";
import { readOrders } from "../../src/merchant/orders.ts";
import {
  pageStatement,
  type OrdersFilter,
  type OrderPlace,
} from "../../src/order-book/order-list.ts";
import {
  bookPlaced,
  emptyBook,
  eventOfPlaced,
  orderIdOf,
  placeInBook,
  type Placed,
} from "./support/placed-orders.ts";

const { ORDER_BOOK: book } = env;

beforeEach(emptyBook);

async function list(filter: OrdersFilter, after: OrderPlace | null = null, limit = 100) {
  const { orders: page, next } = await readOrders({ env, now: 0 }, filter, { after, limit });
  return { numbers: page.map(({ id }) => Number.parseInt(id.slice(4), 16)), next };
}

/** All pages; `between` runs before each page but the first. */
async function readAll(
  filter: OrdersFilter,
  limit: number,
  between: () => Promise<void> = async () => undefined,
): Promise<number[]> {
  const first = await list(filter, null, limit);
  const numbers = [...first.numbers];
  for (let { next } = first; next !== null;) {
    await between();
    const page = await list(filter, next, limit);
    numbers.push(...page.numbers);
    ({ next } = page);
  }
  return numbers;
}

const ANN: Placed = {
  number: 1,
  sale: "air-one",
  state: "confirmed",
  skus: ["AIR-1", "SOCK"],
  email: "Ann+Drop@Shoppers.Example",
  placedAt_ms: 1000,
};
const BEN: Placed = {
  ...ANN,
  number: 2,
  state: "declined",
  skus: ["AIR-2"],
  email: "ben@shoppers.example",
  placedAt_ms: 3000,
};
const CAT: Placed = { ...BEN, number: 3, sale: "air-two", skus: ["SOCK"], placedAt_ms: 2000 };

describe("a list of three orders", () => {
  beforeEach(async () => {
    await placeInBook([ANN, BEN, CAT]);
    await bookPlaced([ANN]);
    await bookPlaced([BEN], "cancelled");
  });

  test.each<[string, OrdersFilter, number[]]>([
    ["without a filter, the newest first", {}, [2, 3, 1]],
    ["by sale", { sale: "air-one" }, [2, 1]],
    ["by state", { state: "declined" }, [2, 3]],
    ["by sale and state", { sale: "air-two", state: "declined" }, [3]],
    ["by an SKU", { sku: "SOCK" }, [3, 1]],
    ["by an SKU and sale", { sku: "SOCK", sale: "air-one" }, [1]],
    ["by an SKU that only begins so", { sku: "AIR" }, []],
    ["by the address as it was typed", { email: "Ann+Drop@Shoppers.Example" }, [1]],
    ["by the address in another case, without its tag", { email: "ANN@shoppers.example" }, [1]],
    ["by the address with another tag", { email: "ann+other@shoppers.example" }, [1]],
    ["by an address and what does not fit it", { email: BEN.email, sku: "AIR-1" }, []],
    ["by an address and an SKU", { email: BEN.email, sku: "SOCK" }, [3]],
    ["by an id", { order: orderIdOf(2) }, [2]],
    ["by an id and another sale", { order: orderIdOf(2), sale: "air-two" }, []],
    ["by a booking", { reference: "B-1" }, [1]],
    ["by a booking that was cancelled", { reference: "B-2" }, [2]],
    ["from a time, which counts", { from_ms: 2000 }, [2, 3]],
    ["to a time, which does not count", { to_ms: 3000 }, [3, 1]],
    ["between times, by SKU", { from_ms: 1000, to_ms: 1001, sku: "SOCK" }, [1]],
  ])("%s", async (_, filter, numbers) => {
    expect((await list(filter)).numbers).toEqual(numbers);
  });

  test("shows the lines, and the reference of a booking that still holds", async () => {
    const page = { after: null, limit: 10 };
    const read = await readOrders({ env, now: 0 }, { sale: "air-one" }, page);
    expect(read.next).toBeNull();
    expect(read.orders.map(({ reference }) => reference)).toEqual([null, "B-1"]);
    expect(read.orders[1]).toEqual({
      id: orderIdOf(1),
      sale: "air-one",
      state: "confirmed",
      lines: [
        { sku: "AIR-1", name: "AIR-1", quantity: 1, price: 100, ...PLAIN_LINE },
        { sku: "SOCK", name: "SOCK", quantity: 1, price: 100, ...PLAIN_LINE },
      ],
      amounts: null,
      payment: null,
      refunded: 0,
      dispute: null,
      provider_code: null,
      total: 200,
      currency: "EUR",
      email: ANN.email,
      reason: null,
      placed_ms: 1000,
      updated_ms: 1000,
      reference: "B-1",
    });
  });

  test("ends with a page that is full", async () => {
    expect((await list({}, null, 3)).next).toBeNull();
    const { numbers, next } = await list({}, null, 2);
    expect([numbers, next]).toEqual([[2, 3], { placed_ms: 2000, id: orderIdOf(3) }]);
  });
});

test("an order keeps its place in the list when it changes", async () => {
  await placeInBook([ANN, BEN]);
  const later = { id: "later", version: 2, at_ms: 9000, placedAt_ms: ANN.placedAt_ms };
  await keepEvents(book, [eventOfPlaced(ANN, { ...later, state: "cancelled" })], []);
  expect((await list({})).numbers).toEqual([2, 1]);
  expect((await list({ sale: "air-one", state: "cancelled" })).numbers).toEqual([1]);
  expect((await list({ sale: "air-one", state: "confirmed" })).numbers).toEqual([]);
});

test("refunds and a dispute are shown, in whichever order their events arrive", async () => {
  const dispute = { id: "dp_1", status: "needs_response", amount: 100, reason: "fraudulent" };
  const news = [
    eventOfPlaced(ANN, { id: "2", version: 2, dispute }),
    eventOfPlaced(ANN, { id: "3", version: 3, dispute: { ...dispute, status: "lost" } }),
    eventOfPlaced(ANN, { id: "4", version: 4, refunded: 50, providerCode: "api_key_expired" }),
  ];
  for (const arrived of [news, news.toReversed()]) {
    await emptyBook();
    await placeInBook([ANN]);
    for (const event of arrived) await keepEvents(book, [event], []);
    const read = await readOrders({ env, now: 0 }, {}, { after: null, limit: 1 });
    const shown = { refunded: 50, dispute: "lost", provider_code: "api_key_expired" };
    expect(read.orders).toMatchObject([shown]);
  }
});

/** Few values, so that orders share times and every filter meets some. */
const placedArbitrary = fc.record({
  sale: fc.constantFrom("air-one", "air-two"),
  state: fc.constantFrom<Placed["state"][]>("confirmed", "declined"),
  skus: fc.uniqueArray(fc.constantFrom("AIR-1", "AIR-2", "SOCK"), { minLength: 1 }),
  email: fc.constantFrom("ann@shoppers.example", "Ann@shoppers.example", "ben@shoppers.example"),
  placedAt_ms: fc.integer({ min: 1, max: 3 }),
});
const maybe = <Value>(arbitrary: fc.Arbitrary<Value>) => {
  return fc.option(arbitrary, { nil: undefined, freq: 2 });
};
const filterArbitrary = fc.record({
  sale: maybe(fc.constantFrom("air-one", "air-two")),
  state: maybe(fc.constantFrom<Placed["state"][]>("confirmed", "declined")),
  sku: maybe(fc.constantFrom("AIR-1", "SOCK")),
  email: maybe(fc.constant("ann@shoppers.example")),
  from_ms: maybe(fc.integer({ min: 1, max: 3 })),
  to_ms: maybe(fc.integer({ min: 2, max: 4 })),
});

function meets(placed: Placed, filter: OrdersFilter): boolean {
  const { sale, state, sku, email, from_ms = 0, to_ms = Infinity } = filter;
  return (
    [undefined, placed.sale].includes(sale) &&
    (state === undefined || placed.state === state) &&
    (sku === undefined || placed.skus.includes(sku)) &&
    [undefined, placed.email.toLowerCase()].includes(email) &&
    placed.placedAt_ms >= from_ms &&
    placed.placedAt_ms < to_ms
  );
}

test("paging shows each order once, the newest first, while orders arrive", async () => {
  const few = fc.array(placedArbitrary, { maxLength: 12 });
  const limits = fc.integer({ min: 1, max: 4 });
  const law = fc.asyncProperty(few, few, filterArbitrary, limits, async (...given) => {
    const [before, arriving, filter, limit] = given;
    await emptyBook();
    const numbered = [...before, ...arriving].map((each, number) => ({ ...each, number }));
    const atFirst = numbered.slice(0, before.length);
    const waiting = numbered.slice(before.length);
    await placeInBook(atFirst);
    const read = await readAll(filter, limit, async () => placeInBook(waiting.splice(0, 2)));
    const byNumber = (number: number) => numbered[number]?.placedAt_ms ?? 0;
    const sorted = read.toSorted((a, b) => byNumber(b) - byNumber(a) || b - a);
    expect(read).toEqual(sorted);
    expect(new Set(read).size).toBe(read.length);
    const expected = atFirst.filter((each) => meets(each, filter)).map(({ number }) => number);
    expect(read).toEqual(expect.arrayContaining(expected));
    for (const number of read)
      expect(numbered[number]).toSatisfy((it: Placed) => meets(it, filter));
  });
  await fc.assert(law, { numRuns: 60 });
});

const planRow = z.object({ detail: z.string() });

async function planOf(filter: OrdersFilter, after: OrderPlace | null): Promise<string[]> {
  let explained = "";
  const explaining = new Proxy(book, {
    get: (target, name): unknown => {
      if (name !== "prepare") return Reflect.get(target, name);
      return (sql: string) => {
        explained = sql;
        return target.prepare(`EXPLAIN QUERY PLAN ${sql}`);
      };
    },
  });
  const statement = pageStatement(explaining, "o.id", filter, { after, limit: 100 });
  const { results } = await statement.all();
  expect(explained).toContain("SELECT");
  return z
    .array(planRow)
    .parse(results)
    .map(({ detail }) => detail);
}

const VALUES: Readonly<Record<string, string>> = {
  order: orderIdOf(1),
  reference: "B-1",
  email: "ann@shoppers.example",
  sku: "SOCK",
  sale: "air-one",
  state: "confirmed",
};

describe("the plan of SQLite", () => {
  const names = Object.keys(VALUES);
  const sets = Array.from({ length: 2 ** names.length }, (_, bits) => {
    return names.filter((__, index) => (bits & (1 << index)) !== 0);
  });
  const spans = [{}, { from_ms: 1 }, { to_ms: 9 }, { from_ms: 1, to_ms: 9 }];
  const places = [null, { placed_ms: 5, id: orderIdOf(1) }];

  test("searches an index for every combination of filters, and sorts only a few rows", async () => {
    await placeInBook([ANN, BEN, CAT]);
    for (const set of sets) {
      const filter = Object.fromEntries(set.map((name) => [name, VALUES[name]]));
      const isExact = set.includes("order") || set.includes("reference");
      for (const span of spans) {
        for (const after of places) {
          const plan = await planOf({ ...filter, ...span }, after);
          const isWhole = set.length === 0 && after === null && Object.keys(span).length === 0;
          const scanned = plan.filter((step) => step.startsWith("SCAN"));
          const sorted = plan.filter((step) => step.includes("TEMP B-TREE") && !isExact);
          const walk = "SCAN o USING COVERING INDEX orders_by_time";
          const asked = { set, span, after };
          const expected = { ...asked, scanned: isWhole ? [walk] : [], sorted: [] };
          expect({ ...asked, scanned, sorted }).toEqual(expected);
        }
      }
    }
  });

  test.each([
    [["email"], "orders_by_email"],
    [["email", "sale", "state", "sku"], "orders_by_email"],
    [["sku"], "PRIMARY KEY (sku=?"],
    [["sku", "sale", "state"], "PRIMARY KEY (sku=?"],
    [["sale"], "orders_by_sale_and_time"],
    [["state"], "orders_by_state_and_time"],
    [["sale", "state"], "orders_by_sale_state_and_time (sale=? AND state=?"],
    [["reference", "sale", "state"], "bookings_by_reference"],
    [["order", "sale"], "sqlite_autoindex_orders_1"],
    [[], "orders_by_time"],
  ])("uses for %j the index %s", async (set, index) => {
    const filter = Object.fromEntries(set.map((name) => [name, VALUES[name]]));
    const after = { placed_ms: 5, id: orderIdOf(1) };
    expect((await planOf({ ...filter, from_ms: 1 }, after)).join("\n")).toContain(index);
  });
});

describe("an order that a release before has written", () => {
  /** As that release's orders Worker does while this one is deployed. */
  async function asBefore(placed: readonly Placed[]): Promise<void> {
    await placeInBook(placed);
    await book.batch([
      book.prepare("UPDATE orders SET email_normalised = NULL"),
      book.prepare("DELETE FROM order_skus"),
    ]);
  }

  test("is found by its address in any case at once, and by the rest after the cron", async () => {
    vi.spyOn(console, "log").mockImplementation(() => undefined);
    await asBefore([ANN, BEN]);
    expect((await list({ email: "BEN@Shoppers.example" })).numbers).toEqual([2]);
    expect((await list({ email: "ann@shoppers.example" })).numbers).toEqual([]);
    const when = { cron: "*/5 * * * *", scheduledTime: Date.now(), noRetry: () => undefined };
    await orders.scheduled(when, env);
    expect((await list({ email: "ann@shoppers.example" })).numbers).toEqual([1]);
    expect((await list({ sku: "SOCK" })).numbers).toEqual([1]);
    expect(await completeOlderOrders(book)).toBe(0);
  });

  test("is completed by its next event too", async () => {
    await asBefore([ANN]);
    await keepEvents(book, [eventOfPlaced(ANN, { id: "next", version: 2 })], []);
    expect((await list({ email: "ann@shoppers.example", sku: "AIR-1" })).numbers).toEqual([1]);
    expect(await completeOlderOrders(book)).toBe(0);
  });

  test("is completed with as many others as one batch takes, and then the rest", async () => {
    vi.spyOn(console, "log").mockImplementation(() => undefined);
    const many = Array.from({ length: ORDERS_COMPLETED_ROWS_MAX + 1 }, (_, number) => {
      return { ...ANN, number, placedAt_ms: number };
    });
    await asBefore(many);
    expect(await completeOlderOrders(book)).toBe(many.length);
    expect((await readAll({ sku: "SOCK" }, 200)).length).toBe(many.length);
  });
});
