/**
 * The HTTP adapters with scripted answers: what they send, and the outcome of every answer of the
 * contract and of every status.
 */
import { Webhook } from "standardwebhooks";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { httpPayments } from "../../queues/backends/http-payment.ts";
import {
  ALL,
  ALL_UNKNOWN,
  ask,
  CHANGES,
  key,
  kindsOf,
  money,
  NEW_SECRET,
  NOW,
  OLD_SECRET,
  type Operation,
  orderIntent,
  paymentId,
  respondWith,
  type Script,
  type ScriptedBackend,
  startScriptedBackend,
} from "./support/scripted-backend.ts";

let backend: ScriptedBackend;
beforeAll(async () => {
  backend = await startScriptedBackend();
});
afterAll(() => backend.stop());

describe("an answer of the contract", () => {
  test.each<[Operation, object, object]>([
    ["prepare", { answer: "prepared", payment: "pay_1" }, { kind: "prepared", paymentId: "pay_1" }],
    ["authorize", { answer: "approved" }, { kind: "approved", card: null }],
    [
      "authorize",
      { answer: "approved", card: { fingerprint: "c1", brand: "visa", last4: "4242", more: 1 } },
      { kind: "approved", card: { fingerprint: "c1", brand: "visa", last4: "4242" } },
    ],
    [
      "authorize",
      { answer: "approved", card: { fingerprint: "c1" } },
      { kind: "approved", card: { fingerprint: "c1", brand: null, last4: null } },
    ],
    ...(["prepare", "authorize"] as const).map((operation): [Operation, object, object] => {
      const body = { answer: "misconfigured", code: "account_closed" };
      return [operation, body, { kind: "misconfigured", code: "account_closed" }];
    }),
    [
      "refundPart",
      { answer: "refunded", reference: "re_1", state: "pending" },
      { kind: "refunded", providerId: "re_1", state: "pending" },
    ],
    ["settlement", { answer: "found", refunds: [] }, { kind: "found", refunds: [], dispute: null }],
    [
      "settlement",
      {
        answer: "found",
        refunds: [
          { reference: "re_1", refund: "rf_1", amount: 5, state: "failed", reason: "card_closed" },
          { reference: "re_2", refund: null, amount: 7, state: "succeeded" },
        ],
        dispute: { id: "d1", status: "lost", closed: true, amount: 12, reason: "fraudulent" },
      },
      {
        kind: "found",
        refunds: [
          {
            providerId: "re_1",
            refundId: "rf_1",
            amount: 5,
            state: "failed",
            failure: "card_closed",
          },
          { providerId: "re_2", refundId: null, amount: 7, state: "succeeded", failure: null },
        ],
        dispute: { id: "d1", status: "lost", isClosed: true, amount: 12, reason: "fraudulent" },
      },
    ],
    [
      "authorize",
      { answer: "action_required", url: "https://pay.example/1" },
      { kind: "action_required", url: "https://pay.example/1" },
    ],
    ["capture", { answer: "approved" }, { kind: "approved" }],
    ["void", { answer: "approved" }, { kind: "approved" }],
    ["refund", { answer: "approved" }, { kind: "approved" }],
    ...CHANGES.map((operation): [Operation, object, object] => {
      const body = { answer: "declined", reason: "card_declined" };
      return [operation, body, { kind: "declined", reason: "card_declined" }];
    }),
  ])("to %s, %j gives its outcome", async (operation, body, outcome) => {
    backend.next(respondWith(200, { ...body, more: "fields are ignored" }));
    expect(await ask(backend.payments, operation)).toEqual(outcome);
  });

  test.each(ALL)("to %s may be retry or unknown", async (operation) => {
    backend.next(
      respondWith(200, { answer: "retry", after_s: 600 }),
      respondWith(200, { answer: "unknown" }),
    );
    const first = await ask(backend.payments, operation);
    expect(first).toMatchObject({ kind: "retry", after_s: 600 });
    expect(await ask(backend.payments, operation)).toMatchObject({ kind: "unknown" });
  });

  test.each<[object, object]>([
    [{ standing: "prepared" }, { kind: "prepared" }],
    [
      { standing: "declined", reason: "stolen" },
      { kind: "declined", reason: "stolen" },
    ],
    [
      { standing: "action_required", url: "https://pay.example/1" },
      { kind: "action_required", url: "https://pay.example/1" },
    ],
    [
      { standing: "authorized", authorized: 5 },
      { kind: "authorized", card: null },
    ],
    [
      { standing: "authorized", authorized: 5, card: { fingerprint: "c1" } },
      { kind: "authorized", card: { fingerprint: "c1", brand: null, last4: null } },
    ],
    [{ standing: "captured", authorized: 5, captured: 5 }, { kind: "captured" }],
    [{ standing: "captured", authorized: 5, captured: 5, refunded: 4 }, { kind: "captured" }],
    [{ standing: "voided", authorized: 5 }, { kind: "voided" }],
    [{ standing: "refunded", authorized: 5, captured: 5, refunded: 5 }, { kind: "refunded" }],
  ])("to lookup, %j is found", async (body, standing) => {
    const totals = { authorized: 0, captured: 0, refunded: 0 };
    backend.next(respondWith(200, { answer: "found", payment: paymentId, ...totals, ...body }));
    expect(await backend.payments.lookup({ paymentId })).toEqual({ kind: "found", standing });
  });

  test("to order.book may be refused, retry or unknown", async () => {
    backend.next(
      respondWith(200, { answer: "refused", reason: "unknown_sku" }),
      respondWith(200, { answer: "retry", after_s: 9 }),
      respondWith(200, { answer: "unknown" }),
    );
    const book = () => backend.orders.book(orderIntent(), NOW);
    expect(await book()).toEqual({ kind: "refused", reason: "unknown_sku" });
    expect(await book()).toMatchObject({ kind: "retry", after_s: 9 });
    expect(await book()).toMatchObject({ kind: "unknown" });
  });

  test("an action's page without TLS is accepted only if that is allowed", async () => {
    const local = httpPayments(backend.settings({ allowHttp: true }));
    const action = respondWith(200, { answer: "action_required", url: "http://127.0.0.1/confirm" });
    backend.next(action, action);
    expect(await ask(local, "authorize")).toMatchObject({ kind: "action_required" });
    expect(await ask(backend.payments, "authorize")).toMatchObject({ kind: "unknown" });
  });
});

