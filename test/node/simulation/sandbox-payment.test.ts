/**
 * The sandbox provider's state machine: laws that hold after any commands in any order.
 */
import * as fc from "fast-check";
import { expect, test } from "vitest";
import { Account } from "../../../simulation/sandbox/account.ts";
import { isClosed, moveDispute, openDispute } from "../../../simulation/sandbox/disputes.ts";
import { ledgerRow } from "../../../simulation/sandbox/ledger.ts";
import {
  type Applied,
  applyCommand,
  type Command,
  createPayment,
} from "../../../simulation/sandbox/payment.ts";
import { Payment } from "../../../simulation/sandbox/payment-schema.ts";
import {
  refundPayment,
  settleDueRefunds,
  settleRefund,
} from "../../../simulation/sandbox/refunds.ts";

const AMOUNT = 500;
const MOMENT = { charge: "ch_1", now: 0 };

const method = fc.constantFrom(
  null,
  "pm_card_visa",
  "pm_card_chargeDeclined",
  "pm_card_authenticationRequired",
  "pm_card_authenticationRequiredChargeDeclinedInsufficientFunds",
  "pm_card_pendingRefund",
  "pm_card_refundFail",
  "pm_sandbox_captureFails",
  "pm_unheard_of",
);
const returnUrl = fc.constantFrom(null, "https://shop.example/o");
const amount = fc.constantFrom(null, 1, 200, AMOUNT, AMOUNT + 1);

const command: fc.Arbitrary<Command> = fc.oneof(
  fc.record({ kind: fc.constant("confirm" as const), method, returnUrl }),
  fc.record({ kind: fc.constant("capture" as const), amount }),
  fc.record({ kind: fc.constant("cancel" as const) }),
  fc.record({ kind: fc.constant("authenticate" as const), accepted: fc.boolean() }),
);

/** What happens to a payment beside the commands of its intent. */
type Act =
  | Command
  | { readonly kind: "refund"; readonly amount: number | null; readonly course: Account["refunds"] }
  | { readonly kind: "settle"; readonly nth: number; readonly status: "succeeded" | "failed" }
  | { readonly kind: "wait" }
  | { readonly kind: "dispute"; readonly isInquiry: boolean }
  | { readonly kind: "move_dispute"; readonly status: "under_review" | "won" | "lost" };

const act: fc.Arbitrary<Act> = fc.oneof(
  command,
  // A captured payment is where the money is, so half of the acts are about it.
  fc.record({
    kind: fc.constant("refund" as const),
    amount,
    course: fc.constantFrom("by_card", "pending", "pending_then_fails", "fails_later"),
  }),
  fc.record({
    kind: fc.constant("settle" as const),
    nth: fc.nat(4),
    status: fc.constantFrom("succeeded", "failed"),
  }),
  fc.constant({ kind: "wait" as const }),
  fc.record({ kind: fc.constant("dispute" as const), isInquiry: fc.boolean() }),
  fc.record({
    kind: fc.constant("move_dispute" as const),
    status: fc.constantFrom("under_review", "won", "lost"),
  }),
);

/** Acts that begin with a captured payment, or with a new one. */
const acts = fc
  .tuple(fc.boolean(), fc.array(act, { maxLength: 20 }))
  .map(([isCaptured, later]): readonly Act[] => {
    const method = "pm_card_refundFail";
    const confirm: Act = { kind: "confirm", method, returnUrl: null };
    return isCaptured ? [confirm, { kind: "capture", amount: null }, ...later] : later;
  });

function newPayment(): Payment {
  const wanted = { amount: AMOUNT, currency: "eur", order: "o1" };
  return createPayment(wanted, { id: "pi_1", clientSecret: "pi_1_secret_1" }, 0);
}

