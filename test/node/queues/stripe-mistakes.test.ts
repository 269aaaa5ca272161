/**
 * Whose refusal it is: the bank's, the buyer's, or a mistake in the shop's settings, which is
 * `misconfigured` while the payment is made and only delays one that exists.
 */
import { describe, expect, test } from "vitest";
import { paidOrder } from "../support/paid-order.ts";
import {
  intent,
  listOf,
  refusal,
  scriptedStripe,
  type Script,
} from "../support/scripted-stripe.ts";

const money = { amount: 12_900, currency: "EUR" };
const key = "ord_1:step:1";
const paymentId = "pi_1";

function prepared(...scripts: Script[]) {
  const { backend } = scriptedStripe(...scripts);
  return backend.prepare({ order: paidOrder(), money, key });
}

function authorized(...scripts: Script[]) {
  const { backend } = scriptedStripe(...scripts);
  const returnUrl = "https://shop.example/o";
  return backend.authorize({ paymentId, method: "ctoken_1", returnUrl, key });
}

describe("a mistake of the shop", () => {
  test.each<[string, number, object, object]>([
    ["a wrong key", 401, {}, { code: "api_key_refused", isKeyRefused: true }],
    ["an old key", 401, { code: "api_key_expired" }, { code: "api_key_expired" }],
    ["a restricted key", 403, {}, { code: "api_key_refused" }],
    ["an account not activated", 400, { code: "account_invalid" }, { isKeyRefused: false }],
    [
      "test charges only",
      400,
      { code: "testmode_charges_only" },
      { code: "testmode_charges_only" },
    ],
    ["an amount", 400, { code: "amount_too_small", param: "amount" }, { param: "amount" }],
    ["a currency", 400, { param: "currency" }, { code: "invalid_request", param: "currency" }],
    [
      "a method that is not enabled",
      400,
      { code: "payment_intent_invalid_parameter", param: "payment_method_types" },
      { code: "payment_intent_invalid_parameter" },
    ],
    ["a suffix", 400, { param: "statement_descriptor_suffix" }, { requestId: "req_1" }],
  ])("%s is misconfigured, with Stripe's code", async (_, status, fields, outcome) => {
    const told = { kind: "misconfigured", ...outcome };
    expect(await prepared(refusal(status, fields))).toMatchObject(told);
    expect(await authorized(refusal(status, fields))).toMatchObject(told);
  });

  test("is not a method of another type, which the browser chose", async () => {
    const code = "payment_intent_incompatible_payment_method";
    expect(await authorized(refusal(400, { code }))).toEqual({ kind: "declined", reason: code });
  });

  test("a payment of another account says nothing about what an earlier call did", async () => {
    const missing = refusal(404, { code: "resource_missing", param: "intent" });
    expect(await authorized(missing)).toMatchObject({ isKeyRefused: true });
  });
});

test.each<[string, object]>([
  ["unknown", { code: "resource_missing", param: "confirmation_token" }],
  ["used", { code: "payment_intent_confirmation_token_invalid", param: "confirmation_token" }],
  ["too old", { param: "confirmation_token" }],
  ["a payment method that is spent", { code: "resource_missing", param: "payment_method" }],
])("a token that is %s is declined, and new details can be entered", async (_, fields) => {
  const declined = { kind: "declined", reason: "payment_details_expired" };
  const unpaid = intent({ status: "requires_payment_method" });
  expect(await authorized(refusal(400, fields), unpaid)).toEqual(declined);
});

test.each(["confirmation_token", "payment_method"])(
  "a %s of the other mode is the shopper's, who may have made it with any publishable key",
  async (param) => {
    const message = "No such token: 'ctoken_1'; a similar object exists in test mode, …";
    const refused = refusal(400, { code: "resource_missing", param, message });
    const unpaid = intent({ status: "requires_payment_method" });
    const declined = { kind: "declined", reason: "livemode_mismatch" };
    expect(await authorized(refused, unpaid)).toEqual(declined);
  },
);

