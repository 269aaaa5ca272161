/**
 * Commands that do not come from a consumer: the merchant's cancel, the order's own alarm while it
 * waits, and hints from the provider.
 */
import { describe, expect, test } from "vitest";
import { requestRefund } from "../../../src/domain/order/refunds.ts";
import { report } from "../../../src/domain/order/report.ts";
import type { StepReport } from "../../../src/domain/order/step-outcomes.ts";
import * as saga from "../../../src/domain/order/saga.ts";
import {
  isAtRest,
  isDelayed,
  isFinal,
  nextStep,
  stepKey,
  type OrderStanding,
} from "../../../src/domain/order/order.ts";
import {
  IN_DOUBT_OF_CAPTURE,
  INTENT,
  leasedAt,
  LOOKING,
  orderAt,
  REFUNDING,
  STANDINGS,
} from "../support/order-records.ts";

const S = STANDINGS;
const ALL: OrderStanding[] = [...Object.values(S), IN_DOUBT_OF_CAPTURE];
const FINAL = ALL.filter(isFinal);
const named = (standings: OrderStanding[]) => standings.map((item) => [item.state, item] as const);

describe("the merchant's cancel", () => {
  const undoing = { state: "voiding", how: "void", end: "cancelled" };
  const now = { kind: "cancelling", when: "now" };
  const after = { kind: "cancelling", when: "after_step" };
  const refused = (standing: OrderStanding) => {
    return { kind: "not_cancellable", state: standing.state };
  };
  const SENT_BACK: OrderStanding = { ...REFUNDING, end: "cancelled" };
  /** The effect on an order with a payment and without a lease, state by state. */
  const TABLE: readonly (readonly [OrderStanding, object, object, string])[] = [
    [S.placing, after, S.placing, "its units are being taken"],
    [S.rejected, refused(S.rejected), S.rejected, "there is nothing to cancel"],
    [S.accepted, now, undoing, "nothing is charged yet"],
    [S.authorizing, now, undoing, "a possible reservation is voided"],
    [S.action_required, now, undoing, "the shopper can no longer agree"],
    [S.authorized, now, undoing, "the reservation is voided"],
    [S.booking, now, undoing, "a booking that may exist is cancelled first"],
    [S.booked, now, undoing, "the booking is cancelled first"],
    [S.capturing, now, undoing, "a capture that cannot be voided is refunded"],
    [S.in_doubt, now, undoing, "voiding resolves the doubt"],
    [IN_DOUBT_OF_CAPTURE, now, undoing, "a capture that cannot be voided is refunded"],
    [S.voiding, refused(S.voiding), S.voiding, "it is being undone with another end"],
    [SENT_BACK, now, SENT_BACK, "it is being cancelled already"],
    [S.confirmed, refused(S.confirmed), S.confirmed, "it is sold: refund it"],
    [S.declined, refused(S.declined), S.declined, "it has ended"],
    [S.failed, refused(S.failed), S.failed, "it has ended"],
    [S.cancelled, now, S.cancelled, "repeating gets the same answer"],
  ];

  test("has a row for every state", () => {
    expect(new Set(TABLE.map(([{ state }]) => state))).toEqual(new Set(Object.keys(S)));
  });

  test.each(TABLE.map((row) => [row[0].state, row[3], row] as const))(
    "of an order that is %s: %s",
    (_, _why, [standing, outcome, becomes]) => {
      const record = orderAt(standing);
      const decision = saga.cancel(record, 1000);
      expect(decision.outcome).toEqual(outcome);
      expect(decision.record.standing).toMatchObject(becomes);
      const moved = decision.record.standing !== standing;
      expect(decision.effects).toEqual(moved ? [{ kind: "queue" }] : []);
      expect(saga.cancel(decision.record, 1000).outcome).toEqual(outcome);
    },
  );

  test("without a payment ends it at once", () => {
    const { record, effects } = saga.cancel(orderAt(S.accepted, { paymentId: null }), 1000);
    expect(record.standing).toEqual({ state: "cancelled", reason: "cancelled_by_merchant" });
    expect(effects.map(({ kind }) => kind)).toEqual(["stock", "stock", "seat", "event"]);
  });

  const wished = (standing: OrderStanding) => saga.cancel(leasedAt(standing, 5000), 4999);

  test.each(named([S.authorizing, S.action_required, S.booking, S.capturing, S.in_doubt]))(
    "is recorded while a consumer has an order that is %s, and applied when its lease has expired",
    (_, standing) => {
      const { record, effects, outcome } = wished(standing);
      expect(outcome).toEqual(after);
      expect(effects).toEqual([]);
      expect(record).toEqual({ ...leasedAt(standing, 5000), wish: "cancel" });
      const next = saga.lease(record, "L2", 5000);
      expect(next.record.standing).toMatchObject(undoing);
      expect(next.outcome).toEqual({ kind: "step", step: "void", key: "ord_1:void:1" });
    },
  );

  test("is applied with the report, in place of the next step", () => {
    const booked: StepReport = { step: "book", outcome: { kind: "booked", booking: "BK-9" } };
    const { record, effects } = report(wished(S.booking).record, "L", booked, 5000);
    expect(record.standing).toMatchObject({ ...undoing, booking: "BK-9" });
    expect(effects).toEqual([]);
  });

  test("during the capture refunds the money, and sells nothing", () => {
    const taken: StepReport = { step: "capture", outcome: { kind: "approved" } };
    const { record, effects } = report(wished(S.capturing).record, "L", taken, 5000);
    expect(record.standing).toMatchObject({ state: "voiding", how: "refund", end: "cancelled" });
    expect(effects).toEqual([]);
  });

  test("does not change an order that was declined", () => {
    const no: StepReport = { step: "authorize", outcome: { kind: "declined", reason: "no" } };
    const { record } = report(wished(S.authorizing).record, "L", no, 5000);
    expect(record.standing).toEqual({ state: "declined", reason: "no" });
  });

  test("during placing releases the units and accepts nothing", () => {
    const placing = saga.cancel(saga.place(INTENT, 0), 1).record;
    const { record, effects } = saga.accept(placing, 5);
    expect(record.standing.state).toBe("cancelled");
    expect(effects.map(({ kind }) => kind)).toEqual(["stock", "stock", "seat", "event"]);
  });
});

