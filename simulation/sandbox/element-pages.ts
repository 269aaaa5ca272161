/**
 * The documents in the frames of the stand-in for Stripe.js: the card form with other methods, and
 * the wallets.
 */
import { html } from "hono/html";
import { CURRENCIES } from "../../src/domain/money/currencies.ts";
import type { MethodType, WALLETS } from "./account.ts";
import { TEST_CARDS, type TestCard } from "./test-cards.ts";

type Wallet = (typeof WALLETS)[number];

const METHOD_NAMES: Record<MethodType, string> = {
  card: "Card",
  link: "Link",
  klarna: "Klarna",
  paypal: "PayPal",
  amazon_pay: "Amazon Pay",
};

const WALLET_NAMES: Record<Wallet, string> = {
  apple_pay: "Apple Pay",
  google_pay: "Google Pay",
  link: "Link",
};

/** Countries of the card form; Stripe's list has all of them. */
const COUNTRIES = [
  ["AT", "Austria"],
  ["AU", "Australia"],
  ["CA", "Canada"],
  ["CH", "Switzerland"],
  ["DE", "Germany"],
  ["ES", "Spain"],
  ["FR", "France"],
  ["GB", "United Kingdom"],
  ["IE", "Ireland"],
  ["IT", "Italy"],
  ["JP", "Japan"],
  ["NL", "Netherlands"],
  ["PL", "Poland"],
  ["SE", "Sweden"],
  ["US", "United States"],
] as const;

/** @param methods that the account has enabled; Link is a wallet, not a choice of this form */
export function cardFormPage(methods: readonly MethodType[]) {
  const types = methods.filter((method) => method !== "link");
  const choices = types.map(
    (type, index) =>
      html`<label data-type="${type}">
        <input type="radio" name="type" value="${type}" ${index === 0 ? "checked" : ""} />
        ${METHOD_NAMES[type]}
      </label>`,
  );
  return frame(
    "Payment",
    "card-form.js",
    html`<form name="payment" novalidate>
      <fieldset id="types">
        <legend>Payment method</legend>
        ${choices}
      </fieldset>
      <div id="card">
        ${field("number", "Card number", "cc-number", "1234 1234 1234 1234")}
        <div class="pair">
          <div>${field("expiry", "Expiry", "cc-exp", "MM / YY")}</div>
          <div>${field("cvc", "Security code", "cc-csc", "CVC")}</div>
        </div>
        <div id="country-line">
          <label for="country">Country</label>
          <select id="country" name="country" autocomplete="billing country">
            ${COUNTRIES.map(([code, name]) => html`<option value="${code}">${name}</option>`)}
          </select>
        </div>
        ${testCardList()}
      </div>
      <p id="redirect">You will be redirected to pay, and then come back.</p>
    </form>`,
  );
}

function field(name: string, label: string, autocomplete: string, hint: string) {
  return html`<label for="${name}">${label}</label>
    <input
      id="${name}"
      name="${name}"
      inputmode="numeric"
      autocomplete="${autocomplete}"
      placeholder="${hint}"
      aria-describedby="${name}-fault"
    />
    <p class="fault" id="${name}-fault" role="alert"></p>`;
}

function testCardList() {
  const buttons = TEST_CARDS.map(
    (card) =>
      html`<button type="button" data-number="${card.number}">
        ${card.number} ${meaningOf(card)}
      </button>`,
  );
  return html`<details>
    <summary>Test cards of the sandbox</summary>
    ${buttons}
  </details>`;
}

function meaningOf({ outcome, refunds, dispute, brand }: TestCard): string {
  if (outcome.kind === "refuses") {
    return `is refused: ${outcome.refusal.decline_code ?? outcome.refusal.code}`;
  }
  if (outcome.kind === "asks_shopper") {
    const end =
      outcome.refusal === null ? "" : `, then is refused: ${outcome.refusal.decline_code}`;
    return `asks for 3D Secure${end}`;
  }
  if (outcome.kind === "authorizes_but_cannot_be_captured") return "cannot be captured";
  if (dispute !== null) return dispute.isInquiry ? "is inquired about" : "is disputed";
  if (refunds === "fails_later") return "has refunds that fail later";
  return refunds === "succeed" ? `succeeds (${brand})` : "has pending refunds";
}

/** Of the currencies that have not two decimals. */
const DIGITS = JSON.stringify(
  Object.fromEntries(
    CURRENCIES.filter(({ digits }) => digits !== 2).map(({ code, digits }) => [code, digits]),
  ),
);

export function expressPage(wallets: readonly Wallet[]) {
  const buttons = wallets.map(
    (wallet) =>
      html`<button type="button" data-wallet="${wallet}">${WALLET_NAMES[wallet]}</button>`,
  );
  return frame(
    "Express checkout",
    "express-form.js",
    html`<div class="wallets" id="wallets">${buttons}</div>
      <section id="sheet" role="dialog" data-digits="${DIGITS}" hidden>
        <p id="sheet-text"></p>
        <div id="address-line">
          <label for="address">Address</label>
          <select id="address"></select>
        </div>
        <fieldset id="rates">
          <legend>Delivery</legend>
          <div id="rate-choices"></div>
        </fieldset>
        <dl id="lines"></dl>
        <p class="fault" id="sheet-fault" role="alert"></p>
        <button type="button" id="pay">Pay</button>
        <button type="button" id="cancel">Cancel</button>
      </section>`,
  );
}

function frame(title: string, script: string, body: ReturnType<typeof html>) {
  return html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <title>${title} · sandbox</title>
        <link rel="stylesheet" href="/sandbox/elements/elements.css" />
        <script type="module" src="/sandbox/elements/${script}"></script>
      </head>
      <body>
        ${body}
      </body>
    </html>`;
}
