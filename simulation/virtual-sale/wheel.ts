/**
 * What happens when, for a million shoppers of whom each waits for one thing at a time.
 *
 * Guarantee: a shopper scheduled at an instant is handed out in the tenth of a second of that
 * instant, never before it and never in the step that scheduled them. A chain of shoppers hangs on
 * each tenth, so scheduling allocates nothing.
 */
export const STEP_MS = 100;
const STEPS = 2 ** 14;
const NOBODY = -1;

export class EventWheel {
  readonly #first = new Int32Array(STEPS).fill(NOBODY);
  readonly #following: Int32Array;
  #step = 0;

  constructor(shoppers: number) {
    this.#following = new Int32Array(shoppers).fill(NOBODY);
  }

  /** @throws RangeError when `at_ms` is farther away than the wheel is round: a bug */
  schedule(shopper: number, at_ms: number): void {
    const step = Math.max(Math.ceil(at_ms / STEP_MS), this.#step + 1);
    if (step - this.#step >= STEPS) throw new RangeError(`${at_ms} ms is too far away`);
    const slot = step % STEPS;
    this.#following[shopper] = this.#first[slot] ?? NOBODY;
    this.#first[slot] = shopper;
  }

  /** Turns to the step of `now` and hands out its shoppers; they may be scheduled again. */
  turnTo(now: number, happen: (shopper: number) => void): void {
    this.#step = Math.round(now / STEP_MS);
    const slot = this.#step % STEPS;
    let shopper = this.#first[slot] ?? NOBODY;
    this.#first[slot] = NOBODY;
    while (shopper !== NOBODY) {
      const following = this.#following[shopper] ?? NOBODY;
      happen(shopper);
      shopper = following;
    }
  }
}
