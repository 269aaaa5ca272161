/**
 * The compact form of a token (RFC 7515): three parts in base64url without padding.
 *
 * Guarantee: a token that passes is the only spelling of its bytes. Decoders ignore the unused bits
 * of a last character and some signs, so without this check one ticket had many spellings, each of
 * them valid, and each another entry in a cache or a list. No I/O: one pass over the text.
 */

const ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
const PART = /^[A-Za-z0-9_-]+$/;

/** The low bits of a part's last character that carry nothing, by the part's length modulo 4. */
const UNUSED_BITS: Readonly<Record<number, number>> = { 0: 0, 2: 0b1111, 3: 0b11 };

export function isCompact(token: string): boolean {
  const parts = token.split(".");
  return parts.length === 3 && parts.every(isCanonical);
}

function isCanonical(part: string): boolean {
  const unused = UNUSED_BITS[part.length % 4];
  if (unused === undefined || !PART.test(part)) return false;
  return (ALPHABET.indexOf(part.charAt(part.length - 1)) & unused) === 0;
}
