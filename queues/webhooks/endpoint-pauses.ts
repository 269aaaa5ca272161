/**
 * Endpoints that do not answer in time, as this isolate has seen it: they are left alone for a
 * while, so that their deliveries take no time from those of other endpoints.
 *
 * Guarantee: an endpoint is paused only after a try that timed out, for ten seconds at first and
 * five minutes at most. When a pause is over one try shows whether it answers; until that ended,
 * the others wait on. Any answer ends the pause. A new isolate knows of none.
 */
import { WEBHOOK_PAUSE_MAX_MS, WEBHOOK_TIMEOUT_MS } from "../../src/domain/limits.ts";

interface Silence {
  /** Tries in a row that timed out, those counted once that were made at the same time. */
  readonly timeouts: number;
  readonly countedAt_ms: number;
  readonly until_ms: number;
}

export class EndpointPauses {
  readonly #silent = new Map<string, Silence>();

  /** Null when a try may be made now, or until when the endpoint is left alone. */
  ask(endpoint: string, now: number): number | null {
    const silence = this.#silent.get(endpoint);
    if (silence === undefined) return null;
    if (now < silence.until_ms) return silence.until_ms;
    this.#silent.set(endpoint, { ...silence, until_ms: now + WEBHOOK_TIMEOUT_MS });
    return null;
  }

  /** Records a try that was made. */
  record(endpoint: string, isTimeout: boolean, now: number): void {
    if (!isTimeout) {
      this.#silent.delete(endpoint);
      return;
    }
    const { timeouts = 0, countedAt_ms = Number.NEGATIVE_INFINITY } =
      this.#silent.get(endpoint) ?? {};
    if (now - countedAt_ms < WEBHOOK_TIMEOUT_MS / 2) return;
    const pause_ms = Math.min(WEBHOOK_TIMEOUT_MS * 2 ** timeouts, WEBHOOK_PAUSE_MAX_MS);
    this.#silent.set(endpoint, {
      timeouts: timeouts + 1,
      countedAt_ms: now,
      until_ms: now + pause_ms,
    });
  }
}
