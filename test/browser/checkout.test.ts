/**
 * Paying in a browser, against the stand-in for Stripe.js: by card and by wallet, declined and with
 * another card, by keyboard alone; and the total, by country, delivery, discount code and a price
 * that has changed.
 */
import type { Page } from "playwright-core";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { z } from "zod";
import { saleDocument, until } from "../http/support/sluice.ts";
import {
  CARDS,
  cardForm,
  Checkout,
  CONFIRMED,
  expectTotal,
  faultsOn,
  headingOf,
  PATIENCE,
  payButton,
  payWithCard,
  SHIPPING,
  typeCard,
  wallets,
} from "./support/checkout.ts";

let checkout: Checkout;

beforeAll(async () => {
  checkout = await Checkout.start();
});
afterAll(() => checkout.stop());
beforeEach(() => checkout.switchesOff());

async function fillAddress(page: Page): Promise<void> {
  await page.getByLabel("Name").fill("Ann Shopper");
  await page.getByLabel("Country", { exact: true }).selectOption("DE");
  await page.getByText("By courier").waitFor();
  await page.getByLabel("Address", { exact: true }).fill("1 Main Street");
  await page.getByLabel("Postal code").fill("10115");
  await page.getByLabel("City").fill("Berlin");
}

describe("a card", () => {
  test("pays in the page, and leads to the order with its amounts", async () => {
    const { page, sale, complaints } = await checkout.visit();
    await payWithCard(page, CARDS.good);
    await expect.poll(() => headingOf(page), PATIENCE).toBe(CONFIRMED);
    expect(page.url()).toContain("/orders/");
    expect(await page.locator("main").innerText()).toContain("€129.00");
    await checkout.expectOrders(sale, { confirmed: 1 });
    await page.getByRole("link", { name: `The sale ${sale}` }).click();
    await page.getByText("You have completed your purchase").waitFor();
    expect(await page.getByRole("button", { name: "Add to cart" }).count()).toBe(0);
    expect(complaints).toEqual([]);
  });

  test("that is declined leads back to the form as it was, and another card buys", async () => {
    const { page, sale, complaints } = await checkout.visit();
    await page.getByLabel("Name").fill("Ann");
    await payWithCard(page, CARDS.noFunds);
    await expect.poll(() => faultsOn(page), PATIENCE).toContain("The payment was not approved.");
    expect(await page.getByLabel("E-mail").inputValue()).toBe("ann@shoppers.example");
    expect(await page.getByLabel("Name").inputValue()).toBe("Ann");
    await typeCard(page, CARDS.mastercard);
    await payButton(page).click();
    await expect.poll(() => headingOf(page), PATIENCE).toBe(CONFIRMED);
    await checkout.expectOrders(sale, { confirmed: 1, declined: 1 });
    expect(complaints).toEqual([]);
  });

  test("that is mistyped is named in the form, and nothing is ordered", async () => {
    const { page, sale } = await checkout.visit();
    await payWithCard(page, "4242 4242 4242 4241");
    await cardForm(page).getByText("Your card number is invalid.").waitFor();
    await checkout.expectOrders(sale, {});
    expect(await payButton(page).isEnabled()).toBe(true);
  });

  test("is typed and paid with by keyboard alone", async () => {
    const { page } = await checkout.visit();
    const email = page.getByLabel("E-mail");
    await email.focus();
    await page.keyboard.type("ann@shoppers.example");
    const number = cardForm(page).getByLabel("Card number");
    await tabTo(page, () => number.evaluate((field) => field.matches(":focus")));
    await page.keyboard.type("4242424242424242");
    await page.keyboard.press("Tab");
    await page.keyboard.type("1234");
    await page.keyboard.press("Tab");
    await page.keyboard.type("123");
    await page.keyboard.press("Tab");
    await page.keyboard.type("Ireland");
    await tabTo(page, () => payButton(page).evaluate((button) => button.matches(":focus")));
    await page.keyboard.press("Enter");
    await expect.poll(() => headingOf(page), PATIENCE).toBe(CONFIRMED);
  });
});

const TABS_MAX = 40;

async function tabTo(page: Page, isThere: () => Promise<boolean>): Promise<void> {
  for (let tabs = 0; tabs < TABS_MAX; tabs += 1) {
    if (await isThere()) return;
    await page.keyboard.press("Tab");
  }
  throw new Error("not reached by Tab");
}

