/**
 * The launcher of every npm script: it installs missing packages and then becomes the program. The
 * tests use a project of their own, with substitutes for npm and the installed Node.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { text } from "node:stream/consumers";
import { afterEach, beforeEach, expect, test } from "vitest";
import { PROJECT_ROOT } from "../../../scripts/project-root.ts";

const SCRIPTS = ["run.mjs", "ensure-install.mjs", "child-process.mjs", "progress.mjs"];

const LOCK_FILE = {
  packages: {
    "": { name: "bakery" },
    "node_modules/node": { version: "24.0.0" },
    "node_modules/oven": { version: "1.0.0" },
    "node_modules/oven-for-windows": { version: "1.0.0", optional: true },
  },
};

/** Installs by copying the lock file, as npm does last; the Node it brings is that of the tests. */
const NPM = `#!/bin/sh
mkdir -p node_modules/.bin node_modules/node/bin node_modules/oven
ln -sf "${process.execPath}" node_modules/node/bin/node
ln -sf ../node/bin/node node_modules/.bin/node
echo '{ "bin": { "oven": "oven.mjs" } }' > node_modules/oven/package.json
echo 'console.log("hot", ...process.argv.slice(2));' > node_modules/oven/oven.mjs
grep -v for-windows package-lock.json > node_modules/.package-lock.json
`;

const PROGRAM = `
const [how, ...rest] = process.argv.slice(2);
if (how === "handle") process.on("SIGTERM", () => process.exit(5));
if (how === "code") process.exitCode = Number(rest[0]);
else setInterval(() => undefined, 1000);
console.log(JSON.stringify(rest));
`;

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "sluice-run-"));
  for (const name of SCRIPTS) {
    cpSync(join(PROJECT_ROOT, "scripts", name), join(folder, "scripts", name));
  }
  writeFileSync(join(folder, "program.ts"), PROGRAM);
  writeLockFile("1.0.0");
  writeNpm(NPM);
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function writeLockFile(version: string): void {
  const packages = { ...LOCK_FILE.packages, "node_modules/oven": { version } };
  const lines = Object.entries(packages).map(
    ([path, entry]) => `${JSON.stringify(path)}: ${JSON.stringify(entry)}`,
  );
  // The entry that is optional is on a line before the last, so that it can be left out.
  const [project, node, oven, optional] = lines;
  const text = `{ "packages": {\n${[project, optional, node, oven].join(",\n")}\n} }\n`;
  writeFileSync(join(folder, "package-lock.json"), text);
}

function writeNpm(script: string): void {
  mkdirSync(join(folder, "bin"), { recursive: true });
  writeFileSync(join(folder, "bin", "npm"), script, { mode: 0o755 });
}

function start(...args: readonly string[]) {
  const path = [join(folder, "bin"), process.env["PATH"]].join(delimiter);
  const child = spawn(process.execPath, [join(folder, "scripts", "run.mjs"), ...args], {
    env: { ...process.env, PATH: path },
    stdio: ["ignore", "pipe", "pipe"],
  });
  return { child, ended: endOf(child) };
}

async function endOf(child: ChildProcess) {
  const { stdout, stderr } = child;
  if (stdout === null || stderr === null) throw new Error("both are pipes");
  const exited = once(child, "exit");
  const [out, errors] = await Promise.all([text(stdout), text(stderr)]);
  const [code, signal]: unknown[] = await exited;
  return { code, signal, out, errors };
}

const run = (...args: readonly string[]) => start(...args).ended;

test("missing packages are installed once, and then the program gets its arguments", async () => {
  const first = await run("program.ts", "code", "7", "--a b", "");
  expect(first).toMatchObject({ code: 7, out: '["7","--a b",""]\n' });
  expect(first.errors).toBe(
    "Installing the packages of package-lock.json, because node_modules is missing …\n",
  );
  expect(await run("program.ts", "code", "0")).toMatchObject({ code: 0, errors: "" });
});

test("a changed lock file is installed again, and the error names the package", async () => {
  await run("program.ts", "code", "0");
  writeLockFile("2.0.0");
  const { code, errors } = await run("program.ts", "code", "0");
  expect([code, errors]).toEqual([
    0,
    "Installing the packages of package-lock.json, because node_modules/oven is not at 2.0.0 …\n",
  ]);
});

test("when npm fails, the program is not run", async () => {
  writeNpm("#!/bin/sh\necho no network >&2\nexit 4\n");
  const { code, out, errors } = await run("program.ts", "code", "0");
  expect([code, out]).toEqual([1, ""]);
  expect(errors).toMatch(/^Installing .*\nno network\nThe packages could not be installed/);
});

test("a package's command runs like a program", async () => {
  expect(await run("oven", "--degrees", "230")).toMatchObject({
    code: 0,
    out: "hot --degrees 230\n",
  });
});

test("a signal is passed to the program, which handles it or is ended by it", async () => {
  await run("program.ts", "code", "0");
  const kill = async (how: string) => {
    const { child, ended } = start("program.ts", how);
    child.stdout.once("data", () => child.kill("SIGTERM"));
    const { code, signal } = await ended;
    return { code, signal };
  };
  expect(await kill("handle")).toEqual({ code: 5, signal: null });
  expect(await kill("ignore")).toEqual({ code: null, signal: "SIGTERM" });
});
