/**
 * The names of everything Sluice keeps in a merchant's Redis, and which keys a merchant may name.
 *
 * Guarantee: keys that one script touches have one hash tag, so that they lie in one slot where
 * the Redis is a cluster. Every key that Sluice makes begins with `sluice:`, and no key of a
 * merchant's may.
 */
import { z } from "zod";
import { REDIS_KEY_LENGTH_MAX } from "../limits.ts";

/**
 * The key of a counter: visible characters, and at most one hash tag in braces. Other braces would
 * make it uncertain which slot the key lies in.
 */
export const counterKeySchema = z
  .string()
  .min(1)
  .max(REDIS_KEY_LENGTH_MAX)
  .regex(/^(?!sluice:)[^\s{}]*(\{[^\s{}]+\}[^\s{}]*)?$/, "use no spaces, one {tag}, no sluice:");

/** The hash that remembers, by id, what was done to a counter. Beside it, in the same slot. */
export function transfersKey(counterKey: string): string {
  const tag = /\{(.+)\}/u.exec(counterKey)?.[1] ?? counterKey;
  return `sluice:{${tag}}:transfers:${counterKey}`;
}

/** The hash with the live levels of a SKU. */
export function levelKey(sku: string): string {
  return `sluice:{${sku}}:level`;
}

/** The stream of order events, and the ids that are in it. */
export const ORDERS_STREAM_KEY = "sluice:orders";
export const ORDERS_SEEN_KEY = "sluice:{sluice:orders}:seen";
