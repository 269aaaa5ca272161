/**
 * What shall go wrong inside the Worker under test. Tests and Durable Objects share one isolate,
 * so a test says it here and the classes of `worker.ts` make it happen.
 *
 * Guarantee: a crash is the platform's own (`abort`): memory is gone, and what was not yet durable
 * is lost. `after_step` crashes when everything written so far is durable; `losing_write` crashes
 * before the write it counts to has become durable.
 */

export type Crash =
  | { readonly kind: "after_step"; readonly at: number }
  | { readonly kind: "losing_write"; readonly at: number };

class Mishaps {
  /** Rooms, by sale, that crash when a SkuStock reports to them. */
  readonly deafRooms = new Set<string>();
  /** Rooms, by sale, that never answer a gate. */
  readonly silentRooms = new Set<string>();
  /** Rooms, by sale, that crash when a gate asks them. */
  readonly brokenRooms = new Set<string>();
  /** Booths, by name, that never answer. */
  readonly silentBooths = new Set<string>();
  /** Booths, by name, that crash when they are asked. */
  readonly brokenBooths = new Set<string>();
  /** Objects that are to crash as soon as what they wrote is durable. */
  dying = 0;
  /** The list of sales crashes when a gate asks it. */
  brokenSaleList = false;
  /** Rooms hear nothing from KV. */
  silentConfig = false;
  #crash: Crash | null = null;
  #steps = 0;
  #writes = 0;

  /** The next crash; counting starts anew. */
  plan(crash: Crash): void {
    this.#crash = crash;
    this.#steps = 0;
    this.#writes = 0;
  }

  /** True when the planned crash has happened; from then on nothing crashes any more. */
  get happened(): boolean {
    return this.#crash === null;
  }

  calm(): void {
    this.#crash = null;
  }

  /** A step towards others was taken: true when the object must crash here. */
  isStepToCrashAt(): boolean {
    this.#steps += 1;
    return this.#crashesAt("after_step", this.#steps);
  }

  isWriteToLose(): boolean {
    this.#writes += 1;
    return this.#crashesAt("losing_write", this.#writes);
  }

  #crashesAt(kind: Crash["kind"], count: number): boolean {
    if (this.#crash?.kind !== kind || this.#crash.at !== count) return false;
    this.#crash = null;
    return true;
  }
}

export const mishaps = new Mishaps();
