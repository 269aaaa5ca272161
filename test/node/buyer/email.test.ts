/** Which e-mail addresses are accepted, and which two are one person's. */
import * as fc from "fast-check";
import { expect, test } from "vitest";
import { asciiEmail, emailSchema, normalisedEmail } from "../../../src/domain/buyer/email.ts";
import { ADDRESSES, NOT_ADDRESSES } from "../support/email-addresses.ts";

test.each(ADDRESSES)("%j is an address", (address) => {
  expect(emailSchema.parse(address)).toBe(address.trim());
});

test.each(NOT_ADDRESSES)("%j is none", (text) => {
  expect(emailSchema.safeParse(text).success).toBe(false);
});

test.each([
  ["ANN@EXAMPLE.COM", "ann@example.com"],
  [" Ann@Example.com ", "ann@example.com"],
  ["ann+drop@example.com", "ann@example.com"],
  ["ann+a+b@example.com", "ann@example.com"],
  ["+ann@example.com", "+ann@example.com"],
  ["a.nn@example.com", "a.nn@example.com"],
  ["a.n.n+x@googlemail.com", "ann@gmail.com"],
  ["A.nn@Gmail.com", "ann@gmail.com"],
  ["a.\u0301@gmail.com", "\u00e1@gmail.com"],
  ['"ann"@example.com', "ann@example.com"],
  [String.raw`"ann\ smith"@example.com`, '"ann smith"@example.com'],
  ["user@bücher.example", "user@xn--bcher-kva.example"],
  ["user@BÜCHER.example", "user@xn--bcher-kva.example"],
  ["user@xn--bcher-kva.example", "user@xn--bcher-kva.example"],
  ["用户@例子。中国", "用户@xn--fsqu00a.xn--fiqs8s"],
  ["jo\u0308rg@example.com", "j\u00f6rg@example.com"],
  ["JÖRG@example.com", "jörg@example.com"],
  ["H\u0331@example.com", "\u1e96@example.com"],
  ["u@[IPv6:2001:DB8:0::1]", "u@[ipv6:2001:db8::1]"],
])("%j is compared as %j", (address, key) => {
  expect(normalisedEmail(address)).toBe(key);
});

/** Whose case, composition or place in an address is special. */
const CHARACTERS = [
  "a",
  "A",
  "H",
  "\u0331",
  "Σ",
  "σ",
  "İ",
  "ß",
  "é",
  "\u0301",
  "Å",
  "가",
  "👋",
].concat(["+", ".", '"', "\\", "@", " ", "-"]);
const text = fc.oneof(
  fc.string({ unit: "binary" }),
  fc.string({ unit: fc.constantFrom(...CHARACTERS) }),
);
const domains = fc.constantFrom("gmail.com", "GoogleMail.com", "Bücher.example", "[192.0.2.1]");
const addresses = fc.oneof(
  fc.constantFrom(...ADDRESSES),
  text,
  fc.tuple(text, domains).map(([local, domain]) => `${local}@${domain}`),
);

test("normalising again changes nothing", () => {
  fc.assert(
    fc.property(addresses, (address) => {
      const key = normalisedEmail(address);
      expect(normalisedEmail(key)).toBe(key);
    }),
    { numRuns: 5_000 },
  );
});

test("an accepted address has no line break, and one key in any case and with any sub-address", () => {
  fc.assert(
    fc.property(addresses, (given) => {
      const read = emailSchema.safeParse(given);
      if (!read.success) return;
      expect(read.data).not.toMatch(/[\r\n\u2028\u2029\0]/);
      const key = normalisedEmail(read.data);
      expect(normalisedEmail(read.data.normalize("NFD"))).toBe(key);
      const isQuoted = read.data.startsWith('"');
      const withSub = isQuoted ? read.data : read.data.replace(/@(?=[^@]*$)/, "+x@");
      expect(normalisedEmail(withSub)).toBe(key);
    }),
    { numRuns: 5_000 },
  );
});

test.each([
  ["ann+drop@bücher.example", "ann+drop@xn--bcher-kva.example"],
  ['"ann"@example.com', "ann@example.com"],
  ["jörg@example.com", null],
  ['"ann smith"@example.com', null],
  ["user@[192.0.2.1]", null],
])("%j is %j for a service that takes only ASCII", (address, ascii) => {
  expect(asciiEmail(address)).toBe(ascii);
});
