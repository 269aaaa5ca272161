/**
 * The press of the pay button: the order is what the button said then (P11), whatever is chosen or
 * answered while Stripe.js checks the payment details, which it does here until it is told to end.
 */
import type { Page } from "playwright-core";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { saleDocument, until } from "../http/support/sluice.ts";
import {
  CARDS,
  Checkout,
  CONFIRMED,
  expectTotal,
  faultsOn,
  headingOf,
  PATIENCE,
  payButton,
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

/** Wraps `elements.submit()`, so that it ends after `endSubmit()` only, or throws. */
const HOLD_SUBMIT = `{
  let made;
  const gate = Promise.withResolvers();
  window.endSubmit = () => gate.resolve();
  Object.defineProperty(window, "Stripe", {
    get: () => made,
    set: (make) => {
      made = (...call) => {
        const stripe = make(...call);
        const create = stripe.elements.bind(stripe);
        stripe.elements = (...options) => {
          const elements = create(...options);
          const submit = elements.submit.bind(elements);
          elements.submit = async () => {
            window.isSubmitting = true;
            await gate.promise;
            if (window.submitThrows) throw new Error("the element is gone");
            if (window.submitError) return { error: window.submitError };
            return submit();
          };
          const update = elements.update.bind(elements);
          elements.update = (change) => {
            if (change.amount !== undefined) window.amountGiven = change.amount;
            return update(change);
          };
          return elements;
        };
        return stripe;
      };
    },
  });
}`;
const PRESS = "document.querySelector('[data-pay] button').click()";
const EXPRESS = "document.querySelector('[name=delivery][value=express]').click()";

const DELIVERY = {
  ...SHIPPING,
  countries: ["DE", "IE"],
  delivery: [
    { id: "standard", name: "Standard", price: 500 },
    { id: "express", name: "Express", price: 2_500 },
  ],
};

/** A shopper with all that an order needs, before a button that says €134.00. */
async function readyToPay(): Promise<{ readonly page: Page; readonly sale: string }> {
  const { page, sale } = await checkout.visit({ checkout: DELIVERY });
  await page.addInitScript(HOLD_SUBMIT);
  await page.reload();
  await page.getByLabel("Name").fill("Ann Shopper");
  await page.getByLabel("E-mail").fill("ann@shoppers.example");
  await page.getByLabel("Country", { exact: true }).selectOption("DE");
  await page.getByLabel("Standard").check();
  await expectTotal(page, "€134.00");
  await page.getByLabel("Address", { exact: true }).fill("1 Main Street");
  await page.getByLabel("Postal code").fill("10115");
  await page.getByLabel("City").fill("Berlin");
  await page.getByLabel(/I accept the terms/).check();
  await typeCard(page, CARDS.good);
  return { page, sale };
}

async function raisePrice(sale: string): Promise<void> {
  const [shoe, ...others] = saleDocument(sale).items;
  const items = [{ ...shoe, price: 13_900 }, ...others];
  const document = { ...saleDocument(sale), checkout: DELIVERY, items };
  expect((await checkout.sluice.merchant("PUT", `/sales/${sale}`, document)).status).toBe(200);
  // The gate knows a sale from KV, which it reads again after some seconds.
  await until(
    () => checkout.sluice.shopper("GET", `/sales/${sale}`),
    ({ body }) => JSON.stringify(body).includes("13900"),
  );
}

/** Holds the page's updates until it is called. */
async function holdUpdates(page: Page): Promise<() => void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  await page.route("**/order", async (route) => {
    if ((route.request().postData() ?? "").includes("step=update")) await promise;
    return route.continue();
  });
  return resolve;
}

