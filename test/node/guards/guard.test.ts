/**
 * Guards: what a merchant may write, which requests they cover, and that no spelling of a request
 * evades them.
 */
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { readPath } from "../../../src/domain/guards/path-readings.ts";
import {
  buildGuardTable,
  coveringSales,
  guardsOfHost,
} from "../../../src/domain/guards/guard-table.ts";
import * as guards from "../../../src/domain/guards/guard.ts";
import { hostOf, returnAddress } from "../../../src/domain/guards/url.ts";
import * as limits from "../../../src/domain/limits.ts";
import { guardSchema, type Guard } from "../../../src/domain/sale/guard-schema.ts";
import { saleSchema } from "../../../src/domain/sale/sale.ts";
import { DOCUMENT, saleOf } from "../support/sale-document.ts";

const NO_OVERRIDES = { methods: [], paths: [] };
const many = <Value>(count: number, of: (index: number) => Value): Value[] =>
  Array.from({ length: count }, (_, index) => of(index));

function guard(change: object = {}): Guard {
  return guardSchema.parse({ host: "shop.example", path: "/drops/air/*", ...change });
}

function isCovered(change: object, path: string, method = "GET", overrides: object = {}): boolean {
  const request = guards.guardedRequest(method, path, { ...NO_OVERRIDES, ...overrides });
  return guards.covers(guards.compileGuard(guard(change)), request);
}

test.each([
  ["/drops/", { path: "/drops/*" }],
  ["/drops/air", { path: "/drops/air" }],
  ["/", { path: "/*/up" }],
  ["/d/", { path: "/d/x*/*" }],
  [null, { host: "*.shop.example" }],
  [null, { methods: ["POST"] }],
  [null, { exceptMethods: ["GET"] }],
] as const)("the page to link to is %j for %j", (page, change) => {
  expect(guards.guardedPageOn([guard(change)], "shop.example")).toBe(page);
});

describe("a guard covers", () => {
  test.each([
    ["the whole path", { path: "/drops/air" }, "/drops/air", true],
    ["no more than the whole path", { path: "/drops/air" }, "/drops/air/2", false],
    ["any run of characters in place of a star", { path: "/drops/*" }, "/drops/a/b.html", true],
    ["an empty run in place of a star", { path: "/drops/*" }, "/drops/", true],
    ["a folder named without its slash", { path: "/drops/*" }, "/drops", true],
    ["not a name that only begins the same", { path: "/drops/*" }, "/dropsy", false],
    ["stars in between", { path: "/*/air/*.html" }, "/en/air/one.html", true],
    ["stars in between, in their order", { path: "/*/air/*.html" }, "/en/one.html/air", false],
    ["not parts that would have to overlap", { path: "/a*a" }, "/a", false],
    ["everything by /*", { path: "/*" }, "/", true],
    ["only the first page by /", { path: "/" }, "/other", false],
  ])("%s", (_, change, path, covered) => {
    expect(isCovered(change, path)).toBe(covered);
  });

  test.each([
    ["GET", {}, true],
    ["POST", {}, true],
    ["PURGE", {}, true],
    ["OPTIONS", {}, false],
    ["OPTIONS", { methods: ["OPTIONS"] }, true],
    ["GET", { methods: ["POST"] }, false],
    ["POST", { methods: ["POST"] }, true],
    ["GET", { exceptMethods: ["GET"] }, false],
    ["POST", { exceptMethods: ["GET"] }, true],
  ])("%s with %j: %s", (method, change, covered) => {
    expect(isCovered(change, "/drops/air/one", method)).toBe(covered);
  });

  test("an ambiguous exception, but no clear one", () => {
    const change = { path: "/drops/*", except: ["/drops/public/*", "/*.css"] };
    const excepted = ["/drops/public/a", "/drops/public", "/drops/main.css", "/drops/%6dain.css"];
    expect(excepted.filter((path) => isCovered(change, path))).toEqual([]);
    const ambiguous = ["/drops/PUBLIC/a", "/drops/air%2f..%2fpublic%2fa", "/drops/air;x=.css"];
    expect(ambiguous.filter((path) => !isCovered(change, path))).toEqual([]);
  });

  test("the method and the path that an origin may take from a header", () => {
    const posts = { exceptMethods: ["GET"] };
    expect(isCovered(posts, "/drops/air/one", "GET", { methods: ["POST"] })).toBe(true);
    expect(isCovered({}, "/", "GET", { paths: ["/drops/air/one"] })).toBe(true);
    const excepted = { path: "/*", except: ["/robots.txt"] };
    expect(isCovered(excepted, "/robots.txt", "GET", { paths: ["/drops/air/one"] })).toBe(true);
  });
});

