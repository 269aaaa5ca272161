/**
 * Readers of stored data keep what they do not know, and refuse only what they cannot understand.
 */
import { expect, test } from "vitest";
import { z } from "zod";
import { saleSchema } from "../../../src/domain/sale/sale.ts";
import {
  isStoredUnreadable,
  readStored,
  storedReader,
} from "../../../src/encoding/stored-reader.ts";
import firstStored from "../support/first-stored-sale.json" with { type: "json" };

/** The value with a field that nobody knows in each of its objects. */
function withUnknownFields(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withUnknownFields);
  if (typeof value !== "object" || value === null) return value;
  const fields = Object.entries(value).map(([name, field]) => [name, withUnknownFields(field)]);
  // An empty object is a map without entries: a field in it would be an entry.
  return fields.length === 0 ? {} : { ...Object.fromEntries(fields), sinceLater: { kept: [1] } };
}

const FULL = {
  ...firstStored,
  items: [
    { ...firstStored.items[0], tax: { kind: "included", percent: 19 } },
    ...firstStored.items.slice(1),
  ],
  bypass: { tokens: [{ id: "a", sha256: "0".repeat(64) }], healthChecks: [{ path: "/health" }] },
  checkout: { address: "shipping", delivery: [{ id: "post", name: "Post", price: 500 }] },
};

test("a sale keeps unknown fields at any depth when it is read and written, also in unions", () => {
  const sale = saleSchema.parse(FULL);
  const newer = withUnknownFields(sale);
  expect(saleSchema.safeParse(newer).success).toBe(false);
  expect(storedReader(saleSchema).parse(newer)).toEqual(newer);
});

test("a sale of the first version is read with today's defaults", () => {
  expect(storedReader(saleSchema).parse(firstStored)).toEqual(saleSchema.parse(firstStored));
});

test("limits and patterns that a newer release widened refuse nothing that is stored", () => {
  const [item] = firstStored.items;
  const newer = { ...firstStored, title: "t".repeat(5000), items: [{ ...item, price: 10 ** 14 }] };
  expect(saleSchema.safeParse(newer).success).toBe(false);
  expect(storedReader(saleSchema).parse(newer)).toMatchObject(newer);
});

test("a value of another type is refused", () => {
  const broken = { ...firstStored, title: 7 };
  expect(storedReader(saleSchema).safeParse(broken).success).toBe(false);
});

const DOCUMENT = z.object({
  v: z.literal(2),
  title: z.string(),
  listed: z.boolean().default(true),
});

test("a newer version is read where it names a reader that is not newer, and keeps its version", () => {
  const reader = storedReader(DOCUMENT);
  const newer = { v: 4, readableFrom: 2, title: "x", listed: false, kind: "later" };
  expect(reader.parse(newer)).toEqual(newer);
});

test.each([
  { v: 3, title: "x" },
  { v: 4, readableFrom: 3, title: "x" },
  { v: 1, title: "x" },
])(
  "version $v with reader from $readableFrom is refused with a problem that names both",
  (stored) => {
    const read = () => readStored(storedReader(DOCUMENT), stored, "sale");
    expect(read).toThrow(/stored_unreadable: sale: .*this is 2/);
    expect(isStoredUnreadable(new Error("stored_unreadable: sale: v"))).toBe(true);
  },
);

test.each([{ v: 2 ** 53 }, { v: -(2 ** 53) }, { v: "2" }, {}, { v: 2, readableFrom: 2 ** 53 }])(
  "%j is no version, which is an issue and not an error",
  (version) => {
    expect(storedReader(DOCUMENT).safeParse({ ...version, title: "x" }).success).toBe(false);
  },
);

test("defaults are not shared between documents", () => {
  const reader = storedReader(z.object({ lines: z.array(z.string()).default([]) }));
  expect(reader.parse({}).lines).not.toBe(reader.parse({}).lines);
});
