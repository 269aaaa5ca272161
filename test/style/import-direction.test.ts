/**
 * Imports follow the table of folders in docs/architecture.md. Small examples test the rules
 * themselves.
 */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { readFolderTable } from "./support/folder-table.ts";
import { checkImports, checkPermissions } from "./support/import-direction.ts";
import { listSourceFiles, printFindings } from "./support/source-files.ts";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const [architecture] = listSourceFiles(/^docs\/architecture\.md$/);
if (architecture === undefined) throw new Error("docs/architecture.md is missing");
const { rows, findings } = readFolderTable(architecture, (path) => existsSync(join(ROOT, path)));
const code = listSourceFiles(/\.(ts|mjs|js)$/);

test("the table of folders names folders that exist, and each imports rows above it only", () => {
  expect(printFindings(findings)).toEqual([]);
});

test("every file is in a folder of the table, and every import is allowed by its row", () => {
  expect(printFindings(code.flatMap((file) => checkImports(rows, file)))).toEqual([]);
});

test("no row of the table allows more than its folder imports", () => {
  expect(printFindings(checkPermissions(rows, code))).toEqual([]);
});

describe("a row is refused", () => {
  const HEAD = "| folder | what is there | may import | packages |\n| --- | --- | --- | --- |";
  const GOOD = "| `src/core/` | the rules | nothing | `zod` |";
  const read = (...lines: string[]) => {
    const text = [HEAD, GOOD, ...lines].join("\n");
    const table = readFolderTable({ path: "a.md", text }, (path) => path !== "src/gone");
    return printFindings(table.findings);
  };

  test.each([
    ["with a missing cell", "| `src/api/` | the API | nothing |", "must be | `folder/` |"],
    [
      "with text that is not code in a cell",
      "| `src/api/` | the API | use cases | nothing |",
      "must be |",
    ],
    ["with two folders", "| `src/api/` `src/web/` | HTTP | nothing | nothing |", "must be |"],
    ["without a description", "| `src/gone/` | | nothing | nothing |", "must be |"],
    ["of a missing folder", "| `src/gone/` | x | nothing | nothing |", "does not exist"],
    ["that is repeated", GOOD, "names src/core a second time"],
    [
      "that imports itself",
      "| `src/api/` | x | `src/api/` | nothing |",
      "which is not a row above it",
    ],
    [
      "that imports one below",
      "| `src/api/` | x | `src/web/` | nothing |",
      "which is not a row above it",
    ],
    [
      "that imports the folder it is in",
      "| `src/api/` | x | `src/` | nothing |",
      "which it is inside of",
    ],
  ])("%s", (_, row, why) => {
    expect(read(row).join()).toContain(why);
  });

  test("and a document without a table, but not a good row", () => {
    expect(read("| `src/api/` | the API | `src/core/` | `hono` `node:*` |")).toEqual([]);
    expect(readFolderTable({ path: "a.md", text: GOOD }, () => true).findings).toHaveLength(1);
  });
});

describe("an import", () => {
  test.each([
    ["src/domain/stock/stock.ts", 'import { DurableObject } from "cloudflare:workers";'],
    ["src/domain/stock/stock.ts", 'import type { Sales } from "../../sales/sales.ts";'],
    ["src/domain/sale/sale.ts", 'import type { Standing } from "../room/standing.ts";'],
    ["src/tokens/tickets.ts", 'import { readSale } from "../sales/read-sale.ts";'],
    ["src/api/routes.ts", 'export { verifyTicket } from "../tokens/tickets.ts";'],
    ["durable-objects/order/order.ts", 'type Sale = import("../../src/sales/sales.ts").Sale;'],
    ["simulation/host/host.ts", 'const gate = await import("../../src/gate.ts");'],
    ["simulation/host/host.ts", "const gate = await import(`../../src/gate.ts`);"],
    ["src/domain/stock/stock.ts", 'const { readFileSync } = require("node:fs");'],
    ["src/cleverness/new.ts", ""],
  ])("is reported: %s may not contain %s", (path, text) => {
    expect(checkImports(rows, { path, text })).toHaveLength(1);
  });

  test.each([
    ["src/domain/line/shuffle.ts", 'import { sha256 } from "@noble/hashes/sha2.js";'],
    ["src/shopper/claim.ts", 'import { verifyTicket } from "../tokens/tickets.ts";'],
    ["src/gate.ts", 'export { Order } from "../durable-objects/order/order.ts";'],
    ["test/http/order.test.ts", 'import { startHost } from "../../simulation/host/host.ts";'],
  ])("is allowed: %s may contain %s", (path, text) => {
    expect(checkImports(rows, { path, text })).toEqual([]);
  });
});

test("a permission without an import is reported, of a folder and of a package", () => {
  const text = [
    "| folder | what is there | may import | packages |",
    "| `src/core/` | the rules | nothing | nothing |",
    "| `src/api/` | the API | `src/core/` | `hono` `zod` |",
  ].join("\n");
  const table = readFolderTable({ path: "a.md", text }, () => true);
  const files = [{ path: "src/api/a.ts", text: 'import { z } from "zod";' }];
  const found = checkPermissions(table.rows, files).map(({ what }) => what);
  expect(found.map((what) => what.split(";")[0])).toEqual([
    "src/api does not import src/core",
    "src/api does not import hono",
  ]);
});

test("a file that cannot be parsed is an error, because nothing would be found in it", () => {
  expect(() => checkImports(rows, { path: "src/domain/stock/stock.ts", text: "import {" })).toThrow(
    "src/domain/stock/stock.ts",
  );
});
