/**
 * Paying in a browser when it takes a detour: 3-D Secure in a dialog and by redirect, refused,
 * reloaded, given up; no Stripe.js, no answer from the shop, no scripts.
 */
import type { Locator, Page } from "playwright-core";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { DESKTOP } from "./support/browser.ts";
import {
  bankDialog,
  CARDS,
  Checkout,
  CONFIRMED,
  faultsOn,
  headingOf,
  PATIENCE,
  payButton,
  payWithCard,
  SHIPPING,
  typeCard,
} from "./support/checkout.ts";

let checkout: Checkout;

beforeAll(async () => {
  checkout = await Checkout.start();
});
afterAll(() => checkout.stop());
beforeEach(() => checkout.switchesOff());

type Box = Awaited<ReturnType<Locator["boundingBox"]>>;

/** A box that is not there is within nothing. */
function isWithin(box: Box, around: Box): boolean {
  if (box === null || around === null) return false;
  const isAcross = box.x >= around.x && box.x + box.width <= around.x + around.width;
  return isAcross && box.y >= around.y && box.y + box.height <= around.y + around.height;
}

describe("3-D Secure", () => {
  test("in a dialog is confirmed in the page", async () => {
    const { page, sale } = await checkout.visit();
    await payWithCard(page, CARDS.asksBank);
    const accept = bankDialog(page).getByRole("button", { name: "Accept the payment" });
    await accept.waitFor();
    const told = await page.locator("[data-follow]").innerText();
    expect(told).toContain("Confirm it in your bank’s window.");
    expect(told).not.toContain("Continue at your bank");
    await accept.click();
    await expect.poll(() => headingOf(page), PATIENCE).toBe(CONFIRMED);
    await checkout.expectOrders(sale, { confirmed: 1 });
  });

  test("in a dialog is refused by Escape, pressed in the bank's page", async () => {
    const { page, sale } = await checkout.visit();
    await payWithCard(page, CARDS.asksBank);
    await bankDialog(page).getByRole("button", { name: "Refuse it" }).focus();
    await page.keyboard.press("Escape");
    await expect.poll(() => faultsOn(page), PATIENCE).toContain("The payment was declined");
    expect(await page.locator("dialog").count()).toBe(0);
    await checkout.expectOrders(sale, { declined: 1 });
  });

  test.each([
    [360, 640],
    [640, 360],
  ])("in a dialog shows all its buttons in a window of %i by %i", async (width, height) => {
    const { page } = await checkout.visit({}, { viewport: { width, height } });
    await payWithCard(page, CARDS.asksBank);
    const bank = bankDialog(page);
    await bank.getByRole("button", { name: "Refuse it" }).waitFor();
    const frame = page.locator('iframe[title="3D Secure authentication"]');
    const close = page.getByRole("button", { name: "Close and refuse" });
    const around = await frame.boundingBox();
    for (const name of ["Accept the payment", "Refuse it"]) {
      expect(isWithin(await bank.getByRole("button", { name }).boundingBox(), around)).toBe(true);
    }
    const window = { x: 0, y: 0, width, height };
    expect([isWithin(around, window), isWithin(await close.boundingBox(), window)]).toEqual([
      true,
      true,
    ]);
    await close.click();
    await expect.poll(() => faultsOn(page), PATIENCE).toContain("The payment was declined");
  });

  test("by redirect leads to the bank and back to the order", async () => {
    await checkout.control("PUT", "account", { authentication: "redirect" });
    const { page, sale } = await checkout.visit();
    await payWithCard(page, CARDS.asksBank);
    await page.getByRole("button", { name: "Accept the payment" }).click();
    await page.waitForURL("**/orders/**");
    await expect.poll(() => headingOf(page), PATIENCE).toBe(CONFIRMED);
    await checkout.expectOrders(sale, { confirmed: 1 });
  });

  test("that is refused leads back to the form, and another card buys", async () => {
    const { page, sale } = await checkout.visit();
    await payWithCard(page, CARDS.asksBank);
    await bankDialog(page).getByRole("button", { name: "Refuse it" }).click();
    await expect.poll(() => faultsOn(page), PATIENCE).toContain("The payment was declined");
    await typeCard(page, CARDS.good);
    await payButton(page).click();
    await expect.poll(() => headingOf(page), PATIENCE).toBe(CONFIRMED);
    await checkout.expectOrders(sale, { confirmed: 1, declined: 1 });
  });

  test("is continued after a reload in the middle", async () => {
    const { page, sale } = await checkout.visit();
    await payWithCard(page, CARDS.asksBank);
    await bankDialog(page).getByRole("button", { name: "Accept the payment" }).waitFor();
    await page.reload();
    await page.getByRole("button", { name: "Continue at your bank" }).click();
    await bankDialog(page).getByRole("button", { name: "Accept the payment" }).click();
    await expect.poll(() => headingOf(page), PATIENCE).toBe(CONFIRMED);
    await checkout.expectOrders(sale, { confirmed: 1 });
  });

  test("is given up on the order's page, and what was typed is there to pay another way", async () => {
    await checkout.control("PUT", "account", { authentication: "redirect" });
    const { page, sale } = await checkout.visit();
    await page.getByLabel("Name").fill("Ann");
    await payWithCard(page, CARDS.asksBank);
    await page.getByRole("button", { name: "Accept the payment" }).waitFor();
    await page.goto(checkout.shop(`${sale}/cart`));
    await page.getByRole("link", { name: "See your order" }).click();
    await page.getByText("Your items are reserved for").waitFor();
    await page.getByRole("button", { name: "Pay another way" }).click();
    await expect.poll(() => headingOf(page), PATIENCE).toBe("You stopped the payment");
    await page.getByRole("link", { name: "Back to the cart" }).click();
    await expect.poll(() => page.getByLabel("Name").inputValue(), PATIENCE).toBe("Ann");
    await payWithCard(page, CARDS.good);
    await expect.poll(() => headingOf(page), PATIENCE).toBe(CONFIRMED);
    await checkout.expectOrders(sale, { confirmed: 1, declined: 1 });
  });
});

