/** The example shop with the mistakes that a payment server can make, one each. */
import { setTimeout as delay } from "node:timers/promises";
import { type Payment, PaymentDesk } from "../../../examples/shop/payments.ts";
import { answer, RememberedReplies, type Reply } from "../../../examples/shop/replies.ts";
import type { ShopParts } from "../../../examples/shop/server.ts";
import {
  Careless,
  Forgetful,
  lookingFirst,
  type Mistake,
  replying,
  SHARED_MISTAKES,
  wordOf,
} from "./broken-shops.ts";

const page = (payment: string) => `http://127.0.0.1/confirm/${payment}`;

type Step = (payment: Payment, real: (payment: Payment) => Reply) => Reply;

/** The example's desk with one step replaced. */
function paymentDesk(
  change: {
    readonly authorize?: Step;
    readonly capture?: (payment: Payment, amount: number, real: () => Reply) => Reply;
    readonly void?: Step;
    readonly refund?: Step;
  },
  replies = new RememberedReplies(),
): Partial<ShopParts> {
  class Changed extends PaymentDesk {
    override readonly replies = replies;
    override authorize(payment: Payment, method: string, returnUrl: string): Reply {
      const real = () => super.authorize(payment, method, returnUrl);
      return change.authorize?.(payment, real) ?? real();
    }
    override capture(payment: Payment, amount: number, currency: string): Reply {
      const real = () => super.capture(payment, amount, currency);
      return change.capture?.(payment, amount, real) ?? real();
    }
    override void(payment: Payment): Reply {
      const real = () => super.void(payment);
      return change.void?.(payment, real) ?? real();
    }
    override refund(payment: Payment): Reply {
      const real = () => super.refund(payment);
      return change.refund?.(payment, real) ?? real();
    }
  }
  return { payments: new Changed(page) };
}

const reserveAgain: Step = (payment, real) => {
  if (payment.standing !== "authorized") return real(payment);
  payment.authorized += payment.amount;
  return answer("approved");
};

function takeAgain(payment: Payment, amount: number, real: () => Reply): Reply {
  if (payment.standing !== "captured") return real();
  payment.authorized += amount;
  payment.captured += amount;
  return answer("approved");
}

