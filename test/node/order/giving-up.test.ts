/**
 * Giving a payment up, also by leaving: in every state, during a step, and what becomes of units,
 * seat and money. And how long an order waits for the bank.
 */
import { describe, expect, test } from "vitest";
import { viewOf } from "../../../src/domain/order/messages.ts";
import { isFinal, nextStep, type OrderRecord } from "../../../src/domain/order/order.ts";
import { report } from "../../../src/domain/order/report.ts";
import * as saga from "../../../src/domain/order/saga.ts";
import type { StepReport } from "../../../src/domain/order/step-outcomes.ts";
import { INTENT, leasedAt, orderAt, STANDINGS } from "../support/order-records.ts";

const S = STANDINGS;
const GIVEN_UP = { state: "declined", reason: "given_up" };
const VOIDING = { state: "voiding", how: "void", end: "declined", reason: "given_up" };
const approved: StepReport = { step: "authorize", outcome: { kind: "approved" } };
const voided: StepReport = { step: "void", outcome: { kind: "approved" } };

describe("an order that nobody works on", () => {
  test.each(["accepted", "authorizing", "action_required", "authorized", "in_doubt"] as const)(
    "and is %s voids its payment, and returns the units when that is known",
    (state) => {
      const { record, effects, outcome } = saga.giveUp(orderAt(S[state]), 1000);
      expect(outcome).toEqual({ kind: "giving_up", when: "now" });
      expect(record.standing).toMatchObject(VOIDING);
      expect(effects).toEqual([{ kind: "queue" }]);
      const leased = saga.lease(record, "L", 1000);
      expect(leased.outcome).toMatchObject({ kind: "step", step: "void" });
      const ended = report(leased.record, "L", voided, 2000);
      expect(ended.record.standing).toEqual(GIVEN_UP);
      expect(ended.effects.map(({ kind }) => kind)).toEqual(["stock", "stock", "seat", "event"]);
      expect(ended.effects[0]).toMatchObject({ action: "return" });
    },
  );

  test("and has no payment yet ends at once", () => {
    const { record } = saga.giveUp(orderAt(S.accepted, { paymentId: null }), 1000);
    expect(record.standing).toEqual(GIVEN_UP);
  });

  test.each(["booking", "booked", "capturing", "confirmed", "failed", "cancelled"] as const)(
    "and is %s cannot be given up",
    (state) => {
      const decision = saga.giveUp(orderAt(S[state]), 1000);
      expect(decision.outcome).toEqual({ kind: "too_late", state });
      expect(decision.effects).toEqual([]);
    },
  );

  test("can be given up again, with the same answer", () => {
    const once = saga.giveUp(orderAt(S.action_required), 1000).record;
    const again = saga.giveUp(once, 2000);
    expect(again).toEqual({
      record: once,
      effects: [],
      outcome: { kind: "giving_up", when: "now" },
    });
  });
});

describe("an order with a step under way", () => {
  const wished = (record: OrderRecord): OrderRecord => {
    const { record: next, outcome } = saga.giveUp(record, 1000);
    expect(outcome).toEqual({ kind: "giving_up", when: "after_step" });
    return next;
  };

  test("is given up when the step ends, also when the bank has just approved", () => {
    const { record } = report(wished(leasedAt(S.authorizing)), "L", approved, 2000);
    expect(record.standing).toMatchObject(VOIDING);
  });

  test("stays declined where the bank refused", () => {
    const declined: StepReport = {
      step: "authorize",
      outcome: { kind: "declined", reason: "card_declined" },
    };
    const { record } = report(wished(leasedAt(S.authorizing)), "L", declined, 2000);
    expect(record.standing).toEqual({ state: "declined", reason: "card_declined" });
  });

  test("is given up by the next consumer when this one dies", () => {
    const left = wished(leasedAt(S.authorizing));
    const { record, outcome } = saga.lease(left, "M", 60_000);
    expect(outcome).toMatchObject({ kind: "step", step: "void" });
    expect(record.standing).toMatchObject(VOIDING);
  });

  test("is given up while it is being placed, once it has its units", () => {
    const placing = wished(orderAt(S.placing, { paymentId: null }));
    const { record, effects } = saga.accept(placing, 2000);
    expect(record.standing).toEqual(GIVEN_UP);
    expect(effects.filter(({ kind }) => kind === "stock")).toHaveLength(2);
  });
});

const asksTheBank: StepReport = {
  step: "authorize",
  outcome: { kind: "action_required", url: null, clientSecret: "pi_1_secret_2" },
};
const stillAtTheBank: StepReport = {
  step: "lookup",
  outcome: { kind: "found", standing: { kind: "action_required", url: null } },
};
const ABANDONED = { state: "voiding", end: "declined", reason: "action_abandoned" };

