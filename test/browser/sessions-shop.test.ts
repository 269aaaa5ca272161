/**
 * Sessions in the shop: carts and orders whose answers are lost, Back, Forward and reload, two tabs
 * at the checkout, the bank, and a declined card. Each ends with one order, one capture, and every
 * unit where it belongs.
 */
import { isDeepStrictEqual } from "node:util";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { orderPageSchema } from "../../simulation/crowd/gate-answers.ts";
import { Ledger } from "../../simulation/sandbox/ledger.ts";
import { auditOf, makeSale, startSluice, type Sluice, until } from "../http/support/sluice.ts";
import { DESKTOP, launchBrowser } from "./support/browser.ts";
import { bankDialog, CARDS, CONFIRMED, payButton, typeCard } from "./support/checkout.ts";
import { forget, loseAnswer, loseRequest, seesBroken, shopAt } from "./support/networks.ts";

const PATIENCE_MS = 40_000;

let sluice: Sluice;
let browser: Browser;
let sales = 0;

beforeAll(async () => {
  [sluice, browser] = await Promise.all([startSluice(), launchBrowser()]);
}, 120_000);
afterAll(async () => {
  await browser.close();
  await sluice.stop();
});

function shop(path: string): string {
  return shopAt(sluice, path);
}

function heading(on: Page, name: string) {
  return on.getByRole("heading", { level: 1, name });
}

/** Admitted to a sale of its own, with one shoe in the cart, at the checkout. */
async function openCart() {
  sales += 1;
  const sale = `till-${sales}`;
  await makeSale(sluice, sale);
  const context = await browser.newContext({ viewport: DESKTOP });
  context.setDefaultTimeout(PATIENCE_MS);
  const page = await context.newPage();
  await page.goto(shop(sale));
  await page.getByRole("button", { name: "Go in" }).click();
  await page.getByLabel("Quantity of A shoe").selectOption("1");
  await page.getByRole("button", { name: "Add to cart" }).click();
  await heading(page, "Checkout").waitFor();
  return { sale, context, page };
}

async function fillCheckout(on: Page, card: string, email = "ann@shoppers.example"): Promise<void> {
  await on.getByLabel("E-mail").fill(email);
  await typeCard(on, card);
}

async function pay(on: Page, card: string): Promise<void> {
  await fillCheckout(on, card);
  await payButton(on).click();
}

/** Also from the page of the cart, which names an order that is complete. */
async function expectFound(on: Page): Promise<void> {
  const bought = heading(on, "You have completed your purchase");
  await heading(on, CONFIRMED).or(bought).waitFor();
  if (await bought.isVisible()) await on.getByRole("link", { name: "See your order" }).click();
  await expectConfirmed(on);
}

/** A failure says what the page shows, because the run that failed may be on another machine. */
async function expectConfirmed(on: Page): Promise<void> {
  try {
    await heading(on, CONFIRMED).waitFor();
  } catch (cause) {
    throw new Error(`${on.url()} shows: ${await on.locator("body").innerText()}`, { cause });
  }
}

/** The amounts that the provider has captured, by order. */
async function capturesOf(orders: readonly string[]): Promise<number[]> {
  const { payments } = Ledger.parse((await sluice.sandbox("GET", "/sandbox/ledger")).body);
  return orders.map((order) => {
    const paid = payments.filter((payment) => payment.order === order && payment.captured > 0);
    return paid.reduce((sum, { captured, refunded }) => sum + captured - refunded, 0);
  });
}

/** One shoe is sold and paid once; everything else is available again. */
const ONCE = {
  shoes: { available: 9, held: 0, ordered: 0, sold: 1 },
  seats: { claimed: 1, spent: 1, active: 0 },
  captured: [12_900],
};

/** Stock, seats and money, once the orders of the sale have these states. */
async function outcomeOf(sale: string, states: Readonly<Record<string, number>>) {
  const audit = await until(
    () => auditOf(sluice, sale),
    (metrics) => isDeepStrictEqual(metrics.orders, states),
  );
  const { available, held, ordered, sold } =
    audit.skus.find(({ sku }) => sku === `${sale}-shoe`) ?? {};
  const listed = await sluice.merchant("GET", `/orders?sale=${sale}`);
  const { orders } = orderPageSchema.parse(listed.body);
  const captured = (await capturesOf(orders.map(({ id }) => id))).filter((amount) => amount > 0);
  const { claimed, spent, active } = audit;
  return { shoes: { available, held, ordered, sold }, seats: { claimed, spent, active }, captured };
}