describe("a press", () => {
  test("right after another choice orders nothing, says both totals, and asks again", async () => {
    const { page, sale } = await readyToPay();
    await page.evaluate(`${EXPRESS}; ${PRESS}`);
    await expectTotal(page, "€154.00");
    await page.evaluate("endSubmit()");
    const changed = "The total was €134.00, it is €154.00 now. Nothing was charged.";
    await expect.poll(() => faultsOn(page), PATIENCE).toContain(changed);
    await checkout.expectOrders(sale, {});
    await payButton(page).click();
    await expect.poll(() => headingOf(page), PATIENCE).toBe(CONFIRMED);
    expect(await page.locator("main").innerText()).toContain("€154.00");
    await checkout.expectOrders(sale, { confirmed: 1 });
  });

  test("during an update that raises the price orders nothing before another press", async () => {
    const { page, sale } = await readyToPay();
    await raisePrice(sale);
    const endUpdates = await holdUpdates(page);
    await page.evaluate("document.querySelector('[value=update]').click()");
    await page.evaluate(PRESS);
    endUpdates();
    await expectTotal(page, "€144.00");
    await page.evaluate("endSubmit()");
    const changed = "The total was €134.00, it is €144.00 now. Nothing was charged.";
    await expect.poll(() => faultsOn(page), PATIENCE).toContain(changed);
    await checkout.expectOrders(sale, {});
    await payButton(page).click();
    await expect.poll(() => headingOf(page), PATIENCE).toBe(CONFIRMED);
    expect(await page.locator("main").innerText()).toContain("€144.00");
  });

  test("during an update that changes nothing pays", async () => {
    const { page, sale } = await readyToPay();
    const endUpdates = await holdUpdates(page);
    await page.evaluate("document.querySelector('[value=update]').click()");
    await page.evaluate(`${PRESS}; endSubmit()`);
    endUpdates();
    await expect.poll(() => headingOf(page), PATIENCE).toBe(CONFIRMED);
    expect(await page.locator("main").innerText()).toContain("€134.00");
    await checkout.expectOrders(sale, { confirmed: 1 });
  });

  test("stays what it was when something is chosen while the payment is checked", async () => {
    const { page, sale } = await readyToPay();
    await page.evaluate(PRESS);
    await expect.poll(() => page.evaluate("window.isSubmitting"), PATIENCE).toBe(true);
    expect(await page.evaluate("document.querySelector('[name=email]').matches('[inert] *')")).toBe(
      true,
    );
    await page.evaluate(EXPRESS);
    expect(await page.evaluate("amountGiven")).toBe(13_400);
    await page.evaluate("endSubmit()");
    await expect.poll(() => headingOf(page), PATIENCE).toBe(CONFIRMED);
    const summary = await page.locator("main").innerText();
    expect(summary).toContain("€134.00");
    expect(summary).toContain("Delivery: Standard");
    await checkout.expectOrders(sale, { confirmed: 1 });
  });
});

describe("another quantity that is chosen, and not yet in the cart,", () => {
  test("is named at the press and by a wallet, and nothing is ordered", async () => {
    const { page, sale } = await readyToPay();
    await page.evaluate("endSubmit()");
    await page.getByLabel(/^Quantity/).selectOption("2");
    const told = "Update the cart first: you have chosen another quantity. Nothing was charged.";
    await payButton(page).click();
    await expect.poll(() => faultsOn(page), PATIENCE).toContain(told);
    await page.evaluate("document.querySelector('[data-part=faults]').replaceChildren()");
    await wallets(page).getByRole("button", { name: "Apple Pay" }).click();
    await expect.poll(() => faultsOn(page), PATIENCE).toContain(told);
    await checkout.expectOrders(sale, {});
    await page.getByLabel(/^Quantity/).selectOption("1");
    await payButton(page).click();
    await expect.poll(() => headingOf(page), PATIENCE).toBe(CONFIRMED);
    expect(await page.locator("main").innerText()).toContain("€134.00");
  });
});

test("what Stripe tells the developer goes to the console, and nothing is left to read out", async () => {
  const { page, sale } = await readyToPay();
  const errors: string[] = [];
  page.on("pageerror", ({ message }) => errors.push(message));
  const message = "Invalid API Key provided: pk_test_1";
  const error = JSON.stringify({ type: "authentication_error", message });
  await page.evaluate(`window.submitError = ${error}; endSubmit()`);
  await payButton(page).click();
  await page.getByText("The shop cannot take this payment right now.").waitFor();
  expect(await page.locator("main").innerText()).not.toContain("API Key");
  expect(errors.join(" ")).toContain(message);
  expect(await page.locator("[data-live]").textContent()).toBe("");
  await checkout.expectOrders(sale, {});
});

test("a press after which Stripe.js throws can be repeated, by card and in a wallet", async () => {
  const { page, sale } = await readyToPay();
  await page.evaluate("window.submitThrows = true; endSubmit()");
  await payButton(page).click();
  const trouble = page.getByText("Your payment details could not be read");
  await trouble.waitFor();
  await expect.poll(() => payButton(page).isEnabled(), PATIENCE).toBe(true);
  await wallets(page).getByRole("button", { name: "Apple Pay" }).click();
  await wallets(page).getByRole("button", { name: "Pay", exact: true }).click();
  await trouble.waitFor();
  await expect.poll(() => wallets(page).locator("#sheet").isVisible(), PATIENCE).toBe(false);
  await checkout.expectOrders(sale, {});
  await page.evaluate("window.submitThrows = false");
  await payButton(page).click();
  await expect.poll(() => headingOf(page), PATIENCE).toBe(CONFIRMED);
  await checkout.expectOrders(sale, { confirmed: 1 });
});

test("a wallet pays the total that it showed, whatever is chosen meanwhile", async () => {
  const { page, sale } = await readyToPay();
  await wallets(page).getByRole("button", { name: "Apple Pay" }).click();
  await wallets(page).getByRole("button", { name: "Pay", exact: true }).click();
  await expect.poll(() => page.evaluate("window.isSubmitting"), PATIENCE).toBe(true);
  await page.evaluate(EXPRESS);
  expect(await page.evaluate("amountGiven")).toBe(13_400);
  await page.evaluate("endSubmit()");
  await expect.poll(() => headingOf(page), PATIENCE).toBe(CONFIRMED);
  expect(await page.locator("main").innerText()).toContain("€134.00");
  await checkout.expectOrders(sale, { confirmed: 1 });
});
