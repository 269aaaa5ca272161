/**
 * Unpaid orders over HTTP: a script that orders with a card whose bank asks, and leaves, again and
 * again, does not lock the stock, nor does one home line that fills carts; and what shoppers see
 * while units are being paid.
 */
import { afterAll, beforeAll, expect, test } from "vitest";
import {
  type Answer,
  acceptedOrder,
  admit,
  auditOf,
  finalOrder,
  makeSale,
  orderBody,
  placeOrder,
  type Sluice,
  startSluice,
  until,
} from "./support/sluice.ts";

let sluice: Sluice;
beforeAll(async () => {
  sluice = await startSluice();
});
afterAll(() => sluice.stop());

const BANK = { payment: { method: "pm_card_authenticationRequired" } };
const UNITS = 30;
const FROM = "203.0.113.51";

function oneShoe(sale: string, stock: number) {
  return { items: [{ sku: `${sale}-shoe`, name: "A shoe", price: 12_900, stock }] };
}

/** Orders with a card whose bank asks, and leaves. */
async function hoard(sale: string, number: number): Promise<void> {
  const me = await admit(sluice, sale);
  const headers = { ...me, "cf-connecting-ip": FROM };
  const buyer = { email: `hoarder-${number}@shoppers.example` };
  const order = orderBody(sale, { ...BANK, buyer });
  const placed = await placeOrder(sluice, headers, `hoard-${number}`, order);
  expect([placed.status, placed.body["code"]]).toEqual([202, undefined]);
  const left = await sluice.shopper("DELETE", `/sales/${sale}/admissions/current`, { headers });
  expect(left.status).toBe(204);
}

test("a script of one seat that orders and leaves gets no unit kept, and others buy", async () => {
  const sale = "hoarded";
  const admission = { ratePerMinute: 1_000_000, maxActive: 1, overcall: 1 };
  await makeSale(sluice, sale, { ...oneShoe(sale, UNITS), admission });
  for (let number = 1; number <= UNITS; number += 1) await hoard(sale, number);
  const audit = await auditOf(sluice, sale);
  // One seat: the next shopper came in only once the last order had given its units back.
  expect(audit.skus[0]?.ordered).toBeLessThanOrEqual(1);
  const { body } = await sluice.shopper("GET", `/sales/${sale}`);
  expect(body["soldOut"]).toBe(false);
  const honest = await admit(sluice, sale);
  const bought = await placeOrder(sluice, honest, "honest", orderBody(sale));
  expect((await finalOrder(sluice, bought)).body["state"]).toBe("confirmed");
  const end = await until(
    () => auditOf(sluice, sale),
    // The order book, which counts the orders, is some seconds behind.
    ({ orders, kept }) => orders["confirmed"] === 1 && orders["declined"] === UNITS && kept === 0,
  );
  expect(end.skus[0]).toMatchObject({ available: UNITS - 1, held: 0, ordered: 0, sold: 1 });
}, 120_000);

test("units at the bank may come back: the sale is not sold out, and says why nothing is there", async () => {
  const sale = "at-the-bank";
  await makeSale(sluice, sale, oneShoe(sale, 1));
  const me = await admit(sluice, sale);
  const { path } = acceptedOrder(await placeOrder(sluice, me, "k", orderBody(sale, BANK)));
  await until(
    () => sluice.ask("GET", path),
    ({ body }) => body["state"] === "action_required",
  );
  const shown = await until(
    () => sluice.shopper("GET", `/sales/${sale}`),
    ({ body }) => JSON.stringify(body["items"]).includes('"mayReturn":true'),
  );
  expect(shown.body["soldOut"]).toBe(false);
  const page = await fetch(`${sluice.host.gateUrl}/_sluice/shop/${sale}`);
  expect(await page.text()).toContain("All in carts or being paid");
  const headers = me;
  await sluice.shopper("DELETE", `/sales/${sale}/admissions/current`, { headers });
  await until(
    () => auditOf(sluice, sale),
    ({ skus }) => skus[0]?.available === 1,
  );
});

