/**
 * The example of a shop's own checkout page in Chromium, on a host of its own: from Sluice's cart
 * to it, paying by card, over the bank and back, declined, given up, and with a price that changes.
 */
import type { Page } from "playwright-core";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { startCheckoutServer, type CheckoutServer } from "../../examples/checkout/server.ts";
import { saleDocument } from "../http/support/sluice.ts";
import { bankDialog, CARDS, Checkout, PATIENCE, SHIPPING, typeCard } from "./support/checkout.ts";

let checkout: Checkout;
let shop: CheckoutServer;

beforeAll(async () => {
  checkout = await Checkout.start();
  shop = await startCheckoutServer({
    gate: new URL(checkout.shop("")).origin,
    stripeJs: `${checkout.sluice.host.sandboxUrl}/sandbox/stripe.js`,
    port: 0,
  });
});
afterAll(async () => {
  await checkout.stop();
  await shop.stop();
});
beforeEach(() => checkout.switchesOff());

/** The rules of a sale that sends its shoppers to the example's page. */
function ownPage(more: object = {}) {
  const { origin, host } = new URL(shop.url);
  return { page: shop.url, origins: [origin], returnHosts: [host], ...more };
}

/** A shopper with a shoe in the cart who has followed the link to the shop's page. */
async function visit(more: object = {}, change: object = {}) {
  const visited = await checkout.visit({ checkout: ownPage(more), ...change });
  const { page } = visited;
  await page.getByRole("link", { name: "Continue to checkout" }).click();
  await button(page).waitFor();
  return visited;
}

const button = (page: Page) => page.locator("#order button");
const message = (page: Page) => page.locator("#message").innerText();

async function payWith(page: Page, card: string): Promise<void> {
  await page.getByLabel("E-mail").fill("ann@shoppers.example");
  await typeCard(page, card);
  await expect.poll(() => button(page).isEnabled(), PATIENCE).toBe(true);
  await button(page).click();
}

const country = (page: Page) => page.locator('select[name="country"]');

async function typeAddress(page: Page): Promise<void> {
  await page.getByLabel("Name").fill("Ann Shopper");
  await page.getByLabel("Street").fill("1 Main Street");
  await page.getByLabel("Postal code").fill("10115");
  await page.getByLabel("City").fill("Berlin");
  await country(page).selectOption({ label: "Germany" });
  await page.getByLabel("Delivery").selectOption({ label: "By courier, €9.00" });
  await page.getByLabel("I accept the terms").check();
}

/** The shop's own fields, as they are. */
function typedIn(page: Page): Promise<unknown> {
  // As text, because this program has no types of the page.
  return page.evaluate("Object.fromEntries(new FormData(document.querySelector('#order')))");
}

const THANKS = "Thank you: your order is confirmed";

test("a card pays on the shop's page, which keeps the admission out of its address", async () => {
  const { page, sale, complaints } = await visit();
  expect(page.url()).toBe(shop.url);
  await expect.poll(() => page.locator("#lines").innerText(), PATIENCE).toBe("1 × A shoe: €129.00");
  await payWith(page, CARDS.good);
  await expect.poll(() => message(page), PATIENCE).toContain(`${THANKS}, €129.00.`);
  await checkout.expectOrders(sale, { confirmed: 1 });
  await page.getByRole("link", { name: "Order and receipt" }).click();
  await page.getByRole("heading", { level: 1, name: "Your order is confirmed" }).waitFor();
  expect(complaints).toEqual([]);
});

describe("3-D Secure", () => {
  test("at the bank's page leads back to the shop's page, which finds its order", async () => {
    await checkout.control("PUT", "account", { authentication: "redirect" });
    const { page, sale, complaints } = await visit();
    const seen: string[] = [];
    page.on("framenavigated", (frame) => seen.push(frame.url()));
    await payWith(page, CARDS.asksBank);
    await page.getByRole("button", { name: "Accept the payment" }).click();
    await expect.poll(() => message(page), PATIENCE).toContain(THANKS);
    const back = seen.find((url) => url.startsWith(`${shop.url}?`)) ?? "about:blank";
    expect(new URL(back).searchParams.get("payment_intent")).toMatch(/^pi_/);
    // Removed by the page, because Stripe adds a secret too.
    expect(page.url()).toBe(shop.url);
    await checkout.expectOrders(sale, { confirmed: 1 });
    expect(complaints).toEqual([]);
  });

  test("in a dialog of Stripe.js stays on the shop's page", async () => {
    const { page, sale } = await visit();
    await payWith(page, CARDS.asksBank);
    await bankDialog(page).getByRole("button", { name: "Accept the payment" }).click();
    await expect.poll(() => message(page), PATIENCE).toContain(THANKS);
    await checkout.expectOrders(sale, { confirmed: 1 });
  });

  test("can be left: the shopper comes back, pays another way, and keeps the shoe", async () => {
    await checkout.control("PUT", "account", { authentication: "redirect" });
    const { page, sale } = await visit(SHIPPING);
    await typeAddress(page);
    await page.getByLabel("E-mail").fill("ann@shoppers.example");
    const typed = await typedIn(page);
    expect(typed).toMatchObject({ line1: "1 Main Street", country: "DE", delivery: "courier" });
    await payWith(page, CARDS.asksBank);
    await page.getByRole("button", { name: "Accept the payment" }).waitFor();
    await page.goto(shop.url);
    await page.getByRole("button", { name: "Pay another way" }).click();
    await expect.poll(() => message(page), PATIENCE).toContain("Choose how to pay");
    // All but the payment details, which are Stripe's and not kept.
    expect(await typedIn(page)).toEqual(typed);
    await payWith(page, CARDS.good);
    await expect.poll(() => message(page), PATIENCE).toContain(THANKS);
    const kept = await page.evaluate(() => sessionStorage.getItem("visit"));
    expect(kept).not.toMatch(/Main Street|ann@|4242/);
    await checkout.expectOrders(sale, { confirmed: 1, declined: 1 });
  });
});

