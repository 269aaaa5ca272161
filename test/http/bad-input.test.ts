/**
 * The answer to bad input: a problem document with a stable code that names the field, and no
 * change.
 */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { claimsOf } from "../../simulation/drill/fairness.ts";
import { expectNoChange, expectProblem, pathsOf } from "./support/problem-checks.ts";
import {
  admit,
  type Answer,
  type RequestParts,
  makeSale,
  type Method,
  NOT_OPEN,
  orderBody,
  placeOrder,
  PREQUEUE,
  type Sluice,
  startSluice,
  textOf,
} from "./support/sluice.ts";
import { keyNamed } from "../node/support/keys.ts";

const SALE = "bad-input";
const SHOE = `${SALE}-shoe`;

let sluice: Sluice;
let admission: Record<string, string>;
let waiting: Record<string, string>;

beforeAll(async () => {
  sluice = await startSluice();
  await makeSale(sluice, SALE);
  await makeSale(sluice, "in-prequeue", PREQUEUE);
  await makeSale(sluice, "not-open", NOT_OPEN);
  await makeSale(sluice, "over");
  await sluice.merchant("POST", "/sales/over/actions", { action: "end" });
  admission = await admit(sluice, SALE);
  const body = { lines: [{ sku: SHOE, quantity: 1 }] };
  await sluice.shopper("PUT", `/sales/${SALE}/cart`, { headers: admission, body });
  const joined = await sluice.shopper("POST", "/sales/in-prequeue/tickets");
  waiting = { "sluice-ticket": textOf(joined, "ticket") };
});
afterAll(() => sluice.stop());

/** Checks that the request is refused with a problem and changes nothing. */
function refused(
  ask: () => Promise<Answer>,
  status: number,
  code: string,
  sale = SALE,
): Promise<Answer> {
  return expectNoChange(sluice, sale, async () => expectProblem(await ask(), status, code));
}

const asMerchant = (): Record<string, string> => {
  return { authorization: `Bearer ${sluice.host.adminToken}` };
};
const asShopper = (): Record<string, string> => ({
  ...admission,
  "idempotency-key": keyNamed("bad-input"),
});

const ORDER_ID = `ord_${"0".repeat(40)}`;

const WRITES: readonly [Method, string, () => Record<string, string>][] = [
  ["POST", `/_sluice/v1/sales/${SALE}/tickets`, () => ({})],
  ["PUT", `/_sluice/v1/sales/${SALE}/cart`, asShopper],
  ["POST", "/_sluice/v1/orders", asShopper],
  ["PUT", `/_sluice/admin/v1/sales/${SALE}`, asMerchant],
  ["POST", `/_sluice/admin/v1/sales/${SALE}/actions`, asMerchant],
  ["PATCH", `/_sluice/admin/v1/sales/${SALE}/admission`, asMerchant],
  ["POST", `/_sluice/admin/v1/skus/${SHOE}/movements`, asMerchant],
  ["POST", `/_sluice/admin/v1/orders/${ORDER_ID}/actions`, asMerchant],
  ["PUT", "/_sluice/admin/v1/breakers/payment", asMerchant],
];

/** A sale may contain a page template, so its limit is higher. */
const bodyMax_KiB = (method: Method, path: string): number => {
  return method === "PUT" && path.includes("/admin/v1/sales/") ? 80 : 16;
};

