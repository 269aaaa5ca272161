/**
 * The fields of a postal address in a country: which there are, in which order, what they are
 * called there, and what a postal code looks like.
 *
 * For forms. An order's address is checked more loosely (`particulars.ts`), because a shop that
 * sends it has checked it already, and a rule about a country may be out of date: what is required
 * here is what that country's post cannot deliver without.
 *
 * Sources: the order of fields is that of `localized-address-format`, made from Google's address
 * data (https://chromium-i18n.appspot.com/ssl-address/data), as are `REGION_NEEDED`,
 * `POSTAL_CODE_NEEDED` and the names of fields; the patterns of postal codes are those of
 * `postcode-validator`.
 */
import { formatAddress } from "localized-address-format";
import { postcodeValidator, postcodeValidatorExistsForCountry } from "postcode-validator";

export type AddressPart = "line1" | "line2" | "city" | "region" | "postalCode";

export interface AddressField {
  readonly name: AddressPart;
  readonly label: string;
  readonly required: boolean;
  /** The token of `autocomplete` in HTML, without its section. */
  readonly autocomplete: string;
}

const POSTAL_CODE_NEEDED = new Set(
  (
    "AS AT AU AX BE BL BR CA CH CN CZ DE DK EE ES FI FK FM FR GB GF GG GL GP GR GS GU HU IM " +
    "IN IO IT JE JP KR LI LT LU LV MF MH MP MQ MX MY NC NL NO NZ PF PL PM PN PR PT PW RE RO " +
    "RU SE SG SH SJ SK SM TC TR TW UA US VI WF YT ZA"
  ).split(" "),
);

const REGION_NEEDED = new Set(
  (
    "AE AS AU BR CA CN CO CR ES FM HK HN ID IN IQ IT JM JP KN KR KY MH MP MX NR PF PG PW RU " +
    "SO SV TW UA UM US VE VI"
  ).split(" "),
);

/** What a region is called; elsewhere a province. */
const REGION_LABELS: Readonly<Record<string, string>> = {
  Emirate: "AE",
  State: "AS AU BR FM IN MH MP MX MY NG PW UM US VE VI",
  Parish: "BB JM",
  Island: "BS CV KI KN KY PF SC TV",
  Department: "CO NI",
  Area: "HK",
  County: "IE TW",
  Prefecture: "JP",
  Region: "CL RU UA",
};

const POSTAL_CODE_LABELS: Readonly<Record<string, string>> = {
  "ZIP code": "AS FM GU MH MP PR PW UM US VI",
  Eircode: "IE",
  "PIN code": "IN",
  Postcode: "AU FK GB GG IM JE MY NL NZ",
};

const CITY_LABELS: Readonly<Record<string, string>> = {
  Suburb: "AU",
  Town: "GB GG IM JE",
  District: "HK",
};

function labelIn(labels: Readonly<Record<string, string>>, country: string): string | null {
  const found = Object.entries(labels).find(([, codes]) => codes.split(" ").includes(country));
  return found?.[0] ?? null;
}

/** @param country as in ISO 3166-1; null while it is not known: then the fields most have */
export function addressFieldsOf(country: string | null): AddressField[] {
  const rest = country === null ? (["postalCode", "city"] as const) : orderOf(country);
  const fields: AddressField[] = [
    { name: "line1", label: "Address", required: true, autocomplete: "address-line1" },
    { name: "line2", label: "Address, line 2", required: false, autocomplete: "address-line2" },
  ];
  return [...fields, ...rest.map((name) => fieldOf(name, country ?? ""))];
}

type Rest = "city" | "region" | "postalCode";

/** As the country's post writes them; every address has a city, which an order must name. */
function orderOf(country: string): Rest[] {
  const marked = formatAddress(
    {
      postalCountry: country,
      locality: "{city}",
      administrativeArea: "{region}",
      postalCode: "{postalCode}",
    },
    "latin",
  ).join(" ");
  const all = ["city", "region", "postalCode"] as const;
  const place = (name: Rest): number => marked.indexOf(`{${name}}`);
  const known = all.filter((name) => place(name) >= 0 || name === "city");
  return known.toSorted((one, other) => place(one) - place(other));
}

function fieldOf(name: Rest, country: string): AddressField {
  switch (name) {
    case "city": {
      const label = labelIn(CITY_LABELS, country) ?? "City";
      return { name, label, required: true, autocomplete: "address-level2" };
    }
    case "region": {
      const label = labelIn(REGION_LABELS, country) ?? "Province";
      const required = REGION_NEEDED.has(country);
      return { name, label, required, autocomplete: "address-level1" };
    }
    case "postalCode": {
      const label = labelIn(POSTAL_CODE_LABELS, country) ?? "Postal code";
      const required = POSTAL_CODE_NEEDED.has(country);
      return { name, label, required, autocomplete: "postal-code" };
    }
  }
}

/** Whether a postal code can be one of the country; true where its pattern is not known. */
export function isPostalCode(text: string, country: string): boolean {
  if (!postcodeValidatorExistsForCountry(country)) return true;
  // Some patterns are in capitals, or want the space or hyphen that people leave out.
  const capitals = text.trim().toUpperCase();
  const compact = capitals.replaceAll(/[\s-]/g, "");
  const split = [2, 3, 4, 5].flatMap((at) => {
    return ["-", " "].map((mark) => `${compact.slice(0, at)}${mark}${compact.slice(at)}`);
  });
  return [capitals, compact, ...split].some((spelling) => postcodeValidator(spelling, country));
}
