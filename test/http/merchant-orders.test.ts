/**
 * What a merchant reads of orders: the list with its filters, one order whole, and the export.
 */
import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, test } from "vitest";
import { z } from "zod";
import { expectProblem, pathsOf } from "./support/problem-checks.ts";
import {
  acceptedOrder,
  admit,
  finalOrder,
  makeSale,
  orderBody,
  placeOrder,
  saleDocument,
  type Sluice,
  startSluice,
  until,
} from "./support/sluice.ts";

let sluice: Sluice;
beforeAll(async () => {
  sluice = await startSluice();
});
afterAll(() => sluice.stop());

async function order(sale: string, change: Readonly<Record<string, unknown>>): Promise<string> {
  const me = await admit(sluice, sale);
  const body = orderBody(sale, { expectedTotal: 12_900, ...change });
  const answer = await placeOrder(sluice, me, "a-key", body);
  await finalOrder(sluice, answer);
  return acceptedOrder(answer).id;
}

const bookPage = z.object({
  orders: z.array(
    z.looseObject({
      id: z.string(),
      state: z.string(),
      placedAt: z.string(),
      reference: z.string().nullable(),
    }),
  ),
  next: z.string().nullable(),
});

/** The page of all orders of a sale, once the book has their ends. */
function listed(sale: string, count: number) {
  const isEnd = /^(confirmed|declined)$/;
  return until(
    async () => bookPage.parse((await sluice.merchant("GET", `/orders?sale=${sale}`)).body),
    ({ orders }) => orders.length === count && orders.every(({ state }) => isEnd.test(state)),
  );
}

test("the list has the newest order first, page after page, and is filtered by what is known", async () => {
  const [shoe, sock] = saleDocument("booked").items;
  await makeSale(sluice, "booked", { items: [{ ...shoe, limitPerBuyer: 5 }, sock] });
  const cards = ["pm_card_visa", "pm_card_visa", "pm_card_chargeDeclined"];
  const placed: string[] = [];
  for (const [index, method] of cards.entries()) {
    const buyer = { email: `Ann+${index}@shoppers.example` };
    placed.push(await order("booked", { payment: { method }, buyer }));
  }
  const { orders } = await listed("booked", 3);
  expect(orders.map(({ id }) => id)).toEqual(placed.toReversed());
  const [newest, , oldest] = orders;
  const line = { sku: "booked-shoe", name: "A shoe", quantity: 1, price: 12_900 };
  expect(newest).toMatchObject({ lines: [line], total: 12_900, reference: null, refunded: 0 });
  expect(oldest).toMatchObject({ payment: expect.stringMatching(/^pi_/), dispute: null });

  const read = async (query: string) => {
    return bookPage.parse((await sluice.merchant("GET", `/orders?sale=booked${query}`)).body);
  };
  const first = await read("&limit=2");
  const rest = await read(`&limit=2&after=${first.next}`);
  expect([...first.orders, ...rest.orders].map(({ id }) => id)).toEqual(placed.toReversed());
  expect(rest.next).toBeNull();

  const found = async (query: string) => (await read(query)).orders.map(({ id }) => id);
  expect(await found("&state=declined")).toEqual([placed[2]]);
  expect(await found("&email=ANN%2Bother@shoppers.example")).toEqual(placed.toReversed());
  expect(await found("&email=ben@shoppers.example")).toEqual([]);
  expect(await found(`&order=${placed[0]?.toUpperCase()}`)).toEqual([placed[0]]);
  expect(await found("&sku=booked-sock")).toEqual([]);
  expect(await found("&sku=booked-shoe&state=declined")).toEqual([placed[2]]);
  expect(await found(`&from=${newest?.placedAt}`)).toEqual([placed[2]]);
  expect(await found(`&to=${newest?.placedAt}`)).toEqual([placed[1], placed[0]]);
  expect(await found(`&reference=${oldest?.reference}`)).toEqual([placed[0]]);
});

const SHIPPED = {
  buyer: { email: "ben@shoppers.example", name: "Ben =1+1", phone: "+32 470 12 34 56" },
  shipTo: { line1: "Rue de la Loi 16", city: "Bruxelles", postalCode: "1000", country: "BE" },
  delivery: "post",
  acceptedTerms: true,
  expectedTotal: 13_390,
};

const bookedSchema = z.looseObject({
  booking: z.string(),
  payment: z.looseObject({ id: z.string() }),
  history: z.array(z.looseObject({ state: z.string() })),
});

async function shippedSale(id: string): Promise<void> {
  const [shoe] = saleDocument(id).items;
  const terms = { url: "https://shop.example/terms" };
  await makeSale(sluice, id, {
    items: [{ ...shoe, tax: { kind: "included", percent: 21 } }],
    checkout: {
      address: "shipping",
      phone: "optional",
      terms,
      delivery: [{ id: "post", name: "By post", price: 490 }],
    },
  });
}

