/**
 * A closed loop of requests: a fixed number is in progress, and each answer starts the next one.
 *
 * Guarantee: every answer has the expected status, or the run ends with an error, because numbers
 * of refused requests would mean nothing. A slice without further requests ends early, and
 * `elapsed_ms` is its real duration.
 */
import { performance } from "node:perf_hooks";
import type { Pool } from "undici";
import { FatalError } from "../simulation/crowd/ask-again.ts";
import { readProcessorTime_ms } from "./processor-time.ts";

export interface BenchRequest {
  readonly method: "GET" | "PUT" | "POST";
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | null;
  /** Receives the answer's text. */
  readonly onAnswer?: (text: string) => void;
}

export interface Slice {
  readonly elapsed_ms: number;
  /** The runtime's processor time during the slice; null where it cannot be read. */
  readonly processor_ms: number | null;
  readonly latencies_ms: readonly number[];
}

export interface Load {
  readonly pool: Pool;
  /** Returns the next request; null when there is none. */
  readonly next: () => BenchRequest | null;
  readonly expectedStatus: number;
  readonly concurrency: number;
  /** Infinite: until `next` returns null. */
  readonly duration_ms: number;
  /** The process whose processor time is read; undefined: none. */
  readonly runtime: number | undefined;
}

export async function run(load: Load): Promise<Slice> {
  const { pool, next, expectedStatus, concurrency, duration_ms, runtime } = load;
  const latencies_ms: number[] = [];
  const processorBefore_ms = readProcessorTime_ms(runtime);
  const startedAt = performance.now();
  const sendInSequence = async (): Promise<void> => {
    while (performance.now() - startedAt < duration_ms) {
      const request = next();
      if (request === null) return;
      const { method, path, headers, body } = request;
      const sentAt = performance.now();
      const answer = await pool.request({ method, path, headers, body });
      const text = await answer.body.text();
      latencies_ms.push(performance.now() - sentAt);
      if (answer.statusCode !== expectedStatus) {
        const seen = `${answer.statusCode} instead of ${expectedStatus}: ${text.slice(0, 200)}`;
        throw new FatalError(`${method} ${path} answered ${seen}`);
      }
      request.onAnswer?.(text);
    }
  };
  await Promise.all(Array.from({ length: concurrency }, sendInSequence));
  const elapsed_ms = performance.now() - startedAt;
  const processorAfter_ms = readProcessorTime_ms(runtime);
  const known = processorBefore_ms !== null && processorAfter_ms !== null;
  const processor_ms = known ? processorAfter_ms - processorBefore_ms : null;
  return { elapsed_ms, processor_ms, latencies_ms };
}
