/**
 * Bounds the concurrent calls to one backend.
 *
 * Guarantee: no caller enters while `slots()` or more are between `enter` and `leave`; waiting
 * callers enter in order of arrival; past `waitingMax` a caller is refused at once. The number of
 * slots may change at any time: fewer count from the next `enter`, more from the next `leave`. Each
 * backend has its own bulkhead, so one that hangs does not take the other's slots. Not for rates or
 * failures: see the pace and the breaker.
 */

export interface BulkheadRules {
  readonly slots: () => number;
  readonly waitingMax: number;
}

export class Bulkhead {
  readonly #rules: BulkheadRules;
  readonly #waiting: (() => void)[] = [];
  #inside = 0;

  constructor(rules: BulkheadRules) {
    this.#rules = rules;
  }

  /** True when the caller has a slot, which it must `leave`; false when too many wait already. */
  async enter(): Promise<boolean> {
    if (this.#inside < this.#rules.slots() && this.#waiting.length === 0) {
      this.#inside += 1;
      return true;
    }
    if (this.#waiting.length >= this.#rules.waitingMax) return false;
    await new Promise<void>((resolve) => this.#waiting.push(resolve));
    return true;
  }

  /** Gives the slots that are free to the callers that have waited longest. */
  leave(): void {
    this.#inside -= 1;
    while (this.#inside < this.#rules.slots()) {
      const next = this.#waiting.shift();
      if (next === undefined) return;
      this.#inside += 1;
      next();
    }
  }
}
