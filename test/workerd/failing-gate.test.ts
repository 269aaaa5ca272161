/**
 * The gate in front of a shop when a part of it is gone: a guarded request goes where the sale
 * says, an admitted one goes on, and an unguarded one never notices.
 */
import { createExecutionContext, runDurableObjectAlarm } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { afterEach, beforeEach, describe, expect, type MockInstance, test, vi } from "vitest";
import type { Sale } from "../../src/domain/sale/sale.ts";
import gate from "../../src/gate.ts";
import { pass, startClock } from "./support/clock.ts";
import { mishaps } from "./support/mishaps.ts";
import { openSale, roomOf, saleDocument } from "./support/shop.ts";

/** Whatever is fetched from outside is answered by the sandbox, which knows no such path. */
const FROM_ORIGIN = 404;

let errors: MockInstance<typeof console.error>;

vi.setConfig({ testTimeout: 30_000 });

beforeEach(() => {
  startClock();
  vi.spyOn(console, "warn").mockImplementation(() => undefined);
  errors = vi.spyOn(console, "error").mockImplementation(() => undefined);
});
afterEach(() => {
  vi.restoreAllMocks();
  mishaps.brokenRooms.clear();
  mishaps.silentRooms.clear();
  mishaps.brokenSaleList = false;
});

const HTML = { accept: "text/html" };

async function ask(
  path: string,
  headers: Record<string, string> = {},
  change: object = {},
): Promise<Response> {
  const request = new Request(`https://shop.example${path}`, { headers });
  const withEnv = { ...env, ORIGIN: "http://origin.test", ...change };
  return gate.fetch(request, withEnv, createExecutionContext());
}

let sales = 0;

async function guarding(
  onFailure: "open" | "closed",
  rules: Readonly<Record<string, number>> = {},
): Promise<{ sale: Sale; path: string }> {
  sales += 1;
  const guards = [{ host: "*", path: `/failing-${sales}/*` }];
  const sale = await openSale(saleDocument([], { guards, onFailure }, rules));
  return { sale, path: `/failing-${sales}/a` };
}

function logged(): string {
  return errors.mock.calls.map(([line]) => String(line)).join("\n");
}

function cookieIn(response: Response): string {
  return response.headers.getSetCookie()[0]?.split(";")[0] ?? "";
}

