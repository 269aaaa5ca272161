/**
 * The query of every operation: a parameter that it does not have, or that is given twice, is
 * refused by name, so that no misspelt filter answers with a list of everything.
 */
import { afterAll, beforeAll, expect, test } from "vitest";
import { z } from "zod";
import { expectNoChange, expectProblem, pathsOf } from "./support/problem-checks.ts";
import { makeSale, type Method, type Sluice, startSluice } from "./support/sluice.ts";

const SALE = "bad-query";
let sluice: Sluice;
beforeAll(async () => {
  sluice = await startSluice();
  await makeSale(sluice, SALE);
});
afterAll(() => sluice.stop());

const parameter = z.union([
  z.looseObject({ name: z.string(), in: z.string(), example: z.unknown() }),
  z.object({ $ref: z.string() }),
]);
const operation = z.looseObject({ parameters: z.array(parameter).default([]) });
const document = z.object({ paths: z.record(z.string(), z.record(z.string(), operation)) });
const METHODS: readonly Method[] = ["GET", "PUT", "POST", "PATCH", "DELETE"];

interface Operation {
  readonly method: Method;
  readonly at: string;
  readonly query: readonly { readonly name: string; readonly example?: unknown }[];
}

/** All but what Stripe calls, at an address that the merchant types in at Stripe. */
async function operations(): Promise<Operation[]> {
  const { paths } = document.parse((await sluice.ask("GET", "/_sluice/openapi.json")).body);
  return Object.entries(paths)
    .filter(([path]) => /^\/(admin\/)?v1\//.test(path) && path !== "/v1/webhooks/stripe")
    .flatMap(([path, described]) =>
      METHODS.flatMap((method): Operation[] => {
        const found = described[method.toLowerCase()];
        if (found === undefined) return [];
        const query = found.parameters.flatMap((each) => {
          return "name" in each && each.in === "query" ? [each] : [];
        });
        return [{ method, at: `/_sluice${path.replace("{sale}", SALE)}`, query }];
      }),
    );
}

async function expectRefused(
  { method, at }: Operation,
  query: string,
  paths: readonly string[],
): Promise<void> {
  const headers = { authorization: `Bearer ${sluice.host.adminToken}` };
  const answer = await sluice.ask(method, `${at}?${query}`, { headers });
  expectProblem(answer, 422, "invalid_request");
  expect({ method, at, paths: pathsOf(answer) }).toEqual({ method, at, paths });
}

test("an unknown parameter is refused by name, by every operation", async () => {
  const all = await operations();
  expect(all.length).toBeGreaterThan(40);
  await expectNoChange(sluice, SALE, async () => {
    for (const each of all) {
      await expectRefused(each, "colour=red&__proto__=1&size", ["colour", "__proto__", "size"]);
    }
  });
});

test("a parameter that is given twice is refused by name", async () => {
  const all = (await operations()).filter(({ query }) => query.length > 0);
  expect(all.length).toBeGreaterThan(5);
  for (const each of all) {
    for (const { name, example } of each.query) {
      const once = `${name}=${encodeURIComponent(String(example))}`;
      await expectRefused(each, `${once}&${once}`, [name]);
    }
  }
});

test("a whole number is written in digits", async () => {
  for (const limit of ["", " 1", "1e2", "0x10", "1.0", "+1", "99999999999999999999", "0", "-1"]) {
    const answer = await sluice.merchant("GET", `/orders?limit=${encodeURIComponent(limit)}`);
    expectProblem(answer, 422, "invalid_request");
    expect(pathsOf(answer)).toEqual(["limit"]);
  }
  expect((await sluice.merchant("GET", "/orders?limit=1")).status).toBe(200);
});
