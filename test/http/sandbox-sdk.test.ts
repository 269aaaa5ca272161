/**
 * The official Stripe SDK against the sandbox: each call that a shop with the Payment Element
 * makes, with Stripe's objects and Stripe's errors.
 */
import type Stripe from "stripe";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { type SandboxHost, startSandbox } from "./support/sandbox-host.ts";
import { asBrowser, CARD, cardOf, errorOf, newToken, stripeSdk } from "./support/sandbox-stripe.ts";

let sandbox: SandboxHost;
let stripe: Stripe;

beforeAll(async () => {
  sandbox = await startSandbox();
  stripe = stripeSdk(sandbox);
}, 60_000);

afterAll(() => sandbox.stop());

beforeEach(() => sandbox.reset());

const RETURN_URL = "https://shop.example/orders/o1";
const SHIPPING = {
  name: "Ann Example",
  phone: "+353 1 000 0000",
  address: { line1: "1 Main Street", city: "Dublin", postal_code: "D01", country: "IE" },
};

function newIntent(params: Partial<Stripe.PaymentIntentCreateParams> = {}) {
  return stripe.paymentIntents.create({
    amount: 5000,
    currency: "eur",
    capture_method: "manual",
    metadata: { order: "o1", sale: "drop" },
    ...params,
  });
}

/** As Stripe answers it, without a code: https://github.com/stripe/stripe-ios/issues/1985. */
function unknownCountry(country: string) {
  const message = expect.stringContaining(`Country '${country}' is unknown.`);
  return { code: undefined, message };
}

async function captured(token: string | null = null, method = "pm_card_visa") {
  const { id } = await newIntent();
  const paidWith = token === null ? { payment_method: method } : { confirmation_token: token };
  await stripe.paymentIntents.confirm(id, { ...paidWith, return_url: RETURN_URL });
  return stripe.paymentIntents.capture(id);
}

