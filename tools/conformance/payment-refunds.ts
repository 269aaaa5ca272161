/**
 * The checks of refunds in part, of the settlement, and of cards: abilities that a payment server
 * need not have. A server without them refuses the request as of an unknown type.
 */
import {
  type FoundAnswer,
  readSettlement,
  readStatus,
} from "../../queues/backends/http-answers.ts";
import type { RefundOutcome } from "../../src/domain/order/payment-backend.ts";
import { type Check, mustBe, NotOffered, shown, Unmet } from "./checks.ts";
import { AMOUNT, type PaymentTrial } from "./payment-trial.ts";

const HALF = AMOUNT / 2;
/** The code with which a server says that it does not have a type of request. */
const UNKNOWN_TYPE = "unknown_type";

export function refundChecks(trial: PaymentTrial): readonly Check[] {
  return [
    ...partChecks(trial),
    ...limitChecks(trial),
    ...settlementChecks(trial),
    cardCheck(trial),
  ];
}

function mustBeOffered(outcome: RefundOutcome): void {
  if (outcome.kind !== "declined" || outcome.reason !== UNKNOWN_TYPE) return;
  throw new NotOffered(`payment.refund_part is declined as ${UNKNOWN_TYPE}`);
}

/** The reference of a refund that was made. */
function made(outcome: RefundOutcome, request: string): string {
  mustBeOffered(outcome);
  return mustBe(outcome, "refunded", request).providerId;
}

async function mustHaveRefunded(
  trial: PaymentTrial,
  payment: string,
  standing: FoundAnswer["standing"],
  times: number,
): Promise<void> {
  await trial.mustHaveState(payment, standing, 1, 1, times);
}

function partChecks(trial: PaymentTrial): readonly Check[] {
  return [
    {
      name: "refund-part",
      expected: "half of the amount is refunded, and the payment stays captured",
      fix: "refund `amount`, and count it in `refunded`",
      run: async () => {
        const payment = await trial.captured();
        made(await trial.refundPart(payment, trial.newRefund(), HALF), "payment.refund_part");
        await mustHaveRefunded(trial, payment, "captured", 0.5);
      },
    },
    {
      name: "refund-part-again",
      expected: "the same refund under another key answers the same, and refunds once",
      fix: "give `refund` a unique index: there is one refund for it, whatever the key",
      run: async () => {
        const payment = await trial.captured();
        const refund = trial.newRefund();
        const first = made(await trial.refundPart(payment, refund, HALF), "the first refund_part");
        const second = made(
          await trial.refundPart(payment, refund, HALF),
          "the second refund_part",
        );
        if (first !== second) throw new Unmet(`the references ${shown(first)}, ${shown(second)}`);
        await mustHaveRefunded(trial, payment, "captured", 0.5);
      },
    },
    {
      name: "refund-part-rest",
      expected: "a payment whose rest is refunded is `refunded`",
      fix: "compare `refunded` with `captured` after each refund",
      run: async () => {
        const payment = await trial.captured();
        made(await trial.refundPart(payment, trial.newRefund(), HALF), "payment.refund_part");
        made(await trial.refundPart(payment, trial.newRefund(), HALF), "the second half");
        await mustHaveRefunded(trial, payment, "refunded", 1);
      },
    },
  ];
}

function limitChecks(trial: PaymentTrial): readonly Check[] {
  return [
    {
      name: "refund-part-too-much",
      expected: "no more is refunded than is left",
      fix: "decline an amount above `captured` less `refunded`",
      run: async () => {
        const payment = await trial.captured();
        made(await trial.refundPart(payment, trial.newRefund(), HALF), "payment.refund_part");
        const more = await trial.refundPart(payment, trial.newRefund(), HALF + 1);
        mustBe(more, "declined", "payment.refund_part of more than is left");
        await mustHaveRefunded(trial, payment, "captured", 0.5);
      },
    },
    {
      name: "refund-part-before-capture",
      expected: "nothing is refunded in part that was not captured",
      fix: "decline the refund of a payment that is not captured",
      run: async () => {
        const payment = await trial.authorized();
        const outcome = await trial.refundPart(payment, trial.newRefund(), HALF);
        mustBeOffered(outcome);
        mustBe(outcome, "declined", "payment.refund_part of an authorized payment");
        await trial.mustHaveState(payment, "authorized", 1, 0, 0);
      },
    },
    {
      name: "refund-after-part",
      expected: "payment.refund after a part refunds the rest, and no more",
      fix: "refund `captured` less `refunded`",
      run: async () => {
        const payment = await trial.captured();
        made(await trial.refundPart(payment, trial.newRefund(), HALF), "payment.refund_part");
        mustBe(await trial.refund(payment), "approved", "payment.refund after a part");
        await mustHaveRefunded(trial, payment, "refunded", 1);
      },
    },
  ];
}

function settlementChecks(trial: PaymentTrial): readonly Check[] {
  return [
    {
      name: "settlement",
      expected: "the settlement lists every refund, with Sluice's id and the amount",
      fix: "answer {answer: found, refunds: [{reference, refund, amount, state}]}",
      run: async () => {
        const payment = await trial.captured();
        const refund = trial.newRefund();
        const reference = made(
          await trial.refundPart(payment, refund, HALF),
          "payment.refund_part",
        );
        const reply = await trial.ask("payment.settlement", { payment });
        const called = readStatus({ ...reply, retryAfter: null }, Date.now());
        const found = mustBe(readSettlement(called), "found", "payment.settlement");
        const [first] = found.refunds;
        const isOurs = first?.refundId === refund && first.providerId === reference;
        if (found.refunds.length === 1 && isOurs && first.amount === HALF) return;
        throw new Unmet(`payment.settlement gave ${shown(found.refunds)}`);
      },
    },
  ];
}

/** Buyers are counted by it, so another value for each payment would count nothing. */
function cardCheck(trial: PaymentTrial): Check {
  return {
    name: "card",
    expected: "the same card has the same fingerprint, in the answer and in the look-up",
    fix: "answer authorize with {card: {fingerprint}}, a digest of the card and not of the payment",
    run: async () => {
      const fingerprints = new Set<string>();
      for (const _ of ["one payment", "another"]) {
        const payment = await trial.prepared();
        const outcome = mustBe(await trial.authorize(payment), "approved", "test_approve");
        if (outcome.card == null) throw new NotOffered("authorize has no card");
        const found = await trial.found(payment);
        const card = found.standing === "authorized" ? found.card : null;
        if (card == null) throw new Unmet("payment.lookup has no card");
        fingerprints.add(outcome.card.fingerprint).add(card.fingerprint);
      }
      if (fingerprints.size > 1)
        throw new Unmet(`the fingerprints ${[...fingerprints].join(", ")}`);
    },
  };
}
