/** Log lines are one JSON object each, and logging throws in no case. */
import { afterEach, expect, test, vi } from "vitest";
import { log } from "../../../src/platform/log.ts";

afterEach(() => vi.restoreAllMocks());

test.each(["info", "warn", "error"] as const)("%s writes one line of JSON", (level) => {
  const written = vi.spyOn(console, level === "info" ? "log" : level).mockReturnValue();
  log[level]("gate", "not_configured", { missing: "ADMIN_TOKEN" });
  log[level]("gate", "started");
  expect(written.mock.calls).toEqual([
    ['{"at":"gate","event":"not_configured","missing":"ADMIN_TOKEN"}'],
    ['{"at":"gate","event":"started"}'],
  ]);
});

test("fields that are no JSON are left out instead of throwing", () => {
  const written = vi.spyOn(console, "error").mockReturnValue();
  const circle: Record<string, unknown> = {};
  circle["self"] = circle;
  for (const fields of [circle, { big: 1n }]) log.error("room", "tick_failed", fields);
  const line = '{"at":"room","event":"tick_failed","why":"the fields are no JSON"}';
  expect(written.mock.calls).toEqual([[line], [line]]);
});
