/**
 * An answer from Stripe's address that the adapter cannot read is `unknown`: nothing is declined,
 * approved or found on a guess.
 */
import * as fc from "fast-check";
import Stripe from "stripe";
import { expect, test } from "vitest";
import { paymentsThrough } from "../../../queues/backends/stripe.ts";
import type { StripeCalls } from "../../../queues/backends/stripe-calls.ts";
import { paidOrder } from "../support/paid-order.ts";

const STATUSES: ReadonlySet<unknown> = new Set([
  "requires_payment_method",
  "requires_confirmation",
  "requires_action",
  "requires_capture",
  "succeeded",
  "canceled",
]);
const anything = fc.anything({ withBigInt: true, withDate: true, withMap: true, maxDepth: 2 });
const garbled = fc.record({ field: fc.constantFrom("object", "id", "status"), value: anything });
const answers = fc.oneof(
  anything,
  garbled
    .filter(({ field, value }) => {
      if (field === "status") return typeof value !== "string" || !STATUSES.has(value);
      if (field === "object") return value !== "payment_intent";
      return typeof value !== "string" || value === "" || value.length > 255;
    })
    .map(({ field, value }) => {
      return { object: "payment_intent", id: "pi_1", status: "requires_capture", [field]: value };
    }),
);
const errors = fc.oneof(
  anything.map((thrown) => () => Promise.reject(thrown)),
  fc.constant(() => Promise.reject(new Stripe.errors.StripeConnectionError())),
  fc.integer({ min: 500, max: 599 }).map((statusCode) => () => {
    return Promise.reject(new Stripe.errors.StripeAPIError({ type: "api_error", statusCode }));
  }),
);
const behaviours = fc.oneof(
  answers.map((answer) => () => Promise.resolve(answer)),
  errors,
);

function callsThat(behave: () => Promise<unknown>): StripeCalls {
  const paymentIntents = {
    create: behave,
    confirm: behave,
    capture: behave,
    cancel: behave,
    retrieve: behave,
  };
  return { paymentIntents, refunds: { create: behave, list: behave }, disputes: { list: behave } };
}

const OPERATIONS = [
  ...(["prepare", "authorize", "capture", "void", "refund"] as const),
  ...(["refundPart", "settlement", "lookup"] as const),
];

test.each(OPERATIONS)("%s: an answer that cannot be read is unknown", async (operation) => {
  const property = fc.asyncProperty(behaviours, async (behave) => {
    const backend = paymentsThrough(
      callsThat(behave),
      () => 5000,
      () => 0,
    );
    const request = {
      order: paidOrder(),
      refundId: "rf_1",
      currency: "EUR",
      paymentId: "pi_1",
      method: "pm_card_visa",
      returnUrl: "https://shop.example",
      money: { amount: 100, currency: "EUR" },
      key: "k",
    };
    const outcome = await backend[operation](request);
    // Preparing needs the payment's id and nothing else of the answer.
    const allowed = operation === "prepare" ? ["unknown", "prepared"] : ["unknown"];
    expect(allowed).toContain(outcome.kind);
  });
  await fc.assert(property, { numRuns: 300 });
});
