/**
 * The sale document: a bad one names the path of its fault, a good one gets its defaults, and
 * changes that may not be made are refused.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { PROJECT_ROOT } from "../../../scripts/project-root.ts";
import * as sales from "../../../src/domain/sale/sale.ts";
import { phaseAt, scheduleOf } from "../../../src/domain/sale/schedule.ts";
import { DOCUMENT, ENDS_MS, OPENS_MS, saleOf, STARTS_MS } from "../support/sale-document.ts";

const [FIRST, SECOND] = DOCUMENT.items;
const rules = (change: object) => ({ admission: { ...DOCUMENT.admission, ...change } });
const items = (change: object) => ({ items: [{ ...FIRST, ...change }, SECOND] });
const many = (count: number, of: (index: number) => object) =>
  Array.from({ length: count }, (_, i) => of(i));

const TURNSTILE = { kind: "turnstile", siteKey: "1x00000000000000000000AA" };
const hosts = (count: number) => Array.from({ length: count }, (_, at) => `s${at}.example`);
const altcha = (maxNumber: number, cost: number, expiresSeconds: number) => {
  return { protection: { kind: "altcha", maxNumber, cost, expiresSeconds } };
};

describe("a bad document names the path of its fault:", () => {
  const cases: [path: string, change: object][] = [
    ["id", { id: "Air One" }],
    ["id", { id: "a".repeat(65) }],
    ["id", { id: undefined }],
    ["title", { title: "" }],
    ["title", { title: "a".repeat(201) }],
    ["currency", { currency: "eur" }],
    ["opensAt", { opensAt: "yesterday" }],
    ["opensAt", { opensAt: "2026-11-27T09:00:00+01:00" }],
    ["opensAt", { opensAt: "2026-02-30T09:00:00Z" }],
    ["opensAt", { opensAt: "2026-11-27T10:00:01Z" }],
    ["endsAt", { endsAt: "2026-11-27T10:00:00Z" }],
    ["guards.0.path", { guards: [{ host: "shop.example", path: "drops" }] }],
    ["guards.0.host", { guards: [{ host: "", path: "/" }] }],
    ["guards", { guards: many(51, () => ({ host: "shop.example", path: "/" })) }],
    ["items", { items: [], guards: [] }],
    ["items", { items: many(101, (index) => ({ ...FIRST, sku: `S${index}` })) }],
    ["items.0.sku", items({ sku: "-bad" })],
    ["items.1.sku", { items: [FIRST, FIRST] }],
    ["items.0.price", items({ price: 0 })],
    ["items.0.price", items({ price: 12.5 })],
    ["items.0.price", items({ price: "12900" })],
    ["items.0.stock", items({ stock: 500.5 })],
    ["items.0.stock", items({ stock: 10_000_001 })],
    ["items.0.buffer", items({ buffer: 501 })],
    ["items.0.limitPerBuyer", items({ limitPerBuyer: 0 })],
    ["items.0", items({ colour: "red" })],
    ["admission.method", rules({ method: "auction" })],
    ["admission.ratePerMinute", rules({ ratePerMinute: 0 })],
    ["admission.maxActive", rules({ maxActive: 0 })],
    ["admission.sessionSeconds", rules({ sessionSeconds: 29 })],
    ["admission.claimWindowSeconds", rules({ claimWindowSeconds: 4 })],
    ["admission.claimWindowSeconds", rules({ claimWindowSeconds: 3601 })],
    ["admission.holdSeconds", rules({ holdSeconds: 5 })],
    ["admission.overcall", rules({ overcall: 0.9 })],
    ["admission.ordersPerAdmission", rules({ ordersPerAdmission: 0 })],
    ["admission", rules({ speed: 1 })],
    ["lanes.0.id", { lanes: [{ id: "general" }] }],
    ["lanes.1.id", { lanes: [{ id: "vip" }, { id: "vip" }] }],
    ["lanes.0.weight", { lanes: [{ id: "vip", weight: 0 }] }],
    ["lanes", { lanes: many(8, (index) => ({ id: `lane-${index}` })) }],
    ["expectedShoppers", { expectedShoppers: 0 }],
    ["replay.handling", { replay: { handling: "shoot" } }],
    ["replay.address", { replay: { handling: "refuse", address: "yes" } }],
    ["replay", { replay: { device: "any" } }],
    ["protection.kind", { protection: { kind: "moat" } }],
    ["protection", { protection: { kind: "none", siteKey: TURNSTILE.siteKey } }],
    ["protection.siteKey", { protection: { kind: "turnstile" } }],
    ["protection.siteKey", { protection: { ...TURNSTILE, siteKey: '"><script>' } }],
    ["protection.onUnavailable", { protection: { ...TURNSTILE, onUnavailable: "open" } }],
    ["protection.hostnames.0", { protection: { ...TURNSTILE, hostnames: ["https://a.example"] } }],
    ["protection.hostnames", { protection: { ...TURNSTILE, hostnames: hosts(11) } }],
    ["protection.maxNumber", { protection: { kind: "altcha", maxNumber: 1 } }],
    ["protection.maxNumber", { protection: { kind: "altcha", maxNumber: 1_000_001 } }],
    ["protection.cost", { protection: { kind: "altcha", cost: 0 } }],
    ["protection.memoryKiB", { protection: { kind: "altcha", memoryKiB: 2000 } }],
    ["protection.memoryKiB", { protection: { kind: "altcha", memoryKiB: 32_768 } }],
    ["protection.memoryKiB", { protection: { kind: "altcha", memoryKiB: 2048, cost: 5000 } }],
    ["protection.cost", { protection: { kind: "altcha", cost: 100_001 } }],
    ["protection.expiresSeconds", { protection: { kind: "altcha", expiresSeconds: 29 } }],
    ["protection.expiresSeconds", { protection: { kind: "altcha", expiresSeconds: 3601 } }],
    ["", { surprise: true }],
  ];
  test.each(cases)("%s in %j", (path, change) => {
    const parsed = sales.saleSchema.safeParse({ ...DOCUMENT, ...change });
    const paths = parsed.error?.issues.map((issue) => issue.path.join("."));
    expect(paths).toEqual([path]);
  });

  test("a negative stock is named, although it also makes the buffer too large", () => {
    const parsed = sales.saleSchema.safeParse({ ...DOCUMENT, ...items({ stock: -1 }) });
    const paths = parsed.error?.issues.map((issue) => issue.path.join("."));
    expect(paths).toContain("items.0.stock");
  });

  test("every fault is named, not only the first", () => {
    const change = {
      ...items({ buffer: 501 }),
      ...rules({ holdSeconds: 5 }),
      endsAt: DOCUMENT.opensAt,
    };
    const parsed = sales.saleSchema.safeParse({ ...DOCUMENT, ...change });
    const paths = parsed.error?.issues.map((issue) => issue.path.join("."));
    expect(paths?.toSorted()).toEqual(["admission.holdSeconds", "endsAt", "items.0.buffer"]);
  });
});

describe("a document at its limits is accepted:", () => {
  test.each([
    ["opening at the start", { opensAt: DOCUMENT.startsAt }],
    ["a hundred items", { items: many(100, (index) => ({ ...FIRST, sku: `S${index}` })) }],
    ["all stock kept back", items({ buffer: 500 })],
    ["seven lanes beside general", { lanes: many(7, (index) => ({ id: `lane-${index}` })) }],
    ["a hold just longer than a payment may take", rules({ holdSeconds: 6 })],
    ["a widget on ten hosts", { protection: { ...TURNSTILE, hostnames: hosts(10) } }],
    ["the hardest proof", altcha(1_000_000, 100_000, 3600)],
    ["the easiest proof", altcha(2, 1, 30)],
  ])("%s", (_, change) => {
    expect(sales.saleSchema.safeParse({ ...DOCUMENT, ...change }).success).toBe(true);
  });

  test("what is left out has its default", () => {
    const { id, title, currency, opensAt, startsAt, endsAt } = DOCUMENT;
    const least = { id, title, currency, opensAt, startsAt, endsAt };
    const item = { sku: "AIR-42", name: "Air One", price: 1, stock: 1 };
    expect(sales.saleSchema.parse({ ...least, items: [item] })).toEqual({
      ...least,
      items: [{ ...item, buffer: 0, limitPerBuyer: 1 }],
      guards: [],
      bypass: { addresses: [], tokens: [], verifiedCrawlers: false, healthChecks: [] },
      onFailure: "closed",
      waitingPage: { status: 200, jsonStatus: 429 },
      lanes: [],
      admission: DOCUMENT.admission,
      expectedShoppers: 10_000,
      replay: { handling: "allow", address: false },
      protection: { kind: "none" },
    });
  });
});

describe("a changed document", () => {
  const before = saleOf();
  const refusals = (after: sales.Sale, wasOpen = true): string[] =>
    sales.revisionRefusals(before, after, wasOpen).map(({ path }) => path.join("."));

  test.each([
    ["currency", saleOf({}, { currency: "USD" })],
    ["admission.method", saleOf({ method: "fifo" })],
    ["items", saleOf({}, { items: [FIRST] })],
    ["items.0.stock", saleOf({}, items({ stock: 501 }))],
    ["items.1.stock", saleOf({}, { items: [SECOND, { ...FIRST, stock: 499 }] })],
    ["lanes", saleOf({}, { lanes: [] })],
  ])("may not change %s while shoppers or stock rely on it", (path, after) => {
    expect(refusals(after)).toEqual([path]);
  });

  test("may choose another method until the sale opens", () => {
    expect(refusals(saleOf({ method: "fifo" }), false)).toEqual([]);
    expect(refusals(saleOf({ method: "fifo" }), true)).toEqual(["admission.method"]);
  });

  test("may change prices, limits, times and rates, and add items and lanes", () => {
    const after = saleOf(
      { ratePerMinute: 1, maxActive: 1 },
      {
        title: "More",
        endsAt: "2026-11-27T13:00:00Z",
        items: [{ ...FIRST, price: 1, limitPerBuyer: 9 }, SECOND, { ...FIRST, sku: "NEW" }],
        lanes: [{ id: "vip" }, { id: "members", weight: 7 }],
      },
    );
    expect(refusals(after)).toEqual([]);
    expect(refusals(before)).toEqual([]);
  });

  test("is refused with a message that says what to do instead", () => {
    const [refused] = sales.revisionRefusals(before, saleOf({}, items({ stock: 501 })), true);
    expect(refused?.message).toContain("POST /skus/AIR-42/movements");
  });
});

describe("what follows from a document", () => {
  test("the phase: a boundary belongs to the phase that begins with it", () => {
    const schedule = scheduleOf(saleOf());
    const phases = [OPENS_MS - 1, OPENS_MS, STARTS_MS - 1, STARTS_MS, ENDS_MS - 1, ENDS_MS];
    expect(phases.map((now) => phaseAt(schedule, now))).toEqual([
      "scheduled",
      "prequeue",
      "prequeue",
      "live",
      "live",
      "ended",
    ]);
  });

  test("the lanes: general first, with weight 1", () => {
    expect(sales.lanesOf(saleOf())).toEqual([
      { id: "general", weight: 1 },
      { id: "members", weight: 2 },
    ]);
  });

  test.each([
    [1, 1],
    [5000, 1],
    [5001, 2],
    [100_000, 20],
    [10_000_000, 64],
  ])("the booths: for %i expected shoppers %i", (expectedShoppers, booths) => {
    expect(sales.boothsOf(saleOf({}, { expectedShoppers }))).toBe(booths);
  });

  test("an item by its SKU, or none", () => {
    expect(sales.itemOf(saleOf(), "AIR-43")?.price).toBe(13_900);
    expect(sales.itemOf(saleOf(), "air-43")).toBeNull();
  });
});

test("the example of a sale in the guide is accepted", () => {
  const guide = readFileSync(join(PROJECT_ROOT, "docs/configuration.md"), "utf8");
  const example = /```json\n(\{\n  "id"[^`]*)```/.exec(guide)?.[1] ?? "";
  expect(sales.saleSchema.safeParse(JSON.parse(example)).error).toBeUndefined();
});
