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
import { startSecondSite, type SecondSite } from "./support/second-site.ts";

const PATIENCE_MS = 30_000;

let sluice: Sluice;
let browser: Browser;
let elsewhere: SecondSite;
let sales = 0;

beforeAll(async () => {
  [sluice, browser, elsewhere] = await Promise.all([
    startSluice(WITH_PASSES),
    launchBrowser(),
    startSecondSite(),
  ]);
});
afterAll(async () => {
  await browser.close();
  await elsewhere.stop();
  await sluice.stop();
});

/** Over plain HTTP, browsers keep Secure cookies for this host only. */
function shop(path: string): string {
  const { port } = new URL(sluice.host.gateUrl);
  return `http://localhost:${port}/_sluice/shop/${path}`;
}

async function saleWithMembers(
  admission: Readonly<Record<string, unknown>> = {},
  change: Readonly<Record<string, unknown>> = {},
): Promise<string> {
  sales += 1;
  const id = `members-${sales}`;
  await makeSale(sluice, id, { ...PREQUEUE, ...MEMBERS, admission, ...change });
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

async function openDevice(javaScriptEnabled = true): Promise<Page> {
  const context = await browser.newContext({ viewport: PHONE, javaScriptEnabled });
  context.setDefaultTimeout(PATIENCE_MS);
  return context.newPage();
}

function heading(on: Page, name: string) {
  return on.getByRole("heading", { level: 1, name });
}

async function joinByLink(on: Page, sale: string, pass: string): Promise<void> {
  await on.goto(shop(`${sale}?pass=${pass}`));
  await on.getByText("This link has a pass for the lane members").waitFor();
  await on.getByRole("button", { name: "Join the line with this pass" }).click();
  await heading(on, "You’re in the draw").waitFor();
  await on.getByText("Your lane: members").waitFor();
}

describe.concurrent.each([
  ["with scripts", true],
  ["without scripts", false],
] as const)("%s", (_, javaScriptEnabled) => {
  const newDevice = (): Promise<Page> => openDevice(javaScriptEnabled);

  test("the link asks once and leads into its lane, and its pass is in no page or referrer", async ({
    expect,
  }) => {
    const page = await newDevice();
    const sale = await saleWithMembers();
    const pass = await passFor(sale, { sub: "customer-1" });
    const sent: { readonly url: string; readonly referer: string }[] = [];
    page.on("request", (request) => {
      sent.push({ url: request.url(), referer: request.headers()["referer"] ?? "" });
    });
    const link = shop(`${sale}?pass=${pass}`);
    await page.goto(link);
    await heading(page, "Use this pass?").waitFor();
    expect(await page.context().cookies()).toEqual([]);
    expect(await page.content()).not.toContain(pass);
    await page.getByRole("button", { name: "Join the line with this pass" }).click();
    await page.getByText("Your lane: members").waitFor();
    expect(page.url()).toBe(shop(`${sale}/wait`));
    await page.goto(shop(sale));
    await page.getByText("You are already in line").waitFor();
    expect(sent.length).toBeGreaterThan(5);
    const others = sent.filter(({ url }) => url !== link);
    expect(sent.length - others.length).toBe(2);
    expect(others.filter(({ url, referer }) => (url + referer).includes(pass))).toEqual([]);
    expect(sent.filter(({ referer }) => referer.includes(pass))).toEqual([]);
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

  test("a link on another site makes nobody somebody else until they say so", async ({
    expect,
  }) => {
    const sale = await saleWithMembers();
    const page = await newDevice();
    await page.goto(shop(sale));
    await page.getByRole("button", { name: "Join the line" }).click();
    await heading(page, "You’re in the draw").waitFor();
    const before = await page.context().cookies();
    const theirs = await passFor(sale, { sub: "mallory" });
    const lure = elsewhere.page(`<a href="${shop(`${sale}?pass=${theirs}`)}">a good offer</a>`);
    await page.goto(lure);
    await page.getByText("a good offer").click();
    await page.getByText("you give up that place").waitFor();
    expect(await page.context().cookies()).toEqual(before);
    await page.getByRole("link", { name: "Continue without the pass" }).click();
    await heading(page, "You’re in the draw").waitFor();
    expect(await page.context().cookies()).toEqual(before);
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

describe.concurrent("one place on two devices, where the sale refuses foreign ones", () => {
  const replay = { handling: "refuse", devices: 1 };
  const ELSEWHERE = "Your visit is open on another device";
  const rate = { ratePerMinute: 1_000_000 };

  /** Gates learn within two seconds that a token has ended. */
  function sees(page: Page, name: string): Promise<boolean> {
    const look = () => page.reload().then(() => heading(page, name).isVisible());
    return until(look, Boolean, PATIENCE_MS);
  }

  test("the newest ends the older, which may continue and ends the newest", async ({ expect }) => {
    const sale = await saleWithMembers(rate, { replay });
    const pass = await passFor(sale, { sub: "customer-5" });
    const [laptop, phone] = [await openDevice(), await openDevice()];
    await joinByLink(laptop, sale, pass);
    await joinByLink(phone, sale, pass);
    await phone.goto("about:blank");
    await act(sale, "start");
    for (const page of [laptop, phone]) {
      // In the draw a page polls rarely, so it is opened again.
      await page.goto(shop(`${sale}/wait`));
      await page.waitForURL(shop(sale));
    }
    expect(await sees(laptop, ELSEWHERE)).toBe(true);
    await laptop.getByRole("button", { name: "Continue here" }).click();
    await laptop.getByRole("button", { name: "Add to cart" }).first().waitFor();
    expect(await sees(phone, ELSEWHERE)).toBe(true);
    const { body } = await sluice.merchant("GET", `/sales/${sale}`);
    expect(body).toMatchObject({ active: 1, mostDevices: 2, moves: 2 });
  });

  test("the ticket of another browser is refused, and a place of one's own is offered", async ({
    expect,
  }) => {
    const sale = await saleWithMembers(rate, { replay });
    const [owner, thief] = [await openDevice(), await openDevice()];
    await joinByLink(owner, sale, await passFor(sale, { sub: "customer-6" }));
    const cookies = await owner.context().cookies();
    const copied = cookies.filter(({ name }) => name.includes("ticket"));
    expect(copied).toHaveLength(1);
    await thief.context().addCookies(copied);
    await thief.goto(shop(`${sale}/wait`));
    await heading(thief, "This ticket belongs to another device").waitFor();
    await thief.getByRole("button", { name: "Join the line" }).click();
    await heading(thief, "You’re in the draw").waitFor();
    expect(await ticketIn(thief.context(), sale)).not.toBe(copied[0]?.value);
    await owner.reload();
    await owner.getByText("Your lane: members").waitFor();
  });
});
