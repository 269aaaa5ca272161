/**
 * The fuzz run itself: its inputs can be made again, it finds nothing in the gate, and it finds
 * every kind of deliberate fault.
 */
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { findInput } from "../../simulation/fuzz/find.ts";
import { Forger } from "../../simulation/fuzz/forgeries.ts";
import { inputOf } from "../../simulation/fuzz/generate.ts";
import { type Ground, makeGround } from "../../simulation/fuzz/ground.ts";
import { FAMILIES, type Family } from "../../simulation/fuzz/input.ts";
import { RULES } from "../../simulation/fuzz/judge.ts";
import { fuzzCommand } from "../../simulation/fuzz/options.ts";
import { fuzzReport } from "../../simulation/fuzz/report.ts";
import { logViolations, sendStretch, stateViolations } from "../../simulation/fuzz/run.ts";
import { PROJECT_ROOT } from "../../scripts/project-root.ts";

let ground: Ground;
beforeAll(async () => {
  const gateEntry = join(PROJECT_ROOT, "test", "http", "support", "faulty-gate-worker.ts");
  ground = await makeGround({ gateEntry });
});
afterAll(() => ground.stop());

const setFault = (fault: string) => fetch(`${ground.url}/fault/${encodeURIComponent(fault)}`);

/** The rules that a short run finds broken. */
async function brokenRules(only: Family | null, last: number, readsState = false) {
  const before = ground.state();
  const { sent, violations } = await sendStretch(ground, { seed: "test", only, first: 1, last });
  const stored = readsState ? await stateViolations(ground, before) : [];
  const logged = await logViolations(ground);
  const broken = [...violations, ...stored, ...logged];
  const rules = new Set(broken.map(({ rule }) => rule));
  return { sent, rules: RULES.filter((rule) => rules.has(rule)), broken };
}

const INPUTS = 1000;

test(`${INPUTS} inputs of all families break no rule and change no stored data`, async () => {
  const { sent, broken } = await brokenRules(null, INPUTS, true);
  expect(broken).toEqual([]);
  expect(sent).toBe(INPUTS);
  expect(ground.origin.admitted()).toBeGreaterThan(0);
});

describe("a fault is found in", () => {
  test.each([
    ["throws on a header", "headers", "no answer of 500 or more"],
    ["accepts any token", "tokens", "invalid input is refused"],
    ["logs admissions", "tokens", "no secret, token or email address in a log"],
    ["answers with a secret", "cookies", "no secret in an answer"],
    ["refuses with plain text", "tokens", "a refusal is a problem document with a known code"],
    ["answers for another operation", "tokens", "an answer is as the OpenAPI document declares"],
    ["forwards any admission", "guarded", "no gate-only header from a client"],
    ["names no field", "proofs", "an invalid field is named"],
    ["guards only the literal path", "guarded", "no guarded path without an admission"],
    ["guards only the literal path", "origins", "no guarded page to any server of the shop"],
    ["reads without end", "costs", "a request calls a bounded number of objects and stores"],
    [
      "finds its cookie anywhere",
      "cookies",
      "the own cookie admits, and nothing that looks like it",
    ],
    ["forwards its cookies", "cookies", "no cookie of the gate at the shop"],
    ["forwards folded names", "headers", "no header at the shop that overrides the request"],
    ["forwards folded names", "headers", "no gate-only header from a client"],
    ["leads to the Host of a request", "headers", "no address with the Host of a request"],
  ] as const)("a gate that %s", async (fault, family, rule) => {
    await setFault(fault);
    try {
      expect((await brokenRules(family, 300)).rules).toContain(rule);
    } finally {
      await setFault("none");
      await logViolations(ground);
    }
  });

  test.each([
    ["writes before it validates", "json", []],
    ["accepts any proof", "proofs", ["invalid input is refused"]],
  ] as const)("a gate that %s", async (fault, family, others) => {
    await setFault(fault);
    try {
      const { rules } = await brokenRules(family, 300, true);
      expect(rules).toEqual([...others, "stored data is unchanged"]);
    } finally {
      await setFault("none");
    }
  });
});

test("an input depends only on its seed and number, and every family occurs", () => {
  const made = (seed: string, number: number) => {
    const { what, family, expect: must } = inputOf({ seed, only: null }, number, ground, forger);
    return { what, family, must };
  };
  const forger = new Forger(ground.secrets);
  const numbers = Array.from({ length: 200 }, (_, index) => index + 1);
  const first = numbers.map((number) => made("a", number));
  expect(numbers.map((number) => made("a", number))).toEqual(first);
  expect(numbers.map((number) => made("b", number))).not.toEqual(first);
  expect(new Set(first.map(({ family }) => family))).toEqual(new Set(FAMILIES));
});

test("the input that broke a rule is found by binary search", async () => {
  const tried: [number, number][] = [];
  const brokenBy = (number: number) => async (first: number, last: number) => {
    tried.push([first, last]);
    return first <= number && number <= last;
  };
  expect(await findInput(1, 1000, brokenBy(617))).toBe(617);
  expect(tried.length).toBeLessThanOrEqual(12);
  expect(await findInput(1, 1, brokenBy(1))).toBe(1);
  expect(await findInput(1, 1000, async () => false)).toBeNull();
});

test("a violation is reported with the command that repeats its input", () => {
  const broken = { rule: "invalid input is refused", what: "200 ok" } as const;
  const violations = [{ ...broken, number: 4711, input: "a ticket of random text" }];
  const summary = {
    sent: 5000,
    byFamily: new Map(),
    byStatus: new Map(),
    violations,
    dearest: new Map(),
  };
  const servers = { names: ["Node", "Python"], missing: ["PHP (not installed)"] };
  const report = fuzzReport({ seed: "s", only: "tokens" }, servers, summary);
  expect(report).toContain("tried: Node, Python\n  not tried: PHP (not installed)");
  expect(report).toContain("input 4711: a ticket of random text");
  expect(report).toContain("npm run fuzz -- --seed s --only tokens --replay 4711");
});

describe("the command line", () => {
  test("means twenty thousand inputs of all families, or the one that is named", () => {
    const common = { seed: "1", only: null };
    const many = { ...common, first: 1, last: 20_000, replay: false };
    expect(fuzzCommand.parse([])).toEqual({ kind: "run", options: many });
    const one = { ...common, only: "json", first: 7, last: 7, replay: true };
    const args = ["--replay", "7", "--only", "json"];
    expect(fuzzCommand.parse(args)).toEqual({ kind: "run", options: one });
  });

  test.each([
    [["--inputs", "0"], "--inputs must be a whole number from 1 to 100000000"],
    [["--inputs", "100000001"], "--inputs must be a whole number from 1 to 100000000"],
    [
      ["--only", "bodies"],
      "--only must be tokens, cookies, headers, json, paths, guarded, proofs, causes, origins " +
        "or costs",
    ],
    [["--seed", "a b"], "--seed must be letters, digits, '.', '_' and '-'"],
    [
      ["--replay", "1", "--inputs", "2"],
      "--replay is one input, --inputs are many: give one of them",
    ],
  ])("%j gets the sentence: %s", (args, message) => {
    expect(fuzzCommand.parse(args)).toEqual({ kind: "bad", message });
  });

  test("--help ignores the other options", () => {
    expect(fuzzCommand.parse(["--help", "--inputs", "0"])).toEqual({ kind: "help" });
  });
});
