/**
 * Text that is not a token, and valid tokens with one fault in their text.
 *
 * Guarantee: none has a valid signature.
 */
import { TOKEN_LENGTH_MAX } from "../../src/domain/limits.ts";
import type { Random } from "../seeded-random.ts";
import { pick, visibleText, wholeIn } from "./input.ts";

export function encoded(value: string | Uint8Array): string {
  return Buffer.from(value).toString("base64url");
}

export function noise(random: Random, length: number): Buffer {
  return Buffer.from(Array.from({ length }, () => wholeIn(random, 0, 255)));
}

const TWICE_AUD = encoded('{"aud":"another-sale","aud":"another-sale","exp":1}');
const NO_UTF8 = Buffer.from([0x7b, 0x22, 0xff, 0xfe, 0x22, 0x3a, 0x31, 0x7d]);

export function notAToken(random: Random): { readonly what: string; readonly token: string } {
  const ways: readonly (readonly [string, () => string])[] = [
    ["of one letter", () => "x"],
    ["of dots", () => ".".repeat(wholeIn(random, 1, 12))],
    ["of three parts that are not JSON", () => "aaaa.bbbb.cccc"],
    ["of five parts", () => `${encoded('{"alg":"dir","enc":"A256GCM"}')}..a.b.c`],
    ["of random text", () => visibleText(random, 200).replaceAll(/[;,="\\\s]/g, "-")],
    ["that is too long", () => "a".repeat(TOKEN_LENGTH_MAX + wholeIn(random, 1, 2000))],
    ["with duplicate claims", () => `${encoded('{"alg":"HS256"}')}.${TWICE_AUD}.AA`],
    ["that is not UTF-8", () => `${encoded(NO_UTF8)}.${encoded(NO_UTF8)}.AA`],
    ["whose header is a list", () => `${encoded("[]")}.${encoded("{}")}.AA`],
    ["of unterminated JSON", () => `${encoded("[".repeat(900))}.${encoded("{")}.AA`],
    ["in base64 rather than base64url", () => "eyJhbGciOiJIUzI1NiJ9+/==.e30=.AA=="],
  ];
  const [what, make] = pick(random, ways);
  return { what, token: make() };
}

/** A valid token with one fault in its text. */
export function corrupted(
  random: Random,
  good: string,
): { readonly what: string; readonly token: string } {
  const [head = "", payload = "", signature = ""] = good.split(".");
  const claims = Buffer.from(payload, "base64url").toString();
  const at = wholeIn(random, 0, payload.length - 2);
  const other = payload[at] === "A" ? "B" : "A";
  const ways: readonly (readonly [string, () => string])[] = [
    ["truncated", () => good.slice(0, wholeIn(random, 1, good.length - 2))],
    [
      "with one character of its claims changed",
      () => {
        return `${head}.${payload.slice(0, at)}${other}${payload.slice(at + 1)}.${signature}`;
      },
    ],
    ["without its signature", () => `${head}.${payload}`],
    ["with its parts in another order", () => `${payload}.${head}.${signature}`],
    ["with an extra part", () => `${good}.${signature}`],
    [
      "with another subject",
      () => {
        const changed = claims.replace(/"sub":"[^"]*"/, '"sub":"sub_other"');
        return `${head}.${encoded(changed)}.${signature}`;
      },
    ],
    [
      "with a duplicate claim",
      () => {
        const twice = claims.replace("{", '{"sub":"sub_other",');
        return `${head}.${encoded(twice)}.${signature}`;
      },
    ],
    ["with white space in its claims", () => `${head}.${encoded(`${claims} `)}.${signature}`],
    ["in upper case", () => good.toUpperCase()],
    ["with algorithm none", () => `${encoded('{"alg":"none"}')}.${payload}.`],
  ];
  const [what, make] = pick(random, ways);
  return { what, token: make() };
}
