/**
 * The Stripe adapter when the provider fails before, during and after the effect: a failure is
 * never a decline, one look-up finds the result, and no payment is captured or refunded twice.
 */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import type { PaymentBackend } from "../../src/domain/order/payment-backend.ts";
import type { LedgerRow } from "../../simulation/sandbox/ledger.ts";
import { type SandboxHost, startSandbox } from "./support/sandbox-host.ts";
import { paidOrder } from "../node/support/paid-order.ts";

const money = { amount: 12_900, currency: "EUR" };
const returnUrl = "https://shop.example/orders/o1";

/** Long enough for an immediate answer of a slow machine, short enough for a test to wait. */
const TIMEOUT_MS = 700;

let sandbox: SandboxHost;

beforeAll(async () => {
  sandbox = await startSandbox();
}, 60_000);

afterAll(() => sandbox.stop());

beforeEach(() => sandbox.reset());

describe.each(["Node", "workerd"] as const)("under faults, on %s", (runtime) => {
  let stripe: PaymentBackend;
  let impatient: PaymentBackend;
  let keys = 0;

  beforeEach(() => {
    stripe = sandbox.backend(runtime);
    impatient = sandbox.backend(runtime, { timeout_ms: TIMEOUT_MS });
  });

  const key = () => `${runtime}-fault-${++keys}`;

  type Step = "authorize" | "capture" | "void" | "refund";

  const run = (backend: PaymentBackend, step: Step, paymentId: string, useKey: string) => {
    const base = { paymentId, key: useKey };
    switch (step) {
      case "authorize":
        return backend.authorize({ ...base, method: "pm_card_visa", returnUrl });
      case "capture":
        return backend.capture({ ...base, money });
      case "void":
        return backend.void(base);
      case "refund":
        return backend.refund(base);
    }
  };

  /** A payment in the state that `step` needs. */
  async function readyFor(step: Step): Promise<string> {
    const outcome = await stripe.prepare({ order: paidOrder("o1"), money, key: key() });
    if (outcome.kind !== "prepared") throw new Error(`not prepared: ${JSON.stringify(outcome)}`);
    const before: Record<Step, Step[]> = {
      authorize: [],
      capture: ["authorize"],
      void: ["authorize"],
      refund: ["authorize", "capture"],
    };
    for (const earlier of before[step]) {
      const done = await run(stripe, earlier, outcome.paymentId, key());
      expect(done).toMatchObject({ kind: "approved" });
    }
    return outcome.paymentId;
  }

  const standing = async (paymentId: string) => {
    const outcome = await stripe.lookup({ paymentId });
    return outcome.kind === "found" ? outcome.standing.kind : outcome.kind;
  };

  const steps = [
    ["authorize", "prepared", "authorized"],
    ["capture", "authorized", "captured"],
    ["void", "authorized", "voided"],
    ["refund", "captured", "refunded"],
  ] as const;

  test.each(steps)(
    "%s that fails before its effect is unknown, stays %s, and a new key continues to %s",
    async (step, before, after) => {
      const id = await readyFor(step);
      const used = key();
      await sandbox.everyCall("error_before");
      expect(await run(stripe, step, id, used)).toMatchObject({ kind: "unknown" });
      await sandbox.faultsOff();
      expect(await standing(id)).toBe(before);
      expect(await run(stripe, step, id, used)).toMatchObject({ kind: "unknown" });
      expect(await run(stripe, step, id, key())).toMatchObject({ kind: "approved" });
      expect(await standing(id)).toBe(after);
    },
  );

  test.each(steps)(
    "%s that fails after its effect on a %s payment is unknown and is looked up as %s",
    async (step, _before, after) => {
      const id = await readyFor(step);
      await sandbox.everyCall("error_after");
      expect(await run(stripe, step, id, key())).toMatchObject({ kind: "unknown" });
      await sandbox.faultsOff();
      expect(await standing(id)).toBe(after);
      expect(await run(stripe, step, id, key())).toMatchObject({ kind: "approved" });
      expect(movedOnce(await sandbox.payment(id))).toBe(true);
    },
  );

  test.each(steps)(
    "%s whose connection breaks is unknown, and its repeated key gets the first answer",
    async (step, _before, after) => {
      const id = await readyFor(step);
      const used = key();
      await sandbox.everyCall("disconnect");
      const broken = { kind: "unknown", reason: expect.stringContaining("connection") };
      expect(await run(stripe, step, id, used)).toEqual(broken);
      await sandbox.faultsOff();
      expect(await run(stripe, step, id, used)).toMatchObject({ kind: "approved" });
      expect(await standing(id)).toBe(after);
    },
  );

  test("a provider that hangs is unknown within the timeout, and the effect is looked up", async () => {
    const id = await readyFor("capture");
    await sandbox.everyCall("hang", { hang_ms: 20_000 });
    const began = performance.now();
    const outcome = await run(impatient, "capture", id, key());
    const took_ms = performance.now() - began;
    expect(outcome).toMatchObject({ kind: "unknown", reason: expect.stringContaining("timeout") });
    expect(took_ms).toBeGreaterThan(TIMEOUT_MS - 50);
    expect(took_ms).toBeLessThan(TIMEOUT_MS + 1_000);
    await sandbox.faultsOff();
    expect(await standing(id)).toBe("captured");
  });

  test("a key whose first call is still in progress gets a retry", async () => {
    const id = await readyFor("capture");
    const used = key();
    await sandbox.everyCall("hang", { hang_ms: 20_000 });
    expect(await run(impatient, "capture", id, used)).toMatchObject({ kind: "unknown" });
    await sandbox.faultsOff();
    const busy = { kind: "retry", after_s: 2, reason: "409 idempotency_key_in_use" };
    expect(await run(stripe, "capture", id, used)).toEqual(busy);
  });

  test("a slow provider is waited for", async () => {
    const id = await readyFor("capture");
    await sandbox.everyCall("latency", { latency_ms: 60 });
    expect(await run(stripe, "capture", id, key())).toMatchObject({ kind: "approved" });
  });

  test("a rate limit has no effect and is not stored: the same key works later", async () => {
    const id = await readyFor("capture");
    const used = key();
    await sandbox.everyCall("rate_limit");
    const later = { kind: "retry", after_s: 1, reason: "429 rate_limit", throttled: true };
    expect(await run(stripe, "capture", id, used)).toEqual(later);
    expect(await stripe.lookup({ paymentId: id })).toEqual(later);
    await sandbox.faultsOff();
    expect(await standing(id)).toBe("authorized");
    expect(await run(stripe, "capture", id, used)).toMatchObject({ kind: "approved" });
  });

  test("a prepare that fails after its effect leaves a payment that never moves money", async () => {
    const used = key();
    await sandbox.everyCall("error_after");
    const request = { order: paidOrder("o1"), money, key: used };
    expect(await stripe.prepare(request)).toMatchObject({ kind: "unknown" });
    await sandbox.faultsOff();
    expect(await stripe.prepare(request)).toMatchObject({ kind: "unknown" });
    const again = await stripe.prepare({ ...request, key: key() });
    expect(again).toMatchObject({ kind: "prepared" });
    const { payments } = await sandbox.ledger();
    expect(payments.map(({ authorized }) => authorized)).toEqual([0, 0]);
  });

  test("a failed look-up is unknown", async () => {
    const id = await readyFor("capture");
    await sandbox.everyCall("error_before");
    expect(await stripe.lookup({ paymentId: id })).toMatchObject({ kind: "unknown" });
  });

  test("a payment is captured and refunded once, for any repetitions, under any fault", async () => {
    const id = await readyFor("capture");
    await sandbox.request("/sandbox/faults", {
      method: "PUT",
      body: JSON.stringify({
        rate: 0.6,
        kinds: ["latency", "rate_limit", "error_before", "error_after", "disconnect"],
        latency_ms: 5,
        seed: 42,
      }),
    });
    const crowd = async (step: Step, times: number) => {
      const outcomes = await Promise.all(
        Array.from({ length: times }, () => run(stripe, step, id, key())),
      );
      expect(outcomes.map(({ kind }) => kind)).not.toContain("declined");
    };
    await crowd("capture", 40);
    expect(await sandbox.payment(id)).toMatchObject({ captured: 12_900, refunded: 0 });
    await crowd("refund", 40);
    expect(await sandbox.payment(id)).toMatchObject({ captured: 12_900, refunded: 12_900 });
    expect((await sandbox.ledger()).summary.ordersPaidTwice).toEqual([]);
  });
});

/** Checks that every amount of a row is 0 or exactly the payment's amount. */
function movedOnce(row: LedgerRow): boolean {
  const moved = [row.authorized, row.captured, row.voided, row.refunded];
  return moved.every((amount) => amount === 0 || amount === row.amount);
}
