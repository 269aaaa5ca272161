/**
 * The fuzz run itself: what it sends is what it says, it finds nothing in the gate, and it finds a
 * fault of each kind that was planted.
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
import { faultsKept, faultsSaid, sendStretch } from "../../simulation/fuzz/run.ts";
import { PROJECT_ROOT } from "../../scripts/project-root.ts";

let ground: Ground;
beforeAll(async () => {
  const gateEntry = join(PROJECT_ROOT, "test", "http", "support", "faulty-gate-worker.ts");
  ground = await makeGround({ gateEntry });
});
afterAll(() => ground.stop());

const plant = (fault: string) => fetch(`${ground.url}/planted/${encodeURIComponent(fault)}`);

/** Which rules a short run finds broken. */
async function brokenRules(only: Family | null, last: number, isKeptRead = false) {
  const before = ground.state();
  const { sent, violations } = await sendStretch(ground, { seed: "test", only, first: 1, last });
  const kept = isKeptRead ? await faultsKept(ground, before) : [];
  const said = await faultsSaid(ground);
  const broken = [...violations, ...kept, ...said];
  const rules = new Set(broken.map(({ rule }) => rule));
  return { sent, rules: RULES.filter((rule) => rules.has(rule)), broken };
}

const INPUTS = 1000;

test(`${INPUTS} inputs of all families break no rule, and nothing has changed`, async () => {
  const { sent, broken } = await brokenRules(null, INPUTS, true);
  expect(broken).toEqual([]);
  expect(sent).toBe(INPUTS);
  expect(ground.origin.admitted()).toBeGreaterThan(0);
});

describe("a planted fault is found", () => {
  test.each([
    ["breaks on a header", "headers", "no answer of 500 or more"],
    ["believes any token", "tokens", "what is invalid is refused"],
    ["logs what it is given", "tokens", "no secret, token or address in a log"],
    ["tells a secret", "cookies", "no secret in an answer"],
    ["refuses in words", "tokens", "a refusal is a problem document with a known code"],
    ["answers for another operation", "tokens", "an answer is as the OpenAPI document declares"],
    ["hands on an admission", "guarded", "no header of the gate's own from a client"],
    ["names no field", "proofs", "a field that is wrong is named"],
    ["guards what is written", "guarded", "no guarded path without an admission"],
  ] as const)("a gate that %s", async (fault, family, rule) => {
    await plant(fault);
    try {
      expect((await brokenRules(family, 300)).rules).toContain(rule);
    } finally {
      await plant("none");
      await faultsSaid(ground);
    }
  });

  test.each([
    ["writes before it looks", "json", []],
    ["believes any proof", "proofs", ["what is invalid is refused"]],
  ] as const)("a gate that %s", async (fault, family, others) => {
    await plant(fault);
    try {
      const { rules } = await brokenRules(family, 300, true);
      expect(rules).toEqual([...others, "nothing kept has changed"]);
    } finally {
      await plant("none");
    }
  });
});

test("an input is made from its seed and number alone, and families are all there", () => {
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

test("the input that does it is found by halving", async () => {
  const tried: [number, number][] = [];
  const culprit = (guilty: number) => async (first: number, last: number) => {
    tried.push([first, last]);
    return first <= guilty && guilty <= last;
  };
  expect(await findInput(1, 1000, culprit(617))).toBe(617);
  expect(tried.length).toBeLessThanOrEqual(12);
  expect(await findInput(1, 1, culprit(1))).toBe(1);
  expect(await findInput(1, 1000, async () => false)).toBeNull();
});

test("what was found is reported with the command that shows it again", () => {
  const broken = { rule: "what is invalid is refused", what: "200 ok" } as const;
  const violations = [{ ...broken, number: 4711, input: "a ticket of noise" }];
  const summary = { sent: 5000, byFamily: new Map(), byStatus: new Map(), violations };
  const report = fuzzReport({ seed: "s", only: "tokens" }, summary);
  expect(report).toContain("input 4711: a ticket of noise");
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
      "--only must be tokens, cookies, headers, json, paths, guarded or proofs",
    ],
    [["--seed", "a b"], "--seed must be letters, digits, '.', '_' and '-'"],
    [
      ["--replay", "1", "--inputs", "2"],
      "--replay is one input, --inputs are many: give one of them",
    ],
  ])("%j gets the sentence: %s", (args, message) => {
    expect(fuzzCommand.parse(args)).toEqual({ kind: "bad", message });
  });

  test("--help asks for nothing else", () => {
    expect(fuzzCommand.parse(["--help", "--inputs", "0"])).toEqual({ kind: "help" });
  });
});
