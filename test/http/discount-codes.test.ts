/**
 * A merchant's discount codes over HTTP: import, add, list, export, disable, delete; and bad files
 * and requests, which name the line or field and change nothing.
 */
import Papa from "papaparse";
import { fetch } from "undici";
import { afterAll, beforeAll, expect, test } from "vitest";
import {
  DISCOUNT_IMPORT_BYTES_MAX,
  DISCOUNT_IMPORT_FAULTS_MAX,
  DISCOUNT_IMPORT_ROWS_MAX,
} from "../../src/domain/limits.ts";
import { MEMBERS } from "./support/merchant-passes.ts";
import { expectProblem, pathsOf } from "./support/problem-checks.ts";
import {
  type Answer,
  connections,
  makeSale,
  type Method,
  type Sluice,
  startSluice,
} from "./support/sluice.ts";

const HEADER = "code,kind,value,items,from,to,uses,uses_per_buyer,lane,shopper";
let sluice: Sluice;

beforeAll(async () => {
  sluice = await startSluice();
  await Promise.all(["file", "one", "bad"].map((sale) => makeSale(sluice, sale, MEMBERS)));
});
afterAll(() => sluice.stop());

const at = (sale: string, rest = "") => `/sales/${sale}/discount-codes${rest}`;

function send(sale: string, file: string, type = "text/csv"): Promise<Answer> {
  return sluice.ask("POST", `/_sluice/admin/v1${at(sale, "/import")}`, {
    headers: { authorization: `Bearer ${sluice.host.adminToken}`, "content-type": type },
    raw: file,
  });
}

async function exported(sale: string): Promise<string> {
  const response = await fetch(`${sluice.host.gateUrl}/_sluice/admin/v1${at(sale, "/export")}`, {
    headers: { authorization: `Bearer ${sluice.host.adminToken}` },
    dispatcher: connections,
  });
  expect(response.headers.get("content-type")).toBe("text/csv; charset=utf-8");
  expect(response.headers.get("content-disposition")).toContain(`discount-codes-${sale}.csv`);
  return response.text();
}

test("codes are imported from a file, and exported by hint and hash with their uses", async () => {
  const file = [
    `\uFEFF${HEADER}`,
    "friends-10,percent,12.5,file-shoe file-sock,2026-11-27T10:00:00Z,,500,1,,",
    '"Thanks-Ann",amount,500,,,2036-01-01T00:00:00Z,1,,members,"=HYPERLINK(""https://e.example"")"',
    "",
  ].join("\r\n");
  const imported = await send("file", file);
  expect([imported.status, imported.body]).toEqual([200, { created: 2, changed: 0, unchanged: 0 }]);
  const sameCodes = file
    .replaceAll("\r\n", "\n")
    .replace("friends-10", "FRIENDS-10")
    .replace("file-shoe file-sock", "file-sock file-shoe");
  const again = await send("file", sameCodes);
  expect(again.body).toEqual({ created: 0, changed: 0, unchanged: 2 });
  const csv = await exported("file");
  expect(csv).not.toMatch(/friends-10|thanks-ann/i);
  const { data, errors } = Papa.parse<Record<string, string>>(csv, {
    header: true,
    skipEmptyLines: true,
  });
  expect(errors).toEqual([]);
  expect(data).toMatchObject([
    {
      id: "1",
      hint: "FR…0",
      kind: "percent",
      value: "12.5",
      items: "file-shoe file-sock",
      from: "2026-11-27T10:00:00.000Z",
      uses: "500",
      uses_per_buyer: "1",
      reserved: "0",
      kept: "0",
    },
    {
      hint: "TH…N",
      kind: "amount",
      value: "500",
      lane: "members",
      shopper: `'=HYPERLINK("https://e.example")`,
    },
  ]);
  expect(data[0]?.["hash"]).toMatch(/^[0-9a-f]{64}$/);
});

