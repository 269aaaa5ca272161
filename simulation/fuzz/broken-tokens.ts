/**
 * Text that is no token, and good tokens with one thing wrong in their text.
 *
 * Guarantee: no key has signed any of it.
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

export function noToken(random: Random): { readonly what: string; readonly token: string } {
  const ways: readonly (readonly [string, () => string])[] = [
    ["of nothing", () => "x"],
    ["of dots", () => ".".repeat(wholeIn(random, 1, 12))],
    ["of three words", () => "aaaa.bbbb.cccc"],
    ["of five parts", () => `${encoded('{"alg":"dir","enc":"A256GCM"}')}..a.b.c`],
    ["of noise", () => visibleText(random, 200).replaceAll(/[;,="\\\s]/g, "-")],
    ["that is endless", () => "a".repeat(TOKEN_LENGTH_MAX + wholeIn(random, 1, 2000))],
    ["of claims said twice", () => `${encoded('{"alg":"HS256"}')}.${TWICE_AUD}.AA`],
    ["of no UTF-8", () => `${encoded(NO_UTF8)}.${encoded(NO_UTF8)}.AA`],
    ["of a header that is a list", () => `${encoded("[]")}.${encoded("{}")}.AA`],
    ["of JSON that never ends", () => `${encoded("[".repeat(900))}.${encoded("{")}.AA`],
    ["of base64 that is not base64url", () => "eyJhbGciOiJIUzI1NiJ9+/==.e30=.AA=="],
  ];
  const [what, make] = pick(random, ways);
  return { what, token: make() };
}

/** A good token with one thing wrong in its text. */
export function mutilated(
  random: Random,
  good: string,
): { readonly what: string; readonly token: string } {
  const [head = "", payload = "", signature = ""] = good.split(".");
  const claims = Buffer.from(payload, "base64url").toString();
  const at = wholeIn(random, 0, payload.length - 2);
  const other = payload[at] === "A" ? "B" : "A";
  const ways: readonly (readonly [string, () => string])[] = [
    ["cut short", () => good.slice(0, wholeIn(random, 1, good.length - 2))],
    [
      "with one letter of its claims changed",
      () => {
        return `${head}.${payload.slice(0, at)}${other}${payload.slice(at + 1)}.${signature}`;
      },
    ],
    ["without its signature", () => `${head}.${payload}`],
    ["with its parts in another order", () => `${payload}.${head}.${signature}`],
    ["with a part too many", () => `${good}.${signature}`],
    [
      "with claims that were changed",
      () => {
        const changed = claims.replace(/"sub":"[^"]*"/, '"sub":"sub_other"');
        return `${head}.${encoded(changed)}.${signature}`;
      },
    ],
    [
      "with its claims said twice",
      () => {
        const twice = claims.replace("{", '{"sub":"sub_other",');
        return `${head}.${encoded(twice)}.${signature}`;
      },
    ],
    ["with white space in its claims", () => `${head}.${encoded(`${claims} `)}.${signature}`],
    ["in capitals", () => good.toUpperCase()],
    ["as none", () => `${encoded('{"alg":"none"}')}.${payload}.`],
  ];
  const [what, make] = pick(random, ways);
  return { what, token: make() };
}
