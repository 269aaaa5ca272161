/**
 * The answer to bad input of a merchant, and to requests without the admin token: a problem
 * document that names the field, and no change.
 */
import { afterAll, beforeAll, expect, test } from "vitest";
import { z } from "zod";
import { expectNoChange, expectProblem, pathsOf } from "./support/problem-checks.ts";
import {
  admit,
  type Answer,
  auditOf,
  fromNow,
  makeSale,
  type Method,
  orderBody,
  placeOrder,
  saleDocument,
  type Sluice,
  startSluice,
} from "./support/sluice.ts";

const SALE = "bad-merchant";
const SHOE = `${SALE}-shoe`;
let sluice: Sluice;

beforeAll(async () => {
  sluice = await startSluice();
  await makeSale(sluice, SALE);
  const admission = await admit(sluice, SALE);
  const body = { lines: [{ sku: SHOE, quantity: 1 }] };
  await sluice.shopper("PUT", `/sales/${SALE}/cart`, { headers: admission, body });
  await sluice.merchant("POST", `/skus/${SHOE}/movements`, movement({ id: "taken" }));
});
afterAll(() => sluice.stop());

function movement(change: object) {
  return { id: "move", kind: "receive", quantity: 1, reason: "found one", ...change };
}

async function refused(
  [method, path, body]: readonly [Method, string, unknown?],
  status: number,
  code: string,
): Promise<Answer> {
  return expectNoChange(sluice, SALE, async () => {
    return expectProblem(await sluice.merchant(method, path, body), status, code);
  });
}

const document = z.object({ paths: z.record(z.string(), z.record(z.string(), z.unknown())) });
const METHODS: readonly Method[] = ["GET", "PUT", "POST", "PATCH", "DELETE"];

test("every merchant's route checks the token first", async () => {
  const { paths } = document.parse((await sluice.ask("GET", "/_sluice/openapi.json")).body);
  const token = sluice.host.adminToken;
  const wrong = [
    undefined,
    "",
    "Bearer",
    "Bearer ",
    `Basic ${token}`,
    `Bearer ${token}x`,
    `Bearer ${token.slice(0, -1)}`,
    token,
  ];
  let routes = 0;
  await expectNoChange(sluice, SALE, async () => {
    for (const [path, operations] of Object.entries(paths)) {
      if (!path.startsWith("/admin/")) continue;
      for (const method of METHODS.filter((name) => name.toLowerCase() in operations)) {
        routes += 1;
        const at = `/_sluice${path.replace("{sale}", SALE).replace("{sku}", SHOE)}`;
        for (const authorization of wrong) {
          const headers = authorization === undefined ? {} : { authorization };
          const raw = method === "GET" ? {} : { raw: "{" };
          expectProblem(await sluice.ask(method, at, { headers, ...raw }), 401, "unauthorized");
        }
      }
    }
  });
  expect(routes).toBe(55);
});

test.each(["/sales", `/sales/${SALE}/audit`, "/orders", "/dead-letters", "/skus/none/audit"])(
  "what the merchant reads at %s is stored in no cache",
  async (path) => {
    const { headers } = await sluice.merchant("GET", path);
    expect(headers.get("cache-control")).toBe("no-store");
  },
);

