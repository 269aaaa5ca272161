/** CSV as programs and spreadsheets read it: quoting, and no text that runs as a formula. */
import Papa from "papaparse";
import { describe, expect, it } from "vitest";
import { csvText } from "../../../src/encoding/csv.ts";

describe("a CSV file", () => {
  it("separates cells by commas and rows by CRLF, and quotes what needs it", () => {
    const rows = [
      ["name", "note", "price"],
      ["Air, Two", 'the "red" one', 12_900],
      ["two\r\nlines", "a;b", null],
    ];
    expect(csvText(rows)).toBe(
      'name,note,price\r\n"Air, Two","the ""red"" one",12900\r\n"two\r\nlines","a;b",\r\n',
    );
  });

  it.each([
    ["=1+1", "'=1+1"],
    ["+491701234567", "'+491701234567"],
    ["-1", "'-1"],
    ["@SUM(A1)", "'@SUM(A1)"],
    ["\t=1+1", "\"'\t'=1+1\""],
    ["\r=1+1", "\"'\r'=1+1\""],
    ['=HYPERLINK("https://evil.example","x")', '"\'=HYPERLINK(""https://evil.example"",""x"")"'],
    ["\uFF1D1+1", "'\uFF1D1+1"],
  ])("has no text that a spreadsheet takes as a formula: %j", (text, field) => {
    expect(csvText([["a", text, "b"]])).toBe(`a,${field},b\r\n`);
  });

  it.each([
    "Ann;=cmd|' /C calc'!A0;x",
    'Ann; "=1+1',
    "Ann;\t@SUM(A1)",
    "Ann\n-2+3",
    "Ann;\uFF1D1+1;+1",
    ";=1",
  ])("has no formula where a spreadsheet splits at semicolons either: %j", (text) => {
    const file = csvText([["ord_1", text, "b"]]);
    for (const delimiter of [",", ";", "\t"]) {
      const cells = Papa.parse<string[]>(file, { delimiter, newline: "\r\n" }).data.flat();
      const lines = cells.flatMap((cell) => cell.split(/[\r\n]/));
      const formulas = lines.filter((cell) => /^[\s"]*[=+\-@\uFF1D\uFF0B\uFF0D\uFF20]/.test(cell));
      expect(formulas, `split at ${JSON.stringify(delimiter)}`).toEqual([]);
    }
  });

  it("writes numbers and booleans as they are", () => {
    expect(csvText([[-5, 0, true, ""]])).toBe("-5,0,true,\r\n");
  });
});
