/**
 * The stand-in for Stripe.js in a browser, in a page of another origin with the policy that the
 * checkout has: card form, wallets, 3-D Secure in a dialog and by redirect, declines, slow and
 * failing loads. The page's script, `stand-in-shop.js`, is written against `@stripe/stripe-js`.
 */
import { readFileSync } from "node:fs";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { fileURLToPath } from "node:url";
import type { Browser, FrameLocator, Page } from "playwright-core";
import type Stripe from "stripe";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { type SandboxHost, startSandbox } from "../http/support/sandbox-host.ts";
import { control, stripeSdk } from "../http/support/sandbox-stripe.ts";
import { launchBrowser } from "./support/browser.ts";

const SHOP_SCRIPT = readFileSync(
  fileURLToPath(new URL("support/stand-in-shop.js", import.meta.url)),
  "utf8",
);
const PATIENCE_MS = 20_000;

/** A shop of another origin, on a real port because browsers guard loopback addresses. */
const shop = createServer(serveShop);
let shopUrl: string;
let returnUrl: string;

let sandbox: SandboxHost;
let stripe: Stripe;
let browser: Browser;
let page: Page;
let complaints: string[];

beforeAll(async () => {
  [sandbox, browser] = await Promise.all([startSandbox(), launchBrowser()]);
  stripe = stripeSdk(sandbox);
  const port = await new Promise<number>((resolve, reject) => {
    shop.once("error", reject).listen(0, "127.0.0.1", () => {
      const address = shop.address();
      if (typeof address === "object" && address !== null) resolve(address.port);
    });
  });
  shopUrl = `http://localhost:${port}`;
  returnUrl = `${shopUrl}/orders/o1`;
}, 90_000);

afterAll(async () => {
  await browser.close();
  await sandbox.stop();
  shop.close();
});

beforeEach(async () => {
  await sandbox.reset();
  page = await (await browser.newContext()).newPage();
  page.setDefaultTimeout(PATIENCE_MS);
  complaints = [];
  page.on("console", (message) => {
    if (message.type() === "error") complaints.push(message.text());
  });
  page.on("pageerror", (error) => complaints.push(error.message));
});

afterEach(() => page.context().close());

/** The checkout, with the policy that the stand-in needs and nothing looser. */
function serveShop({ url = "" }: IncomingMessage, response: ServerResponse): void {
  if (url.endsWith("/shop.js")) {
    response.writeHead(200, { "content-type": "text/javascript" }).end(SHOP_SCRIPT);
    return;
  }
  const policy = ["script-src 'self'", "frame-src", "connect-src"].map((name) => {
    return `${name} ${sandbox.url}`;
  });
  const scripts = [`${sandbox.url}/sandbox/stripe.js`, "/shop.js"].map((src) => {
    return `<script src="${src}"></script>`;
  });
  const headers = {
    "content-type": "text/html",
    "content-security-policy": `default-src 'none'; img-src data:; ${policy.join("; ")}`,
  };
  response.writeHead(200, headers).end(
    `<!doctype html><html lang="en"><link rel="icon" href="data:,"><title>Shop</title>
    <div id="express"></div><div id="payment"></div>${scripts.join("")}`,
  );
}

async function openShop(): Promise<void> {
  await page.goto(`${shopUrl}/checkout`);
}

/** Calls a function of the shop's script. */
function call<Answer>(name: string, ...args: readonly unknown[]): Promise<Answer> {
  return page.evaluate<Answer>(`shop.${name}(...${JSON.stringify(args)})`);
}

const mount = (more = {}) => call<void>("mount", more);
const events = () => page.evaluate<string[]>("shop.events");
const makeToken = () => {
  return call<{ token: string | null; code: string | null }>("makeToken", returnUrl);
};

function form(): FrameLocator {
  return page.frameLocator('iframe[title="Secure payment input frame"]');
}

function wallets(): FrameLocator {
  return page.frameLocator('iframe[title="Secure express checkout frame"]');
}

const BERLIN = "Geldbeutelweg 2, Berlin, DE";
const TOKYO = "6 Saifu, Chiyoda, JP";

/** The lines of a wallet's sheet. */
async function sheet(): Promise<string> {
  return (await wallets().locator("#lines").innerText()).replaceAll(/\s+/g, " ");
}

async function typeCard(number: string): Promise<void> {
  await form().getByLabel("Card number").fill(number);
  await form().getByLabel("Expiry").fill("1234");
  await form().getByLabel("Security code").fill("123");
  await form().getByLabel("Country").selectOption("IE");
}

async function confirmed(token: string | null): Promise<Stripe.PaymentIntent> {
  const { id } = await stripe.paymentIntents.create({
    amount: 5000,
    currency: "eur",
    capture_method: "manual",
  });
  const params = { confirmation_token: token ?? "", return_url: returnUrl };
  return stripe.paymentIntents.confirm(id, params);
}

