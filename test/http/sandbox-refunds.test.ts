/**
 * Refunds, disputes, wallet domains and keys at the sandbox, through the official Stripe SDK and
 * the control plane.
 */
import type Stripe from "stripe";
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import { type SandboxHost, startSandbox } from "./support/sandbox-host.ts";
import { cardOf, control, errorOf, newToken, stripeSdk } from "./support/sandbox-stripe.ts";

let sandbox: SandboxHost;
let stripe: Stripe;

beforeAll(async () => {
  sandbox = await startSandbox();
  stripe = stripeSdk(sandbox);
}, 60_000);

afterAll(() => sandbox.stop());

beforeEach(() => sandbox.reset());

function newIntent() {
  return stripe.paymentIntents.create({
    amount: 5000,
    currency: "eur",
    capture_method: "manual",
    metadata: { order: "o1" },
  });
}

/** A captured payment and the id of its charge. */
async function captured(token: string | null = null, method = "pm_card_visa") {
  const { id } = await newIntent();
  const paidWith = token === null ? { payment_method: method } : { confirmation_token: token };
  const return_url = "https://shop.example/orders/o1";
  await stripe.paymentIntents.confirm(id, { ...paidWith, return_url });
  const { latest_charge } = await stripe.paymentIntents.capture(id);
  if (typeof latest_charge !== "string") throw new Error("the charge was not expanded");
  return { id, latest_charge };
}

describe("a refund", () => {
  const RETRIES = { timeout: 10_000, interval: 50 };

  test("in part has its amount, reason and metadata, and is listed newest first", async () => {
    const { id, latest_charge } = await captured();
    const first = await stripe.refunds.create({
      payment_intent: id,
      amount: 1200,
      reason: "requested_by_customer",
      metadata: { refund: "r1" },
    });
    expect(first).toMatchObject({
      object: "refund",
      amount: 1200,
      charge: latest_charge,
      payment_intent: id,
      reason: "requested_by_customer",
      metadata: { refund: "r1" },
      status: "succeeded",
    });
    const second = await stripe.refunds.create({ charge: latest_charge, amount: 300 });
    const list = await stripe.refunds.list({ payment_intent: id });
    expect(list.data.map((refund) => refund.id)).toEqual([second.id, first.id]);
    const page = await stripe.refunds.list({ payment_intent: id, limit: 1 });
    expect(page).toMatchObject({ has_more: true, data: [{ id: second.id }] });
    const next = await stripe.refunds.list({ payment_intent: id, starting_after: second.id });
    expect(next).toMatchObject({ has_more: false, data: [{ id: first.id }] });
    expect(await stripe.refunds.retrieve(first.id)).toMatchObject({ amount: 1200 });
    const intent = await stripe.paymentIntents.retrieve(id, {
      expand: ["latest_charge.refunds"],
    });
    expect(intent.latest_charge).toMatchObject({
      amount_refunded: 1500,
      refunded: false,
      refunds: { data: [{ id: second.id }, { id: first.id }] },
    });
  });

  test.each([
    ["4000000000007726", "pending", "succeeded", 5000],
    ["4000000000005126", "succeeded", "failed", 0],
  ])("of card %s is first %s, then %s", async (number, first, last, refunded) => {
    await control(sandbox, "PUT", "/account", { refundSettles_ms: 300 });
    const { id } = await captured(await newToken(sandbox, cardOf(number)));
    const refund = await stripe.refunds.create({ payment_intent: id });
    expect(refund.status).toBe(first);
    await vi.waitUntil(async () => {
      return (await stripe.refunds.retrieve(refund.id)).status === last;
    }, RETRIES);
    expect((await sandbox.payment(id)).refunded).toBe(refunded);
  });

  test("is pending until it is settled, on demand", async () => {
    await control(sandbox, "PUT", "/account", { refunds: "pending" });
    const { id } = await captured();
    const refund = await stripe.refunds.create({ payment_intent: id, amount: 400 });
    expect(refund).toMatchObject({ status: "pending", pending_reason: "processing" });
    const failureReason = "lost_or_stolen_card";
    await control(sandbox, "POST", `/refunds/${refund.id}`, { status: "failed", failureReason });
    const failed = await stripe.refunds.retrieve(refund.id);
    expect(failed).toMatchObject({ status: "failed", failure_reason: failureReason });
    expect(await sandbox.payment(id)).toMatchObject({
      refunded: 0,
      refunds: [{ status: "failed" }],
    });
  });

  test("made at the dashboard is found by the list", async () => {
    const { id } = await captured();
    await control(sandbox, "POST", `/payments/${id}/refund`, { amount: 700 });
    const list = await stripe.refunds.list({ payment_intent: id });
    expect(list.data).toMatchObject([{ amount: 700, metadata: {}, status: "succeeded" }]);
  });

  test("is refused with Stripe's codes", async () => {
    const refund = (payment_intent: string, amount?: number) => {
      return errorOf(stripe.refunds.create({ payment_intent, ...(amount ? { amount } : {}) }));
    };
    const { id } = await captured();
    const more = await refund(id, 5001);
    expect(more).toMatchObject({ status: 400, param: "amount" });
    expect(more.code).toBeUndefined();
    await control(sandbox, "PUT", "/account", { balance: "insufficient" });
    expect((await refund(id)).message).toContain("Insufficient funds in your Stripe balance");
    await control(sandbox, "PUT", "/account", {});
    await stripe.refunds.create({ payment_intent: id });
    expect(await refund(id)).toMatchObject({ status: 400, code: "charge_already_refunded" });
    const disputed = await captured(await newToken(sandbox, cardOf("4000000000000259")));
    expect(await refund(disputed.id)).toMatchObject({ status: 400, code: "charge_disputed" });
    expect(await refund("pi_none")).toMatchObject({ status: 404, code: "resource_missing" });
    expect(await refund((await newIntent()).id)).toMatchObject({ status: 400 });
  });
});

