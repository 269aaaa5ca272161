/**
 * The checks of `npm run verify-draw` on draws that a small sale does not have: empty and huge
 * cohorts, and tickets whose place cannot be checked.
 */
import { expect, test } from "vitest";
import { commitmentTo, seedFrom } from "../../../simulation/drill/fairness.ts";
import { checkDraw, SAMPLE, WHOLE_COHORT_MAX } from "../../../tools/verify-draw/checks.ts";
import type { DrawEvidence, TicketEvidence } from "../../../tools/verify-draw/collect.ts";
import { agrees, broken, open } from "../../../tools/verify-draw/finding.ts";
import { checkReceipt, type ReceiptClaims } from "../../../tools/verify-draw/receipts.ts";
import {
  EXIT_CODES,
  verdictOn,
  verdictOnReceipts,
  writeReport,
} from "../../../tools/verify-draw/report.ts";

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

const good = agrees("receipt 1, signature", "");
const secretOpen = open("secret", "");

test.each([
  ["good ones, and an open draw", [secretOpen, good], [good], 0],
  ["good ones, and a verified draw", [agrees("secret", ""), good], [good], 0],
  ["good ones, and a broken draw", [broken("secret", ""), good], [good], 1],
  ["a broken one", [secretOpen, broken("receipt 1", "")], [broken("receipt 1", "")], 1],
  ["a ticket that has no place yet", [secretOpen, open("ticket 1", "")], [open("ticket 1", "")], 3],
] as const)("the exit code for receipts: %s", (_, findings, given, code) => {
  expect(EXIT_CODES[verdictOnReceipts(findings, given)]).toBe(code);
});

test.each([
  ["add up", { discount: 200, delivery: 500, tax: 300, total: 2600 }, "agrees"],
  ["do not add up to the total", { discount: 200, delivery: 500, tax: 300, total: 2599 }, "broken"],
  ["are not those of the lines", { items: 1900, total: 1900 }, "broken"],
] as const)("a signed receipt whose amounts %s", (_, changes, verdict) => {
  const none = { items: 2000, discount: 0, delivery: 0, tax: 0, total: 2000 };
  const claims: ReceiptClaims = {
    iss: "sluice",
    sale: "air-one",
    order: "ord_1",
    booking: "BK-1",
    state: "confirmed",
    entry: "direct",
    ticket: null,
    place: null,
    admission: { jti: "adm_1", iat: null, exp: null },
    currency: "EUR",
    amounts: { ...none, ...changes },
    lines: [{ sku: "shoe", quantity: 2, price: 1000 }],
    times: { joined: null, admitted: null, ordered: 1, confirmed: 2 },
  };
  const findings = checkReceipt(sale([]), { kind: "verified", kid: "a", claims }, 1);
  expect(findings.find(({ what }) => what.endsWith("amounts"))?.verdict).toBe(verdict);
});

test("a commitment that was compared with nothing has no ✓, and leaves the verdict as it is", () => {
  const evidence = sale([]);
  const of = (noted: string | null) => checkDraw(evidence, noted);
  const [bare] = of(null);
  expect(bare).toMatchObject({ what: "commitment", verdict: "skipped" });
  const report = writeReport("https://gate.example", evidence, of(null), "verified");
  const said = `${commitment} was not compared: give the one you noted with --commitment`;
  expect(report.split("\n").find((line) => line.endsWith(said))).toMatch(/^ +- commitment /);
  expect(verdictOn(of(null))).toBe(verdictOn(of(commitment)));
});
