/**
 * Calls on their way to a claim: a turn that met full seats keeps its batch open, in order, and is
 * counted on for as long as its owner asks.
 */
import { describe, expect, test } from "vitest";
import { KEPT_RANKS_PER_BATCH_MAX } from "../../../src/domain/limits.ts";
import { expectedClaims, outstandingCalls } from "../../../src/domain/room/open-calls.ts";
import * as calls from "../../../src/domain/room/calls.ts";
import { claim, type Claim } from "../../../src/domain/room/claims.ts";
import * as rooms from "../../../src/domain/room/room-state.ts";
import { chanceOf } from "../../../src/domain/room/show-rate.ts";
import { saleOf, STARTS_MS } from "../support/sale-document.ts";

const RULES = { claimWindow_ms: 10_000, session_ms: 60_000, overcall: 2 };
const T = STARTS_MS;

/** A live room of one lane in which 100 wait for as many units, called as fast as seats allow. */
function roomOf(maxActive: number): rooms.RoomState {
  const room = rooms.openRoom(saleOf({ ratePerMinute: 60_000, maxActive }, { lanes: [] }), T);
  const none = { received: 100, held: 0, ordered: 0, sold: 0, buffer: 0 };
  const stocked = rooms.reportLevel(room, { sku: "AIR-42", available: 100, ...none, seq: 1 });
  const waiting = calls.closeCohortInRoom(stocked, { lane: "general", k: 0, places: 100 });
  return tick(waiting, 1);
}

function tick(room: rooms.RoomState, at_s: number): rooms.RoomState {
  return calls.tick(room, RULES, { arrivals: false, pipelineBears: 1 }, T + at_s * 1000);
}

function ticket(rank: number): Claim {
  return { ticket: `t${rank}`, subject: "ann", lane: "general", rank, existing: null };
}

function batchSize(room: rooms.RoomState): number {
  const [batch] = room.calls;
  return batch === undefined ? 0 : batch.to - batch.from;
}

describe("a batch that is kept open", () => {
  const first = roomOf(4);
  const full = { ...first, seats: { ...first.seats, active: 4 } };
  const kept = claim(full, ticket(1), RULES, T + 9000).room;

  test("holds back the lapse of later ones of its lane, until it lapses itself", () => {
    const [batch] = kept.calls;
    if (batch === undefined) throw new Error("there were calls");
    const later = { ...batch, from: batch.to, to: batch.to + 1, kept: [], keptUntil_ms: 0 };
    const lanes = kept.lanes.map((lane) => ({ ...lane, called: batch.to + 1 }));
    const room = { ...kept, lanes, calls: [batch, later] };
    expect(tick(room, 18.999).lanes[0]?.lapsedBelow).toBe(0);
    expect(tick(room, 19).lanes[0]?.lapsedBelow).toBe(batch.to + 1);
  });

  test("is counted on for the turns whose owners still ask, not for who never came", () => {
    const window_ms = RULES.claimWindow_ms;
    const unanswered = batchSize(kept) - 1;
    expect(outstandingCalls(kept, window_ms, T + 10_999)).toBe(unanswered + 1);
    expect(outstandingCalls(kept, window_ms, T + 11_000)).toBe(1);
    expect(expectedClaims(kept, window_ms, T + 11_000)).toBe(1);
    expect(outstandingCalls(kept, window_ms, T + 9000 + 7250)).toBe(0);
  });

  test("teaches that who met full seats has come, and nothing past its window", () => {
    const came = tick(kept, 11).showRate;
    const stayed = tick(full, 11).showRate;
    expect(chanceOf(came, 0, 10_000)).toBeGreaterThan(chanceOf(stayed, 0, 10_000));
    expect(tick(tick(kept, 11), 15).showRate).toEqual(came);
  });

  test("loses no time in a pause", () => {
    const late = tick(kept, 12);
    const paused = tick({ ...late, paused: true }, 101);
    const resumed = tick({ ...paused, paused: false }, 102);
    expect(claim(resumed, ticket(1), RULES, T + 102_000).outcome.kind).toBe("seats_full");
    const left = tick(resumed, 107.999).lanes[0]?.lapsedBelow;
    expect([left, tick(resumed, 108).lanes[0]?.lapsedBelow]).toEqual([0, batchSize(kept)]);
  });

  test("remembers a bounded number of turns, and keeps the others too", () => {
    let room: rooms.RoomState = { ...roomOf(100), maxActive: 0 };
    for (let rank = 0; rank <= KEPT_RANKS_PER_BATCH_MAX; rank += 1) {
      const { room: next, outcome } = claim(room, ticket(rank), RULES, T + 2000);
      expect(outcome.kind).toBe("seats_full");
      room = next;
    }
    expect(room.calls[0]?.kept).toHaveLength(KEPT_RANKS_PER_BATCH_MAX);
    const open = tick({ ...room, maxActive: 100 }, 11);
    const last = ticket(KEPT_RANKS_PER_BATCH_MAX);
    expect(claim(open, last, RULES, T + 11_500).outcome.kind).toBe("admitted");
  });
});
