/**
 * The saga's commands: placing, leases, cancel, hurry; and what does not change an order.
 */
import { describe, expect, test } from "vitest";
import { LEASE_MS, SAME_KEY_RETRY_MAX_MS, STEP_RETRY_MAX_S } from "../../../src/domain/limits.ts";
import { report } from "../../../src/domain/order/report.ts";
import type { StepReport } from "../../../src/domain/order/step-outcomes.ts";
import * as saga from "../../../src/domain/order/saga.ts";
import { delay_s } from "../../../src/domain/order/transition.ts";
import {
  isFinal,
  nextStep,
  type OrderStanding,
  type StepKind,
} from "../../../src/domain/order/order.ts";
import {
  IN_DOUBT_OF_CAPTURE,
  INTENT,
  leasedAt,
  orderAt,
  REFUNDING,
  STANDINGS,
} from "../support/order-records.ts";

const S = STANDINGS;
const ALL: OrderStanding[] = [...Object.values(S), IN_DOUBT_OF_CAPTURE];
const FINAL = ALL.filter(isFinal);
const named = (standings: OrderStanding[]) => standings.map((item) => [item.state, item] as const);

const unknown = { kind: "unknown", reason: "time-out" } as const;
const UNKNOWN: readonly StepReport[] = [
  { step: "authorize", outcome: unknown },
  { step: "book", outcome: unknown },
  { step: "capture", outcome: unknown },
  { step: "lookup", outcome: unknown },
  { step: "void", outcome: unknown },
  { step: "refund", outcome: unknown },
];

describe("placing", () => {
  test("accepted: queued, with an event", () => {
    const { record, effects } = saga.accept(saga.place(INTENT, 0), 5);
    expect(record).toMatchObject({ standing: { state: "accepted" }, version: 2, progressAt_ms: 5 });
    expect(effects).toEqual([{ kind: "queue" }, { kind: "event" }]);
  });

  test("rejected: the units return to the cart, and the seat may order again", () => {
    const rejection = { code: "sold_out", sku: "AIR-43", available: 0 } as const;
    const { record, effects } = saga.reject(saga.place(INTENT, 0), rejection, 5);
    expect(record.standing).toEqual({ state: "rejected", rejection });
    expect(effects).toEqual([
      { kind: "stock", sku: "AIR-42", action: "return" },
      { kind: "stock", sku: "AIR-43", action: "return" },
      { kind: "seat", action: "hand_back" },
      { kind: "event" },
    ]);
  });

  test.each(named(ALL.filter(({ state }) => state !== "placing")))(
    "again is a bug and throws for an order that is %s",
    (_, standing) => {
      const record = orderAt(standing);
      expect(() => saga.accept(record, 5)).toThrow("cannot be placed again");
      expect(() => saga.reject(record, { code: "admission_spent" }, 5)).toThrow("placed again");
    },
  );
});

describe("a lease", () => {
  const steps: [OrderStanding, StepKind, OrderStanding["state"]][] = [
    [S.accepted, "authorize", "authorizing"],
    [S.authorizing, "authorize", "authorizing"],
    [S.action_required, "lookup", "action_required"],
    [S.authorized, "book", "booking"],
    [S.booking, "book", "booking"],
    [S.booked, "capture", "capturing"],
    [S.capturing, "capture", "capturing"],
    [S.in_doubt, "lookup", "in_doubt"],
    [IN_DOUBT_OF_CAPTURE, "lookup", "in_doubt"],
    [S.voiding, "void", "voiding"],
    [REFUNDING, "refund", "voiding"],
  ];
  test.each(steps.map((row) => [row[0].state, row[1], row[2], row[0]] as const))(
    "of an order that is %s hands out %s and makes it %s first",
    (_, step, state, standing) => {
      const { record, outcome, effects } = saga.lease(orderAt(standing), "L", 1000);
      expect(outcome).toEqual({ kind: "step", step, key: `ord_1:${step}:1` });
      expect(record.standing.state).toBe(state);
      expect(record.lease).toEqual({ id: "L", until_ms: 1000 + LEASE_MS });
      expect(effects).toEqual([]);
    },
  );

  test.each(named([S.placing, ...FINAL]))(
    "of an order that is %s hands out nothing",
    (_, standing) => {
      const record = orderAt(standing);
      const decision = saga.lease(record, "L", 1000);
      expect(decision).toEqual({ record, effects: [], outcome: { kind: "nothing" } });
    },
  );

  test("is held by one consumer at a time, until it expires", () => {
    const first = saga.lease(orderAt(S.accepted), "L1", 0).record;
    const until_ms = LEASE_MS;
    expect(saga.lease(first, "L2", LEASE_MS - 1).outcome).toEqual({ kind: "busy", until_ms });
    const second = saga.lease(first, "L2", LEASE_MS);
    expect(second.outcome).toEqual({ kind: "step", step: "authorize", key: "ord_1:authorize:1" });
  });

  test("that another consumer has taken over changes nothing, whatever is reported under it", () => {
    const taken = saga.lease(leasedAt(S.capturing, 0), "L2", 1000).record;
    const reported: StepReport = { step: "capture", outcome: { kind: "approved" } };
    const stale = { record: taken, effects: [], outcome: { kind: "stale" } };
    expect(report(taken, "L", reported, 1000)).toEqual(stale);
    expect(
      report(taken, "L", { kind: "put_off", after_s: 9, newKey: true, tried: true }, 1000),
    ).toEqual(stale);
    expect(report(orderAt(S.capturing), "L", reported, 1000).outcome).toEqual({ kind: "stale" });
  });

  test("waits until the delay of a put-off step is over", () => {
    const reported: StepReport = { step: "book", outcome: { kind: "retry", after_s: 30 } };
    const { record } = report(leasedAt(S.booking), "L", reported, 1000);
    expect(saga.lease(record, "L2", 30_999).outcome).toEqual({ kind: "wait", until_ms: 31_000 });
    expect(saga.lease(record, "L2", 31_000).outcome).toMatchObject({ kind: "step" });
  });

  test.each([S.authorizing, S.capturing])(
    "when the provider may have forgotten the key hands out a look-up instead",
    (standing) => {
      const record = orderAt(standing);
      expect(nextStep(record, SAME_KEY_RETRY_MAX_MS)).not.toBe("lookup");
      expect(nextStep(record, SAME_KEY_RETRY_MAX_MS + 1)).toBe("lookup");
    },
  );

  test("starts the capture with a key of its own", () => {
    const { record, outcome } = saga.lease(orderAt(S.booked, { attempt: 4 }), "L", 9);
    expect(outcome).toMatchObject({ key: "ord_1:capture:1" });
    expect(record).toMatchObject({ attempt: 1, attemptAt_ms: 9 });
  });
});

