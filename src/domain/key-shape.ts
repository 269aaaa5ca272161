/**
 * Which idempotency keys can be guessed. A shopper's key stands for its sender, so it must be as
 * hard to guess as a password: 128 random bits, such as `crypto.randomUUID()` makes.
 *
 * A key is judged by its shape: a UUID of version 4 or 7, 32 hexadecimal digits, or 22 characters
 * of base64 or base64url; each may follow a prefix (`order-…`). Guessable is a shape that random
 * bits practically never have: few different characters, counting up or down, words and numbers
 * with separators. About one random key in ten million is refused by mistake, of UUIDs one in a
 * billion.
 *
 * Weak: chance cannot be seen in a text. `Customer1042Order20261130` passes. So a key is also bound
 * to its sender (`shopper/key-holder.ts`), and this is the fence before that.
 */
const UUID = /(?:^|[^0-9a-z])([0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})$/i;
const RANDOM_UUID = /^.{14}([47])...-[89ab]/i;
const HEX = /(?:^|[^0-9a-z])([0-9a-f]{32,})$/i;
const BASE64 = /(?:^|[:.~])([A-Za-z0-9+/_-]{22,}={0,2})$/;
/** 128 bits in decimal digits. */
const DIGITS = /^\d{1,38}$/;
const WORD = /^(\d*|[a-z]+|[A-Z]+|[A-Z][a-z]+)$/;

export function isGuessable(key: string): boolean {
  const uuid = UUID.exec(key)?.[1];
  if (uuid !== undefined) return isGuessableUuid(uuid.toLowerCase());
  const hex = HEX.exec(key)?.[1];
  if (hex !== undefined) return DIGITS.test(hex) || !isVaried(hex.toLowerCase(), 7);
  const text = BASE64.exec(key)?.[1];
  if (text === undefined || !isVaried(text, 9)) return true;
  return text.split(/[-_+/=]/).every((part) => WORD.test(part));
}

/** Of version 7 the first 48 bits are the time; the others of both are random but for six. */
function isGuessableUuid(uuid: string): boolean {
  const version = RANDOM_UUID.exec(uuid)?.[1];
  if (version === undefined) return true;
  const digits = uuid.replaceAll("-", "");
  const random = digits.slice(13, 16) + digits.slice(17);
  return version === "4" ? !isVaried(digits.slice(0, 12) + random, 7) : !isVaried(random, 5);
}

/** Enough different characters, most of which do not just count on from the one before. */
function isVaried(text: string, differentMin: number): boolean {
  if (new Set(text).size < differentMin) return false;
  let steps = 0;
  for (let at = 1; at < text.length; at += 1) {
    if (Math.abs(text.charCodeAt(at) - text.charCodeAt(at - 1)) <= 1) steps += 1;
  }
  return steps < 0.75 * (text.length - 1);
}
