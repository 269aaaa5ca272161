/**
 * The contract as other programs use it: `openapi-typescript` makes types from the document that a
 * gate serves, a client is compiled against them, and it buys a pair of shoes over HTTP.
 */
import { execFile } from "node:child_process";
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, test } from "vitest";
import { PROJECT_ROOT } from "../../scripts/project-root.ts";
import { ledgerOf, type Sluice, startSluice } from "./support/sluice.ts";

const MODULES = join(PROJECT_ROOT, "node_modules");
const SUPPORT = join(import.meta.dirname, "support", "openapi-client");
const PROGRAMS = join(SUPPORT, "programs");

const run = promisify(execFile);

let sluice: Sluice;
let folder: string;
beforeAll(async () => {
  sluice = await startSluice();
  folder = mkdtempSync(join(tmpdir(), "sluice-client-"));
  symlinkSync(MODULES, join(folder, "node_modules"));
  cpSync(PROGRAMS, folder, { recursive: true });
  const config = {
    extends: join(PROJECT_ROOT, "tsconfig.json"),
    compilerOptions: { types: ["node"] },
    include: ["*.ts"],
    exclude: [],
  };
  writeFileSync(join(folder, "tsconfig.json"), JSON.stringify(config));
  await generateTypes();
});
afterAll(async () => {
  rmSync(folder, { recursive: true, force: true });
  await sluice.stop();
});

async function generateTypes(): Promise<void> {
  const document = await sluice.ask("GET", "/_sluice/openapi.json");
  const source = join(folder, "openapi.json");
  writeFileSync(source, JSON.stringify(document.body));
  const hook = join(SUPPORT, "use-typescript-api.ts");
  const generator = join(MODULES, "openapi-typescript", "bin", "cli.js");
  const args = ["--import", hook, generator, source, "--output", join(folder, "openapi.ts")];
  // A field with a default may be left out of a request.
  args.push("--default-non-nullable", "false");
  await run(process.execPath, args, { cwd: folder });
}

/** The errors of the project's TypeScript, as `file(line`. */
async function compile(): Promise<string[]> {
  const compiling = run(join(MODULES, ".bin", "tsc"), ["--project", folder], { cwd: folder });
  const { stdout } = await compiling.catch((failed: { stdout: string }) => failed);
  return [...stdout.matchAll(/^(\S+\(\d+),\d+\): error/gm)].map(([, place = ""]) => place);
}

test("a client against the generated types compiles, and its mistakes do not", async () => {
  const lines = readFileSync(join(PROGRAMS, "mistakes.ts"), "utf8").split("\n");
  const wrong = lines.flatMap((line, index) => {
    return line.includes("// wrong") ? [`mistakes.ts(${index + 1}`] : [];
  });
  expect(wrong).toHaveLength(6);
  expect(await compile()).toEqual(wrong);
});

test("that client makes a sale, waits, and buys a pair of shoes", async () => {
  const { gateUrl, adminToken } = sluice.host;
  const bought = await run(process.execPath, [join(folder, "buy-shoes.ts"), gateUrl, adminToken]);
  expect(JSON.parse(bought.stdout)).toEqual({ state: "confirmed", total: 12_900, currency: "EUR" });
  const rows = await ledgerOf(sluice, "typed-shoe");
  expect(rows.map(({ kind }) => kind)).toEqual(["receive", "hold", "order", "sell"]);
});