const [shoe, sock] = saleDocument("new-sale").items;
const items = (...list: unknown[]) => ({ items: list });
const rules = (change: object) => ({ admission: change });
const DOCUMENTS: readonly [string, Record<string, unknown>, string][] = [
  ["that opens after it starts", { opensAt: fromNow(-1000) }, "opensAt"],
  ["that ends when it starts", { startsAt: fromNow(0), endsAt: fromNow(-1) }, "endsAt"],
  ["that ends before it starts", { endsAt: fromNow(-9_000_000) }, "endsAt"],
  ["whose time has no zone", { startsAt: "2026-11-27T10:00:00" }, "startsAt"],
  ["whose time is a number", { startsAt: 1_795_000_000 }, "startsAt"],
  ["whose time is another zone's", { startsAt: "2026-11-27T10:00:00+01:00" }, "startsAt"],
  ["without a title", { title: undefined }, "title"],
  ["in no currency", { currency: "eur" }, "currency"],
  ["in a currency nobody pays in", { currency: "EUX" }, "currency"],
  [
    "in fractions of krónur",
    { currency: "ISK", ...items({ ...shoe, price: 550 }) },
    "items.0.price",
  ],
  ["cheaper than a charge", items({ ...shoe, price: 1 }), "items.0.price"],
  ["dearer than a charge", items(sock, { ...shoe, price: 100_000_000 }), "items.1.price"],
  ["of too much per buyer", items({ ...shoe, price: 60_000_000 }), "items.0.limitPerBuyer"],
  ["of nothing", items(), "items"],
  ["of one SKU twice", items(shoe, sock, shoe), "items.2.sku"],
  ["of a SKU with a space", items({ ...shoe, sku: "A 1" }), "items.0.sku"],
  ["with a price in euros", items({ ...shoe, price: 129.5 }), "items.0.price"],
  ["with a price of nothing", items({ ...shoe, price: 0 }), "items.0.price"],
  ["with less than no stock", items({ ...shoe, stock: -1 }), "items.0.stock"],
  ["with half a unit", items({ ...shoe, stock: 0.5 }), "items.0.stock"],
  ["with more kept back than there is", items({ ...shoe, buffer: 11 }), "items.0.buffer"],
  ["with a limit of nothing", items({ ...shoe, limitPerBuyer: 0 }), "items.0.limitPerBuyer"],
  ["with a colour", items({ ...shoe, colour: "red" }), "items.0.colour"],
  ["of holds as short as a payment", rules({ holdSeconds: 5 }), "admission.holdSeconds"],
  ["of an unknown draw", rules({ method: "auction" }), "admission.method"],
  ["of no rate", rules({ ratePerMinute: 0 }), "admission.ratePerMinute"],
  ["of no seats", rules({ maxActive: 0 }), "admission.maxActive"],
  ["of sessions of a blink", rules({ sessionSeconds: 29 }), "admission.sessionSeconds"],
  ["of windows of a blink", rules({ claimWindowSeconds: 4 }), "admission.claimWindowSeconds"],
  ["that calls too few", rules({ overcall: 0.5 }), "admission.overcall"],
  ["with a second general lane", { lanes: [{ id: "general", weight: 2 }] }, "lanes.0.id"],
  ["with one lane twice", { lanes: [{ id: "vip" }, { id: "vip" }] }, "lanes.1.id"],
  ["with a guard of no path", { guards: [{ host: "a.example", path: "x" }] }, "guards.0.path"],
  ["with a protection nobody knows", { protection: { kind: "magic" } }, "protection.kind"],
  ["for nobody", { expectedShoppers: 0 }, "expectedShoppers"],
  ["with another id than its path's", { id: "other-sale" }, "id"],
  ["with a field nobody knows", { surprise: true }, "surprise"],
];

test.each(DOCUMENTS)(
  "a sale %s is refused with the name of the field, and not created",
  async (_, change, path) => {
    const sent = saleDocument("new-sale", change);
    const answer = await sluice.merchant("PUT", "/sales/new-sale", sent);
    expect(pathsOf(expectProblem(answer, 422, "invalid_request"))).toContain(path);
    for (const id of ["new-sale", "other-sale"]) {
      expectProblem(await sluice.merchant("GET", `/sales/${id}`), 404, "sale_not_found");
    }
    const { body } = await sluice.merchant("GET", "/sales");
    expect(body["sales"]).toEqual([SALE]);
    expect((await sluice.merchant("GET", "/skus/new-sale-shoe")).body["received"]).toBe(0);
  },
);

const mine = saleDocument(SALE);
const [myShoe, mySock] = mine.items;
test.each([
  ["more stock", { items: [{ ...myShoe, stock: 11 }, mySock] }, "items.0.stock"],
  ["a SKU less", { items: [myShoe] }, "items"],
  ["another currency", { currency: "USD" }, "currency"],
  ["another draw", { admission: { method: "fifo" } }, "admission.method"],
])("a sale that runs cannot be given %s", async (_, change, path) => {
  const answer = await refused(
    ["PUT", `/sales/${SALE}`, saleDocument(SALE, change)],
    422,
    "invalid_request",
  );
  expect(pathsOf(answer)).toContain(path);
});

