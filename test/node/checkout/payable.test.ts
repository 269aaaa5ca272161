/** A sale that nobody could pay is refused with the item's path; what is stored goes on parsing. */
import { expect, test } from "vitest";
import { saleSchema } from "../../../src/domain/sale/sale.ts";
import { unpayable } from "../../../src/domain/checkout/payable.ts";
import { DOCUMENT } from "../support/sale-document.ts";

function saleOfItem(currency: string, price: number, limitPerBuyer = 1) {
  const free = { sku: "OK", name: "Shoe", price: 20_000, stock: 1 };
  const item = { sku: "AIR", name: "Air", price, stock: 1, limitPerBuyer };
  return saleSchema.parse({ ...DOCUMENT, currency, items: [free, item] });
}

test.each([
  ["EUX", 5000, 1, "currency", /^must be a currency that Stripe charges in, which EUX is not$/],
  ["KWD", 12_345, 1, "items.1.price", /^must be a multiple of 10 in KWD/],
  ["UGX", 1_500_050, 1, "items.1.price", /^must be a multiple of 100 in UGX/],
  ["EUR", 1, 1, "items.1.price", /^must be at least 50 \(€0\.50\): nobody could pay for AIR$/],
  ["JPY", 10, 1, "items.1.price", /^must be at least 50 \(¥50\)/],
  ["EUR", 100_000_000, 1, "items.1.price", /^must be at most 99999999 \(€999,999\.99\)/],
  ["EUR", 60_000_000, 5, "items.1.limitPerBuyer", /^is too high: 5 × 60000000, .* of AIR, must be/],
])("%s %d × %d is refused at %s", (currency, price, limit, path, message) => {
  const refused = unpayable(saleOfItem(currency, price, limit));
  expect(refused.map((fault) => fault.path.join("."))).toEqual([path]);
  expect(refused[0]?.message).toMatch(message);
});

function saleWith(checkout: object, currency = "EUR", item: object = {}) {
  const shoe = { sku: "AIR", name: "Air", price: 20_000, stock: 1, ...item };
  return saleSchema.parse({ ...DOCUMENT, currency, items: [shoe], checkout });
}

const shipped = (...delivery: object[]) => ({
  address: "shipping",
  delivery: delivery.map((option, at) => ({ id: `d${at}`, name: "Post", ...option })),
});

test.each([
  ["KWD", shipped({ price: 1001 }), "checkout.delivery.0.price"],
  ["ISK", shipped({ price: 100 }, { prices: { IS: 12_345 } }), "checkout.delivery.1.prices.IS"],
  ["EUR", shipped({ price: 100_000_000 }, { price: 0 }), "checkout.delivery.0.price"],
])("a price of delivery that nobody can pay is refused: %s %j", (currency, checkout, path) => {
  expect(unpayable(saleWith(checkout, currency)).map((one) => one.path.join("."))).toEqual([path]);
});

test("an item that can be paid without delivery only is refused, and a cheap delivery is not", () => {
  const most = { price: 99_999_900 };
  const refused = unpayable(saleWith(shipped({ price: 490 }, { price: 900 }), "EUR", most));
  expect(refused.map(({ path }) => path.join("."))).toEqual(["items.0.price"]);
  expect(unpayable(saleWith(shipped({ price: 1 }, { price: 0 }), "EUR", most))).toEqual([]);
});

test("a country that does not exist is refused wherever it is named", () => {
  const tax = { kind: "added", percents: { DE: 19, XX: 1 } };
  const checkout = {
    ...shipped({ price: 490, prices: { QQ: 1900, XK: 900 }, tax }),
    countries: ["DE", "ZZ"],
  };
  const paths = unpayable(saleWith(checkout, "EUR", { tax })).map(({ path }) => path.join("."));
  expect(paths).toEqual([
    "checkout.countries.1",
    "checkout.delivery.0.prices.QQ",
    "checkout.delivery.0.tax.percents.XX",
    "items.0.tax.percents.XX",
  ]);
});

test.each([
  ["EUR", 12_900, 1000],
  ["IDR", 150_000_000, 5],
  ["MGA", 12_345, 1],
  ["UGX", 1_500_000, 1],
  ["KWD", 12_340, 1],
])("%s %d × %d can be paid", (currency, price, limit) => {
  expect(unpayable(saleOfItem(currency, price, limit))).toEqual([]);
});