describe.each([
  ["closed", 503],
  ["open", FROM_ORIGIN],
] as const)("a sale that fails %s:", (onFailure, status) => {
  test("its room gone from the start", async () => {
    const { sale, path } = await guarding(onFailure);
    mishaps.brokenRooms.add(sale.id);
    expect((await ask(path)).status).toBe(status);
    const page = await ask(path, HTML);
    expect(page.status).toBe(status);
    const shown = await page.text();
    expect(shown.includes("Your place is safe")).toBe(status === 503);
    const line = { at: "guard", event: `failed_${onFailure}`, sale: sale.id, why: "room gone" };
    expect(logged()).toContain(JSON.stringify(line));
  });

  test("its room gone for longer than its last word is good, and back", async () => {
    const { sale, path } = await guarding(onFailure);
    const cookie = cookieIn(await ask(path, HTML));
    expect(cookie).toContain("admission");
    mishaps.brokenRooms.add(sale.id);
    // The location's cache keeps a snapshot for a second of the platform's own time.
    const until = (wait_ms: number, expected: number): Promise<void> => {
      const attempt = async (): Promise<void> => {
        pass(wait_ms);
        expect((await ask(path)).status).toBe(expected);
      };
      return vi.waitFor(attempt, { timeout: 10_000, interval: 200 });
    };
    // For five minutes nobody new gets in, whatever the sale says.
    await until(60_000, 429);
    await until(301_000, status);
    expect((await ask(path, { cookie })).status).toBe(FROM_ORIGIN);
    mishaps.brokenRooms.clear();
    await until(2000, 429);
  });

  test("its room silent: the first waits two seconds for it, the next nobody", async () => {
    const { sale, path } = await guarding(onFailure);
    mishaps.silentRooms.add(sale.id);
    const took_ms = async (): Promise<number> => {
      const began_ms = performance.now();
      expect((await ask(path)).status).toBe(status);
      return performance.now() - began_ms;
    };
    const first_ms = await took_ms();
    expect(first_ms).toBeLessThan(10_000);
    // The room was waited for once; the next two are answered without it.
    expect((await took_ms()) + (await took_ms())).toBeLessThan(first_ms);
  });

  test("its room gone when somebody's turn is taken up", async () => {
    const { sale, path } = await guarding(onFailure, { maxActive: 1 });
    await ask(path, HTML);
    const cookie = cookieIn(await ask(path, HTML));
    expect(cookie).toContain("ticket");
    await roomOf(sale.id).change({ maxActive: 10 });
    const ticket = cookie.slice(cookie.indexOf("=") + 1);
    const called = async (): Promise<void> => {
      pass(1000);
      await runDurableObjectAlarm(roomOf(sale.id));
      const asked = { "sluice-ticket": ticket };
      const told = await ask(`/_sluice/v1/sales/${sale.id}/status`, asked);
      expect(await told.json()).toMatchObject({ state: "called" });
    };
    await vi.waitFor(called, { timeout: 10_000, interval: 200 });
    mishaps.brokenRooms.add(sale.id);
    expect((await ask(path, { ...HTML, cookie })).status).toBe(status);
  });

  test("its document gone from KV, which still has its guards, and the list silent", async () => {
    const { path } = await guarding(onFailure);
    await runDurableObjectAlarm(env.SALE_LIST.get(env.SALE_LIST.idFromName("sales")));
    mishaps.brokenSaleList = true;
    const CONFIG = {
      list: (options: KVNamespaceListOptions) => env.CONFIG.list(options),
      get: async (key: string) => (key.startsWith("guard") ? env.CONFIG.get(key, "json") : null),
    };
    expect((await ask(path, {}, { CONFIG })).status).toBe(status);
    expect((await ask(path, HTML, { CONFIG })).status).toBe(status);
  });

  test("something of the gate broken", async () => {
    const { path } = await guarding(onFailure);
    const broken = {
      limit: (): never => {
        throw new Error("the counters are out of their mind");
      },
    };
    const headers = { ...HTML, "cf-connecting-ip": "192.0.2.1" };
    expect((await ask(path, headers, { WRITES_BY_ADDRESS: broken })).status).toBe(status);
    expect(JSON.stringify(errors.mock.calls)).toContain(`failed_${onFailure}`);
  });
});

describe("a gate that cannot read KV", () => {
  const silent = { list: () => new Promise(() => undefined), get: () => Promise.resolve(null) };
  const broken = { list: () => Promise.reject(new Error("KV is gone")) };

  test.each([
    ["closed", 503],
    ["open", FROM_ORIGIN],
  ])("nor the list, and knows no guards yet: %s", async (GUARDS_UNKNOWN, status) => {
    mishaps.brokenSaleList = true;
    expect((await ask("/any", {}, { CONFIG: { ...broken }, GUARDS_UNKNOWN })).status).toBe(status);
    expect((await ask("/any", {}, { CONFIG: { ...silent }, GUARDS_UNKNOWN })).status).toBe(status);
    const told = ["kv_unreachable", "sale_list_unreachable", "guards_unknown"];
    const lines = told.map((event) => JSON.stringify({ at: "guards", event }));
    expect(logged().split("\n")).toEqual([...lines, ...lines]);
  });

  test("goes on by the guards it knows, and sees those of this isolate at once", async () => {
    const { path } = await guarding("closed");
    expect((await ask(path)).status).toBe(429);
    const list = vi.spyOn(env.CONFIG, "list").mockRejectedValue(new Error("KV is gone"));
    // Past what the clocks of the tests before have shown.
    pass(3_600_000);
    const later = await guarding("closed");
    expect((await ask(path)).status).toBe(429);
    expect((await ask(later.path)).status).toBe(429);
    expect((await ask("/unguarded")).status).toBe(FROM_ORIGIN);
    expect(list).toHaveBeenCalled();
    // What KV does not show is not forgotten for it.
    list.mockReset().mockResolvedValue({ keys: [], list_complete: true, cacheStatus: null });
    pass(60_000);
    for (const asked of [path, later.path, later.path]) await ask(asked);
    expect(list).toHaveBeenCalled();
    expect((await ask(path)).status).toBe(429);
    expect((await ask(later.path)).status).toBe(429);
  });

  test("guards by what the list of sales says, also in a new isolate", async () => {
    const { path } = await guarding("closed");
    expect((await ask(path, {}, { CONFIG: { ...broken } })).status).not.toBe(FROM_ORIGIN);
    expect((await ask("/any", {}, { CONFIG: { ...silent } })).status).toBe(FROM_ORIGIN);
  });
});

