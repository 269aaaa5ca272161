/**
 * What an order costs (P11): each part on its own, and laws over random sales and currencies.
 */
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { isAgreed } from "../../../src/domain/checkout/agreement.ts";
import {
  assumedDelivery,
  quoteOf,
  type Quote,
  type QuoteRequest,
} from "../../../src/domain/checkout/quote.ts";
import { taxOf } from "../../../src/domain/checkout/tax.ts";
import type { TakenCode } from "../../../src/domain/discounts/uses.ts";
import { amountFault } from "../../../src/domain/money/amounts.ts";
import { CURRENCIES, currencyOf } from "../../../src/domain/money/currencies.ts";
import { saleSchema, type Sale } from "../../../src/domain/sale/sale.ts";

const TIMES = {
  opensAt: "2026-11-27T09:00:00Z",
  startsAt: "2026-11-27T10:00:00Z",
  endsAt: "2026-11-27T12:00:00Z",
};

function saleOf(items: readonly object[], checkout?: object, currency = "EUR"): Sale {
  const shared = { id: "air-one", title: "Air One", currency, ...TIMES };
  const named = items.map((item, at) => {
    return { sku: `SKU-${at}`, name: `Item ${at}`, stock: 100, limitPerBuyer: 100, ...item };
  });
  return saleSchema.parse({ ...shared, items: named, ...(checkout ? { checkout } : {}) });
}

function ask(sale: Sale, more: Partial<QuoteRequest> = {}) {
  const lines = sale.items.map(({ sku }) => ({ sku, quantity: 1 }));
  return quoteOf(sale, { lines, country: null, delivery: null, discount: null, ...more });
}

function quoted(sale: Sale, more: Partial<QuoteRequest> = {}): Quote {
  const outcome = ask(sale, more);
  if (outcome.kind !== "quoted") throw new Error(`not quoted: ${outcome.kind}`);
  return outcome.quote;
}

const SHIPPED = {
  address: "shipping",
  delivery: [
    { id: "post", name: "Post", price: 490, prices: { CH: 1900 } },
    { id: "courier", name: "Courier", prices: { DE: 1490 } },
  ],
};

function percentOff(basisPoints: number): TakenCode {
  const rule = {
    discount: { kind: "percent" as const, basisPoints },
    items: [],
    from_ms: null,
    to_ms: null,
    uses: null,
    usesPerBuyer: null,
    lane: null,
    shopper: null,
  };
  return { hash: "h", hint: "SU…R", revision: 1, rule };
}

describe("delivery", () => {
  const sale = saleOf([{ price: 10_000 }], SHIPPED);

  test("has the price of the country, and the general one elsewhere", () => {
    expect(quoted(sale, { country: "CH", delivery: "post" }).amounts.delivery).toBe(1900);
    expect(quoted(sale, { country: "FR", delivery: "post" }).amounts.delivery).toBe(490);
  });

  test("a country with one choice has it chosen, one with two has not", () => {
    expect(quoted(sale, { country: "FR" }).delivery?.id).toBe("post");
    const { delivery, missing, offered } = quoted(sale, { country: "DE" });
    expect([delivery, missing, offered.length]).toEqual([null, ["delivery"], 2]);
  });

  test("an option of another country is refused, and so is a country without any", () => {
    const refused = ask(sale, { country: "FR", delivery: "courier" });
    expect(refused).toMatchObject({ kind: "delivery_unknown", offered: [{ id: "post" }] });
    const onlyDe = saleOf([{ price: 10_000 }], {
      ...SHIPPED,
      delivery: [{ id: "courier", name: "Courier", prices: { DE: 1490 } }],
    });
    expect(ask(onlyDe, { country: "FR" })).toMatchObject({ kind: "country_not_served" });
  });

  test("before the country is known, only what costs the same everywhere is offered", () => {
    const { offered, missing } = quoted(sale);
    expect([offered, missing]).toEqual([[], ["country", "delivery"]]);
    const delivery = [...SHIPPED.delivery, { id: "express", name: "Express", price: 2900 }];
    const express = quoted(saleOf([{ price: 10_000 }], { ...SHIPPED, delivery }));
    // It is not chosen: the country may have a cheaper one.
    expect([express.offered.length, express.delivery]).toEqual([1, null]);
  });

  test("a country that the sale does not name is refused", () => {
    const here = saleOf([{ price: 10_000 }], { ...SHIPPED, countries: ["DE"] });
    expect(ask(here, { country: "FR" })).toEqual({ kind: "country_not_served", country: "FR" });
  });
});

