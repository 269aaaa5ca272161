/**
 * The form of the checkout: what it may contain, and the order that it states.
 *
 * Sent in two ways. `update`: another country, delivery or discount code, and the page is shown
 * again with its total and with all that was entered. `pay`: an order. Then every field that the
 * sale asks for is checked, and each fault stands at its field.
 */
import { z } from "zod";
import { addressFieldsOf, isPostalCode } from "../domain/checkout/address-format.ts";
import { addressSchema, buyerSchema } from "../domain/checkout/particulars.ts";
import {
  ADDRESS_LINE_LENGTH_MAX,
  EMAIL_LENGTH_MAX,
  IDEMPOTENCY_KEY_LENGTH_MAX,
  IDENTIFIER_LENGTH_MAX,
  LINES_PER_CART_MAX,
  OFFER_NAME_LENGTH,
  PAYMENT_TOKEN_PATTERN,
  PHONE_LENGTH_MAX,
  TEXT_LENGTH_MAX,
} from "../domain/limits.ts";
import { checkoutOf } from "../domain/sale/checkout-rules.ts";
import { identifierSchema, type Sale } from "../domain/sale/sale.ts";
import type { Line } from "../domain/stock/cart.ts";
import type { OrderRequest } from "../shopper/order.ts";
import { quantitiesSchema, type Entered, type FieldFault } from "./forms.ts";
import { NO_INPUT, type CheckoutInput } from "./parts/checkout-fields.ts";

const POSTAL_CODE_LENGTH_MAX = 20;

function typed(length_max: number) {
  return z.string().trim().max(length_max, `Use at most ${length_max} characters`).default("");
}

const amount = z
  .string()
  .regex(/^\d{1,15}$/, "It must be an amount in the smallest unit")
  .transform(Number);

export const orderForm = z.strictObject({
  step: z.enum(["update", "pay"]),
  key: z.string().min(1).max(IDEMPOTENCY_KEY_LENGTH_MAX),
  /** The total that the page showed, in minor units. */
  total: amount,
  /** What the page offered, beside amounts; empty while it had no quote. */
  offer: z.string().max(OFFER_NAME_LENGTH).default(""),
  /** The unit prices that the page showed, by SKU. */
  prices: z
    .record(identifierSchema, amount)
    .refine((prices) => Object.keys(prices).length <= LINES_PER_CART_MAX, "There are too many")
    .default({}),
  /** Stripe's token of what the shopper entered for the payment; the page's script fills it. */
  payment: z
    .string()
    .refine((token) => token === "" || PAYMENT_TOKEN_PATTERN.test(token), "Choose how to pay again")
    .default(""),
  email: typed(EMAIL_LENGTH_MAX),
  name: typed(TEXT_LENGTH_MAX),
  phone: typed(PHONE_LENGTH_MAX),
  line1: typed(ADDRESS_LINE_LENGTH_MAX),
  line2: typed(ADDRESS_LINE_LENGTH_MAX),
  city: typed(ADDRESS_LINE_LENGTH_MAX),
  region: typed(ADDRESS_LINE_LENGTH_MAX),
  postalCode: typed(POSTAL_CODE_LENGTH_MAX),
  country: z
    .string()
    .regex(/^([A-Z]{2})?$/, "Choose a country")
    .default(""),
  delivery: typed(IDENTIFIER_LENGTH_MAX),
  /** The delivery that the page has chosen itself, which gives way to that of another country. */
  assumed: typed(IDENTIFIER_LENGTH_MAX),
  discount: typed(TEXT_LENGTH_MAX),
  terms: z.literal("yes", "Accept the terms to order").optional(),
  quantities: quantitiesSchema,
});
export type OrderForm = z.output<typeof orderForm>;

/** Faults of these are shown at their fields; others mean that the form is not the page's own. */
export const TYPED_FIELDS: ReadonlySet<string> = new Set([
  ...Object.keys(NO_INPUT),
  "terms",
  "payment",
]);

/** What is shown again: as it was typed or chosen, whether or not it fits. */
export function inputOf({ fields }: Entered): CheckoutInput {
  const text = (name: string): string => fields[name] ?? "";
  return {
    email: text("email"),
    name: text("name"),
    phone: text("phone"),
    line1: text("line1"),
    line2: text("line2"),
    city: text("city"),
    region: text("region"),
    postalCode: text("postalCode"),
    country: text("country"),
    delivery: text("delivery") === text("assumed") ? "" : text("delivery"),
    discount: text("discount"),
    hasAcceptedTerms: text("terms") === "yes",
  };
}