describe("a request", () => {
  test("verifies with the library of Standard Webhooks, with the new secret and the old one", async () => {
    const now = backend.settings({ now: () => Date.now() });
    backend.next(respondWith(200, { answer: "approved" }));
    const text = "Ünïcödé 🙂";
    await httpPayments(now).authorize({ paymentId, method: text, returnUrl: "", key });
    const [request] = backend.sent;
    if (request === undefined) throw new Error("nothing was sent");
    for (const secret of [NEW_SECRET, OLD_SECRET]) {
      const verified = new Webhook(secret).verify(request.body, request.headers);
      expect(verified).toMatchObject({ type: "payment.authorize", method: text });
    }
    const stranger = new Webhook("whsec_QUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFB");
    expect(() => stranger.verify(request.body, request.headers)).toThrow("signature");
    expect(() => new Webhook(NEW_SECRET).verify(`${request.body} `, request.headers)).toThrow(
      "signature",
    );
    const otherKey = { ...request.headers, "webhook-id": "ord_2:step:0" };
    expect(() => new Webhook(NEW_SECRET).verify(request.body, otherKey)).toThrow("signature");
  });

  test.each<[Operation, object]>([
    [
      "prepare",
      {
        type: "payment.prepare",
        order: "ord_1",
        ...money,
        sale: "air-one",
        description: "Air One",
        email: "ann@shoppers.example",
        shipping: null,
        statementSuffix: null,
        methods: [],
      },
    ],
    ["authorize", { payment: paymentId, method: "test_approve", returnUrl: "https://a.example" }],
    ["capture", { type: "payment.capture", payment: paymentId, ...money }],
    ["void", { type: "payment.void", payment: paymentId }],
    ["refund", { type: "payment.refund", payment: paymentId }],
    ["refundPart", { type: "payment.refund_part", payment: paymentId, refund: "rf_1", ...money }],
    ["settlement", { type: "payment.settlement", payment: paymentId }],
    ["lookup", { type: "payment.lookup", payment: paymentId }],
  ])("%s has its key, its timestamp and these fields", async (operation, fields) => {
    const isRead = operation === "lookup" || operation === "settlement";
    const keyIs = isRead ? `${operation}:id-1` : key;
    const payments = httpPayments(backend.settings());
    backend.next(respondWith(200, { answer: "unknown" }));
    await ask(payments, operation);
    const [request] = backend.sent;
    expect(JSON.parse(request?.body ?? "")).toMatchObject({ v: 1, ...fields });
    expect(request?.headers).toMatchObject({
      "webhook-id": keyIs,
      "webhook-timestamp": String(NOW / 1000),
      "content-type": "application/json",
    });
  });

  test("has an order without the keys and tokens that Sluice stores with it", async () => {
    backend.next(
      respondWith(200, { answer: "booked", booking: "B-1" }),
      respondWith(200, { answer: "cancelled" }),
    );
    const intent = orderIntent();
    expect(await backend.orders.book(intent, NOW)).toEqual({ kind: "booked", booking: "B-1" });
    expect(await backend.orders.cancel(intent, NOW)).toEqual({ kind: "cancelled" });
    expect(backend.sent.map(({ headers }) => headers["webhook-id"])).toEqual([
      `${intent.id}:book`,
      `${intent.id}:cancel`,
    ]);
    expect(JSON.parse(backend.sent[0]?.body ?? "")).toEqual({
      v: 1,
      type: "order.book",
      order: {
        id: intent.id,
        sale: "air-one",
        placedAt: "2026-11-27T10:00:00.000Z",
        currency: "EUR",
        total: 12_900,
        amounts: null,
        lines: [
          {
            sku: "AIR-42",
            name: "Air One, 42",
            quantity: 1,
            price: 12_900,
            discount: 0,
            tax: 0,
            taxIncluded: 0,
          },
        ],
        buyer: { subject: "customer-1", email: "ann@shoppers.example", name: null, phone: null },
        shipTo: { city: "Bern" },
        billTo: null,
        delivery: null,
      },
    });
    expect(JSON.parse(backend.sent[1]?.body ?? "")).toEqual({
      v: 1,
      type: "order.cancel",
      order: intent.id,
    });
  });
});

