/**
 * JSON from outside, and ids made of JSON.
 */
import { sha256 } from "@noble/hashes/sha2.js";
import { bytesToHex, utf8ToBytes } from "@noble/hashes/utils.js";

/** Undefined for a text that is not JSON; a schema that parses the value then refuses it. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/**
 * SHA-256 of the value's JSON, in 64 lower-case hex digits. Ids are made of it, so it never
 * changes: an array of names in a fixed order has the same digest everywhere and for good.
 */
export function digestOf(value: unknown): string {
  return bytesToHex(sha256(utf8ToBytes(JSON.stringify(value))));
}
