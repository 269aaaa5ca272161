/**
 * Refunds of a confirmed order: what may be requested, and the law that each is made once, whatever
 * the provider answers and however often a consumer dies (P3).
 */
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { withLine } from "../../../src/domain/order/history.ts";
import { eventOf } from "../../../src/domain/order/messages.ts";
import { isAtRest, nextStep, type OrderRecord } from "../../../src/domain/order/order.ts";
import type { ProviderRefund } from "../../../src/domain/order/payment-backend.ts";
import {
  refundKey,
  refundToMake,
  requestRefund,
  type RefundRequest,
} from "../../../src/domain/order/refunds.ts";
import { report } from "../../../src/domain/order/report.ts";
import * as saga from "../../../src/domain/order/saga.ts";
import type { StepReport } from "../../../src/domain/order/step-outcomes.ts";
import { INTENT, orderAt, STANDINGS } from "../support/order-records.ts";

const CONFIRMED = orderAt(STANDINGS.confirmed);
const PART: RefundRequest = { id: "rf_1", amount: 10_000, reason: null, restock: [] };

function requested(request: Partial<RefundRequest> = {}, from = CONFIRMED): OrderRecord {
  const { record, outcome } = requestRefund(from, { ...PART, ...request }, 1000);
  expect(outcome.kind).toBe("requested");
  return record;
}

function reported(record: OrderRecord, answer: StepReport, now = 2000) {
  const leased = saga.lease(record, "L", now).record;
  return report(leased, "L", answer, now);
}

const refunded = (state: "pending" | "succeeded"): StepReport => {
  return { step: "refund_part", outcome: { kind: "refunded", providerId: "re_1", state } };
};

function found(refunds: readonly Partial<ProviderRefund>[]): StepReport {
  const full = refunds.map((refund) => {
    const shared = { providerId: "re_1", refundId: null, amount: 10_000, failure: null };
    return { ...shared, state: "succeeded" as const, ...refund };
  });
  return { step: "settlement", outcome: { kind: "found", refunds: full, dispute: null } };
}

describe("a request", () => {
  test("is queued, and leaves the order confirmed", () => {
    const { record, effects } = requestRefund(CONFIRMED, PART, 1000);
    expect(effects).toEqual([{ kind: "queue" }]);
    expect([record.standing.state, record.version]).toEqual(["confirmed", 8]);
    expect(nextStep(record, 1000)).toBe("refund_part");
    expect([isAtRest(CONFIRMED), isAtRest(record)]).toEqual([true, false]);
  });

  test("again is the same refund, and another one under its id is a conflict", () => {
    const record = requested();
    expect(requestRefund(record, PART, 2000).outcome.kind).toBe("already_requested");
    const other = requestRefund(record, { ...PART, amount: 1 }, 2000);
    expect(other.outcome.kind).toBe("idempotency_conflict");
    expect(other.record).toBe(record);
  });

  test("without an amount is for all that is left, and no more is refunded than was paid", () => {
    const record = requested();
    const rest = requestRefund(record, { ...PART, id: "rf_2", amount: null }, 2000);
    expect(rest.outcome).toMatchObject({ kind: "requested", refund: { amount: 28_700 } });
    const more = requestRefund(rest.record, { ...PART, id: "rf_3", amount: 1 }, 3000);
    expect(more.outcome).toEqual({ kind: "too_much", left: 0 });
  });

  test.each(Object.entries(STANDINGS).filter(([state]) => state !== "confirmed"))(
    "of an order that is %s is refused",
    (state, standing) => {
      const { outcome } = requestRefund(orderAt(standing), PART, 1000);
      expect(outcome).toEqual({ kind: "not_refundable", state });
    },
  );

  test.each([
    ["KWD", 5],
    ["ISK", 150],
    ["UGX", 1],
  ])("for an amount that %s does not have is refused, and changes nothing", (currency, amount) => {
    const paid = { ...CONFIRMED, intent: { ...CONFIRMED.intent, currency } };
    const { record, outcome } = requestRefund(paid, { ...PART, amount, restock: [] }, 1000);
    expect(outcome).toMatchObject({ kind: "not_of_currency", fault: { kind: "step" } });
    expect(record).toBe(paid);
  });

  test("puts no more units back on sale than the order has, all refunds together", () => {
    const restock = [{ sku: "AIR-43", quantity: 2 }];
    const record = requested({ restock });
    const again = requestRefund(record, { ...PART, id: "rf_2", restock }, 2000);
    expect(again.outcome).toEqual({ kind: "restock_too_many", sku: "AIR-43", left: 0 });
  });
});

