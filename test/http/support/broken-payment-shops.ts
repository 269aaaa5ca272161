/** The example shop with the mistakes that a payment server can make, one each. */
import { setTimeout as delay } from "node:timers/promises";
import type { Payment } from "../../../examples/shop/payments.ts";
import { answer, type Reply } from "../../../examples/shop/replies.ts";
import {
  UncomparedReplies,
  NoReplies,
  checkingFirst,
  type Mistake,
  replying,
  SHARED_MISTAKES,
  answerOf,
} from "./broken-shops.ts";
import { REFUND_MISTAKES } from "./broken-refund-shops.ts";
import { paymentCore, type Step } from "./changed-payments.ts";

const reserveAgain: Step = (payment, real) => {
  if (payment.standing !== "authorized") return real(payment);
  payment.authorized += payment.amount;
  return answer("approved");
};

function captureAgain(payment: Payment, amount: number, real: () => Reply): Reply {
  if (payment.standing !== "captured") return real();
  payment.authorized += amount;
  payment.captured += amount;
  return answer("approved");
}

export const PAYMENT_MISTAKES: readonly Mistake[] = [
  ...SHARED_MISTAKES,
  ...REFUND_MISTAKES,
  [
    "forgets what it reserved",
    "authorize",
    replying((reply) => {
      return answerOf(reply) === "found"
        ? { ...reply, body: { ...reply.body, authorized: 0 } }
        : reply;
    }),
  ],
  [
    "approves captures and captures nothing",
    "capture",
    () => paymentCore({ capture: () => answer("approved") }),
  ],
  [
    "approves voids and releases nothing",
    "void",
    () => paymentCore({ void: () => answer("approved") }),
  ],
  [
    "refunds half of the amount",
    "refund",
    () =>
      paymentCore({
        refund: (payment) => {
          payment.refunded = payment.amount / 2;
          return answer("approved");
        },
      }),
  ],
  [
    "reserves twice under the same key",
    "authorize-same-key",
    () => paymentCore({ authorize: reserveAgain }, new NoReplies()),
  ],
  [
    "reserves again under another key",
    "authorize-other-key",
    () => paymentCore({ authorize: reserveAgain }),
  ],
  [
    "checks the key and then waits for the bank",
    "authorize-at-once",
    checkingFirst(paymentCore({ authorize: reserveAgain }, new NoReplies())),
  ],
  [
    "captures twice under the same key",
    "capture-same-key",
    () => paymentCore({ capture: captureAgain }, new NoReplies()),
  ],
  [
    "captures again under another key",
    "capture-other-key",
    () => paymentCore({ capture: captureAgain }),
  ],
  [
    "captures twice for two concurrent requests",
    "capture-at-once",
    checkingFirst(paymentCore({ capture: captureAgain }, new NoReplies())),
  ],
  [
    "prepares a new payment for the same key",
    "prepare-same-key",
    () => paymentCore({}, new NoReplies()),
  ],
  [
    "accepts a key for another request",
    "key-of-another-request",
    () => paymentCore({}, new UncomparedReplies()),
  ],
  [
    "captures a voided payment",
    "capture-after-void",
    () =>
      paymentCore({
        capture: (payment, _amount, real) => {
          if (payment.standing === "voided") payment.standing = "authorized";
          return real();
        },
      }),
  ],
  [
    "approves a capture after a void and does nothing",
    "capture-after-void",
    () =>
      paymentCore({
        capture: ({ standing }, _amount, real) =>
          standing === "voided" ? answer("approved") : real(),
      }),
  ],
  [
    "forgets the void of a payment without a reservation",
    "authorize-after-void",
    () =>
      paymentCore({
        void: (payment, real) =>
          payment.standing === "prepared" ? answer("approved") : real(payment),
      }),
  ],
  [
    "cannot void a declined payment",
    "void-after-decline",
    () =>
      paymentCore({
        void: (payment, real) => {
          if (payment.standing !== "declined") return real(payment);
          return answer("declined", { reason: "payment_declined" });
        },
      }),
  ],
  [
    "approves the void of a captured payment",
    "void-after-capture",
    () => paymentCore({ void: () => answer("approved") }),
  ],
  [
    "captures what was never reserved",
    "capture-before-authorize",
    () =>
      paymentCore({
        capture: (payment, amount, real) => {
          if (payment.standing === "prepared") {
            payment.standing = "authorized";
            payment.authorized = amount;
          }
          return real();
        },
      }),
  ],
  [
    "captures another amount than was prepared",
    "capture-of-another-amount",
    () =>
      paymentCore({
        capture: (payment, amount, real) => {
          if (amount === payment.amount) return real();
          payment.standing = "captured";
          payment.captured = amount;
          return answer("approved");
        },
      }),
  ],
  [
    "refunds twice",
    "refund-again",
    () =>
      paymentCore({
        refund: (payment, real) => {
          if (payment.standing !== "refunded") return real(payment);
          payment.refunded += payment.amount;
          return answer("approved");
        },
      }),
  ],
  [
    "approves the refund of a payment that was not captured",
    "refund-before-capture",
    () =>
      paymentCore({
        refund: (payment, real) =>
          payment.standing === "authorized" ? answer("approved") : real(payment),
      }),
  ],
  [
    "answers 200 to unknown look-ups",
    "lookup-unknown",
    replying((reply, { type, payment }) => {
      if (type !== "payment.lookup" || reply.status !== 404) return reply;
      const totals = { authorized: 0, captured: 0, refunded: 0 };
      return answer("found", { payment, standing: "prepared", ...totals });
    }),
  ],
  [
    "approves steps of payments it does not know",
    "steps-of-unknown",
    replying((reply, { type }) => {
      return type === "payment.void" && reply.status === 404 ? answer("approved") : reply;
    }),
  ],
  [
    "declines with a sentence",
    "decline",
    replying((reply) => {
      return answerOf(reply) === "declined"
        ? answer("declined", { reason: "Card declined." })
        : reply;
    }),
  ],
  [
    "reserves what it declines",
    "decline",
    () =>
      paymentCore({
        authorize: (payment, real) => {
          payment.authorized = payment.amount;
          return real(payment);
        },
      }),
  ],
  [
    "approves a payment method that does not exist",
    "unknown-method",
    replying((reply, { method }) => (method === "test_of_nothing" ? answer("approved") : reply)),
  ],
  [
    "repeats a decline with another reason",
    "decline-same-key",
    replying((reply) => {
      if (answerOf(reply) !== "declined" || reply.body["reason"] !== "card_declined") return reply;
      return answer("declined", { reason: `no_${crypto.randomUUID().slice(0, 8)}` });
    }),
  ],
  [
    "declines a repeated void",
    "void-again",
    () =>
      paymentCore({
        void: (payment, real) => {
          if (payment.standing !== "voided") return real(payment);
          return answer("declined", { reason: "payment_voided" });
        },
      }),
  ],
  [
    "gives another page in the look-up",
    "action-required",
    replying((reply, { type }) => {
      if (type !== "payment.lookup" || reply.body["standing"] !== "action_required") return reply;
      return { ...reply, body: { ...reply.body, url: "http://127.0.0.1/elsewhere" } };
    }),
  ],
  [
    "undoes a payment because the caller closed the connection",
    "slow-answer",
    ({ answer: correct, payments }) => ({
      slow_ms: 1500,
      answer: async (core, key, request) => {
        const reply = await correct(core, key, request);
        const payment = payments.payments.get(String(request["payment"]));
        if (request["method"] === "test_slow" && payment !== undefined) payment.standing = "voided";
        return reply;
      },
    }),
  ],
  [
    "answers slowly",
    "prompt",
    replying(async (reply, { type }) => {
      if (type === "payment.refund") await delay(600);
      return reply;
    }),
  ],
  ["redirects its callers", "prepare", replying(() => ({ status: 307, body: {} }))],
];
