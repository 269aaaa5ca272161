/**
 * A shop's server that acts for its shoppers: with its key it is counted by the key, with a limit
 * of its own; a wrong key is refused; and no key gives any right beyond that.
 */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { orderForShopper } from "../../examples/checkout/order-for-shopper.ts";
import { generateGateSecrets, generateKey } from "../../scripts/secret-set.ts";
import { expectProblem } from "./support/problem-checks.ts";
import {
  admit,
  makeSale,
  orderBody,
  placeOrder,
  PREQUEUE,
  startSluice,
  stateOf,
  textOf,
  type Sluice,
} from "./support/sluice.ts";

const SALE = "by-server";
/** Where no order is on its way while a test compares the sale with what it was. */
const UNTOUCHED = "by-server-untouched";
const PER_ADDRESS = 120;
const PER_SUBJECT = 60;
const secretOf = (key: object): string => {
  return "k" in key && typeof key.k === "string" ? key.k : "";
};
const [newKey, oldKey, foreignKey] = [1, 2, 3].map(() => generateKey("servers", Date.now()));
const KEYS = [newKey, oldKey].map((key) => secretOf(key ?? {}));
const FOREIGN = secretOf(foreignKey ?? {});
let sluice: Sluice;

beforeAll(async () => {
  const { ADMIN_TOKEN: _, ...secrets } = generateGateSecrets();
  const SERVER_KEYS = JSON.stringify({ keys: [newKey, oldKey] });
  sluice = await startSluice({
    rateLimits: "configured",
    variables: { gate: { ...secrets, SERVER_KEYS } },
  });
  await makeSale(sluice, SALE);
  await makeSale(sluice, UNTOUCHED);
  await makeSale(sluice, "by-server-line", PREQUEUE);
});
afterAll(() => sluice.stop());

const from = (address: string) => ({ "cf-connecting-ip": address });
const keyed = (key: string) => ({ "sluice-server-key": key });
const join = (headers: Record<string, string>) => {
  return sluice.shopper("POST", "/sales/by-server-line/tickets", { headers });
};

async function useUp(address: string): Promise<void> {
  for (let sent = 0; sent <= 2 * PER_ADDRESS; sent += 1) {
    if ((await join(from(address))).status === 429) return;
  }
  throw new Error(`${address} was never refused`);
}

describe("a server whose address has used up its limit", () => {
  const server = from("198.51.100.1");
  beforeAll(() => useUp("198.51.100.1"));

  test("is refused without a key, as before", async () => {
    expect(expectProblem(await join(server), 429, "rate_limited").status).toBe(429);
  });

  test.each(KEYS.map((key, index) => [index, key] as const))(
    "goes on with key %i of a rotated set",
    async (_, key) => {
      for (let sent = 0; sent < PER_ADDRESS + 20; sent += 1) {
        expect((await join({ ...server, ...keyed(key) })).status).toBe(201);
      }
    },
  );

  test("orders for its shoppers", async () => {
    const mine = await admit(sluice, SALE);
    const headers = { ...server, ...keyed(KEYS[0] ?? ""), ...mine };
    expect((await placeOrder(sluice, headers, "by-server", orderBody(SALE))).status).toBe(202);
  });

  test("orders as the example does, once for a key, and gets problems as they are", async () => {
    const { "sluice-admission": admission = "" } = await admit(sluice, SALE);
    const shop = { gate: sluice.host.gateUrl, serverKey: KEYS[0] ?? "" };
    const shopper = { admission, address: "203.0.113.20", userAgent: "a browser" };
    const order = (body: Readonly<Record<string, unknown>>, key: string, by = shop) => {
      return orderForShopper(by, shopper, body, key);
    };
    const placed = await order(orderBody(SALE), "cart-1");
    expect(placed).toMatchObject({ status: 202, body: { order: { sale: SALE } } });
    const again = await order(orderBody(SALE), "cart-1");
    expect(again.body["statusUrl"]).toBe(placed.body["statusUrl"]);
    const dearer = await order(orderBody(SALE, { expectedTotal: 1 }), "cart-2");
    expect(dearer).toMatchObject({ status: 409, body: { code: "price_changed" } });
    const unknown = await order(orderBody(SALE), "cart-3", { ...shop, serverKey: FOREIGN });
    expect(unknown).toMatchObject({ status: 401, body: { code: "server_key_invalid" } });
  });

  test("is refused with a wrong key, as any write of that address", async () => {
    const answer = await join({ ...server, ...keyed(FOREIGN) });
    expect(expectProblem(answer, 429, "rate_limited").status).toBe(429);
  });
});