describe("tax", () => {
  test("that the price contains is shown and not added", () => {
    const sale = saleOf([{ price: 11_900, tax: { kind: "included", percent: 19 } }]);
    expect(quoted(sale).amounts).toMatchObject({ tax: 0, taxIncluded: 1900, total: 11_900 });
  });

  test("of the buyer's country is added after the discount, on delivery too", () => {
    const tax = { kind: "added", percents: { US: 8.875 } };
    const delivery = [{ id: "post", name: "Post", price: 1000, tax }];
    const sale = saleOf([{ price: 10_000, tax }], { address: "shipping", delivery }, "USD");
    const { amounts } = quoted(sale, { country: "US", discount: percentOff(1000) });
    expect(amounts).toEqual({
      items: 10_000,
      discount: 1000,
      delivery: 1000,
      tax: 799 + 89,
      taxIncluded: 0,
      total: 10_000 - 1000 + 1000 + 888,
    });
    const untaxed = quoted(sale, { country: "CA" });
    expect(untaxed.amounts.tax).toBe(0);
  });

  test("needs a country: a sale that adds it must ask for an address", () => {
    const tax = { kind: "added", percents: { US: 8 } };
    expect(() => saleOf([{ price: 10_000, tax }])).toThrow("checkout.address");
  });

  test("is rounded half up, in whole steps of the currency", () => {
    expect(taxOf({ kind: "added", percents: { DE: 10 } }, 105, "DE", 1).tax).toBe(11);
    expect(taxOf({ kind: "added", percents: { KW: 5 } }, 12_350, "KW", 10).tax).toBe(620);
    expect(taxOf({ kind: "included", percent: 7 }, 107, null, 1).taxIncluded).toBe(7);
  });
});

test("a total below what the provider charges is refused, with what is wrong", () => {
  const sale = saleOf([{ price: 1000 }]);
  const refused = ask(sale, { discount: percentOff(9900) });
  expect(refused).toMatchObject({ kind: "total_unpayable", total: 10, currency: "EUR" });
  expect(ask(sale, { discount: percentOff(10_000) })).toMatchObject({ total: 0 });
});

describe("for random sales, carts, discounts and currencies", () => {
  const currency = fc.constantFrom(...CURRENCIES.map(({ code }) => code));
  const percent = fc.integer({ min: 0, max: 1_000_000 }).map((units) => units / 10_000);
  const tax = fc.option(
    fc.oneof(
      percent.map((rate) => ({ kind: "included", percent: rate })),
      percent.map((rate) => ({ kind: "added", percents: { DE: rate } })),
    ),
    { nil: undefined },
  );
  const item = fc.record({ units: fc.integer({ min: 1, max: 100_000 }), tax });
  const cart = fc.record({
    currency,
    items: fc.array(item, { minLength: 1, maxLength: 5 }),
    quantity: fc.integer({ min: 1, max: 5 }),
    basisPoints: fc.option(fc.integer({ min: 1, max: 10_000 })),
    delivery: fc.integer({ min: 0, max: 500 }),
  });

  test("the parts add up, to the minor unit, and the provider can charge the total", () => {
    fc.assert(
      fc.property(cart, ({ currency: code, items, quantity, basisPoints, delivery }) => {
        const step = currencyOf(code)?.step ?? 1;
        const option = { id: "post", name: "Post", price: delivery * step };
        const sale = saleOf(
          items.map(({ units, tax: of }) => ({ price: units * step, ...(of ? { tax: of } : {}) })),
          { address: "shipping", delivery: [option] },
          code,
        );
        const lines = sale.items.map(({ sku }) => ({ sku, quantity }));
        const discount = basisPoints === null ? null : percentOff(basisPoints);
        const request = { lines, country: "DE", delivery: "post", discount };
        const outcome = quoteOf(sale, request);
        expect(quoteOf(sale, request)).toEqual(outcome);
        // Too small or too large for its currency, which has a test of its own.
        fc.pre(outcome.kind === "quoted");
        const { amounts, lines: priced } = outcome.quote;
        const { items: sum, discount: off, delivery: sent, tax: added, total } = amounts;
        expect(total).toBe(sum - off + sent + added);
        expect(priced.reduce((all, line) => all + line.price * line.quantity, 0)).toBe(sum);
        expect(priced.reduce((all, line) => all + line.discount, 0)).toBe(off);
        for (const line of priced) {
          expect(line.discount).toBeLessThanOrEqual(line.price * line.quantity);
          expect(line.discount % step).toBe(0);
        }
        expect(amountFault(total, code)).toBeNull();
      }),
    );
  });
});

