/**
 * Paying with a wallet in a browser, against the stand-in for Stripe.js: the address and the
 * delivery that are chosen in its sheet change what it shows, and the press takes exactly that;
 * what the shop does not serve is refused there; a total that changes after it is asked again.
 */
import type { Page } from "playwright-core";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import type { LedgerRow } from "../../simulation/sandbox/ledger.ts";
import { saleDocument, until } from "../http/support/sluice.ts";
import {
  Checkout,
  CONFIRMED,
  expectTotal,
  faultsOn,
  headingOf,
  PATIENCE,
  payButton,
  SHIPPING,
  wallets,
} from "./support/checkout.ts";

let checkout: Checkout;

beforeAll(async () => {
  checkout = await Checkout.start();
});
afterAll(() => checkout.stop());
beforeEach(() => checkout.switchesOff());

/** Addresses that the wallet knows; it opens with the first. */
const ADDRESSES = {
  dublin: "1 Wallet Street, Dublin, IE",
  berlin: "Geldbeutelweg 2, Berlin, DE",
  newYork: "5 Billfold Avenue, New York, US",
  tokyo: "6 Saifu, Chiyoda, JP",
} as const;

const TAX = { kind: "added", percents: { IE: 23, DE: 19 } };

function itemsOf(sale: string, price: number, more: Readonly<Record<string, unknown>> = {}) {
  const [shoe, ...others] = saleDocument(sale).items;
  return [{ ...shoe, price, ...more }, ...others];
}

/** A shopper with a shoe of €129.00, to which tax of the country is added, in the cart. */
async function visit(rules: Readonly<Record<string, unknown>>) {
  const items = itemsOf(checkout.nextSale, 12_900, { tax: TAX });
  const visited = await checkout.visit({ checkout: { ...SHIPPING, ...rules }, items });
  await payButton(visited.page).waitFor();
  await visited.page.getByLabel(/I accept the terms/).check();
  return visited;
}

async function openWallet(page: Page): Promise<void> {
  await wallets(page).getByRole("button", { name: "Apple Pay" }).click();
}

async function chooseAddress(page: Page, label: keyof typeof ADDRESSES): Promise<void> {
  await wallets(page).getByLabel("Address").selectOption({ label: ADDRESSES[label] });
}

function press(page: Page): Promise<void> {
  return wallets(page).getByRole("button", { name: "Pay", exact: true }).click();
}

/** What the sheet says the order costs, once the page has accepted what is chosen. */
async function expectSheet(page: Page, lines: string): Promise<void> {
  const shown = async () => {
    return (await wallets(page).locator("#lines").innerText()).replaceAll(/\s+/g, " ");
  };
  await expect.poll(shown, PATIENCE).toBe(lines);
  await expect.poll(() => wallets(page).locator("#sheet-fault").innerText(), PATIENCE).toBe("");
}

async function expectOrderOf(page: Page, total: string): Promise<string> {
  await expect.poll(() => headingOf(page), PATIENCE).toBe(CONFIRMED);
  const summary = await page.locator("main").innerText();
  expect(summary).toContain(total);
  return summary;
}

/** That the order was paid once, and how. */
async function expectCaptured(sale: string, amount: number): Promise<LedgerRow | undefined> {
  const payments = await checkout.paymentsOf(sale);
  expect(payments.map(({ captured }) => captured)).toEqual([amount]);
  return payments[0];
}

