/**
 * JSON from outside, and ids made of JSON.
 */
import { hmac } from "@noble/hashes/hmac.js";
import { sha256 } from "@noble/hashes/sha2.js";
import { bytesToHex, utf8ToBytes } from "@noble/hashes/utils.js";
import { z } from "zod";

/** Undefined for a text that is not JSON; a schema that parses the value then refuses it. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/**
 * Where a text stops being JSON, in words that repeat nothing of it; null for JSON. The position is
 * that of the engine's message, which has none where the text ends too early.
 */
export function jsonFault(text: string): string | null {
  try {
    JSON.parse(text);
    return null;
  } catch (error) {
    if (text.trim() === "") return "The body is empty.";
    const stated =
      error instanceof Error ? /at position (\d+)/.exec(error.message)?.[1] : undefined;
    const before = text.slice(0, stated === undefined ? text.length : Number(stated));
    const line = before.split("\n").length;
    const column = before.length - before.lastIndexOf("\n");
    return `The body stops being JSON at line ${line}, column ${column}.`;
  }
}

/** A text that holds JSON, parsed. Text that is not JSON is a failed parse, not a throw. */
export const jsonText = z.string().transform((text, context): unknown => {
  const value = parseJson(text);
  if (value !== undefined) return value;
  context.addIssue({ code: "custom", message: "is not JSON" });
  return z.NEVER;
});

/**
 * SHA-256 of the value's JSON, in 64 lower-case hex digits. Ids are made of it, so it never
 * changes: an array of names in a fixed order has the same digest everywhere and for good.
 */
export function digestOf(value: unknown): string {
  return bytesToHex(sha256(utf8ToBytes(JSON.stringify(value))));
}

/** HMAC-SHA-256 of the value's JSON: without the key nobody can try values out. */
export function keyedDigestOf(key: string, value: unknown): string {
  return bytesToHex(hmac(sha256, utf8ToBytes(key), utf8ToBytes(JSON.stringify(value))));
}