test("one shopper with too many writes is refused, also when a server sends them", async () => {
  const ticket = textOf(await join({ ...from("198.51.100.2"), ...keyed(KEYS[0] ?? "") }), "ticket");
  const headers = { ...keyed(KEYS[0] ?? ""), "sluice-ticket": ticket };
  let sent = 0;
  let answer = await join(headers);
  for (; answer.status !== 429 && sent < 2 * PER_SUBJECT + 1; sent += 1) {
    answer = await join(headers);
  }
  expect(sent).toBeGreaterThanOrEqual(PER_SUBJECT - 1);
  expectProblem(answer, 429, "rate_limited");
  expect((await join(keyed(KEYS[0] ?? ""))).status).toBe(201);
});

test("an address that the server passes on is counted in its place, and no other", async () => {
  const key = keyed(KEYS[1] ?? "");
  await useUp("203.0.113.7");
  const of = (address: string) => join({ ...key, "sluice-shopper-address": address });
  expectProblem(await of("203.0.113.7"), 429, "rate_limited");
  expect((await of("203.0.113.8")).status).toBe(201);
  expect((await of("2001:db8::8")).status).toBe(201);
});

describe.each([
  ["one of another deployment", FOREIGN],
  ["one with a character more", `${KEYS[0]}A`],
  ["one without its last character", (KEYS[0] ?? "").slice(0, -1)],
  ["two at once", KEYS.join(", ")],
  ["an empty one", ""],
])("a wrong server key, %s,", (_, key) => {
  test("is refused and changes nothing", async () => {
    const mine = await admit(sluice, UNTOUCHED);
    const before = await stateOf(sluice, UNTOUCHED);
    const headers = { ...mine, ...keyed(key), ...from("198.51.100.9") };
    const lines = [{ sku: `${UNTOUCHED}-shoe`, quantity: 1 }];
    for (const answer of [
      await sluice.shopper("PUT", `/sales/${UNTOUCHED}/cart`, { headers, body: { lines } }),
      await placeOrder(sluice, headers, "wrong", orderBody(UNTOUCHED)),
      await sluice.shopper("GET", `/sales/${UNTOUCHED}`, { headers }),
    ]) {
      const refused = expectProblem(answer, 401, "server_key_invalid");
      expect(JSON.stringify(refused.body)).not.toContain(FOREIGN);
    }
    expect(await stateOf(sluice, UNTOUCHED)).toEqual(before);
  });
});

test("a key in a browser is refused, because everybody with the page would have the key", async () => {
  for (const browser of [{ origin: sluice.host.gateUrl }, { "sec-fetch-site": "same-origin" }]) {
    const answer = await join({ ...keyed(KEYS[0] ?? ""), ...browser });
    expect(expectProblem(answer, 401, "server_key_invalid").body["detail"]).toContain("browser");
  }
});

test("an address is not believed without a key, and must be one", async () => {
  expect.hasAssertions();
  for (const headers of [
    { "sluice-shopper-address": "203.0.113.9" },
    { ...keyed(KEYS[0] ?? ""), "sluice-shopper-address": "shop.example" },
    { ...keyed(KEYS[0] ?? ""), "sluice-shopper-address": "203.0.113.9, 203.0.113.10" },
  ]) {
    expectProblem(await join({ ...headers }), 401, "server_key_invalid");
  }
});

test("a key admits nobody: what a request may do follows from its tokens", async () => {
  expect.hasAssertions();
  const headers = keyed(KEYS[0] ?? "");
  const body = { lines: [{ sku: `${SALE}-shoe`, quantity: 1 }] };
  const cart = await sluice.shopper("PUT", `/sales/${SALE}/cart`, { headers, body });
  expectProblem(cart, 401, "admission_required");
  const authorization = `Bearer ${KEYS[0]}`;
  const merchant = await sluice.ask("GET", "/_sluice/admin/v1/sales", {
    headers: { ...headers, authorization },
  });
  expectProblem(merchant, 401, "unauthorized");
});
