/**
 * The checks of a payment server: every rule of the payment contract in docs/backends.md that can
 * be tested from outside.
 */
import { type Check, mustBe, NotOffered, shown, Unmet } from "./checks.ts";
import { PAYMENT_GARBAGE } from "./payment-garbage.ts";
import { refundChecks } from "./payment-refunds.ts";
import { repetitionChecks } from "./payment-repetitions.ts";
import { AMOUNT, PaymentTrial, RETURN_URL } from "./payment-trial.ts";
import { answerCheck, garbageCheck, signatureChecks } from "./request-checks.ts";
import { mustBeRefused, mustHaveStatus, type Wire } from "./wire.ts";

export function paymentChecks(wire: Wire): readonly Check[] {
  const trial = new PaymentTrial(wire);
  return [
    answerCheck(wire),
    ...stepChecks(trial),
    ...signatureChecks(wire, () => unsentRequest(trial)),
    ...repetitionChecks(trial),
    ...refundChecks(trial),
    ...voidedChecks(trial),
    ...outOfOrderChecks(trial),
    ...lookupChecks(trial),
    garbageCheck(wire, PAYMENT_GARBAGE),
    ...shopperChecks(trial),
    promptCheck(trial),
  ];
}

/** A request to authorize a payment; if it is refused, the payment must not change. */
async function unsentRequest(trial: PaymentTrial) {
  const payment = await trial.prepared();
  const fields = { payment, method: "test_approve", returnUrl: RETURN_URL };
  return {
    id: trial.newKey("authorize"),
    body: JSON.stringify({ v: 1, type: "payment.authorize", ...fields }),
    mustHaveNoEffect: async () => {
      await trial.mustHaveState(payment, "prepared", 0, 0, 0);
    },
  };
}

function stepChecks(trial: PaymentTrial): readonly Check[] {
  return [
    {
      name: "prepare",
      expected: "a prepared payment has an id, and no money has moved",
      fix: "store the payment, answer {answer: prepared, payment}, and call no bank yet",
      run: async () => {
        await trial.mustHaveState(await trial.prepared(), "prepared", 0, 0, 0);
      },
    },
    {
      name: "authorize",
      expected: "test_approve reserves the amount and captures nothing",
      fix: "reserve with manual capture; Sluice captures when the order is booked",
      run: async () => {
        await trial.mustHaveState(await trial.authorized(), "authorized", 1, 0, 0);
      },
    },
    {
      name: "capture",
      expected: "a capture captures the reserved amount",
      fix: "capture the reserved amount, and count it in `captured`",
      run: async () => {
        await trial.mustHaveState(await trial.captured(), "captured", 1, 1, 0);
      },
    },
    {
      name: "void",
      expected: "a void releases the reservation, and nothing was captured",
      fix: "cancel the reservation and store the payment as voided",
      run: async () => {
        await trial.mustHaveState(await trial.voided(), "voided", 1, 0, 0);
      },
    },
    {
      name: "refund",
      expected: "a refund refunds the whole amount",
      fix: "refund the captured amount, and count it in `refunded`",
      run: async () => {
        const payment = await trial.captured();
        mustBe(await trial.refund(payment), "approved", "payment.refund");
        await trial.mustHaveState(payment, "refunded", 1, 1, 1);
      },
    },
    {
      name: "decline",
      expected: "test_decline is declined with a reason, and nothing is reserved",
      fix: "answer {answer: declined, reason} with 200; a decline is an answer, not an error",
      run: async () => {
        const payment = await trial.prepared();
        const outcome = await trial.authorize(payment, "test_decline");
        mustBe(outcome, "declined", "payment.authorize with test_decline");
        await trial.mustHaveState(payment, "declined", 0, 0, 0);
      },
    },
    {
      name: "unknown-method",
      expected: "a payment method that does not exist is declined",
      fix: "answer {answer: declined, reason: unknown_method}",
      run: async () => {
        const payment = await trial.prepared();
        const outcome = await trial.authorize(payment, "test_of_nothing");
        mustBe(outcome, "declined", "payment.authorize with an unknown method");
      },
    },
  ];
}

async function mustDecline(
  outcome: Promise<{ readonly kind: string }>,
  request: string,
): Promise<void> {
  mustBe(await outcome, "declined", request);
}

function voidedChecks(trial: PaymentTrial): readonly Check[] {
  return [
    {
      name: "capture-after-void",
      expected: "a voided payment cannot be captured",
      fix: "check the payment's state, and decline",
      run: async () => {
        const payment = await trial.voided();
        await mustDecline(trial.capture(payment), "payment.capture after payment.void");
        await trial.mustHaveState(payment, "voided", 1, 0, 0);
      },
    },
    {
      name: "authorize-after-void",
      expected: "a payment that was voided before it was authorized stays voided",
      fix: "store the void, even of a payment without a reservation",
      run: async () => {
        const payment = await trial.prepared();
        mustBe(await trial.void(payment), "approved", "payment.void of a prepared payment");
        await mustDecline(trial.authorize(payment), "payment.authorize after payment.void");
        await trial.mustHaveState(payment, "voided", 0, 0, 0);
      },
    },
    {
      name: "void-after-decline",
      expected: "a declined payment can be voided, so that a cancelled order can end",
      fix: "approve the void of every payment without a capture",
      run: async () => {
        const payment = await trial.prepared();
        await mustDecline(trial.authorize(payment, "test_decline"), "test_decline");
        mustBe(await trial.void(payment), "approved", "payment.void of a declined payment");
      },
    },
  ];
}