describe("the idempotency key", () => {
  const put = (newKey: boolean) => {
    return report(
      leasedAt(S.authorizing),
      "L",
      { kind: "put_off", after_s: 1, newKey, tried: true },
      1000,
    ).record;
  };

  test("is the same for a retry, and changes only when the last attempt is known to have no effect", () => {
    expect(put(false)).toMatchObject({ attempt: 1, attemptAt_ms: 0 });
    expect(put(true)).toMatchObject({ attempt: 2, attemptAt_ms: 1000 });
    const found: StepReport = {
      step: "lookup",
      outcome: { kind: "found", standing: { kind: "prepared" } },
    };
    expect(report(leasedAt(S.in_doubt), "L", found, 1000).record.attempt).toBe(2);
  });

  test("is retried with exponential back-off, from a second to five minutes", () => {
    const delays = [0, 1, 2, 8, 9, 500].map(delay_s);
    expect(delays).toEqual([1, 2, 4, 256, STEP_RETRY_MAX_S, STEP_RETRY_MAX_S]);
  });
});

describe("the provider's id of the payment", () => {
  const bare = { ...leasedAt(S.authorizing), paymentId: null };

  test("is recorded once, under the lease, while authorizing", () => {
    const recorded = saga.recordPayment(bare, "L", "pay_1");
    expect(recorded).toMatchObject({ outcome: "recorded", record: { paymentId: "pay_1" } });
    expect(saga.recordPayment(recorded.record, "L", "pay_1").outcome).toBe("recorded");
    expect(saga.recordPayment(recorded.record, "L", "pay_2").outcome).toBe("stale");
    expect(saga.recordPayment(bare, "another", "pay_1").outcome).toBe("stale");
    const cancelled = { ...bare, standing: S.cancelled };
    expect(saga.recordPayment(cancelled, "L", "pay_1").outcome).toBe("stale");
  });
});

describe("an operator's retry", () => {
  test("lets the next step be taken now, and never later than planned", () => {
    const waiting = orderAt(S.booking, { notBefore_ms: 9000 });
    const pushed = saga.hurry(waiting, 1000);
    expect(pushed).toMatchObject({ record: { notBefore_ms: 1000 }, effects: [{ kind: "queue" }] });
    expect(saga.hurry(orderAt(S.booking), 1000).record.notBefore_ms).toBe(0);
  });
});

describe("an unknown outcome", () => {
  test.each(named(ALL))(
    "frees no stock and ends nothing for an order that is %s",
    (_, standing) => {
      for (const reported of UNKNOWN) {
        const { record, effects } = report(leasedAt(standing), "L", reported, 1000);
        expect(effects.filter(({ kind }) => kind === "stock" || kind === "seat")).toEqual([]);
        expect(isFinal(record.standing)).toBe(isFinal(standing));
      }
    },
  );
});

describe("a final order", () => {
  test.each(named(FINAL))("that is %s never changes, whatever is called", (_, standing) => {
    const record = leasedAt(standing);
    const approved = { kind: "approved" } as const;
    const reports: StepReport[] = [
      ...UNKNOWN,
      { step: "capture", outcome: approved },
      { step: "void", outcome: approved },
      { step: "lookup", outcome: { kind: "found", standing: { kind: "captured" } } },
    ];
    const decisions = [
      saga.lease(record, "L2", 99_000),
      saga.recordPayment(record, "L", "pay_2"),
      saga.cancel(record, 99_000),
      saga.hurry(record, 1000),
      ...reports.map((reported) => report(record, "L", reported, 1000)),
      report(record, "L", { kind: "put_off", after_s: 1, newKey: true, tried: true }, 1000),
    ];
    for (const { record: after, effects } of decisions) {
      expect(after).toBe(record);
      expect(effects).toEqual([]);
    }
  });
});

describe("the shopper's action", () => {
  const waiting: StepReport = {
    step: "lookup",
    outcome: { kind: "found", standing: { kind: "prepared" } },
  };

  test("is waited for until its deadline, then the payment is voided and the order declined", () => {
    const before = report(leasedAt(S.action_required), "L", waiting, 899_999);
    expect(before.record.standing).toEqual(S.action_required);
    const after = report(leasedAt(S.action_required), "L", waiting, 900_000);
    expect(after.record.standing).toMatchObject({ state: "voiding", end: "declined" });
    expect(after.effects).toEqual([]);
  });
});