test("units of a refund that failed after it had succeeded are back on sale, and stay counted", () => {
  const restock = [{ sku: "AIR-42", quantity: 1 }];
  const { record } = reported(requested({ restock }), refunded("succeeded"));
  const due: OrderRecord = { ...record, settlementDue_ms: 3000 };
  const failed = reported(due, found([{ refundId: "rf_1", state: "failed" }]), 3000);
  expect(failed.record.refunds).toMatchObject([{ state: "failed", isRestocked: true }]);
  const again = requestRefund(failed.record, { ...PART, id: "rf_2", restock }, 4000);
  expect(again.outcome).toEqual({ kind: "restock_too_many", sku: "AIR-42", left: 0 });
});

describe("the provider's answer", () => {
  test("puts units back on sale once the refund has succeeded, and tells of it", () => {
    const restock = [{ sku: "AIR-42", quantity: 1 }];
    const { record, effects } = reported(requested({ restock }), refunded("succeeded"));
    const back = { kind: "restock", sku: "AIR-42", quantity: 1, refund: "rf_1" };
    expect(effects).toEqual([back, { kind: "event", version: 9 }]);
    expect(isAtRest(record)).toBe(true);
    expect(eventOf(record, 9)).toMatchObject({
      id: "ord_1:9",
      type: "order.refunded",
      state: "confirmed",
      refunded: 10_000,
      refund: { id: "rf_1", amount: 10_000, state: "succeeded" },
    });
    const lines = withLine([], record).map(({ state, reason }) => [state, reason]);
    expect(lines).toEqual([["refund_succeeded", "rf_1: 10000"]]);
  });

  test("of a pending refund puts nothing back, and it is looked for until it is known", () => {
    const restock = [{ sku: "AIR-42", quantity: 1 }];
    const pending = reported(requested({ restock }), refunded("pending"));
    expect(pending.effects.map(({ kind }) => kind)).toEqual(["event"]);
    const later = pending.record.settlementDue_ms ?? 0;
    expect(nextStep(pending.record, later)).toBe("settlement");
    const done = reported(pending.record, found([{ refundId: "rf_1" }]), later);
    expect(done.effects.map(({ kind }) => kind)).toEqual(["restock", "event"]);
    const failed = reported(pending.record, found([{ refundId: "rf_1", state: "failed" }]), later);
    expect(eventOf(failed.record).type).toBe("order.refund_failed");
    expect(
      requestRefund(failed.record, { ...PART, id: "rf_2", amount: null }, later).outcome,
    ).toEqual(expect.objectContaining({ kind: "requested" }));
  });

  test("that is a refusal ends the refund, and its amount can be refunded again", () => {
    const declined: StepReport = {
      step: "refund_part",
      outcome: { kind: "declined", reason: "balance_insufficient" },
    };
    const { record } = reported(requested(), declined);
    expect(record.refunds).toMatchObject([{ state: "failed", failure: "balance_insufficient" }]);
    expect(isAtRest(record)).toBe(true);
    expect(
      requestRefund(record, { ...PART, id: "rf_2", amount: null }, 3000).outcome,
    ).toMatchObject({ kind: "requested", refund: { amount: INTENT.total } });
  });

  test("of refunds and a dispute made there becomes part of the order, once", () => {
    const dispute = {
      id: "dp_1",
      status: "needs_response",
      isClosed: false,
      amount: 38_700,
      reason: "fraudulent",
    };
    const news: StepReport = {
      step: "settlement",
      outcome: {
        kind: "found",
        refunds: [
          { providerId: "re_9", refundId: null, amount: 500, state: "succeeded", failure: null },
        ],
        dispute,
      },
    };
    const due: OrderRecord = { ...CONFIRMED, settlementDue_ms: 1000 };
    const { record, effects } = reported(due, news);
    expect(effects).toEqual([
      { kind: "event", version: 8 },
      { kind: "event", version: 9 },
    ]);
    expect(record.refunds).toMatchObject([{ by: "provider", amount: 500, state: "succeeded" }]);
    expect([eventOf(record, 8).type, eventOf(record, 9).type]).toEqual([
      "order.refunded",
      "order.disputed",
    ]);
    const again = reported({ ...record, settlementDue_ms: 3000 }, news, 3000);
    expect([again.effects, again.record.version]).toEqual([[], record.version]);
    const closed = { ...dispute, status: "lost", isClosed: true };
    const end = { step: "settlement", outcome: { ...news.outcome, dispute: closed } } as StepReport;
    const ended = reported({ ...record, settlementDue_ms: 3000 }, end, 3000);
    expect(eventOf(ended.record).type).toBe("order.dispute_closed");
  });
});