describe("Stripe.js", () => {
  test("that does not load is said, the cart stays, and another try pays", async () => {
    await checkout.control("PUT", "script", { fail: true });
    const { page } = await checkout.visit();
    await page.getByText("The payment form could not be loaded").waitFor();
    expect(await payButton(page).isVisible()).toBe(false);
    await checkout.control("DELETE", "script");
    await page.getByRole("button", { name: "Try again" }).click();
    await payWithCard(page, CARDS.good);
    await expect.poll(() => headingOf(page), PATIENCE).toBe(CONFIRMED);
  });

  test("whose frames do not load is said too", async () => {
    await checkout.control("PUT", "script", { failElements: true });
    const { page } = await checkout.visit();
    await page.getByText("The payment form could not be loaded").waitFor();
    expect(await page.getByRole("button", { name: "Try again" }).isVisible()).toBe(true);
  });

  test("that is slow is waited for", async () => {
    await checkout.control("PUT", "script", { delay_ms: 9_000 });
    const { page } = await checkout.visit();
    await page.getByText("takes longer than usual").waitFor();
    await typeCard(page, CARDS.good);
    expect(await page.getByText("takes longer than usual").isVisible()).toBe(false);
  });

  test("is loaded by the checkout only, from the address that its policy names", async () => {
    const { page, sale } = await checkout.visit();
    const policyOf = async (path: string) => {
      const answer = await page.goto(checkout.shop(path));
      return answer?.headers()["content-security-policy"] ?? "";
    };
    const { sandboxUrl } = checkout.sluice.host;
    const allowed = await policyOf(`${sale}/cart`);
    for (const name of ["script-src 'self'", "frame-src", "connect-src 'self'"]) {
      expect(allowed).toContain(`${name} ${sandboxUrl}`);
    }
    expect(allowed).not.toContain("unsafe");
    for (const path of ["", sale, `${sale}/fairness`, `${sale}/orders/ord_none`]) {
      expect(await policyOf(path)).not.toContain("http");
    }
  });
});

/** Orders reach the shop, and their answers are lost, until what it returns is called. */
async function loseAnswers(page: Page): Promise<() => void> {
  let isLosing = true;
  await page.route("**/order", async (route) => {
    const isPaying = (route.request().postData() ?? "").includes("step=pay");
    if (!isPaying || !isLosing) return route.continue();
    await route.fetch({ maxRedirects: 0 });
    return route.abort();
  });
  return () => {
    isLosing = false;
  };
}