/** Spellings that some origin understands as the same path. */
const spellings: fc.Arbitrary<(path: string) => string> = fc.oneof(
  fc.integer({ min: 1, max: 11 }).map((at) => (path: string) => {
    const code = path.charCodeAt(at).toString(16).padStart(2, "0");
    return `${path.slice(0, at)}%${code}${path.slice(at + 1)}`;
  }),
  fc.nat({ max: 11 }).map((at) => (path: string) => {
    return path.slice(0, at) + path.charAt(at).toUpperCase() + path.slice(at + 1);
  }),
  fc.constantFrom<(path: string) => string>(
    (path) => `/${path}`,
    (path) => `//x${path}`,
    (path) => `/\\x${path}`,
    (path) => `/%2fx${path}`,
    (path) => `${path}%3Fa=b`,
    (path) => `${path}%23`,
    (path) => `${path}%00.html`,
    (path) => `${path}.%20.`,
    (path) => path.replace("air", "ai%09r"),
    (path) => path.replace("/air", "%c0%afair"),
    (path) => path.replace("/air", "%e0%80%afair"),
    (path) => path.replace("/air", "%u002fair"),
    (path) => path.replace("/air", "%ef%bc%8fair"),
    (path) => path.replace("drops", "drop%c5%bf"),
    (path) => `/x/..${path}`,
    (path) => `/.${path}`,
    (path) => `/%2e${path}`,
    (path) => `/x/%2E%2e${path}`,
    (path) => path.replaceAll("/", "//"),
    (path) => path.replace("/air", "\\air"),
    (path) => `/..%2fx%2f..${path}`,
    (path) => path.replace("/air", "%2fair"),
    (path) => path.replace("/air", ";session=1/air"),
    (path) => `${path};v=2`,
    (path) => `${path}/`,
    (path) => path.replaceAll("%", "%25"),
  ),
);

/** Understood where a decoded backslash separates names, as on Windows. */
const onWindows = fc.constant((path: string) => path.replace("/air", "%5Cair"));

/** Understood where it is a character of a name: these lead out of the guard on Windows only. */
const elsewhere = fc.constantFrom<(path: string) => string>(
  (path) => `${path}%5c..%5c..%5c..%5copen`,
  (path) => path.replace("/air", ";v=2%5c..%5c..%5copen/air"),
);

function someOf(spelling: fc.Arbitrary<(path: string) => string>) {
  return fc.array(spelling, { minLength: 1, maxLength: 3 });
}

/** Paths that some framework routes to the same page. */
const aliases = fc.constantFrom<(path: string) => string>(
  (path) => path,
  (path) => `/index.php${path}`,
  (path) => `${path}.json`,
  (path) => `${path}/index.html`,
);

const UNITS = ["/", ".", "%", "2", "5", "e", "E", ";", "\\", "é", "a", "\0"];

