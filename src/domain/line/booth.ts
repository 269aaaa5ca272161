/**
 * A ticket booth: counts the arrivals of its share of a lane into cohorts.
 *
 * Guarantee: no place is ever handed out twice, whatever crashes. Only a high-water mark is
 * durable, moved in blocks *before* a place beyond it is handed out. A booth that restarts
 * continues at the mark, so a crash skips places (dead ranks that nobody claims) and repeats none.
 * Not for deciding the order: the draw does that (`cohort.ts`).
 */
import { BOOTH_BLOCK_PLACES, PLACES_PER_JOIN_MAX, TICK_MS } from "../limits.ts";

export interface BoothState {
  /** The cohort that is open for arrivals. */
  readonly cohort: number;
  /** The next index to hand out in the open cohort; kept in memory only. */
  readonly next: number;
  /** Durable: every index below it may have been handed out. Saved before `next` may pass it. */
  readonly highWater: number;
}

export const NEW_BOOTH: BoothState = { cohort: 0, next: 0, highWater: 0 };

/** The state after a crash: only the durable part is left. */
export function recoverBooth(durable: { cohort: number; highWater: number }): BoothState {
  return { cohort: durable.cohort, next: durable.highWater, highWater: durable.highWater };
}

/** How many places this booth handed out in a closed cohort. Must be durable with the closing. */
export interface CohortCount {
  readonly cohort: number;
  readonly count: number;
}

export interface BoothDecision<Outcome> {
  readonly state: BoothState;
  readonly outcome: Outcome;
  /** What must be durable before the outcome is returned. */
  readonly save: { readonly closed: readonly CohortCount[]; readonly mark: boolean };
}

export interface PlaceInBooth {
  readonly cohort: number;
  /** The first index, when several places were taken; the others follow it. */
  readonly index: number;
}

/**
 * Hands out the next places, all of one cohort: `index`, `index + 1` … up to `places` of them.
 * @param drawClosesAt_ms when given, cohort 0 is the draw of the prequeue, and arrivals at or after
 *   this instant belong to cohort 1, even if the room has not closed cohort 0 yet
 * @param places 1 … `PLACES_PER_JOIN_MAX`
 * @throws RangeError for any other number of places: a caller's bug
 */
export function takePlaces(
  state: BoothState,
  now: number,
  drawClosesAt_ms: number | null,
  places: number,
): BoothDecision<PlaceInBooth> {
  if (!Number.isInteger(places) || places < 1 || places > PLACES_PER_JOIN_MAX) {
    throw new RangeError(`a booth does not hand out ${places} places at once`);
  }
  const closed: CohortCount[] = [];
  let current = state;
  if (current.cohort === 0 && drawClosesAt_ms !== null && now >= drawClosesAt_ms) {
    closed.push({ cohort: 0, count: current.next });
    current = { cohort: 1, next: 0, highWater: 0 };
  }
  const next = current.next + places;
  const mark = next > current.highWater;
  const highWater = mark ? next - 1 + BOOTH_BLOCK_PLACES : current.highWater;
  return {
    state: { cohort: current.cohort, next, highWater },
    outcome: { cohort: current.cohort, index: current.next },
    save: { closed, mark: mark || closed.length > 0 },
  };
}

/**
 * Lowers the mark to the places really handed out, so that an eviction between two arrivals skips
 * none. Otherwise each eviction in a quiet prequeue would skip a block of places, and each skipped
 * place is a dead rank that must be called and lapse.
 */
export function settleMark(state: BoothState): BoothDecision<null> {
  const settled = { ...state, highWater: state.next };
  const mark = state.highWater !== state.next;
  return { state: settled, outcome: null, save: { closed: [], mark } };
}

export type CloseOutcome =
  | { readonly kind: "closed"; readonly count: number }
  /** Nobody joined and the close was not forced: the cohort stays open. */
  | { readonly kind: "empty" };

/**
 * Closes a cohort and opens the next. A repeated call returns the same count.
 * @param force closes an empty cohort too: another booth of the lane had arrivals in it
 * @param counted the durable count of cohort `k`, when it was closed before
 */
export function closeCohort(
  state: BoothState,
  k: number,
  force: boolean,
  counted: number | null,
): BoothDecision<CloseOutcome> {
  const unchanged = { closed: [], mark: false };
  if (k < state.cohort) {
    return { state, outcome: { kind: "closed", count: counted ?? 0 }, save: unchanged };
  }
  const count = k === state.cohort ? state.next : 0;
  if (count === 0 && !force) return { state, outcome: { kind: "empty" }, save: unchanged };
  return {
    state: { cohort: k + 1, next: 0, highWater: 0 },
    outcome: { kind: "closed", count },
    save: { closed: [{ cohort: k, count }], mark: true },
  };
}

/** FNV-1a: spreads subjects evenly over booths. Nothing depends on it being hard to predict. */
export function boothFor(subject: string, booths: number): number {
  let hash = 0x811c9dc5;
  for (let index = 0; index < subject.length; index += 1) {
    hash = Math.imul(hash ^ subject.charCodeAt(index), 0x01000193) >>> 0;
  }
  return hash % booths;
}

/** Tolerance for early ticks and for differences between clocks. */
const COHORTS_AHEAD = 10;

/**
 * Whether a booth may have reached the cohort. A booth is at most one cohort ahead of its room, and
 * the caller's view of the room may be some ticks old.
 * @param closed the lane's closed cohorts in that view
 * @param age_ms age of that view
 */
export function mayHaveOpened(cohort: number, closed: number, age_ms: number): boolean {
  return cohort <= closed + 1 + Math.ceil(Math.max(age_ms, 0) / TICK_MS) + COHORTS_AHEAD;
}
