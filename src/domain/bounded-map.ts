/**
 * A map that forgets its oldest entry past a limit: what an isolate remembers must not grow with
 * how long it lives. Only for what can be found out again.
 */
export class BoundedMap<Value> {
  readonly #entries = new Map<string, Value>();
  readonly #max: number;

  constructor(max: number) {
    this.#max = max;
  }

  get(key: string): Value | undefined {
    return this.#entries.get(key);
  }

  set(key: string, value: Value): void {
    const full = this.#entries.size >= this.#max && !this.#entries.has(key);
    const oldest = full ? this.#entries.keys().next() : null;
    if (oldest !== null && oldest.done !== true) this.#entries.delete(oldest.value);
    this.#entries.set(key, value);
  }
}
