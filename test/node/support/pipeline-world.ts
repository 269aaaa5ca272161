/**
 * The pipeline with backends that approve everything, and an Order in memory whose rules are the
 * product's. Not for storage or queues: `test/workerd` has those.
 */
import {
  MESSAGES_AT_ONCE,
  ORDER_CALLS_AT_ONCE,
  PAYMENT_CALLS_AT_ONCE,
} from "../../../src/domain/limits.ts";
import type { OrderRecord, OrderStanding } from "../../../src/domain/order/order.ts";
import * as reports from "../../../src/domain/order/report.ts";
import * as saga from "../../../src/domain/order/saga.ts";
import { Breaker } from "../../../queues/breakers.ts";
import { Bulkhead } from "../../../queues/bulkhead.ts";
import { Pace } from "../../../queues/pace.ts";
import type { LeasedOrder, Pipeline } from "../../../queues/pipeline.ts";
import { PaceMemory } from "../../../simulation/faults/pace-memory.ts";
import { orderAt } from "./order-records.ts";

/** An Order with the clock of this test. */
export function orderIn(
  clock: { now: number },
  standing: OrderStanding,
  change: Partial<OrderRecord> = {},
) {
  let record: OrderRecord = orderAt(standing, change);
  const lease = (leaseId: string) => {
    const { record: next, outcome } = saga.lease(record, leaseId, clock.now);
    record = next;
    return { ...outcome, record };
  };
  const order: LeasedOrder = {
    lease: async (leaseId) => lease(leaseId),
    recordPayment: async (leaseId, paymentId) => {
      const { record: next, outcome } = saga.recordPayment(record, leaseId, paymentId);
      record = next;
      return outcome;
    },
    report: async (leaseId, reported, nextLeaseId) => {
      const { record: next, outcome } = reports.report(record, leaseId, reported, clock.now);
      record = next;
      const goesOn = nextLeaseId !== null && outcome.kind === "moved";
      return { ...outcome, next: goesOn ? lease(nextLeaseId) : null };
    },
  };
  return {
    order,
    record: () => record,
    state: () => record.standing.state,
    tries: () => record.tries,
  };
}

export const NO_KV = { get: async () => null, put: async () => undefined };

export function pipelineAt(clock: { now: number }, change: Partial<Pipeline>): Pipeline {
  const approved = async () => ({ kind: "approved" }) as const;
  const waitingMax = MESSAGES_AT_ONCE;
  const pace = new PaceMemory(() => clock.now);
  let leases = 0;
  return {
    payments: {
      name: "good",
      prepare: async () => ({ kind: "prepared", paymentId: "pay_1" }),
      authorize: approved,
      capture: approved,
      void: approved,
      refund: approved,
      refundPart: async () => ({ kind: "refunded", providerId: "re_1", state: "succeeded" }),
      settlement: async () => ({ kind: "found", refunds: [], dispute: null }),
      lookup: async () => ({ kind: "found", standing: { kind: "authorized" } }),
    },
    orders: {
      name: "good",
      book: async () => ({ kind: "booked", booking: "BK" }),
      cancel: async () => ({ kind: "cancelled" }),
    },
    paymentBreaker: new Breaker(NO_KV, "payment", "here"),
    orderBreaker: new Breaker(NO_KV, "orders", "here"),
    paymentPace: new Pace(pace, "payment"),
    orderPace: new Pace(pace, "orders"),
    paymentSlots: new Bulkhead({ slots: () => PAYMENT_CALLS_AT_ONCE, waitingMax }),
    orderSlots: new Bulkhead({ slots: () => ORDER_CALLS_AT_ONCE, waitingMax }),
    now: () => clock.now,
    newId: () => `lease ${(leases += 1)}`,
    ...change,
  };
}
