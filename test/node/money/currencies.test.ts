/**
 * The table of currencies against Stripe's documentation, copied here list by list, and what the
 * shopper reads against what the provider is told.
 *
 * Source: https://docs.stripe.com/currencies.
 */
import * as fc from "fast-check";
import { expect, test } from "vitest";
import { paymentsThrough } from "../../../queues/backends/stripe.ts";
import type { StripeCalls } from "../../../queues/backends/stripe-calls.ts";
import { paidOrder } from "../support/paid-order.ts";
import { amountRefusal } from "../../../simulation/sandbox/amount-refusal.ts";
import { amountFault, moneyText } from "../../../src/domain/money/amounts.ts";
import { CURRENCIES, type Currency, currencyOf } from "../../../src/domain/money/currencies.ts";
import { quoteOf } from "../../../src/domain/checkout/quote.ts";
import { checkoutPage } from "../../../src/pages/views/checkout.ts";
import { checkoutModel, SALE } from "../support/pages-models.ts";

const EVERY = CURRENCIES.map((currency) => [currency.code, currency] as const);

/** An amount of the currency that can be charged. */
function payable({ minimum, maximum, step }: Currency) {
  const least = Math.ceil(minimum / step);
  return fc.integer({ min: least, max: Math.floor(maximum / step) }).map((steps) => steps * step);
}

/** The digits of a text as an integer in units of `10 ** -digits`, without floating point. */
function minorUnitsOf(text: string, digits: number): string {
  const [number = ""] = /\d[\d,]*(\.\d+)?/.exec(text) ?? [];
  const [whole = "", decimals = ""] = number.replaceAll(",", "").split(".");
  expect(decimals.length).toBeLessThanOrEqual(digits);
  return `${whole}${decimals.padEnd(digits, "0")}`.replace(/^0+(?=\d)/, "");
}

/** Stripe, which remembers what it was told. */
function recordingStripe() {
  const told: unknown[] = [];
  const answer = (id: string, params: unknown) => {
    told.push(params);
    return Promise.resolve({ object: "payment_intent", id, status: "succeeded" });
  };
  const calls: StripeCalls = {
    paymentIntents: {
      create: (params) => answer("pi_1", params),
      confirm: (id, params) => answer(id, params),
      capture: (id, params) => answer(id, params),
      cancel: (id, params) => answer(id, params),
      retrieve: (id, params) => answer(id, params),
    },
    refunds: {
      create: (params) => answer("re_1", params),
      list: (params) => answer("re_1", params),
    },
    disputes: { list: (params) => answer("dp_1", params) },
  };
  return {
    backend: paymentsThrough(
      calls,
      () => 1_000,
      () => 0,
    ),
    told,
  };
}

test.each(EVERY)("%s: what a text says × 10^digits is the amount", (code, currency) => {
  fc.assert(
    fc.property(payable(currency), (amount) => {
      const text = minorUnitsOf(moneyText(amount, code), currency.digits);
      expect(text).toBe(String(amount));
    }),
  );
});

test.each(EVERY)("%s: what the button says is what Stripe is told", async (code, currency) => {
  for (const amount of fc.sample(payable(currency), 3)) {
    const item = { sku: "S", name: "Shoe", price: amount, stock: 1, buffer: 0, limitPerBuyer: 1 };
    const sale = { ...SALE, currency: code, items: [item], checkout: undefined };
    const lines = [{ sku: item.sku, quantity: 1 }];
    const quoted = quoteOf(sale, { lines, country: null, delivery: null, discount: null });
    if (quoted.kind !== "quoted") throw new Error(quoted.kind);
    const { quote } = quoted;
    const cart = { lines: [...quote.lines], holdsUntil_ms: null };
    // The button is shown by the page's script.
    const page = String(await checkoutPage(checkoutModel({ sale, cart, quote })));
    const said = minorUnitsOf(/Pay ([^<]*?\d[\d.,]*)/.exec(page)?.[1] ?? "", currency.digits);
    const { backend, told } = recordingStripe();
    const money = { amount, currency: code };
    await backend.prepare({ order: paidOrder(), money, key: "k1" });
    await backend.capture({ paymentId: "pi_1", money, key: "k2" });
    expect(told).toMatchObject([
      { amount: Number(said), currency: code.toLowerCase() },
      { amount_to_capture: Number(said) },
    ]);
    expect(amountRefusal(amount, code.toLowerCase())).toBe(null);
  }
});