describe("a payment intent", () => {
  test("has what it was created with, and a client secret", async () => {
    const intent = await newIntent({
      description: "Drop: 1 pair of shoes",
      receipt_email: "ann@example.com",
      shipping: SHIPPING,
      statement_descriptor_suffix: "DROP 7",
    });
    expect(intent).toMatchObject({
      object: "payment_intent",
      amount: 5000,
      currency: "eur",
      capture_method: "manual",
      automatic_payment_methods: { enabled: true, allow_redirects: "always" },
      payment_method_types: ["card", "link"],
      description: "Drop: 1 pair of shoes",
      receipt_email: "ann@example.com",
      shipping: { ...SHIPPING, address: { ...SHIPPING.address, line2: null, state: null } },
      statement_descriptor_suffix: "DROP 7",
      metadata: { order: "o1", sale: "drop" },
      status: "requires_payment_method",
    });
    expect(intent.client_secret).toMatch(new RegExp(`^${intent.id}_secret_`));
    expect(await sandbox.payment(intent.id)).toMatchObject({
      description: "Drop: 1 pair of shoes",
      receiptEmail: "ann@example.com",
      shipping: { name: "Ann Example" },
      statementSuffix: "DROP 7",
      metadata: { order: "o1", sale: "drop" },
    });
  });

  test("is confirmed with a confirmation token, and its charge names the card", async () => {
    const { id } = await newIntent();
    const token = await newToken(sandbox, cardOf("5555 5555 5555 4444"));
    const confirmed = await stripe.paymentIntents.confirm(id, {
      confirmation_token: token,
      return_url: RETURN_URL,
      expand: ["latest_charge"],
    });
    expect(confirmed).toMatchObject({ status: "requires_capture", amount_capturable: 5000 });
    expect(confirmed.latest_charge).toMatchObject({
      object: "charge",
      disputed: false,
      amount_refunded: 0,
      metadata: { order: "o1", sale: "drop" },
      payment_method_details: {
        type: "card",
        card: { brand: "mastercard", last4: "4444", exp_month: 12, exp_year: 2034 },
      },
    });
    expect(await sandbox.payment(id)).toMatchObject({
      methodType: "card",
      card: { brand: "mastercard", last4: "4444" },
    });
  });

  test("has one fingerprint for a card however it is used, and another in a wallet", async () => {
    const prints: unknown[] = [];
    const wallet = {
      "payment_method_data[type]": "card",
      "payment_method_data[wallet]": "apple_pay",
    };
    for (const form of [CARD, CARD, cardOf("5555555555554444"), wallet]) {
      const { id } = await captured(await newToken(sandbox, form));
      prints.push((await sandbox.payment(id)).card?.fingerprint);
    }
    const named = await captured();
    prints.push((await sandbox.payment(named.id)).card?.fingerprint);
    const [visa, again, mastercard, applePay, byName] = prints;
    expect(visa).toMatch(/^\w{16}$/);
    expect([again, byName]).toEqual([visa, visa]);
    expect(new Set([visa, mastercard, applePay]).size).toBe(3);
  });

  test("can be cancelled with a reason, and captured in part", async () => {
    const { id } = await newIntent();
    const cancelled = await stripe.paymentIntents.cancel(id, { cancellation_reason: "abandoned" });
    expect(cancelled).toMatchObject({ status: "canceled", cancellation_reason: "abandoned" });
    const other = await newIntent();
    await stripe.paymentIntents.confirm(other.id, {
      payment_method: "pm_card_visa",
      return_url: RETURN_URL,
    });
    const part = await stripe.paymentIntents.capture(other.id, { amount_to_capture: 1000 });
    expect(part).toMatchObject({ status: "succeeded", amount_received: 1000 });
  });

  test.each<[string, Partial<Stripe.PaymentIntentCreateParams>, object]>([
    [
      "only methods that the account has not enabled",
      { allowed_payment_method_types: ["klarna"] },
      { code: "payment_intent_invalid_parameter", param: "allowed_payment_method_types" },
    ],
    [
      "both kinds of choosing methods",
      { allowed_payment_method_types: ["card"], automatic_payment_methods: { enabled: true } },
      { code: "parameters_exclusive", param: "allowed_payment_method_types" },
    ],
    ["an amount below the minimum", { amount: 10 }, { code: "amount_too_small", param: "amount" }],
    [
      "a suffix without a letter",
      { statement_descriptor_suffix: "123" },
      { param: "statement_descriptor_suffix" },
    ],
    [
      "an address for receipts that is none",
      { receipt_email: "ann" },
      { code: "email_invalid", param: "receipt_email" },
    ],
    [
      "shipping without a name",
      { shipping: { ...SHIPPING, name: "" } },
      { code: "parameter_invalid_empty", param: "shipping[name]" },
    ],
    [
      "shipping to a country that does not exist",
      { shipping: { ...SHIPPING, address: { ...SHIPPING.address, country: "XX" } } },
      { ...unknownCountry("XX"), param: "shipping[address][country]" },
    ],
    [
      "shipping to a country by its name",
      { shipping: { ...SHIPPING, address: { ...SHIPPING.address, country: "Ireland" } } },
      { ...unknownCountry("Ireland"), param: "shipping[address][country]" },
    ],
    ["a parameter that the sandbox lacks", { off_session: true }, { code: "parameter_unknown" }],
  ])("is refused with %s", async (_name, params, error) => {
    const thrown = await errorOf(newIntent(params));
    expect(thrown).toMatchObject({ status: 400, type: "invalid_request_error", ...error });
    expect((await sandbox.ledger()).payments).toEqual([]);
  });
});

test("the parameter that Stripe removed in September 2026 is refused as by Stripe", async () => {
  const form = {
    amount: "5000",
    currency: "eur",
    capture_method: "manual",
    "payment_method_types[0]": "card",
  };
  const response = await sandbox.request("/v1/payment_intents", {
    method: "POST",
    headers: { authorization: "Bearer sk_test_sluice" },
    body: new URLSearchParams(form),
  });
  expect(response.status).toBe(400);
  const code = "payment_method_types_no_longer_supported";
  expect(await response.json()).toMatchObject({ error: { code } });
});

test("a shop can restrict the methods to some of those that the account offers", async () => {
  const intent = await newIntent({ allowed_payment_method_types: ["card", "klarna"] });
  expect(intent).toMatchObject({
    payment_method_types: ["card"],
    automatic_payment_methods: null,
  });
  const all = await newIntent({ automatic_payment_methods: { enabled: true } });
  expect(all.payment_method_types).toEqual(["card", "link"]);
});

