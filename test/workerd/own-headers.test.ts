/**
 * The gate's own answers: by https only, with the headers of a careful site, and with addresses
 * that no `Host` of a request chooses. The shop's answers stay as they are.
 */
import { createExecutionContext } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import gate from "../../src/gate.ts";
import { publicOrigin } from "../../src/web/public-origin.ts";
import { startClock } from "./support/clock.ts";
import { openSale, saleDocument } from "./support/shop.ts";

beforeEach(() => {
  startClock();
  vi.spyOn(globalThis, "fetch").mockImplementation(async () => new Response("the shop"));
});
afterEach(() => vi.restoreAllMocks());

async function ask(url: string, init: RequestInit = {}, change: object = {}): Promise<Response> {
  const withEnv = { ...env, ORIGIN: "http://origin.test", ...change };
  return gate.fetch(new Request(url, init), withEnv, createExecutionContext());
}

let sales = 0;

async function full(): Promise<string> {
  sales += 1;
  const guards = [{ host: "*", path: `/own-${sales}/*` }];
  const sale = await openSale(saleDocument([], { guards, id: `own-${sales}` }, { maxActive: 1 }));
  const path = `/own-${sales}/a`;
  for (let shopper = 0; shopper < 2; shopper += 1) {
    await ask(`https://shop.example${path}`, { headers: { accept: "text/html" } });
  }
  expect(sale.id).toBe(`own-${sales}`);
  return path;
}

const page = { headers: { accept: "text/html" } };

test("every answer of the gate has them, and no answer of the shop", async () => {
  const path = await full();
  const own: [path: string, init: RequestInit][] = [
    [path, page],
    [path, {}],
    ["/_sluice/shop", {}],
    [`/_sluice/v1/sales/own-${sales}`, {}],
    ["/_sluice/nothing", {}],
    ["/_sluice/health", {}],
  ];
  for (const [target, init] of own) {
    const { headers } = await ask(`https://shop.example${target}`, init);
    expect([target, headers.get("x-content-type-options")]).toEqual([target, "nosniff"]);
    expect(headers.get("cross-origin-resource-policy")).toBe("same-origin");
    expect(headers.get("strict-transport-security")).toBe("max-age=31536000");
    const local = await ask(`http://localhost${target}`, init);
    expect(local.headers.get("strict-transport-security")).toBeNull();
  }
  const waiting = await ask(`https://shop.example${path}`, page);
  expect(waiting.headers.get("cross-origin-opener-policy")).toBe("same-origin-allow-popups");
  const shops = await ask("https://shop.example/open");
  expect([...shops.headers.keys()]).toEqual(["content-type"]);
});

test("plain http at a public name leads to https, without a place", async () => {
  const path = await full();
  for (const target of [`${path}?a=1`, "/_sluice/shop", "/_sluice/v1/sales/own-1"]) {
    const moved = await ask(`http://shop.example${target}`, page);
    expect([moved.status, moved.headers.get("location")]).toEqual([
      308,
      `https://shop.example${target}`,
    ]);
    expect(moved.headers.getSetCookie()).toEqual([]);
  }
  const written = await ask("http://shop.example/_sluice/v1/orders", {
    method: "POST",
    body: "{}",
  });
  expect(written.status).toBe(403);
  expect(await written.json()).toMatchObject({ code: "https_required" });
  const names = ["localhost:8787", "127.0.0.1", "192.168.1.20", "10.1.2.3", "www.shop.localhost"];
  for (const name of names) expect((await ask(`http://${name}/_sluice/shop`)).status).toBe(200);
  const behindProxy = { headers: { ...page.headers, "x-forwarded-proto": "https" } };
  expect((await ask(`http://shop.example${path}`, behindProxy)).status).toBe(200);
  expect(await (await ask("http://shop.example/open", page)).text()).toBe("the shop");
});

test("no answer has an address with the Host of a request that is not listed", async () => {
  const path = await full();
  const listed = { PUBLIC_ORIGINS: "https://shop.example, https://www.shop.example" };
  const ours = ["/shop", `/v1/sales/own-${sales}`, `/shop/own-${sales}/fairness`, "/openapi.json"];
  const targets = [path, "/_sluice/nothing", ...ours.map((target) => `/_sluice${target}`)];
  const asked = ["text/html", "application/json", "*/*"];
  for (const scheme of ["http", "https"]) {
    for (const target of targets) {
      for (const accept of asked) {
        const answer = await ask(
          `${scheme}://evil.example${target}`,
          { headers: { accept } },
          listed,
        );
        const whole = JSON.stringify([...answer.headers]) + (await answer.text());
        expect([target, accept, whole.includes("evil.example")]).toEqual([target, accept, false]);
      }
    }
  }
  const moved = await ask(`http://evil.example${path}?a=1`, page, listed);
  expect(moved.headers.get("location")).toBe(`https://shop.example${path}?a=1`);
  const problem = await ask(`https://evil.example${path}`, {}, listed);
  expect(await problem.json()).toMatchObject({
    type: "/_sluice/problems#turn_required",
    joinUrl: `/_sluice/v1/sales/own-${sales}/tickets`,
  });
});

test("an address that is given away begins with a public origin, whatever Host a request has", async () => {
  const listed = { PUBLIC_ORIGINS: "https://shop.example, https://www.shop.example" };
  const sale = await openSale(saleDocument([{ sku: "PUBLIC", stock: 1 }]));
  const shown = async (origin: string, change: object): Promise<string> => {
    return (await ask(`${origin}/_sluice/shop/${sale.id}/fairness`, {}, change)).text();
  };
  const evil = await shown("https://evil.example", listed);
  expect(evil).toContain("https://shop.example");
  expect(evil).not.toContain("evil.example");
  expect(await shown("https://www.shop.example", listed)).toContain("https://www.shop.example");
  expect(await shown("https://any.example", { PUBLIC_ORIGINS: "" })).toContain("any.example");
  const url = "https://evil.example/_sluice/v1/orders";
  expect(publicOrigin(url, { PUBLIC_ORIGINS: "rubbish https://a.example/x" })).toBe(
    "https://a.example",
  );
});