test("digits and steps are those that Stripe lists", () => {
  const by = (keep: (currency: Currency) => boolean) => {
    const codes = CURRENCIES.filter(keep).map(({ code }) => code);
    return codes.toSorted().join(" ");
  };
  expect(by(({ digits }) => digits === 0)).toBe(
    "BIF CLP DJF GNF JPY KMF KRW MGA PYG RWF VND VUV XAF XOF XPF",
  );
  expect(by(({ digits }) => digits === 3)).toBe("BHD JOD KWD OMR TND");
  expect(by(({ step }) => step === 10)).toBe("BHD JOD KWD OMR TND");
  expect(by(({ step }) => step === 100)).toBe("ISK UGX");
  expect(by(() => true).split(" ")).toHaveLength(139);
  expect(new Set(CURRENCIES.map(({ code }) => code)).size).toBe(CURRENCIES.length);
  for (const code of ["HUF", "TWD"]) expect(currencyOf(code)).toMatchObject({ digits: 2, step: 1 });
});

test.each([
  ["USD", 50],
  ["AED", 200],
  ["CZK", 1500],
  ["DKK", 250],
  ["GBP", 30],
  ["HKD", 400],
  ["HUF", 17_500],
  ["JPY", 50],
  ["KRW", 50],
  ["MXN", 1000],
  ["NOK", 300],
  ["THB", 1000],
  ["ISK", 5000],
  ["KWD", 100],
  ["VND", 50],
  ["KYD", 30],
])("the minimum in %s is %d", (code, minimum) => {
  expect(amountFault(minimum, code)).toBe(null);
  const { step } = currencyOf(code) ?? { step: NaN };
  expect(amountFault(minimum - step, code)).toEqual({ kind: "too_small", minimum });
});

test.each([
  ["EUR", 99_999_999],
  ["IDR", 999_999_999_999],
  ["LBP", 99_999_999_999],
  ["COP", 9_999_999_999],
  ["HUF", 9_999_999_999],
  ["JPY", 9_999_999_999],
  ["INR", 999_999_999],
  ["ISK", 99_999_900],
  ["KWD", 99_999_990],
])("the maximum in %s is %d", (code, maximum) => {
  expect(amountFault(maximum, code)).toBe(null);
  const { step } = currencyOf(code) ?? { step: NaN };
  expect(amountFault(maximum + step, code)).toEqual({ kind: "too_large", maximum });
});

test("an amount whose last digits must be zero is not payable, and its text hides nothing", () => {
  expect(amountFault(12_345, "KWD")).toEqual({ kind: "step", step: 10 });
  expect(amountFault(50_050, "ISK")).toEqual({ kind: "step", step: 100 });
  expect(amountFault(5000, "EUX")).toEqual({ kind: "not_supported" });
  expect(moneyText(50_050, "ISK")).toMatch(/500\.50$/);
});

test.each([
  [12_900, "EUR", "€129.00"],
  [1_299_000, "RSD", "RSD 12,990.00"],
  [1_299_000, "MGA", "MGA 1,299,000"],
  [1_500_000, "UGX", "UGX 15,000"],
  [500, "ISK", "ISK 5"],
  [5120, "KWD", "KWD 5.120"],
  [500, "EUX", "EUX 5.00"],
])("%d in the minor unit of %s is %s", (amount, currency, expected) => {
  expect(moneyText(amount, currency).replace(/\s/, " ")).toBe(expected);
});

test("a locale changes the words, not the amount", () => {
  expect(moneyText(129_900, "EUR", "de").replace(/\s/, " ")).toBe("1.299,00 €");
});

test.each([
  [5000, "eux", { param: "currency", message: expect.stringMatching(/^Invalid currency: eux\. /) }],
  [49, "usd", { code: "amount_too_small", message: "Amount must be at least $0.50 usd" }],
  [
    100_000_000,
    "usd",
    { code: "amount_too_large", message: "Amount must be no more than $999,999.99" },
  ],
  [12_345, "kwd", { code: "parameter_invalid_integer", param: "amount" }],
])("the sandbox refuses %d %s as Stripe does", (amount, currency, error) => {
  const type = "invalid_request_error";
  expect(amountRefusal(amount, currency)).toMatchObject({ status: 400, type, ...error });
});