export type StatedOrder =
  | { readonly kind: "order"; readonly request: OrderRequest }
  | { readonly kind: "refused"; readonly faults: readonly FieldFault[] };

/** The order that the form states, or every field that is missing or wrong. */
export function orderOf(sale: Sale, form: OrderForm, lines: readonly Line[]): StatedOrder {
  const rules = checkoutOf(sale);
  const buyer = buyerOf(sale, form);
  const address = rules.address === "none" ? null : addressOf(form);
  const faults = [...buyer.faults, ...(address?.faults ?? [])];
  if (rules.terms !== undefined && form.terms !== "yes") {
    faults.push({ field: "terms", message: "Accept the terms to order" });
  }
  if (form.payment === "") {
    faults.push({ field: "payment", message: "Choose how to pay" });
  }
  if (faults.length > 0 || buyer.value === null || address?.value === null) {
    return { kind: "refused", faults };
  }
  const request: OrderRequest = {
    sale: sale.id,
    lines: lines.map((line) => ({ ...line, price: form.prices[line.sku] })),
    expectedTotal: form.total,
    ...(form.offer === "" ? {} : { offer: form.offer }),
    buyer: buyer.value,
    payment: paymentOf(form.payment),
    ...(form.delivery === "" ? {} : { delivery: form.delivery }),
    ...(form.discount === "" ? {} : { discountCode: form.discount }),
    ...(rules.terms === undefined ? {} : { acceptedTerms: true }),
    ...(address === null
      ? {}
      : rules.address === "shipping"
        ? { shipTo: address.value }
        : { billTo: address.value }),
  };
  return { kind: "order", request };
}

/** Stripe's names say which of the two it is. */
function paymentOf(token: string): OrderRequest["payment"] {
  return token.startsWith("ctoken_") ? { confirmationToken: token } : { method: token };
}

interface Checked<Value> {
  readonly value: Value | null;
  readonly faults: readonly FieldFault[];
}

function buyerOf(
  sale: Sale,
  { email, name, phone }: OrderForm,
): Checked<z.output<typeof buyerSchema>> {
  const rules = checkoutOf(sale);
  const faults: FieldFault[] = [];
  if (name === "" && rules.address !== "none") {
    faults.push({ field: "name", message: "Enter your name" });
  }
  if (phone === "" && rules.phone === "required") {
    faults.push({ field: "phone", message: "Enter your phone number" });
  }
  const parsed = buyerSchema.safeParse({
    email,
    ...(name === "" ? {} : { name }),
    ...(phone === "" ? {} : { phone }),
  });
  return { value: parsed.data ?? null, faults: [...faults, ...faultsIn(parsed.error)] };
}

function addressOf(form: OrderForm): Checked<z.output<typeof addressSchema>> {
  const { country, postalCode } = form;
  if (country === "") {
    return { value: null, faults: [{ field: "country", message: "Choose a country" }] };
  }
  const fields = addressFieldsOf(country);
  const faults: FieldFault[] = fields
    .filter(({ name, required }) => required && form[name] === "")
    .map(({ name, label }) => ({ field: name, message: `Enter the ${label.toLowerCase()}` }));
  const postal = fields.find(({ name }) => name === "postalCode");
  if (postal !== undefined && postalCode !== "" && !isPostalCode(postalCode, country)) {
    const message = `This is not a ${postal.label.toLowerCase()} of the country`;
    faults.push({ field: "postalCode", message });
  }
  if (faults.length > 0) return { value: null, faults };
  const stated = fields.flatMap(({ name }) => (form[name] === "" ? [] : [[name, form[name]]]));
  const parsed = addressSchema.safeParse({ ...Object.fromEntries(stated), country });
  return { value: parsed.data ?? null, faults: faultsIn(parsed.error) };
}

/** What is missing is said above; this is about text that nobody can read or send mail to. */
function faultsIn(error: z.ZodError | undefined): FieldFault[] {
  return (error?.issues ?? []).map(({ path, message }) => {
    return { field: String(path[0] ?? "form"), message };
  });
}
