/**
 * The export of orders on the real D1: one row for each line, page by page, safe to open in a
 * spreadsheet, and broken off rather than cut short when the database fails.
 */
import { env } from "cloudflare:workers";
import { beforeEach, expect, test, vi } from "vitest";
import { orderBook } from "../../queues/backends/order-book.ts";
import { keepEvents } from "../../queues/events.ts";
import { EXPORT_PAGE_ROWS_MAX } from "../../src/domain/limits.ts";
import type { OrderIntent } from "../../src/domain/order/order.ts";
import { EXPORT_COLUMNS, exportCsv } from "../../src/merchant/order-export.ts";
import { exportOrders } from "../../src/merchant/orders.ts";
import {
  emptyBook,
  eventOfPlaced,
  orderIdOf,
  placeInBook,
  type Placed,
} from "./support/placed-orders.ts";
import { intentOf, saleDocument } from "./support/shop.ts";

const { ORDER_BOOK: book } = env;

beforeEach(emptyBook);

const ANN: Placed = {
  number: 1,
  sale: "air-one",
  state: "confirmed",
  skus: ["AIR-1", "SOCK"],
  email: "ann@shoppers.example",
  placedAt_ms: Date.UTC(2026, 10, 27, 10),
};

async function textOf(stream: ReadableStream<Uint8Array>): Promise<string> {
  return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(
    await new Response(stream).arrayBuffer(),
  );
}

/** Rows as records; no cell of these tests has a comma or a line break. */
async function rowsOf(stream: ReadableStream<Uint8Array>): Promise<Record<string, string>[]> {
  const [header = "", ...rows] = (await textOf(stream)).trimEnd().split("\r\n");
  const names = header.replace("\uFEFF", "").split(",");
  return rows.map((row) => {
    return Object.fromEntries(row.split(",").map((cell, index) => [names[index] ?? "", cell]));
  });
}

const ADDRESS = { name: "Ann Ä", line1: "Rue 1", city: "Bruxelles", country: "BE" };

/** The order with all that it can have, and its booking. */
async function fullOrder(): Promise<void> {
  const amounts = {
    items: 200,
    discount: 20,
    delivery: 490,
    tax: 36,
    taxIncluded: 6,
    total: 706,
  };
  const line = { name: "Air", quantity: 1, price: 100, discount: 10, tax: 18, taxIncluded: 3 };
  const event = eventOfPlaced(ANN, {
    lines: ["AIR-1", "SOCK"].map((sku) => ({ ...line, sku })),
    amounts,
    total: amounts.total,
    payment: "pi_1",
    refunded: 100,
    dispute: { id: "dp_1", status: "needs_response", amount: 706, reason: "fraudulent" },
  });
  await keepEvents(book, [event], []);
  await bookAnn({
    name: "Ann",
    phone: "0470",
    delivery: { id: "post", name: "By post" },
    shipTo: { ...ADDRESS, postalCode: "1000", floor: "3" },
    billTo: { ...ADDRESS, country: "FR" },
  });
}

async function bookAnn(change: Partial<OrderIntent>): Promise<void> {
  const sale = saleDocument([{ sku: "AIR-1", stock: 1 }]);
  const intent = intentOf(sale, "ann", {}, { id: orderIdOf(1), ...change });
  expect(await orderBook(book).book(intent, 0)).toMatchObject({ kind: "booked" });
}

const FULL_ROW = {
  order: orderIdOf(1),
  placed_at: "2026-11-27T10:00:00.000Z",
  updated_at: "2026-11-27T10:00:00.000Z",
  sale: "air-one",
  state: "confirmed",
  reason: "",
  provider_code: "",
  payment: "pi_1",
  reference: "B-000000000000",
  email: "ann@shoppers.example",
  name: "Ann",
  phone: "0470",
  delivery: "By post",
  ship_name: "Ann Ä",
  ship_line1: "Rue 1",
  ship_line2: "",
  ship_city: "Bruxelles",
  ship_region: "",
  ship_postal_code: "1000",
  ship_country: "BE",
  ship_other: "floor: 3",
  bill_name: "Ann Ä",
  bill_line1: "Rue 1",
  bill_line2: "",
  bill_city: "Bruxelles",
  bill_region: "",
  bill_postal_code: "",
  bill_country: "FR",
  line: "1",
  sku: "AIR-1",
  item: "Air",
  quantity: "1",
  unit_price: "100",
  line_discount: "10",
  line_tax: "18",
  line_tax_included: "3",
  currency: "EUR",
  currency_digits: "2",
  order_items: "200",
  order_discount: "20",
  order_delivery: "490",
  order_tax: "36",
  order_tax_included: "6",
  order_total: "706",
  order_refunded: "100",
  dispute: "needs_response",
};

