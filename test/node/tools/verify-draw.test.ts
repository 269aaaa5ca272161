/**
 * The checks of `npm run verify-draw` on draws that a small sale does not have: empty and huge
 * cohorts, and tickets whose place cannot be checked.
 */
import { expect, test } from "vitest";
import { commitmentTo, seedFrom } from "../../../simulation/drill/fairness.ts";
import { checkDraw, SAMPLE, WHOLE_COHORT_MAX } from "../../../tools/verify-draw/checks.ts";
import type { DrawEvidence, TicketEvidence } from "../../../tools/verify-draw/collect.ts";
import { verdictOn } from "../../../tools/verify-draw/report.ts";

const secret = "07".repeat(32);
const commitment = commitmentTo(secret);

function sale(
  counts: readonly (readonly number[])[],
  tickets: readonly TicketEvidence[] = [],
): DrawEvidence {
  let base = 0;
  const manifests = counts.map((list, k) => {
    const seed = seedFrom(secret, "air-one", "general", k);
    const manifest = { sale: "air-one", lane: "general", k, base, counts: [...list], seed };
    base += list.reduce((sum, count) => sum + count, 0);
    return manifest;
  });
  const fairness = { commitment, secret };
  const lanes = [{ lane: "general", manifests }];
  const phase = "ended";
  return {
    sale: "air-one",
    phase,
    fairness,
    saleCommitment: commitment,
    lanes,
    tickets,
    receipts: [],
    keys: [],
  };
}

function ticket(place: Partial<TicketEvidence["claims"]>, rank: number | null): TicketEvidence {
  const identity = { aud: "air-one", sub: "somebody", jti: "a ticket" };
  const claims = { ...identity, lane: "general", cohort: 0, shard: 0, index: 0, ...place };
  return { claims, answer: { kind: "rank", rank } };
}

test("an empty first cohort, and booths that were added later, are valid", () => {
  const findings = checkDraw(
    sale([
      [0, 0],
      [3, 1],
      [2, 0, 4],
    ]),
    commitment,
  );
  expect(verdictOn(findings)).toBe("verified");
});

test("a sale that nobody joined is verified by its commitment and secret", () => {
  expect(verdictOn(checkDraw(sale([]), null))).toBe("verified");
});

test("only a sample of a huge cohort is recomputed, and the report says so", () => {
  const findings = checkDraw(sale([[WHOLE_COHORT_MAX, 1]]), commitment);
  const details = findings.map(({ detail }) => detail).join("\n");
  expect(details).toContain(`${SAMPLE} places recomputed`);
  expect(details).toContain(`a sample of ${SAMPLE} from each of 1 large cohorts`);
  expect(verdictOn(findings)).toBe("verified");
});

test.each([
  ["in a cohort that never closed", ticket({ cohort: 9 }, null), "not_yet", "ended before"],
  ["with a rank in no cohort", ticket({ cohort: 9 }, 40), "broken", "shows no such cohort"],
  ["beyond its booth's count", ticket({ index: 3 }, 3), "broken", "no such place"],
  ["of a booth that does not exist", ticket({ shard: 7 }, 3), "broken", "no such place"],
  ["of a lane that does not exist", ticket({ lane: "vip" }, 3), "broken", "shows no such cohort"],
  ["without a rank yet", ticket({}, null), "not_yet", "the gate does not give one yet"],
] as const)("a ticket %s", (_, given, verdict, detail) => {
  const findings = checkDraw(sale([[3, 2]], [given]), commitment);
  expect(verdictOn(findings)).toBe(verdict);
  expect(findings.at(-1)?.detail).toContain(detail);
});