describe.each(WRITES)("%s %s", (method, path, carried) => {
  const json = { "content-type": "application/json" };
  const ask = (parts: RequestParts): Promise<Answer> => {
    return sluice.ask(method, path, { ...parts, headers: { ...carried(), ...parts.headers } });
  };

  test("a body that is not JSON is malformed", async () => {
    expect.hasAssertions();
    await expectNoChange(sluice, SALE, async () => {
      for (const raw of ["{", "{'a': 1}", '{"a": 1,}', "\u0000", "hello"]) {
        const refused = await ask({ raw, headers: json });
        expectProblem(refused, 400, "malformed_json");
        expect(refused.body["detail"]).toMatch(
          /^The body stops being JSON at line 1, column \d+\./,
        );
      }
    });
  });

  test("a body that is not an object is invalid, and an unknown field is named", async () => {
    await expectNoChange(sluice, SALE, async () => {
      for (const body of [[], null, "text", 7]) {
        expectProblem(await ask({ body }), 422, "invalid_request");
      }
      const answer = expectProblem(await ask({ body: { surprise: 1 } }), 422, "invalid_request");
      expect(pathsOf(answer)).toContain("surprise");
    });
  });

  test("text that UTF-8 does not have is refused, and its field is named", async () => {
    await expectNoChange(sluice, SALE, async () => {
      const body = { note: [{ text: "half of a pair: \ud800" }] };
      const answer = expectProblem(await ask({ body }), 422, "invalid_request");
      expect(pathsOf(answer)).toEqual(["note.0.text"]);
    });
  });

  test("a body over its limit is too large, with and without a Content-Length", async () => {
    expect.hasAssertions();
    const raw = JSON.stringify({ text: "x".repeat(bodyMax_KiB(method, path) * 1024) });
    await expectNoChange(sluice, SALE, async () => {
      for (const sent of [raw, new Blob([raw]).stream()]) {
        expectProblem(await ask({ raw: sent, headers: json }), 413, "body_too_large");
      }
    });
  });

  test("a body with a media type other than JSON is refused", async () => {
    expect.hasAssertions();
    await expectNoChange(sluice, SALE, async () => {
      for (const type of [
        "text/plain",
        "application/x-www-form-urlencoded",
        "application/jsonp",
        "application/json;",
        "application/json; charset",
        "application/json ;x=y",
      ]) {
        const answer = await ask({ raw: "{}", headers: { "content-type": type } });
        expectProblem(answer, 415, "unsupported_media_type");
      }
    });
  });
});

const cartOf = (line: unknown) => ({ lines: [line] });
const line = (change: object) => ({ sku: SHOE, quantity: 1, ...change });
const CARTS: readonly [string, unknown, string, number, string][] = [
  ["no lines", {}, "lines", 422, "invalid_request"],
  ["lines that are no list", { lines: {} }, "lines", 422, "invalid_request"],
  ["21 lines", { lines: Array.from({ length: 21 }, line) }, "lines", 422, "invalid_request"],
  ["a line without a SKU", cartOf({ quantity: 1 }), "lines.0.sku", 422, "invalid_request"],
  ["a SKU that is no name", cartOf(line({ sku: "../x" })), "lines.0.sku", 422, "invalid_request"],
  ["an unknown SKU", cartOf(line({ sku: "nobody" })), "lines.0.sku", 422, "unknown_sku"],
  ["a quantity of 0", cartOf(line({ quantity: 0 })), "lines.0.quantity", 422, "invalid_request"],
  [
    "a negative quantity",
    cartOf(line({ quantity: -1 })),
    "lines.0.quantity",
    422,
    "invalid_request",
  ],
  ["half a unit", cartOf(line({ quantity: 0.5 })), "lines.0.quantity", 422, "invalid_request"],
  [
    "a quantity that is text",
    cartOf(line({ quantity: "1" })),
    "lines.0.quantity",
    422,
    "invalid_request",
  ],
  ["1001 units", cartOf(line({ quantity: 1001 })), "lines.0.quantity", 422, "invalid_request"],
];

test.each(CARTS)("a cart with %s names the field", async (_, body, path, status, code) => {
  const ask = () => sluice.shopper("PUT", `/sales/${SALE}/cart`, { headers: admission, body });
  expect(pathsOf(await refused(ask, status, code))).toContain(path);
});

test("a cart with a price of one's own names the field", async () => {
  const body = { lines: [line({ price: 1 })] };
  const ask = () => sluice.shopper("PUT", `/sales/${SALE}/cart`, { headers: admission, body });
  expect(pathsOf(await refused(ask, 422, "invalid_request"))).toEqual(["lines.0.price"]);
});

test.each(CARTS)("an order with %s names the field", async (_, lines, path, status, code) => {
  const body = orderBody(SALE, { lines: undefined, ...Object(lines) });
  const ask = () => placeOrder(sluice, admission, "bad-input", body);
  expect(pathsOf(await refused(ask, status, code))).toContain(path);
});