describe("a gate that is not configured", () => {
  test.each(["shop.example", "ftp://shop.example", "https://shop.example/path", "zones"])(
    "because ORIGIN is %s passes nothing, and names it in the log",
    async (ORIGIN) => {
      const answer = await ask("/any", {}, { ORIGIN });
      expect(answer.status).toBe(503);
      expect(await answer.json()).toMatchObject({ code: "not_configured" });
      expect(JSON.stringify(errors.mock.calls)).toContain("ORIGIN");
    },
  );

  test("because a secret is missing lets nobody in, open or not, and passes the unguarded", async () => {
    const { path } = await guarding("open");
    const without = { TICKET_KEYS: undefined };
    expect((await ask(path, HTML, without)).status).toBe(503);
    expect((await ask("/unguarded", HTML, without)).status).toBe(FROM_ORIGIN);
  });
});

test.each(["TICKET_KEYS", "ADMISSION_KEYS", "ADMIN_TOKEN"])(
  "without %s the API, the pages and guarded paths say 503, and one line of the log names it alone",
  async (name) => {
    const { sale, path } = await guarding("open");
    const secrets = [env.TICKET_KEYS, env.ADMISSION_KEYS, env.ADMIN_TOKEN];
    for (const asked of [`/_sluice/v1/sales/${sale.id}/status`, `/_sluice/shop/${sale.id}`, path]) {
      errors.mockClear();
      const answer = await ask(asked, HTML, { [name]: undefined });
      expect({ asked, status: answer.status }).toEqual({ asked, status: 503 });
      const lines = errors.mock.calls.map(([line]) => String(line));
      expect({ asked, named: lines.filter((line) => line.includes(name)) }).toEqual({
        asked,
        named: lines,
      });
      expect(lines).toHaveLength(1);
      const told = lines.join(" ") + (await answer.text());
      for (const secret of secrets) expect(told).not.toContain(secret);
    }
  },
);

describe("verified crawlers", () => {
  const crawl = async (cf: IncomingRequestCfProperties | object, path: string): Promise<number> => {
    const request = new Request(`https://shop.example${path}`, { cf: { ...cf } });
    const withEnv = { ...env, ORIGIN: "http://origin.test" };
    return (await gate.fetch(request, withEnv, createExecutionContext())).status;
  };

  test("pass where the sale says so and Cloudflare vouches for them", async () => {
    sales += 1;
    const guards = [{ host: "*", path: `/failing-${sales}/*` }];
    const path = `/failing-${sales}/a`;
    await openSale(saleDocument([], { guards, bypass: { verifiedCrawlers: true } }));
    expect(await crawl({ verifiedBotCategory: "Search Engine Crawler" }, path)).toBe(FROM_ORIGIN);
    expect(await crawl({ botManagement: { verifiedBot: true } }, path)).toBe(FROM_ORIGIN);
    expect(await crawl({ verifiedBotCategory: "" }, path)).toBe(429);
    expect(await crawl({ botManagement: { verifiedBot: false } }, path)).toBe(429);
    expect(await crawl({}, path)).toBe(429);
    const { path: closed } = await guarding("closed");
    expect(await crawl({ verifiedBotCategory: "Search Engine Crawler" }, closed)).toBe(429);
  });
});
