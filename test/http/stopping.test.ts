/**
 * `npm start` as its user ends it: Ctrl-C, or the signal of a supervisor.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { reservePort } from "../../simulation/ports.ts";
import { PROJECT_ROOT } from "../../simulation/worker-config.ts";

const NODE = join(PROJECT_ROOT, "node_modules", ".bin", "node");
const PROGRAM = join(PROJECT_ROOT, "simulation", "start.ts");
const folder = mkdtempSync(join(tmpdir(), "sluice-stopping-"));

afterAll(() => rmSync(folder, { recursive: true, force: true }));

test.concurrent.each(["SIGINT", "SIGTERM"] as const)(
  "%s ends the local run in good order, with 0",
  async (signal) => {
    const [port, sandboxPort] = [await reservePort(0, "--port"), await reservePort(0, "--port")];
    const ports = ["--port", `${port}`, "--sandbox-port", `${sandboxPort}`];
    const child = spawn(NODE, [PROGRAM, ...ports, "--no-sale"], { cwd: folder });
    const exited = once(child, "exit");
    let said = "";
    for await (const chunk of child.stdout.setEncoding("utf8")) {
      const ran = said.includes("Ctrl-C");
      said += chunk;
      if (!ran && said.includes("Ctrl-C")) child.kill(signal);
    }
    expect(await exited).toEqual([0, null]);
    expect(said).toContain("Stopping …");
    await expect(fetch(`http://127.0.0.1:${port}/_sluice/health`)).rejects.toThrow("fetch failed");
  },
);
