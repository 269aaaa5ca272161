/**
 * The page that checks a receipt, in a browser: reached from the order's page, pasted, opened from
 * a file; with a browser that has no Ed25519, and without scripts.
 */
import { readFile } from "node:fs/promises";
import { decodeJwt } from "jose";
import type { Browser, BrowserContext, Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { z } from "zod";
import { buy, claim, receiptOf, saleWithLine, type Bought } from "../http/support/receipts.ts";
import { type Sluice, startSluice, until } from "../http/support/sluice.ts";
import { launchBrowser, PHONE } from "./support/browser.ts";

const SALE = "signed";

let sluice: Sluice;
let browser: Browser;
let context: BrowserContext;
let page: Page;
let bought: Bought;
let token: string;
/** The place as shoppers count it, from 1. */
let place: number;
let complaints: string[] = [];

beforeAll(async () => {
  [sluice, browser] = await Promise.all([startSluice(), launchBrowser()]);
  const tickets = await saleWithLine(sluice, SALE);
  bought = await buy(sluice, SALE, await claim(sluice, SALE, tickets[2] ?? ""));
  token = await receiptOf(sluice, bought);
  place = z.object({ rank: z.int() }).parse(decodeJwt(token)["place"]).rank + 1;
  // A gate shows a cohort once its snapshot knows of it, up to a second or two after it closed.
  const cohort = () => sluice.shopper("GET", `/sales/${SALE}/cohorts/general/0`);
  await until(cohort, ({ status }) => status === 200);
});

afterAll(async () => {
  await browser.close();
  await sluice.stop();
});

beforeEach(() => {
  complaints = [];
});

afterEach(() => context.close());

/** Over plain HTTP, browsers compute hashes and signatures for this host only. */
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

async function report(): Promise<string> {
  await page.locator("#result .verdict:not(:empty)").waitFor();
  return page.locator("#result").innerText();
}

async function checkPasted(text: string): Promise<string> {
  await page.goto(shop(`${SALE}/receipt`));
  await page.getByLabel("Receipt", { exact: true }).fill(text);
  await page.getByRole("button", { name: "Check the receipt" }).click();
  return report();
}

function changed(): string {
  const [head, , signature] = token.split(".");
  const claims = { ...decodeJwt(token), booking: "BK-other" };
  const payload = Buffer.from(JSON.stringify(claims)).toString("base64url");
  return [head, payload, signature].join(".");
}

const verdict = () => `The signature is the shop’s, and the order came from place number ${place}.`;

describe("with scripts", () => {
  beforeEach(() => openPage());

  test("from the page of the order, the receipt is verified, and the order's key leaves the address", async () => {
    const key = new URLSearchParams(bought.path.split("?")[1]).get("key") ?? "";
    await page.goto(shop(`${SALE}/orders/${bought.order}?key=${key}`));
    const downloading = page.waitForEvent("download");
    await page.getByRole("link", { name: "download" }).click();
    const saved = await downloading;
    expect(saved.suggestedFilename()).toBe(`receipt-${bought.order}.jwt`);
    expect((await readFile(await saved.path(), "utf8")).trim()).toBe(token);
    await page.getByRole("link", { name: "your signed receipt" }).click();
    await page.getByRole("heading", { level: 1, name: "Check a receipt" }).waitFor();
    const text = await report();
    expect(text).toContain(verdict());
    expect(text).toContain(`Order ${bought.order} was confirmed`);
    expect(text).toContain("signed this receipt, as your browser verified.");
    expect(text).toContain(`the place is number ${place} of the lane, as it says.`);
    expect(text).not.toContain("Wrong");
    expect(page.url()).toBe(shop(`${SALE}/receipt`));
    expect(complaints).toEqual([]);
  });

  test("a saved receipt is opened from its file", async () => {
    await page.goto(shop(`${SALE}/receipt`));
    const buffer = Buffer.from(`${token}\n`);
    const file = { name: "receipt.jwt", mimeType: "application/jwt", buffer };
    await page.getByLabel("Or open a saved receipt").setInputFiles(file);
    expect(await report()).toContain(verdict());
  });

  test("a changed receipt is refused, and nothing that it says is shown", async () => {
    const text = await checkPasted(changed());
    expect(text).toContain("The signature does not match");
    expect(text).not.toContain("BK-other");
    expect(await checkPasted("what is this")).toContain("This is not a receipt");
  });

  test("a place that the draw does not give is reported", async () => {
    await page.route(/\/cohorts\/general\/0$/, async (route) => {
      const answer = await route.fetch();
      const manifest = z.looseObject({ seed: z.string() }).parse(await answer.json());
      await route.fulfill({ response: answer, json: { ...manifest, base: 40 } });
    });
    const text = await checkPasted(token);
    expect(text).toContain("Something does not match");
    expect(text).toContain(`not ${place}.`);
  });

  test("a browser without Ed25519 has the shop verify it, once", async () => {
    await page.addInitScript(() => {
      const { subtle } = crypto;
      const importKey = subtle.importKey.bind(subtle);
      const refusing = (...given: Parameters<typeof importKey>) => {
        const [, , algorithm] = given;
        const name = typeof algorithm === "string" ? algorithm : algorithm.name;
        if (name === "Ed25519") throw new DOMException("no such algorithm", "NotSupportedError");
        return importKey(...given);
      };
      Object.defineProperty(subtle, "importKey", { value: refusing });
    });
    await page.goto(shop(`${SALE}/receipt`));
    await page.getByLabel("Receipt", { exact: true }).fill(token);
    const submitted = page.waitForRequest((request) => request.method() === "POST");
    await page.getByRole("button", { name: "Check the receipt" }).click();
    await submitted;
    await page.getByText("The draw gives the same place.").waitFor();
    expect(await report()).toContain("The signature is the shop’s.");
  });
});

test("without scripts the shop verifies it", async () => {
  await openPage({ javaScriptEnabled: false });
  const text = await checkPasted(token);
  expect(text).toContain("The signature is the shop’s.");
  expect(text).toContain("The draw gives the same place.");
  expect(await checkPasted(changed())).toContain("The signature does not match");
  expect(await page.getByLabel("Or open a saved receipt").isVisible()).toBe(false);
});

test("after the end the secret and the seed are checked too", async () => {
  await sluice.merchant("POST", `/sales/${SALE}/actions`, { action: "end" });
  const ask = () => sluice.shopper("GET", `/sales/${SALE}/fairness`);
  await until(ask, ({ body }) => body["secret"] !== null);
  await openPage();
  const text = await checkPasted(token);
  expect(text).toContain(verdict());
  expect(text).toContain("The seed of your cohort follows from the secret.");
  expect(text).not.toContain("Wrong");
});
