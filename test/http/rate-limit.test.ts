/**
 * The rate limits of wrangler.toml: writes over the limit are refused with Retry-After, polls are
 * not limited, and one network does not use up another's limit. Joins have a smaller limit. A
 * shopper's writes are counted however the admission is carried, once its signature is verified,
 * and a page that looks a discount code up counts as one.
 */
import { fetch, type Response } from "undici";
import { afterAll, beforeAll, expect, test } from "vitest";
import { z } from "zod";
import { expectProblem } from "./support/problem-checks.ts";
import {
  acceptedOrder,
  admit,
  connections,
  makeSale,
  orderBody,
  placeOrder,
  PREQUEUE,
  type Sluice,
  startSluice,
  textOf,
} from "./support/sluice.ts";
import { challengeSchema, solved } from "../../simulation/crowd/proof-of-work.ts";
import { claimsOf } from "../../simulation/drill/fairness.ts";
import { keyNamed } from "../node/support/keys.ts";

const SALE = "limited";
const PER_ADDRESS = 120;
const JOINS_PER_ADDRESS = 60;
const JOINS_PER_BLOCK = 600;
const ORDERS_PER_ADDRESS = 30;
const PER_SUBJECT = 60;
const SOME_CHALLENGES = 10;
const MANY_CHALLENGES = 30;
const READS_PER_SUBJECT = 240;
let sluice: Sluice;
beforeAll(async () => {
  sluice = await startSluice({ rateLimits: "configured" });
  await makeSale(sluice, SALE, PREQUEUE);
});
afterAll(() => sluice.stop());

const from = (address: string) => ({ "cf-connecting-ip": address });
const join = (headers: Record<string, string>) => {
  return sluice.shopper("POST", `/sales/${SALE}/tickets`, { headers });
};

async function untilRefused(headers: Record<string, string>, most: number) {
  for (let sent = 1; sent <= most; sent += 1) {
    const answer = await join(headers);
    if (answer.status !== 201 && answer.status !== 200) return { sent, answer };
  }
  throw new Error(`${most} requests were not refused`);
}

test("an address with too many joins gets Retry-After, and can still read and write", async () => {
  const { sent, answer } = await untilRefused(from("192.0.2.1"), 2 * JOINS_PER_ADDRESS + 1);
  expect(sent).toBeGreaterThan(JOINS_PER_ADDRESS);
  expect(sent).toBeLessThan(PER_ADDRESS);
  expectProblem(answer, 429, "rate_limited");
  expect(Number(answer.headers.get("retry-after"))).toBeGreaterThan(0);
  const look = await sluice.shopper("GET", `/sales/${SALE}`, { headers: from("192.0.2.1") });
  expect(look.status).toBe(200);
  expect((await join(from("192.0.2.2"))).status).toBe(201);
  const claim = () =>
    sluice.shopper("POST", `/sales/${SALE}/admissions`, { headers: from("192.0.2.1") });
  expect((await claim()).status).toBe(401);
  expect(await countUntil429(claim, 2 * PER_ADDRESS)).toBeGreaterThan(0);
});

test("the addresses of one home line, a /64 of IPv6, have one limit, and the next line has its own", async () => {
  let joined = 0;
  const next = () => {
    joined += 1;
    return join(
      from(`2001:db8:1:2:${joined.toString(16)}::${((joined * 7919) % 65_536).toString(16)}`),
    );
  };
  expect(await countUntil429(next, 2 * JOINS_PER_ADDRESS + 1)).toBeGreaterThan(JOINS_PER_ADDRESS);
  expect((await join(from("2001:db8:1:3::1"))).status).toBe(201);
  // The same shopper by IPv4, however that is written.
  for (let sent = 0; sent < JOINS_PER_ADDRESS; sent += 1) await join(from("192.0.2.77"));
  await join(from("::ffff:192.0.2.77"));
  expect((await join(from("::ffff:c000:24d"))).status).toBe(429);
});