/** Of one who was let in at once, or waits for their turn. */
async function admissionAfter(sale: string, { body }: Answer, from: Record<string, string>) {
  if (typeof body["admission"] === "string") return body["admission"];
  const headers = { ...from, "sluice-ticket": String(body["ticket"]) };
  const claimed = await until(
    () => sluice.shopper("POST", `/sales/${sale}/admissions`, { headers }),
    ({ status }) => status === 201,
  );
  return String(claimed.body["admission"]);
}

/** A bot of one home line: its IPv4 address, or an address of its /64. */
async function fillCart(sale: string, number: number, quantity = 1) {
  const address = number % 2 === 0 ? "203.0.113.77" : `2001:db8:5:6::${number.toString(16)}`;
  const from = { "cf-connecting-ip": address };
  const joined = await sluice.shopper("POST", `/sales/${sale}/tickets`, { headers: from });
  if (joined.status === 409) return { cart: joined, headers: from };
  const headers = { ...from, "sluice-admission": await admissionAfter(sale, joined, from) };
  const lines = [{ sku: `${sale}-shoe`, quantity }];
  const cart = await sluice.shopper("PUT", `/sales/${sale}/cart`, { headers, body: { lines } });
  return { cart, headers };
}

test("one home line with 240 writes keeps no honest shopper from being let in and buying", async () => {
  const sale = "home-line";
  const admission = { ratePerMinute: 1_000_000, maxActive: 300, maxPlacesPerNetwork: 20 };
  await makeSale(sluice, sale, { ...oneShoe(sale, UNITS), admission });
  const answers = await Promise.all(Array.from({ length: 120 }, (_, at) => fillCart(sale, at)));
  const codes = answers.map(({ cart }) => cart.body["code"] ?? cart.status);
  // Twenty places for the IPv4 address, and twenty for the /64.
  expect(codes.filter((code) => code === "network_full")).toHaveLength(80);
  // A quarter of 30 for the IPv4 address, and a quarter for the /64.
  expect(codes.filter((code) => code === 200)).toHaveLength(14);
  expect(codes).toContain("unpaid_limit_reached");
  const honest = { ...(await admit(sluice, sale)), "cf-connecting-ip": "198.51.100.4" };
  const bought = await placeOrder(sluice, honest, "honest-2", orderBody(sale));
  expect((await finalOrder(sluice, bought)).body["state"]).toBe("confirmed");
});

test("the cap of a network counts carts and unpaid orders, and comes back when they end", async () => {
  const sale = "capped";
  await makeSale(sluice, sale, { ...oneShoe(sale, UNITS), unpaid: { perNetwork: 2 } });
  const [first, second] = [await fillCart(sale, 0), await fillCart(sale, 2)];
  const bank = orderBody(sale, { ...BANK, buyer: { email: "cap@shoppers.example" } });
  const { path } = acceptedOrder(await placeOrder(sluice, first.headers, "cap", bank));
  const refused = await fillCart(sale, 4);
  expect(refused.cart).toMatchObject({
    status: 409,
    body: { code: "unpaid_limit_reached", sku: `${sale}-shoe`, limit: 2, taken: 2 },
  });
  // Not the network's any more: the hold is kept, and orders still take it.
  const paid = await placeOrder(sluice, second.headers, "cap-2", orderBody(sale));
  expect((await finalOrder(sluice, paid)).body["state"]).toBe("confirmed");
  expect((await fillCart(sale, 6)).cart.status).toBe(200);
  const order = orderBody(sale, { buyer: { email: "more@shoppers.example" } });
  const more = await placeOrder(sluice, refused.headers, "cap-3", order);
  expect(more).toMatchObject({ status: 409, body: { code: "unpaid_limit_reached" } });
  await sluice.ask("POST", path.replace("?", "/actions?"), { body: { action: "give_up" } });
  await sluice.shopper("DELETE", `/sales/${sale}/admissions/current`, { headers: first.headers });
  await until(
    () => fillCart(sale, 8),
    ({ cart }) => cart.status === 200,
  );
});

