/**
 * Every program of the project, started with an invalid command line or with --help: the exit code,
 * and one sentence that names the option.
 */
import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { expect, test } from "vitest";
import { PROJECT_ROOT } from "../../../scripts/project-root.ts";

const GATE = ["--url", "http://127.0.0.1:1"];
const whole = (option: string, from: number, to: number): string => {
  return `${option} must be a whole number from ${from} to ${to}`;
};

interface Program {
  /** Relative to the project's root. */
  readonly path: string;
  /** How `--help` calls it. */
  readonly name: string;
  /** Command lines that are wrong in their own way, with the sentence. */
  readonly wrong?: readonly (readonly [args: readonly string[], sentence: string])[];
}

const PROGRAMS: readonly Program[] = [
  {
    path: "simulation/start/main.ts",
    name: "npm start --",
    wrong: [
      [["--port", "http"], whole("--port", 0, 65_535)],
      [["--origin"], "--origin has no value: it must be an address such as http://localhost:3000,"],
      [["--port", "9000", "--sandbox-port", "9000"], "--port and --sandbox-port must differ"],
    ],
  },
  { path: "simulation/start/dev.ts", name: "npm run dev --" },
  {
    path: "simulation/drill/main.ts",
    name: "npm run drill --",
    wrong: [
      [["--shoppers", "0"], whole("--shoppers", 1, 100_000)],
      [GATE, "--url needs --admin-token, or ADMIN_TOKEN in the environment"],
    ],
  },
  {
    path: "simulation/virtual-sale/main.ts",
    name: "npm run simulate --",
    wrong: [
      [["--no-shows", "2"], "--no-shows must be a number from 0 to 1"],
      [["--faults", "--seeds", "0"], "--seeds must be a count, or two seeds as"],
      [["--faults", "--seeds", "7..6"], "--seeds must be a count, or two seeds as"],
      [["--faults", "--seeds", "1..2147483648"], "--seeds must be a count, or two seeds as"],
      [["--faults", "--shoppers", "5"], "Unknown option '--shoppers'"],
      [["--faults", "--trace"], "--trace prints the events of one world: give it with --seed"],
    ],
  },
  {
    path: "simulation/fuzz/main.ts",
    name: "npm run fuzz --",
    wrong: [
      [["--only", "bodies"], "--only must be tokens, cookies, headers, json, paths, guarded,"],
      [["--replay", "1", "--inputs", "2"], "--replay is one input, --inputs are many"],
    ],
  },
  {
    path: "bench/main.ts",
    name: "npm run bench --",
    wrong: [[["--only", "all"], "--only must be gate, line, shop, orders or pipeline"]],
  },
  { path: "scripts/check.ts", name: "npm run check --", wrong: [[["fast"], "'fast'"]] },
  { path: "scripts/types.ts", name: "npm run types --" },
  {
    path: "scripts/sbom.ts",
    name: "npm run sbom --",
    wrong: [[["--check=yes"], "--check takes no value"]],
  },
  {
    path: "scripts/vendor.ts",
    name: "npm run vendor --",
    wrong: [[["--check=yes"], "--check takes no value"]],
  },
  {
    path: "tools/verify-draw/main.ts",
    name: "npm run verify-draw --",
    wrong: [
      [[], "--url is missing: give the address of the gate, for example --url https://"],
      [["--url", "8787"], "--url must be an http or https address"],
      [GATE, "--sale is missing: give the id of the sale"],
      [[...GATE, "--sale", "a", "--ticket-file", "/none"], "--ticket-file /none cannot be read"],
    ],
  },
  {
    path: "tools/conformance/main.ts",
    name: "npm run conformance --",
    wrong: [
      [[], "--payment or --orders must be given"],
      [["--payment", "https://shop.example"], "--secret (or BACKEND_SECRET) is missing"],
      [["--payment", "--local"], "--payment has no value"],
    ],
  },
  {
    path: "tools/deploy/main.ts",
    name: "npm run deploy --",
    wrong: [
      [["--route", "shop.example"], '--route must be a host and a path, as "shop.example/*"'],
      [["--zone", "shop.example"], "--zone goes with --route"],
    ],
  },
  {
    path: "tools/keys/main.ts",
    name: "npm run --silent keys --",
    wrong: [
      [
        ["--rotate", "cookies"],
        "--rotate must be tickets, admissions, passes, webhooks, proofs, servers or buyers",
      ],
      [["--kid", "a"], "--kid goes with --retire"],
    ],
  },
  {
    path: "tools/pass.ts",
    name: "npm run --silent pass --",
    wrong: [
      [[], "--sale is missing: give the id of the sale it is for"],
      [["--sale", "a", "--minutes", "0"], whole("--minutes", 1, 525_600)],
      [["--sale", "a", "--secrets", "/none"], "--secrets /none holds no PASS_KEYS"],
    ],
  },
  {
    path: "tools/proof-cost.ts",
    name: "npm run proof-cost --",
    wrong: [[["--memory", "0"], "--memory must be"]],
  },
  {
    path: "tools/stored-shapes/main.ts",
    name: "npm run stored-shapes --",
    wrong: [[[], "--release is missing: name the release"]],
  },
  {
    path: "simulation/versions/main.ts",
    name: "npm run versions --",
    wrong: [[["--shoppers", "1"], whole("--shoppers", 4, 40)]],
  },
  {
    path: "tools/erase.ts",
    name: "npm run --silent erase --",
    wrong: [
      [[], "--url is missing: give the address of the gate"],
      [["--url", "http://a.example"], "--token (or ADMIN_TOKEN) is missing"],
      [
        ["--url", "http://a.example", "--token", "t", "--sale", "a"],
        "give one of: --email; --order; --sale and --subject",
      ],
    ],
  },
  {
    path: "tools/backup/back-up.ts",
    name: "npm run backup --",
    wrong: [
      [[], "--url is missing: give the address of the gate"],
      [["--url", "http://a.example", "--sale", "a"], "--file is missing: give the file"],
      [["--url", "http://a.example", "--sale", "A"], "--sale must be lower-case letters"],
    ],
  },
  {
    path: "tools/backup/restore.ts",
    name: "npm run restore --",
    wrong: [
      [[], "--url is missing: give the address of the gate"],
      [["--url", "http://a.example", "--file", "f"], "--token (or ADMIN_TOKEN) is missing"],
    ],
  },
  {
    path: "tools/rebuild-book.ts",
    name: "npm run --silent rebuild-book --",
    wrong: [
      [[], "--url is missing: give the address of the gate"],
      [["--url", "http://a.example"], "--token (or ADMIN_TOKEN) is missing"],
      [["--url", "http://a.example", "--token", "t", "--after", "1-A"], "--after goes with --sale"],
    ],
  },
  {
    path: "examples/shop/main.ts",
    name: "node examples/shop/main.ts",
    wrong: [
      [[], "--secret is missing: give it as BACKEND_SECRET in the environment"],
      [["--secret", "hush"], "--secret must be whsec_ and then base64"],
      [["8790"], "Unexpected argument '8790'"],
    ],
  },
];

