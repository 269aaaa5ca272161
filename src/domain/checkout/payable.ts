/**
 * Which prices and countries of a sale no shopper could pay or live in.
 *
 * Checked when a merchant's document is accepted, and not by its schema, because rooms and KV keep
 * documents of earlier releases, which must go on parsing.
 */
import { COUNTRIES } from "./countries.ts";
import { amountFault, amountFaultText } from "../money/amounts.ts";
import { currencyOf } from "../money/currencies.ts";
import { checkoutOf, type Tax } from "../sale/checkout-rules.ts";
import type { RevisionRefused, Sale } from "../sale/sale.ts";

type Path = RevisionRefused["path"];

/**
 * Paths are those of the document; empty when each item can be paid, alone, at its limit, and with
 * the cheapest delivery, and every country that is named exists.
 */
export function unpayable(sale: Sale): RevisionRefused[] {
  const { currency } = sale;
  if (currencyOf(currency) === null) {
    const message = amountFaultText({ kind: "not_supported" }, currency);
    return [{ path: ["currency"], message }];
  }
  return [...itemFaults(sale), ...deliveryFaults(sale), ...countryFaults(sale)];
}

function itemFaults(sale: Sale): RevisionRefused[] {
  const { currency, items } = sale;
  const delivery = cheapestDelivery(sale);
  return items.flatMap(({ sku, price, limitPerBuyer }, index): RevisionRefused[] => {
    const ofOne = amountFault(price, currency);
    if (ofOne !== null) {
      const message = `${amountFaultText(ofOne, currency)}: nobody could pay for ${sku}`;
      return [{ path: ["items", index, "price"], message }];
    }
    const withDelivery = amountFault(price + delivery, currency);
    if (withDelivery?.kind === "too_large") {
      const fault = amountFaultText(withDelivery, currency);
      const message = `is too high: with ${delivery} for delivery it ${fault}`;
      return [{ path: ["items", index, "price"], message }];
    }
    const ofLimit = amountFault(price * limitPerBuyer, currency);
    if (ofLimit === null) return [];
    const what = `${limitPerBuyer} × ${price}, the most that a buyer may order of ${sku},`;
    const message = `is too high: ${what} ${amountFaultText(ofLimit, currency)}`;
    return [{ path: ["items", index, "limitPerBuyer"], message }];
  });
}

/** Each price of delivery with the path of its field. */
function deliveryPrices(sale: Sale): { readonly path: Path; readonly price: number }[] {
  return checkoutOf(sale).delivery.flatMap(({ price, prices }, index) => {
    const path: Path = ["checkout", "delivery", index];
    return [
      ...(price === undefined ? [] : [{ path: [...path, "price"], price }]),
      ...Object.entries(prices).map(([country, inCountry]) => {
        return { path: [...path, "prices", country], price: inCountry };
      }),
    ];
  });
}

/** 0 without delivery. */
function cheapestDelivery(sale: Sale): number {
  const prices = deliveryPrices(sale).map(({ price }) => price);
  return prices.length === 0 ? 0 : Math.min(...prices);
}

/** Delivery may be free, or cheaper than a whole payment has to be. */
function deliveryFaults(sale: Sale): RevisionRefused[] {
  return deliveryPrices(sale).flatMap(({ path, price }): RevisionRefused[] => {
    const fault = price === 0 ? null : amountFault(price, sale.currency);
    if (fault === null || fault.kind === "too_small") return [];
    return [{ path, message: `${amountFaultText(fault, sale.currency)}: nobody could pay for it` }];
  });
}

function countryFaults(sale: Sale): RevisionRefused[] {
  const { countries, delivery } = checkoutOf(sale);
  const inTax = (path: Path, tax: Tax | undefined): [Path, string][] => {
    if (tax?.kind !== "added") return [];
    return Object.keys(tax.percents).map((country) => [
      [...path, "tax", "percents", country],
      country,
    ]);
  };
  const named: [Path, string][] = [
    ...countries.map((country, index): [Path, string] => [
      ["checkout", "countries", index],
      country,
    ]),
    ...delivery.flatMap(({ prices, tax }, index): [Path, string][] => {
      const path: Path = ["checkout", "delivery", index];
      const priced = Object.keys(prices).map((country): [Path, string] => {
        return [[...path, "prices", country], country];
      });
      return [...priced, ...inTax(path, tax)];
    }),
    ...sale.items.flatMap(({ tax }, index) => inTax(["items", index], tax)),
  ];
  return named
    .filter(([, country]) => !COUNTRIES.includes(country))
    .map(([path, country]) => ({ path, message: `${country} is no country of ISO 3166-1` }));
}
