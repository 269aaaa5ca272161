/**
 * What an order costs: items, discount, delivery, tax and total, from the sale's document alone.
 *
 * Amounts are in the currency's minor unit. Guarantee: `total` is items − discount + delivery +
 * tax, and the parts of the lines add up to those of the order. The same sale, lines, country,
 * delivery and discount give the same quote, so an order that states the total it was shown is
 * charged exactly that, or is refused.
 */
import { discountOf } from "../discounts/discount.ts";
import type { TakenCode } from "../discounts/uses.ts";
import { amountFault, type AmountFault } from "../money/amounts.ts";
import { currencyOf } from "../money/currencies.ts";
import type { Amounts } from "../order/order.ts";
import { checkoutOf, type CheckoutRules, type DeliveryOption } from "../sale/checkout-rules.ts";
import { itemOf, type Sale } from "../sale/sale.ts";
import { digestOf } from "../../encoding/json.ts";
import { OFFER_NAME_LENGTH } from "../limits.ts";
import { priceLines, type Line, type LinesFault, type PricedLine } from "../stock/cart.ts";
import { COUNTRIES } from "./countries.ts";
import { taxOf } from "./tax.ts";

export interface QuoteRequest {
  readonly lines: readonly Line[];
  /** Of the buyer's address; null while it is not known, or where none is asked for. */
  readonly country: string | null;
  /** The id of a delivery option; null while none is chosen. */
  readonly delivery: string | null;
  readonly discount: TakenCode | null;
}

/** `discount`, `tax` and `taxIncluded` are of the whole line. */
export interface QuotedLine extends PricedLine {
  readonly discount: number;
  readonly tax: number;
  readonly taxIncluded: number;
}

export interface OfferedDelivery {
  readonly id: string;
  readonly name: string;
  readonly price: number;
}

export interface Quote {
  readonly currency: string;
  readonly lines: readonly QuotedLine[];
  readonly amounts: Amounts;
  readonly delivery: OfferedDelivery | null;
  /** The choices of delivery that the country has. */
  readonly offered: readonly OfferedDelivery[];
  /** What the total still depends on. */
  readonly missing: readonly ("country" | "delivery")[];
  readonly discount: TakenCode | null;
  /** Names what is offered beside the amounts: another text, delivery or terms have another. */
  readonly offer: string;
}

export type QuoteOutcome =
  | { readonly kind: "quoted"; readonly quote: Quote }
  | {
      readonly kind: "country_not_served";
      readonly country: string;
      /** The field that states it; absent: `country`. */
      readonly path?: string;
    }
  | {
      readonly kind: "delivery_unknown";
      readonly delivery: string;
      readonly offered: readonly OfferedDelivery[];
    }
  | {
      readonly kind: "total_unpayable";
      readonly total: number;
      readonly currency: string;
      readonly fault: AmountFault;
    }
  | LinesFault;

/** Precedence: that of the lines, country, delivery, total. */
export function quoteOf(sale: Sale, request: QuoteRequest): QuoteOutcome {
  const priced = priceLines(sale, request.lines);
  if (priced.kind !== "priced") return priced;
  const rules = checkoutOf(sale);
  const { country } = request;
  const { countries } = rules;
  // A country that does not exist would be one without tax.
  const isServed = (code: string): boolean => {
    return COUNTRIES.includes(code) && (countries.length === 0 || countries.includes(code));
  };
  if (country !== null && !isServed(country)) return { kind: "country_not_served", country };
  const options = rules.delivery.flatMap((option) => offerOf(option, country));
  const offered = options.map(({ offer }) => offer);
  if (country !== null && rules.delivery.length > 0 && offered.length === 0) {
    return { kind: "country_not_served", country };
  }
  const chosen = chosenOf(options, request.delivery, country);
  if (chosen === null && request.delivery !== null) {
    return { kind: "delivery_unknown", delivery: request.delivery, offered };
  }
  const step = currencyOf(sale.currency)?.step ?? 1;
  const lines = linesOf(sale, priced.lines, request, step);
  const amounts = amountsOf(lines, chosen, country, step);
  const fault = amountFault(amounts.total, sale.currency);
  if (lines.length > 0 && fault !== null) {
    const { currency } = sale;
    return { kind: "total_unpayable", total: amounts.total, currency, fault };
  }
  const needsCountry = country === null && dependsOnCountry(sale);
  const needsDelivery = rules.delivery.length > 0 && chosen === null;
  const missing = [
    ...(needsCountry ? (["country"] as const) : []),
    ...(needsDelivery ? (["delivery"] as const) : []),
  ];
  const quote: Quote = {
    currency: sale.currency,
    lines,
    amounts,
    offered,
    missing,
    delivery: chosen?.offer ?? null,
    discount: request.discount,
    offer: offerNameOf(lines, chosen?.offer ?? null, rules.terms),
  };
  return { kind: "quoted", quote };
}