describe("after the purchase", () => {
  test("the mail leads to the order, the shop finds it by address, and a refund in part shows", async () => {
    const { sluice } = checkout;
    const { page, sale, complaints } = await checkout.visit();
    await payWithCard(page, CARDS.good, "Reader.Of-Mail@shoppers.example");
    await expect.poll(() => headingOf(page), PATIENCE).toBe(CONFIRMED);

    const openMail = (subject: string) => openMailAbout(page, `${subject}: The sale ${sale}`);
    await openMail("Order confirmed");
    const link = page.frameLocator("iframe").getByRole("link").first();
    const order = (await link.getAttribute("href")) ?? "";
    await page.goto(order);
    await expect.poll(() => headingOf(page), PATIENCE).toBe(CONFIRMED);

    const found = await until(
      () => sluice.merchant("GET", `/orders?sale=${sale}&email=reader.of-mail%40shoppers.example`),
      ({ body }) => foundSchema.parse(body).orders.length === 1,
    );
    const id = foundSchema.parse(found.body).orders[0]?.id ?? "";
    expect(order).toContain(id);
    const headers = {
      authorization: `Bearer ${sluice.host.adminToken}`,
      "idempotency-key": "part",
    };
    const refund = { headers, body: { amount: 2900 } };
    const asked = await sluice.ask("POST", `/_sluice/admin/v1/orders/${id}/refunds`, refund);
    expect(asked.status).toBe(202);
    await openMail("Refund");
    await page.goto(order);
    expect(await page.locator("main").innerText()).toContain("€29.00 of €129.00 in all.");
    expect(complaints).toEqual([]);
  });
});

const foundSchema = z.object({ orders: z.array(z.object({ id: z.string() })) });

/** Opens a mail from the sandbox's list, which shows it once it was sent. */
async function openMailAbout(page: Page, subject: string): Promise<void> {
  const entry = page.getByRole("link", { name: subject });
  await expect
    .poll(async () => {
      await page.goto(`${checkout.sluice.host.sandboxUrl}/sandbox/mail`);
      return entry.count();
    }, PATIENCE)
    .toBe(1);
  await entry.click();
}

describe("a wallet", () => {
  test("pays with its own address, once its total is the shop's", async () => {
    const { page, sale } = await checkout.visit({ checkout: SHIPPING });
    await page.getByLabel("Country", { exact: true }).selectOption("IE");
    await expectTotal(page, "€133.90");
    await page.getByLabel(/I accept the terms/).check();
    await wallets(page).getByRole("button", { name: "Apple Pay" }).click();
    await wallets(page).getByRole("button", { name: "Pay", exact: true }).click();
    await expect.poll(() => headingOf(page), PATIENCE).toBe(CONFIRMED);
    expect(await page.locator("main").innerText()).toContain("Delivery: By post");
    await checkout.expectOrders(sale, { confirmed: 1 });
  });

  test("is not opened before the terms are accepted", async () => {
    const { page } = await checkout.visit({ checkout: { terms: SHIPPING.terms } });
    await wallets(page).getByRole("button", { name: "Google Pay" }).click();
    await expect.poll(() => page.evaluate("document.activeElement.name"), PATIENCE).toBe("terms");
    expect(await wallets(page).getByRole("button", { name: "Pay", exact: true }).isVisible()).toBe(
      false,
    );
  });
});

