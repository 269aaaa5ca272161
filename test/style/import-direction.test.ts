/**
 * Keeps the direction of imports, and shows on small examples that the rule sees what it should.
 */
import { expect, test } from "vitest";
import { checkImports } from "./support/import-direction.ts";
import { listSourceFiles, printFindings } from "./support/source-files.ts";

test("every import points inwards", () => {
  const files = listSourceFiles(/\.(ts|mjs)$/);
  expect(printFindings(files.flatMap(checkImports))).toEqual([]);
});

test.each([
  ["src/domain/stock/stock.ts", 'import { DurableObject } from "cloudflare:workers";'],
  ["src/domain/stock/stock.ts", 'import type { Sales } from "../../sales/sales.ts";'],
  ["src/tokens/tickets.ts", 'import { readSale } from "../sales/read-sale.ts";'],
  ["src/api/routes.ts", 'export { verifyTicket } from "../tokens/tickets.ts";'],
  ["durable-objects/order/order.ts", 'type Sale = import("../../src/sales/sales.ts").Sale;'],
  ["simulation/host/host.ts", 'const gate = await import("../../src/gate.ts");'],
  ["simulation/host/host.ts", "const gate = await import(`../../src/gate.ts`);"],
  ["src/domain/stock/stock.ts", 'const { readFileSync } = require("node:fs");'],
  ["src/cleverness/new.ts", ""],
])("%s may not contain %s", (path, text) => {
  expect(checkImports({ path, text })).toHaveLength(1);
});

test.each([
  ["src/domain/line/shuffle.ts", 'import { sha256 } from "@noble/hashes/sha2.js";'],
  ["src/journey/claim.ts", 'import { verifyTicket } from "../tokens/tickets.ts";'],
  ["src/gate.ts", 'export { Order } from "../durable-objects/order.ts";'],
  ["test/http/order.test.ts", 'import { startHost } from "../../simulation/host/host.ts";'],
])("%s may contain %s", (path, text) => {
  expect(checkImports({ path, text })).toEqual([]);
});

test("a file that cannot be parsed is an error, because nothing would be found in it", () => {
  expect(() => checkImports({ path: "src/domain/stock.ts", text: "import {" })).toThrow(
    "src/domain/stock.ts",
  );
});
