/**
 * A shopper's steps in the HTTP contract: join, wait, claim, hold, pay.
 */
import { createRemoteJWKSet, jwtVerify } from "jose";
import { afterAll, beforeAll, expect, test } from "vitest";
import { expectNoChange, expectProblem } from "./support/problem-checks.ts";
import {
  acceptedOrder,
  admit,
  auditOf,
  finalOrder,
  ledgerOf,
  makeSale,
  orderBody,
  placeOrder,
  PREQUEUE,
  type Sluice,
  startSluice,
  textOf,
  until,
} from "./support/sluice.ts";

let sluice: Sluice;
beforeAll(async () => {
  sluice = await startSluice();
});
afterAll(() => sluice.stop());

type Headers = Record<string, string>;

function setCart(sale: string, headers: Headers, ...lines: [string, number][]) {
  const named = lines.map(([item, quantity]) => ({ sku: `${sale}-${item}`, quantity }));
  return sluice.shopper("PUT", `/sales/${sale}/cart`, { headers, body: { lines: named } });
}

async function kindsOf(sku: string): Promise<string[]> {
  return (await ledgerOf(sluice, sku)).map(({ kind }) => kind);
}

test("a shopper joins the pre-queue, is called after the start, and claims once", async () => {
  await makeSale(sluice, "whole-way", PREQUEUE);
  const path = "/sales/whole-way";
  const seen = await sluice.shopper("GET", path);
  expect(seen.body).toMatchObject({ id: "whole-way", phase: "prequeue", currency: "EUR" });
  expect(seen.body).toMatchObject({ protection: { kind: "none" }, paused: false, soldOut: false });
  expect(seen.body["items"]).toMatchObject([
    { price: 12_900, limitPerBuyer: 2, stock: { level: "plenty", available: null } },
    { price: 900, limitPerBuyer: 1, stock: { level: "plenty", available: null } },
  ]);

  const joined = await sluice.shopper("POST", `${path}/tickets`, { body: {} });
  expect(joined.status).toBe(201);
  expect(joined.body["status"]).toMatchObject({ state: "prequeue", lane: "general", rank: null });
  const cookie = joined.headers.get("set-cookie") ?? "";
  expect(cookie).toMatch(
    /^__Host-sluice-ticket-whole-way=.+; Path=\/;.*HttpOnly; Secure; SameSite=Lax/,
  );
  const ticket = textOf(joined, "ticket");
  const headers = { "sluice-ticket": ticket };

  const again = await sluice.shopper("POST", `${path}/tickets`, { headers });
  expect([again.status, again.body["ticket"]]).toEqual([200, ticket]);
  const status = () => sluice.shopper("GET", `${path}/status`, { headers });
  expect((await status()).body).toMatchObject({
    state: "prequeue",
    cohort: 0,
    rank: null,
    position: null,
    called: 0,
    wait: null,
    odds: null,
    message: null,
    stale: false,
  });

  await sluice.merchant("POST", `${path}/actions`, { action: "start" });
  const called = await until(status, ({ body }) => body["state"] === "called");
  expect(called.body).toMatchObject({ cohort: 0, rank: 0, position: 0, called: 1 });

  const claim = () => sluice.shopper("POST", `${path}/admissions`, { headers });
  const claims = await Promise.all([claim(), claim(), claim()]);
  const [first] = claims;
  for (const answer of [...claims, await claim()]) {
    expect(answer.status).toBe(201);
    expect(answer.body["admission"]).toBe(first?.body["admission"]);
    expect(answer.body["expiresAt"]).toBe(first?.body["expiresAt"]);
    expect(answer.body["status"]).toMatchObject({ state: "admitted" });
  }
  expect(await auditOf(sluice, "whole-way")).toMatchObject({
    tickets: 1,
    called: 1,
    claimed: 1,
    active: 1,
    lapsed: 0,
  });
});

test("any origin can verify an admission with the published keys", async () => {
  await makeSale(sluice, "verified");
  const joined = await sluice.shopper("POST", "/sales/verified/tickets");
  const keys = createRemoteJWKSet(new URL(`${sluice.host.gateUrl}/_sluice/.well-known/jwks.json`));
  const { payload, protectedHeader } = await jwtVerify(textOf(joined, "admission"), keys, {
    algorithms: ["EdDSA"],
    audience: "verified",
    issuer: "sluice",
    typ: "sluice-admission+jwt",
  });
  expect(protectedHeader).toMatchObject({ alg: "EdDSA", kid: expect.any(String) });
  expect(payload).toMatchObject({ lane: "general", sub: expect.any(String) });
  const exp = Date.parse(textOf(joined, "expiresAt")) / 1000;
  expect(payload.exp).toBe(exp);
  const published = (await sluice.ask("GET", "/_sluice/.well-known/jwks.json")).body;
  expect(JSON.stringify(published)).not.toContain('"d"');
});

