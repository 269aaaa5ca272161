/**
 * What the parts of a deployment answered when they were asked, as checks. Pure.
 */
import { unusualLimits, type LimitsReading } from "../backend-limits.ts";
import type { Backend, SharedBreaker } from "../breaker.ts";
import { bad, type Check, good } from "./check.ts";
import { ORDERS_SETUP_FRESH_MS, type OrdersSetup } from "./orders-setup.ts";

/** A message that waits longer than this is not being read. */
const BACKLOG_AGE_MAX_MS = 10 * 60_000;

export function storeCheck(answers: boolean): Check {
  if (answers) return good("kv", "KV (CONFIG) answers.");
  return bad("kv", "error", "KV (CONFIG) does not answer, so sales cannot be published and read.");
}

/** @param parked dead letters that could be replayed; null if the database does not answer */
export function bookCheck(parked: number | null): Check {
  if (parked === null) {
    const detail =
      "The order book (D1, ORDER_BOOK) does not answer, or its tables are missing: " +
      "`npm run deploy` makes them.";
    return bad("order_book", "error", detail);
  }
  if (parked === 0) return good("order_book", "The order book (D1) answers.");
  const detail =
    `The order book (D1) answers. The queues gave up on ${parked} messages: read them with ` +
    "GET /_sluice/admin/v1/dead-letters, and replay them.";
  return bad("dead_letters", "warning", detail);
}

export interface QueueReading {
  readonly queue: string;
  /** Null if the queue does not answer. */
  readonly backlog: { readonly messages: number; readonly oldestAt_ms: number | null } | null;
}

export function queuesCheck(readings: readonly QueueReading[], now: number): Check {
  const silent = readings.filter(({ backlog }) => backlog === null).map(({ queue }) => queue);
  if (silent.length > 0) {
    const detail = `No answer from ${silent.join(", ")}: \`npm run deploy\` makes missing queues.`;
    return bad("queues", "error", detail);
  }
  const stuck = readings.filter(({ backlog }) => {
    return now - (backlog?.oldestAt_ms ?? now) > BACKLOG_AGE_MAX_MS;
  });
  if (stuck.length > 0) {
    const what = stuck.map(({ queue, backlog }) => `${queue} (${backlog?.messages ?? 0} messages)`);
    const detail =
      `Messages have waited for more than ten minutes in ${what.join(", ")}: look at ` +
      "`npx wrangler tail sluice-orders`.";
    return bad("queues", "warning", detail);
  }
  return good("queues", `${readings.map(({ queue }) => queue).join(", ")} answer.`);
}

export interface BreakerState {
  readonly backend: Backend;
  readonly shared: SharedBreaker;
  readonly force: "open" | "closed" | null;
}

export function breakersCheck(breakers: readonly BreakerState[]): Check {
  const open = breakers.filter(({ shared, force }) => {
    return force === "open" || (force === null && shared.state === "open");
  });
  if (open.length === 0) return good("breakers", "Payments and bookings get through.");
  const why = open.map(({ backend, shared, force }) => {
    if (force === "open") return `${backend} is held open by the operator`;
    return `${backend} is open: ${shared.state === "open" ? shared.reason : "unknown"}`;
  });
  const detail =
    `Calls are held back (${why.join("; ")}), and orders wait. GET /_sluice/admin/v1/breakers ` +
    "has when the next try is due.";
  return bad("breakers", "warning", detail);
}

/** @param readings null if their objects do not answer */
export function limitsCheck(readings: readonly LimitsReading[] | null): Check {
  const name = "backend_limits";
  if (readings === null) {
    const detail =
      "The objects with the limits of the backends (BACKEND_PACE) do not answer: the orders " +
      "Worker goes by the limits that it has, and each of its isolates by a pace of its own.";
    return bad(name, "warning", detail);
  }
  const unusual = unusualLimits(readings);
  if (unusual.length === 0) return good(name, "The limits of both backends are the defaults.");
  const detail =
    `Limits that an operator has set are in force (${unusual.join("; ")}). If they are no longer ` +
    "needed, DELETE /_sluice/admin/v1/backends/{backend} returns to the defaults.";
  return bad(name, "info", detail);
}

/** @param report null if there is none, or none that can be read */
export function reportChecks(
  report: OrdersSetup | null,
  gate: { readonly version: string; readonly now: number },
): readonly Check[] {
  const name = "orders_worker";
  if (report === null) {
    const detail =
      "The orders Worker has not reported. It does every five minutes, and up to a quarter of an " +
      "hour after its first deployment. Without it no order is paid: `npm run deploy` deploys it.";
    return [bad(name, "error", detail)];
  }
  const age_ms = gate.now - report.at_ms;
  const minutes = Math.round(age_ms / 60_000);
  if (age_ms > ORDERS_SETUP_FRESH_MS) {
    const detail =
      `The orders Worker reported ${minutes} minutes ago, and should every five: look at ` +
      "`npx wrangler tail sluice-orders`. What is said about it below may have changed.";
    return [bad(name, "warning", detail)];
  }
  const problems = report.problems.map((problem) => {
    return bad("orders_settings", "error", `No order can be paid and booked: ${problem}.`);
  });
  if (report.version !== gate.version) {
    const detail =
      `The gate runs ${gate.version}, the orders Worker ${report.version}: \`npm run deploy\` ` +
      "deploys both. After a deployment this corrects itself within five minutes.";
    return [...problems, bad("versions", "warning", detail)];
  }
  const some = minutes === 1 ? "1 minute ago" : `${minutes} minutes ago`;
  const when = minutes < 1 ? "less than a minute ago" : some;
  return [good(name, `The orders Worker reported ${when}.`), ...problems];
}