describe("the total", () => {
  test("follows country, delivery and discount code without a reload", async () => {
    const tax = { kind: "added", percents: { DE: 19 } };
    const { page, sale } = await checkout.visit({ checkout: SHIPPING, items: itemsWith({ tax }) });
    const code = { code: "FRIENDS-10", kind: "percent", value: 10 };
    const made = await checkout.sluice.merchant("POST", `/sales/${sale}/discount-codes`, code);
    expect(made.status).toBe(201);
    await page.evaluate("window.wasHere = true");
    await fillAddress(page);
    await expectTotal(page, "€158.41");
    await page.getByLabel("By courier").check();
    await expectTotal(page, "€162.51");
    await page.getByText("Discount code", { exact: true }).click();
    await page.getByLabel(/Discount code/).fill("no-such-code");
    await page.getByRole("button", { name: "Apply" }).click();
    await page.getByText("There is no such discount code").first().waitFor();
    await page.getByLabel(/Discount code/).fill("friends-10");
    await page.getByRole("button", { name: "Apply" }).click();
    await expectTotal(page, "€147.16");
    expect(await page.getByLabel("City").inputValue()).toBe("Berlin");
    expect(await page.evaluate("window.wasHere")).toBe(true);
    await page.getByLabel(/I accept the terms/).check();
    await payWithCard(page, CARDS.good);
    await expect.poll(() => headingOf(page), PATIENCE).toBe(CONFIRMED);
    const summary = await page.locator("main").innerText();
    for (const part of ["Discount", "-€12.90", "Delivery: By courier", "Tax", "€147.16"]) {
      expect(summary).toContain(part);
    }
  });

  test("that changed between page and press is shown with the old one, and asked again", async () => {
    const { page, sale } = await checkout.visit();
    await page.getByLabel("E-mail").fill("ann@shoppers.example");
    await typeCard(page, CARDS.good);
    const document = { ...saleDocument(sale), items: itemsOf(sale, 13_900) };
    const revised = await checkout.sluice.merchant("PUT", `/sales/${sale}`, document);
    expect(revised.status).toBe(200);
    // The gate knows a sale from KV, which it reads again after some seconds.
    await until(
      () => checkout.sluice.shopper("GET", `/sales/${sale}`),
      ({ body }) => JSON.stringify(body).includes("13900"),
    );
    await payButton(page).click();
    const changed = "The total was €129.00, it is €139.00 now. Nothing was charged.";
    await expect.poll(() => faultsOn(page), PATIENCE).toContain(changed);
    await checkout.expectOrders(sale, {});
    expect(await payButton(page).innerText()).toBe("Pay €139.00");
    await payButton(page).click();
    await expect.poll(() => headingOf(page), PATIENCE).toBe(CONFIRMED);
    expect(await page.locator("main").innerText()).toContain("€139.00");
  });

  test("that stayed while the terms changed is asked again, and the second press orders", async () => {
    const { page, sale } = await checkout.visit({ checkout: { terms: SHIPPING.terms } });
    await page.getByLabel("E-mail").fill("ann@shoppers.example");
    await page.getByLabel(/I accept the terms/).check();
    await typeCard(page, CARDS.good);
    const terms = { url: "https://shop.example/terms-of-today" };
    const document = saleDocument(sale, { checkout: { terms } });
    const revised = await checkout.sluice.merchant("PUT", `/sales/${sale}`, document);
    expect(revised.status).toBe(200);
    await until(
      () => checkout.sluice.shopper("GET", `/sales/${sale}`),
      ({ body }) => JSON.stringify(body).includes(terms.url),
    );
    await payButton(page).click();
    const changed = "The shop has changed something. Nothing was charged.";
    await expect.poll(() => faultsOn(page), PATIENCE).toContain(changed);
    await checkout.expectOrders(sale, {});
    const link = page.getByRole("link", { name: "Read the terms" });
    expect(await link.getAttribute("href")).toBe(terms.url);
    expect(await page.getByLabel(/I accept the terms/).isChecked()).toBe(false);
    await page.getByLabel(/I accept the terms/).check();
    await payButton(page).click();
    await expect.poll(() => headingOf(page), PATIENCE).toBe(CONFIRMED);
    await checkout.expectOrders(sale, { confirmed: 1 });
  });

  test("names at their fields what is missing for the order", async () => {
    const { page } = await checkout.visit({ checkout: SHIPPING });
    await fillAddress(page);
    await page.getByLabel("Postal code").fill("1011");
    await page.getByLabel(/I accept the terms/).check();
    await payWithCard(page, CARDS.good);
    await page.getByText("This is not a postal code of the country").first().waitFor();
    expect(await page.getByLabel("Address", { exact: true }).inputValue()).toBe("1 Main Street");
    await page.getByLabel("Postal code").fill("10115");
    await payButton(page).click();
    await expect.poll(() => headingOf(page), PATIENCE).toBe(CONFIRMED);
  });
});

function itemsOf(sale: string, price: number, more: Readonly<Record<string, unknown>> = {}) {
  const [shoe, ...others] = saleDocument(sale).items;
  return [{ ...shoe, price, ...more }, ...others];
}

/** Of the next sale. */
function itemsWith(more: Readonly<Record<string, unknown>>) {
  return itemsOf(checkout.nextSale, 12_900, more);
}
