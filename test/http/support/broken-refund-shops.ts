/** The example shop with the mistakes that a payment server can make with refunds and cards. */
import { answer } from "../../../examples/shop/replies.ts";
import { answerOf, type Mistake } from "./broken-shops.ts";
import { paymentCore } from "./changed-payments.ts";

export const REFUND_MISTAKES: readonly Mistake[] = [
  [
    "approves a refund in part and refunds nothing",
    "refund-part",
    () =>
      paymentCore({
        refundPart: () => answer("refunded", { reference: "re_1", state: "succeeded" }),
      }),
  ],
  [
    "refunds a part again under another key",
    "refund-part-again",
    () =>
      paymentCore({
        refundPart: (payment, _part, real) => {
          payment.refunds.length = 0;
          return real();
        },
      }),
  ],
  [
    "leaves a payment captured whose rest was refunded",
    "refund-part-rest",
    () =>
      paymentCore({
        refundPart: (payment, _part, real) => {
          const reply = real();
          payment.standing = "captured";
          return reply;
        },
      }),
  ],
  [
    "refunds more than is left",
    "refund-part-too-much",
    () =>
      paymentCore({
        refundPart: (payment, { amount }, real) => {
          const left = payment.captured - payment.refunded;
          if (amount <= left) return real();
          payment.refunded += left;
          return answer("refunded", { reference: "re_2", state: "succeeded" });
        },
      }),
  ],
  [
    "refunds a part of a payment that was not captured",
    "refund-part-before-capture",
    () =>
      paymentCore({
        refundPart: (payment, _part, real) =>
          payment.standing === "authorized"
            ? answer("refunded", { reference: "re_3", state: "succeeded" })
            : real(),
      }),
  ],
  [
    "refunds everything after a part",
    "refund-after-part",
    () =>
      paymentCore({
        refund: (payment, real) => {
          const before = payment.refunded;
          const reply = real(payment);
          payment.refunded = before + payment.captured;
          return reply;
        },
      }),
  ],
  [
    "forgets Sluice's id of a refund",
    "settlement",
    () =>
      paymentCore({
        settlement: (payments) => {
          const refunds = [...payments.values()].flatMap((each) => each.refunds);
          return answer("found", { refunds: refunds.map((each) => ({ ...each, refund: null })) });
        },
      }),
  ],
  [
    "has another fingerprint for each payment",
    "card",
    () =>
      paymentCore({
        authorize: (payment, real) => {
          const reply = real(payment);
          const isApproved = answerOf(reply) === "approved";
          return isApproved ? answer("approved", { card: { fingerprint: payment.id } }) : reply;
        },
      }),
  ],
];
