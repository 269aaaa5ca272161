/**
 * A shopper's whole visit in a browser: join, wait, enter, fill the cart, pay, and see the
 * confirmed order; with and without scripts, while other shoppers wait too.
 */
import { isDeepStrictEqual } from "node:util";
import type { Browser, BrowserContextOptions, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  auditOf,
  fromNow,
  makeSale,
  PREQUEUE,
  startSluice,
  type Sluice,
  until,
} from "../http/support/sluice.ts";
import { DESKTOP, launchBrowser, PHONE } from "./support/browser.ts";
import { CARDS, payWithCard } from "./support/checkout.ts";

const OTHERS = 8;
const PATIENCE_MS = 30_000;
const PATIENCE = { timeout: PATIENCE_MS };

let sluice: Sluice;
let browser: Browser;
let sales = 0;

beforeAll(async () => {
  [sluice, browser] = await Promise.all([startSluice(), launchBrowser()]);
});

afterAll(async () => {
  await browser.close();
  await sluice.stop();
});

async function openPage(options: BrowserContextOptions): Promise<Page> {
  const context = await browser.newContext(options);
  context.setDefaultTimeout(PATIENCE_MS);
  return context.newPage();
}

/** Errors of the page's console and breaches of its policy, as they occur. */
function complaintsOf(page: Page): string[] {
  const complaints: string[] = [];
  page.on("console", (message) => {
    if (message.type() === "error") complaints.push(message.text());
  });
  page.on("pageerror", (error) => complaints.push(error.message));
  return complaints;
}

/** Over plain HTTP, browsers keep Secure cookies for this host only. */
function shop(path: string): string {
  const { port } = new URL(sluice.host.gateUrl);
  return `http://localhost:${port}/_sluice/shop/${path}`;
}

/**
 * Others join first; the draw orders everyone, and about two a second are called. Without scripts,
 * pages reload after half a claim window, so a short one keeps the test short.
 */
async function saleWithCrowd(): Promise<string> {
  sales += 1;
  const id = `drop-${sales}`;
  const admission = {
    ratePerMinute: 120,
    maxActive: 100,
    overcall: 1000,
    claimWindowSeconds: 10,
  };
  await makeSale(sluice, id, { ...PREQUEUE, admission });
  for (let other = 0; other < OTHERS; other += 1) {
    await sluice.shopper("POST", `/sales/${id}/tickets`);
  }
  return id;
}

/** Nobody else joins it, so the turn comes at once or within a second. */
async function joinQuietSale(page: Page): Promise<string> {
  sales += 1;
  const id = `drop-${sales}`;
  await makeSale(sluice, id);
  await page.goto(shop(id));
  await page.getByRole("button", { name: /Join the line|Go in/ }).click();
  return id;
}

/** The heading of the open page; to poll until the expected one appears. */
function h1(page: Page): Promise<string> {
  return page.locator("h1").innerText();
}

async function act(sale: string, action: "start" | "pause" | "resume"): Promise<void> {
  await sluice.merchant("POST", `/sales/${sale}/actions`, { action });
}

function heading(page: Page, name: string | RegExp) {
  return page.getByRole("heading", { level: 1, name });
}

async function join(page: Page, sale: string): Promise<void> {
  await page.goto(shop(sale));
  await page.getByRole("button", { name: "Join the line" }).click();
  await heading(page, "You’re in the draw").waitFor();
}

async function fillCart(page: Page): Promise<void> {
  await page.getByLabel("Quantity of A shoe").selectOption("2");
  await page.getByLabel("Quantity of A sock").selectOption("1");
  await page.getByRole("button", { name: "Add to cart" }).click();
  await heading(page, "Checkout").waitFor();
  await page.getByText("€267.00", { exact: true }).first().waitFor();
}

/** With scripts the order is followed in the page, until it is confirmed. */
async function pay(page: Page, card: string): Promise<void> {
  await payWithCard(page, card);
  await page.waitForURL("**/orders/**");
}

/** The order book gets an order's end through a queue, so it may be a moment behind. */
async function expectOrders(sale: string, orders: Readonly<Record<string, number>>) {
  const audit = await until(
    () => auditOf(sluice, sale),
    (audit) => isDeepStrictEqual(audit.orders, orders),
  );
  const sold = Object.fromEntries(audit.skus.map(({ sku, sold }) => [sku, sold]));
  expect(sold).toEqual({ [`${sale}-shoe`]: 2, [`${sale}-sock`]: 1 });
}