test("holds that end unpaid again and again meet a cooling-off, which pages say in plain words", async () => {
  const sale = "cools";
  const unpaid = { coolingOff: { perNetwork: 2, seconds: 120 } };
  await makeSale(sluice, sale, { ...oneShoe(sale, UNITS), unpaid });
  for (const number of [0, 2]) {
    const { headers } = await fillCart(sale, number);
    const buyer = { email: `cools-${number}@shoppers.example` };
    const order = orderBody(sale, { ...BANK, buyer });
    const { path } = acceptedOrder(await placeOrder(sluice, headers, `cools-${number}`, order));
    await sluice.shopper("DELETE", `/sales/${sale}/admissions/current`, { headers });
    await until(
      () => sluice.ask("GET", path),
      ({ body }) => body["final"] === true,
    );
  }
  const cooled = await until(
    () => fillCart(sale, 4),
    ({ cart }) => cart.status !== 200,
  );
  expect(cooled.cart).toMatchObject({ status: 429, body: { code: "cooling_off" } });
  const wait_s = Number(cooled.cart.headers.get("retry-after"));
  expect(wait_s).toBeGreaterThan(60);
  expect(wait_s).toBeLessThanOrEqual(120);
  const order = await placeOrder(sluice, cooled.headers, "cools-4", orderBody(sale));
  expect(order).toMatchObject({ status: 429, body: { code: "cooling_off" } });
  const origin = sluice.host.gateUrl;
  const page = await fetch(`${origin}/_sluice/shop/${sale}/cart`, {
    method: "POST",
    headers: { ...cooled.headers, origin, "sec-fetch-site": "same-origin" },
    body: new URLSearchParams({ from: "shop", [`quantity:${sale}-shoe`]: "1" }),
  });
  expect([page.status, page.headers.has("retry-after")]).toEqual([429, true]);
  expect(await page.text()).toContain("reserved several times without being paid for");
});

test("one admission tries few cards, learns nothing of them, and keeps its cart", async () => {
  const sale = "card-testing";
  const admission = { declinesPerAdmission: 2 };
  await makeSale(sluice, sale, { ...oneShoe(sale, 3), admission });
  const me = await admit(sluice, sale);
  const lines = [{ sku: `${sale}-shoe`, quantity: 1 }];
  const held = await sluice.shopper("PUT", `/sales/${sale}/cart`, { headers: me, body: { lines } });
  const learnt: unknown[] = [];
  for (const method of ["pm_card_chargeDeclinedInsufficientFunds", "pm_card_chargeDeclined"]) {
    const placed = await placeOrder(sluice, me, method, orderBody(sale, { payment: { method } }));
    const { body } = await finalOrder(sluice, placed);
    learnt.push([body["state"], body["reason"]]);
    const exact = await sluice.merchant("GET", `/orders/${String(body["id"])}`);
    expect(JSON.stringify(exact.body)).toMatch(/insufficient_funds|generic_decline/);
    await until(
      () => sluice.shopper("GET", `/sales/${sale}/cart`, { headers: me }),
      ({ body: cart }) => Array.isArray(cart["lines"]) && cart["lines"].length === 1,
    );
  }
  expect(learnt[0]).toEqual(["declined", "payment_declined"]);
  expect(learnt[1]).toEqual(learnt[0]);
  // The seat learns of the second decline by a message of its own.
  const refused = await until(
    () => placeOrder(sluice, me, crypto.randomUUID(), orderBody(sale, { lines })),
    ({ body }) => body["code"] !== "order_in_progress",
  );
  expect([refused.status, refused.body["code"]]).toEqual([403, "too_many_declines"]);
  expect(refused.body["declines"]).toBe(2);
  const cart = await sluice.shopper("GET", `/sales/${sale}/cart`, { headers: me });
  expect(cart.body).toMatchObject({ lines });
  expect(Date.parse(String(cart.body["holdsUntil"]))).toBeLessThanOrEqual(
    Date.parse(String(held.body["holdsUntil"])),
  );
  // Another shopper is not concerned.
  const other = await placeOrder(sluice, await admit(sluice, sale), "other", orderBody(sale));
  expect(other.status).toBe(202);
});
