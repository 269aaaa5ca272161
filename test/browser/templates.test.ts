/**
 * A merchant's own waiting page in a browser, in front of a shop that does not know Sluice: with
 * and without scripts, and however badly the page behaves, the shopper waits and gets in.
 */
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { QUEUE_IT_SECRET } from "../node/support/queue-it-connector.ts";
import { fill, FULL, makeGuardedSale, makeRoom } from "../http/support/guarded-shop.ts";
import { startShop, type ShopServer } from "../http/support/shop-server.ts";
import { startSluice, type Sluice, until } from "../http/support/sluice.ts";
import { launchBrowser, PHONE } from "./support/browser.ts";

const PATIENCE_MS = 45_000;

let shop: ShopServer;
let sluice: Sluice;
let browser: Browser;
let sales = 0;

beforeAll(async () => {
  shop = await startShop();
  const variables = { gate: { ORIGIN: shop.url, QUEUE_IT_SECRET } };
  [sluice, browser] = await Promise.all([
    startSluice({ variables, pipeline: false }),
    launchBrowser(),
  ]);
});
afterAll(async () => {
  await browser.close();
  await sluice.stop();
  await shop.stop();
});

/** A sale whose one seat is taken. */
async function fullSale(
  template: string,
  change: Readonly<Record<string, unknown>> = {},
  name = "own-page",
): Promise<string> {
  sales += 1;
  const id = `${name}-${sales}`;
  await makeGuardedSale(sluice, id, { ...FULL, waitingPage: { template }, ...change });
  await fill(sluice, id);
  return id;
}

/** Over plain HTTP, browsers keep Secure cookies for this host only. */
function address(sale: string): string {
  return `http://localhost:${new URL(sluice.host.gateUrl).port}/${sale}/shoes?size=42`;
}

async function openPage(javaScriptEnabled = true): Promise<Page> {
  const context = await browser.newContext({ viewport: PHONE, javaScriptEnabled });
  context.setDefaultTimeout(PATIENCE_MS);
  return context.newPage();
}

async function getsIn(page: Page, sale: string): Promise<void> {
  await makeRoom(sluice, sale);
  await page.getByRole("heading", { name: "Welcome to the drop" }).waitFor();
  expect(page.url()).toBe(address(sale));
  await page.context().close();
}

/** In the style of Cloudflare's documented example: sections, and a script that writes the wait. */
const IN_THEIR_STYLE = `<!DOCTYPE html>
<html lang="en">
<head><title>Almost there</title><style>h1 { color: rgb(1, 2, 3); }</style></head>
<body>
  <h1>You’re in line for {{title}}</h1>
  <h2 id="time-remaining">
    <noscript>
      {{#waitTimeKnown}}About {{waitTimeFormatted}} to wait{{/waitTimeKnown}}
      {{^waitTimeKnown}}{{#queueIsFull}}More than a day{{/queueIsFull}}
      {{^queueIsFull}}Nobody knows how long{{/queueIsFull}}{{/waitTimeKnown}}
    </noscript>
  </h2>
  {{{turnstile}}}
  <script type="text/javascript">
    var remaining = document.getElementById("time-remaining");
    var waitTime = {{waitTime}};
    var waitTimeKnown = {{waitTimeKnown}};
    remaining.innerText = waitTimeKnown
      ? "About " + waitTime + (waitTime === 1 ? " minute" : " minutes") + " to wait"
      : "Nobody knows how long";
  </script>
</body>
</html>`;

const BADLY_BEHAVED = {
  hidesEverything: "<style>html { display: none !important; }</style><p>Nothing to see",
  throwsAndStops: "<script>window.stop(); throw new Error('no');</script>",
  loadsTomorrow: '<meta http-equiv="refresh" content="86400"><p>Later',
  neverCloses: '<!-- <script> <p title="',
};

/** Reads `textContent`, because Playwright's text omits `<noscript>`. */
async function readsWait(page: Page): Promise<void> {
  const wait = page.locator("#time-remaining");
  await until(
    () => wait.textContent().catch(() => null),
    (text) => /About \d+ minutes? to wait/.test(text ?? ""),
    PATIENCE_MS,
  );
}

describe.concurrent.each([
  ["with scripts", true],
  ["without scripts", false],
] as const)("%s", (_, javaScriptEnabled) => {
  test("a page in Cloudflare's style joins, shows the wait and gets in", async () => {
    const sale = await fullSale(IN_THEIR_STYLE);
    const page = await openPage(javaScriptEnabled);
    await page.goto(address(sale));
    await readsWait(page);
    // The page reloads itself, so an evaluation may be lost.
    const heading = "getComputedStyle(document.querySelector('h1')).color";
    const colour = () => page.evaluate(heading).catch(() => null);
    expect(await until(colour, Boolean, PATIENCE_MS)).toBe("rgb(1, 2, 3)");
    await getsIn(page, sale);
  });

  test("a page gets in even when it hides everything, stops loading, refreshes a day later, or is never closed", async () => {
    const pages = Object.values(BADLY_BEHAVED).map(async (template) => {
      const sale = await fullSale(template);
      const page = await openPage(javaScriptEnabled);
      await page.goto(address(sale), { waitUntil: "commit" });
      await getsIn(page, sale);
    });
    expect(await Promise.all(pages)).toHaveLength(4);
  });
});

test.concurrent("a hostile title and message are shown as text, and never run", async () => {
  const title = `</title><img src=x onerror="window.hacked = 1">`;
  const message = "`${window.hacked = 2}` \\\" '</script><script>window.hacked = 3</script>";
  const sale = await fullSale(
    `<title>{{title}}</title><p id="title" title={{title}}>{{title}}</p><p id="note">{{message}}</p>
    <a id="link" href="{{title}}" onclick="window.hacked = 4">x</a>
    <script>var quoted = "{{message}}"; var ticked = \`{{message}}\`; var other = '{{title}}';
    document.body.dataset.ran = "yes";</script>`,
    { title },
  );
  await sluice.merchant("PATCH", `/sales/${sale}/admission`, { message });
  const page = await openPage();
  await page.goto(address(sale));
  await page.locator("#note", { hasText: "window.hacked" }).waitFor();
  expect(await page.locator("#title").textContent()).toBe(title);
  expect(await page.locator("#note").textContent()).toBe(message);
  expect(await page.title()).toBe(title);
  // In one step, because the link leads away and the page reloads itself.
  const read = `(() => {
    document.querySelector("#link").click();
    return [document.body.dataset.ran, typeof window.hacked];
  })()`;
  expect(await page.evaluate(read)).toEqual(["yes", "undefined"]);
  await page.context().close();
});

test.concurrent("a shop behind Queue-it's connector is entered without a second line", async () => {
  const sale = await fullSale(IN_THEIR_STYLE, { queueIt: { eventId: "airone" } }, "queue");
  const page = await openPage();
  await page.goto(address(sale));
  await page.getByText("You’re in line for").waitFor();
  await makeRoom(sluice, sale);
  await page.getByRole("heading", { name: "Welcome to the drop" }).waitFor();
  expect(page.url()).toBe(address(sale));
  await page.reload();
  await page.getByRole("heading", { name: "Welcome to the drop" }).waitFor();
  expect(shop.requests.filter((line) => line.includes(`${sale}/`)).slice(1)).toEqual([
    `GET /${sale}/shoes?size=42`,
    `GET /${sale}/shoes?size=42`,
  ]);
  await page.context().close();
});