function outOfOrderChecks(trial: PaymentTrial): readonly Check[] {
  return [
    {
      name: "void-after-capture",
      expected: "a captured payment cannot be voided; Sluice then refunds it",
      fix: "decline, so that Sluice requests a refund",
      run: async () => {
        const payment = await trial.captured();
        await mustDecline(trial.void(payment), "payment.void after payment.capture");
        await trial.mustHaveState(payment, "captured", 1, 1, 0);
      },
    },
    {
      name: "capture-before-authorize",
      expected: "nothing is captured that was not reserved",
      fix: "decline the capture of a payment that is not authorized",
      run: async () => {
        const payment = await trial.prepared();
        await mustDecline(trial.capture(payment), "payment.capture of a prepared payment");
        await trial.mustHaveState(payment, "prepared", 0, 0, 0);
      },
    },
    {
      name: "capture-of-another-amount",
      expected: "only the prepared amount is captured",
      fix: "compare amount and currency with the prepared ones, and decline if they differ",
      run: async () => {
        const payment = await trial.authorized();
        const more = { ...trial.money, amount: AMOUNT * 2 };
        const outcome = trial.capture(payment, trial.newKey("capture"), more);
        await mustDecline(outcome, "payment.capture of twice the amount");
        await trial.mustHaveState(payment, "authorized", 1, 0, 0);
      },
    },
    {
      name: "refund-before-capture",
      expected: "nothing is refunded that was not captured",
      fix: "decline the refund of a payment that is not captured",
      run: async () => {
        const payment = await trial.authorized();
        await mustDecline(trial.refund(payment), "payment.refund of an authorized payment");
        await trial.mustHaveState(payment, "authorized", 1, 0, 0);
      },
    },
  ];
}

const UNKNOWN_PAYMENT = "pay_never_prepared";

function lookupChecks(trial: PaymentTrial): readonly Check[] {
  return [
    {
      name: "lookup-unknown",
      expected: "a look-up of a payment that was never prepared is answered 404 payment_not_found",
      fix: "answer 404 with {code: payment_not_found}; a 200 would be read as a result",
      run: async () => {
        const reply = await trial.ask("payment.lookup", { payment: UNKNOWN_PAYMENT });
        mustHaveStatus(reply, [404], "payment.lookup");
        if (!reply.text.includes('"payment_not_found"'))
          throw new Unmet(`404 ${shown(reply.text)}`);
      },
    },
    {
      name: "steps-of-unknown",
      expected: "no step of a payment that was never prepared is approved",
      fix: "answer 404 with {code: payment_not_found} to every step",
      run: async () => {
        const payment = UNKNOWN_PAYMENT;
        const fields = { method: "test_approve", returnUrl: RETURN_URL, ...trial.money };
        for (const step of ["authorize", "capture", "void", "refund"]) {
          const reply = await trial.ask(`payment.${step}`, { payment, ...fields });
          mustBeRefused(reply, `payment.${step}`);
        }
      },
    },
  ];
}

function shopperChecks(trial: PaymentTrial): readonly Check[] {
  return [
    {
      name: "action-required",
      expected: "test_action answers with a page, captures nothing before it, and can be voided",
      fix: "answer {answer: action_required, url}, and the same url in a look-up",
      run: async () => {
        const payment = await trial.prepared();
        const outcome = await trial.authorize(payment, "test_action");
        if (outcome.kind === "declined") throw new NotOffered("test_action is declined");
        const { url } = mustBe(outcome, "action_required", "payment.authorize with test_action");
        const found = await trial.mustHaveState(payment, "action_required", 0, 0, 0);
        if (found.standing === "action_required" && found.url !== url) {
          throw new Unmet(`the look-up has another page: ${shown(found.url)}`);
        }
        mustBe(await trial.capture(payment), "declined", "payment.capture before the page");
        mustBe(await trial.void(payment), "approved", "payment.void before the page");
        await trial.mustHaveState(payment, "voided", 0, 0, 0);
      },
    },
    {
      name: "slow-answer",
      expected: "test_slow, answered after Sluice's timeout, still reserves once and is found",
      fix: "do not undo a payment because the connection closed; Sluice looks it up",
      run: async () => {
        const payment = await trial.prepared();
        const outcome = await trial.authorize(payment, "test_slow");
        if (outcome.kind === "declined") throw new NotOffered("test_slow is declined");
        if (outcome.kind === "approved") throw new NotOffered("test_slow answers in time");
        mustBe(outcome, "unknown", "payment.authorize with test_slow");
        await trial.eventually(payment, "authorized", 1, 0, 0);
        mustBe(await trial.authorize(payment), "approved", "the repeated payment.authorize");
        await trial.mustHaveState(payment, "authorized", 1, 0, 0);
      },
    },
  ];
}

const TRIES = 3;

/** Half of the time is left for the network and for high load. */
function promptCheck(trial: PaymentTrial): Check {
  const { timeout_ms } = trial.wire;
  return {
    name: "prompt",
    expected: `each answer comes within half of the ${timeout_ms} ms that Sluice waits`,
    fix: "answer sooner, or answer {answer: unknown}: Sluice then looks the payment up",
    run: async () => {
      let slowest = { step: "", ms: 0 };
      const timed = async (step: string, request: Promise<unknown>) => {
        const began = performance.now();
        await request;
        const ms = Math.ceil(performance.now() - began);
        if (ms > slowest.ms) slowest = { step, ms };
      };
      for (let run = 0; run < TRIES; run += 1) {
        const payment = await trial.prepared();
        await timed("authorize", trial.authorize(payment));
        await timed("capture", trial.capture(payment));
        await timed("refund", trial.refund(payment));
        await timed("lookup", trial.found(payment));
      }
      if (slowest.ms <= timeout_ms / 2) return;
      throw new Unmet(`payment.${slowest.step} took ${slowest.ms} ms`);
    },
  };
}
