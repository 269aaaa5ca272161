/**
 * `docs/checkout.md` against the schemas: its documents are accepted, its codes and states exist.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { PROJECT_ROOT } from "../../../scripts/project-root.ts";
import { ORDER_STATES } from "../../../src/domain/order/messages.ts";
import { unsafeAddresses } from "../../../src/domain/sale/checkout-addresses.ts";
import { PROBLEMS } from "../../../src/api/problems.ts";
import { orderRequest, publicSaleDocument } from "../../../src/api/schemas.ts";
import { saleOf } from "../support/sale-document.ts";

const TEXT = readFileSync(join(PROJECT_ROOT, "docs", "checkout.md"), "utf8");
const documents = [...TEXT.matchAll(/```json\n([\s\S]*?)```/g)].map(([, json = ""]) => {
  const document: object = JSON.parse(json);
  return document;
});

/** The first cells of the table under a heading of columns. */
function cells(column: string): string[] {
  const [, table = ""] = TEXT.split(new RegExp(`^\\| ${column} +\\|.*\\n\\| -.*\\n`, "m"));
  const [rows = ""] = table.split("\n\n");
  return rows.split("\n").map((row) => row.split("|")[1] ?? "");
}

const words = (text: string): string[] =>
  [...text.matchAll(/`([\w.]+)`/g)].map(([, word = ""]) => word);

describe("the page about a shop's own checkout", () => {
  test("shows rules that a sale may have, and an order that is one", () => {
    const [rules = {}, order = {}] = documents;
    expect(unsafeAddresses(saleOf({}, rules))).toEqual([]);
    expect(orderRequest.parse(order)).toEqual(order);
    expect(documents).toHaveLength(2);
  });

  test("names codes that exist", () => {
    const codes = cells("code").flatMap((cell) => {
      const [first = "", ...rest] = words(cell);
      // `_invalid` after `admission_required` is `admission_invalid`.
      const stem = first.slice(0, first.indexOf("_"));
      return [first, ...rest.map((word) => (word.startsWith("_") ? stem + word : word))];
    });
    expect(codes.length).toBeGreaterThan(12);
    expect(codes.filter((code) => code !== "" && !(code in PROBLEMS))).toEqual([]);
  });

  test("names states that an order has, and members that the public sale has", () => {
    const states = cells("`state`").flatMap(words);
    expect(states).toContain("confirmed");
    for (const state of states) expect(ORDER_STATES).toContain(state);
    const { shape } = publicSaleDocument;
    const members = cells("member").flatMap(words);
    expect(members).toContain("currencyDigits");
    const known = new Set([
      ...Object.keys(shape),
      ...Object.keys(shape.checkout.shape).flatMap((name) => [`checkout.${name}`, `.${name}`]),
    ]);
    expect(members.filter((member) => !known.has(member))).toEqual([]);
  });
});
