/**
 * The fields of an address by country, and its postal codes.
 */
import { describe, expect, test } from "vitest";
import { addressFieldsOf, isPostalCode } from "../../../src/domain/checkout/address-format.ts";
import { COUNTRIES, countriesNamed, countryName } from "../../../src/domain/checkout/countries.ts";

/** Names of the fields after the two lines, those in capitals required. */
function restOf(country: string | null): string[] {
  return addressFieldsOf(country)
    .slice(2)
    .map(({ label, required }) => `${label}${required ? "*" : ""}`);
}

describe("the fields of an address", () => {
  test.each([
    ["DE", ["Postal code*", "City*"]],
    ["US", ["City*", "State*", "ZIP code*"]],
    ["GB", ["Town*", "Postcode*"]],
    ["JP", ["Prefecture*", "Postal code*"]],
    ["IE", ["City*", "County", "Eircode"]],
    ["AU", ["Suburb*", "State*", "Postcode*"]],
    ["HK", ["District*", "Area*"]],
    ["AE", ["Emirate*"]],
    ["CA", ["City*", "Province*", "Postal code*"]],
    ["IN", ["City*", "PIN code*", "State*"]],
  ])("in %s: %j", (country, expected) => {
    // Every order names a city, also where the post does not ask for one.
    const withoutCity = restOf(country).filter((label) => expected.includes(label));
    expect(withoutCity).toEqual(expected);
  });

  test("are those that most countries have while none is chosen", () => {
    expect(restOf(null)).toEqual(["Postal code", "City*"]);
  });

  test("have a city, a first line and a token of autocomplete in every country", () => {
    for (const country of COUNTRIES) {
      const fields = addressFieldsOf(country);
      expect([country, fields.map(({ name }) => name)]).toEqual([
        country,
        expect.arrayContaining(["line1", "city"]),
      ]);
      expect(fields.every(({ autocomplete, label }) => autocomplete !== "" && label !== "")).toBe(
        true,
      );
    }
  });
});

describe("a postal code", () => {
  test.each([
    ["10115", "DE"],
    ["SW1A 1AA", "GB"],
    ["sw1a1aa", "GB"],
    ["90210", "US"],
    ["90210-1234", "US"],
    ["902101234", "US"],
    ["k1a 0b1", "CA"],
    ["1500001", "JP"],
    ["150-0001", "JP"],
    ["00-950", "PL"],
    ["00950", "PL"],
    ["1234-567", "PT"],
    ["123 45", "SE"],
    ["D02 AF30", "IE"],
    ["anything", "XX"],
  ])("%s can be one of %s", (code, country) => {
    expect(isPostalCode(code, country)).toBe(true);
  });

  test.each([
    ["1011", "DE"],
    ["ABCDE", "US"],
    ["9021", "US"],
    ["12345", "GB"],
  ])("%s cannot be one of %s", (code, country) => {
    expect(isPostalCode(code, country)).toBe(false);
  });
});

describe("countries", () => {
  test("have a name each, which no other has", () => {
    const names = COUNTRIES.map(countryName);
    expect(names.filter((name) => /^[A-Z]{2}$/.test(name))).toEqual([]);
    expect(new Set(names).size).toBe(250);
  });

  test("are listed by name, all or those of a sale", () => {
    expect(countriesNamed(["DE", "AT"]).map(({ code }) => code)).toEqual(["AT", "DE"]);
    expect(countriesNamed([])).toHaveLength(COUNTRIES.length);
  });
});