test("an order is read whole: who bought it, where it goes, what it cost, what happened", async () => {
  await shippedSale("shipped");
  const id = await order("shipped", SHIPPED);
  const { status, body } = await sluice.merchant("GET", `/orders/${id}`);
  expect(status).toBe(200);
  const { history, payment, booking } = bookedSchema.parse(body);
  expect(body).toMatchObject({
    id,
    sale: "shipped",
    state: "confirmed",
    final: true,
    total: 13_390,
    currency: "EUR",
    buyer: SHIPPED.buyer,
    shipTo: SHIPPED.shipTo,
    billTo: null,
    acceptedTerms: { url: "https://shop.example/terms", at: expect.any(String) },
    lines: [{ sku: "shipped-shoe", name: "A shoe", quantity: 1, price: 12_900, discount: 0 }],
    amounts: { items: 12_900, discount: 0, delivery: 490, tax: 0, total: 13_390 },
    delivery: { id: "post", name: "By post" },
    discountHint: null,
    providerCode: null,
    refunds: [],
    dispute: null,
  });
  expect([payment.id, booking]).toEqual([
    expect.stringMatching(/^pi_/),
    expect.stringMatching(/^B-/),
  ]);
  const states = history.map(({ state }) => state);
  expect([states[0], states.at(-1)]).toEqual(["placing", "confirmed"]);
  expect(states).toEqual(expect.arrayContaining(["accepted", "authorized", "booked"]));
  expect(JSON.stringify(body)).not.toMatch(/secret|fingerprint|viewKey/);
  for (const action of ["retry", "cancel"]) {
    const refused = await sluice.merchant("POST", `/orders/${id}/actions`, { action });
    expect(refused.status).toBe(409);
  }
});

