/**
 * The chain from a place in line to a receipt: over lives of the product's room with random booths
 * and cohorts, the rank in a receipt is the rank that a stranger computes from the manifests.
 */
import * as fc from "fast-check";
import { expect, test } from "vitest";
import { RoomMemory, roomOn } from "../../../simulation/memory/room-memory.ts";
import { rankReader } from "../../../simulation/drill/fairness.ts";
import type { CohortManifest } from "../../../src/domain/line/cohort.ts";
import { entryOf } from "../../../src/domain/order/receipt.ts";
import { ticketOf } from "../../../src/domain/room/admission.ts";
import { drawPlace } from "../../../src/pages/assets/_sluice/assets/draw.js";
import { signAdmission, verifyAdmission } from "../../../src/tokens/admissions.ts";
import { signReceipt } from "../../../src/tokens/receipts.ts";
import { checkReceipt, readReceipt } from "../../../tools/verify-draw/receipts.ts";
import { FROM_LINE, ISSUER, jwksOf, newKeys, receiptFor } from "../support/receipts.ts";
import { saleOf, STARTS_MS } from "../support/sale-document.ts";

const keys = await newKeys();
const LANES = ["general", "members"] as const;
const LEVEL = { sku: "AIR-42", received: 999, held: 0, ordered: 0, sold: 0, buffer: 0, seq: 1 };

interface Story {
  readonly secret: string;
  /** Arrivals by cohort, by lane, by booth. */
  readonly cohorts: readonly (readonly (readonly number[])[])[];
  /** Which place claims, as a share of all places. */
  readonly who: number;
}

const stories: fc.Arbitrary<Story> = fc.integer({ min: 1, max: 4 }).chain((booths) => {
  const counts = fc.array(fc.integer({ min: 0, max: 40 }), {
    minLength: booths,
    maxLength: booths,
  });
  const lanes = fc.array(counts, { minLength: LANES.length, maxLength: LANES.length });
  return fc.record({
    secret: fc
      .uint8Array({ minLength: 32, maxLength: 32 })
      .map((bytes) => Buffer.from(bytes).toString("hex")),
    cohorts: fc.array(lanes, { minLength: 1, maxLength: 4 }),
    who: fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
  });
});

/** A room that has closed the story's cohorts and called everybody in them. */
async function calledRoom({ secret, cohorts }: Story) {
  const booths = cohorts[0]?.[0]?.length ?? 1;
  const rate = { ratePerMinute: 1_000_000, maxActive: 10_000, overcall: 1000 };
  const memory = RoomMemory.created(saleOf(rate), STARTS_MS, { booths, secret });
  const clock = { now: STARTS_MS };
  let cohort: Story["cohorts"][number] = [];
  const room = roomOn(memory.rows(), () => clock.now, {
    booth: (_sale, lane, shard) => ({
      close: async (_k, force) => {
        const count = cohort[LANES.findIndex((id) => id === lane)]?.[shard] ?? 0;
        return count === 0 && !force ? { kind: "empty" } : { kind: "closed", count };
      },
    }),
  });
  room.reportLevel({ ...LEVEL, available: 999 });
  for (cohort of [...cohorts, [], [], []]) {
    clock.now += 1000;
    await room.tick();
  }
  const manifests: CohortManifest[] = LANES.flatMap((lane) => {
    return cohorts.flatMap((_, k) => room.manifest(lane, k) ?? []);
  });
  return { room, memory, manifests, now: clock.now };
}

/** Every place of the closed cohorts, in the order of the manifests. */
function placesOf(manifests: readonly CohortManifest[]) {
  return manifests.flatMap(({ lane, k: cohort, counts }) => {
    return counts.flatMap((count, shard) => {
      return Array.from({ length: count }, (_, index) => ({ lane, cohort, shard, index }));
    });
  });
}

