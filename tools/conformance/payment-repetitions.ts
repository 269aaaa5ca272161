/**
 * The checks that a payment server carries out a repeated request once: with the same key and with
 * another, in sequence and concurrently.
 */
import { type Check, mustBe, shown, Unmet } from "./checks.ts";
import { type PaymentTrial, RETURN_URL } from "./payment-trial.ts";
import { mustBeRefused } from "./wire.ts";

const AT_ONCE = 5;

export function repetitionChecks(trial: PaymentTrial): readonly Check[] {
  return [
    samePayment(trial),
    ...authorizeChecks(trial),
    ...captureChecks(trial),
    ...endChecks(trial),
    otherBody(trial),
  ];
}

function samePayment(trial: PaymentTrial): Check {
  return {
    name: "prepare-same-key",
    expected: "prepare with the same key twice answers with the same payment",
    fix: "store the answer under webhook-id and send it again",
    run: async () => {
      const request = trial.preparation();
      const first = mustBe(await trial.backend.prepare(request), "prepared", "the first prepare");
      const second = mustBe(await trial.backend.prepare(request), "prepared", "the second prepare");
      if (first.paymentId === second.paymentId) return;
      throw new Unmet(`the payments ${shown(first.paymentId)} and ${shown(second.paymentId)}`);
    },
  };
}

function authorizeChecks(trial: PaymentTrial): readonly Check[] {
  return [
    {
      name: "authorize-same-key",
      expected: "authorize with the same key twice answers the same and reserves once",
      fix: "store the answer under webhook-id in the transaction that reserves",
      run: async () => {
        const payment = await trial.prepared();
        const key = trial.newKey("authorize");
        const ask = () => trial.authorize(payment, "test_approve", key);
        mustBe(await ask(), "approved", "the first authorize");
        mustBe(await ask(), "approved", "the second authorize");
        await trial.mustHaveState(payment, "authorized", 1, 0, 0);
      },
    },
    {
      name: "authorize-other-key",
      expected: "authorize of an authorized payment is approved and reserves nothing more",
      fix: "check the payment's state, and approve what is already reserved",
      run: async () => {
        const payment = await trial.authorized();
        mustBe(await trial.authorize(payment), "approved", "authorize with another key");
        await trial.mustHaveState(payment, "authorized", 1, 0, 0);
      },
    },
    {
      name: "authorize-at-once",
      expected: `${AT_ONCE} authorizes with the same key at the same time reserve once`,
      fix: "give the key a unique index and write it first; answer 409 to the others",
      run: async () => {
        const payment = await trial.prepared();
        const key = trial.newKey("authorize");
        await allAtOnce(() => trial.authorize(payment, "test_approve", key), "authorize");
        await trial.mustHaveState(payment, "authorized", 1, 0, 0);
      },
    },
    {
      name: "decline-same-key",
      expected: "the same key gets the same decline",
      fix: "store declines under webhook-id too",
      run: async () => {
        const payment = await trial.prepared();
        const key = trial.newKey("authorize");
        const ask = () => trial.authorize(payment, "test_decline", key);
        const first = mustBe(await ask(), "declined", "the first authorize");
        const second = mustBe(await ask(), "declined", "the second authorize");
        if (first.reason === second.reason) return;
        throw new Unmet(`the reasons ${first.reason} and ${second.reason}`);
      },
    },
  ];
}

function captureChecks(trial: PaymentTrial): readonly Check[] {
  return [
    {
      name: "capture-same-key",
      expected: "capture with the same key twice answers the same and captures once",
      fix: "store the answer under webhook-id in the transaction that captures",
      run: async () => {
        const payment = await trial.authorized();
        const key = trial.newKey("capture");
        mustBe(await trial.capture(payment, key), "approved", "the first capture");
        mustBe(await trial.capture(payment, key), "approved", "the second capture");
        await trial.mustHaveState(payment, "captured", 1, 1, 0);
      },
    },
    {
      name: "capture-other-key",
      expected: "capture of a captured payment is approved and captures nothing more",
      fix: "check the payment's state, and approve what is already captured",
      run: async () => {
        const payment = await trial.captured();
        mustBe(await trial.capture(payment), "approved", "capture with another key");
        await trial.mustHaveState(payment, "captured", 1, 1, 0);
      },
    },
    {
      name: "capture-at-once",
      expected: `${AT_ONCE} captures with different keys at the same time capture once`,
      fix: "change the state and capture in one transaction",
      run: async () => {
        const payment = await trial.authorized();
        await allAtOnce(() => trial.capture(payment), "capture");
        await trial.mustHaveState(payment, "captured", 1, 1, 0);
      },
    },
  ];
}

function endChecks(trial: PaymentTrial): readonly Check[] {
  return [
    {
      name: "void-again",
      expected: "void with the same key, and of a voided payment, is approved again",
      fix: "approve a void that was already done",
      run: async () => {
        const payment = await trial.authorized();
        const key = trial.newKey("void");
        mustBe(await trial.void(payment, key), "approved", "the first void");
        mustBe(await trial.void(payment, key), "approved", "void with the same key");
        mustBe(await trial.void(payment), "approved", "void with another key");
        await trial.mustHaveState(payment, "voided", 1, 0, 0);
      },
    },
    {
      name: "refund-again",
      expected: "refund with the same key, and of a refunded payment, refunds once",
      fix: "approve a refund that was already done, and refund nothing more",
      run: async () => {
        const payment = await trial.captured();
        const key = trial.newKey("refund");
        mustBe(await trial.refund(payment, key), "approved", "the first refund");
        mustBe(await trial.refund(payment, key), "approved", "refund with the same key");
        mustBe(await trial.refund(payment), "approved", "refund with another key");
        await trial.mustHaveState(payment, "refunded", 1, 1, 1);
      },
    },
  ];
}

function otherBody(trial: PaymentTrial): Check {
  return {
    name: "key-of-another-request",
    expected: "a key that was used for another request is refused with 422 idempotency_conflict",
    fix: "store the request with the answer and compare it",
    run: async () => {
      const payment = await trial.prepared();
      const key = trial.newKey("authorize");
      mustBe(
        await trial.authorize(payment, "test_approve", key),
        "approved",
        "the first authorize",
      );
      const fields = { payment, method: "test_decline", returnUrl: RETURN_URL };
      const reply = await trial.ask("payment.authorize", fields, key);
      mustBeRefused(reply, "the same key with another method");
      if (reply.text.includes('"idempotency_conflict"')) return;
      throw new Unmet(`${reply.status} ${shown(reply.text)}`);
    },
  };
}

/** Concurrent requests may be answered `approved` or `retry`, and at least one `approved`. */
async function allAtOnce(
  ask: () => Promise<{ readonly kind: string }>,
  request: string,
): Promise<void> {
  const outcomes = await Promise.all(Array.from({ length: AT_ONCE }, ask));
  const odd = outcomes.find(({ kind }) => kind !== "approved" && kind !== "retry");
  if (odd !== undefined) throw new Unmet(`one ${request} gave ${shown(odd)}`);
  if (outcomes.some(({ kind }) => kind === "approved")) return;
  throw new Unmet(`no ${request} was approved; each was answered with a retry`);
}
