/**
 * Addresses and shipping of a payment or a confirmation token, from the parameters of a call.
 */
import type { Address, Shipping } from "./payment-schema.ts";

/** As parameters give it: what is left out is null. */
type Given<Fields> = { readonly [Name in keyof Fields]?: Fields[Name] | undefined };

export function addressOf(given: Given<Address>): Address {
  return {
    city: given.city ?? null,
    country: given.country ?? null,
    line1: given.line1 ?? null,
    line2: given.line2 ?? null,
    postal_code: given.postal_code ?? null,
    state: given.state ?? null,
  };
}

export function shippingOf(
  given:
    | (Given<Omit<Shipping, "address" | "name">> & {
        readonly address: Given<Address>;
        readonly name: string;
      })
    | undefined,
): Shipping | null {
  if (given === undefined) return null;
  const { address, name, carrier, phone, tracking_number } = given;
  return {
    address: addressOf(address),
    carrier: carrier ?? null,
    name,
    phone: phone ?? null,
    tracking_number: tracking_number ?? null,
  };
}