async function run(path: string, args: readonly string[]) {
  const { ADMIN_TOKEN: _, BACKEND_SECRET: __, ...env } = process.env;
  const child = spawn(process.execPath, [join(PROJECT_ROOT, path), ...args], {
    env,
    stdio: ["ignore", "pipe", "pipe"],
  });
  const code = new Promise((resolve) => {
    child.once("exit", resolve);
  });
  const [out, errors] = await Promise.all([text(child.stdout), text(child.stderr)]);
  return { code: await code, out, errors };
}

test("every npm script is of this list, the test runner, the formatter or the guard", () => {
  const { scripts }: { scripts: Record<string, string> } = JSON.parse(
    readFileSync(join(PROJECT_ROOT, "package.json"), "utf8"),
  );
  const started = Object.values(scripts).map((script) => {
    const [, program] = /^node scripts\/run\.mjs (\S+)/.exec(script) ?? [];
    return program ?? script;
  });
  // wrangler starts this one, without options, and the system's Node runs it.
  const guard = "node scripts/wrangler-guard.mjs";
  const known = new Set([...PROGRAMS.map(({ path }) => path), "vitest", "oxfmt", guard]);
  expect(started.filter((program) => !known.has(program))).toEqual([]);
});

test.concurrent.each(PROGRAMS)("$path prints its help and ends with 0", async ({ path, name }) => {
  const { code, out, errors } = await run(path, ["--help", "--bogus"]);
  expect({ code, errors }).toEqual({ code: 0, errors: "" });
  expect(out.startsWith(name)).toBe(true);
  expect(out).toContain("Exit code: ");
});

const wrong = PROGRAMS.flatMap(({ path, name, wrong: own = [] }) => [
  [path, ["--bogus"], `Unknown option '--bogus': ${name} --help lists the options`] as const,
  ...own.map(([args, sentence]) => [path, args, sentence] as const),
]);

test.concurrent.each(wrong)("%s %j ends with 2 and: %s", async (path, args, sentence) => {
  const { code, out, errors } = await run(path, args);
  expect({ code, out }).toEqual({ code: 2, out: "" });
  expect(errors).toContain(sentence);
  expect(errors.trimEnd().split("\n")).toHaveLength(1);
});