describe("a confirmation token", () => {
  const confirm = (id: string, confirmation_token: string, more = {}) => {
    const params = { confirmation_token, return_url: RETURN_URL, ...more };
    return stripe.paymentIntents.confirm(id, params);
  };

  test("shows what was entered without the number, and lasts twelve hours", async () => {
    const id = await newToken(sandbox, {
      ...CARD,
      "payment_method_data[billing_details][address][country]": "IE",
      return_url: RETURN_URL,
    });
    const token = await stripe.confirmationTokens.retrieve(id);
    expect(token).toMatchObject({
      object: "confirmation_token",
      livemode: false,
      payment_intent: null,
      return_url: RETURN_URL,
      use_stripe_sdk: true,
      payment_method_preview: {
        type: "card",
        billing_details: { address: { country: "IE" } },
        card: { brand: "visa", last4: "4242" },
      },
    });
    expect(token.expires_at).toBe(token.created + 12 * 60 * 60);
    expect(JSON.stringify(token)).not.toContain("4242424242424242");
  });

  test("confirms one payment, once", async () => {
    const [first, second] = [await newIntent(), await newIntent()];
    const token = await newToken(sandbox);
    await confirm(first.id, token);
    const used = await stripe.confirmationTokens.retrieve(token);
    expect(used.payment_intent).toBe(first.id);
    expect(await errorOf(confirm(second.id, token))).toMatchObject({
      status: 400,
      code: "payment_intent_confirmation_token_invalid",
      param: "confirmation_token",
    });
    expect((await sandbox.payment(second.id)).status).toBe("requires_payment_method");
  });

  test("of a refused card is used up too, and another card can pay", async () => {
    const { id } = await newIntent();
    const token = await newToken(sandbox, cardOf("4000000000009995"));
    expect(await errorOf(confirm(id, token))).toMatchObject({
      status: 402,
      type: "card_error",
      code: "card_declined",
      decline_code: "insufficient_funds",
    });
    expect(await errorOf(confirm(id, token))).toMatchObject({ status: 400 });
    expect((await confirm(id, await newToken(sandbox))).status).toBe("requires_capture");
  });

  test("that is unknown, of the live mode, or not from a server's key is refused", async () => {
    const { id } = await newIntent();
    const missing = { status: 404, code: "resource_missing", param: "confirmation_token" };
    expect(await errorOf(confirm(id, "ctoken_none"))).toMatchObject(missing);
    const live = await newToken(sandbox, CARD, "pk_live_sluice");
    const error = await errorOf(confirm(id, live));
    expect(error).toMatchObject(missing);
    expect(error.message).toContain("a similar object exists in live mode");
    const secret = stripeSdk(sandbox, "pk_test_sluice").confirmationTokens.retrieve(live);
    expect(await errorOf(secret)).toMatchObject({ status: 403, code: "secret_key_required" });
  });

  test("of a type that the payment does not take is refused", async () => {
    const { id } = await newIntent({ allowed_payment_method_types: ["card"] });
    const token = await newToken(sandbox, { "payment_method_data[type]": "link" });
    expect(await errorOf(confirm(id, token))).toMatchObject({
      code: "payment_intent_incompatible_payment_method",
    });
  });

  test("needs a return URL where a method may redirect", async () => {
    const { id } = await newIntent();
    const call = stripe.paymentIntents.confirm(id, { confirmation_token: await newToken(sandbox) });
    expect(await errorOf(call)).toMatchObject({ status: 400, param: "return_url" });
  });

  test("is not made of billing details with an unknown country, or with an empty one", async () => {
    const param = "payment_method_data[billing_details][address][country]";
    const type = "invalid_request_error";
    const made = (country: string) => {
      return asBrowser(sandbox, "/v1/confirmation_tokens", { ...CARD, [param]: country });
    };
    const [unknown, empty] = [await made("JA"), await made("")];
    expect([unknown.status, empty.status]).toEqual([400, 400]);
    const { message } = unknownCountry("JA");
    expect(unknown.body).toEqual({ error: { type, message, param } });
    expect(empty.body).toMatchObject({ error: { type, code: "parameter_invalid_empty", param } });
  });

  test.each([
    ["a mistyped number", { number: "4242424242424241" }, "incorrect_number"],
    ["too few digits", { number: "4242" }, "invalid_number"],
    ["a month that does not exist", { exp_month: "13" }, "invalid_expiry_month"],
    ["a year that is over", { exp_year: "20" }, "invalid_expiry_year"],
    ["a security code of two digits", { cvc: "12" }, "invalid_cvc"],
    ["a real card", { number: "4111111111111111" }, "card_declined"],
  ])("is not made of %s, and nothing is stored", async (_name, change, code) => {
    const named = Object.entries(change).map(([name, value]) => {
      return [`payment_method_data[card][${name}]`, value];
    });
    const form = { ...CARD, ...Object.fromEntries(named) };
    const { status, body } = await asBrowser(sandbox, "/v1/confirmation_tokens", form);
    expect(status).toBe(402);
    expect(body).toMatchObject({ error: { type: "card_error", code } });
  });
});
