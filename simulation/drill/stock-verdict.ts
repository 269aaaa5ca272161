/**
 * Judges P1, never oversold: checks the audits taken throughout the drill, and replays every SKU's
 * ledger row by row.
 */
import type { Audit, LedgerRow, OrderWithHistory } from "../crowd/gate-answers.ts";
import { type Evidence, type Finding, resultOf } from "./evidence.ts";

interface Counters {
  received: number;
  available: number;
  held: number;
  ordered: number;
  sold: number;
  buffer: number;
}

const TERMS = ["received", "available", "held", "ordered", "sold", "buffer"] as const;
type Term = (typeof TERMS)[number];

/** Each kind of row moves `quantity` from one counter to another. Null: into the stock. */
const MOVES: ReadonlyMap<string, { readonly from: Term | null; readonly to: Term }> = new Map([
  ["receive", { from: null, to: "available" }],
  ["adjust", { from: null, to: "available" }],
  ["buffer", { from: "available", to: "buffer" }],
  ["hold", { from: "available", to: "held" }],
  ["release", { from: "held", to: "available" }],
  ["expire", { from: "held", to: "available" }],
  ["order", { from: "held", to: "ordered" }],
  ["order_fresh", { from: "available", to: "ordered" }],
  ["sell", { from: "ordered", to: "sold" }],
  ["return_held", { from: "ordered", to: "held" }],
  ["return_available", { from: "ordered", to: "available" }],
]);

export function judgeStock(evidence: Evidence): Finding {
  const violations: string[] = [];
  let samples = 0;
  for (const [index, audit] of evidence.audits.entries()) {
    for (const counters of audit.skus) {
      samples += 1;
      violations.push(...imbalances(`audit ${index + 1}, ${counters.sku}`, counters));
    }
  }
  let rows = 0;
  for (const [sku, ledger] of evidence.ledgers) {
    rows += ledger.length;
    violations.push(...replay(sku, ledger));
    violations.push(...soldAsConfirmed(evidence, sku));
    violations.push(...auditsOutsideLedger(evidence.audits, sku, ledger));
  }
  if (samples === 0 || rows === 0) violations.push("there is no audit or no ledger");
  return {
    promise: "P1",
    claim: "never oversold",
    checked: `${samples} balances, ${rows} ledger rows replayed`,
    result: resultOf(violations),
  };
}

function imbalances(where: string, counters: Counters): string[] {
  const violations: string[] = [];
  const { available, held, ordered, sold, buffer, received } = counters;
  const sum = available + held + ordered + sold + buffer;
  if (sum !== received) {
    const terms = `${available} + ${held} + ${ordered} + ${sold} + ${buffer}`;
    violations.push(
      `${where}: available + held + ordered + sold + buffer = ${terms} = ${sum},` +
        ` received ${received}`,
    );
  }
  for (const term of TERMS) {
    if (counters[term] < 0) violations.push(`${where}: ${term} is ${counters[term]}`);
  }
  return violations;
}

function replay(sku: string, ledger: readonly LedgerRow[]): string[] {
  const violations: string[] = [];
  const balance = { received: 0, available: 0, held: 0, ordered: 0, sold: 0, buffer: 0 };
  let previous: number | null = null;
  for (const row of ledger) {
    const where = `${sku} ledger row ${row.seq}`;
    if (previous !== null && row.seq !== previous + 1) {
      violations.push(`${where}: follows row ${previous}`);
    }
    previous = row.seq;
    const move = MOVES.get(row.kind);
    if (move === undefined) {
      violations.push(`${where}: unknown kind '${row.kind}'`);
      continue;
    }
    balance[move.to] += row.quantity;
    balance[move.from ?? "received"] += move.from === null ? row.quantity : -row.quantity;
    violations.push(...differences(`${where} (${row.kind} ${row.quantity})`, balance, row));
    violations.push(...imbalances(where, row));
  }
  return violations;
}

function differences(where: string, computed: Counters, stated: Counters): string[] {
  return TERMS.filter((term) => computed[term] !== stated[term]).map(
    (term) => `${where}: ${term} is ${stated[term]}, replaying gives ${computed[term]}`,
  );
}

/** Stock changes during an audit, so each audit must match the counters of *some* ledger row. */
function auditsOutsideLedger(
  audits: readonly Audit[],
  sku: string,
  ledger: readonly LedgerRow[],
): string[] {
  const text = (counters: Counters): string => TERMS.map((term) => counters[term]).join("/");
  const balances = new Set(ledger.map(text));
  const violations: string[] = [];
  for (const [index, audit] of audits.entries()) {
    const counters = audit.skus.find((candidate) => candidate.sku === sku);
    if (counters !== undefined && balances.has(text(counters))) continue;
    const stated = counters === undefined ? "nothing" : text(counters);
    violations.push(`audit ${index + 1}, ${sku}: ${stated}, which no ledger row has`);
  }
  return violations;
}

/** A unit that a refund has put back on sale is sold no longer. */
function soldAsConfirmed(evidence: Evidence, sku: string): string[] {
  if (!evidence.ownSale) return [];
  const unitsOf = (lines: OrderWithHistory["refunds"][number]["restock"]): number => {
    return lines.reduce((sum, line) => sum + (line.sku === sku ? line.quantity : 0), 0);
  };
  let kept = 0;
  for (const { state, lines, refunds } of evidence.orders) {
    if (state !== "confirmed") continue;
    const succeeded = refunds.filter((refund) => refund.state === "succeeded");
    kept += unitsOf(lines) - unitsOf(succeeded.flatMap(({ restock }) => restock));
  }
  const sold = evidence.ledgers.get(sku)?.at(-1)?.sold ?? 0;
  if (sold === kept) return [];
  return [`${sku}: ${sold} units sold, ${kept} in confirmed orders`];
}