describe("no spelling evades a guard:", () => {
  test("a guarded path stays guarded through any sequence of spellings", () => {
    const ways = fc.oneof(
      someOf(fc.oneof({ weight: 9, arbitrary: spellings }, { weight: 1, arbitrary: onWindows })),
      someOf(fc.oneof({ weight: 9, arbitrary: spellings }, { weight: 2, arbitrary: elsewhere })),
    );
    const patterns = fc.constantFrom("/drops/air/*", "/drops/*", "/*");
    const law = fc.property(ways, aliases, patterns, (spelled, alias, path) => {
      const text = spelled.reduce((written, way) => way(written), alias("/drops/air/a"));
      expect({ text, covered: isCovered({ path }, text) }).toEqual({ text, covered: true });
    });
    fc.assert(law, { numRuns: 1000 });
  });

  test.each([
    "/drops/air/../../open",
    "/drops\\..\\open",
    "//drops/..;/open",
    "/drops/..%2fopen",
    "/%2e%2e%2f%2e%2e%2fdrops%2fair%5c..%5c..%5copen",
    "/%64rops/%2e%2e/open",
  ])("%s is guarded for a shop that resolves its dots and for one that leaves them", (text) => {
    expect(isCovered({ path: "/drops/*" }, text)).toBe(true);
    expect(isCovered({ path: "/open" }, text)).toBe(true);
  });

  test.each([
    "/a%2fb/%2e%2e/drops/air",
    "/a%2fb/.%2E/d%2572ops/air",
    "/drops//../air",
    "/x/%2e%2e/drops/air/..%2f..%2fopen",
    "/a%252fb/%252e%252e/drops/air",
  ])("%s is guarded, because it is forwarded as the URL standard normalizes it", (text) => {
    expect(isCovered({ path: "/drops/air*" }, text)).toBe(true);
  });

  test("any text has readings, and a plain path has only itself", () => {
    const texts = fc.string({ unit: fc.constantFrom(...UNITS), maxLength: 40 });
    const law = fc.property(texts, (text) => {
      const { readings, aliases, isUnreadable } = readPath(text);
      for (const reading of isUnreadable ? [] : [...readings, ...aliases]) {
        expect(reading === text || reading.startsWith("/")).toBe(true);
      }
    });
    fc.assert(law);
    const plain = { readings: ["/drops/air"], aliases: [], isUnreadable: false };
    expect(readPath("/drops/air")).toEqual(plain);
  });
});

describe("hosts", () => {
  test.each([
    ["https://shop.example/a", "shop.example"],
    ["https://SHOP.Example:8443/a", "shop.example"],
    ["https://shop.example.?x", "shop.example"],
    ["https://shop.example..:443/", "shop.example"],
    ["https://a:b@shop.example/", "shop.example"],
    ["http://[2001:db8::1]:80/", "[2001:db8::1]"],
  ])("%s is %s", (url, host) => {
    expect(hostOf(url)).toBe(host);
  });

  test.each([
    ["shop.example", "shop.example", true],
    ["shop.example", "www.shop.example", false],
    ["*.shop.example", "www.shop.example", true],
    ["*.shop.example", "a.b.shop.example", true],
    ["*.shop.example", "shop.example", false],
    ["*.shop.example", "evilshop.example", false],
    ["*", "anything.example", true],
  ])("%s guards %s: %s", (pattern, host, guarded) => {
    const sale = saleOf({}, { guards: [{ host: pattern, path: "/*" }] });
    const table = buildGuardTable([{ sale, revision: 1 }]);
    expect(guardsOfHost(table, host).length === 1).toBe(guarded);
  });

  test("sales that guard the same address are listed in the order of their ids", () => {
    const of = (id: string, host: string) => {
      return { sale: saleOf({}, { id, guards: [{ host, path: "/*" }] }), revision: 1 };
    };
    const table = buildGuardTable([of("c", "*"), of("b", "shop.example"), of("a", "*.example")]);
    const request = guards.guardedRequest("GET", "/x", NO_OVERRIDES);
    const found = coveringSales(guardsOfHost(table, "shop.example"), request);
    expect(found.map(({ sale }) => sale.id)).toEqual(["a", "b", "c"]);
  });
});

