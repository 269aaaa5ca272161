/**
 * The page of the proof in a browser: ALTCHA's own widget solves the gate's challenge under the
 * page's policy, Turnstile's is allowed on this page only, and without scripts the page says what
 * is needed. A stand-in replaces Turnstile's script, because there is no network here.
 */
import type { Browser, BrowserContext, Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { sandboxToken } from "../../simulation/sandbox/turnstile.ts";
import { makeSale, PREQUEUE, startSluice, type Sluice } from "../http/support/sluice.ts";
import { launchBrowser, PHONE } from "./support/browser.ts";

const PATIENCE_MS = 30_000;
const WIDGET = "https://challenges.cloudflare.com/turnstile/v0/api.js";

let sluice: Sluice;
let browser: Browser;
beforeAll(async () => {
  [sluice, browser] = await Promise.all([startSluice(), launchBrowser()]);
  const altcha = { kind: "altcha", maxNumber: 40 };
  const before = { ...altcha, cost: 100 };
  const turnstile = { kind: "turnstile", siteKey: "1x00000000000000000000AA" };
  await makeSale(sluice, "worked", { ...PREQUEUE, protection: altcha });
  await makeSale(sluice, "worked-before", { ...PREQUEUE, protection: before });
  await makeSale(sluice, "checked", { ...PREQUEUE, protection: turnstile });
});
afterAll(async () => {
  await browser.close();
  await sluice.stop();
});

const contexts: BrowserContext[] = [];
afterEach(async () => {
  await Promise.all(contexts.splice(0).map((context) => context.close()));
});

/** Errors of the browser's console, including every breach of the page's policy. */
let complaints: string[] = [];

async function newPage(javaScriptEnabled = true): Promise<Page> {
  const context = await browser.newContext({ viewport: PHONE, javaScriptEnabled });
  context.setDefaultTimeout(PATIENCE_MS);
  contexts.push(context);
  complaints = [];
  const page = await context.newPage();
  page.on("console", (message) => {
    if (message.type() === "error") complaints.push(message.text());
  });
  page.on("pageerror", (error) => complaints.push(error.message));
  return page;
}

function shop(path: string): string {
  const { port } = new URL(sluice.host.gateUrl);
  return `http://localhost:${port}/_sluice/shop/${path}`;
}

async function beginToJoin(page: Page, sale: string): Promise<void> {
  await page.goto(shop(sale));
  await page.getByRole("button", { name: "Join the line" }).click();
  await page.getByRole("heading", { level: 1, name: "One more step" }).waitFor();
}

const joined = (page: Page) => page.getByRole("heading", { name: "You’re in the draw" });

test.each([
  ["scrypt", "worked"],
  ["PBKDF2, where the sale names its cost", "worked-before"],
])(
  "ALTCHA's widget solves %s by itself, under the page's policy, and the button joins",
  async (_, sale) => {
    const page = await newPage();
    await beginToJoin(page, sale);
    await page.getByText("Verified", { exact: true }).waitFor();
    expect(await page.locator("[data-live]").textContent()).toContain("The check is done");
    expect(await page.locator("[data-trouble]").isHidden()).toBe(true);
    await page.getByRole("button", { name: "Join the line" }).click();
    await joined(page).waitFor();
    expect(complaints).toEqual([]);
    await page.goBack();
    await page.goto(shop(sale));
    await page.getByText("You are already in line").waitFor();
  },
);

test("a failed check is reported, and can be tried again", async () => {
  const page = await newPage();
  await page.route("**/challenge", (route) => route.abort());
  await beginToJoin(page, "worked");
  await page.getByText("The check could not be loaded").waitFor();
  await page.unroute("**/challenge");
  await page.reload();
  await page.getByText("Verified", { exact: true }).waitFor();
  await page.locator("input[name=proof]").evaluate((input: { value: string }) => {
    input.value = "tampered";
  });
  await page.getByRole("button", { name: "Join the line" }).click();
  await page.getByText("The check was not solved").waitFor();
  await page.getByText("proof_invalid, malformed").waitFor();
  await page.getByText("Verified", { exact: true }).waitFor();
  await page.getByRole("button", { name: "Join the line" }).click();
  await joined(page).waitFor();
  expect(page.url()).toBe(shop("worked/wait"));
});

/** Like Cloudflare's script, adds a hidden field to the form, with the name the page chose. */
function standIn(token: string): string {
  return `for (const box of document.querySelectorAll(".cf-turnstile")) {
    const field = document.createElement("input");
    field.type = "hidden";
    field.name = box.dataset.responseFieldName;
    field.value = ${JSON.stringify(token)};
    box.append(field);
    box.dataset.received = [box.dataset.sitekey, box.dataset.action, box.dataset.cdata].join(" ");
  }
  globalThis.turnstile = {};`;
}

test("Turnstile's widget is allowed on this page only, and its token joins", async () => {
  const page = await newPage();
  const solvedAt_ms = Date.now();
  const solved = { hostname: "localhost", action: "sluice-join", cdata: "checked" };
  const token = sandboxToken({ id: "browser", solvedAt_ms, ...solved });
  await page.route(WIDGET, (route) => {
    return route.fulfill({ contentType: "text/javascript", body: standIn(token) });
  });
  const policies: string[] = [];
  page.on("response", (response) => {
    const policy = response.headers()["content-security-policy"] ?? "";
    if (response.request().isNavigationRequest() && response.status() === 200) {
      policies.push(`${new URL(response.url()).pathname} ${policy.includes("cloudflare")}`);
    }
  });
  await beginToJoin(page, "checked");
  const received = page.locator('[data-received="1x00000000000000000000AA sluice-join checked"]');
  await received.waitFor({ state: "attached" });
  await page.getByRole("button", { name: "Join the line" }).click();
  await joined(page).waitFor();
  expect(complaints).toEqual([]);
  const base = "/_sluice/shop/checked";
  expect(policies).toEqual([`${base} false`, `${base}/proof true`, `${base}/wait false`]);
});

test.each(["worked", "checked"])(
  "without scripts the page of %s says that they are needed",
  async (sale) => {
    const page = await newPage(false);
    await beginToJoin(page, sale);
    // Text selectors ignore `noscript`, whether or not a browser shows it.
    await page.locator("noscript .note").waitFor();
    await page.getByRole("button", { name: "Join the line" }).click();
    await page.getByRole("heading", { level: 1, name: "One more step" }).waitFor();
    expect(page.url()).toBe(shop(`${sale}/proof`));
  },
);