describe("an order that waits", () => {
  const waiting = orderAt(S.booking, { notBefore_ms: 9000, wakeAt_ms: 9000 });

  test("queues itself again when its wait is over, and less often without progress", () => {
    expect(saga.wake(waiting, 8999)).toMatchObject({ effects: [], outcome: "asleep" });
    const gaps: number[] = [];
    let record = waiting;
    for (let ring = 0; ring < 8; ring += 1) {
      const at_ms = record.wakeAt_ms;
      const { record: woken, effects, outcome } = saga.wake(record, at_ms);
      expect([effects, outcome]).toEqual([[{ kind: "queue" }], "queued"]);
      gaps.push((woken.wakeAt_ms - at_ms) / 1000);
      record = woken;
    }
    expect(gaps).toEqual([30, 39, 78, 156, 312, 600, 600, 600]);
  });

  test.each(named([S.placing, ...FINAL]))("never wakes when it is %s", (_, standing) => {
    const record = orderAt(standing, { wakeAt_ms: 0 });
    expect(saga.wake(record, 99_000)).toEqual({ record, effects: [], outcome: "asleep" });
  });

  test("is shown as delayed, unlike one that makes progress", () => {
    const retry: StepReport = { step: "book", outcome: { kind: "retry", after_s: 30 } };
    const putOff = report(leasedAt(S.booking), "L", retry, 1000).record;
    expect(isDelayed(putOff)).toBe(true);
    const booked: StepReport = { step: "book", outcome: { kind: "booked", booking: "BK" } };
    expect(isDelayed(report(leasedAt(S.booking), "L", booked, 1000).record)).toBe(false);
    const bank = { step: "authorize", outcome: { kind: "action_required", url: "u" } } as const;
    expect(isDelayed(report(leasedAt(S.authorizing), "L", bank, 1000).record)).toBe(false);
  });

  test("for a breaker keeps its count of tries, and does not count the wait as one", () => {
    const waits = { kind: "put_off", after_s: 9, newKey: false } as const;
    const closed = report(leasedAt(S.booking), "L", { ...waits, tried: false }, 1000).record;
    expect(closed).toMatchObject({ tries: 0, notBefore_ms: 10_000, wakeAt_ms: 10_000 });
    expect(report(leasedAt(S.booking), "L", { ...waits, tried: true }, 1000).record.tries).toBe(1);
  });

  test("waits up to a random quarter longer, never less", () => {
    const retry: StepReport = { step: "book", outcome: { kind: "retry", after_s: 40 } };
    const until = (chance: number) => {
      return report(leasedAt(S.booking), "L", retry, 1000, chance).record.notBefore_ms;
    };
    expect([until(0), until(0.5), until(1)]).toEqual([41_000, 46_000, 51_000]);
  });
});