test("a declined card leaves the form as it was, and another card buys", async () => {
  const { page, sale } = await visit();
  await payWith(page, CARDS.noFunds);
  await expect
    .poll(() => message(page), PATIENCE)
    .toContain("The bank declined the payment. Nothing was charged");
  expect(await page.getByLabel("E-mail").inputValue()).toBe("ann@shoppers.example");
  await payWith(page, CARDS.mastercard);
  await expect.poll(() => message(page), PATIENCE).toContain(THANKS);
  await checkout.expectOrders(sale, { confirmed: 1, declined: 1 });
});

test("a price that changes before the press is shown, and paid only when pressed again", async () => {
  const { page, sale } = await visit();
  await expect.poll(() => button(page).innerText()).toBe("Pay €129.00");
  const [shoe, sock] = saleDocument(sale).items;
  const items = [{ ...shoe, price: 13_900 }, sock];
  const dearer = saleDocument(sale, { items, checkout: ownPage() });
  expect((await checkout.sluice.merchant("PUT", `/sales/${sale}`, dearer)).status).toBe(200);
  await payWith(page, CARDS.good);
  await expect
    .poll(() => message(page), PATIENCE)
    .toBe("The price was €129.00 and is €139.00 now. Nothing was charged. Pay again if you agree.");
  await checkout.expectOrders(sale, {});
  await expect.poll(() => button(page).innerText()).toBe("Pay €139.00");
  await button(page).click();
  await expect.poll(() => message(page), PATIENCE).toContain(`${THANKS}, €139.00.`);
  await checkout.expectOrders(sale, { confirmed: 1 });
});

test("an address, a delivery and terms are asked for where the sale needs them", async () => {
  const { page, sale } = await visit(SHIPPING);
  await expect.poll(() => page.locator("#needed").innerText(), PATIENCE).toContain("the country");
  expect([await button(page).isDisabled(), await button(page).innerText()]).toEqual([true, "Pay"]);
  expect(await country(page).locator("option").allInnerTexts()).toEqual([
    "Choose",
    "Germany",
    "Ireland",
    "United States",
  ]);
  await typeAddress(page);
  await expect.poll(() => button(page).innerText(), PATIENCE).toBe("Pay €138.00");
  await payWith(page, CARDS.good);
  await expect.poll(() => message(page), PATIENCE).toContain(`${THANKS}, €138.00.`);
  await checkout.expectOrders(sale, { confirmed: 1 });
});

test("an order whose answer is lost is sent again as it was, and is one order", async () => {
  const { page, sale } = await visit();
  let lost = 0;
  await page.route("**/_sluice/v1/orders", async (route) => {
    if (route.request().method() !== "POST" || lost > 0) return route.continue();
    lost += 1;
    await route.fetch();
    return route.abort();
  });
  await payWith(page, CARDS.good);
  await expect.poll(() => message(page), PATIENCE).toContain(THANKS);
  expect(lost).toBe(1);
  await checkout.expectOrders(sale, { confirmed: 1 });
});

test("a visitor without an admission is sent to the cart, and a wrong one to the line", async () => {
  const { page, sale } = await visit();
  const other = await page.context().newPage();
  await other.goto(shop.url);
  await expect.poll(() => message(other)).toContain("come here from your cart");
  const toShop = other.getByRole("link", { name: "To the shop" });
  expect(await toShop.getAttribute("href")).toBe(checkout.shop("").replace(/\/$/, ""));
  await other.goto(`${shop.url}#sale=${sale}&admission=eyJ.e30.sig`);
  await other.reload();
  await expect.poll(() => message(other), PATIENCE).toContain("The admission is not valid");
  await other.getByRole("link", { name: "Join the line" }).waitFor();
});
