/**
 * Sessions before the shop: joins and claims whose answers are lost, Back and reload, two tabs, a
 * phone after a laptop, and browsers that keep only some cookies. Nobody loses a place, and nobody
 * takes two.
 */
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { passFor, WITH_PASSES } from "../http/support/merchant-passes.ts";
import {
  auditOf,
  makeSale,
  PREQUEUE,
  startSluice,
  type Sluice,
  until,
} from "../http/support/sluice.ts";
import { launchBrowser, PHONE } from "./support/browser.ts";
import {
  cookieIn,
  forget,
  keepCookiesAgain,
  keepNoCookies,
  loseAnswer,
  loseRequest,
  peopleIn,
  pressJoin,
  seesBroken,
  shopAt,
} from "./support/networks.ts";

const PATIENCE_MS = 40_000;
/** One place, one seat. */
const ONE = { tickets: 1, claimed: 1 };
const IN_DRAW = "You’re in the draw";

let sluice: Sluice;
let browser: Browser;
let sales = 0;

beforeAll(async () => {
  [sluice, browser] = await Promise.all([startSluice(WITH_PASSES), launchBrowser()]);
}, 120_000);
afterAll(async () => {
  await browser.close();
  await sluice.stop();
});

async function device(options = {}): Promise<Page> {
  const context = await browser.newContext({ viewport: PHONE, ...options });
  context.setDefaultTimeout(PATIENCE_MS);
  return context.newPage();
}

function shop(path: string): string {
  return shopAt(sluice, path);
}

function nameSale(): string {
  sales += 1;
  return `line-${sales}`;
}

/** A sale whose line is open and that has not started. */
async function openLine(change: Readonly<Record<string, unknown>> = {}): Promise<string> {
  const sale = nameSale();
  await makeSale(sluice, sale, {
    ...PREQUEUE,
    admission: { claimWindowSeconds: 10, ratePerMinute: 1_000_000, maxActive: 100 },
    ...change,
  });
  return sale;
}

async function start(sale: string): Promise<void> {
  await sluice.merchant("POST", `/sales/${sale}/actions`, { action: "start" });
}

describe.concurrent("a join", () => {
  test("whose answer was lost gets the same place when it is sent again from a reloaded page", async () => {
    const sale = await openLine();
    const page = await device();
    await page.goto(shop(sale));
    const lost = await loseAnswer(sluice, page, "/join");
    await pressJoin(page);
    await seesBroken(page, lost, 303);
    expect(await cookieIn(page.context(), "ticket", sale)).toBeUndefined();
    await page.goto(shop(sale));
    await pressJoin(page);
    await page.getByRole("heading", { name: IN_DRAW }).waitFor();
    await start(sale);
    await page.waitForURL(shop(sale));
    expect(await peopleIn(sluice, sale)).toEqual(ONE);
  });

  test("that never reached the server succeeds from a reloaded page", async () => {
    const sale = await openLine();
    const page = await device();
    await page.goto(shop(sale));
    const lost = await loseRequest(page, "/join");
    await pressJoin(page);
    await seesBroken(page, lost, true);
    await page.goto(shop(sale));
    await pressJoin(page);
    await page.getByRole("heading", { name: IN_DRAW }).waitFor();
    await start(sale);
    expect(await peopleIn(sluice, sale)).toEqual(ONE);
  });

  test("from two tabs, one of them with a double click, takes one place", async () => {
    const sale = await openLine();
    const first = await device();
    await first.goto(shop(sale));
    const second = await first.context().newPage();
    await second.goto(shop(sale));
    await Promise.all([
      first.getByRole("button", { name: "Join the line" }).dblclick({ noWaitAfter: true }),
      pressJoin(second),
    ]);
    for (const page of [first, second]) {
      await page.getByRole("heading", { name: IN_DRAW }).waitFor();
    }
    await start(sale);
    for (const page of [first, second]) await page.waitForURL(shop(sale));
    expect(await peopleIn(sluice, sale)).toEqual(ONE);
  });

  test("where nobody waits admits once, even when its answer was lost and a line has formed since", async () => {
    const sale = nameSale();
    await makeSale(sluice, sale, { admission: { ratePerMinute: 1_000_000, maxActive: 1 } });
    const page = await device();
    await page.goto(shop(sale));
    const lost = await loseAnswer(sluice, page, "/join");
    await pressJoin(page);
    await seesBroken(page, lost, 303);
    // The seat is taken, so the next join turns queueing on.
    await sluice.shopper("POST", `/sales/${sale}/tickets`);
    const line = page.getByText("There is a line");
    await until(() => page.goto(shop(sale)).then(() => line.isVisible()), Boolean, PATIENCE_MS);
    await pressJoin(page);
    await page.getByRole("button", { name: "Add to cart" }).waitFor();
    expect(await auditOf(sluice, sale)).toMatchObject({ claimed: 1, active: 1 });
  });
});

