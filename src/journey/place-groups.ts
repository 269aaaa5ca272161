/**
 * Joins that meet in an isolate share a call of their booth: while one call is under way, whoever
 * comes for the same booth gathers, and the next call takes a place for each of them. So a crowd
 * costs a booth a fraction of its shoppers in calls, and somebody who comes alone waits for nobody.
 *
 * Guarantee: no two shoppers are given the same place, and nobody hangs on another's request. A
 * request may end at any moment, for instance because its shopper closed the tab, and all it was
 * about to do ends with it. So each waits on a promise and a timer of its own; the platform runs
 * what follows a promise in the request that made it, whichever request keeps it. Past the timer
 * the first of them calls the booth, for all. A place taken for somebody who is gone is a dead
 * rank, which the room passes on. Not for deciding order: that is the draw's work.
 */
import type { PlaceInBooth } from "../domain/booth.ts";
import {
  JOIN_GROUP_WAIT_MS,
  JOINS_GATHERED_MAX,
  PLACES_PER_JOIN_MAX,
  SHOPPER_CALL_TIMEOUT_MS,
} from "../domain/limits.ts";
import { answerWithin } from "../timing/answer-within.ts";

/** The first of so many consecutive places at the booth. */
type TakePlaces = (places: number) => Promise<PlaceInBooth>;

/** What becomes of somebody who waits. */
type Turn =
  | { readonly kind: "place"; readonly place: PlaceInBooth }
  /** To make the next call, for all who have gathered. */
  | { readonly kind: "carry" }
  | { readonly kind: "failed" };

type Waiter = (turn: Turn) => void;

/** One per isolate. */
export class PlaceGroups {
  /** Of booths that somebody is calling: who waits for the next call. */
  readonly #gathered = new Map<string, Waiter[]>();

  /**
   * A place of the caller's own; null when the booth does not answer in time.
   * @param name what the calls that may be shared have in common
   * @param lasting keeps the caller's request going for as long as others wait for its call
   */
  async take(
    name: string,
    ask: TakePlaces,
    lasting: (work: Promise<unknown>) => void,
  ): Promise<PlaceInBooth | null> {
    const carry = (): Promise<PlaceInBooth | null> => {
      const carried = this.#carry(name, ask);
      lasting(carried);
      return carried;
    };
    const gathered = this.#gathered.get(name);
    if (gathered === undefined) return carry();
    if (gathered.length >= JOINS_GATHERED_MAX) return askWithin(ask, 1);
    const { promise, resolve } = Promise.withResolvers<Turn>();
    gathered.push(resolve);
    let turn = await answerWithin(promise, JOIN_GROUP_WAIT_MS);
    if (turn === null) {
      const waitsAt = gathered.indexOf(resolve);
      if (waitsAt >= 0) {
        // Whoever was to call is slow or gone. Those who still wait for it are taken along.
        gathered.splice(waitsAt, 1);
        return carry();
      }
      // A call is under way with a place for this one in it.
      turn = await answerWithin(promise, SHOPPER_CALL_TIMEOUT_MS);
    }
    if (turn?.kind === "carry") return carry();
    return turn?.kind === "place" ? turn.place : null;
  }

  async #carry(name: string, ask: TakePlaces): Promise<PlaceInBooth | null> {
    const gathered = this.#gathered.get(name) ?? [];
    this.#gathered.set(name, gathered);
    const group = gathered.splice(0, PLACES_PER_JOIN_MAX - 1);
    const first = await askWithin(ask, group.length + 1);
    const next = gathered.shift();
    if (next !== undefined) next({ kind: "carry" });
    else if (this.#gathered.get(name) === gathered) this.#gathered.delete(name);
    for (const [position, settle] of group.entries()) {
      settle(first === null ? { kind: "failed" } : { kind: "place", place: nth(first, position) });
    }
    return first;
  }
}

function nth({ cohort, index }: PlaceInBooth, position: number): PlaceInBooth {
  return { cohort, index: index + 1 + position };
}

function askWithin(ask: TakePlaces, places: number): Promise<PlaceInBooth | null> {
  return answerWithin(ask(places), SHOPPER_CALL_TIMEOUT_MS);
}
