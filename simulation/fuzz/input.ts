/**
 * The inputs of the fuzz run, identified by their numbers.
 *
 * Guarantee: an input depends only on the seed, its number and the family, so it can be made again;
 * only the tokens and ids of the Sluice under test differ. By the way it is made, each is known to
 * be invalid or to change nothing.
 */
import { type Random, randomFrom } from "../seeded-random.ts";

export const FAMILIES = [
  "tokens",
  "cookies",
  "headers",
  "json",
  "paths",
  "guarded",
  "proofs",
  "causes",
  "origins",
  "costs",
] as const;
export type Family = (typeof FAMILIES)[number];

export type Header = readonly [name: string, value: string];

/** Sent by an HTTP client. */
export interface HttpRequest {
  readonly kind: "http";
  readonly method: string;
  /** Path and query, exactly as sent. */
  readonly target: string;
  readonly headers: readonly Header[];
  readonly body: string | Uint8Array | null;
}

/** Bytes that no HTTP client would send, for a connection of their own. */
export interface RawRequest {
  readonly kind: "raw";
  readonly bytes: Uint8Array;
}

export interface Made {
  /** A short description. */
  readonly what: string;
  /** `refused`: the answer must be 400 or more. `harmless`: it may be anything below 500. */
  readonly expect: "refused" | "harmless";
  /** The answer must set no cookie. */
  readonly noCookie?: true;
  /** Whether it must get to the shop; absent: both are right. */
  readonly arrives?: boolean;
  /** The answer must not contain this text. */
  readonly without?: string;
  /** The field that the answer, a 422, must name. */
  readonly field?: string;
  readonly request: HttpRequest | RawRequest;
}

export interface Input extends Made {
  readonly number: number;
  readonly family: Family;
}

export function randomOf(seed: string, only: Family | null, number: number): Random {
  return randomFrom(`fuzz ${seed} ${only ?? "all"} ${number}`);
}

export function pick<Value>(random: Random, from: readonly Value[]): Value {
  const value = from[Math.floor(random() * from.length)];
  if (value === undefined) throw new TypeError("nothing to pick from");
  return value;
}

/** From `low` to `high`, both included. */
export function wholeIn(random: Random, low: number, high: number): number {
  return low + Math.floor(random() * (high - low + 1));
}

export function chance(random: Random, share: number): boolean {
  return random() < share;
}

const ODD_TEXTS = [
  "",
  " ",
  "null",
  "undefined",
  "NaN",
  "true",
  "0",
  "-1",
  "1e309",
  "../../etc/passwd",
  "%00",
  "%0d%0aSet-Cookie: a=b",
  "${7*7}",
  "{{7*7}}",
  "<script>alert(1)</script>",
  "' OR 1=1 --",
  "__proto__",
  "constructor",
  "\u202etxt",
  "🛒".repeat(20),
  "e\u0301\u0301\u0301",
  "\ud800",
  "a".repeat(300),
] as const;

/** A text that often breaks programs. */
export function oddText(random: Random): string {
  return pick(random, ODD_TEXTS);
}

/** One to `length` characters that are allowed in a header. */
export function visibleText(random: Random, length: number): string {
  let text = "";
  for (let left = wholeIn(random, 1, length); left > 0; left -= 1) {
    text += String.fromCharCode(wholeIn(random, 0x21, 0x7e));
  }
  return text;
}
