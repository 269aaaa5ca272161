/**
 * The Stripe adapter with the sandbox provider: every outcome of every operation, on Node and
 * inside workerd. The tests check the outcome and also the provider's own ledger.
 */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import type { PaymentBackend } from "../../src/domain/order/payment-backend.ts";
import { paidOrder } from "../node/support/paid-order.ts";
import { type SandboxHost, startSandbox } from "./support/sandbox-host.ts";

const money = { amount: 12_900, currency: "EUR" };
const returnUrl = "https://shop.example/orders/o1?key=k1";

let sandbox: SandboxHost;

beforeAll(async () => {
  sandbox = await startSandbox();
}, 60_000);

afterAll(() => sandbox.stop());

beforeEach(() => sandbox.reset());

describe.each(["Node", "workerd"] as const)("the Stripe adapter on %s", (runtime) => {
  let stripe: PaymentBackend;
  let keys = 0;

  beforeEach(() => {
    stripe = sandbox.backend(runtime);
  });

  /** A new key. */
  const key = () => `${runtime}-${++keys}`;

  async function prepared(orderId = "o1"): Promise<string> {
    const outcome = await stripe.prepare({ order: paidOrder(orderId), money, key: key() });
    if (outcome.kind !== "prepared") throw new Error(`not prepared: ${JSON.stringify(outcome)}`);
    return outcome.paymentId;
  }

  const authorize = (paymentId: string, method: string, useKey = key()) =>
    stripe.authorize({ paymentId, method, returnUrl, key: useKey });

  const capture = (paymentId: string, useKey = key()) =>
    stripe.capture({ paymentId, money, key: useKey });

  async function authorized(method = "pm_card_visa"): Promise<string> {
    const paymentId = await prepared();
    expect(await authorize(paymentId, method)).toMatchObject({ kind: "approved" });
    return paymentId;
  }

  async function captured(): Promise<string> {
    const paymentId = await authorized();
    expect(await capture(paymentId)).toEqual({ kind: "approved" });
    return paymentId;
  }

  async function standing(paymentId: string): Promise<string> {
    const outcome = await stripe.lookup({ paymentId });
    return outcome.kind === "found" ? outcome.standing.kind : outcome.kind;
  }

  test("preparing creates a payment and moves no money", async () => {
    const id = await prepared("order-7");
    expect(await sandbox.payment(id)).toMatchObject({
      order: "order-7",
      amount: 12_900,
      currency: "EUR",
      status: "requires_payment_method",
      method: null,
      authorized: 0,
      captured: 0,
    });
    expect(await standing(id)).toBe("prepared");
  });

  test("authorizing reserves the amount and captures none of it", async () => {
    const id = await authorized();
    expect(await sandbox.payment(id)).toMatchObject({ authorized: 12_900, captured: 0 });
    expect(await standing(id)).toBe("authorized");
  });

  test("capturing captures once, and a repetition is approved without capturing more", async () => {
    const id = await captured();
    expect(await capture(id)).toEqual({ kind: "approved" });
    expect(await sandbox.payment(id)).toMatchObject({ authorized: 12_900, captured: 12_900 });
    expect(await standing(id)).toBe("captured");
  });

  test("voiding releases the reservation, and a repetition is approved", async () => {
    const id = await authorized();
    expect(await stripe.void({ paymentId: id, key: key() })).toEqual({ kind: "approved" });
    expect(await stripe.void({ paymentId: id, key: key() })).toEqual({ kind: "approved" });
    expect(await sandbox.payment(id)).toMatchObject({ authorized: 12_900, voided: 12_900 });
    expect(await standing(id)).toBe("voided");
  });

  test("refunding refunds everything once, and a repetition is approved", async () => {
    const id = await captured();
    expect(await stripe.refund({ paymentId: id, key: key() })).toEqual({ kind: "approved" });
    expect(await stripe.refund({ paymentId: id, key: key() })).toEqual({ kind: "approved" });
    expect(await sandbox.payment(id)).toMatchObject({ captured: 12_900, refunded: 12_900 });
    expect(await standing(id)).toBe("refunded");
  });

  test.each([
    ["pm_card_chargeDeclined", "generic_decline"],
    ["pm_card_chargeDeclinedInsufficientFunds", "insufficient_funds"],
    ["pm_card_chargeDeclinedExpiredCard", "expired_card"],
    ["pm_card_chargeDeclinedProcessingError", "processing_error"],
  ])("%s is declined as %s, now and when looked up", async (method, reason) => {
    const paymentId = await prepared();
    expect(await authorize(paymentId, method)).toEqual({ kind: "declined", reason });
    const found = { kind: "found", standing: { kind: "declined", reason, mayReopen: true } };
    expect(await stripe.lookup({ paymentId })).toEqual(found);
    expect(await sandbox.payment(paymentId)).toMatchObject({ method, authorized: 0 });
  });

  test("a declined payment can be paid with another card", async () => {
    const id = await prepared();
    await authorize(id, "pm_card_chargeDeclined");
    expect(await authorize(id, "pm_card_mastercard")).toMatchObject({ kind: "approved" });
    expect(await standing(id)).toBe("authorized");
  });

  test("an unknown payment method is declined, so that other details can be entered", async () => {
    const id = await prepared();
    const declined = { kind: "declined", reason: "payment_details_expired" };
    expect(await authorize(id, "pm_unheard_of")).toEqual(declined);
    expect(await standing(id)).toBe("prepared");
  });

  test("a card with authentication is authorized when the shopper accepts", async () => {
    const paymentId = await prepared();
    const outcome = await authorize(paymentId, "pm_card_authenticationRequired");
    const url = `${sandbox.url}/sandbox/authenticate/${paymentId}`;
    const clientSecret = expect.stringMatching(`^${paymentId}_secret_`);
    const asks = { kind: "action_required", url, clientSecret };
    expect(outcome).toEqual(asks);
    const found = { kind: "found", standing: asks };
    expect(await stripe.lookup({ paymentId })).toEqual(found);
    expect(await decide(url, "accept")).toBe(
      `${returnUrl}&payment_intent=${paymentId}&redirect_status=succeeded`,
    );
    expect(await standing(paymentId)).toBe("authorized");
  });

  test("a card with authentication is declined when the shopper refuses, and another can pay", async () => {
    const paymentId = await prepared();
    await authorize(paymentId, "pm_card_authenticationRequired");
    await decide(`${sandbox.url}/sandbox/authenticate/${paymentId}`, "refuse");
    const reason = "payment_intent_authentication_failure";
    const found = { kind: "found", standing: { kind: "declined", reason, mayReopen: true } };
    expect(await stripe.lookup({ paymentId })).toEqual(found);
    expect(await authorize(paymentId, "pm_card_visa")).toMatchObject({ kind: "approved" });
  });

  test("a capture that fails for good is declined and the payment can be voided", async () => {
    const id = await authorized("pm_sandbox_captureFails");
    const expired = { kind: "declined", reason: "charge_expired_for_capture" };
    expect(await capture(id)).toEqual(expired);
    expect(await capture(id)).toEqual(expired);
    expect(await stripe.void({ paymentId: id, key: key() })).toEqual({ kind: "approved" });
    expect(await sandbox.payment(id)).toMatchObject({ captured: 0, voided: 12_900 });
  });

  test("an operation that the payment's state does not allow is declined and changes nothing", async () => {
    const declined = (reason: string) => ({ kind: "declined", reason });
    const open = await prepared();
    expect(await capture(open)).toEqual(declined("payment_prepared"));
    const refund = (paymentId: string) => stripe.refund({ paymentId, key: key() });
    expect(await refund(open)).toMatchObject({ kind: "declined" });
    const taken = await captured();
    const voided = await stripe.void({ paymentId: taken, key: key() });
    expect(voided).toEqual(declined("payment_captured"));
    const freed = await authorized();
    await stripe.void({ paymentId: freed, key: key() });
    expect(await capture(freed)).toEqual(declined("payment_voided"));
    expect(await refund(freed)).toMatchObject({ kind: "declined" });
    expect(await standing(open)).toBe("prepared");
    expect(await standing(taken)).toBe("captured");
    expect(await standing(freed)).toBe("voided");
  });

  test("authorizing an authorized payment is approved, and not charged again", async () => {
    const id = await authorized();
    expect(await authorize(id, "pm_card_mastercard")).toMatchObject({ kind: "approved" });
    expect(await sandbox.payment(id)).toMatchObject({ method: "pm_card_visa", authorized: 12_900 });
  });

  test("authorizing a voided payment is declined", async () => {
    const id = await authorized();
    await stripe.void({ paymentId: id, key: key() });
    const declined = { kind: "declined", reason: "payment_voided" };
    expect(await authorize(id, "pm_card_visa")).toEqual(declined);
  });

  test("one key makes one payment, even for concurrent requests", async () => {
    const request = { order: paidOrder("o1"), money, key: key() };
    const outcomes = await Promise.all(Array.from({ length: 10 }, () => stripe.prepare(request)));
    const first = outcomes[0];
    expect(first).toMatchObject({ kind: "prepared" });
    for (const outcome of outcomes) expect(outcome).toEqual(first);
    expect((await sandbox.ledger()).summary.payments).toBe(1);
  });

  test("the same key for another request is refused, and an authorized payment is unchanged", async () => {
    const used = key();
    await stripe.prepare({ order: paidOrder("o1"), money, key: used });
    const other = await stripe.prepare({ order: paidOrder("o2"), money, key: used });
    expect(other).toMatchObject({ kind: "unknown" });
    const id = await prepared();
    const confirmKey = key();
    await authorize(id, "pm_card_visa", confirmKey);
    const again = await authorize(id, "pm_card_mastercard", confirmKey);
    expect(again).toMatchObject({ kind: "approved" });
  });

  test("with a wrong API key no payment is declined: it is misconfigured, or waits", async () => {
    const paymentId = await authorized();
    const wrong = sandbox.backend(runtime, { apiKey: "sk_live_wrong" });
    const later = {
      kind: "retry",
      after_s: 60,
      reason: expect.stringContaining("refuses the API key"),
    };
    const prepare = await wrong.prepare({ order: paidOrder("o2"), money, key: key() });
    expect(prepare).toMatchObject({ kind: "misconfigured", isKeyRefused: true });
    expect(await wrong.capture({ paymentId, money, key: key() })).toEqual(later);
    expect(await wrong.lookup({ paymentId })).toEqual(later);
  });

  test("a payment that the account does not have is looked up again, never declined", async () => {
    const later = { kind: "retry", after_s: 60 };
    expect(await stripe.lookup({ paymentId: "pi_nobody" })).toMatchObject(later);
  });

  test("a provider that cannot be reached is unknown", async () => {
    const nowhere = sandbox.backend(runtime, { baseUrl: "http://127.0.0.1:1" });
    const outcome = await nowhere.prepare({ order: paidOrder("o1"), money, key: key() });
    expect(outcome).toMatchObject({ kind: "unknown" });
  });
});

/** Submits the sandbox's form like a browser, and returns the URL to which it redirects. */
async function decide(url: string, decision: "accept" | "refuse"): Promise<string | null> {
  const page = await fetch(url);
  expect(await page.text()).toContain(`value="${decision}"`);
  const body = new URLSearchParams({ decision });
  const response = await fetch(url, { method: "POST", body, redirect: "manual" });
  expect(response.status).toBe(303);
  return response.headers.get("location");
}
