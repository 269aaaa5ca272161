/**
 * A wallet's sheet: whose it is, where to, the choice of delivery, what it costs, and the press.
 *
 * A real sheet is shown by the device or the wallet. Guarantee: as there, an address and a delivery
 * are sent to the shop's page when they are chosen, also the address with which the sheet opens;
 * until the page has accepted them the sheet cannot be confirmed.
 */
import { part, tell } from "./frame-conversation.js";
import { ADDRESSES, SHOPPER } from "./wallet-shopper.js";

/** @type {{ wallet: StandIn.Wallet, asked: StandIn.Asked } | null} */
let opened = null;
/** @type {StandIn.Sheet | null} */
let shown = null;
let changes = 0;

const select = addressSelect();

function addressSelect() {
  const found = part("#address");
  if (!(found instanceof HTMLSelectElement)) throw new Error("the document has no choice");
  const options = ADDRESSES.map(({ line1, city, country }, index) => {
    return new Option(`${line1}, ${city}, ${country}`, String(index));
  });
  found.replaceChildren(...options);
  return found;
}

/** @returns {import("./wallet-shopper.js").Address} */
function chosenAddress() {
  return ADDRESSES[Number(select.value)] ?? ADDRESSES[0];
}

/**
 * @param {StandIn.Wallet} wallet
 * @param {string} name of the wallet
 * @param {StandIn.Asked} asked
 * @param {StandIn.Sheet} sheet
 */
export function openSheet(wallet, name, asked, sheet) {
  opened = { wallet, asked };
  part("#sheet").setAttribute("aria-label", name);
  const email = asked.email ? `, ${SHOPPER.email}` : "";
  part("#sheet-text").textContent = `${name}: ${SHOPPER.name}${email}`;
  part("#address-line").hidden = !asked.shippingAddress && !asked.billingAddress;
  select.value = "0";
  part("#sheet").hidden = false;
  part("#wallets").hidden = true;
  accept(sheet);
  part("#pay").focus();
  if (asked.shippingAddress) sendAddress();
}

export function closeSheet() {
  opened = null;
  changes += 1;
  part("#sheet").hidden = true;
  part("#wallets").hidden = false;
}

/**
 * @param {number} change
 * @param {StandIn.Sheet | null} sheet null when the page refused the change
 */
export function takeDecision(change, sheet) {
  if (change !== changes || opened === null) return;
  if (sheet === null) refuse();
  else accept(sheet);
}

/** @param {StandIn.Sheet} sheet */
function accept(sheet) {
  shown = sheet;
  say("");
  part("#pay").toggleAttribute("disabled", false);
  const format = formatOf(sheet.currency);
  part("#lines").replaceChildren(
    ...sheet.lineItems.map(({ name, amount }) => rowOf(name, format(amount))),
    rowOf("Total", format(sheet.amount)),
  );
  part("#rates").hidden = sheet.rates.length === 0;
  const isFocused = part("#rates").contains(document.activeElement);
  part("#rate-choices").replaceChildren(
    ...sheet.rates.map((rate) => rateChoice(rate, rate.id === sheet.rate, format(rate.amount))),
  );
  if (isFocused) checkedRate()?.focus();
  // A button that is switched off loses the focus.
  else if (document.hasFocus() && document.activeElement === document.body) part("#pay").focus();
}

/** In a wallet's own words, because the page can only say no. */
function refuse() {
  say("This choice is not available. Please choose another.");
}

/** @param {string} text also why the sheet cannot be confirmed; empty when it can */
function say(text) {
  part("#sheet-fault").textContent = text;
}

/** @param {string} text */
function wait(text) {
  changes += 1;
  part("#pay").toggleAttribute("disabled", true);
  say(text);
}

function sendAddress() {
  const { line1: _line1, line2: _line2, ...address } = chosenAddress();
  const countries = opened?.asked.countries ?? null;
  if (countries !== null && !countries.includes(address.country)) {
    return wait("The shop does not deliver to this address. Please choose another.");
  }
  wait("Updating…");
  tell({ kind: "address", change: changes, name: SHOPPER.name, address });
}

/**
 * @param {StandIn.Rate} rate
 * @param {boolean} isChosen
 * @param {string} price
 */
function rateChoice(rate, isChosen, price) {
  const input = document.createElement("input");
  input.type = "radio";
  input.name = "rate";
  input.value = rate.id;
  input.checked = isChosen;
  input.addEventListener("change", () => {
    wait("Updating…");
    tell({ kind: "rate", change: changes, rate });
  });
  const label = document.createElement("label");
  label.append(input, ` ${rate.displayName}: ${price}`);
  return label;
}

function checkedRate() {
  const input = document.querySelector("#rate-choices input:checked");
  return input instanceof HTMLInputElement ? input : null;
}

/**
 * @param {string} name
 * @param {string} amount
 */
function rowOf(name, amount) {
  const row = document.createElement("div");
  const term = document.createElement("dt");
  const value = document.createElement("dd");
  term.textContent = name;
  value.textContent = amount;
  row.append(term, value);
  return row;
}

/**
 * Amounts by the decimals of Stripe's currencies, which the document names.
 *
 * @param {string} currency
 * @returns {(amount: number) => string}
 */
function formatOf(currency) {
  const code = currency.toUpperCase();
  /** @type {Record<string, number>} */
  const all = JSON.parse(part("#sheet").dataset["digits"] ?? "{}");
  const digits = all[code] ?? 2;
  const format = new Intl.NumberFormat(document.documentElement.lang, {
    style: "currency",
    currency: code,
    minimumFractionDigits: digits,
    maximumFractionDigits: digits,
  });
  return (amount) => format.format(amount / 10 ** digits);
}

/** @returns {StandIn.TokenParams["payment_method_data"]} what the wallet tells of the shopper */
export function billingData() {
  const address = chosenAddress();
  return {
    billing_details: {
      name: SHOPPER.name,
      ...(opened?.asked.email === true ? { email: SHOPPER.email } : {}),
      ...(opened?.asked.phone === true ? { phone: SHOPPER.phone } : {}),
      address: { ...address, line2: address.line2 ?? "" },
    },
  };
}

/** Null unless the page asked for an address to deliver to. */
export function shippingData() {
  if (opened?.asked.shippingAddress !== true) return null;
  return { name: SHOPPER.name, phone: SHOPPER.phone, address: chosenAddress() };
}

export function openWallet() {
  return opened?.wallet ?? null;
}

function confirm() {
  if (opened === null) return;
  const { wallet, asked } = opened;
  const address = chosenAddress();
  part("#pay").toggleAttribute("disabled", true);
  tell({
    kind: "confirm",
    wallet,
    billingDetails: {
      name: SHOPPER.name,
      ...(asked.email ? { email: SHOPPER.email } : {}),
      ...(asked.phone ? { phone: SHOPPER.phone } : {}),
      address,
    },
    shippingAddress: asked.shippingAddress ? { name: SHOPPER.name, address } : null,
    rate: shown?.rates.find(({ id }) => id === checkedRate()?.value) ?? null,
  });
}

function cancel() {
  closeSheet();
  tell({ kind: "cancel" });
}

part("#pay").addEventListener("click", confirm);
part("#cancel").addEventListener("click", cancel);
addEventListener("keydown", ({ key }) => {
  if (key === "Escape" && opened !== null) cancel();
});
select.addEventListener("change", () => {
  if (opened?.asked.shippingAddress === true) sendAddress();
});