test.each([
  ["one line over the limit", [{ sku: SHOE, quantity: 3 }]],
  ["two lines of one SKU over the limit together", [line({ quantity: 2 }), line({})]],
  ["the second SKU over its limit", [line({}), { sku: `${SALE}-sock`, quantity: 2 }]],
])("%s is limit_reached, naming the SKU, in a cart and in an order", async (_, lines) => {
  const limit = lines.length === 2 && lines[1]?.sku !== SHOE ? 1 : 2;
  const sku = limit === 1 ? `${SALE}-sock` : SHOE;
  const put = () => {
    return sluice.shopper("PUT", `/sales/${SALE}/cart`, { headers: admission, body: { lines } });
  };
  const post = () => placeOrder(sluice, admission, "bad-input", orderBody(SALE, { lines }));
  for (const ask of [put, post]) {
    expect((await refused(ask, 409, "limit_reached")).body).toMatchObject({ sku, limit });
  }
});

const buyer = { email: "ann@shoppers.example" };
test.each([
  ["no lines at all", { lines: [] }, "lines"],
  ["no buyer", { buyer: undefined }, "buyer"],
  ["an address that is none", { buyer: { email: "ann" } }, "buyer.email"],
  ["an endless address", { buyer: { email: `${"a".repeat(250)}@b.example` } }, "buyer.email"],
  ["a name of 201 letters", { buyer: { ...buyer, name: "n".repeat(201) } }, "buyer.name"],
  ["a card number", { payment: { method: "pm", number: "4242" } }, "payment.number"],
  ["half of a pair in it", { payment: { method: "pm_\ud800" } }, "payment.method"],
  ["a token beyond ASCII", { payment: { method: "pm_ü" } }, "payment.method"],
  [
    "a token of 201",
    { payment: { confirmationToken: "c".repeat(201) } },
    "payment.confirmationToken",
  ],
  ["a token with a space", { payment: { method: "pm card" } }, "payment.method"],
  ["no means of payment", { payment: {} }, "payment"],
  ["two of them", { payment: { method: "pm", confirmationToken: "ctoken" } }, "payment"],
  ["no total", { expectedTotal: undefined }, "expectedTotal"],
  ["a total in words", { expectedTotal: "12900" }, "expectedTotal"],
  ["a total below nothing", { expectedTotal: -1 }, "expectedTotal"],
  ["a price in fractions", { lines: [line({ price: 0.5 })] }, "lines.0.price"],
  ["a sale that is no name", { sale: "Air One" }, "sale"],
  ["an address in one number", { shipTo: { city: 7 } }, "shipTo.city"],
])("an order with %s names the field", async (_, change, path) => {
  const ask = () => placeOrder(sluice, admission, "bad-input", orderBody(SALE, change));
  expect(pathsOf(await refused(ask, 422, "invalid_request"))).toContain(path);
});

test.each([
  ["missing", undefined],
  ["empty", ""],
  ["of 129 characters", "k".repeat(129)],
  ["with a space in it", "a key"],
])("an order whose idempotency key is %s is refused", async (_, key) => {
  const headers = key === undefined ? admission : { ...admission, "idempotency-key": key };
  const ask = () => sluice.shopper("POST", "/orders", { headers, body: orderBody(SALE) });
  const answer = await refused(ask, 400, "idempotency_key_required");
  expect(pathsOf(answer)).toEqual(["Idempotency-Key"]);
});

const FOREIGN: readonly Record<string, string>[] = [
  { origin: "https://evil.example" },
  { origin: "null" },
  { "sec-fetch-site": "cross-site" },
  { cookie: "__Host-sluice-ticket-bad-input=a" },
];
const SHOPPER_WRITES: readonly [Method, string, unknown][] = [
  ["POST", `/sales/${SALE}/tickets`, {}],
  ["POST", `/sales/${SALE}/admissions`, undefined],
  ["DELETE", `/sales/${SALE}/admissions/current`, undefined],
  ["PUT", `/sales/${SALE}/cart`, { lines: [] }],
  ["POST", "/orders", orderBody(SALE)],
];
test.each(SHOPPER_WRITES)("%s %s from another site is refused", async (method, path, body) => {
  expect.hasAssertions();
  await expectNoChange(sluice, SALE, async () => {
    for (const foreign of FOREIGN) {
      const headers = { ...asShopper(), ...foreign };
      const parts = body === undefined ? { headers } : { headers, body };
      expectProblem(await sluice.shopper(method, path, parts), 403, "origin_mismatch");
    }
  });
});

