/**
 * How many calls to one backend may run at once.
 *
 * Guarantee: never more than `slots` between `enter` and `leave`; waiting calls enter in their
 * order; past `waitingMax` a call is refused at once. Each backend has its own, so one that hangs
 * fills only its own. Not for rates and not for failures: the breaker is.
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

  /** True when the slot is the caller's, who must `leave` it; false when too many wait already. */
  async enter(): Promise<boolean> {
    if (this.#free > 0) {
      this.#free -= 1;
      return true;
    }
    if (this.#waiting.length >= this.#waitingMax) return false;
    await new Promise<void>((resolve) => this.#waiting.push(resolve));
    return true;
  }

  /** The slot goes to the call that has waited longest. */
  leave(): void {
    const next = this.#waiting.shift();
    if (next === undefined) this.#free += 1;
    else next();
  }
}
