/**
 * Another site, service workers and speculation in Chromium, at guarded addresses: a page of
 * another site makes its visitors take nothing, and gets the bank's form to the shop of a shopper
 * who is in.
 */
import type { Browser, BrowserContext, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { fill, makeGuardedSale, makeRoom } from "../http/support/guarded-shop.ts";
import { startOrigin, type OriginServer } from "../http/support/origin-server.ts";
import { auditOf, startSluice, type Sluice, until } from "../http/support/sluice.ts";
import { launchBrowser, PHONE } from "./support/browser.ts";
import { cookieIn, hostAt, keepNoCookies } from "./support/networks.ts";
import { startSecondSite, type SecondSite } from "./support/second-site.ts";

const PATIENCE_MS = 45_000;

let origin: OriginServer;
let sluice: Sluice;
let elsewhere: SecondSite;
let browser: Browser;
let sales = 0;

beforeAll(async () => {
  origin = await startOrigin();
  const variables = { gate: { ORIGIN: origin.url } };
  [sluice, browser, elsewhere] = await Promise.all([
    startSluice({ variables, pipeline: false }),
    launchBrowser(),
    startSecondSite(),
  ]);
});
afterAll(async () => {
  await browser.close();
  await sluice.stop();
  await elsewhere.stop();
  await origin.stop();
});

function newSale(): string {
  sales += 1;
  return `foreign-${sales}`;
}

async function openSale(change: Readonly<Record<string, unknown>> = {}): Promise<string> {
  const sale = newSale();
  await makeGuardedSale(sluice, sale, { items: [], ...change });
  return sale;
}

const ONE_SEAT = { ratePerMinute: 1_000_000, maxActive: 1, claimWindowSeconds: 60 };

async function fullSale(): Promise<string> {
  const sale = await openSale({ admission: ONE_SEAT });
  for (let shopper = 0; shopper < 2; shopper += 1) await fill(sluice, sale);
  return sale;
}

function address(sale: string): string {
  return `${hostAt(sluice)}/${sale}/shoes?size=42`;
}

async function device(options = {}): Promise<{ context: BrowserContext; page: Page }> {
  const context = await browser.newContext({ viewport: PHONE, ...options });
  context.setDefaultTimeout(PATIENCE_MS);
  return { context, page: await context.newPage() };
}

async function takenOf(sale: string) {
  const { tickets, claimed, active } = await auditOf(sluice, sale);
  return { tickets, claimed, active };
}
const NOTHING = { tickets: 0, claimed: 0, active: 0 };

/** Bodies that the shop received for the sale. */
function formsAt(sale: string) {
  return origin.arrived.filter(({ method, target }) => {
    return method === "POST" && target.startsWith(`/${sale}/`);
  });
}

const waits = (page: Page) => page.locator("[data-waiting]").waitFor();
const isIn = (page: Page) => page.getByRole("heading", { name: "The shop" }).waitFor();

/** Sends a form by itself when it is loaded, as a bank's page does. */
function formTo(target: string, enctype = "application/x-www-form-urlencoded"): string {
  return elsewhere.page(`
    <form id="f" method="post" action="${target}" enctype="${enctype}">
      <input name="PaRes" value="ok ü&amp;" />
      <button>Send</button>
    </form>
    <script>document.getElementById("f").submit()</script>`);
}

describe.concurrent("a page of another site", () => {
  test("takes no seat by what it fetches, embeds and posts", async () => {
    const sale = await openSale();
    const { context, page } = await device();
    const target = address(sale);
    await page.goto(
      elsewhere.page(`
        <img src="${target}&i=1"><iframe src="${target}&i=2"></iframe>
        <object data="${target}&i=3" type="text/html"></object><script src="${target}&i=4"></script>
        <form id="f" method="post" action="${target}" target="in"></form><iframe name="in"></iframe>
        <script>
          const headers = { accept: "application/json" };
          const json = (mode) => fetch("${target}", { mode, credentials: "include", headers });
          const all = [json("no-cors"), json("cors"), fetch("${target}", { mode: "no-cors" })];
          navigator.sendBeacon("${target}", "x");
          document.getElementById("f").submit();
          Promise.allSettled(all).then(() => { document.title = "done"; });
        </script>`),
    );
    await page.waitForFunction(`document.title === "done"`);
    await page.waitForLoadState("load");
    expect(await takenOf(sale)).toEqual(NOTHING);
    expect(await context.cookies(hostAt(sluice))).toEqual([]);
    expect(origin.arrived.some(({ target: at }) => at.startsWith(`/${sale}/`))).toBe(false);
    await context.close();
  });

  test("leads to the shop by a link, with one seat", async () => {
    const sale = await openSale();
    const { context, page } = await device();
    for (let time = 0; time < 2; time += 1) {
      await page.goto(elsewhere.page(`<a href="${address(sale)}">the drop</a>`));
      await page.getByText("the drop").click();
      await isIn(page);
      expect(page.url()).toBe(address(sale));
    }
    expect((await takenOf(sale)).claimed).toBe(1);
    await context.close();
  });

  test("takes no seat in a browser that keeps no cookies, and the page says why", async () => {
    const sale = await openSale();
    const { context, page } = await device();
    await keepNoCookies(sluice, context, /./, /\/foreign-\d+\/|\/_sluice\/shop\//);
    const link = { referer: "https://evil.example/" };
    await context.setExtraHTTPHeaders({ "sec-fetch-site": "cross-site" });
    await page.goto(address(sale), link);
    await page.getByRole("heading", { name: "Your browser does not store your place" }).waitFor();
    expect(await takenOf(sale)).toEqual(NOTHING);
    await context.close();
  });

  test("leaves a waiting shopper the place when it posts a form", async () => {
    const sale = await fullSale();
    const { context, page } = await device();
    await page.goto(address(sale));
    await waits(page);
    const ticket = await cookieIn(context, "ticket", sale);
    await page.goto(formTo(address(sale)));
    await page.getByRole("heading", { name: "Your form was not sent" }).waitFor();
    expect(await cookieIn(context, "ticket", sale)).toBe(ticket);
    await page.getByRole("link", { name: "Go to the line" }).click();
    await waits(page);
    expect(await cookieIn(context, "ticket", sale)).toBe(ticket);
    expect(formsAt(sale)).toEqual([]);
    await context.close();
  });

  test("takes nothing for a stranger when it posts a form", async () => {
    const sale = await openSale();
    const { context, page } = await device();
    await page.goto(formTo(address(sale)));
    await page.getByRole("heading", { name: "Your form was not sent" }).waitFor();
    expect(await takenOf(sale)).toEqual(NOTHING);
    expect(await context.cookies(hostAt(sluice))).toEqual([]);
    await context.close();
  });

  test.each([
    ["with scripts", true, "application/x-www-form-urlencoded"],
    ["with scripts", true, "multipart/form-data"],
    ["without scripts", false, "text/plain"],
  ])(
    "gets the bank's form to the shop of a shopper who is in, while others wait: %s, %s, %s",
    async (_, javaScriptEnabled, enctype) => {
      const sale = await openSale({ admission: ONE_SEAT });
      const { context, page } = await device({ javaScriptEnabled });
      await page.goto(address(sale));
      await isIn(page);
      await fill(sluice, sale);
      await page.goto(formTo(address(sale), enctype));
      if (!javaScriptEnabled) {
        await page.getByRole("button", { name: "Send" }).click();
        await page.getByRole("button", { name: "Continue" }).click();
      }
      await isIn(page);
      expect(page.url()).toBe(address(sale));
      const [sent, ...others] = formsAt(sale);
      expect(others).toEqual([]);
      const headers = new Headers(sent?.headers.map(([name, value]) => [name, value]));
      expect(headers.get("content-type")).toContain(enctype);
      expect(headers.get("origin")).toMatch(/^http:\/\/127\.0\.0\.1:/);
      expect(headers.get("cookie")).toBeNull();
      expect(sent?.size).toBeGreaterThan(10);
      expect((await takenOf(sale)).claimed).toBe(1);
      await context.close();
    },
  );
});

describe.concurrent("a neighbouring host of the shop's domain", () => {
  const at = (host: string, path: string): string => {
    return `http://${host}:${new URL(sluice.host.gateUrl).port}${path}`;
  };
  const cookiePage = (cookie: string): string => {
    const script = `document.cookie = ${JSON.stringify(cookie)}`;
    return `/about?do=page&markup=${encodeURIComponent(`<script>${script}</script>`)}`;
  };

  test("admits nobody by a cookie that it plants, and throws nobody out", async () => {
    const sale = await openSale({ admission: ONE_SEAT });
    const shop = at("shop.localhost", `/${sale}/shoes`);
    const owner = await device();
    await owner.page.goto(shop);
    await isIn(owner.page);
    await fill(sluice, sale);
    const name = `__Host-sluice-admission-${sale}`;
    const cookies = await owner.context.cookies(shop);
    const token = cookies.find((cookie) => cookie.name === name)?.value ?? "";
    const { context, page } = await device();
    const planted = [`${name}=${token}`, `ui=a ${name}=${token}`, `__Host-sluice-ticket-x=y`];
    for (const each of [owner, { context, page }]) {
      for (const cookie of planted) {
        const line = `${cookie}; Domain=shop.localhost; Path=/; Secure`;
        await each.page.goto(at("blog.shop.localhost", cookiePage(line)));
      }
      await each.page.goto(shop);
    }
    // Chromium refuses the prefix with a domain, and keeps the other.
    expect((await context.cookies(shop)).map((cookie) => cookie.name)).toContain("ui");
    await waits(page);
    await isIn(owner.page);
    const sent = origin.arrived.findLast(({ target }) => target.startsWith(`/${sale}/`));
    const shops = new Headers(sent?.headers.map(([key, value]) => [key, value])).get("cookie");
    expect(shops).toBe(`ui=a ${name}=${token}`);
    await Promise.all([context.close(), owner.context.close()]);
  });

  test("shares the shop's cookies, of which those of a sale that is over are ended", async () => {
    const fairness = { revealAfterSeconds: 0 };
    const over = await openSale({ admission: ONE_SEAT, fairness });
    await fill(sluice, over);
    const { context, page } = await device();
    const names = async () => {
      const kept = await context.cookies(at("shop.localhost", "/"));
      return kept.map(({ name }) => name);
    };
    await page.goto(at("shop.localhost", `/${over}/shoes`));
    await waits(page);
    expect(await names()).toContain(`__Host-sluice-ticket-${over}`);
    await sluice.merchant("POST", `/sales/${over}/actions`, { action: "end" });
    const next = await openSale();
    await page.goto(at("shop.localhost", `/${next}/shoes`));
    await isIn(page);
    expect(await names()).toEqual([`__Host-sluice-admission-${next}`]);
    await context.close();
  });
});

/** A worker as shops have them: it passes navigations on, and keeps what it was answered. */
const WORKER = `
  addEventListener("install", () => skipWaiting());
  addEventListener("activate", (event) => event.waitUntil(clients.claim()));
  addEventListener("fetch", (event) => {
    event.respondWith(fetch(event.request).then((answer) => {
      const copy = answer.clone();
      event.waitUntil(caches.open("pages").then((cache) => cache.put(event.request, copy)));
      return answer;
    }));
  });`;

describe.concurrent("with a service worker of the shop", () => {
  async function withWorker(): Promise<{ context: BrowserContext; page: Page }> {
    const { context, page } = await device();
    await page.goto(`${hostAt(sluice)}/about`);
    const script = `/worker.js?do=script&text=${encodeURIComponent(WORKER)}`;
    await page.evaluate(`(async () => {
      await navigator.serviceWorker.register(${JSON.stringify(script)});
      await navigator.serviceWorker.ready;
      if (navigator.serviceWorker.controller) return;
      await new Promise((done) => { navigator.serviceWorker.oncontrollerchange = done; });
    })()`);
    return { context, page };
  }
  const kept = (page: Page): Promise<unknown> => {
    return page.evaluate(`caches.open("pages").then((cache) => cache.keys())
      .then((keys) => keys.map(({ url }) => new URL(url).pathname))`);
  };

  test("the line is shown and left, and no waiting page is kept", async () => {
    const sale = await fullSale();
    const { context, page } = await withWorker();
    await page.goto(address(sale));
    await waits(page);
    expect(await cookieIn(context, "ticket", sale)).toBeDefined();
    expect(await kept(page)).not.toContain(`/${sale}/shoes`);
    await makeRoom(sluice, sale);
    await isIn(page);
    await until(
      () => kept(page),
      (paths) => JSON.stringify(paths).includes(`/${sale}/shoes`),
    );
    await context.close();
  });

  test("a link of another site still needs its cookie back, and leads in", async () => {
    const sale = await openSale();
    const { context, page } = await withWorker();
    await page.goto(elsewhere.page(`<a href="${address(sale)}">the drop</a>`));
    await page.getByText("the drop").click();
    await isIn(page);
    expect(await cookieIn(context, "join", sale)).toBeDefined();
    expect((await takenOf(sale)).claimed).toBe(1);
    await context.close();
  });
});

describe.concurrent("what is loaded in advance", () => {
  /** Waits until the browser has given up what it loaded in advance. */
  async function speculated(page: Page, rules: object): Promise<void> {
    const devtools = await page.context().newCDPSession(page);
    const failed = new Promise<void>((resolve) => {
      devtools.on("Preload.prefetchStatusUpdated", ({ prefetchStatus }) => {
        if (prefetchStatus === "PrefetchFailedNon2XX") resolve();
      });
    });
    await devtools.send("Preload.enable");
    const script = `<script type="speculationrules">${JSON.stringify(rules)}</script>`;
    const markup = encodeURIComponent(`<!doctype html><title>Home</title>${script}`);
    await page.goto(`${hostAt(sluice)}/home?do=page&markup=${markup}`);
    await failed;
  }

  // Playwright's browsers load what is to be prerendered, and do not render it.
  test.each(["prefetch", "prerender"])("takes no turn: %s", async (kind) => {
    const sale = await fullSale();
    const { context, page } = await device();
    await page.goto(address(sale));
    await waits(page);
    await page.goto("about:blank");
    const ticket = (await cookieIn(context, "ticket", sale)) ?? "";
    await makeRoom(sluice, sale);
    const status = () => {
      return sluice.shopper("GET", `/sales/${sale}/status`, {
        headers: { "sluice-ticket": ticket },
      });
    };
    await until(status, ({ body }) => body["state"] === "called", PATIENCE_MS);
    const before = await takenOf(sale);
    await speculated(page, { [kind]: [{ urls: [address(sale)], eagerness: "immediate" }] });
    expect(await takenOf(sale)).toEqual(before);
    expect(await cookieIn(context, "admission", sale)).toBeUndefined();
    await page.goto(address(sale));
    await isIn(page);
    expect((await takenOf(sale)).claimed).toBe(before.claimed + 1);
    await context.close();
  });
});