test("while nobody waits a shopper is let in at once, without a ticket", async () => {
  await makeSale(sluice, "open-door");
  const joined = await sluice.shopper("POST", "/sales/open-door/tickets");
  expect(joined.status).toBe(201);
  expect(joined.body["ticket"]).toBeUndefined();
  expect(joined.body["status"]).toMatchObject({
    state: "admitted",
    pollAfter_s: expect.any(Number),
  });
  expect(joined.headers.get("set-cookie")).toContain("__Host-sluice-admission-open-door=");
  const headers = { "sluice-admission": textOf(joined, "admission") };
  const again = await sluice.shopper("POST", "/sales/open-door/tickets", { headers });
  expect(again.body["admission"]).toBe(joined.body["admission"]);
  const cookie = `__Host-sluice-admission-open-door=${textOf(joined, "admission")}`;
  const status = await sluice.shopper("GET", "/sales/open-door/status", { headers: { cookie } });
  expect(status.body).toMatchObject({ state: "admitted" });
  const ownPage = { cookie, origin: sluice.host.gateUrl };
  const fromPage = await sluice.shopper("POST", "/sales/open-door/tickets", { headers: ownPage });
  expect(fromPage.body["admission"]).toBe(joined.body["admission"]);
  expect(await auditOf(sluice, "open-door")).toMatchObject({ tickets: 0, claimed: 1, active: 1 });
});

test("a cart is set, set again, changed and emptied; it holds all lines or none", async () => {
  await makeSale(sluice, "cart");
  const me = await admit(sluice, "cart");
  const set = await setCart("cart", me, ["shoe", 1], ["sock", 1]);
  expect(set.status).toBe(200);
  expect(set.body["lines"]).toEqual([
    { sku: "cart-shoe", quantity: 1, outcome: "held" },
    { sku: "cart-sock", quantity: 1, outcome: "held" },
  ]);
  const until_ms = Date.parse(textOf(set, "holdsUntil"));
  expect(until_ms - Date.now()).toBeGreaterThan(590_000);
  expect(until_ms - Date.now()).toBeLessThanOrEqual(600_000);

  const again = await setCart("cart", me, ["shoe", 1], ["sock", 1]);
  expect(again.body).toMatchObject({ holdsUntil: set.body["holdsUntil"] });
  expect(again.body["lines"]).toMatchObject([
    { outcome: "already_held" },
    { outcome: "already_held" },
  ]);
  expect(await kindsOf("cart-shoe")).toEqual(["receive", "hold"]);

  const split = await setCart("cart", me, ["shoe", 1], ["shoe", 1]);
  expect(split.body["lines"]).toEqual([{ sku: "cart-shoe", quantity: 2, outcome: "held" }]);
  expect(await auditOf(sluice, "cart")).toMatchObject({ skus: [{ held: 2 }, { held: 0 }] });

  const other = await admit(sluice, "cart");
  const third = await admit(sluice, "cart");
  expect((await setCart("cart", other, ["sock", 1])).status).toBe(200);
  expect((await setCart("cart", me, ["sock", 1])).status).toBe(200);
  await expectNoChange(sluice, "cart", async () => {
    const refused = await setCart("cart", other, ["sock", 1], ["shoe", 3]);
    expectProblem(refused, 409, "limit_reached");
  });
  const before = await auditOf(sluice, "cart");
  const refused = expectProblem(
    await setCart("cart", third, ["shoe", 1], ["sock", 1]),
    409,
    "sold_out",
  );
  expect(refused.body).toMatchObject({ sku: "cart-sock", available: 0 });
  expect(await auditOf(sluice, "cart")).toEqual(before);

  const emptied = await setCart("cart", me);
  expect(emptied.body).toEqual({ lines: [], holdsUntil: null });
  expect(await auditOf(sluice, "cart")).toMatchObject({ skus: [{ held: 0 }, { held: 1 }] });
});

test("an order is accepted once for its key, confirmed, and spends the admission", async () => {
  await makeSale(sluice, "buying");
  const me = await admit(sluice, "buying");
  await setCart("buying", me, ["shoe", 2]);
  const body = orderBody("buying", { lines: [{ sku: "buying-shoe", quantity: 2 }] });
  const place = () => placeOrder(sluice, me, "one-key", body);
  const placed = await Promise.all(Array.from({ length: 8 }, place));
  for (const answer of placed) expect(answer.status).toBe(202);
  const ids = new Set(placed.map((answer) => acceptedOrder(answer).path));
  expect(ids.size).toBe(1);
  const [first] = placed;
  if (first === undefined) throw new Error("nothing was placed");
  expect(first.body["order"]).toMatchObject({
    sale: "buying",
    total: 25_800,
    currency: "EUR",
    lines: [{ sku: "buying-shoe", name: "A shoe", quantity: 2, price: 12_900 }],
  });
  const otherBody = { ...body, buyer: { email: "bob@shoppers.example" } };
  expectProblem(await placeOrder(sluice, me, "one-key", otherBody), 422, "idempotency_conflict");

  const done = await finalOrder(sluice, first);
  expect(done.body).toMatchObject({ state: "confirmed", final: true, total: 25_800 });
  expect(done.body["reason"]).toBeUndefined();
  await until(
    () => auditOf(sluice, "buying"),
    ({ spent, orders, skus }) => spent === 1 && orders["confirmed"] === 1 && skus[0]?.sold === 2,
  );
  expect(await kindsOf("buying-shoe")).toEqual(["receive", "hold", "order", "sell"]);
  expect(acceptedOrder(await place())).toEqual(acceptedOrder(first));
  const late = await placeOrder(sluice, me, "next-key", body);
  expectProblem(late, 409, "admission_spent");
  const { payments } = (await sluice.sandbox("GET", "/sandbox/ledger")).body;
  const { id } = acceptedOrder(first);
  expect(payments).toEqual([expect.objectContaining({ order: id, captured: 25_800, refunded: 0 })]);
});

