/**
 * Domains on which a shop shows wallets (https://docs.stripe.com/api/payment_method_domains).
 *
 * Guarantee: a domain is registered once; registering it again gives the same object. Pure.
 */
import { z } from "zod";
import { type ApiError, invalidRequest } from "./api-error.ts";

/** The stored form; `version` changes with its shape. */
export const Domain = z.strictObject({
  version: z.literal(1),
  id: z.string(),
  name: z.string(),
  isEnabled: z.boolean(),
  createdAt_ms: z.int(),
});

export type Domain = z.infer<typeof Domain>;

const LABELS = /^(?=.{4,253}$)([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z][a-z0-9-]*[a-z0-9]$/;

/** Null when the name is a domain with at least two labels, in lower case. */
export function domainRefusal(name: string): ApiError | null {
  if (LABELS.test(name)) return null;
  const message = `The domain '${name}' is not valid. Give a domain name such as shop.example.com.`;
  return invalidRequest(message, undefined, "domain_name");
}

/** Every wallet is active on every enabled domain, because nobody here checks who owns it. */
export function domainObject({ id, name, isEnabled, createdAt_ms }: Domain) {
  const wallet = { status: isEnabled ? "active" : "inactive" };
  return {
    id,
    object: "payment_method_domain",
    amazon_pay: wallet,
    apple_pay: wallet,
    created: Math.floor(createdAt_ms / 1000),
    domain_name: name,
    enabled: isEnabled,
    google_pay: wallet,
    klarna: wallet,
    link: wallet,
    livemode: false,
    paypal: wallet,
  };
}
