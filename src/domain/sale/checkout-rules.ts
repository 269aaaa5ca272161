/**
 * A sale's rules for its checkout: address, delivery, tax, terms, means of payment, mails, and the
 * shop's own pages that may take part.
 *
 * Amounts are in the currency's minor unit, percentages have up to four decimals. The rules are
 * optional in a sale's document and are stored only where a merchant states them, so that earlier
 * versions read every sale that does not use them.
 */
import { z } from "zod";
import {
  CHECKOUT_HOSTS_MAX,
  COUNTRIES_MAX,
  DELIVERY_OPTIONS_MAX,
  IDENTIFIER_LENGTH_MAX,
  PAYMENT_METHODS_MAX,
  PRICE_MINOR_MAX,
  RETURN_PATH_LENGTH_MAX,
  TEXT_LENGTH_MAX,
} from "../limits.ts";

export const countrySchema = z
  .string()
  .regex(/^[A-Z]{2}$/, "use an ISO 3166-1 code of two capitals, such as DE");

const percentSchema = z
  .number()
  .min(0)
  .max(100)
  .refine((percent) => Number.isInteger(Math.round(percent * 1e8) / 1e4), {
    error: "use at most 4 decimals",
  });

const percentsSchema = z
  .record(countrySchema, percentSchema)
  .refine((percents) => Object.keys(percents).length <= COUNTRIES_MAX, "names too many countries");

/**
 * `included`: the price contains tax of this rate. `added`: the rate of the buyer's country is
 * added to the price; a country that is not named has none.
 */
export const taxSchema = z.discriminatedUnion("kind", [
  z.strictObject({ kind: z.literal("included"), percent: percentSchema }),
  z.strictObject({ kind: z.literal("added"), percents: percentsSchema }),
]);
export type Tax = Readonly<z.output<typeof taxSchema>>;

const priceSchema = z.int().min(0).max(PRICE_MINOR_MAX);

/** Offered in the countries of `prices`, at their price, and at `price` in all others. */
export const deliveryOptionSchema = z
  .strictObject({
    id: z
      .string()
      .max(IDENTIFIER_LENGTH_MAX)
      .regex(/^[a-z0-9][a-z0-9-]*$/, "use lower-case letters, digits and '-'"),
    name: z.string().min(1).max(TEXT_LENGTH_MAX),
    price: priceSchema.optional(),
    prices: z.record(countrySchema, priceSchema).default({}),
    tax: taxSchema.optional(),
  })
  .refine(({ price, prices }) => price !== undefined || Object.keys(prices).length > 0, {
    path: ["price"],
    message: "state a price, or prices by country",
  });
export type DeliveryOption = Readonly<z.output<typeof deliveryOptionSchema>>;

const httpsUrl = z
  .url({ protocol: /^https?$/, error: "use a whole address such as https://shop.example/terms" })
  .max(RETURN_PATH_LENGTH_MAX);

const HOST = /^[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*(:\d{1,5})?$/;
const hostSchema = z
  .string()
  .max(253)
  .toLowerCase()
  .regex(HOST, "use a host such as shop.example, with a port if it has one");

/** What browsers send as `Origin`: scheme, host and port, without a path. */
const originSchema = z
  .string()
  .max(300)
  .refine((origin) => URL.canParse(origin) && new URL(origin).origin === origin, {
    error: "use an origin such as https://shop.example, without a path",
  });

export const checkoutSchema = z
  .strictObject({
    /** The address that an order must state. */
    address: z.enum(["none", "billing", "shipping"]).default("none"),
    phone: z.enum(["none", "optional", "required"]).default("none"),
    /** Where the shop sells to; empty: everywhere. */
    countries: z.array(countrySchema).max(COUNTRIES_MAX).default([]),
    /** Choices of delivery; an order names one of those its country has. Empty: none to choose. */
    delivery: z.array(deliveryOptionSchema).max(DELIVERY_OPTIONS_MAX).default([]),
    /** Buyers must accept these. */
    terms: z
      .strictObject({ url: httpsUrl, text: z.string().min(1).max(TEXT_LENGTH_MAX).optional() })
      .optional(),
    /** Stripe's names, such as `card`; empty: whatever the account offers. */
    paymentMethods: z
      .array(z.string().regex(/^[a-z0-9_]{1,40}$/, "use Stripe's name, such as card"))
      .max(PAYMENT_METHODS_MAX)
      .default([]),
    /** Follows the account's prefix on the statements of buyers' cards. */
    statementSuffix: z
      .string()
      .regex(
        /^(?=.*[A-Za-z])[ !#-&(),-;=?@-Z[\]-~]{1,22}$/,
        "use 1 to 22 characters of ASCII with a letter, and none of < > \\ ' \" *",
      )
      .optional(),
    /** Hosts that an order's `returnUrl` may have, beside the gate's own. */
    returnHosts: z.array(hostSchema).max(CHECKOUT_HOSTS_MAX).default([]),
    /** Origins whose pages may call the shopper's API from a browser. */
    origins: z.array(originSchema).max(CHECKOUT_HOSTS_MAX).default([]),
    /** The shop's own checkout page, which Sluice's cart links to instead of its own. */
    page: httpsUrl.optional(),
    /** The mails that buyers get. */
    mail: z
      .strictObject({
        confirmed: z.boolean().default(true),
        declined: z.boolean().default(true),
        cancelled: z.boolean().default(true),
        refunded: z.boolean().default(true),
        yourTurn: z.boolean().default(false),
      })
      .prefault({}),
  })
  .check(({ value, issues }) => {
    const ids = value.delivery.map(({ id }) => id);
    ids.forEach((id, index) => {
      if (ids.indexOf(id) === index) return;
      const path = ["delivery", index, "id"];
      issues.push({ code: "custom", input: id, path, message: `'${id}' is named twice` });
    });
    if (value.delivery.length > 0 && value.address !== "shipping") {
      const message = "must be shipping, because there is delivery to choose";
      issues.push({ code: "custom", input: value.address, path: ["address"], message });
    }
  });
export type CheckoutRules = Readonly<z.output<typeof checkoutSchema>>;

const PLAIN: CheckoutRules = checkoutSchema.parse({});

/** The rules of a sale; where it states none, those of a checkout that asks for an e-mail only. */
export function checkoutOf(sale: { readonly checkout?: CheckoutRules | undefined }): CheckoutRules {
  return sale.checkout ?? PLAIN;
}
