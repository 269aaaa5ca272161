/**
 * The sandbox payment provider, as a test looks at it from outside: its ledger and its faults.
 */
import { expect } from "vitest";
import { Ledger, type LedgerRow } from "../../../simulation/sandbox/ledger.ts";
import type { FaultKind } from "../../../simulation/sandbox/faults.ts";

const CONTROL = "http://sandbox.test/sandbox";

export async function paymentsOf(order: string): Promise<LedgerRow[]> {
  const response = await fetch(`${CONTROL}/ledger`);
  const { payments, summary } = Ledger.parse(await response.json());
  expect(summary.ordersPaidTwice).toEqual([]);
  return payments.filter((payment) => payment.order === order);
}

/** What the provider took and kept of an order, and what it still reserves. */
export async function moneyOf(order: string): Promise<{
  readonly captures: number;
  readonly kept: number;
  readonly reserved: number;
}> {
  const payments = await paymentsOf(order);
  const sum = (of: (payment: LedgerRow) => number): number =>
    payments.reduce((total, payment) => total + of(payment), 0);
  return {
    captures: payments.filter(({ captured }) => captured > 0).length,
    kept: sum(({ captured, refunded }) => captured - refunded),
    reserved: sum(({ authorized, captured, voided }) => authorized - captured - voided),
  };
}

/** From now on every call meets this fault. */
export async function everyCallMeets(kind: FaultKind): Promise<void> {
  const body = JSON.stringify({ rate: 1, kinds: [kind] });
  const response = await fetch(`${CONTROL}/faults`, { method: "PUT", body });
  expect(response.status).toBe(200);
}

export async function faultsOff(): Promise<void> {
  await fetch(`${CONTROL}/faults`, { method: "DELETE" });
}
