/**
 * Makes a valid document invalid: one place violates its schema, or the text is not JSON.
 *
 * Guarantee: the result is certainly invalid, because it uses only rules that the schema states,
 * and not, for instance, the format of instants.
 */
import { z } from "zod";
import type { Random } from "../seeded-random.ts";
import { chance, oddText, pick, wholeIn } from "./input.ts";
import type { Schema } from "./routes.ts";

type Json = null | boolean | number | string | Json[] | { [key: string]: Json };
const jsonSchema: z.ZodType<Json> = z.json();
type Step = string | number;

interface Place {
  readonly at: readonly Step[];
  readonly schema: Schema;
  readonly value: Json;
}

function placesIn(schema: Schema, value: Json, at: readonly Step[] = []): Place[] {
  const here: Place = { at, schema, value };
  if (Array.isArray(value)) {
    const { items } = schema;
    if (items === undefined) return [here];
    return [here, ...value.flatMap((item, index) => placesIn(items, item, [...at, index]))];
  }
  if (value === null || typeof value !== "object") return [here];
  const inner = Object.entries(value).flatMap(([key, member]) => {
    const of = schema.properties?.[key];
    return of === undefined ? [] : placesIn(of, member, [...at, key]);
  });
  return [here, ...inner];
}

/**
 * Returns an invalid JSON text for the value at a place, or null if it does not apply. Text rather
 * than a value, because JSON text can also have duplicate names, or numbers too large for a value.
 */
type Spoil = (random: Random, place: Place) => string | null;

const text = (value: Json): string => JSON.stringify(value);

const OF_ALL_TYPES: readonly (readonly [string, string])[] = [
  ["string", '"text"'],
  ["number", "7"],
  ["boolean", "true"],
  ["null", "null"],
  ["array", "[]"],
  ["object", "{}"],
];

function typesOf({ type, anyOf, enum: values, const: only }: Schema): Set<string> {
  const own = type === undefined ? [] : [type].flat();
  const named = [...own, ...(anyOf ?? []).flatMap((one) => [...typesOf(one)])];
  const listed = [...(values ?? []), ...(only === undefined ? [] : [only])].map((one) => {
    return one === null ? "null" : typeof one;
  });
  return new Set([...named, ...listed].map((one) => (one === "integer" ? "number" : one)));
}

const wrongType: Spoil = (random, { schema }) => {
  const types = typesOf(schema);
  if (types.size === 0) return null;
  return pick(
    random,
    OF_ALL_TYPES.filter(([type]) => !types.has(type)),
  )[1];
};

const UNKNOWN_FIELDS: readonly ((random: Random) => readonly [string, string])[] = [
  () => ["surprise", "1"],
  () => ["constructor", '{"prototype":{"admin":true}}'],
  () => ["prototype", "{}"],
  () => ["toString", '"x"'],
  () => ["hasOwnProperty", "null"],
  () => ["", "1"],
  () => ["\u0000", "1"],
  () => ["sku\u200b", '"x"'],
  () => ["admin", "true"],
  () => ["price", "1"],
  () => ["status", '"confirmed"'],
  () => ["$where", '"1"'],
  () => ["v", "2"],
  (random) => ["deep", nested(wholeIn(random, 100, 6000), "[", "]")],
  (random) => ["deeper", nested(wholeIn(random, 100, 1500), '{"a":', "}", "1")],
  (random) => [`k${wholeIn(random, 0, 1e9)}`, text(oddText(random))],
  () => ["huge", "1e999"],
  () => ["long", `1${"0".repeat(4000)}`],
];

function nested(depth: number, open: string, close: string, inner = ""): string {
  return open.repeat(depth) + inner + close.repeat(depth);
}

function members(value: { [key: string]: Json }): string[] {
  return Object.entries(value).map(([key, member]) => `${text(key)}:${text(member)}`);
}

const unknownField: Spoil = (random, { schema, value }) => {
  if (value === null || typeof value !== "object" || Array.isArray(value)) return null;
  if (schema.additionalProperties !== false) return null;
  const [key, json] = pick(random, UNKNOWN_FIELDS)(random);
  if (schema.properties !== undefined && Object.hasOwn(schema.properties, key)) return null;
  const all = members(value);
  all.splice(wholeIn(random, 0, all.length), 0, `${text(key)}:${json}`);
  return `{${all.join(",")}}`;
};

const missingField: Spoil = (random, { schema, value }) => {
  if (value === null || typeof value !== "object" || Array.isArray(value)) return null;
  const required = schema.required ?? [];
  if (required.length === 0) return null;
  const without = pick(random, required);
  return `{${members(value)
    .filter((member) => !member.startsWith(`${text(without)}:`))
    .join(",")}}`;
};

/** A duplicate field: the last one counts, and its type is wrong. */
const twice: Spoil = (random, { schema, value }) => {
  if (value === null || typeof value !== "object" || Array.isArray(value)) return null;
  const named = Object.entries(schema.properties ?? {}).filter(([, one]) => typesOf(one).size > 0);
  if (named.length === 0) return null;
  const [key, one] = pick(random, named);
  const wrong = wrongType(random, { at: [], schema: one, value: null });
  return wrong === null ? null : `{${[...members(value), `${text(key)}:${wrong}`].join(",")}}`;
};