/** The columns of the export as its page lists them, which programs count. */
function documentedColumns(): string[] {
  const page = readFileSync(new URL("../../docs/order-book.md", import.meta.url), "utf8");
  const [, section = ""] = page.split("\n## The export\n");
  const [table = ""] = section.split("New columns come at the end.");
  const cells = table.split("\n").flatMap((row) => row.match(/^\| (`.*?) +\|/)?.slice(1, 2) ?? []);
  return cells.flatMap((cell) => [...cell.matchAll(/`(\w+)`/g)].map(([, name = ""]) => name));
}

test("the export is CSV for the merchant only, filtered as the list is, and without formulas", async () => {
  await shippedSale("exported");
  const id = await order("exported", { ...SHIPPED, buyer: { email: "c@d.example", name: "=1+1" } });
  await listed("exported", 1);
  const path = "/_sluice/admin/v1/orders/export";
  const authorization = `Bearer ${sluice.host.adminToken}`;
  const ask = (query: string, headers: Record<string, string>) => {
    return fetch(`${sluice.host.gateUrl}${path}${query}`, { headers });
  };
  const answer = await ask("?sale=exported&email=C%2Bx@d.example", { authorization });
  expect(answer.status).toBe(200);
  expect(Object.fromEntries(answer.headers)).toMatchObject({
    "content-type": "text/csv; charset=utf-8",
    "content-disposition": 'attachment; filename="orders.csv"',
    "cache-control": "no-store",
  });
  const [header = "", row = "", end] = (await answer.text()).split("\r\n");
  const columns = header.split(",");
  expect(columns).toEqual(documentedColumns());
  const cells = row.split(",");
  const cell = (name: string) => cells[columns.indexOf(name)];
  expect([cell("order"), cell("name"), cell("ship_city")]).toEqual([id, "'=1+1", "Bruxelles"]);
  const amount = ["order_total", "currency", "currency_digits"].map(cell);
  expect(amount).toEqual(["13390", "EUR", "2"]);
  expect(end).toBe("");

  expect((await ask("", {})).status).toBe(401);
  for (const query of ["limit=1", "after=x", "colour=red", "email=c", "sale=a&sale=b"]) {
    const refused = await sluice.merchant("GET", `/orders/export?${query}`);
    expectProblem(refused, 422, "invalid_request");
    expect(pathsOf(refused)).toEqual([query.split("=")[0]]);
  }
});

/** What a tool prints, whether or not it is content. */
const run = async (tool: string, ...args: string[]): Promise<unknown> => {
  const program = fileURLToPath(new URL(`../../tools/${tool}.ts`, import.meta.url));
  const { gateUrl, adminToken } = sluice.host;
  const env = { ...process.env, ADMIN_TOKEN: adminToken };
  const command = [program, "--url", gateUrl, ...args];
  const { stdout } = await promisify(execFile)(process.execPath, command, { env });
  return JSON.parse(stdout);
};

const eraseCommand = async (...args: string[]) => {
  return z.looseObject({ orders: z.array(z.unknown()) }).parse(await run("erase", ...args));
};

test("the order book is compared and rebuilt by route and by command", async () => {
  await shippedSale("rebuilt");
  await order("rebuilt", SHIPPED);
  await listed("rebuilt", 1);
  const compared = await sluice.merchant("GET", "/sales/rebuilt/audit");
  // An order of the last minute is not compared, so nobody says that it agrees.
  expect(compared.body).toMatchObject({ agrees: null, settling: 1, differences: [], unknown: [] });
  const sale = { sale: "rebuilt", looked: 1, orders: 0, bookings: 0, silent: [] };
  const rebuilt = await sluice.merchant("POST", "/sales/rebuilt/book-rebuilds", {});
  expect(rebuilt.body).toEqual({ ...sale, next: null });
  const done = { done: true, sales: [sale] };
  expect(await run("rebuild-book", "--sale", "rebuilt")).toEqual(done);
  expect(await run("rebuild-book", "--sale", "rebuilt", "--after", "0-zzz")).toEqual({
    done: true,
    sales: [{ ...sale, looked: 0 }],
  });
  for (const [body, path] of [
    [{ after: "x" }, "after"],
    [{ colour: "red" }, "colour"],
  ] as const) {
    const refused = await sluice.merchant("POST", "/sales/rebuilt/book-rebuilds", body);
    expectProblem(refused, 422, "invalid_request");
    expect(pathsOf(refused)).toEqual([path]);
  }
  const none = await sluice.merchant("POST", "/sales/nothing/book-rebuilds", {});
  expectProblem(none, 404, "sale_not_found");
});

test("a buyer is exported and erased by e-mail address, by route and by command", async () => {
  await shippedSale("erased");
  const buyer = { email: "Erase+Me@shoppers.example", name: "Eve Erased" };
  const id = await order("erased", { ...SHIPPED, buyer });
  await listed("erased", 1);
  const ask = (what: string, body: object) => sluice.merchant("POST", `/buyers/${what}`, body);
  const asked = { email: "erase@SHOPPERS.example" };
  const copy = await ask("exports", asked);
  expect(copy.body).toMatchObject({ orders: [{ id, buyer, shipTo: { city: "Bruxelles" } }] });
  expect(await eraseCommand("--email", asked.email, "--export")).toMatchObject({
    orders: [{ id }],
    reminders: [],
  });
  const erased = await ask("erasures", { order: id });
  expect(erased.body).toMatchObject({ done: true, orders: [{ order: id, outcome: "erased" }] });
  await until(
    async () => JSON.stringify((await sluice.merchant("GET", "/events?sale=erased")).body),
    (text) => text.includes("buyer.erased") && !text.includes("Erase+Me"),
  );
  const seen = await sluice.merchant("GET", `/orders/${id}`);
  expect(seen.body).toMatchObject({ state: "confirmed", total: 13_390, shipTo: null });
  expect(JSON.stringify(seen.body)).not.toContain("Eve");
  expect(await eraseCommand("--email", asked.email)).toMatchObject({ done: true, orders: [] });
  for (const [body, path] of [
    [{}, ""],
    [{ email: "a@b.example", order: id }, ""],
    [{ sale: "erased" }, ""],
    [{ order: id, colour: "red" }, "colour"],
    [{ order: id, after: "x" }, "after"],
  ] as const) {
    const refused = await ask("erasures", body);
    expectProblem(refused, 422, "invalid_request");
    expect(pathsOf(refused)).toEqual([path]);
  }
});

test("a sale is deleted only after its end, and when its id is given twice", async () => {
  await makeSale(sluice, "deleted");
  const remove = (query: string) => sluice.merchant("DELETE", `/sales/deleted?${query}`);
  expectProblem(await remove("confirm=other"), 422, "invalid_request");
  expectProblem(await remove("confirm=deleted"), 409, "sale_not_ended");
  const none = await sluice.merchant("DELETE", "/sales/nothing?confirm=nothing");
  expectProblem(none, 404, "sale_not_found");
  const document = { ...saleDocument("deleted"), fairness: { revealAfterSeconds: 0 } };
  expect((await sluice.merchant("PUT", "/sales/deleted", document)).status).toBe(200);
  await sluice.merchant("POST", "/sales/deleted/actions", { action: "end" });
  const gone = await until(
    () => remove("confirm=deleted"),
    ({ status }) => status === 200,
  );
  expect(gone.body).toMatchObject({ deleted: true });
  expectProblem(await sluice.merchant("GET", "/sales/deleted"), 404, "sale_not_found");
  expectProblem(await sluice.merchant("PUT", "/sales/deleted", document), 409, "sale_deleted");
});
