/**
 * Collects the evidence for the verdict when all shoppers have settled: waits until every order is
 * final, ends the drill's own sale so that its secret is published, and reads orders, ledgers and
 * manifests.
 *
 * Every wait is bounded; the verdict judges what has not happened by then.
 */
import { setTimeout as delay } from "node:timers/promises";
import {
  keySetSchema,
  type Audit,
  type LedgerRow,
  type Manifest,
  type OrderWithHistory,
  type PublishedKey,
} from "../crowd/gate-answers.ts";
import type { GateClient } from "../crowd/gate-client.ts";
import { failed, askAgain } from "../crowd/ask-again.ts";
import { readSandboxLedger } from "../crowd/sandbox-client.ts";
import type { ShopperRecord } from "../crowd/shopper-record.ts";
import { claimsOf } from "./fairness.ts";
import type { DrillSale } from "./sale.ts";
import { type Evidence, FINAL_STATES, type Outage, type TimedAudit } from "./evidence.ts";

const AUDIT_INTERVAL_MS = 1000;
const SETTLED_WITHIN_MS = 120_000;
const SECRET_WITHIN_MS = 20_000;
const PARALLEL_MAX = 16;

/** Reads the audit every second until aborted; failed reads are left out. */
export async function auditAllAlong(
  gate: GateClient,
  sale: string,
  signal: AbortSignal,
): Promise<TimedAudit[]> {
  const audits: TimedAudit[] = [];
  while (!signal.aborted) {
    const requestedAt_ms = Date.now();
    const answer = await gate.merchant.audit(sale);
    if (answer.kind === "answered") audits.push({ ...answer.body, requestedAt_ms });
    await delay(AUDIT_INTERVAL_MS, undefined, { signal }).catch(() => undefined);
  }
  return audits;
}

export async function collect(
  gate: GateClient,
  sale: DrillSale,
  sandboxUrl: string | null,
  shoppers: readonly ShopperRecord[],
  audits: readonly TimedAudit[],
  outage: Outage | null,
): Promise<Evidence> {
  const last = await settledAudit(gate, sale.id);
  const orders = await readOrders(gate, sale.id, shoppers);
  const ledgers = new Map<string, LedgerRow[]>();
  for (const sku of sale.skus) ledgers.set(sku, await readLedger(gate, sku));
  const fairnessAfter = await endAndReveal(gate, sale);
  return {
    sale: sale.id,
    ownSale: sale.own,
    shoppers,
    audits: [...audits, last],
    ledgers,
    orders,
    payments: sandboxUrl === null ? null : await readSandboxLedger(sandboxUrl),
    fairnessBefore: sale.fairness,
    fairnessAfter,
    manifests: await readManifests(gate, sale.id, shoppers),
    keys: await readKeys(gate),
    outage,
  };
}

/** True when every order is in a final state and no unit is held or ordered. */
function isSettled(audit: Audit): boolean {
  const open = Object.entries(audit.orders).some(([state, n]) => n > 0 && !FINAL_STATES.has(state));
  return !open && audit.skus.every((sku) => sku.held === 0 && sku.ordered === 0);
}

async function settledAudit(gate: GateClient, sale: string): Promise<TimedAudit> {
  const until = Date.now() + SETTLED_WITHIN_MS;
  for (;;) {
    const requestedAt_ms = Date.now();
    const answer = await askAgain(() => gate.merchant.audit(sale));
    if (answer.kind !== "answered") throw failed(`reading the audit of sale ${sale}`, answer);
    if (isSettled(answer.body) || Date.now() > until) return { ...answer.body, requestedAt_ms };
    await delay(AUDIT_INTERVAL_MS);
  }
}

