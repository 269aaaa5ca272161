/**
 * The texts that a buyer states: what reaches the order, its mails and the merchant's list.
 */
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { addressSchema, buyerSchema } from "../../../src/domain/checkout/particulars.ts";

const EMAIL = "mia@shoppers.example";
const nameOf = (name: string) => buyerSchema.safeParse({ email: EMAIL, name }).data?.name;

describe("a buyer's name", () => {
  test.each([
    ["is composed", "Zoe\u0308", "Zoë"],
    ["loses an override of its direction", "Ann\u202Egnp.exe", "Anngnp.exe"],
    ["loses isolates", "\u2066Ann\u2069", "Ann"],
    ["loses marks of direction", "\u200FAnn\u200E", "Ann"],
    ["loses zero-width spaces and byte order marks", "\uFEFFA\u200Bnn", "Ann"],
    ["keeps the joiners of its script", "می\u200Cخواهم", "می\u200Cخواهم"],
    ["keeps letters from right to left", "נועה לוי", "נועה לוי"],
  ])("%s", (_, sent, stored) => {
    expect(nameOf(sent)).toBe(stored);
  });

  test.each([
    ["control characters", "Ann\u0007"],
    ["line breaks", "Ann\nBcc: x"],
    ["half a surrogate pair", "Ann\uD800"],
    ["invisible marks only", "\u202E\u200B "],
  ])("of %s is refused", (_, sent) => {
    expect(nameOf(sent)).toBeUndefined();
  });
});

test("no text of an address has a mark that turns the text around it", () => {
  const marks = fc.constantFrom("\u202A", "\u202E", "\u2066", "\u2069", "\u200F", "\u061C", "x");
  const texts = fc.array(marks, { maxLength: 12 }).map((parts) => `a${parts.join("")}`);
  fc.assert(
    fc.property(texts, texts, texts, (name, line1, city) => {
      const address = addressSchema.parse({ name, line1, city, country: "DE" });
      expect(JSON.stringify(address)).not.toMatch(/[\u202A-\u202E\u2066-\u2069\u200F\u061C]/);
    }),
  );
});
