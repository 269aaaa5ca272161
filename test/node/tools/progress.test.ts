/** How a long run shows its progress: in place on a terminal, in lines elsewhere. */
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { withProgress } from "../../../scripts/progress.mjs";

const ERASE = "\r\u001b[K";

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

function streamOf(isTTY: boolean, columns = 80) {
  const written: string[] = [];
  return { isTTY, columns, written, write: (text: string) => written.push(text) };
}

/** Work that is over after this time. */
function lasting(duration_ms: number): () => Promise<string> {
  return () => new Promise((resolve) => setTimeout(() => resolve("done"), duration_ms));
}

test("without a terminal a run of less than two seconds prints nothing", async () => {
  const stream = streamOf(false);
  const run = withProgress("Baking", lasting(1900), stream);
  await vi.advanceTimersByTimeAsync(60_000);
  expect(await run).toBe("done");
  expect(stream.written).toEqual([]);
});

test("a longer one prints a line after two seconds and every five from then on", async () => {
  const stream = streamOf(false);
  let loaves = 0;
  const run = withProgress(() => `${loaves} loaves`, lasting(13_000), stream);
  await vi.advanceTimersByTimeAsync(3000);
  loaves = 7;
  await vi.advanceTimersByTimeAsync(60_000);
  await run;
  expect(stream.written).toEqual(["0 loaves · 2 s\n", "7 loaves · 7 s\n", "7 loaves · 12 s\n"]);
});

test("on a terminal one line is redrawn, truncated to the width, and erased at the end", async () => {
  const stream = streamOf(true, 20);
  const run = withProgress("Baking a loaf of rye", lasting(500), stream);
  await vi.advanceTimersByTimeAsync(60_000);
  await run;
  const line = `${ERASE}Baking a loaf of ry`;
  expect(stream.written).toEqual([line, line, ERASE]);
});

test("a line that stays is printed in place of the progress", async () => {
  const terminal = streamOf(true);
  await withProgress("Baking", ({ say }) => say("The oven is hot."), terminal);
  expect(terminal.written).toEqual([ERASE, "The oven is hot.\n", ERASE]);
  const file = streamOf(false);
  await withProgress("Baking", ({ say, clear }) => [say("The oven is hot."), clear()], file);
  expect(file.written).toEqual(["The oven is hot.\n"]);
});

test("work that blocks timers can show its progress itself, and an empty text shows nothing", async () => {
  const stream = streamOf(false);
  await withProgress(
    "Baking",
    ({ show, tick }) => {
      for (const loaf of [1, 2, 3]) {
        vi.advanceTimersByTime(1500);
        show(`Loaf ${loaf}`);
      }
      show("");
      vi.advanceTimersByTime(20_000);
      tick();
    },
    stream,
  );
  expect(stream.written).toHaveLength(1);
});

test("an error ends the progress too", async () => {
  const stream = streamOf(false);
  const burnt = withProgress("Baking", () => Promise.reject(new Error("burnt")), stream);
  await expect(burnt).rejects.toThrow("burnt");
  await vi.advanceTimersByTimeAsync(10_000);
  expect([stream.written, vi.getTimerCount()]).toEqual([[], 0]);
});
