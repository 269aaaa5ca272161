/**
 * The names of Sluice's keys in a merchant's Redis, and the rule for keys that a merchant names.
 *
 * Guarantee: all keys of one script have the same hash tag, so that a Redis cluster has them in one
 * slot. Sluice's own keys begin with `sluice:`, and a merchant's key must not.
 */
import { z } from "zod";
import { REDIS_KEY_LENGTH_MAX } from "../limits.ts";

/**
 * The key of a counter: visible characters, and at most one hash tag in braces. Other braces would
 * make it ambiguous which slot the key is in.
 */
export const counterKeySchema = z
  .string()
  .min(1)
  .max(REDIS_KEY_LENGTH_MAX)
  .regex(/^(?!sluice:)[^\s{}]*(\{[^\s{}]+\}[^\s{}]*)?$/, "use no spaces, one {tag}, no sluice:");

/** The hash that records, by id, the transfers of a counter. In the same slot as the counter. */
export function transfersKey(counterKey: string): string {
  const tag = /\{(.+)\}/u.exec(counterKey)?.[1] ?? counterKey;
  return `sluice:{${tag}}:transfers:${counterKey}`;
}

/** The hash with the live levels of a SKU. */
export function levelKey(sku: string): string {
  return `sluice:{${sku}}:level`;
}

/** The stream of order events, and the record of the ids already in it. */
export const ORDERS_STREAM_KEY = "sluice:orders";
export const ORDERS_SEEN_KEY = "sluice:{sluice:orders}:seen";
