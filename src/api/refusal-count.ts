/**
 * Requests to the merchant's API that were refused for their token, counted for the log, so that an
 * operator sees when somebody tries tokens.
 *
 * Guarantee: a flood costs one line a minute in each isolate, without address and token. Weak: what
 * comes after a line is in the next one, which only another refused request causes.
 */
import { REFUSALS_LOGGED_EVERY_MS } from "../domain/limits.ts";

export class RefusalCount {
  #count = 0;
  #reportedAt_ms = Number.NEGATIVE_INFINITY;

  /** Counts one, and returns how many a line should report now; null for no line. */
  add(now_ms: number): number | null {
    this.#count += 1;
    if (now_ms - this.#reportedAt_ms < REFUSALS_LOGGED_EVERY_MS) return null;
    const count = this.#count;
    this.#count = 0;
    this.#reportedAt_ms = now_ms;
    return count;
  }
}
