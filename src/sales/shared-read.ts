/**
 * A value that all requests of an isolate read together: one of them reads, the others wait until
 * its result is in memory, because a promise of another request must not be awaited.
 *
 * Guarantee: one read at a time; none while the value is fresh, nor so soon after one that failed.
 */

/** A read that takes longer was probably cut off with its request; another may try. */
const READ_GIVEN_UP_MS = 3000;
/** How often a request looks whether the read of another one has come. */
const LOOK_MS = 20;

export class SharedRead<Value> {
  readonly #fresh_ms: number;
  readonly #retry_ms: number;
  #value: Value | null = null;
  #readAt_ms = Number.NEGATIVE_INFINITY;
  #failedAt_ms = Number.NEGATIVE_INFINITY;
  #readingSince_ms: number | null = null;

  constructor(fresh_ms: number, retry_ms: number) {
    this.#fresh_ms = fresh_ms;
    this.#retry_ms = retry_ms;
  }

  /**
   * The value, older than fresh while it cannot be read; null when it was never read.
   * @param read null: it cannot be read now; never rejects
   */
  async get(now: number, read: () => Promise<Value | null>): Promise<Value | null> {
    const isFresh = now - this.#readAt_ms < this.#fresh_ms;
    if (isFresh || now - this.#failedAt_ms < this.#retry_ms) return this.#value;
    const since = this.#readingSince_ms;
    if (since !== null && now - since < READ_GIVEN_UP_MS) {
      await this.#waitForOther();
      return this.#value;
    }
    this.#readingSince_ms = now;
    try {
      const value = await read();
      if (value === null) this.#failedAt_ms = now;
      else {
        this.#value = value;
        this.#readAt_ms = now;
      }
    } finally {
      this.#readingSince_ms = null;
    }
    return this.#value;
  }

  async #waitForOther(): Promise<void> {
    for (let waited_ms = 0; waited_ms < READ_GIVEN_UP_MS; waited_ms += LOOK_MS) {
      if (this.#readingSince_ms === null) return;
      await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
    }
  }
}