describe("an order waits for the bank no longer than its hold lasts", () => {
  const HOLD_ENDS_MS = INTENT.holdUntil_ms;
  const asked = (now: number): OrderRecord => {
    return report(leasedAt(S.authorizing, now + 20_000), "L", asksTheBank, now).record;
  };

  test.each([1000, HOLD_ENDS_MS - 1000, HOLD_ENDS_MS - 1])("asked at %i ms", (now) => {
    const { standing, wakeAt_ms } = asked(now);
    expect(standing).toMatchObject({ state: "action_required", until_ms: HOLD_ENDS_MS });
    expect(wakeAt_ms).toBe(Math.min(now + 4000, HOLD_ENDS_MS));
  });

  test.each([HOLD_ENDS_MS, HOLD_ENDS_MS + 1])("and is given up when asked at %i ms", (now) => {
    expect(asked(now).standing).toMatchObject(ABANDONED);
  });

  test("looking at its payment for the last time at the hold's end", () => {
    const now = HOLD_ENDS_MS - 3000;
    const until_ms = HOLD_ENDS_MS;
    const waiting = { state: "action_required", url: "", clientSecret: null, until_ms } as const;
    const leased = { ...leasedAt(waiting, now + 20_000), tries: 4 };
    const looked = report(leased, "L", stillAtTheBank, now);
    expect(looked.outcome).toEqual({ kind: "put_off", until_ms: HOLD_ENDS_MS });
    const last = saga.lease(looked.record, "M", HOLD_ENDS_MS);
    const over = report(last.record, "M", stillAtTheBank, HOLD_ENDS_MS + 100);
    expect(over.record.standing).toMatchObject(ABANDONED);
  });
});

describe("an order whose shopper has left", () => {
  const departed = (record: OrderRecord, now = 1000) => saga.depart(record, true, now);

  test("and is at the bank is given up, and answers that it is unpaid", () => {
    const { record, effects, outcome } = departed(orderAt(S.action_required));
    expect(record.standing).toMatchObject(VOIDING);
    expect([effects, outcome]).toEqual([[{ kind: "queue" }], "unpaid"]);
  });

  test("is given up when a look-up under way has ended", () => {
    const leaving = departed(leasedAt(S.action_required));
    expect(leaving.record.standing.state).toBe("action_required");
    const { record } = report(leaving.record, "L", stillAtTheBank, 2000);
    expect(record.standing).toMatchObject(VOIDING);
  });

  test("is given up by the next consumer when the one that looked up died", () => {
    const { record } = saga.lease(departed(leasedAt(S.action_required)).record, "M", 60_000);
    expect(record.standing).toMatchObject(VOIDING);
  });

  test.each(["accepted", "authorizing"] as const)(
    "while it was %s goes on, is paid without them, and given up as soon as the bank asks",
    (state) => {
      const leaving = departed(orderAt(S[state]));
      expect([leaving.outcome, leaving.record.standing]).toEqual(["unpaid", S[state]]);
      const { record } = saga.lease(leaving.record, "L", 1000);
      expect(report(record, "L", approved, 2000).record.standing).toEqual({ state: "authorized" });
      expect(report(record, "L", asksTheBank, 2000).record.standing).toMatchObject(VOIDING);
    },
  );

  test("and whose payment is in doubt stays so until it is looked up (P4)", () => {
    const leaving = departed(orderAt({ state: "in_doubt", of: "authorize", booking: null }));
    expect([leaving.outcome, leaving.record.standing.state]).toEqual(["unpaid", "in_doubt"]);
    const { record } = saga.lease(leaving.record, "L", 1000);
    expect(report(record, "L", stillAtTheBank, 2000).record.standing).toMatchObject(VOIDING);
  });

  test.each([
    ["placing", "unpaid"],
    ["voiding", "unpaid"],
    ["authorized", "paid"],
    ["booking", "paid"],
    ["booked", "paid"],
    ["capturing", "paid"],
    ["confirmed", "over"],
    ["declined", "over"],
    ["rejected", "over"],
  ] as const)("and is %s answers %s, and goes on as it was", (state, answer) => {
    const { record, effects, outcome } = departed(orderAt(S[state]));
    expect([record.standing, effects, outcome]).toEqual([S[state], [], answer]);
  });

  test("can be told again without a change, and a shopper whose time is over is not one", () => {
    const once = departed(orderAt(S.authorizing)).record;
    expect(departed(once).record).toBe(once);
    const waiting = orderAt(S.action_required);
    expect(saga.depart(waiting, false, 1000)).toEqual({
      record: waiting,
      effects: [],
      outcome: "unpaid",
    });
  });
});

test("the buyer reads what to do, until when, and whether it can be given up", () => {
  const script = { ...S.action_required, url: "", clientSecret: "pi_1_secret_2" };
  const shown = viewOf(orderAt({ ...script, state: "action_required", until_ms: 5000 }));
  expect(shown.action).toEqual({
    kind: "script",
    clientSecret: "pi_1_secret_2",
    until_ms: 5000,
  });
  expect(shown.mayGiveUp).toBe(true);
  const confirmed = viewOf(orderAt(S.confirmed));
  expect([confirmed.action, confirmed.mayGiveUp]).toEqual([null, false]);
  expect([isFinal(S.confirmed), nextStep(orderAt(S.confirmed), 0)]).toEqual([true, null]);
});