test("thousands of codes are imported at once, and read page by page", async () => {
  await makeSale(sluice, "many");
  const rows = Array.from({ length: DISCOUNT_IMPORT_ROWS_MAX }, (_, index) => {
    return `CODE-${index},percent,10,,,,1,,,`;
  });
  const imported = await send("many", [HEADER, ...rows].join("\n"));
  expect(imported.body).toEqual({ created: rows.length, changed: 0, unchanged: 0 });
  const page = await sluice.merchant("GET", at("many", "?limit=1000&after=4000"));
  expect([page.body["codes"]]).toEqual([expect.objectContaining({ length: 1000 })]);
  expect(page.body["next"]).toBe(5000);
  const end = await sluice.merchant("GET", at("many", "?limit=1000&after=5000"));
  expect(end.body).toEqual({ codes: [], next: null });
  expect((await exported("many")).split("\r\n")).toHaveLength(rows.length + 2);
  const more = await send("many", [HEADER, ...rows, "ONE-MORE,percent,10,,,,,,,"].join("\n"));
  expectProblem(more, 422, "invalid_request");
  expect(pathsOf(more)).toEqual(["file"]);
});

test("one code is added, changed, found, disabled and deleted", async () => {
  const code = { code: "Friends-10", kind: "percent", value: 10, usesPerBuyer: 1 };
  const added = await sluice.merchant("POST", at("one"), code);
  expect([added.status, added.body["hint"]]).toEqual([201, "FR…0"]);
  expect(JSON.stringify(added.body)).not.toMatch(/friends-10/i);
  const id = Number(added.body["id"]);
  const same = await sluice.merchant("POST", at("one"), { ...code, code: "FRIENDS-10" });
  expect([same.status, same.body]).toEqual([200, added.body]);
  const changed = await sluice.merchant("POST", at("one"), { ...code, value: 20 });
  expect(changed.body).toMatchObject({ id, value: 20, items: [], uses: null, from: null });
  expect(changed.body["revision"]).not.toBe(added.body["revision"]);
  const found = await sluice.merchant("POST", at("one", "/find"), { code: "friends-10" });
  expect(found.body).toEqual(changed.body);
  const disabled = await sluice.merchant("PATCH", at("one", `/${id}`), { enabled: false });
  expect(disabled.body).toMatchObject({ id, enabled: false });
  expect((await sluice.merchant("GET", at("one", `/${id}`))).body).toEqual(disabled.body);
  expect((await sluice.merchant("DELETE", at("one", `/${id}`))).status).toBe(204);
  for (const method of ["GET", "DELETE"] as const) {
    const gone = await sluice.merchant(method, at("one", `/${id}`));
    expectProblem(gone, 404, "discount_code_not_found");
  }
  const lost = await sluice.merchant("POST", at("one", "/find"), { code: "friends-10" });
  expectProblem(lost, 404, "discount_code_not_found");
});

test.each([
  ["an empty file", "", ["file"]],
  ["a header alone", HEADER, ["file"]],
  ["an unknown column", "code,kind,value,price\nABCD,percent,10,1", ["line 1, column price"]],
  ["a column twice", "code,kind,value,code\nABCD,percent,10,1", ["line 1, column code"]],
  ["semicolons", "code;kind;value\nABCD;percent;10", ["line 1, column code;kind;value"]],
  ["no value", "code,kind\nABCD,percent", ["line 1, column value"]],
  ["a missing cell", "code,kind,value\nABCD,percent", ["line 2"]],
  ["an open quote", 'code,kind,value\nABCD,percent,10\n"ABCE,percent,10', ["line 3"]],
  ["text behind a quote", 'code,kind,value\n"ABCD"x,percent,10', ["line 2"]],
  [
    "the same code twice",
    "code,kind,value\nABCD,percent,10\nEFGH,percent,10\nabcd,percent,20",
    ["line 4, column code"],
  ],
  [
    "a fault in every column",
    [
      HEADER,
      '"good\n",percent,10,,,,,,,',
      'ABC,share,"12,5",coat,tomorrow,,0,-1,vip,',
      "ABCD,percent,100.001,,,,,,,",
    ].join("\n"),
    [
      "line 4, column code",
      "line 4, column kind",
      "line 4, column value",
      "line 4, column from",
      "line 4, column uses",
      "line 4, column uses_per_buyer",
      "line 5, column value",
    ],
  ],
  [
    "what the sale does not have, and times in the wrong order",
    `${HEADER}\nABCD,amount,0.5,coat,2026-02-01T00:00:00Z,2026-01-01T00:00:00Z,,,vip,`,
    ["line 2, column value", "line 2, column items", "line 2, column to", "line 2, column lane"],
  ],
])("a file with %s is refused whole, and its faults are named", async (_, file, paths) => {
  const refused = await send("bad", file);
  expectProblem(refused, 422, "invalid_request");
  expect(pathsOf(refused)).toEqual(paths);
  expect((await sluice.merchant("GET", at("bad"))).body).toEqual({ codes: [], next: null });
});

