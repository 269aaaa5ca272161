/**
 * Joins that meet in an isolate share a call of their booth (`call-batcher.ts`).
 *
 * Guarantee: no two shoppers are given the same place. A place taken for a shopper who is gone is a
 * dead rank, which the room passes on. Not for deciding order: that is the draw's work.
 *
 * A join that may be repeated brings a subject. Such joins are batched apart, so that the others
 * keep the booth's shorter question.
 */
import type { PlaceInBooth } from "../domain/line/booth.ts";
import type { AnsweredPlace } from "../domain/line/join-key.ts";
import type { NetworkJoin } from "../domain/line/network-counts.ts";
import {
  JOIN_GROUP_WAIT_MS,
  JOINS_GATHERED_MAX,
  PLACES_PER_JOIN_MAX,
  SHOPPER_CALL_TIMEOUT_MS,
} from "../domain/limits.ts";
import { CallBatcher } from "./call-batcher.ts";

/** The first of so many consecutive places at the booth. */
type TakePlaces = (places: number) => Promise<PlaceInBooth>;

/** A place for each of the subjects, in their order. */
type TakeKeptPlaces = (subjects: readonly string[]) => Promise<readonly AnsweredPlace[]>;

/** The same where the sale limits the places of a network. */
export type LimitedPlace = AnsweredPlace | "network_full";
type TakeLimitedPlaces = (joins: readonly NetworkJoin[]) => Promise<readonly LimitedPlace[]>;

const SHARING = {
  together_max: PLACES_PER_JOIN_MAX,
  gathered_max: JOINS_GATHERED_MAX,
  wait_ms: JOIN_GROUP_WAIT_MS,
  call_ms: SHOPPER_CALL_TIMEOUT_MS,
} as const;

/** One per isolate. */
export class PlaceBatches {
  readonly #calls = new CallBatcher<null, PlaceInBooth>(SHARING);
  readonly #keptCalls = new CallBatcher<string, AnsweredPlace>(SHARING);
  readonly #limitedCalls = new CallBatcher<NetworkJoin, LimitedPlace>(SHARING);

  /**
   * A place of the caller's own; null when the booth does not answer in time.
   * @param name what the calls that may be shared have in common
   * @param waitUntil keeps the caller's request going for as long as others wait for its call
   */
  take(
    name: string,
    ask: TakePlaces,
    waitUntil: (work: Promise<unknown>) => void,
  ): Promise<PlaceInBooth | null> {
    const askTogether = async (joins: readonly null[]): Promise<PlaceInBooth[]> => {
      const { cohort, index } = await ask(joins.length);
      return joins.map((_, position) => ({ cohort, index: index + position }));
    };
    return this.#calls.ask(name, null, askTogether, waitUntil);
  }

  /** The place of the subject: the one it was given before, or a new one; null as above. */
  takeKept(
    name: string,
    subject: string,
    ask: TakeKeptPlaces,
    waitUntil: (work: Promise<unknown>) => void,
  ): Promise<AnsweredPlace | null> {
    return this.#keptCalls.ask(name, subject, ask, waitUntil);
  }

  /** As `takeKept`, while the network of the join has places left. */
  takeLimited(
    name: string,
    join: NetworkJoin,
    ask: TakeLimitedPlaces,
    waitUntil: (work: Promise<unknown>) => void,
  ): Promise<LimitedPlace | null> {
    return this.#limitedCalls.ask(name, join, ask, waitUntil);
  }
}