const badString: Spoil = (random, { schema, value }) => {
  if (typeof value !== "string" || schema.type !== "string") return null;
  const { maxLength, minLength, pattern, enum: values } = schema;
  const ways = [
    maxLength === undefined ? null : "x".repeat(maxLength + 1),
    minLength === undefined || minLength < 1 ? null : "",
    values === undefined ? null : `${String(values[0])}\u0000`,
    values === undefined ? null : String(values[0]).toUpperCase().concat("!"),
    pattern === undefined ? null : oddOutside(random, pattern),
  ].filter((one) => one !== null);
  return ways.length === 0 ? null : text(pick(random, ways));
};

function oddOutside(random: Random, pattern: string): string | null {
  const odd = oddText(random);
  const known = new RegExp(pattern, "u");
  // Host names are converted to lower case before they are checked.
  return [odd, odd.toLowerCase()].some((text) => known.test(text)) ? null : odd;
}

const badNumber: Spoil = (random, { schema, value }) => {
  if (typeof value !== "number") return null;
  const { maximum, minimum } = schema;
  const ways = [
    "1e999",
    "-1e999",
    ...(maximum === undefined ? [] : [String(maximum + 1), `${maximum}e9`, "9".repeat(60)]),
    ...(minimum === undefined ? [] : [String(minimum - 1), "-9".concat("9".repeat(40))]),
    ...(schema.type === "integer" ? ["0.5", "1.0000001", "5e-324"] : []),
    ...(minimum !== undefined && minimum > 0 ? ["-0", "0"] : []),
  ];
  return pick(random, ways);
};

const badList: Spoil = (_, { schema, value }) => {
  if (!Array.isArray(value)) return null;
  const { maxItems, minItems } = schema;
  if (maxItems !== undefined && maxItems <= 100) {
    return text(Array.from({ length: maxItems + 1 }, () => value[0] ?? 0));
  }
  return minItems !== undefined && minItems > 0 ? "[]" : null;
};

const SPOILS: readonly Spoil[] = [
  wrongType,
  wrongType,
  unknownField,
  unknownField,
  missingField,
  twice,
  badString,
  badNumber,
  badList,
];

/** The document as text, with the value at one place replaced. */
function textWith(value: Json, at: readonly Step[], replacement: string): string {
  const [first, ...rest] = at;
  if (first === undefined) return replacement;
  if (Array.isArray(value)) {
    const items = value.map((item, index) =>
      index === first ? textWith(item, rest, replacement) : text(item),
    );
    return `[${items.join(",")}]`;
  }
  if (value === null || typeof value !== "object") return replacement;
  const all = Object.entries(value).map(([key, member]) => {
    return `${text(key)}:${key === first ? textWith(member, rest, replacement) : text(member)}`;
  });
  return `{${all.join(",")}}`;
}

/** The example document with one violation of its schema. */
export function spoiled(random: Random, schema: Schema, example: object): string {
  const whole = jsonSchema.parse(example);
  const places = placesIn(schema, whole);
  for (;;) {
    const place = pick(random, places);
    const invalid = pick(random, SPOILS)(random, place);
    if (invalid !== null) return textWith(whole, place.at, invalid);
  }
}

/** Text that is not JSON, or not a document of any schema. */
export function noJson(random: Random, example: object): string | Uint8Array {
  const good = JSON.stringify(example);
  const ways: readonly (() => string | Uint8Array)[] = [
    () => good.slice(0, wholeIn(random, 1, good.length - 1)),
    () => `${good}${pick(random, ["}", "]", "x", good, "\u0000"])}`,
    () => good.replaceAll('"', "'"),
    () => good.replace(/}$/, ",}"),
    () => good.replace(/:/, ":NaN,"),
    () => `/* */${good}`,
    () => `)]}',\n${good}`,
    () => pick(random, ["NaN", "undefined", "Infinity", "0x10", "'a'", "{a:1}", "[,]", "01", "+1"]),
    () => `{"a":"${String.fromCharCode(wholeIn(random, 0, 31))}"}`,
    () => '{"a":"\\u12"}',
    () => '{"a":"\\x41"}',
    () => nested(wholeIn(random, 100, 8000), "[", ""),
    () => nested(wholeIn(random, 100, 2000), '{"a":', ""),
    () => Buffer.from([0xff, 0xfe, 0x7b, 0x00, 0x7d, 0x00]),
    () => Buffer.from(good, "utf16le"),
    () => Buffer.from([0x7b, 0x80, 0x7d]),
    () => Buffer.concat([Buffer.from([0x1f, 0x8b, 8, 0]), Buffer.from(good)]),
  ];
  return pick(random, ways)();
}

/** Adds, to one in ten, a byte order mark or white space around the body. */
export function wrapped(random: Random, body: string): string {
  if (chance(random, 0.9)) return body;
  return pick(random, [`\ufeff${body}`, `\n\t ${body}\r\n`, `${body}${" ".repeat(300)}`]);
}
