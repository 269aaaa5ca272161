/**
 * Whom to call: one tick of the waiting room.
 *
 * Guarantee (P7, P8): `called` only grows, one rank after the other, and a call whose claim window
 * ends passes on. Seats in use and calls likely to be claimed exceed `maxActive` by no more than
 * the seats about to be free; the hard bound is kept by `claims.ts`.
 *
 *   throttle     the part of the rate that the order pipeline bears (`throttle.ts`)
 *   tokens       one at first; earned at ratePerMinute × throttle, two seconds' worth saved up
 *   outstanding  unclaimed calls whose window is open, and turns kept for shoppers who still try
 *   expected     Σ over ticks of calling: unclaimed × chance(age); each kept turn is one
 *   leaving      seats that are probably free before a call made now is claimed
 *   slots        maxActive − active − kept − ceil(expected − leaving)
 *   supply       ceil((available + held) × overcall) − (active − ordering) − outstanding; without
 *                items no bound. Units of orders in progress are not in it, nor their shoppers.
 *   calls        min(slots, supply, tokens, waiting), never below 0
 */
import { countTurnover, leavingSoon } from "./forecast.ts";
import { TICK_MS } from "../limits.ts";
import { follow } from "./throttle.ts";
import { countSold } from "./odds.ts";
import { ageCalls, expectedClaims, holdCalls, outstandingCalls } from "./open-calls.ts";
import { isSoldOut, type CallBatch, type LaneState, type RoomState } from "./room-state.ts";
import { phaseAt } from "../sale/schedule.ts";

export interface CallRules {
  readonly claimWindow_ms: number;
  readonly overcall: number;
  /** The sale has no items: it only guards a shop, and no stock bounds its calls. */
  readonly unlimited?: boolean;
}

/** A cohort that every booth of the lane has counted. */
export interface ClosedCohort {
  readonly lane: string;
  readonly k: number;
  readonly places: number;
}

export function closeCohortInRoom(room: RoomState, cohort: ClosedCohort): RoomState {
  const lanes = room.lanes.map((lane) => {
    if (lane.id !== cohort.lane || lane.closed !== cohort.k) return lane;
    return { ...lane, closed: cohort.k + 1, places: lane.places + cohort.places };
  });
  return { ...room, lanes };
}

export function waitingIn(lane: LaneState): number {
  return lane.places - lane.called;
}

/** Adds the tokens that the rate, under the present throttle, has earned. */
export function earnTokens(room: RoomState, elapsed_ms: number): RoomState {
  const perSecond = (room.ratePerMinute / 60) * room.throttle.value;
  // Two seconds' worth may be saved up, and always one whole call: a slow rate must still call.
  const most = Math.max(perSecond * 2, 1);
  const rateTokens = Math.min(room.rateTokens + (perSecond * elapsed_ms) / 1000, most);
  return { ...room, rateTokens };
}

/**
 * How many more may be called now, before rate and waiting: seats and supply.
 * @param leaving seats in use that will probably be free before a call can be claimed
 */
export function roomToCall(
  room: RoomState,
  rules: CallRules,
  now: number,
  leaving: number = 0,
): number {
  const outstanding = outstandingCalls(room, rules.claimWindow_ms, now);
  const expected = expectedClaims(room, rules.claimWindow_ms, now);
  const { active, kept, ordering } = room.seats;
  const slots = room.maxActive - active - kept - Math.ceil(expected - leaving - 1e-9);
  const units = room.stock.reduce((sum, { available, held }) => sum + available + held, 0);
  const supply =
    rules.unlimited === true
      ? slots
      : Math.ceil(units * rules.overcall) - (active - ordering) - outstanding;
  return Math.max(Math.min(slots, supply), 0);
}

/** A lane's part of one tick: its calls, and the fraction of a call that is carried over. */
export interface LaneShare {
  readonly calls: number;
  readonly credit: number;
}

/**
 * Shares calls by weight; a lane with nobody waiting leaves its share to the others. The fraction
 * is carried over, because a rate of one call a tick would never reach the light lanes without it.
 */
export function shareCalls(lanes: readonly LaneState[], calls: number): Map<string, LaneShare> {
  const given = new Map<string, number>(lanes.map((lane) => [lane.id, 0]));
  const credit = new Map<string, number>(lanes.map((lane) => [lane.id, lane.credit]));
  const open = (lane: LaneState): boolean => waitingIn(lane) > (given.get(lane.id) ?? 0);
  for (let call = 0; call < calls; call += 1) {
    const eager = lanes.filter(open);
    const weights = eager.reduce((sum, lane) => sum + lane.weight, 0);
    let best: LaneState | null = null;
    for (const lane of eager) {
      const owed = (credit.get(lane.id) ?? 0) + lane.weight / weights;
      credit.set(lane.id, owed);
      if (best === null || owed > (credit.get(best.id) ?? 0)) best = lane;
    }
    if (best === null) break;
    credit.set(best.id, (credit.get(best.id) ?? 0) - 1);
    given.set(best.id, (given.get(best.id) ?? 0) + 1);
  }
  return new Map(
    lanes.map(({ id }) => [id, { calls: given.get(id) ?? 0, credit: credit.get(id) ?? 0 }]),
  );
}

