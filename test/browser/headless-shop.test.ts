/**
 * A headless shop: its page stands at one name, the guarded API that it calls at another.
 */
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { fill, makeGuardedSale } from "../http/support/guarded-shop.ts";
import { startOrigin, type OriginServer } from "../http/support/origin-server.ts";
import { startSluice, type Sluice } from "../http/support/sluice.ts";
import { launchBrowser } from "./support/browser.ts";

let origin: OriginServer;
let sluice: Sluice;
let browser: Browser;

beforeAll(async () => {
  origin = await startOrigin();
  const variables = { gate: { ORIGIN: origin.url } };
  [sluice, browser] = await Promise.all([
    startSluice({ variables, pipeline: false }),
    launchBrowser(),
  ]);
});
afterAll(async () => {
  await browser.close();
  await sluice.stop();
  await origin.stop();
});

function at(name: string): string {
  return `http://${name}:${new URL(sluice.host.gateUrl).port}`;
}

test("reads that it has to wait, and for how long, when the sale lists its origin", async () => {
  const www = at("www.shop.localhost");
  const admission = { ratePerMinute: 1_000_000, maxActive: 1 };
  const sales = { listed: { checkout: { origins: [www] } }, unlisted: {} };
  for (const [id, change] of Object.entries(sales)) {
    await makeGuardedSale(sluice, id, { items: [], admission, ...change });
    for (let shopper = 0; shopper < 2; shopper += 1) await fill(sluice, id);
  }
  const page = await browser.newPage();
  await page.goto(`${www}/open`);
  const ask = (sale: string) => {
    return page.evaluate(
      async ({ url }) => {
        try {
          const accept = { accept: "application/json" };
          const answer = await fetch(url, { credentials: "include", headers: accept });
          const { status, headers } = answer;
          const body: unknown = await answer.json();
          return { status, retries: headers.get("Retry-After") !== null, body };
        } catch (error) {
          return { failed: error instanceof TypeError };
        }
      },
      { url: `${at("api.shop.localhost")}/${sale}/stock` },
    );
  };
  expect(await ask("listed")).toMatchObject({
    status: 429,
    retries: true,
    body: { code: "turn_required", sale: "listed" },
  });
  expect(await ask("unlisted")).toEqual({ failed: true });
});
