/**
 * The fields of the checkout, as the sale asks for them: contact, address, delivery, discount code,
 * terms.
 *
 * Every field has a label and the token of `autocomplete` by which browsers fill it. The fields of
 * the address are those of the chosen country; another country is chosen with a button, or by the
 * page's script, which replaces the parts that are marked `data-part`.
 */
import { html } from "hono/html";
import { addressFieldsOf, type AddressPart } from "../../domain/checkout/address-format.ts";
import { countriesNamed } from "../../domain/checkout/countries.ts";
import type { Quote } from "../../domain/checkout/quote.ts";
import {
  ADDRESS_LINE_LENGTH_MAX,
  EMAIL_LENGTH_MAX,
  PHONE_LENGTH_MAX,
  TEXT_LENGTH_MAX,
} from "../../domain/limits.ts";
import { moneyText } from "../../domain/money/amounts.ts";
import { checkoutOf } from "../../domain/sale/checkout-rules.ts";
import type { Sale } from "../../domain/sale/sale.ts";
import { faultOf, fieldFault, fieldMarks, labelFor, type Faults } from "./faults.ts";
import type { Html, Maybe } from "./layout.ts";

/** What the shopper entered at the checkout, or nothing yet. */
export interface CheckoutInput extends Readonly<Record<AddressPart, string>> {
  readonly email: string;
  readonly name: string;
  readonly phone: string;
  readonly country: string;
  /** The id of a delivery option. */
  readonly delivery: string;
  readonly discount: string;
  readonly hasAcceptedTerms: boolean;
}

export const NO_INPUT: CheckoutInput = {
  email: "",
  name: "",
  phone: "",
  line1: "",
  line2: "",
  city: "",
  region: "",
  postalCode: "",
  country: "",
  delivery: "",
  discount: "",
  hasAcceptedTerms: false,
};

export interface CheckoutFields {
  readonly sale: Sale;
  readonly input: CheckoutInput;
  readonly faults: Faults;
  /** Null where the total cannot be paid. */
  readonly quote: Quote | null;
}

interface TextField {
  readonly name: Exclude<keyof CheckoutInput, "hasAcceptedTerms">;
  readonly label: string;
  readonly autocomplete: string;
  readonly length_max: number;
  readonly required: boolean;
  readonly type?: "text" | "email" | "tel";
}

function textField({ input, faults }: CheckoutFields, field: TextField): Html {
  const { name, label, autocomplete, length_max, required, type = "text" } = field;
  const fault = faultOf(faults, name);
  return html`<div class="field">
    <label ${labelFor(name)}
      >${label}${required ? "" : html` <span class="quiet">(optional)</span>`}</label
    >
    <input
      ${fieldMarks(name, fault)}
      name="${name}"
      ${type === "text" ? "" : html`inputmode="${type}"`}
      autocomplete="${autocomplete}"
      ${type === "email" ? html`autocapitalize="none" spellcheck="false"` : ""}
      maxlength="${length_max}"
      value="${input[name]}"
      ${required ? "required" : ""}
    />
    ${fieldFault(name, fault)}
  </div>`;
}

export function contactFields(fields: CheckoutFields): Html {
  const { address, phone } = checkoutOf(fields.sale);
  return html`<fieldset class="group">
    <legend>Contact</legend>
    ${textField(fields, {
      name: "email",
      label: "E-mail",
      autocomplete: "email",
      type: "email",
      length_max: EMAIL_LENGTH_MAX,
      required: true,
    })}
    ${textField(fields, {
      name: "name",
      label: "Name",
      autocomplete: "name",
      length_max: TEXT_LENGTH_MAX,
      required: address !== "none",
    })}
    ${
      phone === "none"
        ? ""
        : textField(fields, {
            name: "phone",
            label: "Phone",
            autocomplete: "tel",
            type: "tel",
            length_max: PHONE_LENGTH_MAX,
            required: phone === "required",
          })
    }
  </fieldset>`;
}

const ADDRESS_LEGENDS = { shipping: "Delivery address", billing: "Billing address" } as const;

export function addressFields(fields: CheckoutFields): Maybe {
  const { sale, input } = fields;
  const { address } = checkoutOf(sale);
  if (address === "none") return null;
  const parts = addressFieldsOf(input.country === "" ? null : input.country);
  return html`<fieldset class="group" data-part="address">
    <legend>${ADDRESS_LEGENDS[address]}</legend>
    ${countryField(fields, address)}
    ${parts.map(({ name, label, required, autocomplete }) => {
      return textField(fields, {
        name,
        label,
        required,
        length_max: ADDRESS_LINE_LENGTH_MAX,
        autocomplete: `${address} ${autocomplete}`,
      });
    })}
  </fieldset>`;
}

