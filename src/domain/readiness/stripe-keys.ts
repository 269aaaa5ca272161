/**
 * What the beginning of a Stripe key tells: whom it is for, and of which mode it is.
 *
 * Source: https://docs.stripe.com/keys. Guarantee: only the kind leaves these functions, no part of
 * a key.
 */

/** `test` and `live` are secret or restricted keys of that mode. */
export type StripeKeyKind = "test" | "live" | "missing" | "publishable" | "unknown";

export function stripeKeyKind(key: string): StripeKeyKind {
  if (key === "") return "missing";
  const mode = /^(?:sk|rk)_(test|live)_\w+$/.exec(key)?.[1];
  if (mode === "test" || mode === "live") return mode;
  return key.startsWith("pk_") ? "publishable" : "unknown";
}

/** A secret key or the secret of an endpoint, which must never be in a public variable. */
export function holdsStripeSecret(text: string): boolean {
  return /(?:^|[^A-Za-z0-9])(?:[sr]k_(?:test|live)_|whsec_)/.test(text);
}
