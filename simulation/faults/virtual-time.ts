/**
 * Virtual time: what happens when, and nothing in between.
 *
 * Guarantee: events happen in the order of their instants, and of their scheduling when the
 * instants are equal. Between two events every promise that can go on has gone on: the tick queue
 * of Node is reached only when no microtask is left. No clock of the machine is read.
 */

/** An arbitrary Monday; only differences matter. */
export const EPOCH_MS = Date.UTC(2026, 10, 30);

interface Happening {
  readonly at_ms: number;
  readonly happen: () => void;
}

function quiet(): Promise<void> {
  return new Promise((resolve) => process.nextTick(resolve));
}

export class VirtualTime {
  /** The next is last. */
  readonly #ahead: Happening[] = [];
  #now = EPOCH_MS;
  #steps = 0;

  get now(): number {
    return this.#now;
  }

  get steps(): number {
    return this.#steps;
  }

  at(at_ms: number, happen: () => void): void {
    const ahead = this.#ahead;
    const item = { at_ms: Math.max(at_ms, this.#now), happen };
    // Most of what is scheduled happens soon, so its place is near the end.
    let place = ahead.length;
    while ((ahead[place - 1]?.at_ms ?? Number.POSITIVE_INFINITY) <= item.at_ms) place -= 1;
    ahead.splice(place, 0, item);
  }

  after(wait_ms: number, happen: () => void): void {
    this.at(this.#now + wait_ms, happen);
  }

  sleep(wait_ms: number): Promise<void> {
    return new Promise((resolve) => this.after(wait_ms, resolve));
  }

  /** Lets everything happen that is due until then; `check` looks at the world after each. */
  async run(until_ms: number, check: () => void): Promise<void> {
    for (let next = this.#ahead.at(-1); next !== undefined; next = this.#ahead.at(-1)) {
      if (next.at_ms > until_ms) break;
      this.#ahead.pop();
      this.#now = next.at_ms;
      this.#steps += 1;
      next.happen();
      await quiet();
      check();
    }
    this.#now = Math.max(this.#now, until_ms);
  }
}
