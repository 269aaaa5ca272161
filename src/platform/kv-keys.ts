/**
 * The keys of the KV namespace CONFIG, which both Workers read.
 *
 * Guarantee: they are stored, so they never change their meaning.
 */

/** Each published sale: `sale:<id>`. */
export const SALE_PREFIX = "sale:";
/** Each sale that guards addresses or lists origins: `guard:<id>`. */
export const GUARD_PREFIX = "guard:";
/** Which those are, also when there are none (`domain/sale/mirror.ts`). */
export const GUARD_LIST_KEY = "guards";

/** A backend's breaker, as the orders Worker last wrote it (`domain/breaker.ts`). */
export function breakerKey(backend: string): string {
  return `breaker:${backend}`;
}

/** The operator's override of that breaker. */
export function forceKey(backend: string): string {
  return `force:${backend}`;
}

/** How the orders Worker is set up, as it last reported (`domain/readiness/orders-setup.ts`). */
export const ORDERS_SETUP_KEY = "setup:orders";