describe("the card form", () => {
  test("makes a token with which the shop's server confirms the payment", async () => {
    await openShop();
    await mount();
    await typeCard("4242424242424242");
    await expect.poll(events).toContain("change card true false");
    const { token } = await makeToken();
    const intent = await confirmed(token);
    expect(intent.status).toBe("requires_capture");
    expect(await sandbox.payment(intent.id)).toMatchObject({ card: { last4: "4242" } });
    const { payment_method_preview } = await stripe.confirmationTokens.retrieve(token ?? "");
    expect(payment_method_preview?.billing_details.address?.country).toBe("IE");
    expect(complaints).toEqual([]);
  });

  test("works again after it was taken out of the page, and follows an update", async () => {
    await openShop();
    await mount();
    await call("remount");
    await call("update", 4000);
    await typeCard("5555555555554444");
    const intent = await confirmed((await makeToken()).token);
    expect(await call("statusOf", intent.client_secret)).toBe("requires_capture");
  });

  test("is in a document that the shop's page cannot read", async () => {
    await openShop();
    await mount();
    const reachable = await page.evaluate(
      "document.querySelector('#payment iframe').contentDocument",
    );
    expect(reachable).toBeNull();
  });

  test.each([
    ["an empty form", "", "incomplete_number", "Your card number is incomplete."],
    ["a mistyped number", "4242424242424241", "invalid_number", "Your card number is invalid."],
  ])("names the fault of %s, and makes no token", async (_name, number, code, text) => {
    await openShop();
    await mount();
    await form().getByLabel("Card number").fill(number);
    expect(await makeToken()).toEqual({ token: null, code });
    await form().getByText(text).waitFor();
  });

  test("fills itself from the list of test cards", async () => {
    await openShop();
    await mount();
    await form().getByText("Test cards of the sandbox").click();
    await form()
      .getByRole("button", { name: /4000000000009995/ })
      .click();
    const { token } = await makeToken();
    await expect(confirmed(token)).rejects.toMatchObject({ decline_code: "insufficient_funds" });
  });

  test("offers what the account and the page allow, and a method that redirects", async () => {
    await control(sandbox, "PUT", "/account", { methods: ["card", "klarna", "paypal"] });
    await openShop();
    await mount({ allowedPaymentMethodTypes: ["card", "klarna"] });
    expect(await form().getByLabel("PayPal").isVisible()).toBe(false);
    await form().getByLabel("Klarna").check();
    const intent = await confirmed((await makeToken()).token);
    expect(intent.next_action?.type).toBe("redirect_to_url");
  });
});

test("each frame has the colour scheme of its document, so that the page shows through", async () => {
  await openShop();
  await mount();
  for (const [place, path] of Object.entries({ payment: "payment", express: "express-checkout" })) {
    const document = page.frame({ url: `${sandbox.url}/sandbox/elements/${path}` });
    const inside = await document?.evaluate(schemeOf("document.documentElement"));
    const around = await page.evaluate(schemeOf(`document.querySelector("#${place} iframe")`));
    expect([inside, around]).toEqual(["dark", "dark"]);
  }
});

function schemeOf(element: string): string {
  return `getComputedStyle(${element}).colorScheme`;
}

