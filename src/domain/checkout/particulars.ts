/**
 * What a buyer states with an order beside its lines: e-mail, name, phone, address, consent.
 *
 * Guarantee: `particularsFaults` names every field that the sale's rules ask for and the order does
 * not state, and every field that it states without being asked.
 */
import { z } from "zod";
import { emailSchema } from "../buyer/email.ts";
import { ADDRESS_LINE_LENGTH_MAX, PHONE_LENGTH_MAX, TEXT_LENGTH_MAX } from "../limits.ts";
import { checkoutOf, countrySchema } from "../sale/checkout-rules.ts";
import type { Sale } from "../sale/sale.ts";

/**
 * Marks that show nothing and change how the text around them is shown or compared: directions
 * (an order's name could be read backwards), zero-width spaces, soft hyphens, byte order marks. The
 * joiners of Persian and of Indic scripts (U+200C, U+200D) belong to spelling, and stay.
 */
const INVISIBLE =
  /[\u00AD\u061C\u180E\u200B\u200E\u200F\u202A-\u202E\u2060-\u2064\u2066-\u206F\uFEFF]/g;

/**
 * Text that people read: in the composed form of Unicode (NFC), without invisible marks and control
 * characters, and none of it blank.
 */
const personalText = (max: number) =>
  z
    .string()
    .overwrite((text) => text.normalize("NFC").replaceAll(INVISIBLE, ""))
    .trim()
    .min(1)
    .max(max)
    .refine((text) => text.isWellFormed() && !/[\p{Cc}\p{Zl}\p{Zp}]/u.test(text), {
      error: "must not contain control characters",
    });

const line = personalText(ADDRESS_LINE_LENGTH_MAX);

export const addressSchema = z.strictObject({
  /** Who it is for; absent: the buyer. */
  name: personalText(TEXT_LENGTH_MAX).optional(),
  line1: line,
  line2: line.optional(),
  city: line,
  /** State, province, county or prefecture, where addresses of the country have one. */
  region: line.optional(),
  postalCode: personalText(20).optional(),
  country: countrySchema,
});
export type Address = Readonly<z.output<typeof addressSchema>>;

export const buyerSchema = z.strictObject({
  email: emailSchema,
  name: personalText(TEXT_LENGTH_MAX).optional(),
  phone: z
    .string()
    .trim()
    .max(PHONE_LENGTH_MAX)
    .regex(/^\+?[0-9][0-9 ()./-]{4,}$/, "use digits, with a country code such as +49")
    .optional(),
});
export type Buyer = Readonly<z.output<typeof buyerSchema>>;

export interface Particulars {
  readonly buyer: Buyer;
  readonly shipTo?: Address | undefined;
  readonly billTo?: Address | undefined;
  readonly acceptedTerms?: boolean | undefined;
}

export interface ParticularsFault {
  /** Dotted, as in the request. */
  readonly path: string;
  readonly message: string;
}

export function particularsFaults(sale: Sale, particulars: Particulars): ParticularsFault[] {
  const { address, phone, terms } = checkoutOf(sale);
  const { buyer, shipTo, billTo, acceptedTerms } = particulars;
  const faults: ParticularsFault[] = [];
  const add = (path: string, message: string): number => faults.push({ path, message });
  if (address === "shipping" && shipTo === undefined) add("shipTo", "is required by this sale");
  if (address === "billing" && billTo === undefined) add("billTo", "is required by this sale");
  if (address !== "shipping" && shipTo !== undefined) add("shipTo", "is not asked for");
  if (address !== "billing" && billTo !== undefined) add("billTo", "is not asked for");
  const named = shipTo ?? billTo;
  if (named !== undefined && named.name === undefined && buyer.name === undefined) {
    add("buyer.name", "is required with an address");
  }
  if (phone === "required" && buyer.phone === undefined) add("buyer.phone", "is required");
  if (phone === "none" && buyer.phone !== undefined) add("buyer.phone", "is not asked for");
  if (terms !== undefined && acceptedTerms !== true) {
    add("acceptedTerms", `must be true: the terms are at ${terms.url}`);
  }
  return faults;
}

/** The country that prices follow; null where the order states no address. */
export function countryOf({ shipTo, billTo }: Pick<Particulars, "shipTo" | "billTo">) {
  return (shipTo ?? billTo)?.country ?? null;
}
