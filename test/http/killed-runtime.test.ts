/**
 * `npm start` when something is killed with -9: a runtime, also one that is just starting again,
 * and the process that npm started. And a second start on a folder that is in use.
 */
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test, vi } from "vitest";
import { z } from "zod";
import { PROJECT_ROOT } from "../../scripts/project-root.ts";
import { isRunning } from "../../simulation/host/processes.ts";

const NODE = join(PROJECT_ROOT, "node_modules", ".bin", "node");
const PROGRAM = join(PROJECT_ROOT, "scripts", "run.mjs");
const folder = mkdtempSync(join(tmpdir(), "sluice-killed-"));
const WITHIN = { timeout: 60_000, interval: 50 };

afterAll(() => rmSync(folder, { recursive: true, force: true }));

function startOnFolder() {
  const ports = ["--port", "0", "--sandbox-port", "0"];
  const args = [PROGRAM, "simulation/start/main.ts", ...ports, "--folder", folder, "--no-sale"];
  const child = spawn(NODE, args);
  const seen = { output: "", complaints: "" };
  child.stdout.setEncoding("utf8").on("data", (text: string) => (seen.output += text));
  child.stderr.setEncoding("utf8").on("data", (text: string) => (seen.complaints += text));
  return { child, seen, exited: once(child, "exit") };
}

/** The process that owns the folder: the program itself, not the one that npm starts. */
function owner(): number {
  const lock: unknown = JSON.parse(readFileSync(join(folder, "lock.json"), "utf8"));
  return z.object({ pid: z.int() }).parse(lock).pid;
}

/** Ids of its runtimes: the gate's is the older one at first. */
function runtimes(host: number): number[] {
  const lines = execFileSync("ps", ["-A", "-o", "pid=,ppid=,comm="]).toString().split("\n");
  const rows = lines.map((line) => line.trim().split(/\s+/));
  const mine = rows.filter(([, parent, name]) => parent === `${host}` && name === "workerd");
  return mine.map(([pid]) => Number(pid));
}

test("a killed runtime is started again, a folder in use refused, and nothing outlives npm", async () => {
  const { child, seen, exited } = startOnFolder();
  await vi.waitFor(() => expect(seen.output).toContain("Ctrl-C"), WITHIN);
  const host = owner();
  const health = (/http\S+\/health/.exec(seen.output)?.[0] ?? "").replace("localhost", "127.0.0.1");

  const second = startOnFolder();
  expect(await second.exited).toEqual([1, null]);
  expect(second.seen.complaints).toContain(`is in use by process ${host}. Stop it`);

  const before = runtimes(host);
  expect(before).toHaveLength(2);
  for (const pid of before) process.kill(pid, "SIGKILL");
  // The next one is killed before it can answer: Miniflare by itself would leave it at that.
  await vi.waitFor(() => {
    const fresh = runtimes(host).find((pid) => !before.includes(pid));
    expect(fresh).toBeDefined();
    process.kill(fresh ?? 0, "SIGKILL");
  }, WITHIN);
  await vi.waitFor(() => expect(seen.output).toContain("The runtime answers again"), WITHIN);
  expect((await fetch(health)).status).toBe(200);
  expect(seen.output.match(/ended unexpectedly \(SIGKILL\)/g)).toHaveLength(1);

  const after = runtimes(host);
  child.kill("SIGKILL");
  await exited;
  await vi.waitFor(() => {
    expect([host, ...after].filter((pid) => isRunning(pid))).toEqual([]);
  }, WITHIN);
  expect(existsSync(join(folder, "lock.json"))).toBe(false);
}, 180_000);