test("the rank in a receipt is the rank that every verifier computes", async () => {
  let checked = 0;
  await fc.assert(
    fc.asyncProperty(stories, async (story) => {
      const { room, memory, manifests, now } = await calledRoom(story);
      const places = placesOf(manifests);
      const place = places[Math.floor(story.who * places.length)];
      fc.pre(place !== undefined);
      const joinedAt_ms = STARTS_MS - 7000;
      const ticket = { ...place, id: "tkt_1", subject: "sub_1", joinedAt_ms };
      const claimed = room.claim(ticket);
      if (claimed.kind !== "admitted") throw new Error(`the claim: ${claimed.kind}`);
      // As stored, and as signed: what a gate reads is what the order keeps.
      const stored = memory.admissions.get("tkt_1");
      if (stored === undefined) throw new Error("no admission is stored");
      const token = await signAdmission(keys, ISSUER, "air-one", stored);
      const verified = await verifyAdmission(keys, ISSUER, "air-one", token, now);
      if (verified.kind !== "valid") throw new Error(verified.kind);
      const { admission } = verified;
      const kept = entryOf(admission, ticketOf(admission.id));
      const receipt = receiptFor({ ...FROM_LINE, ...kept, admission: admission.id });
      const reading = await readReceipt(await signReceipt(keys, ISSUER, receipt), jwksOf(keys));

      const lanes = LANES.map((lane) => {
        const ofLane = manifests.filter((manifest) => manifest.lane === lane);
        return {
          lane,
          manifests: ofLane.map(({ counts, ...rest }) => ({ ...rest, counts: [...counts] })),
        };
      });
      const claims = { ...place, aud: "air-one", sub: "sub_1", jti: "tkt_1" };
      const tickets = [
        { claims, answer: { kind: "rank", rank: receipt.place?.rank ?? null } },
      ] as const;
      const findings = checkReceipt({ sale: "air-one", lanes, tickets }, reading, 1);
      expect(findings.filter(({ verdict }) => verdict !== "agrees")).toEqual([]);
      expect(findings).toHaveLength(4);

      const rank = rankReader(lanes.flatMap((lane) => lane.manifests))(claims);
      expect(receipt).toMatchObject({ entry: "line", ticket: "tkt_1", place: { ...place, rank } });
      expect(receipt.times.joined).toBe(joinedAt_ms / 1000);
      const manifest = manifests.find(
        (item) => item.lane === place.lane && item.k === place.cohort,
      );
      if (manifest === undefined) throw new Error("no manifest");
      expect((await drawPlace({ ...place, aud: "air-one" }, manifest))?.rank).toBe(rank);
      checked += 1;
    }),
    { numRuns: 60 },
  );
  expect(checked).toBeGreaterThan(40);
});

test("a claim by a gate of the release before keeps the place, without the time of joining", async () => {
  const story = { secret: "07".repeat(32), cohorts: [[[2], [0]]], who: 0 };
  const { room, memory } = await calledRoom(story);
  room.claim({ lane: "general", cohort: 0, shard: 0, index: 1, id: "tkt_1", subject: "sub_1" });
  const place = { cohort: 0, shard: 0, index: 1, joinedAt_ms: null };
  expect(memory.admissions.get("tkt_1")).toMatchObject({ place });
});

test("a shopper who is let in without a ticket has no place, and the admission says so", async () => {
  const memory = RoomMemory.created(saleOf(), STARTS_MS);
  const room = roomOn(memory.rows(), () => STARTS_MS + 1000);
  room.reportLevel({ ...LEVEL, available: 999 });
  await room.admitNow("tkt_1", "sub_1", "general");
  const stored = memory.admissions.get("tkt_1");
  expect(stored?.place).toBe(null);
  if (stored === undefined) throw new Error("no admission is stored");
  const token = await signAdmission(keys, ISSUER, "air-one", stored);
  const verified = await verifyAdmission(keys, ISSUER, "air-one", token, STARTS_MS + 1000);
  expect(verified).toMatchObject({ kind: "valid", admission: { place: null } });
});