test.each([
  ["a /24 of IPv4", (nth: number) => `203.0.113.${nth % 256}`, "203.0.112.1"],
  ["a /48 of IPv6", (nth: number) => `2001:db8:5:${nth.toString(16)}::1`, "2001:db8:6::1"],
])("%s has a limit too, and its neighbour has its own", async (_, address, neighbour) => {
  let accepted = 0;
  let refused = 0;
  for (let sent = 0; sent <= 2 * JOINS_PER_BLOCK && refused === 0; sent += 50) {
    const together = Array.from({ length: 50 }, (_, nth) => join(from(address(sent + nth))));
    const statuses = (await Promise.all(together)).map(({ status }) => status);
    accepted += statuses.filter((status) => status === 201).length;
    refused += statuses.filter((status) => status === 429).length;
  }
  expect(accepted).toBeGreaterThanOrEqual(JOINS_PER_BLOCK);
  expect(refused).toBeGreaterThan(0);
  expect((await join(from(neighbour))).status).toBe(201);
});

/** The ticket with another end: its claims can be read, and nobody signed them. */
function forgedFrom(ticket: string): readonly string[] {
  const [header = "", claims = ""] = ticket.split(".");
  const none = Buffer.from(JSON.stringify({ alg: "none" })).toString("base64url");
  return [`${none}.${claims}.x`, `${none}.${claims}.`, `${header}.${claims}.${"A".repeat(43)}`];
}

test("forged tokens count for nobody: a shopper whose subject is known can go on writing", async () => {
  const ticket = textOf(await join(from("192.0.2.20")), "ticket");
  const claim = (token: string, address: string) => {
    const headers = { "sluice-ticket": token, ...from(address) };
    return sluice.shopper("POST", `/sales/${SALE}/admissions`, { headers });
  };
  for (const [nth, forged] of forgedFrom(ticket).entries()) {
    for (let sent = 0; sent <= PER_SUBJECT; sent += 1) await claim(forged, `192.0.2.${30 + nth}`);
  }
  expect((await claim(ticket, "192.0.2.20")).status).toBe(409);
});

test("a shopper with too many writes is refused from every address, and others are not", async () => {
  const ticket = textOf(await join(from("192.0.2.3")), "ticket");
  const headers = { "sluice-ticket": ticket };
  const { sent, answer } = await untilRefused(headers, 2 * PER_SUBJECT + 1);
  expect(sent).toBeGreaterThan(PER_SUBJECT);
  expectProblem(answer, 429, "rate_limited");
  expectProblem(await join({ ...headers, ...from("192.0.2.4") }), 429, "rate_limited");
  expect((await join(from("192.0.2.4"))).status).toBe(201);
});

test("an address that asks for many challenges has more work, then Retry-After, and can join", async () => {
  const sale = "limited-work";
  const protection = { kind: "altcha", maxNumber: 2, cost: 1 };
  await makeSale(sluice, sale, { ...PREQUEUE, protection });
  const ask = (address: string) => {
    return sluice.shopper("GET", `/sales/${sale}/challenge`, { headers: from(address) });
  };
  let answer = await ask("192.0.2.9");
  let requests = 1;
  // The number that solves it: 1 or 2, then up to four and sixteen times as large.
  const number = async ({ body }: typeof answer): Promise<number> => {
    const solution = JSON.parse(atob(await solved(challengeSchema.parse(body))));
    return z.object({ solution: z.object({ counter: z.int() }) }).parse(solution).solution.counter;
  };
  expect(await number(answer)).toBeLessThanOrEqual(2);
  for (; requests <= SOME_CHALLENGES; requests += 1) answer = await ask("192.0.2.9");
  expect([4, 5, 6, 7, 8]).toContain(await number(answer));
  for (; requests <= MANY_CHALLENGES; requests += 1) answer = await ask("192.0.2.9");
  expect(await number(answer)).toBeGreaterThanOrEqual(16);
  for (; answer.status === 200 && requests <= 2 * PER_ADDRESS; requests += 1) {
    answer = await ask("192.0.2.9");
  }
  expect(requests).toBeGreaterThan(PER_ADDRESS);
  expectProblem(answer, 429, "rate_limited");
  expect(Number(answer.headers.get("retry-after"))).toBeGreaterThan(0);
  expect((await join(from("192.0.2.9"))).status).toBe(201);
  expect((await ask("192.0.2.10")).status).toBe(200);
});

/** A shopper of a browser: the admission is in a cookie, and each request has an address. */
async function browserOf(sale: string) {
  const admission = (await admit(sluice, sale))["sluice-admission"] ?? "";
  let requests = 0;
  return (code?: string) => {
    requests += 1;
    const cookies = [`__Host-sluice-admission-${sale}=${admission}`];
    if (code !== undefined) cookies.push(`__Host-sluice-code-${sale}=${code}`);
    return {
      ...from(`198.51.100.${requests}`),
      cookie: cookies.join("; "),
      origin: sluice.host.gateUrl,
    };
  };
}

