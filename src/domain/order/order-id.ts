/**
 * An order's id follows from who places it and the idempotency key, so that the same key always
 * meets the same Order object and no look-up table is needed (P6). Keys of different shoppers or
 * sales never meet.
 */
import { sha256 } from "@noble/hashes/sha2.js";
import { bytesToHex, utf8ToBytes } from "@noble/hashes/utils.js";

export const ORDER_ID_PATTERN = /^ord_[0-9a-f]{40}$/;

export function orderIdOf(sale: string, buyer: string, idempotencyKey: string): string {
  const named = JSON.stringify([sale, buyer, idempotencyKey]);
  return `ord_${bytesToHex(sha256(utf8ToBytes(named))).slice(0, 40)}`;
}

/**
 * The key a checkout page places its order with. It follows from the seat and the order that ended
 * last from it, so the page has the same key when it is loaded again and in every tab, and another
 * one when an order was declined.
 */
export function checkoutKeyOf(admission: string, orderEnded: string | null): string {
  const named = JSON.stringify(["checkout", admission, orderEnded]);
  return `page-${bytesToHex(sha256(utf8ToBytes(named))).slice(0, 40)}`;
}

/** Of a request's parsed body: the same key with another fingerprint is a conflict. */
export function fingerprintOf(body: unknown): string {
  return bytesToHex(sha256(utf8ToBytes(JSON.stringify(body))));
}
