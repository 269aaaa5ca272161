/**
 * `npm start` as its user ends it: Ctrl-C, or the signal of a supervisor, which goes to the process
 * that npm started and not to the program itself.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { PROJECT_ROOT } from "../../scripts/project-root.ts";

const NODE = join(PROJECT_ROOT, "node_modules", ".bin", "node");
const PROGRAM = [join(PROJECT_ROOT, "scripts", "run.mjs"), "simulation/start/main.ts"];
/** The only text allowed on standard error, and only if the start takes long. */
const PROGRESS = /^Starting Sluice · \d+ s\n/gm;
const folders: string[] = [];

afterAll(() => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});

test.concurrent.each(["SIGINT", "SIGTERM"] as const)(
  "%s ends the local run in good order, with 0",
  async (signal) => {
    const folder = mkdtempSync(join(tmpdir(), "sluice-stopping-"));
    folders.push(folder);
    const args = ["--port", "0", "--sandbox-port", "0", "--folder", folder, "--no-sale"];
    const child = spawn(NODE, [...PROGRAM, ...args]);
    const exited = once(child, "exit");
    let [output, complaints] = ["", ""];
    child.stderr.setEncoding("utf8").on("data", (chunk: string) => {
      complaints += chunk;
    });
    for await (const chunk of child.stdout.setEncoding("utf8")) {
      const ran = output.includes("Ctrl-C");
      output += chunk;
      if (!ran && output.includes("Ctrl-C")) child.kill(signal);
    }
    expect([await exited, complaints.replaceAll(PROGRESS, "")]).toEqual([[0, null], ""]);
    expect(output).toContain("Stopping …");
    const [health = ""] = /http\S+\/health/.exec(output) ?? [];
    expect(health).toContain("/_sluice/health");
    await expect(fetch(health.replace("localhost", "127.0.0.1"))).rejects.toThrow("fetch failed");
  },
);
