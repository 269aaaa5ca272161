/**
 * The breakers of the orders Worker: the pure reducer of `src/domain/breaker.ts`, with KV as the
 * hint that isolates share.
 *
 * Weak: KV has no compare-and-set and may show a change a minute late. Each isolate counts its own
 * calls, writes on transitions only (with an epoch above the one it reads just before), and adopts
 * the state another isolate wrote only when its epoch is higher. `retryAt` is absolute, so an old
 * copy recovers by the clock. An unreadable value counts as absent.
 */
import {
  ask,
  BREAKER_DEFAULTS,
  forceSchema,
  forgetProbe,
  merge,
  newBreaker,
  outrank,
  record,
  writtenBreakerSchema,
  type BreakerRules,
  type BreakerState,
  type Permission,
  type SharedBreaker,
} from "../src/domain/breaker.ts";
import { errorText } from "../src/encoding/error-text.ts";
import { log, type LogEntry } from "../src/platform/log.ts";
import { breakerKey, forceKey } from "../src/platform/kv-keys.ts";

/** The part of KV that breakers use. */
export interface HintStore {
  get(name: string): Promise<string | null>;
  put(name: string, value: string): Promise<void>;
}

const KV_LOOK_INTERVAL_MS = 5000;

function warn({ event, ...fields }: LogEntry): void {
  log.warn("breaker", event, fields);
}

export class Breaker {
  readonly #kv: HintStore;
  readonly #backend: string;
  readonly #by: string;
  readonly #rules: () => BreakerRules;
  readonly #warn: typeof warn;
  #state: BreakerState;
  #forced: "open" | "closed" | null = null;
  #lookedAt_ms = Number.NEGATIVE_INFINITY;

  /**
   * @param by the name of this isolate in the values it writes
   * @param rules those in force, which operators may change between any two calls
   */
  constructor(
    kv: HintStore,
    backend: string,
    by: string,
    rules: () => BreakerRules = () => BREAKER_DEFAULTS,
    onWarning: typeof warn = warn,
  ) {
    this.#warn = onWarning;
    this.#kv = kv;
    this.#backend = backend;
    this.#by = by;
    this.#rules = rules;
    this.#state = newBreaker(by);
  }

  /** Called before every call of the backend. */
  async ask(now: number): Promise<Permission> {
    await this.#look(now);
    const decision = ask(this.#state, this.#forced, this.#rules(), now);
    this.#state = decision.state;
    return decision.permission;
  }

  /** Records every finished call. A transition is written to KV; a failed write is only logged. */
  async record(
    result: { readonly failed: boolean; readonly duration_ms: number; readonly probe: boolean },
    now: number,
  ): Promise<void> {
    const before = this.#state.shared;
    this.#state = record(this.#state, result, this.#by, this.#rules(), now);
    if (this.#state.shared === before) return;
    this.#state = outrank(this.#state, await this.#read());
    const { shared } = this.#state;
    const reason = "reason" in shared ? shared.reason : null;
    this.#warn({ event: shared.state, backend: this.#backend, reason });
    await this.#kv
      .put(breakerKey(this.#backend), JSON.stringify(shared))
      .catch((error: unknown) => this.#complain("kv_write_failed", error));
  }

  /** A probe was not sent after all: another call may probe. */
  forgetProbe(): void {
    this.#state = forgetProbe(this.#state);
  }

  async #look(now: number): Promise<void> {
    if (now - this.#lookedAt_ms < KV_LOOK_INTERVAL_MS) return;
    this.#lookedAt_ms = now;
    const [shared, forced] = await Promise.all([this.#read(), this.#readForce()]);
    this.#state = merge(this.#state, shared);
    if (forced !== undefined) this.#forced = forced;
  }

  /** The breaker's value in KV; null when it is absent or unreadable, and when KV is down. */
  async #read(): Promise<SharedBreaker | null> {
    try {
      const value = await this.#kv.get(breakerKey(this.#backend));
      const shared = writtenBreakerSchema.safeParse(value);
      if (shared.success) return shared.data;
      this.#complain("unreadable_breaker", shared.error);
    } catch (error) {
      this.#complain("kv_read_failed", error);
    }
    return null;
  }

  /** The operator's override; undefined when KV is down, and then the last one still applies. */
  async #readForce(): Promise<"open" | "closed" | null | undefined> {
    try {
      const force = forceSchema.safeParse(await this.#kv.get(forceKey(this.#backend)));
      if (force.success) return force.data;
      this.#complain("unreadable_force", force.error);
      return null;
    } catch (error) {
      this.#complain("kv_read_failed", error);
      return undefined;
    }
  }

  #complain(event: string, error: unknown): void {
    this.#warn({ event, backend: this.#backend, why: errorText(error) });
  }
}
