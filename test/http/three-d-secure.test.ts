/**
 * 3-D Secure over HTTP: the sandbox's bank, its signed events to the gate, and the order that then
 * continues at once; also with events that repeat, overtake each other, or never come.
 */
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { expectProblem, pathsOf } from "./support/problem-checks.ts";
import {
  acceptedOrder,
  admit,
  auditOf,
  finalOrder,
  makeSale,
  orderBody,
  placeOrder,
  type Answer,
  type Sluice,
  startSluice,
  until,
} from "./support/sluice.ts";

let sluice: Sluice;
beforeAll(async () => {
  sluice = await startSluice();
});
afterAll(() => sluice.stop());
afterEach(() => sluice.sandbox("DELETE", "/sandbox/faults"));

const BANK = { payment: { method: "pm_card_authenticationRequired" } };

/** An order whose shopper must go to the bank; returns the bank's URL. */
async function atTheBank(sale: string) {
  await makeSale(sluice, sale);
  const me = await admit(sluice, sale);
  const placed = await placeOrder(sluice, me, "first", orderBody(sale, BANK));
  const { path } = acceptedOrder(placed);
  return { me, placed, path, bank: await bankOf(path) };
}

/** The bank's URL, once the order waits for the shopper. */
async function bankOf(path: string): Promise<string> {
  const waiting = await until(
    () => sluice.ask("GET", path),
    ({ body }) => body["action"] !== undefined,
  );
  const { action } = waiting.body;
  const url = typeof action === "object" && action !== null && "url" in action ? action.url : "";
  return String(url);
}

async function decide(bank: string, decision: "accept" | "refuse"): Promise<Response> {
  const body = new URLSearchParams({ decision });
  return fetch(bank, { method: "POST", body, redirect: "manual" });
}

async function eventsMeet(webhooks: Readonly<Record<string, number>>): Promise<void> {
  const faults = { rate: 0, kinds: ["latency"], webhooks };
  expect((await sluice.sandbox("PUT", "/sandbox/faults", faults)).status).toBe(200);
}

/** Less than the time after which the order looks the payment up by itself. */
const AT_ONCE_MS = 3000;

test("after the shopper accepts at the bank the order continues at once", async () => {
  const { path, bank } = await atTheBank("bank-yes");
  const answer = await decide(bank, "accept");
  expect(answer.status).toBe(303);
  expect(answer.headers.get("location")).toContain("/_sluice/shop/bank-yes/orders/");
  await until(
    () => sluice.ask("GET", path),
    ({ body }) => body["state"] === "confirmed",
    AT_ONCE_MS,
  );
  expect(await auditOf(sluice, "bank-yes")).toMatchObject({ skus: [{ sold: 1, ordered: 0 }, {}] });
});

test("the bank sends the shopper back to the address that the order names, with what Stripe adds", async () => {
  const sale = "bank-shop";
  const shop = "http://localhost:5173/thanks?sale=bank-shop";
  await makeSale(sluice, sale, { checkout: { returnHosts: ["localhost:5173"] } });
  const me = await admit(sluice, sale);
  const body = orderBody(sale, { ...BANK, returnUrl: shop });
  const { path } = acceptedOrder(await placeOrder(sluice, me, "first", body));
  const back = new URL((await decide(await bankOf(path), "accept")).headers.get("location") ?? "");
  expect(back.href.startsWith(`${shop}&`)).toBe(true);
  expect(back.searchParams.get("payment_intent")).toMatch(/^pi_/);
  expect(back.searchParams.get("redirect_status")).toBe("succeeded");
  await until(
    () => sluice.ask("GET", path),
    ({ body: order }) => order["state"] === "confirmed",
    AT_ONCE_MS,
  );
});

test.each([
  "https://shop.example.evil.example/",
  "https://shop.example@evil.example/",
  "https://evil.example/?https://shop.example/",
  "http://shop.example/",
  "https://shop.example:444/",
])("an order that would send the shopper to %s is refused by its field", async (returnUrl) => {
  const sale = "bank-elsewhere";
  if ((await sluice.merchant("GET", `/sales/${sale}`)).status === 404) {
    await makeSale(sluice, sale, { checkout: { returnHosts: ["shop.example"] } });
  }
  const me = await admit(sluice, sale);
  const refused = await placeOrder(sluice, me, "first", orderBody(sale, { ...BANK, returnUrl }));
  expect(pathsOf(expectProblem(refused, 422, "invalid_request"))).toEqual(["returnUrl"]);
  expect(await auditOf(sluice, sale)).toMatchObject({ orders: {}, skus: [{ ordered: 0 }, {}] });
});

test("events that repeat and overtake each other give one order and one payment", async () => {
  await eventsMeet({ duplicate: 1, late: 0.5, late_ms: 300 });
  const { placed, bank } = await atTheBank("bank-twice");
  await decide(bank, "accept");
  expect((await finalOrder(sluice, placed)).body["state"]).toBe("confirmed");
  expect(await auditOf(sluice, "bank-twice")).toMatchObject({ skus: [{ sold: 1 }, {}] });
});

test("without events the order looks the payment up by itself", async () => {
  await eventsMeet({ lost: 1 });
  const { placed, bank } = await atTheBank("bank-lost");
  await decide(bank, "accept");
  expect((await finalOrder(sluice, placed)).body["state"]).toBe("confirmed");
});

test("a shopper who refuses at the bank keeps seat and hold, and can pay with another card", async () => {
  const { me, placed, bank } = await atTheBank("bank-no");
  await decide(bank, "refuse");
  expect((await finalOrder(sluice, placed)).body["state"]).toBe("declined");
  const audit = await until(
    () => auditOf(sluice, "bank-no"),
    ({ skus }) => skus[0]?.held === 1,
  );
  const held = { skus: [{ available: 9, held: 1, ordered: 0, sold: 0 }, {}] };
  expect(audit).toMatchObject(held);
  const second = await placeOrder(sluice, me, "second", orderBody("bank-no"));
  expect((await finalOrder(sluice, second)).body["state"]).toBe("confirmed");
  const sold = { skus: [{ available: 9, held: 0, ordered: 0, sold: 1 }, {}] };
  expect(await auditOf(sluice, "bank-no")).toMatchObject(sold);
});

test("an unsigned event is refused because of its signature, not because of its origin", async () => {
  const headers = { "content-type": "application/json", origin: "https://elsewhere.example" };
  const raw = '{"id":"evt_1"}';
  const answer: Answer = await sluice.shopper("POST", "/webhooks/stripe", { headers, raw });
  const refused = expectProblem(answer, 400, "webhook_signature_invalid");
  expect(refused.headers.get("retry-after")).toBeNull();
});
