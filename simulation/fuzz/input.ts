/**
 * What the fuzz run sends: one input, by its number.
 *
 * Guarantee: an input is made from the seed, its number and the family alone, so it can be made
 * again; only the tokens and ids of the Sluice it is sent to differ. Each is known by the way it
 * was made to be invalid, or to change nothing.
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
] as const;
export type Family = (typeof FAMILIES)[number];

export type Header = readonly [name: string, value: string];

/** Sent by an HTTP client. */
export interface HttpRequest {
  readonly kind: "http";
  readonly method: string;
  /** Path and query, as they go on the wire. */
  readonly target: string;
  readonly headers: readonly Header[];
  readonly body: string | Uint8Array | null;
}

/** Bytes for a connection of their own: no HTTP client would send them. */
export interface RawRequest {
  readonly kind: "raw";
  readonly bytes: Uint8Array;
}

export interface Made {
  /** What was done, in a few words. */
  readonly what: string;
  /** `refused`: the answer must be 400 or more. `harmless`: it may be anything below 500. */
  readonly expect: "refused" | "harmless";
  /** The field that the refusal of a document must name, with 422. */
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

/** Text that has broken something somewhere. */
export function oddText(random: Random): string {
  return pick(random, ODD_TEXTS);
}

/** One to `length` characters that may stand in a header. */
export function visibleText(random: Random, length: number): string {
  let text = "";
  for (let left = wholeIn(random, 1, length); left > 0; left -= 1) {
    text += String.fromCharCode(wholeIn(random, 0x21, 0x7e));
  }
  return text;
}
