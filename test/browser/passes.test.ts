/**
 * A member follows the merchant's link in a browser, with and without scripts: the pass is in no
 * address, leads into its lane on every device, and still does when the member joins again.
 */
import type { Browser, BrowserContext, Page } from "playwright-core";
import { afterAll, beforeAll, describe, test } from "vitest";
import { claimsOf } from "../../simulation/drill/fairness.ts";
import { inSeconds, MEMBERS, passFor, WITH_PASSES } from "../http/support/merchant-passes.ts";
import { makeSale, PREQUEUE, startSluice, type Sluice, until } from "../http/support/sluice.ts";
import { launchBrowser, PHONE } from "./support/browser.ts";

const PATIENCE_MS = 30_000;

let sluice: Sluice;
let browser: Browser;
let sales = 0;

beforeAll(async () => {
  [sluice, browser] = await Promise.all([startSluice(WITH_PASSES), launchBrowser()]);
});
afterAll(async () => {
  await browser.close();
  await sluice.stop();
});

/** Over plain HTTP, browsers keep Secure cookies for this host only. */
function shop(path: string): string {
  const { port } = new URL(sluice.host.gateUrl);
  return `http://localhost:${port}/_sluice/shop/${path}`;
}

async function saleWithMembers(admission: Readonly<Record<string, unknown>> = {}): Promise<string> {
  sales += 1;
  const id = `members-${sales}`;
  await makeSale(sluice, id, { ...PREQUEUE, ...MEMBERS, admission });
  return id;
}

async function act(sale: string, action: "start" | "pause"): Promise<void> {
  await sluice.merchant("POST", `/sales/${sale}/actions`, { action });
}

/** The ticket in the browser's cookie. */
async function ticketIn(context: BrowserContext, sale: string): Promise<string> {
  const cookies = await context.cookies();
  const cookie = cookies.find(({ name }) => name === `__Host-sluice-ticket-${sale}`);
  if (cookie === undefined) throw new Error(`no ticket of ${sale}`);
  return cookie.value;
}

describe.concurrent.each([
  ["with scripts", true],
  ["without scripts", false],
] as const)("%s", (_, javaScriptEnabled) => {
  async function newDevice(): Promise<Page> {
    const context = await browser.newContext({ viewport: PHONE, javaScriptEnabled });
    context.setDefaultTimeout(PATIENCE_MS);
    return context.newPage();
  }

  function heading(on: Page, name: string) {
    return on.getByRole("heading", { level: 1, name });
  }

  async function joinByLink(on: Page, sale: string, pass: string): Promise<void> {
    await on.goto(shop(`${sale}?pass=${pass}`));
    await on.getByText("Your pass is for the lane members").waitFor();
    await on.getByRole("button", { name: "Join the line" }).click();
    await heading(on, "You’re in the draw").waitFor();
    await on.getByText("Your lane: members").waitFor();
  }

  test("the link leads into its lane, and its pass is in no address, page or referrer", async ({
    expect,
  }) => {
    const page = await newDevice();
    const sale = await saleWithMembers();
    const pass = await passFor(sale, { sub: "customer-1" });
    const sent: string[] = [];
    page.on("request", (request) => {
      const referrer = request.headers()["referer"] ?? "";
      sent.push(`${new URL(request.url()).search} ${referrer}`);
    });
    await page.goto(shop(`${sale}?pass=${pass}`));
    expect(page.url()).toBe(shop(sale));
    await page.reload();
    await page.getByText("Your pass is for the lane members").waitFor();
    expect(await page.content()).not.toContain(pass);
    await page.getByRole("button", { name: "Join the line" }).click();
    await page.getByText("Your lane: members").waitFor();
    await page.goBack();
    await page.getByText("You are already in line").waitFor();
    const [link, ...others] = sent;
    expect(link).toContain(pass);
    expect(others.length).toBeGreaterThan(5);
    expect(others.filter((address) => address.includes(pass))).toEqual([]);
  });

  test("another device with the same link has the same place", async ({ expect }) => {
    const page = await newDevice();
    const sale = await saleWithMembers();
    const pass = await passFor(sale, { sub: "customer-2" });
    await joinByLink(page, sale, pass);
    const second = await newDevice();
    await joinByLink(second, sale, pass);
    const ticket = await ticketIn(page.context(), sale);
    expect(await ticketIn(second.context(), sale)).toBe(ticket);
    const stranger = await newDevice();
    await joinByLink(stranger, sale, await passFor(sale, { sub: "customer-3" }));
    expect(await ticketIn(stranger.context(), sale)).not.toBe(ticket);
  });

  test("an expired pass is reported, also after a reload, and the general line can be joined", async ({
    expect,
  }) => {
    const page = await newDevice();
    const sale = await saleWithMembers();
    await page.goto(shop(`${sale}?pass=${await passFor(sale, { exp: inSeconds(-1) })}`));
    await heading(page, "This pass has expired").waitFor();
    await page.reload();
    await heading(page, "This pass has expired").waitFor();
    expect(page.url()).toBe(shop(sale));
    await page.getByRole("button", { name: "Join the general line" }).click();
    await heading(page, "You’re in the draw").waitFor();
    expect(await page.getByText("Your lane").count()).toBe(0);
    expect(claimsOf(await ticketIn(page.context(), sale))).toMatchObject({ lane: "general" });
    await page.goto(shop(sale));
    await page.getByText("You are already in line").waitFor();
  });

  test("a member who missed the turn joins again, in the same lane", async ({ expect }) => {
    const page = await newDevice();
    const sale = await saleWithMembers({ claimWindowSeconds: 5, ratePerMinute: 6000 });
    await joinByLink(page, sale, await passFor(sale, { sub: "customer-4" }));
    const first = await ticketIn(page.context(), sale);
    await page.goto("about:blank");
    await act(sale, "start");
    const headers = { "sluice-ticket": first };
    await until(
      () => sluice.shopper("GET", `/sales/${sale}/status`, { headers }),
      ({ body }) => body["state"] === "lapsed",
    );
    await act(sale, "pause");
    await page.goto(shop(`${sale}/wait`));
    await page.getByRole("button", { name: "Join the line again" }).click();
    await page.getByText("Your lane: members").waitFor();
    const second = await ticketIn(page.context(), sale);
    expect(second).not.toBe(first);
    expect(claimsOf(second)).toMatchObject({ lane: "members", sub: "pass:customer-4" });
  });
});