test.each([
  ["nothing received", { quantity: 0 }, "quantity"],
  ["less than nothing received", { quantity: -1 }, "quantity"],
  ["half a unit", { quantity: 1.5 }, "quantity"],
  ["an endless quantity", { quantity: 10_000_001 }, "quantity"],
  ["a negative buffer", { kind: "buffer", quantity: -1 }, "quantity"],
  ["a correction of nothing", { kind: "adjust", quantity: 0 }, "quantity"],
  ["no reason", { reason: "" }, "reason"],
  ["an unknown kind", { kind: "steal" }, "kind"],
  ["no id", { id: undefined }, "id"],
])("a movement of %s is refused at its field", async (_, change, path) => {
  const moved = ["POST", `/skus/${SHOE}/movements`, movement(change)] as const;
  expect(pathsOf(await refused(moved, 422, "invalid_request"))).toContain(path);
});

test.each([
  ["more units out than there are", { kind: "adjust", quantity: -11 }, "not_available"],
  ["more kept back than there are", { kind: "buffer", quantity: 11 }, "not_available"],
  ["another quantity under a used id", { id: "taken", quantity: 2 }, "movement_conflict"],
])("a movement of %s is a conflict", async (_, change, code) => {
  expect.hasAssertions();
  await refused(["POST", `/skus/${SHOE}/movements`, movement(change)], 409, code);
});

test("a movement cannot use the ids of the opening stock", async () => {
  const id = `opening:${SALE}:${SHOE}`;
  const moved = ["POST", `/skus/${SHOE}/movements`, movement({ id })] as const;
  expect(pathsOf(await refused(moved, 422, "invalid_request"))).toEqual(["id"]);
});

test("a movement of a SKU that no sale names is refused, because it is likely misspelt", async () => {
  const path = `/skus/${SHOE}e/movements`;
  await refused(["POST", path, movement({})], 404, "sku_not_found");
  expect((await sluice.merchant("GET", `/skus/${SHOE}e`)).body).toMatchObject({ received: 0 });
});

test("a second sale shares the units of a SKU, and brings none of its own", async () => {
  const { body } = await sluice.merchant("GET", `/sales/${SALE}`);
  const { sale } = z
    .object({ sale: z.looseObject({ items: z.array(z.looseObject({})) }) })
    .parse(body);
  const second = { ...sale, id: "second", items: sale.items.slice(0, 1) };
  const answer = await refused(["PUT", "/sales/second", second], 422, "invalid_request");
  expect(pathsOf(answer)).toEqual(["items.0.stock"]);
  const [shoe] = second.items;
  const sharing = { ...second, items: [{ ...shoe, stock: 0, buffer: 0 }] };
  expect((await sluice.merchant("PUT", "/sales/second", sharing)).status).toBe(201);
  const read = await sluice.merchant("GET", `/skus/${SHOE}`);
  expect(read.body).toMatchObject({ received: 11, sales: [SALE, "second"] });
});

