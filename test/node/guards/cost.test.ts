/**
 * What one anonymous request can cost the guards: counted in readings of its path and characters of
 * those, which each guard is compared with, not in time.
 */
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { compileGuard, covers, guardedRequest } from "../../../src/domain/guards/guard.ts";
import {
  noteHeaders,
  OVERRIDE_VALUES_MAX,
  OVERRIDES_LENGTH_MAX,
  overridesIn,
  readObeyed,
} from "../../../src/domain/guards/override-headers.ts";
import { PATH_SPELLINGS_LENGTH_MAX, PATH_SPELLINGS_MAX } from "../../../src/domain/limits.ts";
import { guardSchema } from "../../../src/domain/sale/guard-schema.ts";

/** The platform's own limits of an address, and of all headers of a request. */
const ADDRESS_CHARACTERS = 16 * 1024;
const HEADER_CHARACTERS = 128 * 1024;

/** A spelling has two readings; of a file, seven aliases more. */
const TEXTS_OF_A_SPELLING = 9;
const PATHS = 1 + OVERRIDE_VALUES_MAX;
const TEXTS_MAX = PATHS * PATH_SPELLINGS_MAX * TEXTS_OF_A_SPELLING;
const CHARACTERS_MAX =
  PATHS * (PATH_SPELLINGS_LENGTH_MAX + ADDRESS_CHARACTERS) * TEXTS_OF_A_SPELLING;

const NAMES = ["x-original-url", "X-Rewrite-URL", "x_original_uri", "X-Forwarded-Prefix"];
const UNITS = [
  "/",
  ".",
  "..",
  "%2e",
  "%25252f",
  ";",
  "\\",
  "%5c",
  "a",
  ",",
  "%",
  "é",
  "/..;/",
  "/a.php/",
];

function ofLength(unit: string, length: number): string {
  return unit.repeat(Math.ceil(length / unit.length)).slice(0, length);
}

function workOf(path: string, headers: readonly (readonly [string, string])[], obeyed: string) {
  const setting = readObeyed(obeyed);
  if (setting.kind === "unknown") throw new Error(setting.names.join());
  const values = new Map(headers);
  const valueOf = (name: string): string | null => values.get(name) ?? null;
  const overrides = overridesIn(noteHeaders(values.keys()), valueOf, path, setting.obeyed);
  const request = guardedRequest("GET", path, overrides);
  const characters = request.compared.reduce((sum, { length }) => sum + length, 0);
  return { request, texts: request.compared.length, characters };
}

const text = (most: number) => {
  const parts = fc.array(fc.constantFrom(...UNITS), { minLength: 1, maxLength: 12 });
  return fc.tuple(parts, fc.integer({ min: 1, max: most })).map(([units, length]) => {
    return ofLength(units.join(""), length);
  });
};

describe("one request is compared by at most so many texts and characters", () => {
  test("whatever its path and its headers are, and whether the shop obeys them or not", () => {
    const header = fc.tuple(fc.constantFrom(...NAMES), text(HEADER_CHARACTERS / 4));
    const headers = fc.array(header, { maxLength: 4 });
    const path = text(ADDRESS_CHARACTERS).map((rest) => `/${rest}`);
    const obeyed = fc.constantFrom("", NAMES.join(","));
    fc.assert(
      fc.property(path, headers, obeyed, (path, headers, obeyed) => {
        const { texts, characters } = workOf(path, headers, obeyed);
        expect(texts).toBeLessThanOrEqual(TEXTS_MAX);
        expect(characters).toBeLessThanOrEqual(CHARACTERS_MAX);
      }),
      { numRuns: 300 },
    );
  });

  test.each([
    ["encoded slashes in one header", "/%25252f"],
    ["dots with parameters", "/a/..;/b%252e"],
    ["percent signs", "%25"],
    ["semicolons", ";"],
  ])("15 KiB of commas and %s", (_, unit) => {
    const value = ofLength(`${unit},`, 15 * 1024);
    const { characters } = workOf("/free", [["x-original-url", value]], "");
    expect(characters).toBe("/free".length);
  });
});

test("a header too long to be read is in doubt where the shop obeys it, and no matter elsewhere", () => {
  const written = { host: "*", path: "/drops/*", except: ["/*"], methods: ["GET"] };
  const guard = compileGuard(guardSchema.parse(written));
  const headers = [["x-original-url", ofLength("/drops/a", OVERRIDES_LENGTH_MAX + 1)]] as const;
  expect(covers(guard, workOf("/free", headers, "X-Original-URL").request)).toBe(true);
  expect(covers(guard, workOf("/free", headers, "").request)).toBe(false);
});
