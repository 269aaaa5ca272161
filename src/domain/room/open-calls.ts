/**
 * Calls that are open: from the tick that makes them until they are claimed or lapse.
 *
 * Guarantee: a called shopper may claim until `lapsedBelow` has passed their rank, and it passes
 * one batch after the other, in order. A batch lapses at the first tick at which its claim window
 * is over, no turn in it is kept any more, and every earlier batch of its lane has lapsed. So a
 * status, made from `called` and `lapsedBelow` alone, agrees with the outcome of a claim.
 *
 * A batch that is kept open past its window is open to all its ranks, also to those who never
 * came. They are not counted on: past the window only turns whose owners still try are.
 */
import { CLAIM_RETRY_S, KEPT_RANKS_PER_BATCH_MAX } from "../limits.ts";
import { settlePlaces } from "./odds.ts";
import type { CallBatch, RoomState } from "./room-state.ts";
import { chanceOf, learn, SHOW_RATE_SLICES, sliceOf, type ShowRate } from "./show-rate.ts";

/** A kept turn is written again only when that adds an eighth of a window: claims are frequent. */
const KEEPS_PER_WINDOW = 8;
/** The owner of a kept turn tries at least this often, or counts as gone. */
const STILL_ASKS_MS = 3 * CLAIM_RETRY_S * 1000;

/** Calls of a batch that neither were claimed nor met full seats. */
function unanswered({ from, to, claimed, kept }: CallBatch): number {
  return to - from - claimed - kept.length;
}

function windowIsOver(batch: CallBatch, window_ms: number, now: number): boolean {
  return now - batch.calledAt_ms >= window_ms;
}

/** Shoppers with a kept turn, as long as any of them still tries. */
function stillAsking({ kept, keptUntil_ms }: CallBatch, window_ms: number, now: number): number {
  const asked_ms = keptUntil_ms - window_ms;
  return now - asked_ms < window_ms / KEEPS_PER_WINDOW + STILL_ASKS_MS ? kept.length : 0;
}

/** Calls that may still be claimed and were not: all in their window, then the kept turns. */
export function outstandingCalls({ calls }: RoomState, window_ms: number, now: number): number {
  return calls.reduce((sum, batch) => {
    const asking = stillAsking(batch, window_ms, now);
    return sum + asking + (windowIsOver(batch, window_ms, now) ? 0 : unanswered(batch));
  }, 0);
}

/** Calls not claimed yet that will probably be, at this instant. */
export function expectedClaims(room: RoomState, window_ms: number, now: number): number {
  return room.calls.reduce((sum, batch) => {
    const chance = chanceOf(room.showRate, now - batch.calledAt_ms, window_ms);
    return sum + stillAsking(batch, window_ms, now) + unanswered(batch) * chance;
  }, 0);
}

export function batchOf(room: RoomState, lane: string, rank: number): CallBatch | undefined {
  return room.calls.find((item) => item.lane === lane && item.from <= rank && rank < item.to);
}

function replaceBatch(room: RoomState, batch: CallBatch, changed: CallBatch): RoomState {
  return { ...room, calls: room.calls.map((item) => (item === batch ? changed : item)) };
}

/** A claim met full seats: the turn is kept for a whole window from now, give or take an eighth. */
export function keepTurn(
  room: RoomState,
  batch: CallBatch,
  rank: number,
  kept: { readonly window_ms: number; readonly now: number },
): { readonly room: RoomState; readonly keptUntil_ms: number } {
  const until_ms = kept.now + kept.window_ms;
  const isNew = !batch.kept.includes(rank) && batch.kept.length < KEPT_RANKS_PER_BATCH_MAX;
  const longer = until_ms - batch.keptUntil_ms >= kept.window_ms / KEEPS_PER_WINDOW;
  if (!isNew && !longer) return { room, keptUntil_ms: batch.keptUntil_ms };
  const keptUntil_ms = Math.max(until_ms, batch.keptUntil_ms);
  const ranks = isNew ? [...batch.kept, rank] : batch.kept;
  return { room: replaceBatch(room, batch, { ...batch, kept: ranks, keptUntil_ms }), keptUntil_ms };
}

/** A call was claimed. */
export function countClaim(room: RoomState, batch: CallBatch, rank: number): RoomState {
  const kept = batch.kept.includes(rank) ? batch.kept.filter((item) => item !== rank) : batch.kept;
  return replaceBatch(room, batch, { ...batch, claimed: batch.claimed + 1, kept });
}

/** Learns from a batch that went from one slice of its window into another, or to its end. */
function taught(rate: ShowRate, batch: CallBatch, slice: number): ShowRate {
  if (slice === batch.slice) return rate;
  // A claim that met full seats counts as come: the seat was missing, not the shopper.
  const open = unanswered(batch);
  let learned = learn(rate, batch.slice, batch.openAtSlice, batch.openAtSlice - open);
  // A tick may be longer than a slice: those it passed over saw the open calls, and no claim.
  for (let passed = batch.slice + 1; passed < slice; passed += 1) {
    learned = learn(learned, passed, open, 0);
  }
  return learned;
}

/** Batches that are over lapse; the others grow older and teach the show rate. */
export function ageCalls(room: RoomState, window_ms: number, now: number): RoomState {
  let { showRate } = room;
  let lapsed = 0;
  const lapsedBelow = new Map<string, number>();
  /** Lanes with a batch that is still open: later ones of the lane wait for it. */
  const open = new Set<string>();
  const calls: CallBatch[] = [];
  for (const batch of room.calls) {
    const late = windowIsOver(batch, window_ms, now);
    const slice = late ? SHOW_RATE_SLICES : sliceOf(now - batch.calledAt_ms, window_ms);
    showRate = taught(showRate, batch, slice);
    if (late && now >= batch.keptUntil_ms && !open.has(batch.lane)) {
      lapsed += batch.to - batch.from - batch.claimed;
      lapsedBelow.set(batch.lane, batch.to);
      continue;
    }
    open.add(batch.lane);
    const aged = { ...batch, slice, openAtSlice: unanswered(batch) };
    calls.push(slice === batch.slice ? batch : aged);
  }
  const lanes = room.lanes.map((lane) => {
    const below = lapsedBelow.get(lane.id) ?? 0;
    return below > lane.lapsedBelow ? { ...lane, lapsedBelow: below } : lane;
  });
  const seats = { ...room.seats, lapsed: room.seats.lapsed + lapsed };
  const placeOutcomes = settlePlaces(room.placeOutcomes, { took: 0, without: lapsed });
  return { ...room, calls, lanes, showRate, seats, placeOutcomes };
}

/** While nobody can come in, no claim window runs, and no kept turn runs out. */
export function holdCalls(room: RoomState, elapsed_ms: number): RoomState {
  const calls = room.calls.map((batch) => {
    const calledAt_ms = batch.calledAt_ms + elapsed_ms;
    const keptUntil_ms = batch.keptUntil_ms === 0 ? 0 : batch.keptUntil_ms + elapsed_ms;
    return { ...batch, calledAt_ms, keptUntil_ms };
  });
  return { ...room, calls };
}
