/**
 * Judges P2, no order lost, P3, paid once, and P10, settled after an outage: compares the orders
 * accepted from shoppers with the merchant's orders, and those with the payments.
 */
import type { OrderWithHistory } from "../crowd/gate-answers.ts";
import type { Payment } from "../crowd/sandbox-client.ts";
import { FINAL_STATES, type Evidence, type Finding, resultOf } from "./evidence.ts";

export function judgeOrders(evidence: Evidence): Finding {
  const violations: string[] = [];
  const ordersById = new Map(evidence.orders.map((order) => [order.id, order]));
  let accepted = 0;
  for (const shopper of evidence.shoppers) {
    for (const placed of shopper.orders) {
      accepted += 1;
      const [id] = placed.ids;
      if (id === undefined || placed.ids.length !== 1) {
        violations.push(`key ${placed.key}: answered with orders ${placed.ids.join(", ")}`);
        continue;
      }
      const order = ordersById.get(id);
      if (order === undefined) {
        violations.push(`order ${id} of ${shopper.plan.name}: accepted, not in the order book`);
      } else if (placed.finalState !== null && placed.finalState !== order.state) {
        const seen = `shopper saw '${placed.finalState}', the order book has '${order.state}'`;
        violations.push(`order ${id}: ${seen}`);
      }
    }
  }
  for (const order of evidence.orders) violations.push(...endings(order));
  return {
    promise: "P2",
    claim: "no order lost",
    checked: `${accepted} accepted by shoppers, ${evidence.orders.length} in the order book`,
    result: resultOf(violations),
  };
}

/** What follows the end of a confirmed order. */
const AFTERWARDS = /^(refund_|disputed$)/;

/** Checks that an order ends once: no other state follows its first final one. */
function endings(order: OrderWithHistory): string[] {
  if (!FINAL_STATES.has(order.state)) return [`order ${order.id}: still '${order.state}'`];
  const all = order.history.map((entry) => entry.state);
  const states = order.state === "confirmed" ? all.filter((each) => !AFTERWARDS.test(each)) : all;
  const end = states.findIndex((state) => FINAL_STATES.has(state));
  if (end >= 0 && states.slice(end).every((state) => state === order.state)) return [];
  return [`order ${order.id}: '${order.state}' after ${states.join(" → ")}`];
}

export function judgePayments(evidence: Evidence): Finding {
  const finding = { promise: "P3", claim: "paid once" } as const;
  const { payments } = evidence;
  if (payments === null) {
    const reason = "the payments cannot be checked without --sandbox-url";
    return { ...finding, checked: "nothing", result: { kind: "unchecked", reason } };
  }
  if (payments.kind === "unreadable") {
    const violations = [`the sandbox's ledger: ${payments.reason}`];
    return { ...finding, checked: "nothing", result: resultOf(violations) };
  }
  const violations: string[] = [];
  const byOrder = new Map<string, Payment[]>();
  const known = new Set(evidence.orders.map((order) => order.id));
  let counted = 0;
  for (const payment of payments.payments) {
    if (payment.order === null || !known.has(payment.order)) continue;
    counted += 1;
    const others = byOrder.get(payment.order) ?? [];
    byOrder.set(payment.order, [...others, payment]);
  }
  for (const order of evidence.orders) {
    const own = byOrder.get(order.id) ?? [];
    violations.push(...own.flatMap((payment) => overdrawn(payment)));
    violations.push(...(order.state === "confirmed" ? paidOnce(order, own) : notPaid(order, own)));
  }
  const confirmed = evidence.orders.filter((order) => order.state === "confirmed").length;
  const checked = `${counted} payments, ${confirmed} confirmed orders`;
  return { ...finding, checked, result: resultOf(violations) };
}

function overdrawn(payment: Payment): string[] {
  const violations: string[] = [];
  const { id, amount, captured, refunded, authorized, voided } = payment;
  if (captured > amount) violations.push(`payment ${id}: captured ${captured} of ${amount}`);
  if (captured + voided > authorized) {
    const taken = `captured ${captured} and voided ${voided}`;
    violations.push(`payment ${id}: ${taken}, authorized ${authorized}`);
  }
  if (refunded > captured) violations.push(`payment ${id}: refunded ${refunded} of ${captured}`);
  return violations;
}

function openAuthorization(payment: Payment): number {
  return payment.authorized - payment.captured - payment.voided;
}

function paidOnce(order: OrderWithHistory, payments: readonly Payment[]): string[] {
  const violations: string[] = [];
  const captures = payments.filter((payment) => payment.captured > 0);
  const [capture] = captures;
  if (capture === undefined || captures.length > 1) {
    const ids = captures.map((payment) => payment.id).join(", ");
    violations.push(`order ${order.id}: confirmed with ${captures.length} captures ${ids}`.trim());
  } else {
    const paid = capture.captured - capture.refunded;
    const currency = capture.currency.toUpperCase();
    const kept = order.total - order.refunded;
    if (paid !== kept || currency !== order.currency) {
      const due = `${kept} ${order.currency}`;
      violations.push(`order ${order.id}: costs ${due}, paid ${paid} ${currency}`);
    }
  }
  for (const payment of payments) {
    if (payment.captured > 0 || openAuthorization(payment) === 0) continue;
    violations.push(
      `order ${order.id}: payment ${payment.id} is authorized besides the captured one`,
    );
  }
  return violations;
}

function notPaid(order: OrderWithHistory, payments: readonly Payment[]): string[] {
  const violations: string[] = [];
  for (const payment of payments) {
    const kept = payment.captured - payment.refunded;
    if (kept !== 0) {
      violations.push(`order ${order.id}: ${order.state}, but ${kept} of ${payment.id} is kept`);
    }
    const open = openAuthorization(payment);
    if (open !== 0 && payment.captured === 0) {
      const what = `an authorization of ${open} (${payment.id}) is open`;
      violations.push(`order ${order.id}: ${order.state}, but ${what}`);
    }
  }
  return violations;
}

/** Counted from the end of the outage, or from the placing of an order placed later. */
const SETTLED_WITHIN_MS = 120_000;

/**
 * P10: after an outage of the payment provider every order reaches its final state in time, by the
 * order's own history. No finding when there was no outage.
 */
export function judgeRecovery({ outage, orders }: Evidence): Finding[] {
  if (outage === null) return [];
  const violations: string[] = [];
  let slowest_ms = 0;
  let caught = 0;
  for (const { id, history } of orders) {
    const placedAt_ms = Date.parse(history[0]?.at ?? "");
    const end = history.find((entry) => FINAL_STATES.has(entry.state));
    if (end === undefined || Number.isNaN(placedAt_ms)) {
      violations.push(`order ${id}: not final`);
      continue;
    }
    const endedAt_ms = Date.parse(end.at);
    if (placedAt_ms < outage.until_ms && endedAt_ms > outage.from_ms) caught += 1;
    const took_ms = endedAt_ms - Math.max(placedAt_ms, outage.until_ms);
    slowest_ms = Math.max(slowest_ms, took_ms);
    if (took_ms <= SETTLED_WITHIN_MS) continue;
    violations.push(`order ${id}: '${end.state}' only after ${Math.round(took_ms / 1000)} s`);
  }
  const down_s = Math.round((outage.until_ms - outage.from_ms) / 1000);
  const slowest = `the last settled ${(slowest_ms / 1000).toFixed(1)} s after it`;
  return [
    {
      promise: "P10",
      claim: "settled after outage",
      checked: `${down_s} s without payments, ${caught} orders caught in it, ${slowest}`,
      result: resultOf(violations),
    },
  ];
}
