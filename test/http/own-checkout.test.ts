/**
 * What a shop's own checkout page gets from the API before it orders: the public sale document,
 * what is held, and the admission in the link from Sluice's cart, also in a sale that binds it to a
 * device.
 */
import { afterAll, beforeAll, expect, test } from "vitest";
import { z } from "zod";
import { expectProblem, pathsOf } from "./support/problem-checks.ts";
import { admit, makeSale, saleDocument, startSluice, type Sluice } from "./support/sluice.ts";

const SHOP = "https://www.shop.example";
let sluice: Sluice;
beforeAll(async () => {
  sluice = await startSluice();
});
afterAll(() => sluice.stop());

const VAT = { kind: "included", percent: 19 };

test("the public sale document says what a checkout asks for, and nothing of the merchant's", async () => {
  const id = "own-public";
  const items = saleDocument(id).items.map((item, index) => {
    return index === 0 ? { ...item, tax: VAT } : item;
  });
  const post = { id: "post", name: "By post", price: 490, prices: { CH: 990 }, tax: VAT };
  const abroad = { id: "abroad", name: "Courier", prices: { CH: 2900 } };
  const checkout = {
    address: "shipping",
    phone: "optional",
    countries: ["DE", "CH"],
    delivery: [post, abroad],
    terms: { url: "https://shop.example/terms" },
    paymentMethods: ["card"],
    page: "https://shop.example/checkout",
    origins: [SHOP],
    returnHosts: ["shop.example"],
    statementSuffix: "SECRET DROP",
  };
  await makeSale(sluice, id, { items, checkout });
  const { body } = await sluice.shopper("GET", `/sales/${id}`);
  expect(body["items"]).toMatchObject([{ tax: VAT }, { tax: null }]);
  expect(body["checkout"]).toEqual({
    address: "shipping",
    phone: "optional",
    countries: ["DE", "CH"],
    delivery: [post, { ...abroad, price: null, tax: null }],
    terms: { url: "https://shop.example/terms", text: null },
    paymentMethods: ["card"],
    page: "https://shop.example/checkout",
    payment: {
      publishableKey: expect.stringMatching(/^pk_test_/),
      scriptUrl: expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+\//),
    },
  });
  expect(JSON.stringify(body)).not.toContain("SECRET DROP");
});

test("a sale without rules asks for an e-mail address only", async () => {
  await makeSale(sluice, "own-plain");
  const { body } = await sluice.shopper("GET", "/sales/own-plain");
  expect(body["checkout"]).toMatchObject({
    address: "none",
    phone: "none",
    countries: [],
    delivery: [],
    terms: null,
    page: null,
  });
});

test("the cart says what is held and until when, and another shopper's is empty", async () => {
  const sale = "own-cart";
  await makeSale(sluice, sale);
  const [mine, theirs] = [await admit(sluice, sale), await admit(sluice, sale)];
  const read = (headers: Record<string, string>) => {
    return sluice.shopper("GET", `/sales/${sale}/cart`, { headers });
  };
  const empty = { lines: [], holdsUntil: null };
  expect((await read(mine)).body).toEqual(empty);
  const lines = [{ sku: `${sale}-shoe`, quantity: 2 }];
  const set = await sluice.shopper("PUT", `/sales/${sale}/cart`, {
    headers: mine,
    body: { lines },
  });
  const held = await read(mine);
  expect(held.headers.get("cache-control")).toBe("no-store");
  expect(held.body).toEqual({
    lines: [{ sku: `${sale}-shoe`, name: "A shoe", quantity: 2, price: 12_900 }],
    holdsUntil: set.body["holdsUntil"],
  });
  expect((await read(theirs)).body).toEqual(empty);
  expectProblem(await read({}), 401, "admission_required");
});

test.each([
  [{ origins: ["https://a.example", "http://b.example"] }, "checkout.origins.1"],
  [{ page: "http://shop.example/checkout" }, "checkout.page"],
  [{ page: "https://shop.example/#checkout" }, "checkout.page"],
  [{ origins: ["null"] }, "checkout.origins.0"],
  [{ origins: ["https://*.shop.example"] }, "checkout.origins.0"],
])("a sale with %j is refused by its field", async (checkout, path) => {
  const id = "own-unsafe";
  const answer = await sluice.merchant("PUT", `/sales/${id}`, saleDocument(id, { checkout }));
  expect(answer.status).toBeGreaterThanOrEqual(400);
  expect(pathsOf(answer)).toEqual([path]);
  expect((await sluice.merchant("GET", `/sales/${id}`)).status).toBe(404);
});

/** A browser at Sluice's own pages: lets itself in, fills its cart, and finds the cart's link. */
async function linkInCart(sale: string, agent: string): Promise<URL> {
  const base = `${sluice.host.gateUrl}/_sluice/shop/${sale}`;
  const jar = new Map<string, string>();
  const open = async (path: string, form?: Readonly<Record<string, string>>) => {
    const cookie = [...jar].map(([name, value]) => `${name}=${value}`).join("; ");
    const answer = await fetch(base + path, {
      headers: { "user-agent": agent, cookie, origin: sluice.host.gateUrl },
      redirect: "manual",
      ...(form === undefined ? {} : { method: "POST", body: new URLSearchParams(form) }),
    });
    for (const given of answer.headers.getSetCookie()) {
      const [, name = "", value = ""] = /^([^=]+)=([^;]*)/.exec(given) ?? [];
      jar.set(name, value);
    }
    return answer;
  };
  await open("");
  await open("/join", {});
  await open("/cart", { from: "shop", [`quantity:${sale}-shoe`]: "1" });
  const cart = await open("/cart");
  expect(cart.headers.get("cache-control")).toContain("no-store");
  const href = /href="(https:\/\/www\.shop\.example\/[^"]*)"/.exec(await cart.text())?.[1] ?? "";
  return new URL(href.replaceAll("&amp;", "&"));
}

const handed = z.object({
  sale: z.string(),
  admission: z.string(),
  device: z.string().optional(),
});

test.each(["allow", "refuse"] as const)(
  "the cart's link lets the shop's page act, where replay is %s",
  async (handling) => {
    const sale = `own-link-${handling}`;
    const checkout = { page: `${SHOP}/checkout`, origins: [SHOP] };
    await makeSale(sluice, sale, { checkout, replay: { handling } });
    const agent = "a browser";
    const link = await linkInCart(sale, agent);
    expect(link.search).toBe("");
    const { admission, device } = handed.parse(
      Object.fromEntries(new URLSearchParams(link.hash.slice(1))),
    );
    expect(device === undefined).toBe(handling === "allow");
    const as = (more: Readonly<Record<string, string>>) => {
      const headers = { origin: SHOP, "user-agent": agent, "sluice-admission": admission, ...more };
      return sluice.shopper("GET", `/sales/${sale}/cart`, { headers });
    };
    const read = await as(device === undefined ? {} : { "sluice-device": device });
    expect(read.body["lines"]).toMatchObject([{ sku: `${sale}-shoe`, quantity: 1 }]);
    const copied = await as({ "sluice-device": "another-device-of-16" });
    const answer = [copied.status, copied.body["code"]];
    expect(answer).toEqual(handling === "refuse" ? [403, "admission_replayed"] : [200, undefined]);
  },
);
