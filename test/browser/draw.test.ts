/**
 * The page that checks the draw, in a browser: it computes the same place as the shop and reports
 * tampering; without scripts it says how to check.
 */
import type { Browser, BrowserContext, Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import * as contract from "../../simulation/crowd/gate-answers.ts";
import { signStandInRound } from "../../simulation/sandbox/beacon.ts";
import {
  makeSale,
  PREQUEUE,
  type Sluice,
  startSluice,
  textOf,
  until,
} from "../http/support/sluice.ts";
import { launchBrowser, PHONE } from "./support/browser.ts";

const SALE = "drawn";

let sluice: Sluice;
let browser: Browser;
let context: BrowserContext;
let page: Page;
let ticket: string;
let rank: number;
/** Of somebody who joined before the start, and so is in the draw that the beacon decides. */
let first: string;
let complaints: string[] = [];

beforeAll(async () => {
  [sluice, browser] = await Promise.all([startSluice(), launchBrowser()]);
  const admission = { ratePerMinute: 6000, maxActive: 1, overcall: 1 };
  const fairness = { revealAfterSeconds: 0 };
  await makeSale(sluice, SALE, { ...PREQUEUE, admission, expectedShoppers: 20_000, fairness });
  const joined = await Promise.all(
    Array.from({ length: 20 }, () => sluice.shopper("POST", `/sales/${SALE}/tickets`)),
  );
  await sluice.merchant("POST", `/sales/${SALE}/actions`, { action: "start" });
  const early = joined.map((answer) => textOf(answer, "ticket"));
  first = early[0] ?? "";
  const ranks = () => Promise.all(early.map(rankOf));
  await until(ranks, (found) => !found.includes(null));
  const late = await sluice.shopper("POST", `/sales/${SALE}/tickets`);
  ticket = textOf(late, "ticket");
  rank = Number(
    await until(
      () => rankOf(ticket),
      (found) => found !== null,
    ),
  );
});

afterAll(async () => {
  await browser.close();
  await sluice.stop();
});

beforeEach(() => {
  complaints = [];
});

afterEach(() => context.close());

async function rankOf(token: string): Promise<number | null> {
  const headers = { "sluice-ticket": token };
  const answer = await sluice.shopper("GET", `/sales/${SALE}/status`, { headers });
  return contract.standingSchema.parse(answer.body).rank;
}

/** Over plain HTTP, browsers keep Secure cookies and compute hashes for this host only. */
function shop(path: string): string {
  const { port } = new URL(sluice.host.gateUrl);
  return `http://localhost:${port}/_sluice/shop/${path}`;
}

async function openPage(options: { readonly javaScriptEnabled?: boolean } = {}): Promise<void> {
  context = await browser.newContext({ viewport: PHONE, ...options });
  page = await context.newPage();
  page.on("console", (message) => {
    if (message.type() === "error") complaints.push(message.text());
  });
  page.on("pageerror", (error) => complaints.push(error.message));
}

async function computePlace(token: string): Promise<string> {
  await page.getByLabel("Ticket").fill(token);
  const button = page.getByRole("button", { name: "Work out the place" });
  await button.click();
  await page.locator("#result .verdict:not(:empty)").waitFor();
  return page.locator("#result").innerText();
}

describe("with scripts", () => {
  beforeEach(() => openPage());

  test("a pasted ticket gets the same place as from the shop", async () => {
    await page.goto(shop(SALE));
    await page.getByRole("link", { name: "Check the draw", exact: true }).click();
    await page.getByRole("heading", { level: 1, name: "Check the draw" }).waitFor();
    const report = await computePlace(ticket);
    expect(report).toContain(`Your place is number ${rank + 1} of its lane.`);
    expect(report).toContain(`The shop gives the same place: number ${rank + 1}.`);
    expect(report).toContain("its secret is published; come back");
    expect(report).not.toContain("Wrong");
    expect(complaints).toEqual([]);
  });

  test("the field already has the ticket of the browser's cookie", async () => {
    await page.goto(shop(SALE));
    await page.getByRole("button", { name: /Join the line|Go in/ }).click();
    await page.getByRole("link", { name: "you can check the draw" }).click();
    const carried = await page.getByLabel("Ticket").inputValue();
    const expected = Number(
      await until(
        () => rankOf(carried),
        (found) => found !== null,
      ),
    );
    const report = await computePlace(carried);
    expect(report).toContain(`Your place is number ${expected + 1} of its lane.`);
    expect(complaints).toEqual([]);
  });

  test("a cohort whose base is not the sum of the earlier cohorts is reported", async () => {
    await page.route(/\/cohorts\/general\/\d+$/, async (route) => {
      const answer = await route.fetch();
      const manifest = contract.manifestSchema.parse(await answer.json());
      const base = manifest.base + 5;
      await route.fulfill({ response: answer, json: { ...manifest, base } });
    });
    await page.goto(shop(`${SALE}/fairness`));
    expect(await computePlace(ticket)).toContain("Something does not match");
  });

  test("the round of the beacon that decided is verified in the browser", async () => {
    await page.goto(shop(`${SALE}/fairness`));
    const report = await computePlace(first);
    expect(report).toContain("The counts were signed at");
    expect(report).toContain("of the beacon decided; your browser verified its signature.");
    expect(report).toContain("The beacon (sluice-stand-in) is no public one");
    expect(report).not.toContain("Wrong");
    expect(complaints).toEqual([]);
  });

  test("a round that the beacon did not sign is reported", async () => {
    await page.route(/\/cohorts\/general\/0$/, async (route) => {
      const answer = await route.fetch();
      const manifest = contract.manifestSchema.parse(await answer.json());
      const draw = { ...manifest.draw, beacon: signStandInRound(1) };
      await route.fulfill({ response: answer, json: { ...manifest, draw } });
    });
    await page.goto(shop(`${SALE}/fairness`));
    expect(await computePlace(first)).toMatch(/Wrong: Round \d+ is not the beacon's/);
  });

  test("text that is no ticket, and a ticket of another sale, are refused with the reason", async () => {
    await page.goto(shop(`${SALE}/fairness`));
    expect(await computePlace("what is this")).toContain("This is not a ticket");
    const [head, , signature] = ticket.split(".");
    const claims = { aud: "other", lane: "general", cohort: 0, shard: 0, index: 0 };
    const payload = Buffer.from(JSON.stringify(claims)).toString("base64url");
    await page.reload();
    expect(await computePlace(`${head}.${payload}.${signature}`)).toContain("for another sale");
  });
});

test("without scripts the page shows the commitment and says how to check", async () => {
  await openPage({ javaScriptEnabled: false });
  await page.goto(shop(`${SALE}/fairness`));
  const text = await page.locator("main").innerText();
  const { body } = await sluice.shopper("GET", `/sales/${SALE}/fairness`);
  expect(text).toContain(contract.fairnessSchema.parse(body).commitment);
  expect(text).toContain("This needs a browser that runs scripts");
  expect(await page.getByLabel("Ticket").isVisible()).toBe(false);
});

test("after the end the secret and the seed are checked too", async () => {
  await sluice.merchant("POST", `/sales/${SALE}/actions`, { action: "end" });
  const ask = () => sluice.shopper("GET", `/sales/${SALE}/fairness`);
  await until(ask, ({ body }) => body["secret"] !== null);
  await openPage();
  await page.goto(shop(`${SALE}/fairness`));
  const report = await computePlace(ticket);
  expect(report).toContain("its SHA-256 is the commitment made before the sale");
  expect(report).toContain("The seed of your cohort follows from the secret.");
  expect(report).not.toContain("Wrong");
  // With the beacon's round too.
  await page.reload();
  const early = await computePlace(first);
  expect(early).toContain("The seed of your cohort follows from the secret.");
  expect(early).not.toContain("Wrong");
  expect(complaints).toEqual([]);
});