test("a file that is too large, not CSV, not UTF-8 or full of faults is refused", async () => {
  const large = await send("bad", "x".repeat(DISCOUNT_IMPORT_BYTES_MAX + 1));
  expectProblem(large, 413, "body_too_large");
  const json = await send("bad", "{}", "application/json");
  expect(expectProblem(json, 415, "unsupported_media_type").body["detail"]).toBe(
    "This one takes text/csv. Send what this operation takes, and name it in Content-Type.",
  );
  const latin = await fetch(`${sluice.host.gateUrl}/_sluice/admin/v1${at("bad", "/import")}`, {
    method: "POST",
    headers: { authorization: `Bearer ${sluice.host.adminToken}`, "content-type": "text/csv" },
    body: Buffer.from("code,kind,value\nK\u00d6NIG,percent,10", "latin1"),
    dispatcher: connections,
  });
  expect([latin.status, await latin.json()]).toMatchObject([
    422,
    { errors: [{ path: "file", message: "is not UTF-8" }] },
  ]);
  const faults = await send("bad", `code,kind,value\n${"x\n".repeat(500)}`);
  expect(pathsOf(faults)).toHaveLength(DISCOUNT_IMPORT_FAULTS_MAX);
});

const CODE = { code: "ABCD", kind: "percent", value: 10 };
test.each<readonly [string, Method, string, unknown, string]>([
  ["a short code", "POST", "", { ...CODE, code: "abc" }, "code"],
  ["more than 100 percent", "POST", "", { ...CODE, value: 100.01 }, "value"],
  ["three decimals", "POST", "", { ...CODE, value: 1.005 }, "value"],
  ["part of a cent", "POST", "", { ...CODE, kind: "amount", value: 1.5 }, "value"],
  ["an unknown SKU", "POST", "", { ...CODE, items: ["coat"] }, "items"],
  ["an unknown lane", "POST", "", { ...CODE, lane: "vip" }, "lane"],
  ["an unknown field", "POST", "", { ...CODE, percent: 10 }, "percent"],
  ["an unknown parameter", "GET", "?state=used", undefined, "state"],
  ["an unknown parameter of the export", "GET", "/export?format=xlsx", undefined, "format"],
  ["an id that is none", "GET", "/abc", undefined, "id"],
  ["a change of the rule", "PATCH", "/1", { enabled: true, uses: 5 }, "uses"],
])("%s is refused by name", async (_, method, rest, body, field) => {
  const refused = await sluice.merchant(method, at("bad", rest), body);
  expectProblem(refused, 422, "invalid_request");
  expect(pathsOf(refused)).toEqual([field]);
});

test("a sale that does not exist has no codes", async () => {
  for (const [method, rest, body] of [
    ["GET", "", undefined],
    ["POST", "", CODE],
    ["POST", "/find", { code: "ABCD" }],
    ["GET", "/1", undefined],
    ["PATCH", "/1", { enabled: true }],
    ["DELETE", "/1", undefined],
    ["GET", "/export", undefined],
  ] as const) {
    const refused = await sluice.merchant(method, at("none", rest), body);
    expect(refused.body["code"]).toBe("sale_not_found");
  }
  expectProblem(await send("none", `${HEADER}\nABCD,percent,10,,,,,,,`), 404, "sale_not_found");
});