describe("a status", () => {
  test.each<[string, number, unknown, Record<string, string>, number]>([
    ["401", 401, { code: "signature_invalid" }, {}, 60],
    ["403 in HTML", 403, "<h1>no</h1>", {}, 60],
    ["409", 409, { code: "in_progress" }, {}, 2],
    ["429", 429, "", {}, 2],
    ["429 with seconds", 429, "", { "retry-after": "7" }, 7],
    ["429 with a date", 429, "", { "retry-after": "Fri, 27 Nov 2026 10:00:30 GMT" }, 30],
    ["429 with a date gone by", 429, "", { "retry-after": "Fri, 27 Nov 2026 09:00:00 GMT" }, 1],
    ["429 with a day", 429, "", { "retry-after": "86400" }, 600],
    ["429 with nonsense", 429, "", { "retry-after": "soon" }, 2],
    ["503 with seconds", 503, "<h1>busy</h1>", { "retry-after": "3" }, 3],
  ])(
    "%s had no effect: retry, for every operation",
    async (_name, status, body, headers, after_s) => {
      for (const operation of ALL) {
        backend.next(respondWith(status, body, headers));
        const outcome = await ask(backend.payments, operation);
        expect({ operation, ...outcome }).toMatchObject({ operation, kind: "retry", after_s });
      }
      backend.next(respondWith(status, body, headers));
      expect(await backend.orders.book(orderIntent(), NOW)).toMatchObject({
        kind: "retry",
        after_s,
      });
    },
  );

  test.each([
    [400, "invalid_request"],
    [402, "card_declined"],
    [422, "currency_not_taken"],
  ])(
    "%i with the code %s is a final refusal, but leaves a look-up unknown",
    async (status, code) => {
      for (const operation of CHANGES) {
        backend.next(respondWith(status, { code }));
        const outcome = await ask(backend.payments, operation);
        expect({ operation, ...outcome }).toEqual({ operation, kind: "declined", reason: code });
      }
      backend.next(
        respondWith(status, { code }),
        respondWith(status, { code }),
        respondWith(status, { code }),
      );
      expect(await backend.payments.lookup({ paymentId })).toMatchObject({ kind: "unknown" });
      expect(await backend.orders.book(orderIntent(), NOW)).toEqual({
        kind: "refused",
        reason: code,
      });
      expect(await backend.orders.cancel(orderIntent(), NOW)).toMatchObject({ kind: "unknown" });
    },
  );

  test.each<[string, Script]>([
    ["500", respondWith(500, { code: "internal" })],
    ["502 of a proxy", respondWith(502, "<h1>bad gateway</h1>")],
    ["503 without Retry-After", respondWith(503, { code: "busy" })],
    ["503 with an invalid Retry-After", respondWith(503, "", { "retry-after": "soon" })],
    ["408", respondWith(408, { code: "timeout" })],
    ["404 with a code", respondWith(404, { code: "not_found" })],
    ["405 with a code", respondWith(405, { code: "method_not_allowed" })],
    ["404 without a code", respondWith(404, "<h1>not found</h1>")],
    ["422 for a key of another request", respondWith(422, { code: "idempotency_conflict" })],
    ["400 without a code", respondWith(400, { error: "no" })],
    ["400 with an invalid code", respondWith(400, { code: "Card Declined!" })],
    ["400 with a code that is too long", respondWith(400, { code: "a".repeat(65) })],
    ["304", respondWith(304, "")],
    ["204", respondWith(204, "")],
    ["200 in HTML", respondWith(200, "<h1>hello</h1>")],
    ["200 with truncated JSON", respondWith(200, '{"answer":"appr')],
    ["a closed connection", (response) => response.destroy()],
  ])("%s is unknown, for every operation", async (_name, answer) => {
    expect(await kindsOf(backend, answer)).toEqual(ALL_UNKNOWN);
  });
});