test("an order with a booking has a row for each line, with all that it takes to ship", async () => {
  await fullOrder();
  const rows = await rowsOf(await exportOrders({ env, now: 0 }, { email: "ANN@shoppers.example" }));
  expect(rows).toEqual([FULL_ROW, { ...FULL_ROW, line: "2", sku: "SOCK" }]);
  expect(Object.keys(rows[0] ?? {})).toEqual(EXPORT_COLUMNS);
});

test("an order without a booking has empty cells, and an empty list only the header", async () => {
  await placeInBook([{ ...ANN, state: "declined" }]);
  const [row] = await rowsOf(await exportCsv(book, { state: "declined" }));
  expect(row).toMatchObject({ state: "declined", name: "", ship_city: "", order_items: "" });
  const nothing = await textOf(await exportCsv(book, { sale: "air-two" }));
  expect(nothing).toBe(`\uFEFF${EXPORT_COLUMNS.join(",")}\r\n`);
});

test("what buyers typed is no formula, and no row of its own", async () => {
  await placeInBook([ANN]);
  await bookAnn({
    name: '=HYPERLINK("https://evil.example","Ann")',
    phone: "+32470",
    shipTo: { line1: "@SUM(1)\r\nord_2,forged", city: "-1" },
  });
  const text = await textOf(await exportCsv(book, {}));
  expect(text).toContain(`"'=HYPERLINK(""https://evil.example"",""Ann"")",'+32470,`);
  expect(text).toContain(`"'@SUM(1)\r\nord_2,forged",,'-1,`);
});

/** The real database, which counts its pages and fails when `fails` says so. */
function watched(fails: (page: number) => boolean) {
  let pages = 0;
  const prepare = (sql: string): D1PreparedStatement => {
    pages += 1;
    if (fails(pages)) throw new Error("D1 is away, as planned");
    return book.prepare(sql);
  };
  const proxy = new Proxy(book, {
    get: (target, name): unknown => (name === "prepare" ? prepare : Reflect.get(target, name)),
  });
  return { proxy, pages: () => pages };
}

const manyOrders = (count: number): Placed[] =>
  Array.from({ length: count }, (_, number) => ({ ...ANN, number, placedAt_ms: number }));

test("every order of many pages is in it once, and a page is read when one was taken", async () => {
  const all = manyOrders(2 * EXPORT_PAGE_ROWS_MAX + 1);
  await placeInBook(all);
  const { proxy, pages } = watched(() => false);
  const reader = (await exportCsv(proxy, {})).getReader();
  expect(pages()).toBe(1);
  await reader.cancel();
  expect(pages()).toBeLessThan(3);
  const rows = await rowsOf(await exportCsv(book, {}));
  const expected = all.toReversed().flatMap(({ number }) => [orderIdOf(number), orderIdOf(number)]);
  expect(rows.map(({ order }) => order)).toEqual(expected);
});

test("a database that fails at once is an error, and one that fails later breaks it off", async () => {
  const error = vi.spyOn(console, "error").mockImplementation(() => undefined);
  await placeInBook(manyOrders(EXPORT_PAGE_ROWS_MAX + 1));
  await expect(exportCsv(watched(() => true).proxy, {})).rejects.toThrow("as planned");
  const stream = await exportCsv(watched((page) => page === 2).proxy, {});
  await expect(textOf(stream)).rejects.toThrow("as planned");
  expect(error).toHaveBeenCalledWith(expect.stringContaining("export_broke_off"));
});
