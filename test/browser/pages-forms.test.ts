/**
 * The pages' forms, as any client may send them: a malformed, foreign or refused one gets a page
 * that says so, with the right status, and changes nothing.
 */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  acceptedOrder,
  admit,
  auditOf,
  finalOrder,
  makeSale,
  NOT_OPEN,
  orderBody,
  placeOrder,
  PREQUEUE,
  type Sluice,
  startSluice,
} from "../http/support/sluice.ts";

const SALE = "forms";
const SHOE = `quantity:${SALE}-shoe`;
const SOCK = `quantity:${SALE}-sock`;

let sluice: Sluice;
let admission: Record<string, string>;

beforeAll(async () => {
  sluice = await startSluice();
  await makeSale(sluice, SALE);
  await makeSale(sluice, "in-prequeue", PREQUEUE);
  await makeSale(sluice, "not-open", NOT_OPEN);
  await makeSale(sluice, "over");
  await sluice.merchant("POST", "/sales/over/actions", { action: "end" });
  admission = await admit(sluice, SALE);
});

afterAll(() => sluice.stop());

interface Page {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
}

async function ask(path: string, init: RequestInit = {}): Promise<Page> {
  const url = `${sluice.host.gateUrl}/_sluice/shop${path}`;
  const response = await fetch(url, { redirect: "manual", ...init });
  return { status: response.status, headers: response.headers, text: await response.text() };
}

function send(
  path: string,
  fields: Readonly<Record<string, string>> | [string, string][],
  headers: Readonly<Record<string, string>> = admission,
): Promise<Page> {
  return ask(path, { method: "POST", headers, body: new URLSearchParams(fields) });
}

/** As the page of the checkout sends it, with the provider's token of a means of payment. */
const ORDER = {
  step: "pay",
  key: "a-key",
  email: "ann@shoppers.example",
  name: "Ann",
  payment: "pm_card_visa",
  total: "12900",
  [SHOE]: "1",
  [`price:${SALE}-shoe`]: "12900",
};

async function held(): Promise<number[]> {
  return (await auditOf(sluice, SALE)).skus.map(({ held }) => held);
}

describe("every page", () => {
  test.each([
    ["", 200],
    [`/${SALE}`, 200],
    [`/${SALE}/fairness`, 200],
    ["/no-such-sale", 404],
    ["/Not_An_Id", 404],
    [`/${SALE}/cart`, 401],
    [`/${SALE}/orders/ord_none`, 404],
    [`/${SALE}/orders/ord_${"0".repeat(40)}?key=x`, 404],
    [`/${SALE}/what/is/this`, 404],
  ])("%s answers %i and forbids what it does not need", async (path, status) => {
    const page = await ask(path);
    expect(page.status).toBe(status);
    const policy = page.headers.get("content-security-policy") ?? "";
    for (const rule of [
      "default-src 'none'",
      "script-src 'self'",
      "form-action 'self'",
      "base-uri 'none'",
      "frame-ancestors 'none'",
    ]) {
      expect(policy).toContain(rule);
    }
    expect(policy).not.toContain("unsafe");
    expect(page.headers.get("x-content-type-options")).toBe("nosniff");
    expect(page.headers.get("cache-control")).toBe("no-store");
    expect(page.headers.get("referrer-policy")).toBe("same-origin");
    expect(page.headers.get("permissions-policy")).toContain("payment=()");
    expect(page.text).toContain("<h1");
  });

  test.each([
    "style.css",
    "waiting.js",
    "order.js",
    "clock.js",
    "returning.js",
    "draw.js",
    "fairness.js",
    "text.js",
    "mark.svg",
  ])("the asset %s is there", async (name) => {
    const response = await fetch(`${sluice.host.gateUrl}/_sluice/assets/${name}`);
    expect(response.status).toBe(200);
    const expected = name.endsWith(".js") ? "javascript" : (name.split(".")[1] ?? "");
    expect(response.headers.get("content-type")).toContain(expected);
    await response.body?.cancel();
  });
});

