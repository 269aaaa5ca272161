/**
 * The drill's findings as text for a terminal: plain columns, no colour, nothing to parse.
 */
import type { Audit } from "../crowd/gate-answers.ts";
import type { ShopperRecord } from "../crowd/shopper-record.ts";
import type { RouteMetrics } from "./statistics.ts";
import type { Finding } from "./evidence.ts";

const VIOLATIONS_SHOWN_MAX = 10;

type Cell = string | number;

/** The first column to the left, all others to the right. */
function table(header: readonly string[], rows: readonly (readonly Cell[])[]): string {
  const lines = [header, ...rows.map((row) => row.map(String))];
  const widths = header.map((_, column) => {
    return Math.max(...lines.map((line) => line[column]?.length ?? 0));
  });
  const text = lines.map((line) => {
    const cells = widths.map((width, column) => {
      const cell = line[column] ?? "";
      return column === 0 ? cell.padEnd(width) : cell.padStart(width);
    });
    return `  ${cells.join("  ")}`.trimEnd();
  });
  return text.join("\n");
}

function milliseconds(value: number): string {
  return value < 10 ? value.toFixed(1) : value.toFixed(0);
}

function routeTable(metrics: readonly RouteMetrics[]): string {
  const rows = metrics
    .toSorted((left, right) => right.requests - left.requests)
    .map((figure) => {
      const statuses = [...figure.statuses].toSorted(([left], [right]) => left - right);
      const answers = statuses.map(([status, count]) => `${status || "none"}×${count}`);
      const { route, requests, p50_ms, p95_ms, p99_ms } = figure;
      const times = [p50_ms, p95_ms, p99_ms].map(milliseconds);
      return [route, requests, ...times, answers.join(" ")];
    });
  return table(["route", "requests", "p50 ms", "p95 ms", "p99 ms", "answers"], rows);
}

export function nameOutcome(shopper: ShopperRecord): string {
  const { outcome } = shopper;
  if (outcome.kind === "refused") return `refused: ${outcome.code}`;
  if (outcome.kind === "error") return `error: ${outcome.reason.split("\n")[0] ?? ""}`;
  if (outcome.kind === "sold_out") return `sold out in the ${outcome.where}`;
  return outcome.kind.replace("_", " ");
}

function countBy<T>(values: readonly T[], nameOf: (value: T) => string): [string, number][] {
  const counts = new Map<string, number>();
  for (const value of values) counts.set(nameOf(value), (counts.get(nameOf(value)) ?? 0) + 1);
  return [...counts].toSorted(([, left], [, right]) => right - left);
}

function unitTable(audit: Audit): string {
  const header = ["SKU", "received", "available", "held", "ordered", "sold", "buffer"];
  const rows = audit.skus.map((sku) => {
    return [sku.sku, sku.received, sku.available, sku.held, sku.ordered, sku.sold, sku.buffer];
  });
  return table(header, rows);
}

function lineTable(audit: Audit): string {
  const header = ["tickets", "called", "claimed", "lapsed", "active", "spent", "left", "expired"];
  const { tickets, called, claimed, lapsed, active, spent, left, expired } = audit;
  return table(header, [[tickets, called, claimed, lapsed, active, spent, left, expired]]);
}

function verdictLines(findings: readonly Finding[]): string {
  const lines = findings.map(({ promise, claim, checked, result }) => {
    const head = `  ${promise.padEnd(3)}  ${claim.padEnd(21)} ${result.kind.padEnd(9)} ${checked}`;
    if (result.kind === "kept") return head;
    if (result.kind === "unchecked") return `${head}\n        ${result.reason}`;
    const shown = result.violations.slice(0, VIOLATIONS_SHOWN_MAX);
    const more = result.violations.length - shown.length;
    const tail = more > 0 ? [`… and ${more} more`] : [];
    return [head, ...[...shown, ...tail].map((violation) => `        ${violation}`)].join("\n");
  });
  return lines.join("\n");
}

export interface Report {
  readonly sale: string;
  readonly duration_ms: number;
  readonly routes: readonly RouteMetrics[];
  /** What went wrong on purpose, and how often. */
  readonly trouble: readonly (readonly [string, number])[];
  readonly shoppers: readonly ShopperRecord[];
  readonly audit: Audit;
  readonly findings: readonly Finding[];
}

export function writeReport(report: Report): string {
  const { routes, shoppers, audit, findings } = report;
  const requests = routes.reduce((sum, route) => sum + route.requests, 0);
  const seconds = report.duration_ms / 1000;
  const rate = Math.round(requests / seconds);
  const head = `Sale ${report.sale}: ${requests} requests in ${seconds.toFixed(1)} s (${rate}/s)`;
  const trouble = report.trouble.map(([event, count]) => [event, count]);
  const sections = [
    head,
    ...(trouble.length === 0 ? [] : [`Trouble\n${table(["what", "times"], trouble)}`]),
    `Requests\n${routeTable(routes)}`,
    `Shoppers\n${table(["outcome", "shoppers"], countBy(shoppers, nameOutcome))}`,
    `The line\n${lineTable(audit)}`,
    `Units\n${unitTable(audit)}`,
    `Orders\n${table(["state", "orders"], Object.entries(audit.orders))}`,
    `Verdict\n${verdictLines(findings)}`,
  ];
  return `${sections.join("\n\n")}\n`;
}