export const PAYMENT_MISTAKES: readonly Mistake[] = [
  ...SHARED_MISTAKES,
  [
    "forgets what it reserved",
    "authorize",
    replying((reply) => {
      return wordOf(reply) === "found"
        ? { ...reply, body: { ...reply.body, authorized: 0 } }
        : reply;
    }),
  ],
  [
    "approves captures and takes nothing",
    "capture",
    () => paymentDesk({ capture: () => answer("approved") }),
  ],
  [
    "approves voids and lets nothing go",
    "void",
    () => paymentDesk({ void: () => answer("approved") }),
  ],
  [
    "gives half of it back",
    "refund",
    () =>
      paymentDesk({
        refund: (payment) => {
          payment.refunded = payment.amount / 2;
          return answer("approved");
        },
      }),
  ],
  [
    "charges twice on the same key",
    "authorize-same-key",
    () => paymentDesk({ authorize: reserveAgain }, new Forgetful()),
  ],
  [
    "charges again under another key",
    "authorize-other-key",
    () => paymentDesk({ authorize: reserveAgain }),
  ],
  [
    "looks for the key and then waits for the bank",
    "authorize-at-once",
    lookingFirst(paymentDesk({ authorize: reserveAgain }, new Forgetful())),
  ],
  [
    "takes twice on the same key",
    "capture-same-key",
    () => paymentDesk({ capture: takeAgain }, new Forgetful()),
  ],
  ["takes again under another key", "capture-other-key", () => paymentDesk({ capture: takeAgain })],
  [
    "takes twice when asked twice at once",
    "capture-at-once",
    lookingFirst(paymentDesk({ capture: takeAgain }, new Forgetful())),
  ],
  [
    "prepares a new payment for the same key",
    "prepare-same-key",
    () => paymentDesk({}, new Forgetful()),
  ],
  [
    "takes a key for whatever comes",
    "key-of-another-request",
    () => paymentDesk({}, new Careless()),
  ],
  [
    "captures what was voided",
    "capture-after-void",
    () =>
      paymentDesk({
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
      paymentDesk({
        capture: ({ standing }, _amount, real) =>
          standing === "voided" ? answer("approved") : real(),
      }),
  ],
  [
    "forgets a void of what was not reserved",
    "authorize-after-void",
    () =>
      paymentDesk({
        void: (payment, real) =>
          payment.standing === "prepared" ? answer("approved") : real(payment),
      }),
  ],
  [
    "cannot void what was declined",
    "void-after-decline",
    () =>
      paymentDesk({
        void: (payment, real) => {
          if (payment.standing !== "declined") return real(payment);
          return answer("declined", { reason: "payment_declined" });
        },
      }),
  ],
  [
    "approves the void of what was taken",
    "void-after-capture",
    () => paymentDesk({ void: () => answer("approved") }),
  ],
  [
    "takes what was never reserved",
    "capture-before-authorize",
    () =>
      paymentDesk({
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
    "takes whatever amount it is told",
    "capture-of-another-amount",
    () =>
      paymentDesk({
        capture: (payment, amount, real) => {
          if (amount === payment.amount) return real();
          payment.standing = "captured";
          payment.captured = amount;
          return answer("approved");
        },
      }),
  ],
  [
    "gives back twice",
    "refund-again",
    () =>
      paymentDesk({
        refund: (payment, real) => {
          if (payment.standing !== "refunded") return real(payment);
          payment.refunded += payment.amount;
          return answer("approved");
        },
      }),
  ],
  [
    "approves a refund of what was not taken",
    "refund-before-capture",
    () =>
      paymentDesk({
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
      return wordOf(reply) === "declined"
        ? answer("declined", { reason: "Card declined." })
        : reply;
    }),
  ],
  [
    "reserves what it declines",
    "decline",
    () =>
      paymentDesk({
        authorize: (payment, real) => {
          payment.authorized = payment.amount;
          return real(payment);
        },
      }),
  ],
  [
    "approves a means of payment that does not exist",
    "unknown-method",
    replying((reply, { method }) => (method === "test_of_nothing" ? answer("approved") : reply)),
  ],
  [
    "changes its mind about a decline",
    "decline-same-key",
    replying((reply) => {
      if (wordOf(reply) !== "declined" || reply.body["reason"] !== "card_declined") return reply;
      return answer("declined", { reason: `no_${crypto.randomUUID().slice(0, 8)}` });
    }),
  ],
  [
    "voids once, and then complains",
    "void-again",
    () =>
      paymentDesk({
        void: (payment, real) => {
          if (payment.standing !== "voided") return real(payment);
          return answer("declined", { reason: "payment_voided" });
        },
      }),
  ],
  [
    "names another page in the look-up",
    "action-required",
    replying((reply, { type }) => {
      if (type !== "payment.lookup" || reply.body["standing"] !== "action_required") return reply;
      return { ...reply, body: { ...reply.body, url: "http://127.0.0.1/elsewhere" } };
    }),
  ],
  [
    "undoes a payment because the caller hung up",
    "slow-answer",
    ({ answer: honest, payments }) => ({
      slow_ms: 1500,
      answer: async (desk, key, request) => {
        const reply = await honest(desk, key, request);
        const payment = payments.payments.get(String(request["payment"]));
        if (request["method"] === "test_slow" && payment !== undefined) payment.standing = "voided";
        return reply;
      },
    }),
  ],
  [
    "takes its time",
    "prompt",
    replying(async (reply, { type }) => {
      if (type === "payment.refund") await delay(600);
      return reply;
    }),
  ],
  ["sends its callers elsewhere", "prepare", replying(() => ({ status: 307, body: {} }))],
];
