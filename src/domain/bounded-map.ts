/**
 * A map that drops its oldest entry past a limit, because the memory of an isolate must not grow
 * with its lifetime. Only for values that can be fetched or computed again.
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

  delete(key: string): void {
    this.#entries.delete(key);
  }

  set(key: string, value: Value): void {
    const full = this.#entries.size >= this.#max && !this.#entries.has(key);
    const oldest = full ? this.#entries.keys().next() : null;
    if (oldest !== null && oldest.done !== true) this.#entries.delete(oldest.value);
    this.#entries.set(key, value);
  }
}
