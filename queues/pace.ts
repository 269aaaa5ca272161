/**
 * The limits and the pace of one backend, as this isolate knows them (`src/domain/pace.ts`).
 *
 * All isolates share the pace through the object `BackendPace`. While the backend is neither
 * limited nor throttled it is asked every 2.5 s; otherwise it lends the calls, one or a few at a
 * time, and with each answer comes the current document of limits. Finished calls are told with the
 * next request, and the first throttled one makes the next call ask at once.
 * Weak: while the object does not answer, the isolate keeps the limits it knows and a pace of its
 * own, so together the isolates may call faster than a limit that an operator has set.
 */
import { LIMIT_DEFAULTS, type BackendLimits } from "../src/domain/backend-limits.ts";
import type { Backend } from "../src/domain/breaker.ts";
import { BACKEND_PACE_FRESH_MS, BACKEND_PACE_TIMEOUT_MS } from "../src/domain/limits.ts";
import {
  lend,
  NEW_PACE,
  NO_CALLS,
  PACE_DEFAULTS,
  tellPace,
  type CallReport,
  type Lent,
  type PaceState,
} from "../src/domain/pace.ts";
import { log } from "../src/platform/log.ts";
import { withTimeout } from "../src/platform/with-timeout.ts";

/** The part of the object that an isolate uses. */
export interface PaceSource {
  /** @param waited null: only tells, and reads the limits */
  lend(
    backend: Backend,
    report: CallReport,
    waited: boolean | null,
  ): Promise<{ readonly limits: BackendLimits; readonly lent: Lent | null }>;
}

/** Calls that were lent and not made by then are lost: the rate has gone on. */
const LENT_FOR_MS = 1000;
/** The pause before an object that did not answer is asked again. */
const SILENT_FOR_MS = 1000;

export class Pace {
  readonly #source: PaceSource;
  readonly #backend: Backend;
  #limits: BackendLimits;
  #untold: CallReport = NO_CALLS;
  #toldAt_ms = 0;
  #freshUntil_ms = 0;
  #freeUntil_ms = 0;
  #silentUntil_ms = 0;
  #lent = { calls: 0, forNew: false, until_ms: 0 };
  /** Only for while the object does not answer. */
  #own: PaceState = NEW_PACE;

  constructor(source: PaceSource, backend: Backend) {
    this.#source = source;
    this.#backend = backend;
    this.#limits = LIMIT_DEFAULTS[backend];
  }

  /** As last read. */
  get limits(): BackendLimits {
    return this.#limits;
  }

  get timeout_ms(): number {
    return this.#limits.timeoutSeconds * 1000;
  }

  /** Reads the limits when those it has are old. */
  async refresh(now: number): Promise<void> {
    if (now >= this.#freshUntil_ms && now >= this.#silentUntil_ms) await this.#ask(null, now);
  }

  /**
   * Null when a call may be made now, or when to ask again.
   * @param waited whether this call was put off before; another one does not overtake those
   */
  async ask(waited: boolean, now: number): Promise<number | null> {
    if (now < this.#freeUntil_ms || this.#takeLent(waited, now)) return null;
    const asked = now < this.#silentUntil_ms ? null : await this.#ask(waited, now);
    const lent = asked ?? this.#askOwn(waited, now);
    if (lent.kind === "wait") return now + lent.wait_ms;
    if (lent.kind === "free") this.#freeUntil_ms = now + BACKEND_PACE_FRESH_MS;
    else this.#lent = { calls: lent.calls - 1, forNew: lent.forNew, until_ms: now + LENT_FOR_MS };
    return null;
  }

  /** Records every finished call. @param retryAfter_ms of a throttled one; null: it passed */
  record(retryAfter_ms: number | null, now: number): void {
    const isThrottled = retryAfter_ms !== null;
    const report = {
      passed: isThrottled ? 0 : 1,
      throttled: isThrottled ? 1 : 0,
      retryAfter_ms: retryAfter_ms ?? 0,
      over_ms: 0,
    };
    this.#own = tellPace(this.#own, report, PACE_DEFAULTS, now);
    this.#untold = {
      passed: this.#untold.passed + report.passed,
      throttled: this.#untold.throttled + report.throttled,
      retryAfter_ms: Math.max(this.#untold.retryAfter_ms, report.retryAfter_ms),
      over_ms: 0,
    };
    if (isThrottled) this.#freeUntil_ms = 0;
  }

  #takeLent(waited: boolean, now: number): boolean {
    const { calls, forNew, until_ms } = this.#lent;
    if (calls <= 0 || now >= until_ms || !(waited || forNew)) return false;
    this.#lent = { ...this.#lent, calls: calls - 1 };
    return true;
  }

  /** Null while the object does not answer. */
  async #ask(waited: boolean | null, now: number): Promise<Lent | null> {
    const told = { ...this.#untold, over_ms: Math.max(now - this.#toldAt_ms, 0) };
    this.#untold = NO_CALLS;
    this.#toldAt_ms = now;
    this.#freshUntil_ms = now + BACKEND_PACE_FRESH_MS;
    const asked = this.#source.lend(this.#backend, told, waited);
    const answer = await withTimeout(asked, BACKEND_PACE_TIMEOUT_MS);
    if (answer !== null) {
      this.#limits = answer.limits;
      return answer.lent;
    }
    this.#silentUntil_ms = now + SILENT_FOR_MS;
    log.warn("pace", "no_answer", { backend: this.#backend });
    return null;
  }

  #askOwn(waited: boolean, now: number): Lent {
    const { callsPerMinute } = this.#limits;
    const { state, lent } = lend(this.#own, waited, callsPerMinute, PACE_DEFAULTS, now);
    this.#own = state;
    // Soon the object is asked again, and may know better.
    if (lent.kind !== "wait") return { kind: "calls", calls: 1, forNew: false };
    return { kind: "wait", wait_ms: Math.min(lent.wait_ms, 2 * SILENT_FOR_MS) };
  }
}
