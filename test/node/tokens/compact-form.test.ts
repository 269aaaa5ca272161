/**
 * The one spelling of a token: what a decoder accepts beside it is refused.
 */
import * as fc from "fast-check";
import * as base64url from "jose/base64url";
import { describe, expect, test } from "vitest";
import { isCompact } from "../../../src/tokens/compact-form.ts";

const ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
const bytes = fc.uint8Array({ minLength: 1, maxLength: 80 });
const tokens = fc.tuple(bytes, bytes, bytes).map((parts) => parts.map(base64url.encode).join("."));

/** Every text of the same length that decodes to the same bytes as the part. */
function spellingsOf(part: string): string[] {
  const start = part.slice(0, -1);
  const decoded = String(base64url.decode(part));
  return Array.from(ALPHABET, (last) => start + last).filter((text) => {
    return String(base64url.decode(text)) === decoded;
  });
}

test("what was encoded is accepted", () => {
  const accepted = fc.property(tokens, (token) => isCompact(token));
  expect(() => fc.assert(accepted)).not.toThrow();
});

test("of all spellings of the same bytes one is accepted", () => {
  let others = 0;
  fc.assert(
    fc.property(tokens, (token) => {
      const [header = "", payload = "", signature = ""] = token.split(".");
      const spellings = spellingsOf(signature);
      others += spellings.length - 1;
      const accepted = spellings.filter((text) => isCompact(`${header}.${payload}.${text}`));
      expect(accepted).toEqual([signature]);
    }),
  );
  expect(others).toBeGreaterThan(0);
});

describe("a token", () => {
  test.each([
    ["padded", "aa.aa.aa=="],
    ["in the other alphabet", "aa.aa.a+"],
    ["with a space", "aa.aa.aa "],
    ["with a new line", "aa.aa.aa\n"],
    ["with an empty part", "aa..aa"],
    ["of two parts", "aa.aa"],
    ["of four parts", "aa.aa.aa.aa"],
    ["with a part of an impossible length", "aa.aa.aaaaa"],
    ["in letters of another script", "aa.aa.ａａ"],
    ["that is empty", ""],
  ])("%s is refused", (_, token) => {
    expect(isCompact(token)).toBe(false);
  });
});