describe("a dispute", () => {
  test("follows the capture of its card, and is listed by payment and by charge", async () => {
    const { id, latest_charge } = await captured(null, "pm_card_createDispute");
    const list = await stripe.disputes.list({ payment_intent: id });
    expect(list.data).toMatchObject([
      { object: "dispute", amount: 5000, charge: latest_charge, status: "needs_response" },
    ]);
    const byCharge = await stripe.disputes.list({ charge: latest_charge });
    expect(byCharge.data).toEqual(list.data);
    const intent = await stripe.paymentIntents.retrieve(id, { expand: ["latest_charge"] });
    expect(intent.latest_charge).toMatchObject({ disputed: true });
  });

  test("opened on demand is won or lost on demand, once", async () => {
    const { id } = await captured();
    const made = await control(sandbox, "POST", `/payments/${id}/dispute`, {
      reason: "product_not_received",
    });
    const dispute = String(made["id"]);
    expect(await stripe.disputes.retrieve(dispute)).toMatchObject({
      reason: "product_not_received",
      is_charge_refundable: false,
      payment_intent: id,
      metadata: {},
    });
    await control(sandbox, "POST", `/disputes/${dispute}`, { status: "won" });
    expect((await stripe.disputes.retrieve(dispute)).status).toBe("won");
    const again = control(sandbox, "POST", `/disputes/${dispute}`, { status: "lost" });
    await expect(again).rejects.toThrow("409");
    await stripe.refunds.create({ payment_intent: id });
  });

  test("that is an inquiry leaves the payment refundable", async () => {
    const { id } = await captured(null, "pm_card_createDisputeInquiry");
    await stripe.refunds.create({ payment_intent: id });
    expect(await sandbox.payment(id)).toMatchObject({
      refunded: 5000,
      dispute: { status: "warning_needs_response" },
    });
  });
});

test("a domain is registered once, listed, validated and switched off", async () => {
  const domains = stripe.paymentMethodDomains;
  const made = await domains.create({ domain_name: "shop.example.com" });
  expect(made).toMatchObject({ enabled: true, apple_pay: { status: "active" } });
  expect((await domains.create({ domain_name: "shop.example.com" })).id).toBe(made.id);
  const listed = await domains.list({ domain_name: "shop.example.com" });
  expect(listed.data.map(({ id }) => id)).toEqual([made.id]);
  expect(await domains.validate(made.id)).toMatchObject({ google_pay: { status: "active" } });
  const off = await domains.update(made.id, { enabled: false });
  expect(off).toMatchObject({ enabled: false, apple_pay: { status: "inactive" } });
  const wrong = await errorOf(domains.create({ domain_name: "localhost" }));
  expect(wrong).toMatchObject({ status: 400, param: "domain_name" });
});

test("a refused key is 401 for every call, until it is accepted again", async () => {
  const { id } = await newIntent();
  await control(sandbox, "PUT", "/account", { key: "refused" });
  expect(await errorOf(stripe.paymentIntents.retrieve(id))).toMatchObject({ status: 401 });
  await control(sandbox, "PUT", "/account", {});
  expect((await stripe.paymentIntents.retrieve(id)).id).toBe(id);
});