/** All orders in the merchant's list and all accepted from shoppers, each with its history. */
async function readOrders(
  gate: GateClient,
  sale: string,
  shoppers: readonly ShopperRecord[],
): Promise<OrderWithHistory[]> {
  const ids = new Set(shoppers.flatMap((shopper) => shopper.orders.flatMap(({ ids }) => ids)));
  for (const id of await listOrders(gate, sale)) ids.add(id);
  const orders = await inParallel([...ids], async (id) => {
    const answer = await askAgain(() => gate.merchant.order(id));
    if (answer.kind === "answered") return [answer.body];
    if (answer.status === 404) return [];
    throw failed(`reading order ${id}`, answer);
  });
  return orders.flat();
}

async function listOrders(
  gate: GateClient,
  sale: string,
  after: string | null = null,
): Promise<string[]> {
  const page = await askAgain(() => gate.merchant.orderPage(sale, after));
  if (page.kind !== "answered") throw failed("reading the order book", page);
  const ids = page.body.orders.map((order) => order.id);
  const { next } = page.body;
  return next === null ? ids : [...ids, ...(await listOrders(gate, sale, next))];
}

async function readLedger(gate: GateClient, sku: string, after = 0): Promise<LedgerRow[]> {
  const page = await askAgain(() => gate.merchant.ledgerPage(sku, after));
  if (page.kind !== "answered") throw failed(`reading the ledger of ${sku}`, page);
  const { rows, next } = page.body;
  return next === null ? rows : [...rows, ...(await readLedger(gate, sku, next))];
}

async function endAndReveal(gate: GateClient, sale: DrillSale) {
  if (sale.own) {
    const ended = await askAgain(() => gate.merchant.act(sale.id, "end"));
    if (ended.kind !== "answered") throw failed(`ending sale ${sale.id}`, ended);
  }
  const until = Date.now() + (sale.own ? SECRET_WITHIN_MS : 0);
  for (;;) {
    const answer = await askAgain(() => gate.shopper.fairness(sale.id));
    if (answer.kind !== "answered") throw failed("reading the sale's secret", answer);
    if (answer.body.secret !== null || Date.now() > until) return answer.body;
    await delay(AUDIT_INTERVAL_MS);
  }
}

/** The public keys that the gate signs with. */
export async function readKeys(gate: GateClient): Promise<readonly PublishedKey[]> {
  const path = "/_sluice/.well-known/jwks.json";
  const call = { method: "GET", route: "GET /jwks.json", path, schema: keySetSchema } as const;
  const answer = await askAgain(() => gate.ask(call));
  if (answer.kind !== "answered") throw failed("reading the gate's keys", answer);
  return answer.body.keys;
}

/** All published manifests up to the last cohort with a shopper of the drill. */
async function readManifests(
  gate: GateClient,
  sale: string,
  shoppers: readonly ShopperRecord[],
): Promise<Manifest[]> {
  const lastCohorts = new Map<string, number>();
  for (const { token } of shoppers.flatMap((shopper) => shopper.tickets)) {
    const claims = claimsOf(token);
    if (claims === null) continue;
    lastCohorts.set(claims.lane, Math.max(lastCohorts.get(claims.lane) ?? 0, claims.cohort));
  }
  const wanted = [...lastCohorts].flatMap(([lane, last]) => {
    return Array.from({ length: last + 1 }, (_, k) => ({ lane, k }));
  });
  const manifests = await inParallel(wanted, async ({ lane, k }) => {
    const answer = await askAgain(() => gate.shopper.cohort(sale, lane, k));
    if (answer.kind === "answered") return [answer.body];
    if (answer.status === 404) return [];
    throw failed(`reading cohort ${lane}/${k}`, answer);
  });
  return manifests.flat();
}

async function inParallel<From, To>(
  values: readonly From[],
  read: (value: From) => Promise<To>,
): Promise<To[]> {
  const results: To[] = [];
  for (let start = 0; start < values.length; start += PARALLEL_MAX) {
    results.push(...(await Promise.all(values.slice(start, start + PARALLEL_MAX).map(read))));
  }
  return results;
}
