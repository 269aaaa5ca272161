/**
 * KV in the simulation: what breakers write there, seen late and sometimes not at all.
 *
 * Guarantee, like the platform's: others see a change within a minute, in no order; a reader may
 * see an older value after a newer one. A value may be unreadable, because anybody may write it.
 */
import type { HintStore } from "../../queues/breakers.ts";
import { writtenBreakerSchema } from "../../src/domain/breaker.ts";
import type { Conditions } from "./faults.ts";

const STALE_MAX_MS = 60_000;
const LATENCY_MAX_MS = 20;
const GARBLED = ["", "{", "null", "[]", '{"v":1,"state":"ajar"}', '{"v":2}'];

interface Written {
  readonly at_ms: number;
  readonly value: string | null;
}

export class Hints implements HintStore {
  readonly #conditions: Conditions;
  readonly #opened: (by: string, backend: string) => void;
  readonly #written = new Map<string, Written[]>();

  /** @param opened called when a closed breaker is written as open, with the isolate */
  constructor(conditions: Conditions, opened: (by: string, backend: string) => void) {
    this.#conditions = conditions;
    this.#opened = opened;
  }

  async get(name: string): Promise<string | null> {
    const { faults, time } = this.#conditions;
    await time.sleep(faults.between(1, LATENCY_MAX_MS));
    if (faults.strikes("hint_read_failed")) throw new Error("KV is not to be reached");
    if (faults.strikes("hint_garbled")) return faults.pick(GARBLED);
    const age_ms = faults.strikes("hint_stale") ? faults.between(0, STALE_MAX_MS) : 0;
    const seenUntil_ms = time.now - age_ms;
    return this.#written.get(name)?.findLast(({ at_ms }) => at_ms <= seenUntil_ms)?.value ?? null;
  }

  async put(name: string, value: string): Promise<void> {
    const { faults, time } = this.#conditions;
    await time.sleep(faults.between(1, LATENCY_MAX_MS));
    if (faults.strikes("hint_write_failed")) throw new Error("KV is not to be reached");
    this.set(name, value);
    const { data } = writtenBreakerSchema.safeParse(value);
    if (data?.state !== "open" || data.openings > 1) return;
    this.#opened(data.by, name.replace("breaker:", ""));
  }

  /** A write of the operator's; never fails. */
  set(name: string, value: string | null): void {
    const history = this.#written.get(name) ?? [];
    history.push({ at_ms: this.#conditions.time.now, value });
    this.#written.set(name, history);
  }
}
