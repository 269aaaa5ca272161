/**
 * An order's id follows from its sale, buyer and idempotency key, so the same key always names the
 * same Order object and no look-up table is needed (P6). Keys of different buyers or sales name
 * different orders.
 */
import { digestOf } from "../../encoding/json.ts";

export const ORDER_ID_PATTERN = /^ord_[0-9a-f]{40}$/;

export function orderIdOf(sale: string, buyer: string, idempotencyKey: string): string {
  return `ord_${digestOf([sale, buyer, idempotencyKey]).slice(0, 40)}`;
}

/**
 * The idempotency key of a checkout page: a hash of the admission and of the last order that ended
 * under it. So the key is the same after a reload and in every tab, and changes after an order was
 * declined, because the next order is a new one.
 */
export function checkoutKeyOf(admission: string, orderEnded: string | null): string {
  return `page-${digestOf(["checkout", admission, orderEnded]).slice(0, 40)}`;
}

/** Hash of a request's parsed body: the same key with another fingerprint is a conflict. */
export function fingerprintOf(body: unknown): string {
  return digestOf(body);
}