describe("the sheet of a wallet", () => {
  test("follows the country's tax and delivery, and the press takes what it shows", async () => {
    const { page, sale, complaints } = await visit({});
    await page.getByLabel("Country", { exact: true }).selectOption("US");
    await expectTotal(page, "€148.00");
    await openWallet(page);
    await expectSheet(page, "Items €129.00 Tax €29.67 Total €163.57");
    await chooseAddress(page, "berlin");
    await expectSheet(page, "Items €129.00 Tax €24.51 Total €158.41");
    await press(page);
    await expectOrderOf(page, "€158.41");
    await checkout.expectOrders(sale, { confirmed: 1 });
    const payment = await expectCaptured(sale, 15_841);
    expect(payment?.shipping?.address).toMatchObject({ city: "Berlin", country: "DE" });
    expect(complaints).toEqual([]);
  });

  test("offers the delivery of the country, and the one that is chosen there is ordered", async () => {
    const { page, sale } = await visit({});
    await openWallet(page);
    await chooseAddress(page, "berlin");
    await wallets(page).getByLabel("By courier: €9.00").check();
    await expectSheet(page, "Items €129.00 Tax €24.51 Total €162.51");
    await chooseAddress(page, "newYork");
    await expectSheet(page, "Items €129.00 Total €148.00");
    expect(await wallets(page).getByText("By courier").count()).toBe(0);
    await chooseAddress(page, "berlin");
    await wallets(page).getByLabel("By courier: €9.00").check();
    await expectSheet(page, "Items €129.00 Tax €24.51 Total €162.51");
    await press(page);
    expect(await expectOrderOf(page, "€162.51")).toContain("Delivery: By courier");
    await expectCaptured(sale, 16_251);
  });

  test("keeps the delivery that was chosen on the page, also before its total followed", async () => {
    const { page } = await visit({});
    await page.getByLabel("Country", { exact: true }).selectOption("DE");
    await expectTotal(page, "€158.41");
    const { promise, resolve } = Promise.withResolvers<void>();
    await page.route("**/order", async (route) => {
      await promise;
      return route.continue();
    });
    await page.evaluate("document.querySelector('[name=delivery][value=courier]').click()");
    await openWallet(page);
    await chooseAddress(page, "berlin");
    await expectSheet(page, "Items €129.00 Tax €24.51 Total €162.51");
    resolve();
    await press(page);
    expect(await expectOrderOf(page, "€162.51")).toContain("Delivery: By courier");
  });

  test("takes the country's first delivery where nobody chose another", async () => {
    const parcel = { id: "parcel", name: "Parcel", prices: { DE: 490 } };
    const express = { id: "express", name: "Express", price: 1_190 };
    const { page } = await visit({ delivery: [parcel, express] });
    await page.getByLabel("Country", { exact: true }).selectOption("US");
    await expectTotal(page, "€140.90");
    await openWallet(page);
    await chooseAddress(page, "berlin");
    await expectSheet(page, "Items €129.00 Tax €24.51 Total €158.41");
    await press(page);
    expect(await expectOrderOf(page, "€158.41")).toContain("Delivery: Parcel");
  });

  test("takes a discount code that is applied on the page", async () => {
    const { page, sale } = await visit({});
    const code = { code: "FRIENDS-10", kind: "percent", value: 10 };
    const made = await checkout.sluice.merchant("POST", `/sales/${sale}/discount-codes`, code);
    expect(made.status).toBe(201);
    await page.getByText("Discount code", { exact: true }).click();
    await page.getByLabel(/Discount code/).fill("friends-10");
    await page.getByRole("button", { name: "Apply" }).click();
    await page.getByText("The code is applied").waitFor();
    await openWallet(page);
    await expectSheet(page, "Items €129.00 Discount -€12.90 Tax €26.70 Total €147.70");
    await press(page);
    await expectOrderOf(page, "€147.70");
    await expectCaptured(sale, 14_770);
  });

  test("leaves nothing of an address that was typed on the page", async () => {
    const { page, sale } = await visit({});
    await page.getByLabel("Country", { exact: true }).selectOption("US");
    await page.getByLabel("State").waitFor();
    await page.getByLabel(/Address, line 2/).fill("Suite 7");
    await openWallet(page);
    await chooseAddress(page, "berlin");
    await expectSheet(page, "Items €129.00 Tax €24.51 Total €158.41");
    await press(page);
    await expectOrderOf(page, "€158.41");
    const payment = await expectCaptured(sale, 15_841);
    expect(payment?.shipping?.address).not.toMatchObject({ line2: "Suite 7" });
  });
});

describe("what the shop does not serve", () => {
  test("is refused in the sheet, and named on the page when the wallet is closed", async () => {
    const delivery = [{ id: "post", name: "By post", prices: { IE: 490, DE: 490 } }];
    const { page, sale } = await visit({ countries: [], delivery });
    await openWallet(page);
    await expectSheet(page, "Items €129.00 Tax €29.67 Total €163.57");
    await chooseAddress(page, "tokyo");
    await wallets(page).getByText("This choice is not available").waitFor();
    const pay = wallets(page).getByRole("button", { name: "Pay", exact: true });
    expect(await pay.isDisabled()).toBe(true);
    await wallets(page).getByRole("button", { name: "Cancel" }).click();
    await page.getByText("This shop does not deliver to Japan.").waitFor();
    await openWallet(page);
    await press(page);
    await expectOrderOf(page, "€163.57");
    expect(await page.getByText("does not deliver").count()).toBe(0);
    await checkout.expectOrders(sale, { confirmed: 1 });
  });

  test("is refused by the wallet itself where the sale names its countries", async () => {
    const { page } = await visit({});
    let asked = 0;
    page.on("request", (request) => {
      if (request.url().endsWith("/quotes")) asked += 1;
    });
    await openWallet(page);
    await expectSheet(page, "Items €129.00 Tax €29.67 Total €163.57");
    const before = asked;
    await chooseAddress(page, "tokyo");
    await wallets(page).getByText("The shop does not deliver to this address").waitFor();
    expect(asked).toBe(before);
    await chooseAddress(page, "berlin");
    await expectSheet(page, "Items €129.00 Tax €24.51 Total €158.41");
  });
});

