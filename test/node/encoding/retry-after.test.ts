/** The header `Retry-After` as servers write it, and as they should not. */
import { expect, test } from "vitest";
import { retryAfter_s } from "../../../src/encoding/retry-after.ts";

const NOW = Date.parse("2026-11-27T10:00:00Z");

test.each([
  [null, null],
  ["0", 0],
  ["120", 120],
  ["Fri, 27 Nov 2026 10:02:00 GMT", 120],
  ["Fri, 27 Nov 2026 09:59:00 GMT", -60],
  ["", null],
  ["soon", null],
  ["1.5e3 minutes", null],
])("%j asks for %j seconds", (header, expected) => {
  expect(retryAfter_s(header, NOW)).toBe(expected);
});
