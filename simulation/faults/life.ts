/**
 * One life of something that may die: an instance of a Durable Object, an isolate of a consumer.
 *
 * Guarantee: whoever waited for an answer of it learns of the death at once; nothing that it was
 * still doing reaches anybody afterwards.
 */

export class Crashed extends Error {
  override readonly name = "Crashed";
}

/** What is awaited by somebody who is dead. */
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

  /** The answer of work that is done in this life, or the news of its end. */
  answer<Value>(work: Promise<Value>): Promise<Value> {
    return new Promise((resolve, reject) => {
      // The work may have met its end at once, and wait for somebody who does not answer the dead.
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