describe.concurrent("with scripts", () => {
  const open = () => openPage({ viewport: PHONE });

  test("a shopper joins, waits, is let in, buys and sees the confirmed order", async ({
    expect,
  }) => {
    const page = await open();
    const complaints = complaintsOf(page);
    const sale = await saleWithCrowd();
    await join(page, sale);
    const loads: string[] = [];
    page.on("framenavigated", (frame) => loads.push(new URL(frame.url()).pathname));
    await act(sale, "start");
    await page.waitForURL(shop(sale));
    // From the waiting page straight to the shop: polling reloaded nothing.
    expect(loads).toEqual([`/_sluice/shop/${sale}`]);
    await fillCart(page);
    await pay(page, CARDS.good);
    await expect.poll(() => h1(page), PATIENCE).toBe("Your order is confirmed");
    await expectOrders(sale, { confirmed: 1 });
    expect(complaints).toEqual([]);
  });

  test("the place in line is shown, and a pause is announced to screen readers", async ({
    expect,
  }) => {
    const page = await open();
    const sale = await saleWithCrowd();
    await join(page, sale);
    await act(sale, "pause");
    await act(sale, "start");
    await heading(page, "The line is paused").waitFor();
    await page.getByText(/^(You’re number \d+|You’re next)$/).waitFor();
    const live = page.locator("[data-live]");
    await live.getByText("The line is paused").waitFor({ state: "attached" });
    expect(await live.textContent()).toContain("Your place is safe");
    await act(sale, "resume");
    await page.waitForURL(shop(sale));
  });

  test("without a network the page says so, and continues by itself when it returns", async ({
    expect,
  }) => {
    const page = await open();
    const sale = await saleWithCrowd();
    await join(page, sale);
    await page.context().setOffline(true);
    await page.getByText("We cannot reach the shop right now").waitFor();
    await page.context().setOffline(false);
    await act(sale, "start");
    await page.waitForURL(shop(sale));
    await expect.poll(() => h1(page), PATIENCE).toBe(`The sale ${sale}`);
  });
});

describe.concurrent("without scripts", () => {
  const open = () => openPage({ viewport: DESKTOP, javaScriptEnabled: false });

  test("a shopper joins, waits, is let in, fills the cart, and reads how to pay", async ({
    expect,
  }) => {
    const page = await open();
    const sale = await saleWithCrowd();
    await join(page, sale);
    await act(sale, "start");
    await page.getByRole("button", { name: "Go in now" }).click();
    await page.waitForURL(shop(sale));
    await fillCart(page);
    await page.getByText("Paying needs JavaScript").waitFor();
    expect(await page.getByRole("button", { name: /^Pay/ }).count()).toBe(0);
    await page.getByLabel("E-mail").fill("ann@shoppers.example");
    await page.getByRole("button", { name: "Update total" }).click();
    await heading(page, "Checkout").waitFor();
    expect(await page.getByLabel("E-mail").inputValue()).toBe("ann@shoppers.example");
  });

  test("a shopper who leaves frees the seat and the cart, and may join again", async ({
    expect,
  }) => {
    const page = await open();
    const sale = await joinQuietSale(page);
    const turn = page.getByRole("button", { name: "Go in now" });
    await page.getByRole("button", { name: "Add to cart" }).or(turn).waitFor();
    if (await turn.isVisible()) await turn.click();
    await fillCart(page);
    await page.getByRole("link", { name: `The sale ${sale}` }).click();
    await page.getByRole("button", { name: "Leave the shop" }).click();
    await page.getByRole("button", { name: /Join the line|Go in/ }).waitFor();
    const audit = await auditOf(sluice, sale);
    expect(audit.left).toBe(1);
    expect(audit.skus.map(({ held }) => held)).toEqual([0, 0]);
  });
});

test.concurrent("a page that is open when its sale opens shows the join button without a reload", async ({
  expect,
}) => {
  const page = await openPage({ viewport: PHONE });
  sales += 1;
  const id = `drop-${sales}`;
  await makeSale(sluice, id, { opensAt: fromNow(2500), startsAt: fromNow(600_000) });
  await page.goto(shop(id));
  await heading(page, `The sale ${id}`).waitFor();
  await page.getByRole("button", { name: "Join the line" }).click();
  await expect.poll(() => h1(page), PATIENCE).toBe("You’re in the draw");
});
