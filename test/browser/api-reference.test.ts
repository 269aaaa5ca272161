/**
 * The reference of the API in a browser: it shows the operations of the OpenAPI document, under a
 * policy that forbids inline scripts and styles, and loads nothing from anywhere else.
 */
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { startSluice, type Sluice } from "../http/support/sluice.ts";
import { DESKTOP, launchBrowser } from "./support/browser.ts";

let sluice: Sluice;
let browser: Browser;
beforeAll(async () => {
  [sluice, browser] = await Promise.all([startSluice(), launchBrowser()]);
});
afterAll(async () => {
  await browser.close();
  await sluice.stop();
});

const PATH = "/_sluice/docs";

/** Opens the reference and notes what the browser complains of and what it loads. */
async function openReference(javaScriptEnabled = true) {
  const context = await browser.newContext({ viewport: DESKTOP, javaScriptEnabled });
  const page = await context.newPage();
  const complaints: string[] = [];
  const origins = new Set<string>();
  page.on("console", (message) => {
    if (message.type() === "error") complaints.push(message.text());
  });
  page.on("pageerror", (error) => complaints.push(error.message));
  page.on("request", (request) => {
    if (!request.url().startsWith("data:")) origins.add(new URL(request.url()).origin);
  });
  const address = sluice.host.gateUrl.replace("127.0.0.1", "localhost");
  const answer = await page.goto(address + PATH);
  return { page, complaints, origins, policy: (await answer?.allHeaders())?.[POLICY] ?? "" };
}

const POLICY = "content-security-policy";

const operation = (page: Page, id: string) => page.locator(`.opblock[id$="-${id}"]`);

test("the reference shows every operation, and what one answers with, from this origin alone", async () => {
  const { page, complaints, origins, policy } = await openReference();
  const joining = operation(page, "joinSale");
  await joining.waitFor();
  const document = await sluice.ask("GET", "/_sluice/openapi.json");
  const ids = [...JSON.stringify(document.body).matchAll(/"operationId":"(\w+)"/g)];
  for (const [, id = ""] of ids) expect([id, await operation(page, id).count()]).toEqual([id, 1]);

  await joining.getByRole("button", { name: "Join the line" }).click();
  await joining.getByText("Idempotency-Key", { exact: true }).waitFor();
  await joining.getByText("pass_invalid", { exact: true }).first().waitFor();

  expect(complaints).toEqual([]);
  expect([...origins]).toEqual([new URL(page.url()).origin]);
  expect(policy).not.toMatch(/unsafe|\*|http/);
  expect(policy).toContain("script-src 'self'; style-src 'self'");
  await page.context().close();
});

test("an operation that is tried out from the reference is answered", async () => {
  const { page, complaints } = await openReference();
  const health = operation(page, "getHealth");
  await health.getByRole("button", { name: "Get whether" }).click();
  await health.getByRole("button", { name: "Try it out" }).click();
  await health.getByRole("button", { name: "Execute" }).click();
  await health.locator(".live-responses-table").getByText('"ok": true').waitFor();
  expect(complaints).toEqual([]);
  await page.context().close();
});

test("without scripts the reference links the document itself", async () => {
  const { page } = await openReference(false);
  await page.getByRole("link", { name: "the OpenAPI document" }).click();
  expect(page.url()).toMatch(/\/_sluice\/openapi\.json$/);
  await page.context().close();
});