function call(room: RoomState, calls: number, now: number): RoomState {
  const shares = shareCalls(room.lanes, calls);
  const batches: CallBatch[] = [];
  const lanes = room.lanes.map((lane) => {
    const { calls: share, credit } = shares.get(lane.id) ?? { calls: 0, credit: lane.credit };
    const seconds = TICK_MS / 1000;
    const waiting = waitingIn(lane) > 0;
    const pace = waiting ? lane.pace + (share / seconds - lane.pace) * 0.1 : lane.pace;
    if (share === 0) return { ...lane, pace, credit };
    const to = lane.called + share;
    batches.push({
      lane: lane.id,
      calledAt_ms: now,
      from: lane.called,
      to,
      claimed: 0,
      slice: 0,
      openAtSlice: share,
      kept: [],
      keptUntil_ms: 0,
    });
    return { ...lane, called: to, credit, pace: lane.pace === 0 ? share / seconds : pace };
  });
  return { ...room, lanes, calls: [...room.calls, ...batches] };
}

/** What a tick needs to know from outside the room. */
export interface Surroundings {
  /** Whether the cohorts that this tick closed brought anybody. */
  readonly arrivals: boolean;
  /** The part of the rate that the order pipeline bears, 0.05 … 1, see `throttle.ts`. */
  readonly pipelineBears: number;
}

export function tick(
  room: RoomState,
  rules: CallRules,
  { arrivals, pipelineBears }: Surroundings,
  now: number,
): RoomState {
  const elapsed_ms = Math.max(now - room.tickedAt_ms, 0);
  const version = room.version + 1;
  const idle = { ...room, tickedAt_ms: now, version };
  if (phaseAt(room.schedule, now) !== "live") return idle;
  const ticked = { ...idle, throttle: follow(room.throttle, pipelineBears, now) };
  if (room.paused || isSoldOut(room)) return holdCalls(ticked, elapsed_ms);
  const { active, spent, left, expired } = room.seats;
  const turnover = countTurnover(room.turnover, spent + left + expired, active, elapsed_ms);
  const soldInAll = room.stock.reduce((sum, { sold }) => sum + sold, 0);
  const placeOutcomes = countSold(room.placeOutcomes, soldInAll);
  const earned = earnTokens({ ...ticked, turnover, placeOutcomes }, elapsed_ms);
  const aged = ageCalls(earned, rules.claimWindow_ms, now);
  const waiting = aged.lanes.reduce((sum, lane) => sum + waitingIn(lane), 0);
  const free = roomToCall(aged, rules, now, leavingSoon(turnover, active));
  const calls = Math.min(free, Math.floor(aged.rateTokens), waiting);
  const called = calls > 0 ? call(aged, calls, now) : aged;
  // A late ticket, counted after queueing was turned off, turns it on again: nobody is forgotten.
  const drained = waiting - Math.max(calls, 0) === 0;
  return {
    ...called,
    rateTokens: aged.rateTokens - Math.max(calls, 0),
    queueing: arrivals || !drained,
  };
}

/** Between ticks of a room that nobody queues for; it only looks for late tickets. */
const IDLE_TICK_MS = 2000;

/**
 * When the room must tick next; null when nothing can happen any more. It also ticks at the
 * opening, the start and the end with nothing to call, because each is an event.
 */
export function nextTickAt(
  room: RoomState,
  method: "lottery" | "fifo",
  now: number,
): number | null {
  const { opensAt_ms, startsAt_ms, endsAt_ms } = room.schedule;
  switch (phaseAt(room.schedule, now)) {
    case "scheduled":
      return opensAt_ms;
    case "prequeue":
      return method === "fifo" ? Math.min(now + TICK_MS, startsAt_ms) : startsAt_ms;
    case "live": {
      const pause_ms = room.queueing || room.calls.length > 0 ? TICK_MS : IDLE_TICK_MS;
      return Math.min(now + pause_ms, endsAt_ms);
    }
    case "ended":
      return null;
  }
}

/** Whether cohorts close now: a lottery's cohort 0 stays open until the start. */
export function cohortsClose(room: RoomState, method: "lottery" | "fifo", now: number): boolean {
  const phase = phaseAt(room.schedule, now);
  return phase === "live" || (phase === "prequeue" && method === "fifo");
}
