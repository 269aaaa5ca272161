/**
 * The sandbox provider's other rules: repeated idempotency keys, the draw of faults, and parameters
 * with brackets.
 */
import { expect, test } from "vitest";
import {
  drawFault,
  FAULT_KINDS,
  type FaultSettings,
  NO_FAULTS,
} from "../../../simulation/sandbox/faults.ts";
import { parseForm } from "../../../simulation/sandbox/form.ts";
import {
  fingerprintOf,
  recall,
  type Remembered,
  REMEMBERED_MS,
} from "../../../simulation/sandbox/idempotency.ts";

const FIRST: Remembered = {
  version: 1,
  fingerprint: "f",
  status: 200,
  body: "{}",
  requestId: "req_1",
  at_ms: 1_000,
  busyUntil_ms: 1_500,
};

test("a key is refused while its call is in progress, then replayed, and new after a day", () => {
  expect(recall(null, "f", 1_000)).toEqual({ kind: "new" });
  expect(recall(FIRST, "f", 1_499)).toMatchObject({
    kind: "refused",
    error: { status: 409, code: "idempotency_key_in_use" },
  });
  expect(recall(FIRST, "f", 1_500)).toEqual({ kind: "replay", first: FIRST });
  expect(recall(FIRST, "f", 1_000 + REMEMBERED_MS - 1)).toMatchObject({ kind: "replay" });
  expect(recall(FIRST, "f", 1_000 + REMEMBERED_MS)).toEqual({ kind: "new" });
});

test("other parameters are refused, during the first call and later", () => {
  const refused = { kind: "refused", error: { status: 400, type: "idempotency_error" } };
  expect(recall(FIRST, "g", 1_200)).toMatchObject(refused);
  expect(recall(FIRST, "g", 2_000)).toMatchObject(refused);
});

test("a fingerprint depends on the path and the parameters, but not on their order", () => {
  const one = fingerprintOf("POST", "/a", [
    ["x", "1"],
    ["y", "2"],
  ]);
  expect(
    fingerprintOf("POST", "/a", [
      ["y", "2"],
      ["x", "1"],
    ]),
  ).toBe(one);
  expect(
    fingerprintOf("POST", "/b", [
      ["x", "1"],
      ["y", "2"],
    ]),
  ).not.toBe(one);
  expect(
    fingerprintOf("POST", "/a", [
      ["x", "1"],
      ["y", "3"],
    ]),
  ).not.toBe(one);
  expect(fingerprintOf("POST", "/a", [["x", "1&y=2"]])).not.toBe(one);
});

const CALLS = 20_000;

function draws(settings: FaultSettings): (string | null)[] {
  return Array.from({ length: CALLS }, (_, call) => drawFault(settings, call));
}

test("a seed always gives the same faults, and another seed gives others", () => {
  const settings: FaultSettings = { ...NO_FAULTS, rate: 0.5 };
  expect(draws(settings)).toEqual(draws(settings));
  expect(draws({ ...settings, seed: 2 })).not.toEqual(draws(settings));
});

test("rate 0 never draws, rate 1 always does", () => {
  expect(draws({ ...NO_FAULTS, rate: 0 }).every((fault) => fault === null)).toBe(true);
  expect(draws({ ...NO_FAULTS, rate: 1 }).every((fault) => fault !== null)).toBe(true);
});

test("faults occur at their rate, and every kind equally often", () => {
  const drawn = draws({ ...NO_FAULTS, rate: 0.3 }).filter((fault) => fault !== null);
  expect(drawn.length / CALLS).toBeCloseTo(0.3, 1);
  for (const kind of FAULT_KINDS) {
    const share = drawn.filter((fault) => fault === kind).length / drawn.length;
    expect(share).toBeCloseTo(1 / FAULT_KINDS.length, 1);
  }
});

test("brackets nest objects and lists", () => {
  expect(
    parseForm([
      ["amount", "500"],
      ["metadata[order]", "o1"],
      ["types[0]", "card"],
      ["expand[]", "latest_charge"],
    ]),
  ).toEqual({
    amount: "500",
    metadata: { order: "o1" },
    types: ["card"],
    expand: ["latest_charge"],
  });
});

test.each([
  [
    "a duplicate name",
    [
      ["a", "1"],
      ["a", "2"],
    ],
  ],
  [
    "a value and then an object under one name",
    [
      ["a", "1"],
      ["a[b]", "2"],
    ],
  ],
  [
    "an object and then a value under one name",
    [
      ["a[b]", "1"],
      ["a", "2"],
    ],
  ],
  ["an open bracket", [["a[b", "1"]]],
  ["no name", [["[b]", "1"]]],
  ["too many levels", [["a[b][c][d][e]", "1"]]],
] satisfies [string, [string, string][]][])("%s is refused", (_name, parameters) => {
  expect(parseForm(parameters)).toBeNull();
});

test("a parameter named __proto__ does not change the prototype", () => {
  const form = parseForm([["__proto__[polluted]", "1"]]);
  expect(Object.keys(form ?? {})).toEqual(["__proto__"]);
  expect(Object.hasOwn(Object.prototype, "polluted")).toBe(false);
});