describe("a token that is used", () => {
  const used = refusal(400, {
    code: "payment_intent_confirmation_token_invalid",
    param: "confirmation_token",
  });

  test("may have paid this order, in an earlier call that came late", async () => {
    const paid = intent({ status: "requires_capture" });
    expect(await authorized(used, paid)).toMatchObject({ kind: "approved" });
    const asked = intent({ status: "requires_action" });
    expect(await authorized(used, asked)).toMatchObject({ kind: "action_required" });
  });

  test("is no refusal while the payment cannot be looked up", async () => {
    expect(await authorized(used, refusal(500))).toMatchObject({ kind: "unknown" });
  });
});

describe("a key that is refused after the payment was made", () => {
  const later = {
    kind: "retry",
    after_s: 60,
    reason: "api_key_refused: Stripe refuses the API key",
  };

  test.each(["capture", "void", "refund", "lookup", "refundPart", "settlement"] as const)(
    "delays %s, and is told once",
    async (operation) => {
      const { backend, refusals } = scriptedStripe(refusal(401));
      const request = { paymentId, money, key, refundId: "rf_1", currency: "EUR" };
      expect(await backend[operation](request)).toEqual(later);
      const told = { operation, payment: paymentId, code: "api_key_refused", request: "req_1" };
      expect(refusals).toEqual([told]);
    },
  );

  test("also where it is of an account that does not have the payment", async () => {
    const missing = refusal(404, { code: "resource_missing", param: "intent" });
    const { backend, refusals } = scriptedStripe(missing);
    expect(await backend.lookup({ paymentId })).toMatchObject({ kind: "retry", after_s: 60 });
    expect(refusals).toMatchObject([{ code: "resource_missing" }]);
  });

  test("does not hide refunds from a key that may not read disputes", async () => {
    const { backend, refusals } = scriptedStripe(listOf([]), refusal(403));
    const found = { kind: "found", refunds: [], dispute: null };
    expect(await backend.settlement({ paymentId, currency: "EUR" })).toEqual(found);
    expect(refusals).toHaveLength(1);
  });
});

describe("a key that was used for another request", () => {
  const reused = refusal(400, { type: "idempotency_error" });

  test("is never a refusal of this one", async () => {
    const { backend } = scriptedStripe();
    expect(await prepared(reused)).toMatchObject({ kind: "unknown" });
    expect(await authorized(reused, intent({ status: "requires_payment_method" }))).toMatchObject({
      kind: "unknown",
    });
    for (const operation of ["capture", "void", "refund"] as const) {
      const { backend: stripe } = scriptedStripe(reused, intent({ status: "requires_capture" }));
      const outcome = await stripe[operation]({ paymentId, money, key });
      expect({ operation, kind: outcome.kind }).toEqual({ operation, kind: "unknown" });
    }
    expect(await backend.lookup({ paymentId })).toMatchObject({ kind: "unknown" });
  });

  test("is approved where the payment has the wanted standing", async () => {
    const taken = intent({ status: "succeeded", latest_charge: { refunded: false } });
    const { backend } = scriptedStripe(reused, taken);
    expect(await backend.capture({ paymentId, money, key })).toEqual({ kind: "approved" });
  });
});

test.each([
  ["capture", "charge_expired_for_capture"],
  ["capture", "capture_charge_authorization_expired"],
  ["refund", "balance_insufficient"],
  ["refund", "charge_disputed"],
  ["refund", "refund_disputed_payment"],
] as const)("a %s that is refused for good keeps Stripe's code %s", async (operation, code) => {
  const { backend, refusals } = scriptedStripe(refusal(400, { code }));
  const outcome = await backend[operation]({ paymentId, money, key });
  expect(outcome).toEqual({ kind: "declined", reason: code });
  expect(refusals).toEqual([]);
});
