/**
 * The limit per buyer by the card: when a report claims the card, and what replaces the report.
 */
import { expect, test } from "vitest";
import { withinLimits } from "../../../durable-objects/order/card-limit.ts";
import type { ClaimCommand, ClaimOutcome } from "../../../src/domain/stock/identities.ts";
import type { StepReport } from "../../../src/domain/order/step-outcomes.ts";
import { leasedAt, LOOKING, STANDINGS } from "../support/order-records.ts";

const CARD = { fingerprint: "fp_1", brand: "visa", last4: "4242" };
const APPROVED: StepReport = { step: "authorize", outcome: { kind: "approved", card: CARD } };
const FOUND: StepReport = {
  step: "lookup",
  outcome: { kind: "found", standing: { kind: "authorized", card: CARD } },
};

/** Stocks that answer alike, and what they were asked. */
function stocks(answer: ClaimOutcome | null) {
  const claimed: (readonly [sku: string, command: ClaimCommand])[] = [];
  const claimIdentity = async (
    sku: string,
    command: ClaimCommand,
  ): Promise<ClaimOutcome | null> => {
    claimed.push([sku, command]);
    return answer;
  };
  return { claimed, bindings: { claimIdentity } };
}

test("an authorized card is claimed at the stock of every line, under one identity", async () => {
  const { claimed, bindings } = stocks({ kind: "claimed" });
  const record = leasedAt(STANDINGS.authorizing);
  expect(await withinLimits(bindings, record, APPROVED)).toBe(APPROVED);
  expect(claimed.map(([sku]) => sku)).toEqual(["AIR-42", "AIR-43"]);
  expect(new Set(claimed.map(([, { identity }]) => identity)).size).toBe(1);
});

test.each([APPROVED, FOUND])("a card over its limit replaces the report %j", async (reported) => {
  const { bindings } = stocks({ kind: "limit_reached", limit: 2, taken: 2 });
  const checked = await withinLimits(bindings, leasedAt(STANDINGS.authorizing), reported);
  expect(checked).toEqual({ step: reported.step, outcome: { kind: "over_limit" } });
});

test("a stock that does not answer puts the report off, with the same key", async () => {
  const { bindings } = stocks(null);
  const checked = await withinLimits(bindings, leasedAt(STANDINGS.in_doubt), FOUND);
  expect(checked).toMatchObject({ kind: "put_off", newKey: false });
});

test("an order that is being undone is looked up whatever its card has bought", async () => {
  const { claimed, bindings } = stocks({ kind: "limit_reached", limit: 2, taken: 2 });
  expect(await withinLimits(bindings, leasedAt(LOOKING), FOUND)).toBe(FOUND);
  expect(claimed).toEqual([]);
});
