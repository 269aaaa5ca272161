/**
 * How old what a gate shows may be: whatever a merchant changes in the room is in every gate's
 * snapshot within two seconds, however the reads of gates and of their locations' caches fall.
 */
import * as fc from "fast-check";
import { describe, expect, test, vi } from "vitest";
import { SNAPSHOT_FRESH_MS } from "../../src/domain/limits.ts";
import { SnapshotCache, type LocationCache } from "../../src/sales/snapshots.ts";
import { snapshotAt } from "../node/support/pages-models.ts";

const GATES = 3;
const SHOWN_WITHIN_MS = 2000;

/** A location's cache keeps what it is given for the second that it is told, or for longer. */
function locationCache(now: () => number, late_ms = 0): LocationCache {
  const kept = new Map<string, { text: string; headers: Headers; until_ms: number }>();
  return {
    match: async (request) => {
      const entry = kept.get(request.url);
      if (entry === undefined || now() >= entry.until_ms) return undefined;
      return new Response(entry.text, { headers: entry.headers });
    },
    put: async (request, response) => {
      const maxAge = /max-age=(\d+)/.exec(response.headers.get("cache-control") ?? "")?.[1];
      const until_ms = now() + Number(maxAge) * 1000 + late_ms;
      const { headers } = response;
      kept.set(request.url, { text: await response.text(), headers, until_ms });
    },
  };
}

const polls = fc.array(
  fc.record({ after_ms: fc.nat({ max: 700 }), gate: fc.nat({ max: GATES - 1 }) }),
  { minLength: 1, maxLength: 60 },
);

test("a change is shown within two seconds, is never taken back, and costs a read a second", async () => {
  await fc.assert(
    fc.asyncProperty(polls, async (polls) => {
      let now = 0;
      const reads: number[] = [];
      const room = () => ({
        snapshot: async () => {
          reads.push(now);
          // The room changes all the time: a version is the instant it was true.
          return snapshotAt("live", { version: now });
        },
        manifest: async () => null,
      });
      const location = locationCache(() => now);
      const gates = Array.from({ length: GATES }, () => new SnapshotCache(room, location));
      const shown = new Map<number, number>();
      for (const { after_ms, gate } of polls) {
        now += after_ms;
        const seen = await gates[gate]?.snapshot("air-one", now);
        const version = seen?.snapshot.version ?? -1;
        expect(version).toBeGreaterThan(now - SHOWN_WITHIN_MS);
        expect(version).toBeGreaterThanOrEqual(shown.get(gate) ?? 0);
        shown.set(gate, version);
      }
      const apart = reads.slice(1).map((at_ms, index) => at_ms - (reads[index] ?? 0));
      expect(apart.every((gap_ms) => gap_ms >= SNAPSHOT_FRESH_MS)).toBe(true);
    }),
  );
});

/** A room that answers when the test says so, at the instant that the test's clock shows. */
class SlowRoom {
  now = 0;
  reads = 0;
  readonly #waiting: (() => void)[] = [];
  isSilent = false;

  async snapshot() {
    this.reads += 1;
    const version = this.now;
    await new Promise<void>((resolve) => {
      this.#waiting.push(resolve);
    });
    if (this.isSilent) throw new Error("the room is away");
    return snapshotAt("live", { version });
  }

  manifest = async () => null;

  answer(): void {
    for (const resolve of this.#waiting.splice(0)) resolve();
  }
}

function gateOf(room: SlowRoom, location: LocationCache | null = null) {
  const behind: Promise<unknown>[] = [];
  const cache = new SnapshotCache(() => room, location);
  /** A request of an admitted shopper: which version it went by; null when by none. */
  const admitted = async () => {
    const seen = await cache.cachedSnapshot("air-one", room.now, (work) => void behind.push(work));
    return seen?.snapshot.version ?? null;
  };
  return { admitted, settle: () => Promise.all(behind) };
}

/** A read that is under way has reached the room. */
async function reached(room: SlowRoom, reads: number): Promise<void> {
  await vi.waitUntil(() => room.reads === reads);
}

describe("a request of an admitted shopper", () => {
  test("waits in an isolate that has just started, also when another one reads already", async () => {
    const room = new SlowRoom();
    const { admitted } = gateOf(room);
    const requests = [admitted(), admitted(), admitted()];
    await reached(room, 1);
    room.answer();
    expect(await Promise.all(requests)).toEqual([0, 0, 0]);
    expect(room.reads).toBe(1);
  });

  test("waits in an isolate that was quiet, so that a seat given back is not let through", async () => {
    const room = new SlowRoom();
    const { admitted } = gateOf(room);
    const first = admitted();
    await reached(room, 1);
    room.answer();
    await first;
    room.now = 45_000;
    const requests = [admitted(), admitted()];
    await reached(room, 2);
    room.answer();
    expect(await Promise.all(requests)).toEqual([45_000, 45_000]);
  });

  test("waits for nothing while requests keep coming", async () => {
    const room = new SlowRoom();
    const { admitted, settle } = gateOf(room);
    const first = admitted();
    await reached(room, 1);
    room.answer();
    await first;
    room.now = 1500;
    expect(await admitted()).toBe(0);
    expect(await admitted()).toBe(0);
    await reached(room, 2);
    room.answer();
    await settle();
    expect(await admitted()).toBe(1500);
  });

  test("of a silent room: one waits, the others go on by the last snapshot, until it is back", async () => {
    const room = new SlowRoom();
    const { admitted, settle } = gateOf(room);
    const first = admitted();
    await reached(room, 1);
    room.answer();
    await first;
    room.isSilent = true;
    room.now = 10_000;
    const waits = admitted();
    await reached(room, 2);
    room.answer();
    expect(await waits).toBe(0);
    room.now = 10_500;
    expect(await admitted()).toBe(0);
    expect(room.reads).toBe(2);
    room.now = 11_500;
    expect(await admitted()).toBe(0);
    await reached(room, 3);
    room.isSilent = false;
    room.answer();
    await settle();
    expect(await admitted()).toBe(11_500);
  });

  test("is not misled by a location's cache that keeps an old snapshot", async () => {
    const room = new SlowRoom();
    const location = locationCache(() => room.now, 60_000);
    const [one, other] = [gateOf(room, location), gateOf(room, location)];
    const first = one.admitted();
    await reached(room, 1);
    room.answer();
    await first;
    room.now = 20_000;
    const later = other.admitted();
    await reached(room, 2);
    room.answer();
    expect(await later).toBe(20_000);
  });
});
