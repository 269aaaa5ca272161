/**
 * The Stripe adapter with the sandbox: confirmation tokens as the shopper's page makes them, the
 * means of payment that a sale allows, and what happens to the money afterwards.
 */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import type { PaidOrder, PaymentBackend } from "../../src/domain/order/payment-backend.ts";
import { paidOrder } from "../node/support/paid-order.ts";
import { type SandboxHost, startSandbox } from "./support/sandbox-host.ts";
import { CARD, cardOf, control, newToken, stripeSdk } from "./support/sandbox-stripe.ts";

const money = { amount: 12_900, currency: "EUR" };
const returnUrl = "https://shop.example/orders/o1?key=k1";

let sandbox: SandboxHost;
let stripe: PaymentBackend;
let keys = 0;
const key = () => `key-${(keys += 1)}`;

beforeAll(async () => {
  sandbox = await startSandbox();
  stripe = sandbox.backend("Node");
}, 60_000);

afterAll(() => sandbox.stop());

beforeEach(() => sandbox.reset());

async function prepared(change: Partial<PaidOrder> = {}): Promise<string> {
  const outcome = await stripe.prepare({ order: paidOrder("o1", change), money, key: key() });
  if (outcome.kind !== "prepared") throw new Error(`not prepared: ${JSON.stringify(outcome)}`);
  return outcome.paymentId;
}

function authorize(paymentId: string, method: string) {
  return stripe.authorize({ paymentId, method, returnUrl, key: key() });
}

async function captured(method = "pm_card_visa"): Promise<string> {
  const paymentId = await prepared();
  expect(await authorize(paymentId, method)).toMatchObject({ kind: "approved" });
  const outcome = await stripe.capture({ paymentId, money, key: key() });
  expect(outcome).toEqual({ kind: "approved" });
  return paymentId;
}

describe("what Stripe is told of the order", () => {
  test("is in its dashboard, its receipt, and on the statement", async () => {
    const shipping = {
      name: "Ann",
      phone: "+41 31 000 00 00",
      address: { line1: "Gasse 1", postalCode: "3000", city: "Bern", region: "BE", country: "CH" },
    };
    const id = await prepared({
      shipping,
      statementSuffix: "AIR ONE",
      email: "ann@bücher.example",
    });
    expect(await stripeSdk(sandbox).paymentIntents.retrieve(id)).toMatchObject({
      description: "Air One",
      receipt_email: "ann@xn--bcher-kva.example",
      statement_descriptor_suffix: "AIR ONE",
      metadata: { order: "o1", sale: "air-one" },
      shipping: {
        name: "Ann",
        phone: "+41 31 000 00 00",
        address: {
          line1: "Gasse 1",
          line2: null,
          postal_code: "3000",
          city: "Bern",
          state: "BE",
          country: "CH",
        },
      },
    });
  });

  test("leaves out what Stripe would refuse: an address without a name, a non-ASCII mailbox", async () => {
    const shipping = { name: "", phone: null, address: { city: "Bern" } };
    const id = await prepared({ shipping, email: "änn@shop.example" });
    const found = { receipt_email: null, shipping: null };
    expect(await stripeSdk(sandbox).paymentIntents.retrieve(id)).toMatchObject(found);
  });

  test("has a country only where it exists, because old orders have free text", async () => {
    for (const country of ["Switzerland", "XX"]) {
      const address = { line1: "Gasse 1", country };
      const id = await prepared({ shipping: { name: "Ann", phone: null, address } });
      const { shipping } = await stripeSdk(sandbox).paymentIntents.retrieve(id);
      expect(shipping?.address).toMatchObject({ line1: "Gasse 1", country: null });
    }
  });
});

