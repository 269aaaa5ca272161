/**
 * How an order waits for another try of its step, and with which key it is made.
 *
 * Guarantee: a new key is taken only where the last is known to have done nothing, or may be bound
 * to a stored failure; tries that bring nothing come less and less often.
 */
import type { ReportOutcome } from "./step-outcomes.ts";
import { delay_s, type OrderDecision } from "./transition.ts";
import type { OrderRecord } from "./order.ts";

export function putOff(
  record: OrderRecord,
  after_s: number,
  now: number,
  { newKey = false, tried = true } = {},
): OrderDecision<ReportOutcome> {
  const until_ms = now + Math.ceil(after_s * 1000);
  const next: OrderRecord = {
    ...record,
    lease: null,
    tries: record.tries + (tried ? 1 : 0),
    notBefore_ms: until_ms,
    wakeAt_ms: until_ms,
    updatedAt_ms: now,
    ...(newKey ? nextAttempt(record, now) : {}),
  };
  return { record: next, effects: [], outcome: { kind: "put_off", until_ms } };
}

/** The last key is known to have had no effect, and may be bound to a stored failure. */
export function nextAttempt(record: OrderRecord, now: number): Partial<OrderRecord> {
  return { attempt: record.attempt + 1, attemptAt_ms: now };
}

/** The same, counting on the tries that brought nothing: a provider that fails is asked less. */
export function triedAgain(record: OrderRecord, now: number): Partial<OrderRecord> {
  return { ...nextAttempt(record, now), tries: record.tries };
}

/** Another try that brought nothing: the next comes later than the last one did. */
export function fruitless(record: OrderRecord, now: number): Partial<OrderRecord> {
  return { tries: record.tries + 1, notBefore_ms: now + delay_s(record.tries) * 1000 };
}
