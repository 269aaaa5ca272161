/** The measurements of all rounds as two tables: each row, and its ratios to its baselines. */
import { quantile } from "../simulation/drill/statistics.ts";
import type { Slice } from "./load.ts";

export interface MeasuredTarget {
  readonly name: string;
  readonly against: readonly string[];
  /** One per round, in order. */
  readonly slices: readonly Slice[];
}

const LOWEST_FIRST = (left: number, right: number): number => left - right;

function perSecond({ latencies_ms, elapsed_ms }: Slice): number {
  return (latencies_ms.length * 1000) / elapsed_ms;
}

/** Null when processor time cannot be read. */
function processorPerRequest_ms({ processor_ms, latencies_ms }: Slice): number | null {
  return processor_ms === null ? null : processor_ms / latencies_ms.length;
}

function known(values: readonly (number | null)[]): number[] {
  return values.filter((value) => value !== null);
}

function median(values: readonly number[]): number {
  return quantile(values.toSorted(LOWEST_FIRST), 0.5);
}

function spread(values: readonly number[]): string[] {
  if (values.length === 0) return ["-", "-", "-"];
  const sorted = values.toSorted(LOWEST_FIRST);
  return [0, 0.5, 1].map((share) => quantile(sorted, share).toFixed(2));
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = head.map((title, column) => {
    return Math.max(title.length, ...rows.map((row) => row[column]?.length ?? 0));
  });
  const line = (cells: readonly string[]): string => {
    const padded = cells.map((cell, column) => {
      const width = widths[column] ?? 0;
      return column === 0 ? cell.padEnd(width) : cell.padStart(width);
    });
    return `  ${padded.join("  ")}`.trimEnd();
  };
  return [head, ...rows].map(line).join("\n");
}

function metricsOf({ name, slices }: MeasuredTarget): string[] {
  const latencies = slices.flatMap((slice) => slice.latencies_ms).toSorted(LOWEST_FIRST);
  const processor = known(slices.map(processorPerRequest_ms));
  return [
    name,
    String(latencies.length),
    median(slices.map(perSecond)).toFixed(0),
    quantile(latencies, 0.5).toFixed(1),
    quantile(latencies, 0.95).toFixed(1),
    processor.length === 0 ? "-" : median(processor).toFixed(2),
  ];
}

/** Compares slices of the same round, because they are close to each other in time. */
function ratiosOf(target: MeasuredTarget, base: MeasuredTarget): string[] {
  const rounds = target.slices.flatMap((slice, round) => {
    const other = base.slices[round];
    return other === undefined ? [] : [{ slice, other }];
  });
  const throughput = rounds.map(({ slice, other }) => perSecond(slice) / perSecond(other));
  const processor = known(
    rounds.map(({ slice, other }) => {
      const own_ms = processorPerRequest_ms(slice);
      const base_ms = processorPerRequest_ms(other);
      return own_ms === null || base_ms === null ? null : own_ms / base_ms;
    }),
  );
  return [target.name, base.name, ...spread(throughput), ...spread(processor)];
}

export function writeReport(targets: readonly MeasuredTarget[]): string {
  const metrics = table(
    ["", "requests", "req/s", "p50 ms", "p95 ms", "CPU ms"],
    targets.map(metricsOf),
  );
  const pairs = targets.flatMap((target) => {
    return target.against.flatMap((name) => {
      const base = targets.find((item) => item.name === name);
      return base === undefined ? [] : [ratiosOf(target, base)];
    });
  });
  const ratios = table(
    ["", "baseline", "throughput min", "median", "max", "CPU min", "median", "max"],
    pairs,
  );
  return [
    "Rows (medians over rounds; CPU: of the runtime, per request)",
    "",
    metrics,
    "",
    "Ratios (throughput: more is better; CPU: less is better)",
    "",
    ratios,
    "",
  ].join("\n");
}
