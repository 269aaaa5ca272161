/**
 * The form of the checkout and of giving an order up, as any client may send them.
 */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  acceptedOrder,
  admit,
  finalOrder,
  makeSale,
  orderBody,
  placeOrder,
  type Sluice,
  startSluice,
} from "../http/support/sluice.ts";

const SALE = "forms";
const SHOE = `quantity:${SALE}-shoe`;

let sluice: Sluice;

beforeAll(async () => {
  sluice = await startSluice();
  await makeSale(sluice, SALE);
});

afterAll(() => sluice.stop());

interface Page {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
}

async function ask(path: string, init: RequestInit = {}): Promise<Page> {
  const url = `${sluice.host.gateUrl}/_sluice/shop${path}`;
  const response = await fetch(url, { redirect: "manual", ...init });
  return { status: response.status, headers: response.headers, text: await response.text() };
}

function send(
  path: string,
  fields: Readonly<Record<string, string>> | [string, string][],
  headers: Readonly<Record<string, string>>,
): Promise<Page> {
  return ask(path, { method: "POST", headers, body: new URLSearchParams(fields) });
}

/** As the page of the checkout sends it, with the provider's token of a means of payment. */
const ORDER = {
  step: "pay",
  key: "a-key",
  email: "ann@shoppers.example",
  name: "Ann",
  payment: "pm_card_visa",
  total: "12900",
  [SHOE]: "1",
  [`price:${SALE}-shoe`]: "12900",
};

