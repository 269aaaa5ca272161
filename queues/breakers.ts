/**
 * The breakers of the orders Worker: the pure reducer of `src/domain/breaker.ts`, with KV as the
 * hint that isolates share.
 *
 * The weak guarantee, said aloud: KV has no compare-and-set and may show a change a minute late.
 * Each isolate counts for itself, writes on transitions only, and takes over what another wrote
 * only when its epoch is higher. `retryAt` is absolute, so an old copy recovers by the clock.
 */
import { z } from "zod";
import {
  ask,
  BREAKER_DEFAULTS,
  merge,
  newBreaker,
  record,
  writtenBreakerSchema,
  type BreakerRules,
  type BreakerState,
  type Permission,
} from "../src/domain/breaker.ts";

const KV_LOOK_INTERVAL_MS = 5000;
const forceSchema = z.enum(["open", "closed"]).nullable();

export class Breaker {
  readonly #kv: KVNamespace;
  readonly #backend: string;
  readonly #by: string;
  readonly #rules: BreakerRules;
  #state: BreakerState;
  #forced: "open" | "closed" | null = null;
  #lookedAt_ms = 0;

  /** @param by names this isolate in what it writes */
  constructor(kv: KVNamespace, backend: string, by: string, rules = BREAKER_DEFAULTS) {
    this.#kv = kv;
    this.#backend = backend;
    this.#by = by;
    this.#rules = rules;
    this.#state = newBreaker(by);
  }

  /** Asked before every call. */
  async ask(now: number): Promise<Permission> {
    await this.#look(now);
    const decision = ask(this.#state, this.#forced, this.#rules, now);
    this.#state = decision.state;
    return decision.permission;
  }

  /** Told after every call. A transition is written to KV; a failed write changes nothing here. */
  async told(
    result: { readonly failed: boolean; readonly duration_ms: number; readonly probe: boolean },
    now: number,
  ): Promise<void> {
    const before = this.#state.shared;
    this.#state = record(this.#state, result, this.#by, this.#rules, now);
    const { shared } = this.#state;
    if (shared === before) return;
    const said = { at: "breaker", event: shared.state, backend: this.#backend };
    console.warn(JSON.stringify({ ...said, reason: "reason" in shared ? shared.reason : null }));
    await this.#kv
      .put(`breaker:${this.#backend}`, JSON.stringify(shared))
      .catch((error: unknown) => this.#complain("kv_write_failed", error));
  }

  async #look(now: number): Promise<void> {
    if (now - this.#lookedAt_ms < KV_LOOK_INTERVAL_MS) return;
    this.#lookedAt_ms = now;
    try {
      const [value, forced] = await Promise.all([
        this.#kv.get(`breaker:${this.#backend}`),
        this.#kv.get(`force:${this.#backend}`),
      ]);
      const shared = writtenBreakerSchema.safeParse(value);
      const force = forceSchema.safeParse(forced);
      if (!shared.success) this.#complain("unreadable_breaker", shared.error);
      this.#state = merge(this.#state, shared.success ? shared.data : null);
      this.#forced = force.success ? force.data : null;
    } catch (error) {
      this.#complain("kv_read_failed", error);
    }
  }

  #complain(event: string, error: unknown): void {
    const why = error instanceof Error ? error.message : "unknown";
    console.warn(JSON.stringify({ at: "breaker", event, backend: this.#backend, why }));
  }
}
