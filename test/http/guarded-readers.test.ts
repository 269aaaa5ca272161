/**
 * Programs that read a guarded address: crawlers of search engines, certificate authorities, and
 * pages of the shop's other names.
 */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { BROWSER, fill, makeGuardedSale, send } from "./support/guarded-shop.ts";
import { startOrigin, type OriginServer } from "./support/origin-server.ts";
import { auditOf, makeSale, startSluice, type Sluice, until } from "./support/sluice.ts";

const SHOP = "<h1>The shop</h1>";
const HEADLESS = "https://www.shop.example";

let origin: OriginServer;
let sluice: Sluice;
let sales = 0;

beforeAll(async () => {
  origin = await startOrigin();
  const variables = { gate: { ORIGIN: origin.url } };
  sluice = await startSluice({ pipeline: false, variables });
});
afterAll(async () => {
  await sluice.stop();
  await origin.stop();
});

async function guarding(change: Readonly<Record<string, unknown>> = {}, shoppers = 2) {
  sales += 1;
  const id = `read-${sales}`;
  const admission = { ratePerMinute: 1_000_000, maxActive: 1 };
  await makeGuardedSale(sluice, id, { items: [], admission, ...change });
  for (let shopper = 0; shopper < shoppers; shopper += 1) await fill(sluice, id);
  return { id, path: `/${id}/shoes` };
}

function read(path: string, headers: Readonly<Record<string, string>>) {
  return send(sluice.host.gateUrl + path, headers);
}

const GOOGLE = "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)";
const CRAWLERS = [
  GOOGLE,
  "Mozilla/5.0 (compatible; bingbot/2.0; +http://www.bing.com/bingbot.htm)",
  "Mozilla/5.0 (compatible; YandexBot/3.0; +http://yandex.com/bots)",
  "Mozilla/5.0 (compatible; Yahoo! Slurp; http://help.yahoo.com/help/us/ysearch/slurp)",
  "Mozilla/5.0 (compatible; Baiduspider/2.0; +http://www.baidu.com/search/spider.html)",
  "facebookexternalhit/1.1 (+http://www.facebook.com/externalhit_uatext.php)",
  "Mozilla/5.0 (Linux; Android 6.0.1) AppleWebKit/537.36 (compatible; Google-InspectionTool/1.0)",
];

describe("a crawler", () => {
  test.each(CRAWLERS)(
    "is told to come again while others wait, and joins nothing: %s",
    async (agent) => {
      const { id, path } = await guarding();
      // The gate's snapshot may be older than the line, so the first looks may have joined.
      await until(
        () => read(path, { accept: "text/html", "user-agent": agent }),
        ({ status }) => status === 503,
      );
      const before = await auditOf(sluice, id);
      for (const headers of [{ accept: "text/html" }, BROWSER]) {
        const answer = await read(path, { ...headers, "user-agent": agent });
        expect(answer.status).toBe(503);
        expect(Number(answer.headers.get("retry-after"))).toBeGreaterThanOrEqual(600);
        expect(answer.headers.getSetCookie()).toEqual([]);
        expect(answer.text + String(answer.headers.get("x-robots-tag"))).not.toContain("noindex");
      }
      expect(await auditOf(sluice, id)).toEqual(before);
    },
  );

  test("is told to come again before the opening", async () => {
    const later = new Date(Date.now() + 3_600_000).toISOString();
    const ends = new Date(Date.now() + 7_200_000).toISOString();
    const times = { opensAt: later, startsAt: later, endsAt: ends };
    const { path } = await guarding(times, 0);
    const answer = await read(path, { accept: "text/html", "user-agent": GOOGLE });
    expect(answer.status).toBe(503);
    const shopper = await read(path, BROWSER);
    expect([shopper.status, shopper.headers.get("x-robots-tag")]).toEqual([
      200,
      "noarchive, nosnippet",
    ]);
    expect(shopper.text).not.toContain("noindex");
  });

  test("gets the shop's page while nobody waits", async () => {
    const { path } = await guarding({}, 0);
    expect((await read(path, { accept: "text/html", "user-agent": GOOGLE })).text).toBe(SHOP);
  });

  test.each(["Mozilla/5.0 (Linux; Android 10; CUBOT X30) Chrome/120.0 Mobile", "Robotics/1.0"])(
    "is not what only sounds like one: %s",
    async (agent) => {
      const { path } = await guarding();
      const answer = await read(path, { ...BROWSER, "user-agent": agent });
      expect(answer.status).toBe(200);
      expect(answer.text).toContain("data-waiting");
    },
  );
});

test("robots.txt and .well-known pass under a guard of everything", async () => {
  const guards = [{ host: "*", path: "/*" }];
  const host = "everything.example";
  await makeSale(sluice, "everything", {
    items: [],
    guards: guards.map((guard) => ({ ...guard, host })),
    admission: { ratePerMinute: 1_000_000, maxActive: 1 },
  });
  for (let shopper = 0; shopper < 2; shopper += 1) await fill(sluice, "everything");
  for (const path of ["/robots.txt", "/.well-known/acme-challenge/token"]) {
    expect((await read(path, { host })).text).toBe(SHOP);
  }
  expect((await read("/.well-known/../shoes", { host })).status).toBe(429);
});

describe("a page of another name of the shop", () => {
  const LISTED = { checkout: { origins: [HEADLESS] } };

  test.each([
    ["an app's request", { accept: "application/json" }],
    ["a script's request", { accept: "*/*" }],
  ])("can read that it has to wait: %s", async (_, headers) => {
    const { path } = await guarding(LISTED);
    const answer = await read(path, { ...headers, origin: HEADLESS });
    expect(answer.status).toBe(429);
    expect(answer.headers.get("access-control-allow-origin")).toBe(HEADLESS);
    expect(answer.headers.get("access-control-allow-credentials")).toBe("true");
    expect(answer.headers.get("access-control-expose-headers")).toBe("Retry-After");
    expect(answer.headers.get("vary")).toContain("Origin");
  });

  test.each([
    ["https://evil.example"],
    ["https://www.shop.example.evil.example"],
    ["http://www.shop.example"],
    ["null"],
  ])("which the sale does not list reads nothing: %s", async (stranger) => {
    const { path } = await guarding(LISTED);
    const answer = await read(path, { accept: "*/*", origin: stranger });
    expect(answer.status).toBe(429);
    expect(answer.headers.get("access-control-allow-origin")).toBeNull();
    expect(answer.headers.get("vary")).toContain("Origin");
    const unlisted = await guarding();
    const other = await read(unlisted.path, { accept: "*/*", origin: HEADLESS });
    expect(other.headers.get("access-control-allow-origin")).toBeNull();
  });

  test("gets the shop's own answers as the shop gives them", async () => {
    const { path } = await guarding(LISTED, 0);
    const query = "?do=headers&h=Access-Control-Allow-Origin:*";
    const entered = await read(path, BROWSER);
    const [cookie = ""] = entered.headers.getSetCookie()[0]?.split(";") ?? [];
    const answer = await read(path + query, { accept: "*/*", cookie, origin: HEADLESS });
    expect(answer.headers.get("access-control-allow-origin")).toBe("*");
    expect(answer.headers.get("access-control-allow-credentials")).toBeNull();
  });
});