describe("an address to return to is one of this host:", () => {
  test.each([
    ["https://shop.example/drops?size=42", "/drops?size=42"],
    ["https://shop.example//evil.example/x?y", "/evil.example/x?y"],
    ["https://shop.example/\\evil.example", "/evil.example"],
    ["https://shop.example", "/"],
    ["https://shop.example?x=1", "/?x=1"],
  ])("%s → %s", (url, address) => {
    expect(returnAddress(url)).toBe(address);
  });

  test("one that is too long is the shop's first page", () => {
    const most = `/${"a".repeat(limits.RETURN_PATH_LENGTH_MAX - 1)}`;
    expect(returnAddress(`https://shop.example${most}`)).toBe(most);
    expect(returnAddress(`https://shop.example${most}a`)).toBe("/");
  });
});

describe("a bad guard or bypass names the path of its fault:", () => {
  const guarded = (change: object) => ({ guards: [{ ...guard(), ...change }] });
  const bypass = (change: object) => ({ bypass: change });
  const sha256 = "0".repeat(64);
  const cases: [path: string, change: object][] = [
    ["guards.0.host", guarded({ host: "shop.example:443" })],
    ["guards.0.host", guarded({ host: "https://shop.example" })],
    ["guards.0.host", guarded({ host: "shop.*" })],
    ["guards.0.path", guarded({ path: "/a?b" })],
    ["guards.0.path", guarded({ path: "/a/../b" })],
    ["guards.0.path", guarded({ path: "//a" })],
    ["guards.0.path", guarded({ path: `/${"a".repeat(limits.GUARD_PATH_LENGTH_MAX)}` })],
    ["guards.0.except.0", guarded({ except: ["b"] })],
    ["guards.0.except", guarded({ except: many(limits.GUARD_EXCEPTIONS_MAX + 1, () => "/a") })],
    ["guards.0.methods.0", guarded({ methods: ["get"] })],
    ["guards.0.methods", guarded({ methods: [] })],
    ["guards.0.exceptMethods", guarded({ exceptMethods: many(21, () => "GET") })],
    ["guards.0", guarded({ query: "x" })],
    ["bypass.addresses.0", bypass({ addresses: ["192.0.2.0/33"] })],
    ["bypass.addresses.0", bypass({ addresses: ["shop.example"] })],
    ["bypass.addresses", bypass({ addresses: many(101, () => "192.0.2.1") })],
    ["bypass.tokens.0.sha256", bypass({ tokens: [{ id: "a", sha256: "secret" }] })],
    ["bypass.tokens", bypass({ tokens: many(21, () => ({ id: "a", sha256 })) })],
    ["bypass.healthChecks.0.path", bypass({ healthChecks: [{ path: "up" }] })],
    ["bypass.healthChecks", bypass({ healthChecks: many(21, () => ({ path: "/up" })) })],
    ["onFailure", { onFailure: "maybe" }],
    ["waitingPage.status", { waitingPage: { status: 201 } }],
    ["items", { items: [], guards: [] }],
  ];

  test.each(cases)("%s", (path, change) => {
    const parsed = saleSchema.safeParse({ ...DOCUMENT, ...change });
    expect(parsed.error?.issues.map((issue) => issue.path.join("."))).toEqual([path]);
  });

  test("as much as the limits allow, and a sale with guards only, are accepted", () => {
    const change = {
      items: [],
      guards: many(limits.GUARDS_PER_SALE_MAX, () => ({
        host: "*.SHOP.example",
        path: `/${"a".repeat(limits.GUARD_PATH_LENGTH_MAX - 1)}`,
        except: many(limits.GUARD_EXCEPTIONS_MAX, () => "/a"),
        methods: many(limits.GUARD_METHODS_MAX, () => "POST"),
      })),
      bypass: {
        addresses: many(limits.BYPASS_ADDRESSES_MAX, () => "2001:db8::/32"),
        tokens: many(limits.BYPASS_TOKENS_MAX, () => ({ id: "a", sha256 })),
        healthChecks: many(limits.BYPASS_HEALTH_CHECKS_MAX, () => ({ path: "/up" })),
        verifiedCrawlers: true,
      },
    };
    expect(saleOf({}, change).guards[0]?.host).toBe("*.shop.example");
  });
});
