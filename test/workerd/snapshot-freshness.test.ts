/**
 * How old what a gate shows may be: whatever a merchant changes in the room is in every gate's
 * snapshot within two seconds, however the reads of gates and of their locations' caches fall.
 */
import * as fc from "fast-check";
import { expect, test } from "vitest";
import { SNAPSHOT_FRESH_MS } from "../../src/domain/limits.ts";
import { SnapshotCache, type LocationCache } from "../../src/sales/snapshots.ts";
import { snapshotAt } from "../node/support/pages-models.ts";

const GATES = 3;
const SHOWN_WITHIN_MS = 2000;

/** A location's cache keeps what it is given for the second that it is told. */
function locationCache(now: () => number): LocationCache {
  const kept = new Map<string, { readonly text: string; readonly until_ms: number }>();
  return {
    match: async (request) => {
      const entry = kept.get(request.url);
      if (entry === undefined || now() >= entry.until_ms) return undefined;
      return new Response(entry.text);
    },
    put: async (request, response) => {
      const maxAge = /max-age=(\d+)/.exec(response.headers.get("cache-control") ?? "")?.[1];
      const until_ms = now() + Number(maxAge) * 1000;
      kept.set(request.url, { text: await response.text(), until_ms });
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
