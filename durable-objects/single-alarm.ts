/**
 * One alarm for many reasons: an object has a single alarm, so it is set to the earliest instant
 * that anything in the object waits for.
 *
 * Guarantee: an alarm is set only when it must be earlier than the one that is set (each is a row
 * to pay for). An alarm that should have come and did not is set again by the next `arm`. While
 * the alarm's own handler runs nothing may be armed before `fired()`, and nothing is set to the
 * instant that is just running: the platform would take it for the alarm it has just delivered.
 */

const OVERDUE_MS = 5000;

export class SingleAlarm {
  readonly #storage: DurableObjectStorage;
  /** Null: none, as far as this instance knows; one may be left from before an eviction. */
  #setFor_ms: number | null = null;

  constructor(storage: DurableObjectStorage) {
    this.#storage = storage;
  }

  /** The alarm came: nothing is set now. */
  fired(): void {
    this.#setFor_ms = null;
  }

  /** Sets the alarm to the earliest of the instants; null stands for none. */
  async arm(instants_ms: readonly (number | null)[], now: number): Promise<void> {
    const wanted = instants_ms.filter((instant) => instant !== null);
    if (wanted.length === 0) return;
    const next_ms = Math.max(Math.min(...wanted), now + 1);
    this.#setFor_ms ??= await this.#storage.getAlarm();
    const set = this.#setFor_ms;
    if (set !== null && set <= next_ms && set > now - OVERDUE_MS) return;
    this.#setFor_ms = next_ms;
    await this.#storage.setAlarm(next_ms);
  }
}