/** A provider that keeps keys for a day, and whose answers may be lost, late or a stored 500. */
class Provider {
  readonly made = new Map<string, ProviderRefund>();
  readonly #byKey = new Map<string, { readonly at_ms: number; readonly answer: StepReport }>();
  #late: (() => void)[] = [];

  refund(key: string, id: string, amount: number, fate: Fate, now: number): StepReport | null {
    const unknown: StepReport = { step: "refund_part", outcome: { kind: "unknown", reason: "" } };
    const perform = (): StepReport => {
      const known = this.#byKey.get(key);
      if (known !== undefined && now - known.at_ms < DAY_MS) return known.answer;
      const providerId = `re_${this.made.size}`;
      const shared = { providerId, refundId: id, amount, failure: null };
      this.made.set(providerId, { ...shared, state: "succeeded" });
      const outcome = { kind: "refunded", providerId, state: "succeeded" } as const;
      const answer: StepReport = { step: "refund_part", outcome };
      this.#byKey.set(key, { at_ms: now, answer });
      return answer;
    };
    switch (fate) {
      case "ok":
        return perform();
      case "lost_before":
        return unknown;
      case "lost_after":
        perform();
        return unknown;
      case "late":
        this.#late.push(perform);
        return unknown;
      case "stored_500":
        this.#byKey.set(key, { at_ms: now, answer: unknown });
        return unknown;
      case "dies_before":
        return null;
      case "dies_after":
        perform();
        return null;
    }
  }

  /** What was on its way arrives: the platform of a call gives up long before ten minutes. */
  arrive(): void {
    for (const perform of this.#late) perform();
    this.#late = [];
  }

  settlement(): StepReport {
    const refunds = [...this.made.values()];
    return { step: "settlement", outcome: { kind: "found", refunds, dispute: null } };
  }
}

const DAY_MS = 24 * 60 * 60 * 1000;
const FATES = [
  ...(["ok", "lost_before", "lost_after", "late", "stored_500"] as const),
  ...(["dies_before", "dies_after"] as const),
];
type Fate = (typeof FATES)[number];

test("each refund is made once, for any answers, crashes and waits", () => {
  const moment = fc.record({
    fate: fc.constantFrom(...FATES),
    wait_ms: fc.constantFrom(1000, 60_000, 11 * 60_000, 25 * 60 * 60_000),
  });
  const story = fc.array(moment, { maxLength: 25 });
  fc.assert(
    fc.property(story, (moments) => {
      const provider = new Provider();
      let now = 1000;
      let record = requested();
      const live = (fate: Fate, wait_ms: number): void => {
        now = Math.max(now + wait_ms, record.notBefore_ms, record.settlementDue_ms ?? 0);
        if (wait_ms > 60_000) provider.arrive();
        const leased = saga.lease(record, `L${now}`, now);
        record = leased.record;
        if (leased.outcome.kind !== "step") return;
        const answer = answerOf(provider, record, leased.outcome.step, fate, now);
        if (answer !== null) record = report(record, `L${now}`, answer, now).record;
      };
      for (const { fate, wait_ms } of moments) live(fate, wait_ms);
      provider.arrive();
      for (let tries = 0; tries < 20 && !isAtRest(record); tries += 1) live("ok", 11 * 60_000);
      expect(isAtRest(record)).toBe(true);
      expect(provider.made.size).toBe(1);
      expect(record.refunds).toMatchObject([{ state: "succeeded", amount: 10_000 }]);
    }),
    { numRuns: 500 },
  );
});

function answerOf(
  provider: Provider,
  record: OrderRecord,
  step: string,
  fate: Fate,
  now: number,
): StepReport | null {
  if (step === "settlement") return provider.settlement();
  const refund = refundToMake(record);
  if (refund === null) throw new Error("there is no refund to make");
  return provider.refund(refundKey(record, refund), refund.id, refund.amount, fate, now);
}