describe("a wallet", () => {
  test("is paid with in its sheet, and gives the shopper's data", async () => {
    await openShop();
    await mount();
    expect(await events()).toContain("express true true");
    await wallets().getByRole("button", { name: "Apple Pay" }).click();
    await wallets().getByRole("button", { name: "Pay", exact: true }).click();
    await expect.poll(events).toContain("confirm apple_pay wanda@example.com IE post");
    const intent = await confirmed((await makeToken()).token);
    expect(intent.shipping).toMatchObject({ name: "Wanda Wallet" });
    const row = await sandbox.payment(intent.id);
    expect(row).toMatchObject({ status: "requires_capture", methodType: "card" });
  });

  test("sends each address and delivery that is chosen in it, and shows what they cost", async () => {
    await openShop();
    await mount();
    await wallets().getByRole("button", { name: "Google Pay" }).click();
    const redacted = '{"city":"Dublin","state":"","postal_code":"D01 F5P2","country":"IE"}';
    await expect.poll(events).toContain(`address Wanda Wallet ${redacted}`);
    await wallets().getByLabel("Address").selectOption({ label: BERLIN });
    await expect.poll(sheet).toBe("Shoes €55.00 Total €60.00");
    await wallets().getByLabel("By courier: €9.00").check();
    await expect.poll(sheet).toBe("Shoes €45.00 Total €54.00");
    await wallets().getByRole("button", { name: "Pay", exact: true }).click();
    await expect.poll(events).toContain("confirm google_pay wanda@example.com DE courier");
    expect(complaints).toEqual([]);
  });

  test("cannot be confirmed with an address that the page refuses", async () => {
    await openShop();
    await mount();
    await wallets().getByRole("button", { name: "Google Pay" }).click();
    await wallets().getByLabel("Address").selectOption({ label: TOKYO });
    await wallets().getByText("This choice is not available").waitFor();
    const pay = wallets().getByRole("button", { name: "Pay", exact: true });
    expect(await pay.isDisabled()).toBe(true);
    await wallets().getByLabel("Address").selectOption({ label: BERLIN });
    await expect.poll(() => pay.isEnabled()).toBe(true);
    await page.keyboard.press("Escape");
    await expect.poll(events).toContain("cancel");
  });

  test.each([
    [
      "a shipping address without rates",
      { shippingAddressRequired: true },
      "When `shippingAddressRequired` is true, you must specify `shippingRates`.",
    ],
    [
      "lines that are more than the amount",
      { lineItems: [{ name: "Shoes", amount: 5001 }] },
      "The amount 5000 is less than the total amount of the line items provided.",
    ],
  ])("is not opened for %s", async (_name, click, message) => {
    await openShop();
    await mount();
    await page.evaluate(`shop.click = ${JSON.stringify(click)}`);
    await wallets().getByRole("button", { name: "Apple Pay" }).click();
    await expect.poll(events).toContain(`IntegrationError: ${message}`);
  });

  test("can be cancelled, and switched off", async () => {
    await control(sandbox, "PUT", "/account", { wallets: ["link"] });
    await openShop();
    await mount();
    expect(await wallets().getByRole("button", { name: "Apple Pay" }).count()).toBe(0);
    await wallets().getByRole("button", { name: "Link" }).click();
    await wallets().getByRole("button", { name: "Cancel" }).click();
    await expect.poll(events).toContain("cancel");
  });
});

describe("3-D Secure", () => {
  const handle = (clientSecret: string | null) => call<string | null>("handle", clientSecret);
  const atTheBank = async () => {
    await openShop();
    await mount();
    await typeCard("4000002760003184");
    return confirmed((await makeToken()).token);
  };
  const bank = () => page.frameLocator('iframe[title="3D Secure authentication"]');

  test.each([
    ["Accept the payment", "requires_capture"],
    ["Refuse it", "payment_intent_authentication_failure"],
  ])("in a dialog: “%s” gives %s", async (button, outcome) => {
    const intent = await atTheBank();
    const handled = handle(intent.client_secret);
    await bank().getByRole("button", { name: button }).click();
    expect(await handled).toBe(outcome);
    expect(await page.locator("dialog").count()).toBe(0);
    expect(complaints).toEqual([]);
  });

  test("in a dialog that is closed refuses the payment", async () => {
    const intent = await atTheBank();
    const handled = handle(intent.client_secret);
    await page.getByRole("button", { name: "Close and refuse" }).click();
    expect(await handled).toBe("payment_intent_authentication_failure");
  });

  test("by redirect leads to the bank and back to the shop", async () => {
    await control(sandbox, "PUT", "/account", { authentication: "redirect" });
    const intent = await atTheBank();
    void handle(intent.client_secret).catch(() => null);
    await page.getByRole("button", { name: "Accept the payment" }).click();
    await page.waitForURL(`${returnUrl}?**`);
    expect(new URL(page.url()).searchParams.get("redirect_status")).toBe("succeeded");
    expect((await stripe.paymentIntents.retrieve(intent.id)).status).toBe("requires_capture");
  });
});

describe("loading", () => {
  test("that fails fires the script's error event, and none defines Stripe", async () => {
    await control(sandbox, "PUT", "/script", { fail: true });
    await openShop();
    expect(await page.evaluate("typeof window.Stripe")).toBe("undefined");
    expect(complaints.join()).toContain("503");
  });

  test("that is slow is over after the delay", async () => {
    await control(sandbox, "PUT", "/script", { delay_ms: 500 });
    const before = performance.now();
    await openShop();
    expect(performance.now() - before).toBeGreaterThanOrEqual(500);
    expect(await page.evaluate("typeof window.Stripe")).toBe("function");
  });

  test("of an element's frame that fails sends loaderror", async () => {
    await control(sandbox, "PUT", "/script", { failElements: true });
    await openShop();
    const error = await call("loadError");
    expect(error).toBe("api_connection_error");
  });
});

test("what Stripe.js throws on is thrown on", async () => {
  await openShop();
  await mount();
  const thrown = await call("wrongUses");
  expect(thrown).toEqual([
    expect.stringMatching(/^IntegrationError: .*publishable key/),
    expect.stringMatching(/^IntegrationError: .*allowedPaymentMethodTypes/),
    expect.stringMatching(/^IntegrationError: .*elements\.submit/),
  ]);
});