describe.concurrent("a turn", () => {
  test("whose answer was lost is claimed again by the script: one seat", async () => {
    const sale = await openLine();
    const page = await device();
    await page.goto(shop(sale));
    await pressJoin(page);
    await page.getByRole("heading", { name: IN_DRAW }).waitFor();
    const lost = await loseAnswer(sluice, page, "/admissions");
    await start(sale);
    await page.waitForURL(shop(sale));
    expect(lost()).toBe(201);
    expect(await peopleIn(sluice, sale)).toEqual(ONE);
  });

  test("whose answer was lost is claimed again by hand, without scripts: one seat", async () => {
    const sale = await openLine({
      admission: { claimWindowSeconds: 60, ratePerMinute: 1_000_000, maxActive: 100 },
    });
    const page = await device({ javaScriptEnabled: false });
    await page.goto(shop(sale));
    await pressJoin(page);
    await start(sale);
    const go = page.getByRole("button", { name: "Go in now" });
    const shown = () => page.goto(shop(`${sale}/wait`)).then(() => go.isVisible());
    await until(shown, Boolean, PATIENCE_MS);
    const lost = await loseAnswer(sluice, page, "/enter");
    await go.click();
    await seesBroken(page, lost, 303);
    await page.goto(shop(`${sale}/wait`));
    await go.click();
    await page.getByRole("button", { name: "Add to cart" }).waitFor();
    expect(await peopleIn(sluice, sale)).toEqual(ONE);
  });

  test("claimed in another tab leads to the shop when the browser restores the waiting page", async () => {
    const sale = await openLine();
    const page = await device();
    await page.goto(shop(sale));
    await pressJoin(page);
    await page.getByRole("heading", { name: IN_DRAW }).waitFor();
    const other = await page.context().newPage();
    await other.goto(shop(`${sale}/wait`));
    await page.goto("about:blank");
    await start(sale);
    await other.waitForURL(shop(sale));
    await page.goBack();
    await page.waitForURL(shop(sale));
    const loads: string[] = [];
    page.on("framenavigated", (frame) => loads.push(frame.url()));
    await page.evaluate("dispatchEvent(new PageTransitionEvent('pageshow', { persisted: true }))");
    await until(async () => loads.length, Boolean, PATIENCE_MS);
    expect(loads).toEqual([shop(sale)]);
    expect(await peopleIn(sluice, sale)).toEqual(ONE);
  });
});

