/**
 * Servers as shops run them, on which the requests that got through the gate are tried: Node,
 * Python, PHP, nginx and Caddy. Each says which pages a request is for, by its own reading of the
 * target.
 *
 * Guarantee: a server that is not installed, or does not start, is named as missing, with why. Each
 * gets the target exactly as it came to the shop. No code is shared with the gate.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { Pool } from "undici";
import { errorText } from "../../src/encoding/error-text.ts";
import { PROJECT_ROOT } from "../../scripts/project-root.ts";
import { LOOPBACK, reservePort } from "../host/ports.ts";
import { GUARDED_FOLDERS, GUARDED_PAGE } from "./names.ts";

export interface RealServers {
  readonly names: readonly string[];
  /** Those that are not here, and why. */
  readonly missing: readonly string[];
  /** The servers, with the page, to which a request for this target is for a guarded one. */
  readonly finding: (target: string) => Promise<readonly string[]>;
  readonly stop: () => Promise<void>;
}

const FILES = join(PROJECT_ROOT, "simulation", "fuzz", "servers");
const FOLDER = `${GUARDED_FOLDERS.live}/`;
const STARTED_WITHIN_MS = 10_000;
const LOOK_MS = 50;
const ANSWER_WITHIN_MS = 5000;
const CONNECTIONS = 4;
/** Targets whose pages are remembered. */
const REMEMBERED_MAX = 50_000;

interface Program {
  readonly name: string;
  readonly command: string;
  /** @param folder of its own, empty */
  readonly argumentsFor: (port: number, folder: string) => readonly string[];
}

/** A file of `servers/`, with its port and what it guards written in. */
function configured(file: string, port: number, folder: string): string {
  const text = readFileSync(join(FILES, file), "utf8");
  const path = join(folder, file);
  const filled = text.replaceAll("PORT", String(port)).replaceAll("EXACT", GUARDED_PAGE);
  writeFileSync(path, filled.replaceAll("FOLDER", FOLDER));
  return path;
}

const PROGRAMS: readonly Program[] = [
  {
    name: "Node",
    command: process.execPath,
    argumentsFor: (port) => ["--no-deprecation", join(FILES, "node-server.mjs"), String(port)],
  },
  {
    name: "Python",
    command: "python3",
    argumentsFor: (port) => ["-B", join(FILES, "python_server.py"), String(port)],
  },
  {
    name: "PHP",
    command: "php",
    argumentsFor: (port) => {
      return ["-n", "-S", `${LOOPBACK}:${port}`, "-t", FILES, join(FILES, "index.php")];
    },
  },
  {
    name: "nginx",
    command: "nginx",
    argumentsFor: (port, folder) => ["-p", folder, "-c", configured("nginx.conf", port, folder)],
  },
  {
    name: "Caddy",
    command: "caddy",
    argumentsFor: (port, folder) => {
      const config = configured("Caddyfile", port, folder);
      return ["run", "--config", config, "--adapter", "caddyfile"];
    },
  },
];

/** Ends the server when its input ends, so that none outlives this process, however that ends. */
const TIED = 'command -v "$1" >/dev/null || exit 127; "$@" </dev/null & cat; kill $!; wait';
const NOT_FOUND = 127;

interface Running {
  readonly name: string;
  readonly child: ChildProcess;
  readonly pool: Pool;
}

type Started = { readonly running: Running } | { readonly missing: string };

async function start({ name, command, argumentsFor }: Program, parent: string): Promise<Started> {
  const folder = join(parent, name);
  mkdirSync(folder);
  const port = await reservePort(0, "");
  const own = { XDG_CONFIG_HOME: folder, XDG_DATA_HOME: folder };
  // Debian's servers are there, where only root looks.
  const env = { ...process.env, ...own, PATH: `${process.env["PATH"] ?? ""}:/usr/sbin` };
  const tied = ["-c", TIED, "sh", command, ...argumentsFor(port, folder)];
  const child = spawn("sh", tied, { cwd: folder, env, stdio: ["pipe", "ignore", "ignore"] });
  const end: { why: string | null } = { why: null };
  child.once("error", (error) => {
    end.why = errorText(error);
  });
  child.once("exit", (code) => {
    end.why ??= code === NOT_FOUND ? "not installed" : `ended with ${code}`;
  });
  const pool = new Pool(`http://${LOOPBACK}:${port}`, {
    connections: CONNECTIONS,
    headersTimeout: ANSWER_WITHIN_MS,
    bodyTimeout: ANSWER_WITHIN_MS,
  });
  const giveUpAt = Date.now() + STARTED_WITHIN_MS;
  while (end.why === null && Date.now() < giveUpAt) {
    if ((await pagesAt(pool, GUARDED_PAGE)).some(isGuardedPage)) {
      return { running: { name, child, pool } };
    }
    await delay(LOOK_MS);
  }
  await Promise.all([pool.destroy(), ended(child)]);
  return { missing: `${name} (${end.why ?? "did not start"})` };
}

async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null) return;
  const exit = once(child, "exit");
  child.stdin?.end();
  await exit;
}

/** None when it refuses the target or closes the connection. */
async function pagesAt(pool: Pool, target: string): Promise<readonly string[]> {
  try {
    const { headers, body } = await pool.request({ method: "GET", path: target });
    await body.dump();
    const pages = headers["x-page"] ?? "";
    return [pages].flat().join(" ").split(" ").map(decoded);
  } catch {
    return [];
  }
}

function decoded(page: string): string {
  try {
    return decodeURIComponent(page);
  } catch {
    return page;
  }
}

function isGuardedPage(page: string): boolean {
  const path = page.toLowerCase();
  return path === GUARDED_PAGE || path === `${GUARDED_PAGE}/` || path.startsWith(FOLDER);
}

export async function startRealServers(): Promise<RealServers> {
  const folder = mkdtempSync(join(tmpdir(), "sluice-fuzz-servers-"));
  const started = await Promise.all(PROGRAMS.map((program) => start(program, folder)));
  const running = started.flatMap((one) => ("running" in one ? [one.running] : []));
  const known = new Map<string, readonly string[]>();
  const ask = async (target: string): Promise<readonly string[]> => {
    const found = await Promise.all(
      running.map(async ({ name, pool }) => {
        const page = (await pagesAt(pool, target)).find(isGuardedPage);
        return page === undefined ? [] : [`${name} finds ${page}`];
      }),
    );
    return found.flat();
  };
  return {
    names: running.map(({ name }) => name),
    missing: started.flatMap((one) => ("missing" in one ? [one.missing] : [])),
    finding: async (target) => {
      const found = known.get(target) ?? (await ask(target));
      if (known.size < REMEMBERED_MAX) known.set(target, found);
      return found;
    },
    stop: async () => {
      await Promise.all(running.flatMap(({ child, pool }) => [pool.destroy(), ended(child)]));
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
