/**
 * The objects BackendPace of a simulated world: the real rules, without the platform.
 *
 * Guarantee: as the objects, it forgets its pace with a crash, and not its limits.
 */
import type { PaceSource } from "../../queues/pace.ts";
import { LIMIT_DEFAULTS, type BackendLimits } from "../../src/domain/backend-limits.ts";
import type { Backend } from "../../src/domain/breaker.ts";
import { lend, NEW_PACE, PACE_DEFAULTS, paceWait_ms, tellPace } from "../../src/domain/pace.ts";

export const PACE_RULES = { lend, tellPace };

export class PaceMemory implements PaceSource {
  readonly limits: Record<Backend, BackendLimits> = { ...LIMIT_DEFAULTS };
  readonly #now: () => number;
  readonly #rules: typeof PACE_RULES;
  #paces = { payment: NEW_PACE, orders: NEW_PACE };

  constructor(now: () => number, rules = PACE_RULES) {
    this.#now = now;
    this.#rules = rules;
  }

  crash(): void {
    this.#paces = { payment: NEW_PACE, orders: NEW_PACE };
  }

  wait_ms(backend: Backend): number {
    return paceWait_ms(this.#paces[backend], this.#now());
  }

  async lend(...[backend, report, waited]: Parameters<PaceSource["lend"]>) {
    const [now, limits] = [this.#now(), this.limits[backend]];
    const told = this.#rules.tellPace(this.#paces[backend], report, PACE_DEFAULTS, now);
    this.#paces[backend] = told;
    if (waited === null) return { limits, lent: null };
    const { callsPerMinute } = limits;
    const { state, lent } = this.#rules.lend(told, waited, callsPerMinute, PACE_DEFAULTS, now);
    this.#paces[backend] = state;
    return { limits, lent };
  }
}