describe("a confirmation token", () => {
  test("pays, and tells the card", async () => {
    const id = await prepared();
    const token = await newToken(sandbox);
    const outcome = await authorize(id, token);
    const card = { fingerprint: expect.any(String), brand: "visa", last4: "4242" };
    expect(outcome).toEqual({ kind: "approved", card });
    const again = await prepared();
    expect(await authorize(again, await newToken(sandbox))).toEqual(outcome);
    const found = { kind: "found", standing: { kind: "authorized", card } };
    expect(await stripe.lookup({ paymentId: id })).toEqual(found);
  });

  test("of a card with 3-D Secure leaves that to Stripe's script in the page", async () => {
    const paymentId = await prepared();
    const outcome = await authorize(paymentId, await newToken(sandbox, cardOf("4000002760003184")));
    const clientSecret = expect.stringContaining(`${paymentId}_secret_`);
    expect(outcome).toEqual({ kind: "action_required", url: null, clientSecret });
    const found = { kind: "found", standing: outcome };
    expect(await stripe.lookup({ paymentId })).toEqual(found);
  });

  test("of a method with a page of its own has that page", async () => {
    await control(sandbox, "PUT", "/account", { methods: ["card", "klarna"] });
    const paymentId = await prepared();
    const token = await newToken(sandbox, { "payment_method_data[type]": "klarna" });
    const url = `${sandbox.url}/sandbox/authenticate/${paymentId}`;
    expect(await authorize(paymentId, token)).toMatchObject({ kind: "action_required", url });
  });

  test("of a card that is refused is declined with the bank's reason", async () => {
    const token = await newToken(sandbox, cardOf("4000000000009995"));
    const declined = { kind: "declined", reason: "insufficient_funds" };
    expect(await authorize(await prepared(), token)).toEqual(declined);
  });

  test.each<[string, () => Promise<string>]>([
    ["that nobody made", async () => "ctoken_nobody"],
    [
      "that was used",
      async () => {
        const token = await newToken(sandbox);
        await authorize(await prepared(), token);
        return token;
      },
    ],
  ])("%s is declined, so that the details are entered again", async (_, tokenOf) => {
    const token = await tokenOf();
    const declined = { kind: "declined", reason: "payment_details_expired" };
    expect(await authorize(await prepared(), token)).toEqual(declined);
  });

  test("of the other mode is declined, because any browser can make one", async () => {
    const token = await newToken(sandbox, CARD, "pk_live_sluice");
    const declined = { kind: "declined", reason: "livemode_mismatch" };
    expect(await authorize(await prepared(), token)).toEqual(declined);
  });
});

describe("the means of payment that a sale allows", () => {
  test("pay, and others are declined, because any browser can send one", async () => {
    await control(sandbox, "PUT", "/account", { methods: ["card", "klarna"] });
    const id = await prepared({ methods: ["card"] });
    const klarna = await newToken(sandbox, { "payment_method_data[type]": "klarna" });
    const reason = "payment_intent_incompatible_payment_method";
    const refused = { kind: "declined", reason };
    expect(await authorize(id, klarna)).toMatchObject(refused);
    expect(await authorize(id, await newToken(sandbox))).toMatchObject({ kind: "approved" });
  });

  test("that the account has none of cannot be prepared", async () => {
    const order = paidOrder("o1", { methods: ["klarna"] });
    const outcome = await stripe.prepare({ order, money, key: key() });
    expect(outcome).toMatchObject({ kind: "misconfigured" });
  });
});

