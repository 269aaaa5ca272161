/**
 * The local run's lock on its folder, its attempts to start a runtime again, and the end of its
 * child processes when it is killed.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test, vi } from "vitest";
import { PROJECT_ROOT } from "../../../scripts/project-root.ts";
import { createFullDiskFilter } from "../../../simulation/host/full-disk.ts";
import { isRunning, startOf } from "../../../simulation/host/processes.ts";
import { revive } from "../../../simulation/host/runtime-watch.ts";
import { FolderBusyError, openStateFolder } from "../../../simulation/host/state-folder.ts";

const folder = mkdtempSync(join(tmpdir(), "sluice-lock-"));
const lock = join(folder, "lock.json");

afterAll(() => rmSync(folder, { recursive: true, force: true }));

test("a folder has one owner at a time; the lock of an ended process is taken over", () => {
  const first = openStateFolder(folder, false);
  expect(() => openStateFolder(folder, true)).toThrow(FolderBusyError);
  expect(() => openStateFolder(folder, true)).toThrow(`process ${process.pid}`);
  first.close();
  for (const abandoned of [
    JSON.stringify({ pid: 2 ** 22 + 1, start: null }),
    // The id of a process that is running, which began later than the owner.
    JSON.stringify({ pid: process.pid, start: "1" }),
    '{"pid":',
  ]) {
    writeFileSync(lock, abandoned);
    const next = openStateFolder(folder, false);
    next.confirm();
    expect(() => openStateFolder(folder, false)).toThrow(FolderBusyError);
    next.close();
  }
});

test("of two that take the same abandoned lock, the first to lose it gives up", () => {
  const first = openStateFolder(folder, false);
  writeFileSync(lock, JSON.stringify({ pid: 1, start: startOf(1) }));
  expect(first.confirm).toThrow(FolderBusyError);
  first.close();
  expect(() => openStateFolder(folder, false)).toThrow("process 1");
});

test("a runtime that fails to start is tried again, a bounded number of times", async () => {
  let starts = 0;
  const needs = (wanted: number) => ({
    isReady: async () => {
      if (starts < wanted) throw new Error("not started");
    },
    restart: async () => void (starts += 1),
  });
  expect(await revive(needs(3), async () => undefined)).toBe(true);
  expect(starts).toBe(3);
  starts = -100;
  expect(await revive(needs(3), async () => undefined)).toBe(false);
});

test("a full disk is said once, and again when it is full again later", () => {
  const filter = createFullDiskFilter("/state");
  const full = (timestamp: number) =>
    filter({ timestamp, message: "dbErrorMessage = database or disk is full: SQLITE_FULL" });
  expect(full(0)).toContain("The disk of /state is full");
  expect([full(1000), full(60_000)]).toEqual([null, null]);
  expect(filter({ timestamp: 60_001, message: "another" })).toBe("another");
  expect(full(121_000)).toContain("is full");
});

test("children end when their parent is killed with -9", async () => {
  const watch = join(PROJECT_ROOT, "simulation", "host", "runtime-watch.ts");
  const script = `
    import { spawn } from "node:child_process";
    import { watchRuntimes } from ${JSON.stringify(watch)};
    watchRuntimes({ say() {}, giveUp() {} });
    const child = spawn(process.execPath, ["-e", "setInterval(() => {}, 1000)"]);
    child.once("spawn", () => setImmediate(() => console.log(child.pid)));
  `;
  const parent = spawn(process.execPath, ["--input-type=module", "-e", script]);
  const [text] = await once(parent.stdout.setEncoding("utf8"), "data");
  const pid = Number(text);
  expect(isRunning(pid)).toBe(true);
  parent.kill("SIGKILL");
  await vi.waitFor(() => expect(isRunning(pid)).toBe(false), { timeout: 20_000, interval: 20 });
});