describe("a form is refused", () => {
  test("when it comes from another site", async () => {
    const headers = { ...admission, origin: "https://elsewhere.example" };
    for (const part of ["join", "enter", "leave", "cart", "order"]) {
      const page = await send(`/${SALE}/${part}`, {}, headers);
      expect([part, page.status]).toEqual([part, 403]);
      expect(page.text).toContain("another site");
    }
  });

  test("when it has cookies and no Origin header", async () => {
    const page = await send(`/${SALE}/join`, {}, { cookie: "a=b" });
    expect(page.status).toBe(403);
  });

  test("when it is larger than 16 KiB", async () => {
    const page = await send(`/${SALE}/cart`, { from: "shop", remove: "x".repeat(16 * 1024) });
    expect(page.status).toBe(413);
  });

  test.each([
    ["cart", { from: "shop", colour: "red" }, "colour"],
    ["cart", { from: "elsewhere" }, "from"],
    ["cart", { [SHOE]: "1" }, "from"],
    ["join", { again: "yes" }, "again"],
    ["enter", { [SHOE]: "1" }, `${SALE}-shoe`],
    ["leave", { really: "yes" }, "really"],
    ["order", { ...ORDER, key: "" }, "key"],
    ["order", { ...ORDER, key: "k".repeat(129) }, "key"],
    ["order", { ...ORDER, price: "1" }, "price"],
    ["order", { ...ORDER, step: "buy" }, "step"],
    ["order", { ...ORDER, total: "129.00" }, "total"],
    ["cart", { from: "shop", [`price:${SALE}-shoe`]: "1" }, "prices"],
    ["order", { ...ORDER, [SHOE]: "-1" }, `${SALE}-shoe`],
  ] as const)("%s with %j names the field “%s”", async (part, fields, field) => {
    const page = await send(`/${SALE}/${part}`, fields);
    expect(page.status).toBe(422);
    expect(page.text).toContain(`“${field}”`);
  });

  test("when a field is sent twice", async () => {
    const page = await send(`/${SALE}/cart`, [
      ["from", "shop"],
      ["from", "cart"],
    ]);
    expect([page.status, page.text.includes("“from”")]).toEqual([422, true]);
  });

  test.each(["-1", "1.5", "many", "1e3", "9999999"])(
    "a quantity of %s is refused beside its item, with the entered value",
    async (quantity) => {
      const page = await send(`/${SALE}/cart`, { from: "shop", [SHOE]: quantity });
      expect(page.status).toBe(422);
      expect(page.text).toContain(`aria-describedby="field-${SALE}-shoe-fault"`);
      expect(await held()).toEqual([0, 0]);
    },
  );

  test("a cart filled with nothing is refused on the page of the products, and says why", async () => {
    const page = await send(`/${SALE}/cart`, { from: "shop", [SHOE]: "0", [SOCK]: "0" });
    expect(page.status).toBe(422);
    expect(page.text).toContain("Choose a quantity of 1 or more");
    expect(await held()).toEqual([0, 0]);
  });

  test.each([
    ["email", { email: "ann" }, "Enter an e-mail address"],
    ["name", { name: "n".repeat(201) }, "field-name-fault"],
    ["payment", { payment: "" }, "Choose how to pay"],
    ["country", { country: "Germany" }, "Choose a country"],
  ] as const)(
    "an order with a wrong %s keeps the entered values and its key",
    async (_, wrong, expected) => {
      await send(`/${SALE}/cart`, { from: "shop", [SHOE]: "1" });
      const page = await send(`/${SALE}/order`, { ...ORDER, ...wrong });
      expect(page.status).toBe(422);
      expect(page.text).toContain(expected);
      expect(page.text).toContain('name="key" value="a-key"');
      await send(`/${SALE}/cart`, { from: "shop" });
    },
  );
});

describe("the line", () => {
  test("joining sets the ticket as a cookie and redirects to the waiting page", async () => {
    const page = await send("/in-prequeue/join", {}, {});
    expect(page.status).toBe(303);
    expect(page.headers.get("location")).toBe("/_sluice/shop/in-prequeue/wait");
    const cookie = page.headers.get("set-cookie") ?? "";
    expect(cookie).toMatch(/^__Host-sluice-ticket-in-prequeue=/);
    for (const word of ["HttpOnly", "Secure", "SameSite=Lax", "Path=/"]) {
      expect(cookie).toContain(word);
    }
  });

  test("a sale that has not opened or has ended is not joined", async () => {
    expect((await send("/not-open/join", {}, {})).status).toBe(409);
    expect((await send("/over/join", {}, {})).status).toBe(410);
    expect((await ask("/over")).text).toContain("This sale has ended");
  });

  test("the waiting page redirects to the storefront without a ticket", async () => {
    const page = await ask("/in-prequeue/wait");
    expect([page.status, page.headers.get("location")]).toEqual([303, "/_sluice/shop/in-prequeue"]);
  });

  test("a forged ticket is refused, and its owner may join", async () => {
    const page = await ask("/in-prequeue/wait", { headers: { "sluice-ticket": "forged" } });
    expect(page.status).toBe(401);
    expect(page.text).toContain("Join the line");
  });

  test("the address of a form redirects to its page when it is opened with GET", async () => {
    const page = await ask(`/${SALE}/enter`);
    expect([page.status, page.headers.get("location")]).toEqual([
      303,
      `/_sluice/shop/${SALE}/wait`,
    ]);
  });
});

