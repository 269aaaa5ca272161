/**
 * A discount code and its rule: what it takes off, for which items, when, how often and for whom.
 *
 * Guarantee: a code is compared in one form, and is stored as an HMAC only, with a hint of three
 * characters at most. `docs/discounts.md` says what that protects against.
 */
import { hmac } from "@noble/hashes/hmac.js";
import { sha256 } from "@noble/hashes/sha2.js";
import { bytesToHex, hexToBytes, utf8ToBytes } from "@noble/hashes/utils.js";
import { z } from "zod";
import {
  BASIS_POINTS_MAX,
  DISCOUNT_CODE_LENGTH_MAX,
  DISCOUNT_CODE_LENGTH_MIN,
  DISCOUNT_USES_MAX,
  PRICE_MINOR_MAX,
} from "../limits.ts";

const percentSchema = z.object({
  kind: z.literal("percent"),
  /** Hundredths of a percent: 1 is 0.01 %, 10,000 is 100 %. */
  basisPoints: z.int().min(1).max(BASIS_POINTS_MAX),
});
const amountSchema = z.object({
  kind: z.literal("amount"),
  /** Off the order, in the currency's minor unit; spread over its lines. */
  amount: z.int().min(1).max(PRICE_MINOR_MAX),
});

/** Also the stored form, so every later field needs a default. */
export const discountRuleSchema = z.object({
  discount: z.discriminatedUnion("kind", [percentSchema, amountSchema]),
  /** SKUs, sorted; empty for all items of the sale. */
  items: z.array(z.string()).default([]),
  /** Valid from this instant on; null: since ever. */
  from_ms: z.int().nullable().default(null),
  /** Valid before this instant; null: until the sale ends. */
  to_ms: z.int().nullable().default(null),
  /** In total; null: unlimited. */
  uses: z.int().min(1).max(DISCOUNT_USES_MAX).nullable().default(null),
  /** Of one buyer; null: unlimited. */
  usesPerBuyer: z.int().min(1).max(DISCOUNT_USES_MAX).nullable().default(null),
  /** Only for shoppers who came by this lane. */
  lane: z.string().nullable().default(null),
  /** Only for the shopper whose pass has this `sub`. */
  shopper: z.string().nullable().default(null),
});
export type DiscountRule = Readonly<z.output<typeof discountRuleSchema>>;

/** Why a code takes nothing off. Codes are stable; pages translate them into sentences. */
export const DISCOUNT_REFUSALS = [
  "unknown",
  "not_started",
  "over",
  "wrong_shopper",
  "wrong_lane",
  "used_by_you",
  "used_up",
] as const;
export type DiscountRefusal = (typeof DISCOUNT_REFUSALS)[number];

const CODE = new RegExp(`^[A-Za-z0-9_-]{${DISCOUNT_CODE_LENGTH_MIN},${DISCOUNT_CODE_LENGTH_MAX}}$`);

/** The form in which codes are compared: trimmed, upper case. Null for what can be no code. */
export function normalizedCode(typed: string): string | null {
  const code = typed.trim();
  // Tested first, because letters outside of ASCII may become ASCII letters in upper case.
  return CODE.test(code) ? code.toUpperCase() : null;
}

/**
 * The code as it is stored: HMAC-SHA-256, in 64 lower-case hex digits.
 * @param key 32 bytes in hex, of this sale alone
 * @param code normalized
 */
export function codeHash(key: string, code: string): string {
  return bytesToHex(hmac(sha256, hexToBytes(key), utf8ToBytes(code)));
}

const FULL_HINT_LENGTH_MIN = 8;

/** By which a merchant recognizes a code. Of a short code it shows only the first character. */
export function hintOf(code: string): string {
  if (code.length < FULL_HINT_LENGTH_MIN) return `${code.slice(0, 1)}…`;
  return `${code.slice(0, 2)}…${code.slice(-1)}`;
}