test("the same key gives the same answer after the merchant has ended the sale", async () => {
  await makeSale(sluice, "cut-short");
  const me = await admit(sluice, "cut-short");
  const body = orderBody("cut-short");
  const placed = await placeOrder(sluice, me, "kept", body);
  await sluice.merchant("POST", "/sales/cut-short/actions", { action: "end" });
  const again = await placeOrder(sluice, me, "kept", body);
  expect([again.status, acceptedOrder(again)]).toEqual([202, acceptedOrder(placed)]);
  expectProblem(await placeOrder(sluice, me, "new", body), 410, "sale_over");
});

test("a declined card keeps place and hold, and another card buys", async () => {
  await makeSale(sluice, "declining");
  const me = await admit(sluice, "declining");
  const set = await setCart("declining", me, ["shoe", 1]);
  const card = (method: string) => orderBody("declining", { payment: { method } });
  const first = await placeOrder(sluice, me, "first", card("pm_card_chargeDeclined"));
  const declined = await finalOrder(sluice, first);
  expect(declined.body).toMatchObject({ state: "declined", reason: expect.any(String) });
  await until(
    () => auditOf(sluice, "declining"),
    ({ skus }) => skus[0]?.held === 1 && skus[0].ordered === 0,
  );
  const kept = await setCart("declining", me, ["shoe", 1]);
  expect(kept.body["lines"]).toMatchObject([{ outcome: "already_held" }]);
  const moved_ms = Date.parse(textOf(kept, "holdsUntil")) - Date.parse(textOf(set, "holdsUntil"));
  expect(moved_ms).toBeLessThan(2000);

  const place = () => placeOrder(sluice, me, "second", card("pm_card_visa"));
  const second = await place();
  expect(second.status).toBe(202);
  expect((await finalOrder(sluice, second)).body["state"]).toBe("confirmed");
  const kinds = await until(
    () => kindsOf("declining-shoe"),
    (rows) => rows.includes("sell"),
  );
  expect(kinds).toEqual(["receive", "hold", "order", "return_held", "order", "sell"]);
});

test("while an order is in progress another is refused, and the first is completed", async () => {
  await makeSale(sluice, "busy");
  const me = await admit(sluice, "busy");
  await sluice.sandbox("PUT", "/sandbox/faults", { rate: 1, kinds: ["latency"], latency_ms: 1500 });
  const first = await placeOrder(sluice, me, "first", orderBody("busy"));
  const second = await placeOrder(sluice, me, "second", orderBody("busy"));
  await sluice.sandbox("DELETE", "/sandbox/faults");
  expectProblem(second, 409, "order_in_progress");
  expect(second.body["order"]).toBe(acceptedOrder(first).id);
  expect((await finalOrder(sluice, first)).body["state"]).toBe("confirmed");
  expect(await auditOf(sluice, "busy")).toMatchObject({ skus: [{ available: 9 }, {}] });
});

test("leaving frees the seat and every hold, and the admission cannot buy any more", async () => {
  await makeSale(sluice, "leaving");
  const me = await admit(sluice, "leaving");
  await setCart("leaving", me, ["shoe", 2], ["sock", 1]);
  const leave = () => {
    return sluice.shopper("DELETE", "/sales/leaving/admissions/current", { headers: me });
  };
  const left = await leave();
  expect(left.status).toBe(204);
  expect(left.headers.get("set-cookie")).toMatch(/Max-Age=0/);
  const audit = await auditOf(sluice, "leaving");
  expect(audit).toMatchObject({ active: 0, left: 1, skus: [{ held: 0 }, { held: 0 }] });
  expect((await leave()).status).toBe(204);
  expect(await auditOf(sluice, "leaving")).toEqual(audit);
  expectProblem(
    await placeOrder(sluice, me, "gone", orderBody("leaving")),
    401,
    "admission_required",
  );
  expectProblem(await setCart("leaving", me, ["sock", 1]), 401, "admission_required");
  // The rejected order is in the book a moment later, or already.
  const { orders: _, ...unchanged } = audit;
  expect(await auditOf(sluice, "leaving")).toMatchObject(unchanged);
  const again = await sluice.shopper("POST", "/sales/leaving/tickets", { headers: me, body: {} });
  expect(again.status).toBe(201);
  expect(again.body).not.toMatchObject({ admission: me["Sluice-Admission"] });
});
