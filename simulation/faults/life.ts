/**
 * One life of something that may die: an instance of a Durable Object, an isolate of a consumer.
 *
 * Guarantee: its callers get an error at once when it dies, and nothing it was still doing has any
 * effect afterwards.
 */

export class Crashed extends Error {
  override readonly name = "Crashed";
}

/** What a dead caller awaits. */
export function never<Value>(): Promise<Value> {
  return new Promise(() => undefined);
}

export class Life {
  /** Its clock minus the world's. */
  readonly skew_ms: number;
  #alive = true;
  readonly #waiting = new Set<(error: Error) => void>();

  constructor(skew_ms: number) {
    this.skew_ms = skew_ms;
  }

  get alive(): boolean {
    return this.#alive;
  }

  end(): void {
    this.#alive = false;
    for (const reject of this.#waiting) reject(new Crashed());
    this.#waiting.clear();
  }

  /** The result of work that is done in this life, or an error when it ends. */
  answer<Value>(work: Promise<Value>): Promise<Value> {
    return new Promise((resolve, reject) => {
      // The work may have ended this life at once, and then awaits for ever.
      if (this.#alive) this.#waiting.add(reject);
      else reject(new Crashed());
      void this.#pass(work, resolve, reject);
    });
  }

  async #pass<Value>(
    work: Promise<Value>,
    resolve: (value: Value) => void,
    reject: (error: Error) => void,
  ): Promise<void> {
    try {
      const value = await work;
      if (this.#alive) resolve(value);
    } catch (error) {
      reject(error instanceof Error ? error : new Error(String(error)));
    }
    this.#waiting.delete(reject);
  }
}