describe.concurrent("cookies", () => {
  test("that are all blocked: the page says so, and no place is taken", async () => {
    const sale = await openLine();
    const page = await device();
    await keepNoCookies(sluice, page.context(), /./);
    await page.goto(shop(sale));
    for (let attempt = 0; attempt < 2; attempt += 1) {
      await page.getByRole("button", { name: /Join the line|Try again/ }).click();
      await page.getByRole("heading", { name: "Your browser does not store your place" }).waitFor();
    }
    await keepCookiesAgain(page.context());
    await page.goto(shop(sale));
    await pressJoin(page);
    await page.getByRole("heading", { name: IN_DRAW }).waitFor();
    await start(sale);
    expect(await peopleIn(sluice, sale)).toEqual(ONE);
  });

  test("of which the ticket is blocked: the page says so, and joining again takes no second place", async () => {
    const sale = await openLine();
    const page = await device();
    await keepNoCookies(sluice, page.context(), /^__Host-sluice-ticket-/);
    await page.goto(shop(sale));
    await pressJoin(page);
    await page.getByText("your browser did not store the cookie with your place").waitFor();
    await keepCookiesAgain(page.context());
    await page.getByRole("button", { name: "Try again" }).click();
    await page.getByRole("heading", { name: IN_DRAW }).waitFor();
    await start(sale);
    expect(await peopleIn(sluice, sale)).toEqual(ONE);
  });

  test("of which the admission is lost: the ticket leads back into the shop, even after its claim window", async () => {
    const sale = await openLine({
      admission: { claimWindowSeconds: 5, ratePerMinute: 1_000_000, maxActive: 100 },
    });
    const page = await device();
    await page.goto(shop(sale));
    await pressJoin(page);
    await start(sale);
    await page.waitForURL(shop(sale));
    await page.getByLabel("Quantity of A shoe").selectOption("1");
    await page.getByRole("button", { name: "Add to cart" }).click();
    await page.getByRole("heading", { name: "Checkout" }).waitFor();
    const admission = await cookieIn(page.context(), "admission", sale);
    const headers = { "sluice-ticket": (await cookieIn(page.context(), "ticket", sale)) ?? "" };
    await until(
      () => sluice.shopper("GET", `/sales/${sale}/status`, { headers }),
      ({ body }) => body["state"] === "lapsed",
    );
    await forget(page.context(), "admission", sale);
    await page.goto(shop(`${sale}/wait`));
    await page.waitForURL(shop(sale));
    expect(await cookieIn(page.context(), "admission", sale)).toBe(admission);

    await forget(page.context(), "admission", sale);
    await page.goto(shop(`${sale}/cart`));
    await page.getByRole("button", { name: "Join the line" }).click();
    await page.waitForURL(shop(sale));
    await page.goto(shop(`${sale}/cart`));
    await page.getByText("€129.00", { exact: true }).first().waitFor();
    expect(await cookieIn(page.context(), "admission", sale)).toBe(admission);
    expect(await peopleIn(sluice, sale)).toEqual(ONE);
  });

  test("of which the ticket is lost: an admitted shopper can continue shopping", async () => {
    const sale = await openLine();
    const page = await device();
    await page.goto(shop(sale));
    await pressJoin(page);
    await start(sale);
    await page.waitForURL(shop(sale));
    await forget(page.context(), "ticket", sale);
    await page.goto(shop(`${sale}/wait`));
    await page.waitForURL(shop(sale));
    await page.getByLabel("Quantity of A shoe").selectOption("1");
    await page.getByRole("button", { name: "Add to cart" }).click();
    await page.getByRole("heading", { name: "Checkout" }).waitFor();
    expect(await peopleIn(sluice, sale)).toEqual(ONE);
  });
});

test.concurrent("a waiting shopper who opens the cart and presses Join keeps the place", async () => {
  const sale = await openLine();
  const page = await device();
  await page.goto(shop(sale));
  await pressJoin(page);
  const ticket = await cookieIn(page.context(), "ticket", sale);
  await page.goto(shop(`${sale}/cart`));
  await pressJoin(page);
  await page.getByRole("heading", { name: IN_DRAW }).waitFor();
  expect(await cookieIn(page.context(), "ticket", sale)).toBe(ticket);
  await start(sale);
  expect(await peopleIn(sluice, sale)).toEqual(ONE);
});

test.concurrent("a phone that follows the link after a laptop is in the same shop with the same cart", async () => {
  const sale = await openLine({ lanes: [{ id: "members", weight: 3 }] });
  const link = shop(`${sale}?pass=${await passFor(sale, { sub: "customer-1" })}`);
  const laptop = await device();
  await laptop.goto(link);
  await pressJoin(laptop);
  await start(sale);
  await laptop.waitForURL(shop(sale));
  await laptop.getByLabel("Quantity of A shoe").selectOption("2");
  await laptop.getByRole("button", { name: "Add to cart" }).click();
  await laptop.getByRole("heading", { name: "Checkout" }).waitFor();
  const phone = await device();
  await phone.goto(link);
  await pressJoin(phone);
  await phone.getByRole("button", { name: "Update cart" }).waitFor();
  await phone.getByRole("link", { name: "Cart" }).click();
  await phone.getByText("€258.00", { exact: true }).first().waitFor();
  expect(await peopleIn(sluice, sale)).toEqual(ONE);
});
