/**
 * A place in line survives a closed tab, a restarted browser, and a page whose answer was lost.
 */
import type { Browser, BrowserContext, Page } from "playwright-core";
import { afterAll, beforeAll, test } from "vitest";
import { auditOf, makeSale, PREQUEUE, startSluice, type Sluice } from "../http/support/sluice.ts";
import { launchBrowser, PHONE } from "./support/browser.ts";

const PATIENCE_MS = 30_000;

let sluice: Sluice;
beforeAll(async () => {
  sluice = await startSluice();
});
afterAll(() => sluice.stop());

/** Over plain HTTP, browsers keep Secure cookies for this host only. */
function shop(path: string): string {
  const { port } = new URL(sluice.host.gateUrl);
  return `http://localhost:${port}/_sluice/shop/${path}`;
}

async function tabIn(context: BrowserContext): Promise<Page> {
  context.setDefaultTimeout(PATIENCE_MS);
  return context.newPage();
}

/** The place as shown: "You’re number 3", or "You’re next". */
async function placeShownIn(page: Page, sale: string): Promise<string> {
  await page.goto(shop(`${sale}/wait`));
  const place = page.getByText(/^(You’re number \d+|You’re next)$/);
  await place.waitFor();
  return place.innerText();
}

async function ticketIn(context: BrowserContext, sale: string) {
  const cookies = await context.cookies();
  return cookies.find(({ name }) => name === `__Host-sluice-ticket-${sale}`);
}

async function joinIn(page: Page, sale: string): Promise<void> {
  await page.goto(shop(sale));
  await page.getByRole("button", { name: "Join the line" }).click();
  await page.getByRole("heading", { level: 1, name: "You’re in the draw" }).waitFor();
}

/** Without scripts, pages reload after half a claim window, so a short one keeps the test short. */
async function openSale(sale: string, others: number): Promise<void> {
  await makeSale(sluice, sale, { ...PREQUEUE, admission: { claimWindowSeconds: 10 } });
  for (let other = 0; other < others; other += 1) {
    await sluice.shopper("POST", `/sales/${sale}/tickets`);
  }
}

async function act(sale: string, action: "pause" | "start"): Promise<void> {
  await sluice.merchant("POST", `/sales/${sale}/actions`, { action });
}

test.concurrent("after a closed tab, and after a restart of the browser, the place is the same", async ({
  expect,
}) => {
  const sale = "kept-place";
  await openSale(sale, 6);
  const first: Browser = await launchBrowser();
  const context = await first.newContext({ viewport: PHONE });
  await joinIn(await tabIn(context), sale);
  await act(sale, "pause");
  await act(sale, "start");
  const tab = await tabIn(context);
  const place = await placeShownIn(tab, sale);
  await tab.close();
  expect(await placeShownIn(await tabIn(context), sale)).toBe(place);
  const ticket = await ticketIn(context, sale);
  // Session cookies do not survive the restart.
  const { cookies, origins } = await context.storageState();
  const kept = cookies.filter(({ expires }) => expires > Date.now() / 1000);
  await first.close();

  const second = await launchBrowser();
  try {
    const later = await second.newContext({
      viewport: PHONE,
      storageState: { cookies: kept, origins },
    });
    expect(await placeShownIn(await tabIn(later), sale)).toBe(place);
    expect((await ticketIn(later, sale))?.value).toBe(ticket?.value);
  } finally {
    await second.close();
  }
});

test.concurrent("when the page after joining is lost, loading it again takes no second place", async ({
  expect,
}) => {
  const sale = "lost-answer";
  await openSale(sale, 0);
  const browser = await launchBrowser();
  try {
    const context = await browser.newContext({ viewport: PHONE });
    const page = await tabIn(context);
    await page.goto(shop(sale));
    await page.route("**/wait", (route) => route.abort());
    await page.getByRole("button", { name: "Join the line" }).click();
    await expect.poll(async () => (await ticketIn(context, sale))?.value).toBeDefined();
    await page.unroute("**/wait");
    const ticket = await ticketIn(context, sale);
    await page.goto(shop(sale));
    await page.getByRole("link", { name: "See your place" }).click();
    await page.getByRole("heading", { level: 1, name: "You’re in the draw" }).waitFor();
    expect((await ticketIn(context, sale))?.value).toBe(ticket?.value);
    await act(sale, "start");
    await page.waitForURL(shop(sale));
    await expect.poll(async () => (await auditOf(sluice, sale)).tickets).toBe(1);
  } finally {
    await browser.close();
  }
});
