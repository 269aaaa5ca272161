/**
 * One alarm for many reasons: an object has a single alarm, so it is set to the earliest instant
 * that anything in the object waits for.
 *
 * Guarantee: an alarm is set only when it must be earlier than the one that is set (each is a row
 * to pay for). An alarm that should have come and did not is set again by the next `arm`. While
 * the alarm's own handler runs nothing may be armed before `fired()`, and nothing is set to the
 * instant that is just running: the platform would take it for the alarm it has just delivered.
 * The alarm may come before that instant by the object's own clock, which may be behind.
 */

const OVERDUE_MS = 5000;

/** A Durable Object's storage, as far as alarms go. */
export interface AlarmStorage {
  getAlarm(): Promise<number | null>;
  setAlarm(at_ms: number): Promise<void>;
  deleteAlarm(): Promise<void>;
}

export class SingleAlarm {
  readonly #storage: AlarmStorage;
  /** Null: none, as far as this instance knows. */
  #setFor_ms: number | null = null;
  /** False: one may be left from before an eviction. */
  #isKnown = false;
  #rang_ms: number | null = null;

  constructor(storage: AlarmStorage) {
    this.#storage = storage;
  }

  /**
   * The alarm came: nothing is set now.
   * @param at_ms for which instant, as the platform says; else what this instance remembers
   */
  fired(at_ms: number | null = this.#setFor_ms): void {
    this.#rang_ms = at_ms;
    this.#setFor_ms = null;
    this.#isKnown = true;
  }

  /**
   * Asks storage what is set, once. After it `arm` awaits nothing before it sets the alarm, so that
   * what was written just before and the alarm it needs are one commit of the platform.
   */
  async know(): Promise<void> {
    if (this.#isKnown) return;
    const stored = await this.#storage.getAlarm();
    // While storage was asked, the alarm may have come or have been set.
    if (!this.#isKnown) this.#setFor_ms ??= stored;
    this.#isKnown = true;
  }

  /** The same without asking: nothing was ever kept in this object, so no alarm is set in it. */
  knowNone(): void {
    this.#isKnown = true;
  }

  /** Nothing is waited for any more: an alarm in vain would wake an object for nothing. */
  async disarm(): Promise<void> {
    if (this.#isKnown && this.#setFor_ms === null) return;
    this.#setFor_ms = null;
    this.#isKnown = true;
    await this.#storage.deleteAlarm();
  }

  /** Sets the alarm to the earliest of the instants; null stands for none. */
  async arm(instants_ms: readonly (number | null)[], now: number): Promise<void> {
    const wanted = instants_ms.filter((instant) => instant !== null);
    if (wanted.length === 0) return;
    const earliest_ms = Math.max(Math.min(...wanted), now + 1);
    const next_ms = earliest_ms === this.#rang_ms ? earliest_ms + 1 : earliest_ms;
    if (!this.#isKnown) await this.know();
    const set = this.#setFor_ms;
    if (set !== null && set <= next_ms && set > now - OVERDUE_MS) return;
    this.#setFor_ms = next_ms;
    await this.#storage.setAlarm(next_ms);
  }
}
