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
  readonly order: number;
  readonly happen: () => void;
}

function isBefore(a: Happening, b: Happening): boolean {
  return a.at_ms < b.at_ms || (a.at_ms === b.at_ms && a.order < b.order);
}

function quiet(): Promise<void> {
  return new Promise((resolve) => process.nextTick(resolve));
}

export class VirtualTime {
  /** A binary heap; the earliest is first. */
  readonly #heap: Happening[] = [];
  #now = EPOCH_MS;
  #scheduled = 0;
  #steps = 0;

  get now(): number {
    return this.#now;
  }

  get steps(): number {
    return this.#steps;
  }

  at(at_ms: number, happen: () => void): void {
    this.#scheduled += 1;
    this.#push({ at_ms: Math.max(at_ms, this.#now), order: this.#scheduled, happen });
  }

  after(wait_ms: number, happen: () => void): void {
    this.at(this.#now + wait_ms, happen);
  }

  sleep(wait_ms: number): Promise<void> {
    return new Promise((resolve) => this.after(wait_ms, resolve));
  }

  /** Lets everything happen that is due until then; `check` looks at the world after each. */
  async run(until_ms: number, check: () => void): Promise<void> {
    for (let next = this.#heap[0]; next !== undefined; next = this.#heap[0]) {
      if (next.at_ms > until_ms) break;
      this.#pop();
      this.#now = next.at_ms;
      this.#steps += 1;
      next.happen();
      await quiet();
      check();
    }
    this.#now = Math.max(this.#now, until_ms);
  }

  #push(item: Happening): void {
    const heap = this.#heap;
    let place = heap.length;
    while (place > 0) {
      const parentPlace = (place - 1) >> 1;
      const parent = heap[parentPlace];
      if (parent === undefined || !isBefore(item, parent)) break;
      heap[place] = parent;
      place = parentPlace;
    }
    heap[place] = item;
  }

  #pop(): void {
    const heap = this.#heap;
    const last = heap.pop();
    if (last === undefined || heap.length === 0) return;
    let place = 0;
    for (;;) {
      const left = heap[2 * place + 1];
      const right = heap[2 * place + 2];
      if (left === undefined) break;
      const rightIsNext = right !== undefined && isBefore(right, left);
      const child = rightIsNext ? right : left;
      if (!isBefore(child, last)) break;
      heap[place] = child;
      place = 2 * place + (rightIsNext ? 2 : 1);
    }
    heap[place] = last;
  }
}
