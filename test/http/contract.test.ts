/**
 * The rest of the contract: the merchant's routes for sales, stock and orders. The document that
 * describes all of it is tested in `test/node/api/openapi.test.ts`.
 */
import { afterAll, beforeAll, expect, test } from "vitest";
import { openApiDocument } from "../../scripts/openapi-document.ts";
import { expectProblem, pathsOf } from "./support/problem-checks.ts";
import {
  admit,
  auditOf,
  finalOrder,
  fromNow,
  ledgerOf,
  makeSale,
  NOT_OPEN,
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

test("the gate serves the OpenAPI document that is linted, and links its page", async () => {
  const { body } = await sluice.ask("GET", "/_sluice/openapi.json");
  const { externalDocs, ...served } = body;
  expect(externalDocs).toMatchObject({ url: `${sluice.host.gateUrl}/_sluice/docs` });
  expect({ ...JSON.parse(await openApiDocument()), externalDocs: null }).toEqual({
    ...served,
    externalDocs: null,
  });
});

test("health answers without a token, and the problems are listed", async () => {
  const health = await sluice.ask("GET", "/_sluice/health");
  const payments = { ready: true, mode: "test", problem: null };
  const body = { ok: true, version: expect.any(String), payments };
  expect([health.status, health.body]).toEqual([200, body]);
  const problems = await sluice.ask("GET", "/_sluice/problems");
  expect(problems.body).toMatchObject({ sold_out: { status: 409 }, sale_over: { status: 410 } });
});

test("a missing asset is answered with a problem document, and an existing one is not", async () => {
  for (const path of ["", "/", "/none.js", "/style.css/more"]) {
    expectProblem(await sluice.ask("GET", `/_sluice/assets${path}`), 404, "not_found");
  }
  const style = await sluice.ask("GET", "/_sluice/assets/style.css");
  expect(style).toMatchObject({ status: 200, type: expect.stringContaining("text/css") });
});

test("a sale is created once, changed with a new revision, and listed", async () => {
  const document = saleDocument("planned", NOT_OPEN);
  const put = (change: object = {}) => {
    return sluice.merchant("PUT", "/sales/planned", { ...document, ...change });
  };
  const created = await put();
  expect(created.status).toBe(201);
  expect(created.body).toMatchObject({ revision: 1, phase: "scheduled", paused: false });
  expect(created.body["sale"]).toMatchObject({ title: document.title, lanes: [], guards: [] });
  const same = await put();
  expect([same.status, same.body["revision"]]).toEqual([200, 1]);
  const changed = await put({ title: "Another title", endsAt: fromNow(9_000_000) });
  expect([changed.status, changed.body["revision"]]).toEqual([200, 2]);
  const shown = () => sluice.shopper("GET", "/sales/planned");
  await until(shown, ({ body }) => body["title"] === "Another title");
  expect((await sluice.merchant("GET", "/sales")).body["sales"]).toContain("planned");
  expect(await ledgerOf(sluice, "planned-shoe")).toHaveLength(1);
  const opened = await sluice.merchant("POST", "/sales/planned/actions", { action: "open" });
  expect(opened.body).toMatchObject({ phase: "prequeue" });
  expect((await sluice.shopper("POST", "/sales/planned/tickets")).status).toBe(201);
});

test("what a change does to shoppers of an open sale is confirmed by name, for the revision seen", async () => {
  const id = "slips";
  await makeSale(sluice, id);
  const [shoe, sock] = saleDocument(id).items;
  const put = (query: string, price: number) => {
    const document = saleDocument(id, { items: [{ ...shoe, price }, sock] });
    return sluice.merchant("PUT", `/sales/${id}${query}`, document);
  };
  const refused = expectProblem(await put("", 129), 409, "change_unconfirmed");
  expect(pathsOf(refused)).toEqual(["items.0.price"]);
  expect(refused.body).toMatchObject({ confirm: { force: "price", revision: 1 } });
  expectProblem(await put("?force=start,end&revision=1", 129), 409, "change_unconfirmed");
  expect(pathsOf(expectProblem(await put("?force=prices", 129), 422, "invalid_request"))).toEqual([
    "force.0",
  ]);
  const price = async () => (await sluice.merchant("GET", `/sales/${id}`)).body["sale"];
  expect(await price()).toMatchObject({ items: [{ price: 12_900 }, {}] });
  // Another merchant was faster, so the confirmation was of another document.
  expect((await put("", 10_000)).body).toMatchObject({ revision: 2 });
  expectProblem(await put("?force=price&revision=1", 129), 409, "sale_changed");
  expect((await put("?force=price&revision=2", 129)).status).toBe(200);
  expect(await price()).toMatchObject({ items: [{ price: 129 }, {}] });
});

test("the buffer follows the document in both directions", async () => {
  const [shoe, sock] = saleDocument("buffered").items;
  await makeSale(sluice, "buffered");
  for (const buffer of [2, 5, 2, 0, 1]) {
    const items = [{ ...shoe, buffer }, sock];
    await sluice.merchant("PUT", "/sales/buffered", saleDocument("buffered", { items }));
    const { body } = await sluice.merchant("GET", "/skus/buffered-shoe");
    expect(body).toMatchObject({ received: 10, available: 10 - buffer, buffer });
  }
});

test("a movement counts once for its id, and each leaves a row in the ledger", async () => {
  await makeSale(sluice, "moved");
  const move = (id: string, kind: string, quantity: number) => {
    const body = { id, kind, quantity, reason: "counted again" };
    return sluice.merchant("POST", "/skus/moved-shoe/movements", body);
  };
  const received = await move("m-1", "receive", 5);
  expect([received.status, received.body["received"]]).toEqual([201, 15]);
  const again = await Promise.all([move("m-1", "receive", 5), move("m-1", "receive", 5)]);
  for (const { status, body } of again) expect([status, body["received"]]).toEqual([200, 15]);
  expectProblem(await move("m-1", "receive", 6), 409, "movement_conflict");
  expect((await move("m-2", "buffer", 4)).body).toMatchObject({ buffer: 4, available: 11 });
  expect((await move("m-3", "adjust", -11)).body).toMatchObject({ received: 4, available: 0 });
  const refused = expectProblem(await move("m-4", "adjust", -1), 409, "not_available");
  expect(refused.body).toMatchObject({ available: 0 });
  expect((await move("m-5", "buffer", 0)).body).toMatchObject({ buffer: 0, available: 4 });
  const rows = await ledgerOf(sluice, "moved-shoe");
  expect(
    rows.map(({ seq, kind, quantity, available }) => [seq, kind, quantity, available]),
  ).toEqual([
    [1, "receive", 10, 10],
    [2, "receive", 5, 15],
    [3, "buffer", 4, 11],
    [4, "adjust", -11, 0],
    [5, "buffer", -4, 4],
  ]);
  const page = await sluice.merchant("GET", "/skus/moved-shoe/ledger?after=1&limit=2");
  expect(page.body).toMatchObject({ rows: [{ seq: 2 }, { seq: 3 }], next: 3 });
});

test("the audit's counts agree while units are held, ordered and sold", async () => {
  await makeSale(sluice, "counted");
  const [holding, buying, leaving] = await Promise.all(
    [1, 2, 3].map(() => admit(sluice, "counted")),
  );
  const body = { lines: [{ sku: "counted-shoe", quantity: 2 }] };
  await sluice.shopper("PUT", "/sales/counted/cart", { headers: holding ?? {}, body });
  await finalOrder(sluice, await placeOrder(sluice, buying ?? {}, "a", orderBody("counted")));
  const current = "/sales/counted/admissions/current";
  await sluice.shopper("DELETE", current, { headers: leaving ?? {} });
  const audit = await until(
    () => auditOf(sluice, "counted"),
    ({ spent, orders, skus }) => spent === 1 && orders["confirmed"] === 1 && skus[0]?.sold === 1,
  );
  expect(audit).toEqual({
    sale: "counted",
    skus: [
      { sku: "counted-shoe", received: 10, available: 7, held: 2, ordered: 0, sold: 1, buffer: 0 },
      { sku: "counted-sock", received: 3, available: 2, held: 0, ordered: 0, sold: 0, buffer: 1 },
    ],
    orders: { confirmed: 1 },
    tickets: 0,
    called: 0,
    claimed: 3,
    lapsed: 0,
    active: 1,
    spent: 1,
    left: 1,
    kept: 0,
    expired: 0,
  });
});

test("a breaker that an operator forces shows it, until the override is removed", async () => {
  const force = (state: string | null) => {
    return sluice.merchant("PUT", "/breakers/payment", { force: state });
  };
  expect((await sluice.merchant("GET", "/breakers")).body["breakers"]).toMatchObject([
    { backend: "payment", state: "closed", force: null },
    { backend: "orders", state: "closed", force: null },
  ]);
  expect((await force("open")).body["breakers"]).toMatchObject([{ force: "open" }]);
  expect((await force(null)).body["breakers"]).toMatchObject([{ force: null }]);
  expect((await sluice.merchant("GET", "/dead-letters")).body).toEqual({
    deadLetters: [],
    next: null,
  });
});
