/**
 * The sandbox provider's state machine: laws that hold after any commands in any order.
 */
import * as fc from "fast-check";
import { expect, test } from "vitest";
import { ledgerRow } from "../../../simulation/sandbox/ledger.ts";
import {
  applyCommand,
  type Command,
  createPayment,
  Payment,
} from "../../../simulation/sandbox/payment.ts";

const AMOUNT = 500;

const method = fc.constantFrom(
  null,
  "pm_card_visa",
  "pm_card_chargeDeclined",
  "pm_card_authenticationRequired",
  "pm_sandbox_captureFails",
  "pm_unheard_of",
);
const returnUrl = fc.constantFrom(null, "https://shop.example/o");
const amount = fc.constantFrom(null, 1, 200, AMOUNT, AMOUNT + 1);

const command: fc.Arbitrary<Command> = fc.oneof(
  fc.record({ kind: fc.constant("confirm" as const), method, returnUrl }),
  fc.record({ kind: fc.constant("capture" as const), amount }),
  fc.record({ kind: fc.constant("cancel" as const) }),
  fc.record({ kind: fc.constant("refund" as const), amount }),
  fc.record({ kind: fc.constant("authenticate" as const), accepted: fc.boolean() }),
);

function newPayment(): Payment {
  return createPayment({ amount: AMOUNT, currency: "eur", order: "o1" }, "pi_1", 0);
}

test("after every command authorized = captured + voided + reserved", () => {
  fc.assert(
    fc.property(fc.array(command, { maxLength: 12 }), (commands) => {
      let payment = newPayment();
      for (const each of commands) {
        payment = applyCommand(payment, each, "ch_1").payment;
        const row = ledgerRow(payment);
        const reserved = row.status === "requires_capture" ? AMOUNT : 0;
        expect(row.captured + row.voided + reserved).toBe(row.authorized);
        expect(row.refunded).toBeLessThanOrEqual(row.captured);
        expect(Payment.parse(JSON.parse(JSON.stringify(payment)))).toEqual(payment);
      }
    }),
  );
});

test("a payment is captured at most once, and no more is refunded than was captured", () => {
  fc.assert(
    fc.property(fc.array(command, { maxLength: 20 }), (commands) => {
      let payment = newPayment();
      let captures = 0;
      let refunded = 0;
      for (const each of commands) {
        const applied = applyCommand(payment, each, "ch_1");
        if (each.kind === "capture" && applied.error === null) captures += 1;
        refunded += applied.refunded;
        payment = applied.payment;
      }
      expect(captures).toBeLessThanOrEqual(1);
      expect(refunded).toBe(ledgerRow(payment).refunded);
    }),
  );
});

test("a refused command changes nothing, except that the refusal of a card is stored", () => {
  fc.assert(
    fc.property(fc.array(command, { maxLength: 12 }), command, (commands, last) => {
      let payment = newPayment();
      for (const each of commands) payment = applyCommand(payment, each, "ch_1").payment;
      const applied = applyCommand(payment, last, "ch_2");
      if (applied.error === null || applied.error.type === "card_error") return;
      expect(applied.payment).toEqual(payment);
    }),
  );
});

test("a cancelled payment stays cancelled", () => {
  fc.assert(
    fc.property(fc.array(command, { maxLength: 12 }), (commands) => {
      let payment = applyCommand(newPayment(), { kind: "cancel" }, "ch_1").payment;
      for (const each of commands) payment = applyCommand(payment, each, "ch_1").payment;
      expect(payment.standing.status).toBe("canceled");
    }),
  );
});
