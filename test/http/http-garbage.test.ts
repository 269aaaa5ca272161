/**
 * The HTTP adapters with scripted answers: garbage in every field of every answer.
 */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { REFUNDS_PER_ORDER_MAX } from "../../src/domain/limits.ts";
import {
  ALL,
  ALL_UNKNOWN,
  ask,
  CHANGES,
  key,
  money,
  NOW,
  type Operation,
  orderIntent,
  kindsOf,
  paymentId,
  respondWith,
  type ScriptedBackend,
  startScriptedBackend,
} from "./support/scripted-backend.ts";

let backend: ScriptedBackend;
beforeAll(async () => {
  backend = await startScriptedBackend();
});
afterAll(() => backend.stop());

const found = { answer: "found", payment: paymentId, authorized: 0, captured: 0, refunded: 0 };

describe("an answer outside the contract", () => {
  const JUNK: readonly unknown[] = [null, true, 7, "", "approved", [], {}, { answer: [] }];
  const NOT_CODES: readonly unknown[] = [
    undefined,
    null,
    7,
    {},
    [],
    "",
    "Card Declined",
    "a".repeat(65),
  ];
  const REFERENCES: readonly unknown[] = [undefined, null, 7, {}, "", "a b", "é", "a".repeat(256)];
  const URLS: readonly unknown[] = [
    undefined,
    null,
    7,
    {},
    "",
    "/pay",
    "javascript:alert(1)",
    "http://pay.example/1",
    `https://pay.example/${"a".repeat(2048)}`,
  ];
  const refund = { reference: "re_1", refund: "rf_1", amount: 5, state: "pending" };
  const SETTLEMENTS: readonly unknown[] = [
    undefined,
    null,
    {},
    [7],
    [{ ...refund, reference: "" }],
    [{ ...refund, refund: undefined }],
    [{ ...refund, amount: 0 }],
    [{ ...refund, state: "refunded" }],
    Array.from({ length: REFUNDS_PER_ORDER_MAX + 1 }, () => refund),
  ];
  const WAITS: readonly unknown[] = [undefined, null, "2", 0, -1, 1.5, 601];
  const AMOUNTS: readonly unknown[] = [undefined, null, "5", -1, 1.5, 2 ** 53, {}];

  test.each(JUNK.map((body) => ({ body })))(
    "$body is unknown, for every operation",
    async ({ body }) => {
      const answer = respondWith(200, JSON.stringify(body));
      expect(await kindsOf(backend, answer)).toEqual(ALL_UNKNOWN);
    },
  );

  test.each<[Operation, string, object, readonly unknown[]]>([
    ["prepare", "payment", { answer: "prepared" }, REFERENCES],
    ["authorize", "url", { answer: "action_required" }, URLS],
    ...CHANGES.map((operation): [Operation, string, object, readonly unknown[]] => {
      return [operation, "reason", { answer: "declined" }, NOT_CODES];
    }),
    ...ALL.map((operation): [Operation, string, object, readonly unknown[]] => {
      return [operation, "after_s", { answer: "retry" }, WAITS];
    }),
    ["authorize", "card", { answer: "approved" }, [7, "visa", {}, { fingerprint: "" }]],
    ["prepare", "code", { answer: "misconfigured" }, NOT_CODES],
    ["authorize", "code", { answer: "misconfigured" }, NOT_CODES],
    ["refundPart", "reference", { answer: "refunded", state: "pending" }, REFERENCES],
    ["refundPart", "state", { answer: "refunded", reference: "re_1" }, [...JUNK, "failed"]],
    ["settlement", "refunds", { answer: "found" }, SETTLEMENTS],
    ["settlement", "dispute", { answer: "found", refunds: [] }, [7, {}, { id: "d1" }]],
    ["lookup", "payment", { ...found, standing: "prepared" }, [...REFERENCES, "pay_2"]],
    ["lookup", "standing", found, [...JUNK, "paid", "pending", undefined]],
    ["lookup", "url", { ...found, standing: "action_required" }, URLS],
    ["lookup", "reason", { ...found, standing: "declined" }, NOT_CODES],
    ["lookup", "authorized", { ...found, standing: "voided" }, AMOUNTS],
    ["lookup", "captured", { ...found, standing: "voided", authorized: 5 }, AMOUNTS],
    ["lookup", "refunded", { ...found, standing: "voided", authorized: 5 }, AMOUNTS],
  ])("to %s, with garbage in %s, is unknown", async (operation, field, body, values) => {
    for (const value of values) {
      backend.next(respondWith(200, { ...body, [field]: value }));
      const { kind } = await ask(backend.payments, operation);
      expect({ value, kind }).toEqual({ value, kind: "unknown" });
    }
  });

  test.each<[string, readonly [number, number, number]]>([
    ["prepared", [1, 0, 0]],
    ["declined", [1, 0, 0]],
    ["action_required", [1, 0, 0]],
    ["authorized", [0, 0, 0]],
    ["authorized", [1, 1, 0]],
    ["captured", [1, 0, 0]],
    ["captured", [1, 2, 0]],
    ["captured", [1, 1, 1]],
    ["voided", [1, 1, 0]],
    ["refunded", [1, 1, 0]],
    ["refunded", [1, 0, 0]],
    ["refunded", [1, 1, 2]],
  ])(
    "a look-up with %s and the totals %j contradicts itself and is unknown",
    async (standing, totals) => {
      const [authorized, captured, refunded] = totals;
      const rest = { reason: "card_declined", url: "https://pay.example/1" };
      backend.next(
        respondWith(200, { ...found, ...rest, standing, authorized, captured, refunded }),
      );
      expect(await backend.payments.lookup({ paymentId })).toMatchObject({ kind: "unknown" });
    },
  );

  test.each<[string, object, readonly unknown[]]>([
    ["booking", { answer: "booked" }, REFERENCES],
    ["reason", { answer: "refused" }, NOT_CODES],
    ["after_s", { answer: "retry" }, WAITS],
  ])("to order.book, with garbage in %s, is unknown", async (field, body, values) => {
    for (const value of values) {
      backend.next(respondWith(200, { ...body, [field]: value }));
      const { kind } = await backend.orders.book(orderIntent(), NOW);
      expect({ value, kind }).toEqual({ value, kind: "unknown" });
    }
  });

  test("is reported to the operator, with the operation and the reason", async () => {
    backend.next(respondWith(500, ""), respondWith(401, ""));
    await backend.payments.capture({ paymentId, money, key });
    await backend.payments.void({ paymentId, key });
    expect(backend.troubles).toEqual([
      { type: "payment.capture", why: "500" },
      { type: "payment.void", why: "401: the backend refuses the signature" },
    ]);
  });
});
