/**
 * Every page of the gallery in a browser, on a phone and a desktop, light and dark: it is readable,
 * its controls are large enough to touch, and it fits the window.
 */
import { once } from "node:events";
import { createReadStream } from "node:fs";
import { createServer } from "node:http";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { GALLERY } from "../node/support/pages-exhibits.ts";
import { DESKTOP, launchBrowser, PHONE } from "./support/browser.ts";

/** The page is audited several hundred times, which takes a while on a busy machine. */
const LOOKING_MS = 180_000;
const ASSETS_PATH = "/_sluice/assets/";
/** Leaves its page at once, before anybody can look at it. */
const RESEND_PATH = `${ASSETS_PATH}resend.js`;
const ASSETS = new URL("../../src/pages/assets/_sluice/assets/", import.meta.url);
const AUDIT = new URL("./support/page-audit.js", import.meta.url);
const TYPES: Readonly<Record<string, string>> = {
  css: "text/css",
  js: "text/javascript",
  svg: "image/svg+xml",
};

let browser: Browser;
let origin: string;
let exhibits: readonly string[];

/** Serves the gallery by number and the assets (cacheable), and nothing else. */
const server = createServer((request, response) => {
  const { pathname } = new URL(request.url ?? "/", "http://gallery");
  const exhibit = exhibits[Number(pathname.slice(1))];
  if (exhibit !== undefined) {
    response.setHeader("content-type", "text/html").end(exhibit);
    return;
  }
  if (pathname === RESEND_PATH) {
    response.setHeader("content-type", "text/javascript").end();
    return;
  }
  const isAsset = pathname.startsWith(ASSETS_PATH);
  if (!isAsset && pathname !== "/page-audit.js") {
    response.writeHead(503).end();
    return;
  }
  const file = isAsset ? new URL(pathname.slice(ASSETS_PATH.length), ASSETS) : AUDIT;
  const type = TYPES[pathname.split(".").at(-1) ?? ""] ?? "text/plain";
  response.setHeader("content-type", type).setHeader("cache-control", "max-age=600");
  createReadStream(file).pipe(response);
});

beforeAll(async () => {
  [browser, exhibits] = await Promise.all([
    launchBrowser(),
    Promise.all(GALLERY.map(async ([, view]) => String(await view))),
  ]);
  await once(server.listen(0, "127.0.0.1"), "listening");
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("no port");
  origin = `http://localhost:${address.port}`;
});

afterAll(async () => {
  await browser.close();
  server.close();
});

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

test(
  "every page is readable and touchable, on a phone and a desktop, light and dark",
  async () => {
    const page = await browser.newPage();
    const findings: string[] = [];
    for (const [index, [name]] of GALLERY.entries()) {
      await page.goto(`${origin}/${index}`);
      for (const [setting, viewport, colorScheme] of SETTINGS) {
        await page.setViewportSize(viewport);
        await page.emulateMedia({ colorScheme });
        const found = await audit(page);
        findings.push(...found.map((finding) => `${name}, ${setting}: ${finding}`));
      }
    }
    await page.close();
    expect(findings).toEqual([]);
  },
  LOOKING_MS,
);

test("the audit finds pale text, pale edges, small targets and what is too wide", async () => {
  const page = await browser.newPage({ viewport: PHONE });
  await page.goto(`${origin}/0`);
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