const NOTHING = `/orders/ord_${"0".repeat(40)}`;
test.each<[Method, string, unknown, number, string, string?]>([
  ["POST", `/sales/${SALE}/actions`, { action: "explode" }, 422, "invalid_request", "action"],
  ["POST", "/sales/nothing/actions", { action: "end" }, 404, "sale_not_found"],
  ["PATCH", `/sales/${SALE}/admission`, { maxActive: 0 }, 422, "invalid_request", "maxActive"],
  [
    "PATCH",
    `/sales/${SALE}/admission`,
    { ratePerMinute: 0.5 },
    422,
    "invalid_request",
    "ratePerMinute",
  ],
  [
    "PATCH",
    `/sales/${SALE}/admission`,
    { message: "m".repeat(501) },
    422,
    "invalid_request",
    "message",
  ],
  ["PATCH", "/sales/nothing/admission", { maxActive: 1 }, 404, "sale_not_found"],
  ["GET", "/sales/nothing", undefined, 404, "sale_not_found"],
  ["GET", "/sales/nothing/audit", undefined, 404, "sale_not_found"],
  ["GET", `/skus/${SHOE}/ledger?after=-1`, undefined, 422, "invalid_request", "after"],
  ["GET", `/skus/${SHOE}/ledger?after=x`, undefined, 422, "invalid_request", "after"],
  ["GET", "/orders?state=lost", undefined, 422, "invalid_request", "state"],
  ["GET", "/orders?sale=A B", undefined, 422, "invalid_request", "sale"],
  ["GET", "/orders?sku=A B", undefined, 422, "invalid_request", "sku"],
  ["GET", "/orders?email=ann", undefined, 422, "invalid_request", "email"],
  ["GET", "/orders?email=ann+a@shop.example", undefined, 422, "invalid_request", "email"],
  ["GET", "/orders?order=1", undefined, 422, "invalid_request", "order"],
  ["GET", "/orders?reference=", undefined, 422, "invalid_request", "reference"],
  ["GET", "/orders?from=2026-01-01", undefined, 422, "invalid_request", "from"],
  ["GET", "/orders?to=2026-01-01T00:00:00", undefined, 422, "invalid_request", "to"],
  [
    "GET",
    "/orders?from=2026-01-01T00:00:00Z&to=2026-01-01T00:00:00Z",
    undefined,
    422,
    "invalid_request",
    "to",
  ],
  ["GET", "/orders?after=zzz", undefined, 422, "invalid_request", "after"],
  ["GET", `/orders?after=${NOTHING.slice(8)}`, undefined, 422, "invalid_request", "after"],
  ["GET", "/orders?after=' OR 1=1--", undefined, 422, "invalid_request", "after"],
  ["GET", "/orders?limit=201", undefined, 422, "invalid_request", "limit"],
  ["GET", "/orders?sort=placedAt", undefined, 422, "invalid_request", "sort"],
  ["GET", NOTHING, undefined, 404, "order_not_found"],
  ["GET", "/orders/1", undefined, 404, "order_not_found"],
  ["POST", `${NOTHING}/actions`, { action: "retry" }, 404, "order_not_found"],
  ["POST", `${NOTHING}/actions`, { action: "cancel" }, 404, "order_not_found"],
  ["POST", `${NOTHING}/actions`, { action: "refund" }, 422, "invalid_request", "action"],
  ["POST", "/dead-letters/nothing/replay", undefined, 404, "dead_letter_not_found"],
  ["PUT", "/breakers/fuse", { force: "open" }, 422, "invalid_request", "backend"],
  ["PUT", "/breakers/payment", { force: "ajar" }, 422, "invalid_request", "force"],
  ["GET", "/sale", undefined, 404, "not_found"],
  ["DELETE", `/sales/${SALE}`, undefined, 422, "invalid_request", "confirm"],
  ["DELETE", `/sales/${SALE}?confirm=${SHOE}`, undefined, 422, "invalid_request", "confirm"],
  ["DELETE", `/sales/${SALE}?confirm=${SALE}`, undefined, 409, "sale_not_ended"],
])("%s %s %j is a problem", async (method, path, body, status, code, field) => {
  expect.hasAssertions();
  const answer = await refused([method, path, body], status, code);
  expect(pathsOf(answer)).toEqual(field === undefined ? [] : [field]);
  // The status URL alone is no advice to a merchant, who does not have it.
  const advises = String(answer.body["detail"]).includes("an id from the list of orders");
  expect(advises).toBe(code === "order_not_found");
});

test("a sale that is over is not started again, and sells nothing more", async () => {
  await makeSale(sluice, "ended");
  const admission = await admit(sluice, "ended");
  await sluice.merchant("POST", "/sales/ended/actions", { action: "end" });
  const before = await auditOf(sluice, "ended");
  for (const action of ["open", "start", "pause", "resume"]) {
    const answer = await sluice.merchant("POST", "/sales/ended/actions", { action });
    expectProblem(answer, 409, "action_not_possible");
  }
  const order = await placeOrder(sluice, admission, "late", orderBody("ended"));
  expectProblem(order, 410, "sale_over");
  expect(await auditOf(sluice, "ended")).toEqual(before);
});