const NOBODY = () => ({});
const PLACES: readonly [string, Method, string, () => Record<string, string>, number, string][] = [
  ["an unknown sale", "GET", "/sales/nothing", NOBODY, 404, "sale_not_found"],
  ["joining it", "POST", "/sales/nothing/tickets", NOBODY, 404, "sale_not_found"],
  ["its status", "GET", "/sales/nothing/status", NOBODY, 404, "sale_not_found"],
  ["its turn", "POST", "/sales/nothing/admissions", NOBODY, 404, "sale_not_found"],
  ["its draw", "GET", "/sales/nothing/fairness", NOBODY, 404, "sale_not_found"],
  ["a name no sale can have", "GET", "/sales/%FF", NOBODY, 422, "invalid_request"],
  ["an unknown order", "GET", `/orders/${ORDER_ID}`, asShopper, 404, "order_not_found"],
  ["an id no order has", "GET", "/orders/1", asShopper, 404, "order_not_found"],
  [
    "an open cohort",
    "GET",
    "/sales/in-prequeue/cohorts/general/0",
    NOBODY,
    404,
    "cohort_not_found",
  ],
  ["an unknown lane", "GET", `/sales/${SALE}/cohorts/vip/0`, NOBODY, 404, "cohort_not_found"],
  ["cohort -1", "GET", `/sales/${SALE}/cohorts/general/-1`, NOBODY, 422, "invalid_request"],
  ["cohort x", "GET", `/sales/${SALE}/cohorts/general/x`, NOBODY, 422, "invalid_request"],
  ["an unknown route", "GET", "/sale", NOBODY, 404, "not_found"],
  ["a wrong method", "DELETE", "/orders", NOBODY, 404, "not_found"],
  ["joining too early", "POST", "/sales/not-open/tickets", NOBODY, 409, "sale_not_open"],
  ["joining too late", "POST", "/sales/over/tickets", NOBODY, 410, "sale_over"],
  ["a pass nobody signed", "POST", "pass", NOBODY, 403, "pass_invalid"],
  ["a place nobody has", "GET", `/sales/${SALE}/status`, NOBODY, 401, "ticket_required"],
  ["a turn nobody has", "POST", `/sales/${SALE}/admissions`, NOBODY, 401, "ticket_required"],
  [
    "a turn before it came",
    "POST",
    "/sales/in-prequeue/admissions",
    () => waiting,
    409,
    "not_called",
  ],
  [
    "leaving from outside",
    "DELETE",
    `/sales/${SALE}/admissions/current`,
    NOBODY,
    401,
    "admission_required",
  ],
];
test.each(PLACES)("%s (%s %s) is a problem", async (_, method, path, carried, status, code) => {
  expect.hasAssertions();
  const passed = path === "pass";
  const at = passed ? "/sales/in-prequeue/tickets" : path;
  const body = passed ? { body: { pass: "a.b.c" } } : {};
  const sale = path.includes("in-prequeue") ? "in-prequeue" : SALE;
  const ask = () => sluice.shopper(method, at, { headers: carried(), ...body });
  await refused(ask, status, code, sale);
});

test("a claim before the turn is answered with the shopper's standing and the time to poll again", async () => {
  const answer = await sluice.shopper("POST", "/sales/in-prequeue/admissions", {
    headers: waiting,
  });
  expect(answer.body).toMatchObject({ status: 409, standing: { state: "prequeue", rank: null } });
  expect(Number(answer.headers.get("retry-after"))).toBeGreaterThanOrEqual(2);
});

test("a cart and an order without an admission are refused", async () => {
  expect.hasAssertions();
  const body = { lines: [line({})] };
  const put = () => sluice.shopper("PUT", `/sales/${SALE}/cart`, { body });
  await refused(put, 401, "admission_required");
  const post = () => placeOrder(sluice, {}, "bad-input", orderBody(SALE));
  await refused(post, 401, "admission_required");
});

test("a refused join takes no place in line", async () => {
  await makeSale(sluice, "counted", PREQUEUE);
  const join = (parts: RequestParts) => sluice.shopper("POST", "/sales/counted/tickets", parts);
  const first = claimsOf(textOf(await join({}), "ticket"));
  await Promise.all([
    join({ body: { surprise: 1 } }),
    join({ body: { pass: "a.b.c" } }),
    join({ raw: "{", headers: { "content-type": "application/json" } }),
    join({ headers: { origin: "https://evil.example" } }),
  ]);
  const second = claimsOf(textOf(await join({}), "ticket"));
  expect([first?.index, second?.index]).toEqual([0, 1]);
});