describe("an order without an answer", () => {
  test("is sent again as it was, and is placed once", async () => {
    const { page, sale } = await checkout.visit();
    let lost = 0;
    await page.route("**/order", async (route) => {
      if (!(route.request().postData() ?? "").includes("step=pay") || lost > 0) {
        return route.continue();
      }
      lost += 1;
      await route.fetch({ maxRedirects: 0 });
      return route.abort();
    });
    await payWithCard(page, CARDS.good);
    await expect.poll(() => headingOf(page), PATIENCE).toBe(CONFIRMED);
    expect(lost).toBe(1);
    await checkout.expectOrders(sale, { confirmed: 1 });
  });

  test("that was changed since is shown as it was placed, and nothing else is ordered", async () => {
    const { page, sale } = await checkout.visit({ admission: { ordersPerAdmission: 2 } });
    await page.getByLabel("Name").fill("Ann");
    const endLosses = await loseAnswers(page);
    await payWithCard(page, CARDS.good);
    await page.getByText("We did not get an answer from the shop").waitFor();
    endLosses();
    await checkout.expectOrders(sale, { confirmed: 1 });
    await page.getByLabel("Name").fill("Bob");
    await typeCard(page, CARDS.mastercard);
    await payButton(page).click();
    await page.getByText("This is your order as you sent it first").waitFor();
    expect(await headingOf(page)).toBe(CONFIRMED);
    expect(await page.locator("main").innerText()).toContain("€129.00");
    const payments = await checkout.paymentsOf(sale);
    expect(payments.map(({ card, captured }) => [card?.last4, captured])).toEqual([
      ["4242", 12_900],
    ]);
    await checkout.expectOrders(sale, { confirmed: 1 });
  });

  test("that was declined, and is paid another way, is placed after another press", async () => {
    const { page, sale } = await checkout.visit();
    const endLosses = await loseAnswers(page);
    await payWithCard(page, CARDS.noFunds);
    await page.getByText("We did not get an answer from the shop").waitFor();
    endLosses();
    await checkout.expectOrders(sale, { declined: 1 });
    await typeCard(page, CARDS.mastercard);
    await payButton(page).click();
    await expect.poll(() => faultsOn(page), PATIENCE).toContain("that order was not completed");
    await checkout.expectOrders(sale, { declined: 1 });
    await payButton(page).click();
    await expect.poll(() => headingOf(page), PATIENCE).toBe(CONFIRMED);
    const payments = await checkout.paymentsOf(sale);
    const paid = payments.filter(({ captured }) => captured > 0);
    expect(paid.map(({ card, captured }) => [card?.last4, captured])).toEqual([["4444", 12_900]]);
  });

  test("is sent once when the button is pressed twice", async () => {
    const { page, sale } = await checkout.visit();
    await page.getByLabel("E-mail").fill("ann@shoppers.example");
    await typeCard(page, CARDS.good);
    let sent = 0;
    page.on("request", (request) => {
      if (request.url().endsWith("/order") && request.postData()?.includes("step=pay")) sent += 1;
    });
    const press = "document.querySelector('[data-pay] button').click()";
    await page.evaluate(`${press}; ${press}`);
    await expect.poll(() => headingOf(page), PATIENCE).toBe(CONFIRMED);
    expect(sent).toBe(1);
    await checkout.expectOrders(sale, { confirmed: 1 });
  });
});

test("without scripts the total follows the form, and the page says that paying needs them", async () => {
  const options = { viewport: DESKTOP, javaScriptEnabled: false };
  const { page } = await checkout.visit({ checkout: SHIPPING }, options);
  await page.getByLabel("E-mail").fill("ann@shoppers.example");
  await page.getByLabel("Country", { exact: true }).selectOption("US");
  await page.getByRole("button", { name: "Update total" }).click();
  await page.getByText("€148.00", { exact: true }).waitFor();
  expect(await page.getByLabel("E-mail").inputValue()).toBe("ann@shoppers.example");
  expect(await page.getByLabel("ZIP code").count()).toBe(1);
  expect(await page.getByLabel("State").count()).toBe(1);
  await page.getByText("Paying needs JavaScript").waitFor();
  expect(await payButton(page).isVisible()).toBe(false);
});