/** Amounts are left out, because an order states those. */
function offerNameOf(
  lines: readonly QuotedLine[],
  delivery: OfferedDelivery | null,
  terms: CheckoutRules["terms"],
): string {
  const items = lines.map(({ sku, name }) => [sku, name]);
  const shown = [items, delivery === null ? null : [delivery.id, delivery.name], terms ?? null];
  return digestOf(shown).slice(0, OFFER_NAME_LENGTH);
}

/** Whether what is paid differs by the buyer's country. */
export function dependsOnCountry(sale: Sale): boolean {
  const { delivery } = checkoutOf(sale);
  return delivery.length > 0 || sale.items.some(({ tax }) => tax?.kind === "added");
}

/**
 * What a page may take for chosen until the shopper chooses: the merchant's first option. None
 * before the country is known, where a country may have others, because those may be cheaper.
 */
export function assumedDelivery(sale: Sale, { offered, missing }: Quote): OfferedDelivery | null {
  const mayChange = offered.length < checkoutOf(sale).delivery.length;
  return missing.includes("country") && mayChange ? null : (offered[0] ?? null);
}

interface Option {
  readonly offer: OfferedDelivery;
  readonly rule: DeliveryOption;
}

/** Before the country is known, the options that cost the same everywhere. */
function offerOf(rule: DeliveryOption, country: string | null): Option[] {
  const { id, name, prices } = rule;
  const price = (country === null ? undefined : prices[country]) ?? rule.price;
  const isSettled = country !== null || Object.keys(prices).length === 0;
  return price === undefined || !isSettled ? [] : [{ offer: { id, name, price }, rule }];
}

/** A country with one choice has no choice. Before the country is known, others may be cheaper. */
function chosenOf(
  options: readonly Option[],
  wanted: string | null,
  country: string | null,
): Option | null {
  const [only, ...others] = options;
  const isOnly = only !== undefined && others.length === 0 && country !== null;
  if (wanted === null) return isOnly ? only : null;
  return options.find(({ offer }) => offer.id === wanted) ?? null;
}

function linesOf(
  sale: Sale,
  priced: readonly PricedLine[],
  { country, discount }: QuoteRequest,
  step: number,
): QuotedLine[] {
  const whole = priced.map(({ sku, price, quantity }) => ({ sku, price: price * quantity }));
  const taken = discount === null ? null : discountOf(discount.rule, whole, step);
  return priced.map((line, index) => {
    const off = taken?.lines[index] ?? 0;
    const net = line.price * line.quantity - off;
    return { ...line, discount: off, ...taxOf(itemOf(sale, line.sku)?.tax, net, country, step) };
  });
}

function amountsOf(
  lines: readonly QuotedLine[],
  chosen: Option | null,
  country: string | null,
  step: number,
): Amounts {
  const sum = (part: (line: QuotedLine) => number): number =>
    lines.reduce((total, line) => total + part(line), 0);
  const delivery = chosen?.offer.price ?? 0;
  const ofDelivery = taxOf(chosen?.rule.tax, delivery, country, step);
  const items = sum(({ price, quantity }) => price * quantity);
  const discount = sum((line) => line.discount);
  const tax = sum((line) => line.tax) + ofDelivery.tax;
  const taxIncluded = sum((line) => line.taxIncluded) + ofDelivery.taxIncluded;
  const total = items - discount + delivery + tax;
  return { items, discount, delivery, tax, taxIncluded, total };
}