describe("a country that does not exist", () => {
  test.each(["XX", "ZZ", "QQ", "EU"])(
    "is not served, although it would be free of tax: %s",
    (country) => {
      const taxed = { price: 10_000, tax: { kind: "added", percents: { DE: 19 } } };
      const sale = saleOf([taxed], { address: "billing" });
      expect(ask(sale, { country })).toEqual({ kind: "country_not_served", country });
      const listed = saleOf([{ price: 10_000 }], { address: "billing", countries: ["DE"] });
      expect(ask(listed, { country })).toEqual({ kind: "country_not_served", country });
    },
  );
});

describe("the offer", () => {
  const terms = { url: "https://shop.example/terms" };
  const options = [
    { id: "post", name: "Express, tomorrow", price: 490 },
    { id: "courier", name: "Courier", price: 490 },
  ];
  const sale = (item: object = {}, checkout: object = {}) => {
    const rules = { address: "shipping", delivery: options, terms, ...checkout };
    return saleOf([{ price: 12_900, name: "Red shoe", ...item }], rules);
  };
  const asked = { country: "DE", delivery: "post" };
  const shown = quoted(sale(), asked);
  const agreed = { expectedTotal: 13_390, offer: shown.offer, lines: [] };

  test("is the same for the same names, whatever the amounts", () => {
    expect(isAgreed(agreed, quoted(sale(), asked))).toBe(true);
    expect(quoted(sale({ price: 13_900 }), asked).offer).toBe(shown.offer);
  });

  test.each([
    ["another name", sale({ name: "Left shoe only" }), asked],
    ["another delivery", sale(), { ...asked, delivery: "courier" }],
    [
      "a delivery of another name",
      sale({}, { delivery: [{ ...options[0], name: "Slow" }] }),
      asked,
    ],
    ["other terms", sale({}, { terms: { url: "https://shop.example/no-returns" } }), asked],
    ["no terms any more", sale({}, { terms: undefined }), asked],
  ])("is another with %s, at the same total", (_, changed, request) => {
    const quote = quoted(changed, request);
    expect(quote.amounts.total).toBe(agreed.expectedTotal);
    expect(isAgreed(agreed, quote)).toBe(false);
    const { offer: __, ...figures } = agreed;
    expect(isAgreed(figures, quote)).toBe(true);
  });
});

describe("the delivery that a page assumes until one is chosen", () => {
  const flat = { id: "express", name: "Express", price: 1190 };
  const cheap = { id: "parcel", name: "Parcel", prices: { DE: 490 } };
  const sale = (delivery: readonly object[]) => {
    return saleOf([{ price: 1000 }], { address: "shipping", delivery });
  };
  const assumed = (of: Sale, country: string | null) => {
    return assumedDelivery(of, quoted(of, { country }))?.id ?? null;
  };

  test("is the merchant's first of the country", () => {
    expect(assumed(sale([cheap, flat, { ...flat, id: "bike" }]), "DE")).toBe("parcel");
    expect(assumed(sale([cheap, flat, { ...flat, id: "bike" }]), "FR")).toBe("express");
  });

  test("is none before the country is known, where a country may have others", () => {
    expect(assumed(sale([cheap, flat]), null)).toBe(null);
    expect(assumed(sale([flat, cheap]), null)).toBe(null);
  });

  test("is the first of those that are the same everywhere", () => {
    expect(assumed(sale([flat, { ...flat, id: "bike" }]), null)).toBe("express");
  });
});
