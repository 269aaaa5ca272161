/**
 * What is stored stays readable, both ways: today's readers read what recorded releases wrote, and
 * the last of these reads what is written today. Records: `npm run stored-shapes`.
 */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { Ajv2020 } from "ajv/dist/2020.js";
import { describe, expect, test } from "vitest";
import { PROJECT_ROOT } from "../../../scripts/project-root.ts";
import { writtenToday } from "../../../tools/stored-shapes/examples.ts";
import { narrowedTables, narrowings } from "../../../tools/stored-shapes/narrowing.ts";
import {
  shapesToday,
  STORED_SHAPES,
  type ShapeRecord,
} from "../../../tools/stored-shapes/shapes.ts";
import { migrations, tablesToday } from "../../../tools/stored-shapes/tables.ts";

const FOLDER = join(PROJECT_ROOT, "test", "node", "stored-shapes");

const RECORDS = readdirSync(FOLDER)
  .toSorted((one, other) => one.localeCompare(other, "en", { numeric: true }))
  .map((name): ShapeRecord => JSON.parse(readFileSync(join(FOLDER, name), "utf8")));

const TODAY = shapesToday();

describe.each(RECORDS)("beside release $release", ({ shapes, written, tables }) => {
  test("no shape is narrower, and none is gone", () => {
    const narrower = Object.entries(shapes).flatMap(([name, before]) => {
      const today = TODAY[name];
      return today === undefined ? [`${name} is gone`] : narrowings(before, today, name);
    });
    expect(narrower).toEqual([]);
  });

  test("tables only have further columns, nullable or with a default", () => {
    expect(narrowedTables(tables, tablesToday())).toEqual([]);
  });

  test("what it wrote is read, and nothing of it is lost", () => {
    for (const [name, documents] of Object.entries(written)) {
      for (const document of documents) {
        expect(STORED_SHAPES[name]?.parse(document)).toMatchObject(Object(document));
      }
    }
  });
});

test("what is written today is in the shapes of the last release, which can be gone back to", () => {
  const last = RECORDS.at(-1);
  const ajv = new Ajv2020({ strict: false });
  const refused = Object.entries(writtenToday()).flatMap(([name, documents]) => {
    const validate = ajv.compile(Object(last?.shapes[name] ?? true));
    const isRead = (document: unknown): boolean => validate(document);
    return documents.every(isRead) ? [] : [`${name} ${ajv.errorsText(validate.errors)}`];
  });
  expect(refused).toEqual([]);
});

/** Before the first release nothing could be gone back to. */
const LAST_BEFORE_RELEASES = "0010_unbooked_orders.sql";

test("migrations of D1 drop and rename nothing", () => {
  const released = [...migrations()].filter(([name]) => name > LAST_BEFORE_RELEASES);
  const narrowing = released.filter(([, text]) => {
    return /\b(DROP\s+(TABLE|COLUMN)|RENAME)\b/i.test(text.replaceAll(/--.*$/gm, ""));
  });
  expect(narrowing.map(([name]) => name)).toEqual([]);
});

const text = { type: "string" };
const objectOf = (properties: object, required: readonly string[] = []) => {
  return { type: "object", properties, required, additionalProperties: {} };
};

test.each([
  ["a field that is gone", objectOf({ a: text }), objectOf({})],
  ["a field that became required", objectOf({ a: text }), objectOf({ a: text }, ["a"])],
  ["one that became optional", objectOf({ a: text }, ["a"]), objectOf({ a: text })],
  ["another type", objectOf({ a: text }), objectOf({ a: { type: "integer" } })],
  ["a value that is gone", { type: "string", enum: ["a", "b"] }, { type: "string", enum: ["a"] }],
  ["null no more", { anyOf: [text, { type: "null" }] }, text],
  ["unknown fields refused", objectOf({}), { ...objectOf({}), additionalProperties: false }],
  ["an element", { type: "array", items: objectOf({ a: text }) }, { type: "array", items: text }],
])("%s is found", (_, before, after) => {
  expect(narrowings(before, after)).toHaveLength(1);
});

test("further fields, options and numbers are not narrower", () => {
  const before = objectOf({ a: { type: "integer" }, b: { enum: ["x"], type: "string" } }, ["a"]);
  const wider = { anyOf: [{ type: "string", enum: ["x", "y"] }, { type: "null" }] };
  const after = objectOf({ a: { type: "number" }, b: wider, c: text }, ["a"]);
  expect(narrowings(before, after)).toEqual([]);
});

const column = { name: "a", type: "TEXT", notnull: 1, dflt_value: null, pk: 0 };

test.each([
  ["a table that is gone", {}],
  ["a column that is gone", { t: [] }],
  ["another type", { t: [{ ...column, type: "INTEGER" }] }],
  ["a column that needs a value", { t: [column, { ...column, name: "b" }] }],
])("%s is found", (_, after) => {
  expect(narrowedTables({ o: { t: [column] } }, { o: after })).toHaveLength(1);
});
