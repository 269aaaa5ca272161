/** An order's history: one line per version, up to its limit. */
import { expect, test } from "vitest";
import { ORDER_HISTORY_ENTRIES_MAX } from "../../../src/domain/limits.ts";
import { withLine, type HistoryLine } from "../../../src/domain/order/history.ts";
import { orderAt, STANDINGS } from "../support/order-records.ts";

const ACCEPTED = orderAt(STANDINGS.accepted, { version: 2, updatedAt_ms: 7 });

function versions(count: number): readonly HistoryLine[] {
  let history: readonly HistoryLine[] = [];
  for (let version = 1; version <= count; version += 1) {
    history = withLine(history, { ...ACCEPTED, version });
  }
  return history;
}

test("a version has one line, which saving it again does not change", () => {
  const once = withLine([], ACCEPTED);
  expect(once).toEqual([{ version: 2, at_ms: 7, state: "accepted", reason: null }]);
  expect(withLine(once, { ...ACCEPTED, updatedAt_ms: 9 })).toEqual(once);
});

test("a history past its limit keeps the newest lines", () => {
  expect(versions(ORDER_HISTORY_ENTRIES_MAX).at(0)?.version).toBe(1);
  const longer = versions(ORDER_HISTORY_ENTRIES_MAX + 1);
  expect(longer).toHaveLength(ORDER_HISTORY_ENTRIES_MAX);
  expect(longer.at(0)?.version).toBe(2);
});
