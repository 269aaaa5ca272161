/**
 * The sandbox's webhook events: which types a change of a payment sends, with which objects, and
 * metadata only where Stripe has it.
 */
import { expect, test } from "vitest";
import { z } from "zod";
import { Account } from "../../../simulation/sandbox/account.ts";
import { moveDispute, openDispute } from "../../../simulation/sandbox/disputes.ts";
import { applyCommand, type Command, createPayment } from "../../../simulation/sandbox/payment.ts";
import type { Payment } from "../../../simulation/sandbox/payment-schema.ts";
import { refundPayment, settleRefund } from "../../../simulation/sandbox/refunds.ts";
import { eventsOf } from "../../../simulation/sandbox/webhooks.ts";

const METADATA = { order: "o1", sale: "drop" };

const eventSchema = z.object({
  type: z.string(),
  livemode: z.literal(false),
  data: z.object({
    object: z.looseObject({ object: z.string(), metadata: z.record(z.string(), z.string()) }),
    previous_attributes: z.record(z.string(), z.unknown()).optional(),
  }),
});

function eventsBetween(before: Payment | null, after: Payment) {
  const bodies = eventsOf(before, after, { newId: () => "evt_1", origin: "https://x", now: 0 });
  return bodies.map((body) => eventSchema.parse(JSON.parse(body)));
}

function typesBetween(before: Payment | null, after: Payment): string[] {
  return eventsBetween(before, after).map(({ type }) => type);
}

function newPayment(): Payment {
  const wanted = { amount: 500, currency: "eur", order: "o1", metadata: METADATA };
  return createPayment(wanted, { id: "pi_1", clientSecret: "pi_1_secret_1" }, 0);
}

function after(payment: Payment, command: Command): Payment {
  return applyCommand(payment, command, { charge: "ch_1", now: 0 }).payment;
}

function confirmed(method = "pm_card_visa"): Payment {
  return after(newPayment(), { kind: "confirm", method, returnUrl: "https://shop.example" });
}

const captured = (): Payment => after(confirmed(), { kind: "capture", amount: null });

const refundOf = (payment: Payment, course: Account["refunds"] = "by_card") => {
  const account = Account.parse({ refunds: course });
  const wanted = { id: "re_1", amount: 200, reason: null, metadata: { refund: "r1" } };
  return refundPayment(payment, wanted, account, 0).payment;
};

test.each<[string, Payment, string[]]>([
  ["is authorized", confirmed(), ["payment_intent.amount_capturable_updated"]],
  ["is refused", confirmed("pm_card_chargeDeclined"), ["payment_intent.payment_failed"]],
  ["waits for its shopper", confirmed("pm_card_authenticationRequired"), []],
  ["is cancelled", after(newPayment(), { kind: "cancel" }), ["payment_intent.canceled"]],
])("a payment that %s sends its event", (_name, changed, types) => {
  expect(typesBetween(newPayment(), changed)).toEqual(types);
});

test("a new payment, and a change of nothing, send no event", () => {
  expect(typesBetween(null, newPayment())).toEqual([]);
  expect(typesBetween(captured(), captured())).toEqual([]);
});

test("a capture sends one event, with the intent and its metadata", () => {
  const [event, ...others] = eventsBetween(confirmed(), captured());
  expect(others).toEqual([]);
  expect(event?.type).toBe("payment_intent.succeeded");
  expect(event?.data.object).toMatchObject({ object: "payment_intent", metadata: METADATA });
});

test("a refund sends itself with its own metadata, and the charge with the intent's", () => {
  const [created, refunded] = eventsBetween(captured(), refundOf(captured()));
  expect(created).toMatchObject({
    type: "refund.created",
    data: { object: { object: "refund", payment_intent: "pi_1", metadata: { refund: "r1" } } },
  });
  expect(refunded).toMatchObject({
    type: "charge.refunded",
    data: {
      object: { object: "charge", amount_refunded: 200, metadata: METADATA },
      previous_attributes: { amount_refunded: 0 },
    },
  });
});

test("a refund that settles sends an update, and a failure too when it failed", () => {
  const pending = refundOf(captured(), "pending");
  const succeeded = settleRefund(pending, "re_1", "succeeded") ?? pending;
  expect(typesBetween(pending, succeeded)).toEqual(["refund.updated"]);
  const failed = settleRefund(succeeded, "re_1", "failed") ?? succeeded;
  const [updated, failure] = eventsBetween(succeeded, failed);
  expect(updated?.data.previous_attributes).toEqual({ status: "succeeded" });
  expect(failure).toMatchObject({
    type: "refund.failed",
    data: { object: { status: "failed", failure_reason: "expired_or_canceled_card" } },
  });
});

test("a dispute is created, updated and closed, without the payment's metadata", () => {
  const wanted = { id: "du_1", reason: "fraudulent", isInquiry: false, amount: null };
  const open = openDispute(captured(), wanted, 0) ?? captured();
  const [created, ...others] = eventsBetween(captured(), open);
  expect(others).toEqual([]);
  expect(created).toMatchObject({
    type: "charge.dispute.created",
    data: { object: { object: "dispute", payment_intent: "pi_1", charge: "ch_1", metadata: {} } },
  });
  const reviewed = moveDispute(open, "under_review") ?? open;
  expect(typesBetween(open, reviewed)).toEqual(["charge.dispute.updated"]);
  const lost = moveDispute(reviewed, "lost") ?? reviewed;
  expect(typesBetween(reviewed, lost)).toEqual(["charge.dispute.closed"]);
});