function countryField({ sale, input, faults }: CheckoutFields, section: string): Html {
  const { countries } = checkoutOf(sale);
  const fault = faultOf(faults, "country");
  const named = countriesNamed(countries);
  return html`<div class="field">
    <label ${labelFor("country")}>Country</label>
    <select
      ${fieldMarks("country", fault)}
      name="country"
      autocomplete="${section} country"
      data-updates
      required
    >
      ${named.length === 1 ? "" : html`<option value="">Choose a country</option>`}
      ${named.map(({ code, name }) => {
        const chosen = code === input.country ? html` selected` : "";
        return html`<option value="${code}" ${chosen}>${name}</option>`;
      })}
    </select>
    ${fieldFault("country", fault)}
  </div>`;
}

/** Also while there is nothing to choose, so that the script has a part to replace. */
const MORE_WITH_COUNTRY = "Choose a country to see all the ways in which we deliver there.";

/** Without a country only what costs the same everywhere is offered. */
function mayOfferMore(sale: Sale, quote: Quote | null): boolean {
  const offered = quote?.offered.length ?? 0;
  const isUnknown = quote === null || quote.missing.includes("country");
  return offered === 0 || (isUnknown && offered < checkoutOf(sale).delivery.length);
}

export function deliveryChoice({ sale, input, faults, quote }: CheckoutFields): Maybe {
  if (checkoutOf(sale).delivery.length === 0) return null;
  const fault = faultOf(faults, "delivery");
  const offered = quote?.offered ?? [];
  const { id: taken = "" } = quote?.delivery ?? {};
  return html`<fieldset class="group" data-part="delivery">
    <legend>Delivery</legend>
    <input type="hidden" name="assumed" value="${taken === input.delivery ? "" : taken}" />
    ${mayOfferMore(sale, quote) ? html`<p class="quiet">${MORE_WITH_COUNTRY}</p>` : ""}
    ${offered.map(({ id, name, price }, index) => {
      const isChosen = id === taken;
      return html`<label class="choice">
        <input
          type="radio"
          name="delivery"
          value="${id}"
          ${index === 0 ? fieldMarks("delivery", fault) : ""}
          ${isChosen ? "checked" : ""}
          data-updates
        />
        <span>${name}</span>
        <span class="amount">${price === 0 ? "Free" : moneyText(price, sale.currency)}</span>
      </label>`;
    })}
    ${fieldFault("delivery", fault)}
  </fieldset>`;
}

export function discountField({ input, faults, quote }: CheckoutFields): Html {
  const fault = faultOf(faults, "discount");
  const taken = quote?.discount ?? null;
  return html`<div class="field" data-part="discount">
    <label ${labelFor("discount")}>Discount code <span class="quiet">(optional)</span></label>
    <div class="beside">
      <input
        ${fieldMarks("discount", fault)}
        name="discount"
        autocomplete="off"
        autocapitalize="characters"
        spellcheck="false"
        maxlength="${TEXT_LENGTH_MAX}"
        value="${input.discount}"
      />
      <button class="second" type="submit" name="step" value="update" formnovalidate>Apply</button>
    </div>
    ${fieldFault("discount", fault)}
    ${taken === null ? "" : html`<p class="applied">The code is applied.</p>`}
  </div>`;
}

/** A part of the page, because terms that change while it is open must be shown to be accepted. */
export function termsBox({ sale, input, faults }: CheckoutFields): Html {
  const { terms } = checkoutOf(sale);
  if (terms === undefined) return html`<div data-part="terms" hidden></div>`;
  const fault = faultOf(faults, "terms");
  return html`<div class="field" data-part="terms">
    <label class="choice" ${labelFor("terms")}>
      <input
        ${fieldMarks("terms", fault)}
        type="checkbox"
        name="terms"
        value="yes"
        ${input.hasAcceptedTerms ? "checked" : ""}
        required
      />
      <span
        >${terms.text ?? "I accept the terms of the shop."}
        <a href="${terms.url}" target="_blank" rel="noopener">Read the terms</a></span
      >
    </label>
    ${fieldFault("terms", fault)}
  </div>`;
}