async function countUntil429(send: () => Promise<{ readonly status: number }>, most: number) {
  for (let sent = 1; sent <= most; sent += 1) {
    if ((await send()).status === 429) return sent;
  }
  throw new Error(`${most} requests were not refused`);
}

function page(path: string, headers: Record<string, string>, method = "GET"): Promise<Response> {
  const url = `${sluice.host.gateUrl}/_sluice/shop${path}`;
  return fetch(url, { method, headers, redirect: "manual", dispatcher: connections });
}

test("orders are counted for the shopper whose admission is in a cookie", async () => {
  const sale = "limited-orders";
  await makeSale(sluice, sale);
  const ordering = await browserOf(sale);
  const body = { ...orderBody(sale), lines: [] };
  const order = () => {
    const headers = { ...ordering(), "idempotency-key": keyNamed("k") };
    return sluice.shopper("POST", "/orders", { headers, body });
  };
  expect(await countUntil429(order, 2 * PER_SUBJECT + 1)).toBeGreaterThan(PER_SUBJECT);
  expectProblem(await order(), 429, "rate_limited");
});

test("actions on an order are counted for the shopper whose admission is in a cookie", async () => {
  const sale = "limited-actions";
  await makeSale(sluice, sale);
  const acting = await browserOf(sale);
  const placed = await placeOrder(sluice, acting(), "k", orderBody(sale));
  const { id } = acceptedOrder(placed);
  const act = () => {
    const body = { action: "give_up" };
    return sluice.shopper("POST", `/orders/${id}/actions`, { headers: acting(), body });
  };
  // The order itself was one of them.
  expect(await countUntil429(act, 2 * PER_SUBJECT + 1)).toBeGreaterThanOrEqual(PER_SUBJECT);
  const refused = await act();
  expectProblem(refused, 429, "rate_limited");
  expect(Number(refused.headers.get("retry-after"))).toBeGreaterThan(0);
  const read = await sluice.shopper("GET", `/orders/${id}`, { headers: acting() });
  expect(read.status).toBe(200);
});

test("an order is not given up on the page of another sale, where its shopper is not counted", async () => {
  const [sale, other] = ["limited-own", "limited-other"];
  await makeSale(sluice, sale);
  await makeSale(sluice, other);
  const browser = await browserOf(sale);
  const { id } = acceptedOrder(await placeOrder(sluice, browser(), "k", orderBody(sale)));
  const answer = await page(`/${other}/orders/${id}/give-up`, browser(), "POST");
  expect(answer.status).toBe(404);
});

test("a cart page that looks a discount code up counts, and over the limit applies none", async () => {
  const sale = "limited-codes";
  await makeSale(sluice, sale);
  const code = { code: "FRIENDS-10", kind: "percent", value: 10 };
  await sluice.merchant("POST", `/sales/${sale}/discount-codes`, code);
  const browser = await browserOf(sale);
  const lines = [{ sku: `${sale}-shoe`, quantity: 1 }];
  const cart = await sluice.shopper("PUT", `/sales/${sale}/cart`, {
    headers: browser(),
    body: { lines },
  });
  expect(cart.status).toBe(200);
  const look = async (guess?: string): Promise<string> => {
    const answer = await page(`/${sale}/cart`, browser(guess));
    expect(answer.status).toBe(200);
    return answer.text();
  };
  const LIMITED = "Too many discount codes were tried";
  expect(await look("FRIENDS-10")).toContain("The code is applied");
  let looked = 1;
  let shown = await look("GUESS-1");
  for (; !shown.includes(LIMITED) && looked <= 2 * PER_SUBJECT; looked += 1) {
    expect(shown).toContain("There is no such discount code");
    shown = await look(`GUESS-${looked + 1}`);
  }
  expect(shown).toContain(LIMITED);
  // The cart was one write.
  expect(looked).toBeGreaterThanOrEqual(PER_SUBJECT - 1);
  const good = await look("FRIENDS-10");
  expect(good).toContain(LIMITED);
  expect(good).not.toContain("The code is applied");
  const without = await look();
  expect(without).not.toContain(LIMITED);
  expect(without).toContain("Order and pay");
});

