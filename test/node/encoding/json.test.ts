/** Text that is JSON and text that is not, and digests that ids are made of. */
import { expect, test } from "vitest";
import { z } from "zod";
import { digestOf, jsonFault, jsonText, parseJson } from "../../../src/encoding/json.ts";

test("text that is not JSON is undefined, and a failed parse, but never thrown", () => {
  expect(parseJson('{"a":1}')).toEqual({ a: 1 });
  expect(parseJson("null")).toBeNull();
  expect(parseJson("{ open")).toBeUndefined();
  const list = jsonText.pipe(z.array(z.int()));
  expect(list.parse("[1,2]")).toEqual([1, 2]);
  expect(list.safeParse("{ open").error?.issues[0]?.message).toBe("is not JSON");
  expect(list.safeParse(null).success).toBe(false);
});

test("a digest is the SHA-256 of the JSON, because stored ids are made of it", () => {
  const digest = "9c4a7b5386eebfbc11146a4687af9cf524b1e1c9ce40faca5d501add3ea11337";
  expect(digestOf(["air-one", "sub_1", 0])).toBe(digest);
});

test.each([
  ['{"a": 1}}', "The body stops being JSON at line 1, column 9."],
  ['{\n  "a": 1,\n}', "The body stops being JSON at line 3, column 1."],
  ['{"a": "secret', "The body stops being JSON at line 1, column 14."],
  ["{", "The body stops being JSON at line 1, column 2."],
  ["  ", "The body is empty."],
])("%j: says where it stops being JSON, and repeats nothing of it", (text, expected) => {
  expect(jsonFault(text)).toBe(expected);
});

test("JSON has no fault", () => {
  expect(jsonFault('{"a": [1, null]}')).toBeNull();
});
