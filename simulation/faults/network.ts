/**
 * Calls from one part to another.
 *
 * Guarantee: a call takes time both ways, and may be lost before it arrives, answered and the
 * answer lost, or late. A caller that dies meanwhile gets no answer; the call happens anyway.
 */
import type { Conditions } from "./faults.ts";
import { never, type Life } from "./life.ts";
import type { ObjectHost } from "./object-host.ts";

const LATENCY_MAX_MS = 20;
const LATE_MAX_MS = 20_000;
const TRIES_MAX = 10;
const TRY_AGAIN_MS = 1000;

export class Network {
  readonly #conditions: Conditions;

  constructor(conditions: Conditions) {
    this.#conditions = conditions;
  }

  /** @param from the caller; null for one that does not die */
  async ask<Core, Answer>(
    from: Life | null,
    to: ObjectHost<Core>,
    what: (core: Core) => Promise<Answer>,
  ): Promise<Answer> {
    const { faults, time } = this.#conditions;
    const isGone = (): boolean => from !== null && !from.alive;
    if (isGone()) return never();
    const late_ms = faults.strikes("call_late") ? faults.between(0, LATE_MAX_MS) : 0;
    await time.sleep(faults.between(1, LATENCY_MAX_MS) + late_ms);
    if (faults.strikes("call_lost")) return this.#failed(isGone, "the call was lost");
    let answer: Answer;
    try {
      answer = await to.call(what);
    } catch (error) {
      return this.#failed(isGone, error instanceof Error ? error.message : "failed");
    }
    if (faults.strikes("answer_lost")) return this.#failed(isGone, "the answer was lost");
    return isGone() ? never() : answer;
  }

  /** A person who tries again until there is an answer, or it has become too much. */
  async askAgain<Core>(
    to: ObjectHost<Core>,
    what: (core: Core) => Promise<unknown>,
  ): Promise<void> {
    for (let tries = 0; tries < TRIES_MAX; tries += 1) {
      const answer = await this.ask(null, to, what).catch(() => null);
      if (answer !== null) return;
      await this.#conditions.time.sleep(TRY_AGAIN_MS);
    }
  }

  #failed(isGone: () => boolean, why: string): Promise<never> {
    return isGone() ? never() : Promise.reject(new Error(why));
  }

  /** Null when it fails or takes too long, in virtual time. */
  async within<Answer>(asked: Promise<Answer>, timeout_ms: number): Promise<Answer | null> {
    const late = this.#conditions.time.sleep(timeout_ms).then(() => null);
    return Promise.race([asked.catch(() => null), late]);
  }
}
