/**
 * Sessions at guarded addresses of a shop behind the gate: reload, Back and Forward, two tabs, lost
 * answers and admissions, and browsers without cookies or scripts. Nobody loses a place, nobody
 * takes two, and no request to the shop shows that its sender waited.
 */
import type { Browser, BrowserContext, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { fill, makeGuardedSale, makeRoom } from "../http/support/guarded-shop.ts";
import { startOrigin, type OriginServer } from "../http/support/origin-server.ts";
import { auditOf, startSluice, type Sluice, until } from "../http/support/sluice.ts";
import { launchBrowser, PHONE } from "./support/browser.ts";
import {
  cookieIn,
  forget,
  hostAt,
  keepCookiesAgain,
  keepNoCookies,
  loseAnswer,
  seesBroken,
} from "./support/networks.ts";

const PATIENCE_MS = 45_000;
const NOT_KEPT = "Your browser does not store your place";

let origin: OriginServer;
let sluice: Sluice;
let browser: Browser;
let sales = 0;

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

/** One shopper is in and two are in line; nobody else gets in until a seat is free. */
async function fullSale(): Promise<string> {
  sales += 1;
  const sale = `line-at-${sales}`;
  const admission = { ratePerMinute: 1_000_000, maxActive: 1, claimWindowSeconds: 60 };
  await makeGuardedSale(sluice, sale, { items: [], admission });
  for (let shopper = 0; shopper < 3; shopper += 1) await fill(sluice, sale);
  return sale;
}

const BEFORE = 2;

/**
 * All places except those taken `before` this browser's. The room counts a place only when its
 * cohort has closed, so another shopper joins last, and its place is waited for. If that shopper is
 * admitted at once, there is no place to wait for.
 * @param before places taken before any browser's
 */
async function placesIn(sale: string, before = BEFORE): Promise<number> {
  const { body } = await sluice.shopper("POST", `/sales/${sale}/tickets`);
  const last = body["ticket"];
  if (typeof last === "string") {
    await until(
      () => sluice.shopper("GET", `/sales/${sale}/status`, { headers: { "sluice-ticket": last } }),
      ({ body: status }) => status["position"] !== null || status["state"] === "called",
      PATIENCE_MS,
    );
  }
  const { tickets } = await auditOf(sluice, sale);
  return tickets - before - (typeof last === "string" ? 1 : 0);
}

function pathOf(sale: string): string {
  return `/${sale}/shoes?size=42`;
}

function address(sale: string): string {
  return hostAt(sluice) + pathOf(sale);
}

async function device(options = {}): Promise<{ context: BrowserContext; page: Page }> {
  const context = await browser.newContext({ viewport: PHONE, ...options });
  context.setDefaultTimeout(PATIENCE_MS);
  return { context, page: await context.newPage() };
}

async function waits(page: Page): Promise<void> {
  await page.locator("[data-waiting]").waitFor();
}

async function isIn(page: Page, sale: string): Promise<void> {
  await page.getByRole("heading", { name: "The shop" }).waitFor();
  expect(page.url()).toBe(address(sale));
}

/** Calls the browser's ticket, if nobody else claims the free seat. */
async function callFor(context: BrowserContext, sale: string): Promise<void> {
  const headers = { "sluice-ticket": (await cookieIn(context, "ticket", sale)) ?? "" };
  await makeRoom(sluice, sale);
  await until(
    () => sluice.shopper("GET", `/sales/${sale}/status`, { headers }),
    ({ body }) => body["state"] === "called",
    PATIENCE_MS,
  );
}

describe.concurrent("at a guarded address", () => {
  test("reload, Back and Forward keep the place in line", async () => {
    const sale = await fullSale();
    const { context, page } = await device();
    await page.goto(address(sale));
    const ticket = await cookieIn(context, "ticket", sale);
    const position = () => page.locator("[data-waiting]").getAttribute("data-position");
    await until(
      async () => {
        await page.reload();
        return position();
      },
      (shown) => shown !== null,
      PATIENCE_MS,
    );
    const at = await position();
    await page.reload();
    expect(await position()).toBe(at);
    await page.goto(`${hostAt(sluice)}/about`);
    await page.goBack();
    await waits(page);
    expect(await position()).toBe(at);
    await page.goForward();
    await page.getByRole("heading", { name: "The shop" }).waitFor();
    expect(page.url()).toBe(`${hostAt(sluice)}/about`);
    await page.goBack();
    await waits(page);
    expect(await position()).toBe(at);
    expect(await cookieIn(context, "ticket", sale)).toBe(ticket);
    expect(await placesIn(sale)).toBe(1);
    await context.close();
  });

  test("two tabs share the place, and the admission", async () => {
    const sale = await fullSale();
    const { context, page } = await device();
    await page.goto(address(sale));
    const other = await context.newPage();
    await other.goto(address(sale));
    for (const tab of [page, other]) await waits(tab);
    await makeRoom(sluice, sale);
    for (const tab of [page, other]) await isIn(tab, sale);
    expect((await auditOf(sluice, sale)).claimed).toBe(2);
    expect(await placesIn(sale)).toBe(1);
    await context.close();
  });

  test("after a lost answer to the claim, and after a lost admission cookie, the next load enters", async () => {
    const sale = await fullSale();
    const { context, page } = await device();
    await page.goto(address(sale));
    await waits(page);
    await page.goto("about:blank");
    await callFor(context, sale);
    const lost = await loseAnswer(sluice, page, `/${sale}/*`, "GET");
    await expect(page.goto(address(sale))).rejects.toThrow("ERR_CONNECTION_RESET");
    await seesBroken(page, lost, 200);
    expect(await cookieIn(context, "admission", sale)).toBeUndefined();
    await page.goto(address(sale));
    await isIn(page, sale);
    const admission = await cookieIn(context, "admission", sale);
    await forget(context, "admission", sale);
    await page.reload();
    await isIn(page, sale);
    expect(await cookieIn(context, "admission", sale)).toBe(admission);
    expect((await auditOf(sluice, sale)).claimed).toBe(2);
    expect(await placesIn(sale)).toBe(1);
    await context.close();
  });

  test("a page without scripts reloads itself, keeps the place, and gets in", async () => {
    const sale = await fullSale();
    const { context, page } = await device({ javaScriptEnabled: false });
    await page.goto(address(sale));
    const ticket = await cookieIn(context, "ticket", sale);
    const checked = page.waitForResponse(/\/kept\?/);
    expect((await checked).status()).toBe(303);
    await page.waitForURL(address(sale));
    await waits(page);
    expect(await cookieIn(context, "ticket", sale)).toBe(ticket);
    await makeRoom(sluice, sale);
    await isIn(page, sale);
    expect(await placesIn(sale)).toBe(1);
    expect(origin.arrived.filter(({ target }) => target.startsWith(`/${sale}/`))).toMatchObject([
      { target: pathOf(sale) },
    ]);
    await context.close();
  });

  test("a form sent while waiting is answered by a page that says it was not sent", async () => {
    const sale = await fullSale();
    const { context, page } = await device();
    await page.goto(address(sale));
    await waits(page);
    await page.goto(`${hostAt(sluice)}/about`);
    await page.evaluate(`
      const form = document.createElement("form");
      form.method = "post";
      form.action = "/${sale}/order";
      document.body.append(form);
      form.submit();
    `);
    await page.getByRole("heading", { name: "Your form was not sent" }).waitFor();
    await page.getByRole("link", { name: "Go to the line" }).click();
    await page.waitForURL(`${hostAt(sluice)}/about`);
    await page.goto(address(sale));
    await waits(page);
    expect(await placesIn(sale)).toBe(1);
    expect(origin.arrived.some(({ target }) => target.startsWith(`/${sale}/`))).toBe(false);
    await context.close();
  });

  test.each([
    ["with scripts", true],
    ["without scripts", false],
  ])(
    "a browser that keeps no cookies takes one place, and the page says so: %s",
    async (_, javaScriptEnabled) => {
      const sale = await fullSale();
      const { context, page } = await device({ javaScriptEnabled });
      await keepNoCookies(sluice, context, /./, /\/line-at-\d+\/|\/_sluice\/shop\//);
      await page.goto(address(sale));
      await waits(page);
      const notKept = page.getByRole("heading", { name: NOT_KEPT });
      await notKept.waitFor();
      const explained = page.url();
      expect(new URL(explained).pathname).toBe(`/_sluice/shop/${sale}/kept`);
      await page.reload();
      await page.getByRole("button", { name: "Try again" }).click();
      await page.waitForURL(/\/join$/);
      await notKept.waitFor();
      expect(await placesIn(sale)).toBe(1);

      await keepCookiesAgain(context);
      await page.goto(explained);
      await page.getByRole("button", { name: "Try again" }).click();
      await page.waitForURL(address(sale));
      await waits(page);
      await page.reload();
      await waits(page);
      expect(await placesIn(sale, BEFORE + 1)).toBe(2);
      await context.close();
    },
  );
});