describe("after the capture", () => {
  const part = (paymentId: string, refundId: string, amount: number, useKey = key()) =>
    stripe.refundPart({ paymentId, refundId, money: { amount, currency: "EUR" }, key: useKey });
  const settlement = (paymentId: string) => stripe.settlement({ paymentId, currency: "EUR" });
  const standing = async (paymentId: string) => {
    const outcome = await stripe.lookup({ paymentId });
    return outcome.kind === "found" ? outcome.standing.kind : outcome.kind;
  };

  test("parts are refunded once per key, until nothing is left", async () => {
    const id = await captured();
    const used = key();
    const first = await part(id, "rf_1", 900, used);
    const providerId = expect.stringMatching(/^re_/);
    expect(first).toEqual({ kind: "refunded", providerId, state: "succeeded" });
    expect(await part(id, "rf_1", 900, used)).toEqual(first);
    expect(await standing(id)).toBe("captured");
    expect(await sandbox.payment(id)).toMatchObject({ captured: 12_900, refunded: 900 });
    expect(await part(id, "rf_2", 12_000)).toMatchObject({ kind: "refunded" });
    expect(await standing(id)).toBe("refunded");
    const declined = { kind: "declined", reason: "charge_already_refunded" };
    expect(await part(id, "rf_3", 1)).toEqual(declined);
  });

  test("a refund that an earlier call made is found, whatever the key", async () => {
    const id = await captured();
    const made = await part(id, "rf_1", 12_900);
    expect(await part(id, "rf_1", 12_900)).toEqual(made);
    expect(await sandbox.payment(id)).toMatchObject({ refunded: 12_900 });
  });

  test("no more is refunded than is left, and a balance that is too low refuses", async () => {
    const id = await captured();
    await part(id, "rf_1", 12_000);
    expect(await part(id, "rf_2", 901)).toMatchObject({ kind: "declined" });
    await control(sandbox, "PUT", "/account", { balance: "insufficient" });
    const declined = { kind: "declined", reason: "insufficient_funds" };
    expect(await part(id, "rf_3", 900)).toEqual(declined);
    expect(await sandbox.payment(id)).toMatchObject({ refunded: 12_000 });
  });

  test("a refund may be pending, then fail, and its settlement says so", async () => {
    await control(sandbox, "PUT", "/account", { refunds: "pending" });
    const id = await captured();
    const made = await part(id, "rf_1", 900);
    expect(made).toMatchObject({ kind: "refunded", state: "pending" });
    const ours = { refundId: "rf_1", amount: 900 };
    expect(await settlement(id)).toMatchObject({ refunds: [{ ...ours, state: "pending" }] });
    const refund = made.kind === "refunded" ? made.providerId : "";
    const failed = { status: "failed", failureReason: "expired_or_canceled_card" };
    await control(sandbox, "POST", `/refunds/${refund}`, failed);
    const failure = "expired_or_canceled_card";
    expect(await settlement(id)).toMatchObject({
      refunds: [{ ...ours, state: "failed", failure }],
    });
    expect(await sandbox.payment(id)).toMatchObject({ refunded: 0 });
  });

  test("refunds of the dashboard are in the settlement, with the dispute", async () => {
    const id = await captured();
    expect(await settlement(id)).toEqual({ kind: "found", refunds: [], dispute: null });
    await control(sandbox, "POST", `/payments/${id}/refund`, { amount: 300 });
    await part(id, "rf_1", 900);
    const dispute = await control(sandbox, "POST", `/payments/${id}/dispute`, { amount: 5000 });
    const open = {
      id: dispute["id"],
      status: "needs_response",
      isClosed: false,
      amount: 5000,
      reason: "fraudulent",
    };
    expect(await settlement(id)).toMatchObject({
      refunds: [
        { refundId: null, amount: 300 },
        { refundId: "rf_1", amount: 900 },
      ],
      dispute: open,
    });
    const refused = { kind: "declined", reason: "charge_disputed" };
    expect(await part(id, "rf_2", 100)).toEqual(refused);
    expect(await standing(id)).toBe("captured");
    await control(sandbox, "POST", `/disputes/${String(dispute["id"])}`, { status: "won" });
    const closed = { dispute: { status: "won", isClosed: true } };
    expect(await settlement(id)).toMatchObject(closed);
  });

  test("an undone order gets back what is left", async () => {
    const id = await captured();
    await part(id, "rf_1", 900);
    expect(await stripe.refund({ paymentId: id, key: key() })).toEqual({ kind: "approved" });
    expect(await sandbox.payment(id)).toMatchObject({ refunded: 12_900 });
  });

  test("refunds of many pages are all in the settlement", async () => {
    const id = await captured();
    const made = Array.from({ length: 120 }, (_, index) => `rf_${index}`);
    for (const refund of made) await part(id, refund, 1);
    const found = await settlement(id);
    const ids = found.kind === "found" ? found.refunds.map(({ refundId }) => refundId) : [];
    expect(ids).toEqual(made);
  });
});