describe("the checkout", () => {
  test("an order with another total than the page's is refused with both, and its key stays", async () => {
    const shopper = await admit(sluice, SALE);
    await send(`/${SALE}/cart`, { from: "shop", [SHOE]: "1" }, shopper);
    const page = await send(`/${SALE}/order`, { ...ORDER, total: "100" }, shopper);
    expect(page.status).toBe(409);
    expect(page.text).toContain("The total was €1.00, it is €129.00 now. Nothing was charged.");
    expect(page.text).toContain('name="key" value="a-key"');
    expect(page.text).toContain('name="total" value="12900"');
    const unit = { ...ORDER, [`price:${SALE}-shoe`]: "1" };
    const other = await send(`/${SALE}/order`, unit, shopper);
    expect([other.status, other.text.includes("The shop has changed something.")]).toEqual([
      409,
      true,
    ]);
    await send(`/${SALE}/leave`, {}, shopper);
  });

  test("an update shows the page again as it was typed, and orders nothing", async () => {
    const shopper = await admit(sluice, SALE);
    await send(`/${SALE}/cart`, { from: "shop", [SHOE]: "1" }, shopper);
    const typed = { ...ORDER, step: "update", email: "not yet", payment: "", discount: "none" };
    const page = await send(`/${SALE}/order`, typed, shopper);
    expect(page.status).toBe(200);
    expect(page.text).toContain('value="not yet"');
    expect(page.text).toContain("There is no such discount code.");
    await send(`/${SALE}/leave`, {}, shopper);
  });

  test("the checkout alone may load Stripe.js and use wallets", async () => {
    const shopper = await admit(sluice, SALE);
    await send(`/${SALE}/cart`, { from: "shop", [SHOE]: "1" }, shopper);
    const page = await ask(`/${SALE}/cart`, { headers: shopper });
    const { sandboxUrl } = sluice.host;
    expect(page.headers.get("content-security-policy")).toBe(
      [
        "default-src 'none'",
        `script-src 'self' ${sandboxUrl}`,
        "style-src 'self'",
        "img-src 'self'",
        `connect-src 'self' ${sandboxUrl}`,
        "form-action 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
        `frame-src ${sandboxUrl}`,
      ].join("; "),
    );
    const permissions = page.headers.get("permissions-policy");
    expect(permissions).toContain(`payment=(self "${sandboxUrl}")`);
    const shop = await ask(`/${SALE}`, { headers: shopper });
    expect(shop.headers.get("content-security-policy")).not.toContain(sandboxUrl);
    await send(`/${SALE}/leave`, {}, shopper);
  });

  test("the code of a link by which the shopper came is filled in, and the country", async () => {
    await makeSale(sluice, "linked", { checkout: { address: "billing", countries: ["DE", "FR"] } });
    const shopper = await admit(sluice, "linked");
    await send("/linked/cart", { from: "shop", "quantity:linked-shoe": "1" }, shopper);
    const headers = {
      ...shopper,
      cookie: "__Host-sluice-code-linked=FRIENDS-10",
      "cf-ipcountry": "FR",
    };
    const page = await ask("/linked/cart", { headers });
    expect(page.text).toMatch(/name="discount"[^>]*value="FRIENDS-10"/);
    expect(page.text).toMatch(/<option value="FR"\s+selected>/);
    const elsewhere = await ask("/linked/cart", { headers: { ...shopper, "cf-ipcountry": "US" } });
    expect(elsewhere.text).not.toMatch(/<option value="[A-Z]{2}"\s+selected>/);
  });

  test("a delivery that nobody chose gives way to the country's first", async () => {
    const parcel = { id: "parcel", name: "Parcel", prices: { DE: 490 } };
    const express = { id: "express", name: "Express", price: 1_190 };
    const checkout = { address: "shipping", delivery: [parcel, express] };
    await makeSale(sluice, "sent", { checkout });
    const shopper = await admit(sluice, "sent");
    await send("/sent/cart", { from: "shop", "quantity:sent-shoe": "1" }, shopper);
    const chosenIn = ({ text }: Page) => {
      return [...text.matchAll(/value="(\w+)"[^>]*\schecked/g)].map(([, id]) => id).join(" ");
    };
    const opened = await ask("/sent/cart", { headers: shopper });
    expect(chosenIn(opened)).toBe("");
    expect(opened.text).toContain("delivery is added when you choose a country");
    const choose = (country: string, delivery: string, assumed: string) => {
      const fields = { step: "update", key: "a-key", total: "12900", "quantity:sent-shoe": "1" };
      return send("/sent/order", { ...fields, country, delivery, assumed }, shopper);
    };
    const german = await choose("DE", "", "");
    expect(chosenIn(german)).toBe("parcel");
    expect(german.text).toContain('name="assumed" value="parcel"');
    expect(chosenIn(await choose("FR", "parcel", "parcel"))).toBe("express");
    expect(chosenIn(await choose("DE", "express", "express"))).toBe("parcel");
    const chosen = await choose("DE", "express", "parcel");
    expect(chosenIn(chosen)).toBe("express");
    expect(chosen.text).toContain('name="assumed" value=""');
    const early = await choose("", "express", "");
    expect(chosenIn(early)).toBe("express");
    expect(early.text).not.toContain("delivery is added");
    await send("/sent/leave", {}, shopper);
  });

  test("a payment is given up by a form with the order's key", async () => {
    const shopper = await admit(sluice, SALE);
    const body = orderBody(SALE, {
      expectedTotal: 12_900,
      payment: { method: "pm_card_authenticationRequired" },
    });
    const placed = await placeOrder(sluice, shopper, "given-up", body);
    const { id, path } = acceptedOrder(placed);
    const key = new URL(path, "http://sluice.example").searchParams.get("key") ?? "";
    const form = `/${SALE}/orders/${id}/give-up`;
    expect((await send(`${form}?key=guess`, {}, {})).status).toBe(404);
    const given = await send(`${form}?key=${key}`, {}, {});
    expect(given.status).toBe(303);
    expect(given.headers.get("location")).toBe(`/_sluice/shop/${SALE}/orders/${id}?key=${key}`);
    const { body: order } = await finalOrder(sluice, placed);
    expect(order).toMatchObject({ state: "declined", reason: "given_up" });
    const again = await send(`${form}?key=${key}`, {}, {});
    expect([again.status, again.headers.get("location")]).toEqual([
      303,
      given.headers.get("location"),
    ]);
    const opened = await ask(`${form}?key=${key}`);
    expect([opened.status, opened.headers.get("location")]).toEqual([
      303,
      `/_sluice/shop/${SALE}/orders/${id}?key=${key}`,
    ]);
  });

  test("a payment that was taken is not given up, and the order's page says how it stands", async () => {
    const shopper = await admit(sluice, SALE);
    const body = orderBody(SALE, { expectedTotal: 12_900 });
    const placed = await placeOrder(sluice, shopper, "too-late", body);
    await finalOrder(sluice, placed);
    const { id } = acceptedOrder(placed);
    const page = await send(`/${SALE}/orders/${id}/give-up`, {}, shopper);
    expect([page.status, page.text.includes("Your order is confirmed")]).toEqual([200, true]);
  });
});

test("without a publishable key the cart stays, the page says so, and health names the variable", async () => {
  const unpaid = await startSluice({ variables: { gate: { STRIPE_PUBLISHABLE_KEY: "" } } });
  try {
    await makeSale(unpaid, "unpaid");
    const headers = await admit(unpaid, "unpaid");
    const lines = [{ sku: "unpaid-shoe", quantity: 1 }];
    await unpaid.shopper("PUT", "/sales/unpaid/cart", { headers, body: { lines } });
    const url = `${unpaid.host.gateUrl}/_sluice`;
    const page = await fetch(`${url}/shop/unpaid/cart`, { headers });
    const text = await page.text();
    expect(text).toContain("This shop cannot take payments here right now");
    expect(text).toContain("Reserved for you for");
    expect(page.headers.get("content-security-policy")).not.toContain("http");
    const health = await fetch(`${url}/health`);
    expect(await health.json()).toMatchObject({
      ok: true,
      payments: { ready: false, problem: expect.stringContaining("STRIPE_PUBLISHABLE_KEY") },
    });
  } finally {
    await unpaid.stop();
  }
});