describe("a hint from the provider", () => {
  test.each(named(ALL))(
    "makes only an order that waits for it look up its payment at once: %s",
    (_, at) => {
      const record = orderAt(at, { notBefore_ms: 9000, wakeAt_ms: 9000 });
      const waits = at.state === "action_required" || at.state === "in_doubt";
      const decision = saga.nudge(record, 1000);
      expect(decision.outcome).toBe(waits ? "queued" : "not_waiting");
      expect(decision.effects).toEqual(waits ? [{ kind: "queue" }] : []);
      expect(decision.record.standing).toBe(at);
      expect(!waits || nextStep(decision.record, 1000) === "lookup").toBe(true);
      expect(saga.nudge(decision.record, 1000).outcome).toBe("not_waiting");
    },
  );

  test("makes a confirmed order read its refunds and its dispute, if it is about them", () => {
    const confirmed = orderAt(S.confirmed, { settlementDue_ms: null });
    expect(saga.nudge(confirmed, 1000, "payment").outcome).toBe("not_waiting");
    const { record, effects, outcome } = saga.nudge(confirmed, 1000, "settlement");
    expect([outcome, effects]).toEqual(["queued", [{ kind: "queue" }]]);
    expect(nextStep(record, 1000)).toBe("settlement");
    expect(record.standing).toBe(confirmed.standing);
  });

  test("about refunds is remembered by an order that does not know yet that it was paid", () => {
    const { record, effects } = saga.nudge(leasedAt(S.capturing), 1000, "settlement");
    expect([record.standing, effects]).toEqual([S.capturing, []]);
    const captured: StepReport = { step: "capture", outcome: { kind: "approved" } };
    const confirmed = report(record, "L", captured, 2000).record;
    expect(confirmed.standing.state).toBe("confirmed");
    expect(nextStep(confirmed, 2000)).toBe("settlement");
  });

  test("about refunds while they are read makes the order read them again", () => {
    const reading = { ...leasedAt(S.confirmed), settlementDue_ms: 500 };
    const { record } = saga.nudge(reading, 1000, "settlement");
    const found = { kind: "found", refunds: [], dispute: null } as const;
    const read: StepReport = { step: "settlement", outcome: found };
    const after = report(record, "L", read, 2000).record;
    expect(nextStep(after, 2000)).toBe("settlement");
    const again = report({ ...after, lease: record.lease }, "L", read, 3000).record;
    expect([nextStep(again, 3000), isAtRest(again)]).toEqual([null, true]);
  });

  test("about refunds outlasts a refund in flight that is reported late", () => {
    const { record } = saga.nudge(leasedAt(S.confirmed), 1000, "settlement");
    const id = "rf_1";
    const asked = { id, amount: 100, reason: null, restock: [] };
    const refunding = requestRefund(record, asked, 1000).record;
    for (const kind of ["unknown", "declined"] as const) {
      const late: StepReport = { step: "refund_part", outcome: { kind, reason: "why" } };
      expect(nextStep(report(refunding, "L", late, 60_000).record, 60_000)).toBe("settlement");
    }
  });

  test("about refunds keeps no order awake that ends unsold", () => {
    const { record } = saga.nudge(leasedAt(S.voiding), 1000, "settlement");
    const voided: StepReport = { step: "void", outcome: { kind: "approved" } };
    const failed = report(record, "L", voided, 2000).record;
    expect([failed.standing.state, isAtRest(failed)]).toEqual(["failed", true]);
  });

  test.each(named([S.declined, S.failed, S.cancelled]))(
    "that money is reserved makes an order that ended unsold void it, and change nothing else: %s",
    (_, at) => {
      const ended = orderAt(at, { wish: "cancel", attempt: 1 });
      const { record, effects } = saga.nudge(ended, 1000, "reserved");
      expect([effects, nextStep(record, 1000)]).toEqual([[{ kind: "queue" }], "void"]);
      // The provider would repeat what it answered to an earlier void.
      expect(stepKey(record, "void")).not.toBe(stepKey(ended, "void"));
      expect(saga.nudge(record, 1000, "reserved").record.attempt).toBe(record.attempt);
      const leased = saga.lease(record, "L", 1000).record;
      const lost: StepReport = { step: "void", outcome: { kind: "unknown", reason: "time-out" } };
      const waiting = report(leased, "L", lost, 2000).record;
      expect([nextStep(waiting, 9000), isAtRest(waiting)]).toEqual(["void", false]);
      expect(stepKey(waiting, "void")).not.toBe(stepKey(record, "void"));
      const voided: StepReport = { step: "void", outcome: { kind: "approved" } };
      const rested = report(saga.lease(waiting, "M", 9000).record, "M", voided, 9000);
      expect([rested.effects, isAtRest(rested.record)]).toEqual([[], true]);
      expect([rested.record.standing, rested.record.version]).toEqual([at, ended.version]);
    },
  );

  test("that money is reserved is nothing to void for an order that was never prepared", () => {
    const ended = orderAt(S.declined, { paymentId: null });
    expect(saga.nudge(ended, 1000, "reserved").outcome).toBe("not_waiting");
  });

  test("is followed also while it is unknown whether a refund succeeded", () => {
    const record = orderAt(LOOKING, { notBefore_ms: 9000 });
    expect(saga.nudge(record, 1000).outcome).toBe("queued");
  });
});
