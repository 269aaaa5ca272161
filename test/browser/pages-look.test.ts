/**
 * Every page of the gallery in a browser, on a phone and a desktop, light and dark: it can be read,
 * touched, and fits the window.
 */
import { readFile } from "node:fs/promises";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { GALLERY } from "../domain/pages-exhibits.ts";
import { DESKTOP, launchBrowser, PHONE } from "./browser.ts";

const ORIGIN = "http://localhost:9";
const ASSETS_PATH = "/_sluice/assets/";
const ASSETS = new URL("../../src/pages/assets/_sluice/assets/", import.meta.url);
const AUDIT = new URL("./page-audit.js", import.meta.url);
const TYPES: Readonly<Record<string, string>> = {
  css: "text/css",
  js: "text/javascript",
  svg: "image/svg+xml",
};

let browser: Browser;

beforeAll(async () => {
  browser = await launchBrowser();
});

afterAll(() => browser.close());

/** Answers for the whole origin from the gallery and from the folder of assets. */
async function showGallery(page: Page): Promise<void> {
  const exhibits = new Map<string, string>(
    await Promise.all(
      GALLERY.map(async ([, view], index) => [`/${index}`, String(await view)] as const),
    ),
  );
  await page.route(`${ORIGIN}/**`, async (route) => {
    const { pathname } = new URL(route.request().url());
    const exhibit = exhibits.get(pathname);
    if (exhibit !== undefined) return route.fulfill({ contentType: "text/html", body: exhibit });
    const isAsset = pathname.startsWith(ASSETS_PATH);
    if (!isAsset && pathname !== "/page-audit.js") return route.fulfill({ status: 503 });
    const file = isAsset ? new URL(pathname.slice(ASSETS_PATH.length), ASSETS) : AUDIT;
    const contentType = TYPES[pathname.split(".").at(-1) ?? ""] ?? "text/plain";
    return route.fulfill({ contentType, body: await readFile(file, "utf8") });
  });
}

const SETTINGS = [
  ["a phone, light", PHONE, "light"],
  ["a phone, dark", PHONE, "dark"],
  ["a desktop, light", DESKTOP, "light"],
  ["a desktop, dark", DESKTOP, "dark"],
] as const;

async function audit(page: Page): Promise<string[]> {
  const run = 'import("/page-audit.js").then(({ auditPage }) => auditPage())';
  return page.evaluate<string[]>(run);
}

test("every page can be read and touched, on a phone and a desktop, light and dark", async () => {
  const page = await browser.newPage();
  await showGallery(page);
  const findings: string[] = [];
  for (const [index, [name]] of GALLERY.entries()) {
    await page.goto(`${ORIGIN}/${index}`);
    for (const [setting, viewport, colorScheme] of SETTINGS) {
      await page.setViewportSize(viewport);
      await page.emulateMedia({ colorScheme });
      const found = await audit(page);
      findings.push(...found.map((finding) => `${name}, ${setting}: ${finding}`));
    }
  }
  await page.close();
  expect(findings).toEqual([]);
});

test("the audit finds pale text, pale edges, small targets and what is too wide", async () => {
  const page = await browser.newPage({ viewport: PHONE });
  await showGallery(page);
  await page.goto(`${ORIGIN}/0`);
  const content = `main { color: #999; background: #fff; width: 500px }
    main input { border: 1px solid #ccc !important; min-height: 50px }
    nav a { min-height: 0 !important; height: 20px }`;
  await page.addStyleTag({ content });
  await page.locator("main").evaluate((main) => {
    main.append(main.ownerDocument.createElement("input"));
  });
  const findings = (await audit(page)).join("\n");
  await page.close();
  for (const finding of ["a contrast of 2.8", "an edge", "by 20 px", "500 px wide"]) {
    expect(findings).toContain(finding);
  }
});