describe.concurrent("a cart", () => {
  test("whose answer was lost has been set, and setting it again holds no more", async () => {
    const { sale, page } = await openCart();
    await page.goto(shop(sale));
    await page.getByLabel("Quantity of A shoe").selectOption("2");
    const lost = await loseAnswer(sluice, page, "/cart");
    await page.getByRole("button", { name: "Update cart" }).click();
    await seesBroken(page, lost, 303);
    await page.goto(shop(sale));
    await page.getByRole("button", { name: "Update cart" }).click();
    await page.getByText("€258.00", { exact: true }).first().waitFor();
    const audit = await auditOf(sluice, sale);
    expect(audit.skus.map(({ held }) => held)).toEqual([2, 0]);
  });

  test("set in two tabs has the later tab's quantities, and an order has those of its own page", async () => {
    const { sale, context, page } = await openCart();
    const other = await context.newPage();
    await other.goto(shop(sale));
    await other.getByLabel("Quantity of A shoe").selectOption("2");
    await other.getByRole("button", { name: "Update cart" }).click();
    await other.getByText("€258.00", { exact: true }).first().waitFor();
    expect((await auditOf(sluice, sale)).skus.map(({ held }) => held)).toEqual([2, 0]);
    await pay(page, CARDS.good);
    await expectConfirmed(page);
    // The unit that only the other tab held becomes available when its hold expires.
    const shoes = { available: 8, held: 1, ordered: 0, sold: 1 };
    expect(await outcomeOf(sale, { confirmed: 1 })).toEqual({ ...ONCE, shoes });
  });

  test("whose admission cookie was lost is kept, and going in again leads back to it", async () => {
    const { sale, context, page } = await openCart();
    await forget(context, "admission", sale);
    await page.goto(shop(sale));
    await page.getByText("your browser did not store the shop's cookie").waitFor();
    await page.getByRole("button", { name: "Go in" }).click();
    await page.getByRole("button", { name: "Update cart" }).waitFor();
    await page.goto(shop(`${sale}/cart`));
    await pay(page, CARDS.good);
    await expectConfirmed(page);
    expect(await outcomeOf(sale, { confirmed: 1 })).toEqual(ONCE);
  });
});

describe.concurrent("an order", () => {
  test("whose answer was lost is sent again by its page, and found again: paid once", async () => {
    const { sale, page } = await openCart();
    const lost = await loseAnswer(sluice, page, "/order");
    await pay(page, CARDS.good);
    await expectConfirmed(page);
    expect(lost()).toBe(303);
    await page.goto(shop(`${sale}/cart`));
    await heading(page, "You have completed your purchase").waitFor();
    await page.getByRole("link", { name: "See your order" }).click();
    await expectConfirmed(page);
    await page.goBack();
    await heading(page, "You have completed your purchase").waitFor();
    await page.goForward();
    await expectConfirmed(page);
    await page.reload();
    await expectConfirmed(page);
    expect(await outcomeOf(sale, { confirmed: 1 })).toEqual(ONCE);
  });

  test("whose request was lost is sent again by its page: one order, paid once", async () => {
    const { sale, page } = await openCart();
    const lost = await loseRequest(page, "/order");
    await pay(page, CARDS.good);
    await expectConfirmed(page);
    expect(lost()).toBe(true);
    expect(await outcomeOf(sale, { confirmed: 1 })).toEqual(ONCE);
  });

  test("from a reloaded page, with the same key and with a double click, is one order", async () => {
    const { sale, page } = await openCart();
    const key = () => page.locator('input[name="key"]').inputValue();
    const first = await key();
    await page.reload();
    expect(await key()).toBe(first);
    await fillCheckout(page, CARDS.good);
    await payButton(page).dblclick({ noWaitAfter: true });
    await expectConfirmed(page);
    expect(await outcomeOf(sale, { confirmed: 1 })).toEqual(ONCE);
  });

  test("from two tabs at once is one order, shown in both", async () => {
    const { sale, context, page } = await openCart();
    const other = await context.newPage();
    await other.goto(shop(`${sale}/cart`));
    for (const tab of [page, other]) await fillCheckout(tab, CARDS.good);
    await Promise.all([page, other].map((tab) => payButton(tab).click()));
    for (const tab of [page, other]) await expectFound(tab);
    expect(new URL(page.url()).pathname).toBe(new URL(other.url()).pathname);
    expect(await outcomeOf(sale, { confirmed: 1 })).toEqual(ONCE);
  });

  test("from a second tab with other details is refused, and leads to the first", async () => {
    const { sale, context, page } = await openCart();
    const other = await context.newPage();
    await other.goto(shop(`${sale}/cart`));
    await fillCheckout(other, CARDS.mastercard, "ben@shoppers.example");
    await pay(page, CARDS.asksBank);
    await bankDialog(page).getByRole("button", { name: "Accept the payment" }).waitFor();
    await payButton(other).click();
    await other.getByText("This is your order as you sent it first").waitFor();
    await other.getByRole("link", { name: "Continue at your bank" }).click();
    await other.getByRole("button", { name: "Continue at your bank" }).click();
    await bankDialog(other).getByRole("button", { name: "Accept the payment" }).click();
    for (const tab of [page, other]) await expectConfirmed(tab);
    expect(await outcomeOf(sale, { confirmed: 1 })).toEqual(ONCE);
  });

  test("at the bank survives reload, Back and Forward: paid once", async () => {
    const { sale, page } = await openCart();
    await pay(page, CARDS.asksBank);
    const accept = bankDialog(page).getByRole("button", { name: "Accept the payment" });
    await accept.waitFor();
    await page.reload();
    await page.getByRole("link", { name: "See your order" }).click();
    await heading(page, "Confirm the payment with your bank").waitFor();
    await page.goBack();
    await page.goForward();
    await page.getByRole("link", { name: "Continue at your bank" }).click();
    await page.getByRole("button", { name: "Continue at your bank" }).click();
    await accept.click();
    await expectConfirmed(page);
    expect(await outcomeOf(sale, { confirmed: 1 })).toEqual(ONCE);
  });

  test("that was declined is paid another way, also when that answer is lost: paid once", async () => {
    const { sale, page } = await openCart();
    await pay(page, CARDS.noFunds);
    await page
      .getByText("The payment was not approved. Check the details, or pay another way.")
      .first()
      .waitFor();
    const lost = await loseAnswer(sluice, page, "/order");
    await pay(page, CARDS.mastercard);
    await expectConfirmed(page);
    expect(lost()).toBe(303);
    expect(await outcomeOf(sale, { confirmed: 1, declined: 1 })).toEqual(ONCE);
  });
});
