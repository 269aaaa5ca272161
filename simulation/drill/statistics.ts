/**
 * Latencies per route. All values are stored, so that quantiles are exact; a drill makes at most
 * some hundred thousand requests.
 */
import type { Timing } from "../crowd/gate-client.ts";

export interface RouteMetrics {
  readonly route: string;
  readonly requests: number;
  readonly p50_ms: number;
  readonly p95_ms: number;
  readonly p99_ms: number;
  /** The number of answers by status; 0: no answer. */
  readonly statuses: ReadonlyMap<number, number>;
}

/** The smallest value that at least `share` of all values do not exceed (nearest rank). */
export function quantile(sorted: readonly number[], share: number): number {
  const position = Math.max(Math.ceil(share * sorted.length), 1) - 1;
  return sorted[Math.min(position, sorted.length - 1)] ?? 0;
}

export function createTimings() {
  const routes = new Map<string, { elapsed_ms: number[]; statuses: Map<number, number> }>();
  let requests = 0;
  return {
    note(timing: Timing): void {
      requests += 1;
      let route = routes.get(timing.route);
      if (route === undefined) {
        route = { elapsed_ms: [], statuses: new Map() };
        routes.set(timing.route, route);
      }
      route.elapsed_ms.push(timing.elapsed_ms);
      route.statuses.set(timing.status, (route.statuses.get(timing.status) ?? 0) + 1);
    },
    get requests() {
      return requests;
    },
    metrics(): RouteMetrics[] {
      return [...routes].map(([route, { elapsed_ms, statuses }]) => {
        const sorted = elapsed_ms.toSorted((left, right) => left - right);
        return {
          route,
          requests: sorted.length,
          p50_ms: quantile(sorted, 0.5),
          p95_ms: quantile(sorted, 0.95),
          p99_ms: quantile(sorted, 0.99),
          statuses,
        };
      });
    },
  };
}
