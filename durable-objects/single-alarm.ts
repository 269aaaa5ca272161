/**
 * Shares the one alarm of an object: it is set to the earliest instant at which anything in the
 * object is due.
 *
 * Guarantee: the alarm is set only when it must be earlier than the current one, because each
 * `setAlarm` is billed as a row written. An overdue alarm is set again by the next `arm`. The
 * alarm's handler must call `fired()` before it arms, and the alarm is never set to the instant
 * that is being handled, because the platform would take it for the one it has just delivered.
 * The alarm can come early: by the object's own clock, which may be behind, and a year ahead of an
 * instant that is more than a year away.
 */

const OVERDUE_MS = 5000;

/** The platform counts nanoseconds, until 2262: an alarm that is further ahead comes early. */
const AHEAD_MAX_MS = 365 * 24 * 60 * 60 * 1000;

/** The part of a Durable Object's storage that sets alarms. */
export interface AlarmStorage {
  getAlarm(): Promise<number | null>;
  setAlarm(at_ms: number): Promise<void>;
  deleteAlarm(): Promise<void>;
}

export class SingleAlarm {
  readonly #storage: AlarmStorage;
  /** Null: none is set, as far as this instance knows. */
  #setFor_ms: number | null = null;
  /** False: one may be set from before an eviction. */
  #isKnown = false;
  #rang_ms: number | null = null;

  constructor(storage: AlarmStorage) {
    this.#storage = storage;
  }

  /**
   * The alarm's handler has started: no alarm is set now.
   * @param at_ms the instant it was set to, if the platform passes it; else the remembered one
   */
  fired(at_ms: number | null = this.#setFor_ms): void {
    this.#rang_ms = at_ms;
    this.#setFor_ms = null;
    this.#isKnown = true;
  }

  /**
   * Reads the current alarm from storage, once. Afterwards `arm` awaits nothing before it sets the
   * alarm, so that a write just before it and its alarm are one commit of the platform.
   */
  async know(): Promise<void> {
    if (this.#isKnown) return;
    const stored = await this.#storage.getAlarm();
    // While storage was read, the alarm may have fired or have been set.
    if (!this.#isKnown) this.#setFor_ms ??= stored;
    this.#isKnown = true;
  }

  /** As `know` without a read: the object has never stored anything, so it has no alarm. */
  knowNone(): void {
    this.#isKnown = true;
  }

  /** Deletes the alarm, because it would wake the object with nothing to do. */
  async disarm(): Promise<void> {
    if (this.#isKnown && this.#setFor_ms === null) return;
    this.#setFor_ms = null;
    this.#isKnown = true;
    await this.#storage.deleteAlarm();
  }

  /** Sets the alarm to the earliest of the instants; nulls are ignored. */
  async arm(instants_ms: readonly (number | null)[], now: number): Promise<void> {
    const wanted = instants_ms.filter((instant) => instant !== null);
    if (wanted.length === 0) return;
    const earliest_ms = Math.max(Math.min(...wanted, now + AHEAD_MAX_MS), now + 1);
    const next_ms = earliest_ms === this.#rang_ms ? earliest_ms + 1 : earliest_ms;
    if (!this.#isKnown) await this.know();
    const set = this.#setFor_ms;
    if (set !== null && set <= next_ms && set > now - OVERDUE_MS) return;
    this.#setFor_ms = next_ms;
    await this.#storage.setAlarm(next_ms);
  }
}