function perform(payment: Payment, each: Act, at: number): Applied {
  const moved = (changed: Payment | null) => ({ payment: changed ?? payment, error: null });
  switch (each.kind) {
    case "refund": {
      const account = Account.parse({ refunds: each.course, refundSettles_ms: 2 });
      const wanted = { id: `re_${at}`, amount: each.amount, reason: null, metadata: {} };
      return refundPayment(payment, wanted, account, at);
    }
    case "settle":
      return moved(settleRefund(payment, payment.refunds[each.nth]?.id ?? "", each.status));
    case "wait":
      return moved(settleDueRefunds(payment, at));
    case "dispute": {
      const wanted = { id: `du_${at}`, amount: null, reason: "fraudulent" };
      return moved(openDispute(payment, { ...wanted, isInquiry: each.isInquiry }, at));
    }
    case "move_dispute":
      return moved(moveDispute(payment, each.status));
    default:
      return applyCommand(payment, each, { charge: `ch_${at}`, now: at });
  }
}

test("after everything authorized = captured + voided + reserved", () => {
  fc.assert(
    fc.property(acts, (all) => {
      let payment = newPayment();
      for (const [at, each] of all.entries()) {
        payment = perform(payment, each, at).payment;
        const row = ledgerRow(payment);
        const reserved = row.status === "requires_capture" ? AMOUNT : 0;
        expect(row.captured + row.voided + reserved).toBe(row.authorized);
        expect(row.refunded).toBeLessThanOrEqual(row.captured);
        expect(Payment.parse(JSON.parse(JSON.stringify(payment)))).toEqual(payment);
      }
    }),
  );
});

test("a payment is captured at most once, and what is refunded is the sum of its refunds", () => {
  fc.assert(
    fc.property(acts, (all) => {
      let payment = newPayment();
      let captures = 0;
      for (const [at, each] of all.entries()) {
        const applied = perform(payment, each, at);
        if (each.kind === "capture" && applied.error === null) captures += 1;
        payment = applied.payment;
        const standing = payment.refunds.filter(({ status }) => status !== "failed");
        const sum = standing.reduce((total, { amount }) => total + amount, 0);
        expect(ledgerRow(payment).refunded).toBe(sum);
      }
      expect(captures).toBeLessThanOrEqual(1);
    }),
  );
});

test("a failed refund stays failed, and a closed dispute stays closed", () => {
  fc.assert(
    fc.property(acts, (all) => {
      let payment = newPayment();
      for (const [at, each] of all.entries()) {
        const before = payment;
        payment = perform(payment, each, at).payment;
        const failed = before.refunds.filter(({ status }) => status === "failed");
        expect(payment.refunds).toEqual(expect.arrayContaining(failed));
        expect(payment.refunds.length).toBeGreaterThanOrEqual(before.refunds.length);
        const isOver = before.dispute !== null && isClosed(before.dispute);
        expect(isOver ? payment.dispute : null).toEqual(isOver ? before.dispute : null);
      }
    }),
  );
});

test("a refused act changes nothing, except that the refusal of a card is stored", () => {
  fc.assert(
    fc.property(acts, act, (all, last) => {
      let payment = newPayment();
      for (const [at, each] of all.entries()) payment = perform(payment, each, at).payment;
      const applied = perform(payment, last, all.length);
      if (applied.error === null || applied.error.type === "card_error") return;
      expect(applied.payment).toEqual(payment);
    }),
  );
});

test("a cancelled payment stays cancelled", () => {
  fc.assert(
    fc.property(acts, (all) => {
      let payment = applyCommand(newPayment(), { kind: "cancel" }, MOMENT).payment;
      for (const [at, each] of all.entries()) payment = perform(payment, each, at).payment;
      expect(payment.standing.status).toBe("canceled");
    }),
  );
});

test("a payment that an earlier sandbox stored can be read, and refunded for what is left", () => {
  const stored: unknown = {
    version: 1,
    id: "pi_old",
    order: "o1",
    amount: AMOUNT,
    currency: "eur",
    method: "pm_card_visa",
    createdAt_ms: 0,
    standing: { status: "succeeded", charge: "ch_old", captured: AMOUNT, refunded: 200 },
  };
  const wanted = { id: "re_1", amount: null, reason: null, metadata: {} };
  const { payment, refund } = refundPayment(Payment.parse(stored), wanted, Account.parse({}), 1);
  expect(refund?.amount).toBe(300);
  expect(ledgerRow(payment).refunded).toBe(AMOUNT);
});
