/**
 * How a stored shape became narrower: what a release before wrote and this one would not read, and
 * what that release needs and this one does not write.
 *
 * Guarantee: a shape that only has further optional fields, options or columns is not reported.
 */
import { z } from "zod";
import type { JsonShape } from "./shapes.ts";
import type { SqlColumn, SqlTables } from "./tables.ts";

const shape: z.ZodType<JsonShape> = z.record(z.string(), z.unknown());
const nodeSchema = z.looseObject({
  type: z.union([z.string(), z.array(z.string())]).optional(),
  const: z.unknown().optional(),
  enum: z.array(z.unknown()).optional(),
  anyOf: z.array(shape).optional(),
  oneOf: z.array(shape).optional(),
  properties: z.record(z.string(), shape).optional(),
  required: z.array(z.string()).default([]),
  additionalProperties: z.union([z.boolean(), shape]).optional(),
  items: shape.optional(),
});
type Node = z.output<typeof nodeSchema>;

function optionsOf(node: Node): readonly JsonShape[] | null {
  const { type, anyOf, oneOf } = node;
  if (Array.isArray(type)) return type.map((one) => ({ ...node, type: one }));
  return anyOf ?? oneOf ?? null;
}

function valuesOf(node: Node): readonly unknown[] | null {
  if (node.enum !== undefined) return node.enum;
  return "const" in node ? [node.const] : null;
}

/** One sentence for each way in which `after` is narrower than `before`. */
export function narrowings(before: JsonShape, after: JsonShape, at = ""): string[] {
  const [was, is] = [nodeSchema.parse(before), nodeSchema.parse(after)];
  const wasOneOf = optionsOf(was);
  if (wasOneOf !== null) {
    return wasOneOf.flatMap((option, index) => narrowings(option, after, `${at}(${index})`));
  }
  const isOneOf = optionsOf(is);
  if (isOneOf !== null) {
    const found = isOneOf.map((option) => narrowings(before, option, at));
    return found.toSorted((one, other) => one.length - other.length)[0] ?? [];
  }
  const values = valuesOf(is);
  const lost = (valuesOf(was) ?? []).filter((value) => values?.includes(value) === false);
  if (lost.length > 0) return [`${at} does not read ${JSON.stringify(lost)} any more`];
  if (values !== null && valuesOf(was) === null) return [`${at} reads only ${values.join(", ")}`];
  if (is.type === undefined) return [];
  const isWider = is.type === "number" && was.type === "integer";
  if (is.type !== was.type && !isWider)
    return [`${at} was ${String(was.type)}, and is ${String(is.type)}`];
  return [...ofFields(was, is, at), ...ofElements(was, is, at)];
}

function ofFields(was: Node, is: Node, at: string): string[] {
  const found: string[] = [];
  if (is.additionalProperties === false) found.push(`${at} refuses unknown fields`);
  for (const name of is.required) {
    if (!was.required.includes(name)) found.push(`${at}.${name} became required`);
  }
  for (const [name, field] of Object.entries(was.properties ?? {})) {
    const today = is.properties?.[name];
    if (today === undefined) {
      found.push(`${at}.${name} is gone`);
      continue;
    }
    const isWritten = is.required.includes(name) || "default" in today;
    if (was.required.includes(name) && !isWritten) {
      found.push(`${at}.${name} became optional: the release before needs it`);
    }
    found.push(...narrowings(field, today, `${at}.${name}`));
  }
  return found;
}

function ofElements(was: Node, is: Node, at: string): string[] {
  const found: string[] = [];
  if (was.items !== undefined && is.items !== undefined) {
    found.push(...narrowings(was.items, is.items, `${at}[]`));
  }
  const [before, after] = [was.additionalProperties, is.additionalProperties];
  if (typeof before === "object" && typeof after === "object") {
    found.push(...narrowings(before, after, `${at}{}`));
  }
  return found;
}

/** The same of SQL tables: a table or column that is gone, or that older statements break on. */
export function narrowedTables(before: SqlTables, after: SqlTables): string[] {
  return Object.entries(before).flatMap(([owner, tables]) => {
    return Object.entries(tables).flatMap(([table, columns]) => {
      const today = after[owner]?.[table];
      if (today === undefined) return [`${owner}: the table ${table} is gone`];
      return narrowedColumns(columns, today).map((why) => `${owner}: ${table}.${why}`);
    });
  });
}

function narrowedColumns(before: readonly SqlColumn[], after: readonly SqlColumn[]): string[] {
  const known = new Map(before.map((column) => [column.name, column]));
  const today = new Map(after.map((column) => [column.name, column]));
  const changed = before.flatMap(({ name, type, notnull, pk }) => {
    const column = today.get(name);
    if (column === undefined) return [`${name} is gone`];
    const isSame = column.type === type && column.pk === pk && column.notnull <= notnull;
    return isSame ? [] : [`${name} has another type, key or NOT NULL`];
  });
  const added = after.filter(({ name }) => !known.has(name));
  const needed = added.filter(({ notnull, dflt_value }) => notnull === 1 && dflt_value === null);
  return [...changed, ...needed.map(({ name }) => `${name} is new, and needs a default`)];
}
