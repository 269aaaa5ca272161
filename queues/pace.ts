/**
 * The pace of the calls to one backend, for all batches of this isolate (`src/domain/pace.ts`).
 *
 * Isolates do not share it. Each keeps to twice what passed for itself, so together they send a
 * backend that throttles about twice what it takes, however many they are; sharing would cost a
 * call to an object before each call to the backend.
 */
import {
  askPace,
  NEW_PACE,
  PACE_DEFAULTS,
  type PaceState,
  recordPace,
} from "../src/domain/pace.ts";

export class Pace {
  #state: PaceState = NEW_PACE;

  /** Null when a call may be made now, or when to ask again. */
  ask(waited: boolean, now: number): number | null {
    const { state, until_ms } = askPace(this.#state, waited, PACE_DEFAULTS, now);
    this.#state = state;
    return until_ms;
  }

  /** Records every finished call. */
  record(isThrottled: boolean, now: number): void {
    this.#state = recordPace(this.#state, isThrottled, PACE_DEFAULTS, now);
  }
}