describe("a quote", () => {
  test("that is slow is waited for, and one for an older choice is not used", async () => {
    const { page, sale } = await visit({});
    await openWallet(page);
    await expectSheet(page, "Items €129.00 Tax €29.67 Total €163.57");
    const { promise, resolve } = Promise.withResolvers<void>();
    await page.route("**/quotes", async (route) => {
      if ((route.request().postData() ?? "").includes("DE")) await promise;
      return route.continue();
    });
    await chooseAddress(page, "berlin");
    await wallets(page).getByText("Updating…").waitFor();
    const pay = wallets(page).getByRole("button", { name: "Pay", exact: true });
    expect(await pay.isDisabled()).toBe(true);
    await chooseAddress(page, "newYork");
    await expectSheet(page, "Items €129.00 Total €148.00");
    resolve();
    await page.waitForResponse((response) => response.url().endsWith("/quotes"));
    await press(page);
    await expectOrderOf(page, "€148.00");
    await expectCaptured(sale, 14_800);
  });

  test("that fails is asked for again, then refused in the sheet and told on the page", async () => {
    const { page, sale } = await visit({});
    let failures = 0;
    await page.route("**/quotes", (route) => {
      failures += 1;
      return failures === 1 || failures > 2 ? route.abort() : route.continue();
    });
    await openWallet(page);
    await expectSheet(page, "Items €129.00 Tax €29.67 Total €163.57");
    await chooseAddress(page, "berlin");
    await wallets(page).getByText("This choice is not available").waitFor();
    await wallets(page).getByRole("button", { name: "Cancel" }).click();
    await page.getByText("We could not work out the total").waitFor();
    // Twice for the first address, the first of which failed, and twice for the second.
    expect(failures).toBe(4);
    await page.unroute("**/quotes");
    await openWallet(page);
    await press(page);
    await expectOrderOf(page, "€163.57");
    await checkout.expectOrders(sale, { confirmed: 1 });
  });
});

describe("a total that is another after the sheet", () => {
  test("because the wallet's billing address is elsewhere is said with both, and asked again", async () => {
    const { page, sale } = await visit({ address: "billing", delivery: [] });
    await openWallet(page);
    await expect.poll(() => page.evaluate("document.activeElement.name"), PATIENCE).toBe("country");
    expect(await wallets(page).locator("#sheet").isVisible()).toBe(false);
    await page.getByLabel("Country", { exact: true }).selectOption("DE");
    await expectTotal(page, "€153.51");
    await openWallet(page);
    await expectSheet(page, "Items €129.00 Tax €24.51 Total €153.51");
    await press(page);
    const changed = "The total was €153.51, it is €158.67 now. Nothing was charged.";
    await expect.poll(() => faultsOn(page), PATIENCE).toContain(changed);
    expect(await payButton(page).innerText()).toBe("Pay €158.67");
    await checkout.expectOrders(sale, {});
    await openWallet(page);
    await press(page);
    await expectOrderOf(page, "€158.67");
    await checkout.expectOrders(sale, { confirmed: 1 });
  });

  test("because the price has changed is said with both, and asked again", async () => {
    const { page, sale } = await visit({});
    await openWallet(page);
    await expectSheet(page, "Items €129.00 Tax €29.67 Total €163.57");
    const items = itemsOf(sale, 13_900, { tax: TAX });
    const document = { ...saleDocument(sale), checkout: SHIPPING, items };
    const revised = await checkout.sluice.merchant("PUT", `/sales/${sale}`, document);
    expect(revised.status).toBe(200);
    // The gate knows a sale from KV, which it reads again after some seconds.
    await until(
      () => checkout.sluice.shopper("GET", `/sales/${sale}`),
      ({ body }) => JSON.stringify(body).includes("13900"),
    );
    await press(page);
    const changed = "The total was €163.57, it is €175.87 now. Nothing was charged.";
    await expect.poll(() => faultsOn(page), PATIENCE).toContain(changed);
    await checkout.expectOrders(sale, {});
    await openWallet(page);
    await expectSheet(page, "Items €139.00 Tax €31.97 Total €175.87");
    await press(page);
    await expectOrderOf(page, "€175.87");
    await expectCaptured(sale, 17_587);
  });
});