describe("the shop", () => {
  test("more than the limit is refused on the page that asked for it, and the cart stays", async () => {
    await send(`/${SALE}/cart`, { from: "shop", [SHOE]: "1" });
    const page = await send(`/${SALE}/cart`, { from: "cart", [SHOE]: "3" });
    expect(page.status).toBe(409);
    expect(page.text).toContain("The limit is 2");
    expect(await held()).toEqual([1, 0]);
    await send(`/${SALE}/cart`, { from: "cart", [SHOE]: "1", remove: `${SALE}-shoe` });
    expect(await held()).toEqual([0, 0]);
  });

  test("a SKU of another sale is refused by name", async () => {
    const page = await send(`/${SALE}/cart`, { from: "shop", "quantity:over-shoe": "1" });
    expect([page.status, page.text.includes("over-shoe")]).toEqual([422, true]);
  });

  test("leaving the line gives up the place", async () => {
    const joined = await sluice.shopper("POST", "/sales/in-prequeue/tickets", { body: {} });
    const cookie = (joined.headers.get("set-cookie") ?? "").split(";")[0] ?? "";
    const origin = sluice.host.gateUrl;
    const left = await send("/in-prequeue/leave", {}, { cookie, origin });
    expect([left.status, left.headers.get("location")]).toEqual([303, "/_sluice/shop/in-prequeue"]);
    expect(left.headers.get("set-cookie")).toMatch(/__Host-sluice-ticket-in-prequeue=;.*Max-Age=0/);
  });

  test("the same form sent twice orders once", async () => {
    const shopper = await admit(sluice, SALE);
    await send(`/${SALE}/cart`, { from: "shop", [SOCK]: "1" }, shopper);
    const { step, email, payment } = ORDER;
    const order = { step, key: "twice", email, payment, total: "900", [SOCK]: "1" };
    const [first, second] = await Promise.all([
      send(`/${SALE}/order`, order, shopper),
      send(`/${SALE}/order`, order, shopper),
    ]);
    expect([first.status, second.status]).toEqual([303, 303]);
    expect(second.headers.get("location")).toBe(first.headers.get("location"));
    const other = await send(`/${SALE}/order`, { ...order, email: "b@shoppers.example" }, shopper);
    // Under the same key the first order may be paid: its page says what is not part of it.
    expect(other.status).toBe(303);
    const [path = ""] = (first.headers.get("location") ?? "").split("?");
    expect(other.headers.get("location")).toContain(path);
  });

  test("the page of an order needs its key or its admission, and shows how it ended", async () => {
    const shopper = await admit(sluice, SALE);
    const placed = await placeOrder(
      sluice,
      shopper,
      "seen",
      orderBody(SALE, { expectedTotal: 12_900 }),
    );
    const { id, path } = acceptedOrder(placed);
    await finalOrder(sluice, placed);
    const key = new URL(path, "http://sluice.example").searchParams.get("key") ?? "";
    const own = await ask(`/${SALE}/orders/${id}?key=${key}`);
    expect([own.status, own.text.includes("Your order is confirmed")]).toEqual([200, true]);
    // To the address with the key, which alone can be saved: without what a bank adds to it.
    const address = `/_sluice/shop/${SALE}/orders/${id}?key=${key}`;
    for (const [query, headers] of [
      ["", shopper],
      [`?key=${key}&payment_intent=pi_1&payment_intent_client_secret=x&redirect_status=ok`, {}],
    ] as const) {
      const led = await ask(`/${SALE}/orders/${id}${query}`, { headers });
      expect([led.status, led.headers.get("location")]).toEqual([303, address]);
    }
    expect((await ask(`/${SALE}/orders/${id}?key=guess`)).status).toBe(404);
    expect((await ask(`/over/orders/${id}?key=${key}`)).status).toBe(404);
    const left = await send(`/${SALE}/leave`, {}, shopper);
    expect([left.status, left.headers.get("location")]).toEqual([303, address]);
  });
});

/** More than twice the limit of a minute, because a minute may end in the middle of it. */
const FLOOD = 250;

test("a flood of forms from one address is answered 429 with a page, and other addresses are not", async () => {
  const limited = await startSluice({ rateLimits: "configured" });
  try {
    await makeSale(limited, "flood", PREQUEUE);
    const url = `${limited.host.gateUrl}/_sluice/shop/flood/leave`;
    const leave = (address: string): Promise<Response> => {
      const headers = { "cf-connecting-ip": address };
      return fetch(url, { method: "POST", headers, redirect: "manual" });
    };
    const answers = await Promise.all(Array.from({ length: FLOOD }, () => leave("203.0.113.1")));
    const stopped = answers.filter(({ status }) => status === 429);
    expect(stopped.length).toBeGreaterThan(0);
    expect(stopped[0]?.headers.get("retry-after")).toBe("10");
    expect(await stopped[0]?.text()).toContain("Please slow down");
    expect((await leave("203.0.113.2")).status).toBe(303);
  } finally {
    await limited.stop();
  }
});