test("pages that ask every stock for one admission are limited, and others are not", async () => {
  const sale = "limited-storefront";
  await makeSale(sluice, sale);
  const [browser, other] = [await browserOf(sale), await browserOf(sale)];
  const look = () => page(`/${sale}`, { ...browser(), ...from("192.0.2.90") });
  expect(await countUntil429(look, 2 * READS_PER_SUBJECT + 1)).toBeGreaterThan(READS_PER_SUBJECT);
  const read = await sluice.shopper("GET", `/sales/${sale}/cart`, { headers: browser() });
  expectProblem(read, 429, "rate_limited");
  expect((await page(`/${sale}`, { ...other(), ...from("192.0.2.90") })).status).toBe(200);
  const poll = await sluice.shopper("GET", `/sales/${sale}/status`, { headers: browser() });
  expect(poll.status).toBe(200);
});

test("a cart page without a discount code is not counted as a write", async () => {
  const sale = "limited-reads";
  await makeSale(sluice, sale);
  const browser = await browserOf(sale);
  const lines = [{ sku: `${sale}-shoe`, quantity: 1 }];
  await sluice.shopper("PUT", `/sales/${sale}/cart`, { headers: browser(), body: { lines } });
  for (let read = 0; read <= 2 * PER_SUBJECT; read += 1) {
    expect((await page(`/${sale}/cart`, browser())).status).toBe(200);
  }
  const answer = await sluice.shopper("PUT", `/sales/${sale}/cart`, {
    headers: browser(),
    body: { lines },
  });
  expect(answer.status).toBe(200);
});

test("a sale may limit the places of a network; its answer and its page say what to do", async () => {
  const sale = "few-places";
  const protection = { kind: "none" };
  await makeSale(sluice, sale, { ...PREQUEUE, protection, admission: { maxPlacesPerNetwork: 2 } });
  const enter = (address: string, more: Record<string, string> = {}) => {
    const headers = { ...from(address), ...more };
    return sluice.shopper("POST", `/sales/${sale}/tickets`, { headers });
  };
  const line = (host: number) => `2001:db8:77:1::${host}`;
  const key = { "idempotency-key": crypto.randomUUID() };
  const first = await enter(line(1), key);
  expect([first.status, (await enter(line(2))).status]).toEqual([201, 201]);
  expectProblem(await enter(line(3)), 409, "network_full");
  // A lost answer is given again, and a place that is carried stays.
  const again = await enter(line(1), key);
  const ticket = textOf(first, "ticket");
  expect(claimsOf(textOf(again, "ticket"))?.index).toBe(claimsOf(ticket)?.index);
  const carried = { "sluice-ticket": ticket };
  expect((await enter(line(3), carried)).status).toBe(200);
  expect((await enter("2001:db8:77:2::1")).status).toBe(201);
  // A browser without scripts.
  const shop = `${sluice.host.gateUrl}/_sluice/shop/${sale}`;
  const { headers: given } = await fetch(shop, { headers: from(line(4)) });
  const cookie = given.getSetCookie().map((each) => each.split(";", 1)[0]);
  const browser = { ...from(line(4)), origin: sluice.host.gateUrl, cookie: cookie.join("; ") };
  const sent = { method: "POST", headers: browser, redirect: "manual" } as const;
  const page = await fetch(`${shop}/join`, sent);
  expect(page.status).toBe(409);
  expect(await page.text()).toContain("join over another connection");
});

test("orders have a smaller limit of their own by network, because each tries a card", async () => {
  const order = (address: string) => {
    return sluice.shopper("POST", "/orders", { headers: from(address), body: orderBody(SALE) });
  };
  let sent = 0;
  let answer = await order("192.0.2.30");
  for (; answer.status !== 429 && sent < PER_ADDRESS; sent += 1) {
    answer = await order("192.0.2.30");
  }
  expectProblem(answer, 429, "rate_limited");
  expect(sent).toBeGreaterThanOrEqual(ORDERS_PER_ADDRESS);
  expect(sent).toBeLessThan(JOINS_PER_ADDRESS + ORDERS_PER_ADDRESS);
  expect((await join(from("192.0.2.30"))).status).toBe(201);
  expect((await order("192.0.2.31")).status).toBe(400);
});
