/**
 * What a merchant is warned of: a draw in which places cost nothing.
 */
import { expect, test } from "vitest";
import { warningsOf } from "../../../src/domain/sale/warnings.ts";
import { saleOf } from "../support/sale-document.ts";

test.each([
  ["lottery", { kind: "none" }, ["lottery_unprotected"]],
  ["lottery", { kind: "altcha" }, []],
  ["lottery", { kind: "turnstile", siteKey: "0x4AAAAAAAAAA" }, []],
  ["fifo", { kind: "none" }, []],
] as const)("a sale by %s with the protection %j: %j", (method, protection, codes) => {
  const sale = saleOf({ method }, { protection });
  expect(warningsOf(sale).map(({ code }) => code)).toEqual(codes);
});
