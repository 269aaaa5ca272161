/**
 * Bounds the concurrent calls to one backend.
 *
 * Guarantee: never more than `slots` callers are between `enter` and `leave`; waiting callers enter
 * in order of arrival; past `waitingMax` a caller is refused at once. Each backend has its own
 * bulkhead, so one that hangs does not take the other's slots. Not for rates or failures: see the
 * breaker.
 */

export interface BulkheadRules {
  readonly slots: number;
  readonly waitingMax: number;
}

export class Bulkhead {
  readonly #waitingMax: number;
  readonly #waiting: (() => void)[] = [];
  #free: number;

  constructor({ slots, waitingMax }: BulkheadRules) {
    this.#free = slots;
    this.#waitingMax = waitingMax;
  }

  /** True when the caller has a slot, which it must `leave`; false when too many wait already. */
  async enter(): Promise<boolean> {
    if (this.#free > 0) {
      this.#free -= 1;
      return true;
    }
    if (this.#waiting.length >= this.#waitingMax) return false;
    await new Promise<void>((resolve) => this.#waiting.push(resolve));
    return true;
  }

  /** Gives the slot to the caller that has waited longest. */
  leave(): void {
    const next = this.#waiting.shift();
    if (next === undefined) this.#free += 1;
    else next();
  }
}
