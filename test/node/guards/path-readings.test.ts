/**
 * Addresses that some server takes for a guarded one, addresses that none does, and the bound of
 * the work for a path.
 */
import { describe, expect, test } from "vitest";
import * as guards from "../../../src/domain/guards/guard.ts";
import { readPath } from "../../../src/domain/guards/path-readings.ts";
import { PATH_SPELLINGS_LENGTH_MAX, PATH_SPELLINGS_MAX } from "../../../src/domain/limits.ts";
import { guardSchema } from "../../../src/domain/sale/guard-schema.ts";

function covers(path: string, target: string, except: readonly string[] = []): boolean {
  const compiled = guards.compileGuard(guardSchema.parse({ host: "*", path, except }));
  const request = guards.guardedRequest("GET", target, { methods: [], paths: [] });
  return guards.covers(compiled, request);
}

describe("guarded like /drops/air:", () => {
  test.each([
    ["a host in front, as `new URL(path, base)` and `urlsplit` see one", "//x/drops/air"],
    ["a host with more slashes", "///x/drops/air"],
    ["a host behind backslashes", "\\\\x/drops/air"],
    ["a host that appears when decoded", "/%2fx/drops/air"],
    ["a host that appears when decoded twice", "/%252fx/drops/air"],
    ["a host with a user and a port", "//a:b@x:80/drops/air"],
    ["a query that appears when decoded", "/drops/air%3fa=b"],
    ["a fragment that appears when decoded", "/drops/air%23top"],
    ["an end that C sees", "/drops/air%00.png"],
    ["a tab, which `new URL` drops", "/dro%09ps/air"],
    ["a line end", "/drops/air%0d%0a"],
    ["a space and dots, which Windows drops", "/drops./air%20."],
    ["an overlong slash", "/drops%c0%afair"],
    ["a longer overlong slash", "/drops%e0%80%afair"],
    ["the longest overlong slash", "/drops%f0%80%80%afair"],
    ["a folder and a space, which Windows drops", "/a/..%20/drops/air"],
    ["a folder with a space in it", "/a/.%20./drops/air"],
    ["a file's stream on Windows", "/drops/air::$DATA"],
    ["an encoded stream", "/drops/air%3a%3a$DATA"],
    ["an overlong letter", "/drops/%c1%a1ir"],
    ["IIS's encoding", "/drops%u002fair"],
    ["a fullwidth slash", "/drops%ef%bc%8fair"],
    ["a fullwidth letter", "/drops/%ef%bd%81ir"],
    ["a long s", "/drop%c5%bf/air"],
    ["a long s, half of it encoded twice", "/drop%25c5%bf/air"],
    ["a parameter that appears when decoded", "/drops/air%3bv=1"],
    ["many decodings", "/drops%25252525252fair"],
    ["a format", "/drops/air.json"],
    ["a format in capitals, encoded", "/drops/air%2eJSON"],
    ["an index", "/drops/air/index.html"],
    ["a front controller", "/index.php/drops/air"],
    ["a front controller in a folder", "/shop/app_dev.php/drops/air"],
    ["several at once", "//x/%64rops;a=b/air.xml%3f#x"],
  ])("%s: %s", (_, target) => {
    expect(covers("/drops/air", target)).toBe(true);
  });

  test.each([
    ["/drops/air.html", "/drops/air"],
    ["/drops/air.html", "/drops/air.json"],
    ["/drops/air/index.html", "/drops/air/"],
    ["/drops/air.php", "/drops/air.php/more"],
    ["/drops/*.html", "/drops/a.html"],
    ["/drops/caf%C3%A9", "/drops/cafe\u0301"],
    ["/drops/caf\u00e9", "/drops/caf%E9"],
    ["/", "/index.html"],
  ])("the guard %s covers %s", (path, target) => {
    expect(covers(path, target)).toBe(true);
  });
});

describe("not guarded:", () => {
  test.each([
    ["/drops/air", "/drops/air.png"],
    ["/drops/air", "/drops/airy"],
    ["/drops/air", "/drops"],
    ["/drops/air", "/x/drops/air"],
    ["/drops/*.html", "/drops/a.png"],
    ["/drops/*", "/open/%E3%83%89%E3%83%AD?x=/drops/air"],
    ["/drops/*", "/"],
    ["/", "/a.css"],
  ])("the guard %s does not cover %s", (path, target) => {
    expect(covers(path, target.split("?")[0] ?? "")).toBe(false);
  });

  test("an exception that names a file with its format", () => {
    const except = ["/vip/help.html", "/vip/data.json", "/vip/assets/*"];
    for (const target of ["/vip/help.html", "/vip/data.json", "/vip/assets/a%20b.js"]) {
      expect(covers("/vip/*", target, except)).toBe(false);
    }
    for (const target of ["/vip/help", "/vip/assets/../buy", "/vip/assets/%2e%2e/buy"]) {
      expect(covers("/vip/*", target, except)).toBe(true);
    }
  });

  test("what programs of others read, even under a guard of everything", () => {
    for (const target of ["/robots.txt", "/.well-known/acme-challenge/x", "/.well-known/a.json"]) {
      expect(covers("/*", target)).toBe(false);
    }
    const spelled = ["/.well-known/../drops/air", "/.well-known%2f..%2fdrops/air", "/ROBOTS.TXT"];
    for (const target of [...spelled, "/x/robots.txt", "/robots.txt/../drops/air"]) {
      expect(covers("/*", target)).toBe(true);
    }
    const request = guards.guardedRequest("GET", "/robots.txt", { methods: [], paths: ["/vip/a"] });
    const guard = guardSchema.parse({ host: "*", path: "/vip/*" });
    expect(guards.covers(guards.compileGuard(guard), request)).toBe(true);
  });
});

test("a path that can be spelled in too many ways is guarded, and nothing is excepted", () => {
  const odd = "/a;b=%3b%2f//c/%2e%2e/%5c..;x/..%00/%c3%a4.%20";
  const few = readPath(odd);
  expect(few.isUnreadable).toBe(false);
  expect(few.readings.length).toBeLessThanOrEqual(2 * PATH_SPELLINGS_MAX);
  const worst = [odd.repeat(20), `/%${"25".repeat(PATH_SPELLINGS_MAX + 1)}2f`, "/%2e".repeat(6000)];
  for (const target of worst) {
    expect(readPath(target).isUnreadable).toBe(true);
    expect(covers("/drops/air", target, ["/*"])).toBe(true);
  }
  const long = `/${"a".repeat(PATH_SPELLINGS_LENGTH_MAX + 1)}`;
  expect(readPath(long)).toEqual({ readings: [long], aliases: [], isUnreadable: false });
});
