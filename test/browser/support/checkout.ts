/**
 * What a shopper does on the page of the checkout: fills the cart, types a card into the stand-in
 * for Stripe's form, chooses a wallet, answers the bank.
 */
import { isDeepStrictEqual } from "node:util";
import type { Browser, BrowserContextOptions, FrameLocator, Locator, Page } from "playwright-core";
import { expect } from "vitest";
import { Ledger, type LedgerRow } from "../../../simulation/sandbox/ledger.ts";
import { auditOf, makeSale, type Sluice, startSluice, until } from "../../http/support/sluice.ts";
import { launchBrowser, PHONE } from "./browser.ts";

const PATIENCE_MS = 20_000;
export const PATIENCE = { timeout: PATIENCE_MS };
export const CONFIRMED = "Your order is confirmed";

/** Test cards of https://docs.stripe.com/testing. */
export const CARDS = {
  good: "4242 4242 4242 4242",
  mastercard: "5555 5555 5555 4444",
  declined: "4000 0000 0000 0002",
  noFunds: "4000 0000 0000 9995",
  asksBank: "4000 0027 6000 3184",
} as const;

export function cardForm(page: Page): FrameLocator {
  return page.frameLocator('iframe[title="Secure payment input frame"]');
}

export function wallets(page: Page): FrameLocator {
  return page.frameLocator('iframe[title="Secure express checkout frame"]');
}

export function bankDialog(page: Page): FrameLocator {
  return page.frameLocator('iframe[title="3D Secure authentication"]');
}

export async function typeCard(page: Page, number: string): Promise<void> {
  const form = cardForm(page);
  await form.getByLabel("Card number").fill(number);
  await form.getByLabel("Expiry").fill("1234");
  await form.getByLabel("Security code").fill("123");
  await form.getByLabel("Country").selectOption("IE");
}

export function payButton(page: Page): Locator {
  return page.locator("[data-pay] button");
}

/** @param email what the shop asks for in every sale */
export async function payWithCard(page: Page, number: string, email = "ann@shoppers.example") {
  await page.getByLabel("E-mail").fill(email);
  await typeCard(page, number);
  await payButton(page).click();
}

export interface Visit {
  readonly page: Page;
  readonly sale: string;
  /** Errors of the page's console and breaches of its policy, as they occur. */
  readonly complaints: readonly string[];
}

/** A Sluice with its sandbox, and a browser. */
export class Checkout {
  readonly sluice: Sluice;
  readonly #browser: Browser;
  #sales = 0;

  private constructor(sluice: Sluice, browser: Browser) {
    this.sluice = sluice;
    this.#browser = browser;
  }

  static async start(): Promise<Checkout> {
    const [sluice, browser] = await Promise.all([startSluice(), launchBrowser()]);
    return new Checkout(sluice, browser);
  }

  async stop(): Promise<void> {
    await this.#browser.close();
    await this.sluice.stop();
  }

  /** The id that the next sale will have. */
  get nextSale(): string {
    return `pay-${this.#sales + 1}`;
  }

  /** Sets a switch of the sandbox. */
  async control(method: "PUT" | "DELETE", what: "script" | "account", body?: unknown) {
    const answer = await fetch(`${this.sluice.host.sandboxUrl}/sandbox/${what}`, {
      method,
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      headers: { "content-type": "application/json" },
    });
    if (!answer.ok) throw new Error(`${answer.status} ${await answer.text()}`);
    await answer.body?.cancel();
  }

  async switchesOff(): Promise<void> {
    await this.control("DELETE", "script");
    await this.control("DELETE", "account");
  }

  /** Over plain HTTP, browsers keep Secure cookies for this host only. */
  shop(path: string): string {
    const { port } = new URL(this.sluice.host.gateUrl);
    return `http://localhost:${port}/_sluice/shop/${path}`;
  }

  /** A shopper with a shoe in the cart, on the page of the checkout. */
  async visit(
    change: Readonly<Record<string, unknown>> = {},
    options: BrowserContextOptions = { viewport: PHONE },
  ): Promise<Visit> {
    const sale = this.nextSale;
    this.#sales += 1;
    await makeSale(this.sluice, sale, change);
    const context = await this.#browser.newContext(options);
    context.setDefaultTimeout(PATIENCE_MS);
    const page = await context.newPage();
    const complaints: string[] = [];
    page.on("console", (message) => {
      if (message.type() === "error") complaints.push(message.text());
    });
    page.on("pageerror", (error) => complaints.push(error.message));
    await page.goto(this.shop(sale));
    await page.getByRole("button", { name: /Join the line|Go in/ }).click();
    await page.getByLabel("Quantity of A shoe").selectOption("1");
    await page.getByRole("button", { name: "Add to cart" }).click();
    await page.getByRole("heading", { level: 1, name: "Checkout" }).waitFor();
    return { page, sale, complaints };
  }

  /** The payments of the sale's orders at the provider. */
  async paymentsOf(sale: string): Promise<LedgerRow[]> {
    const answer = await fetch(`${this.sluice.host.sandboxUrl}/sandbox/ledger`);
    const { payments } = Ledger.parse(await answer.json());
    return payments.filter(({ metadata }) => metadata["sale"] === sale);
  }

  /**
   * The order book gets an order's end through a queue, so it may be a moment behind. Each
   * confirmed order has sold one shoe, and nothing else was.
   */
  async expectOrders(sale: string, orders: Readonly<Record<string, number>>): Promise<void> {
    await until(
      () => auditOf(this.sluice, sale),
      (audit) => {
        const sold = audit.skus.map((sku) => sku.sold);
        return isDeepStrictEqual([audit.orders, sold], [orders, [orders["confirmed"] ?? 0, 0]]);
      },
    );
  }
}

/** A sale's checkout that asks for an address, and has delivery and terms. */
export const SHIPPING = {
  address: "shipping",
  countries: ["DE", "IE", "US"],
  delivery: [
    { id: "post", name: "By post", price: 490, prices: { US: 1_900 } },
    { id: "courier", name: "By courier", prices: { DE: 900 } },
  ],
  terms: { url: "https://shop.example/terms" },
};

export function headingOf(page: Page): Promise<string> {
  return page.locator("h1").innerText();
}

export async function expectTotal(page: Page, total: string): Promise<void> {
  await expect.poll(() => payButton(page).innerText(), PATIENCE).toBe(`Pay ${total}`);
}

export function faultsOn(page: Page): Promise<string> {
  return page.locator('[data-part="faults"]').innerText();
}
