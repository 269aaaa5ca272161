/**
 * The wallets' buttons (Apple Pay, Google Pay, Link, …): what each asks its owner for, and what the
 * order costs at the address and with the delivery that they choose there.
 *
 * Guarantee: the amount that a wallet shows is the total of a quote of this shop, for the last
 * address and delivery chosen in it; a choice without a quote is refused there. Nothing is ordered
 * here; the page's form is filled with what the wallet gives, and ordered like any other.
 */
import { asksForCart, sumShown } from "./checkout-form.js";
import { DISCOUNT_REFUSED, NO_QUOTE, notServedText } from "./checkout-text.js";
import { fetchJson } from "./polling.js";

/** @typedef {import("@stripe/stripe-js").StripeElements} StripeElements */
/** @typedef {import("@stripe/stripe-js").StripeExpressCheckoutElementConfirmEvent} ConfirmEvent */
/** @typedef {import("@stripe/stripe-js").ClickResolveDetails} Details */
/** @typedef {{ readonly id: string, readonly name: string, readonly price: number }} Delivery */
/**
 * @typedef {object} Amounts in minor units
 * @property {number} items
 * @property {number} discount
 * @property {number} delivery
 * @property {number} tax
 * @property {number} total
 */
/** @typedef {{ readonly amounts: Amounts, readonly options: readonly Delivery[] }} Quoted */
/** @typedef {{ readonly trouble: string }} NotQuoted in words for the shopper */
/** What is chosen in a wallet. @typedef {{ country: string, delivery: string }} Chosen */

/** What a wallet shows for delivery while there is none to choose or the address is not known. */
const ANY_DELIVERY = { id: "any", displayName: "Delivery", amount: 0 };

/** A wallet waits for about half a minute, in which two quotes are asked for twice at most. */
const QUOTE_TIMEOUT_MS = 6000;
const QUOTE_AGAIN_AFTER_MS = 1000;

/**
 * @typedef {object} Express
 * @property {import("./payment-elements.js").Settings} settings
 * @property {HTMLFormElement | null} form null where the page only follows an order
 * @property {string} quotes address of the API
 * @property {() => void} onOpen before a wallet opens
 * @property {(trouble: string | null) => number} onCancel with why the wallet could not be used, if
 *   it could not; returns the total shown on the page, in minor units
 * @property {(event: ConfirmEvent, total: number) => void} onConfirm with the total that the wallet
 *   has shown
 */

/** What is chosen in the wallet that is open, and what it costs. */
class OpenWallet {
  total = 0;
  /** Why the last choice was refused. @type {string | null} */
  trouble = null;
  /** @type {Chosen} */
  chosen = { country: "", delivery: "" };
  /** The event whose quote is awaited; an answer to an older one is not used. @type {unknown} */
  #latest = null;
  #elements;
  #express;

  /**
   * @param {StripeElements} elements
   * @param {Express} express
   */
  constructor(elements, express) {
    this.#elements = elements;
    this.#express = express;
  }

  /** @param {HTMLFormElement} form */
  open(form) {
    this.#express.onOpen();
    const shown = sumShown();
    const { country = "", delivery = "", assumed } = Object.fromEntries(textOf(form));
    this.chosen = { country, delivery: delivery === assumed ? "" : delivery };
    this.trouble = null;
    this.total = shown.total;
    // What is chosen on the page may be newer than its total.
    const options = shown.delivery === "" ? [] : shown.options;
    return detailsOf({ ...shown, options }, shown.delivery);
  }

  /**
   * @template {{ reject: () => void, resolve: (details: Details) => void }} Change
   * @param {Change} event
   * @param {Partial<Chosen>} change
   */
  async change(event, change) {
    this.#latest = event;
    // Also where it is refused: the wallet goes on showing it.
    this.chosen = { ...this.chosen, ...change };
    const { delivery } = this.chosen;
    const quoted = await quoteAt(this.#express, this.chosen);
    if (this.#latest !== event) return;
    if ("trouble" in quoted) {
      this.trouble = quoted.trouble;
      return event.reject();
    }
    this.trouble = null;
    this.total = quoted.amounts.total;
    await this.#elements.update({ amount: this.total });
    event.resolve(detailsOf(quoted, delivery));
  }

  close() {
    this.#latest = null;
  }
}

/**
 * @param {StripeElements} elements
 * @param {Express} express
 */
export function mountExpress(elements, express) {
  const { settings, form } = express;
  const place = document.getElementById("express-checkout");
  if (place === null || form === null) return;
  const isShipping = settings.address === "shipping";
  const element = elements.create("expressCheckout", {
    emailRequired: true,
    phoneNumberRequired: settings.phone === "required",
    billingAddressRequired: settings.address === "billing",
    shippingAddressRequired: isShipping,
    ...(settings.countries.length === 0
      ? {}
      : { allowedShippingCountries: [...settings.countries] }),
  });
  const wallet = new OpenWallet(elements, express);
  element.on("ready", ({ availablePaymentMethods }) => {
    place.hidden = availablePaymentMethods === undefined;
  });
  element.on("loaderror", () => {
    place.hidden = true;
  });
  element.on("click", (event) => {
    if (asksForCart(form) || !mayOpen(form, isShipping)) return event.reject();
    const { lineItems, shippingRates } = wallet.open(form);
    event.resolve(isShipping ? { lineItems, shippingRates } : { lineItems });
  });
  element.on("shippingaddresschange", (event) => {
    void wallet.change(event, { country: event.address.country });
  });
  element.on("shippingratechange", (event) => {
    const { id } = event.shippingRate;
    void wallet.change(event, { delivery: id === ANY_DELIVERY.id ? "" : id });
  });
  element.on("cancel", () => {
    wallet.close();
    void elements.update({ amount: express.onCancel(wallet.trouble) });
  });
  element.on("confirm", (event) => {
    wallet.close();
    express.onConfirm(event, wallet.total);
  });
  element.mount(place);
}

/**
 * Asks for what a wallet does not: the terms, and, where it names no address before the press, the
 * country that the total depends on.
 * @param {HTMLFormElement} form
 * @param {boolean} isShipping
 */
function mayOpen(form, isShipping) {
  const { missing } = sumShown();
  const names = [...(missing.includes("country") && !isShipping ? ["country"] : []), "terms"];
  return names.every((name) => {
    const field = form.elements.namedItem(name);
    const isField = field instanceof HTMLInputElement || field instanceof HTMLSelectElement;
    return !isField || field.reportValidity();
  });
}

/**
 * The lines add up to the total together with the delivery that is chosen, which comes first,
 * because wallets take the first.
 * @param {Quoted} quoted
 * @param {string} chosen the id of a delivery
 * @returns {Required<Pick<Details, "lineItems" | "shippingRates">>}
 */
function detailsOf({ amounts, options }, chosen) {
  const { items, discount, tax } = amounts;
  const lines = [
    { name: "Items", amount: items },
    { name: "Discount", amount: -discount },
    { name: "Tax", amount: tax },
  ];
  const sorted = options.toSorted((one, other) => {
    return Number(other.id === chosen) - Number(one.id === chosen);
  });
  const rates = sorted.map(({ id, name, price }) => ({ id, displayName: name, amount: price }));
  return {
    lineItems: lines.filter(({ amount }) => amount !== 0),
    shippingRates: rates.length === 0 ? [ANY_DELIVERY] : rates,
  };
}

/**
 * @param {HTMLFormElement} form
 * @returns {[string, string][]}
 */
function textOf(form) {
  return [...new FormData(form)].flatMap(([name, value]) => {
    return typeof value === "string" ? [[name, value.trim()]] : [];
  });
}

/**
 * What the order costs in a country and with a delivery; the first that there is, where the country
 * has not the one that is chosen.
 * @param {Express} express
 * @param {Chosen} chosen
 * @returns {Promise<Quoted | NotQuoted>}
 */
async function quoteAt(express, { country, delivery }) {
  const fields = express.form === null ? [] : textOf(express.form);
  const lines = fields.flatMap(([name, quantity]) => {
    if (!name.startsWith("quantity:")) return [];
    return [{ sku: name.slice("quantity:".length), quantity: Number(quantity) }];
  });
  const { discount = "" } = Object.fromEntries(fields);
  const question = {
    lines,
    ...(country === "" ? {} : { country }),
    ...(delivery === "" ? {} : { delivery }),
    ...(discount === "" ? {} : { discountCode: discount }),
  };
  const { status, body } = await askTwice(express.quotes, JSON.stringify(question));
  const code = codeOf(body);
  if (status === 200 && isQuote(body)) {
    const [first] = body.deliveryOptions;
    const isChosen = !body.missing.includes("delivery") || first === undefined;
    if (!isChosen) return quoteAt(express, { country, delivery: first.id });
    return { amounts: body.amounts, options: body.deliveryOptions };
  }
  if (code === "delivery_unknown" && delivery !== "") {
    return quoteAt(express, { country, delivery: "" });
  }
  if (code === "country_not_served") return { trouble: notServedText(country) };
  return { trouble: code === "discount_refused" ? DISCOUNT_REFUSED : NO_QUOTE };
}

/**
 * @param {string} url
 * @param {string} body
 */
async function askTwice(url, body) {
  const post = /** @type {const} */ ({ method: "POST", body });
  const answer = await fetchJson(url, post, QUOTE_TIMEOUT_MS);
  const isAnswer = answer.status !== 0 && answer.status !== 429 && answer.status < 500;
  if (isAnswer) return answer;
  await new Promise((resolve) => setTimeout(resolve, QUOTE_AGAIN_AFTER_MS));
  return fetchJson(url, post, QUOTE_TIMEOUT_MS);
}

/**
 * @param {unknown} body
 * @returns {unknown} of a problem
 */
function codeOf(body) {
  return typeof body === "object" && body !== null && "code" in body ? body.code : null;
}

/**
 * The API's contract guarantees the rest.
 * @param {unknown} body
 * @returns {body is { readonly amounts: Amounts, readonly missing: string[],
 *   readonly deliveryOptions: Delivery[] }}
 */
function isQuote(body) {
  return typeof body === "object" && body !== null && "amounts" in body && "missing" in body;
}

/**
 * What a wallet gave, by the names of the form's fields.
 * @param {ConfirmEvent} event
 * @param {"none" | "billing" | "shipping"} asked
 * @returns {Record<string, string>}
 */
export function fieldsOf({ billingDetails, shippingAddress, shippingRate }, asked) {
  const { email = "", phone = "", name = "" } = billingDetails ?? {};
  const given = asked === "shipping" ? shippingAddress?.address : billingDetails?.address;
  const { id = ANY_DELIVERY.id } = shippingRate ?? {};
  const fields = {
    email,
    phone: phone ?? "",
    name: shippingAddress?.name ?? name,
    delivery: id === ANY_DELIVERY.id ? "" : id,
  };
  const stated = Object.entries(fields).filter(([, value]) => value !== "");
  stated.push(["assumed", ""]);
  if (asked === "none" || given === undefined) return Object.fromEntries(stated);
  // Whole, so that nothing of another address that was typed stays.
  const address = {
    line1: given.line1 ?? "",
    line2: given.line2 ?? "",
    city: given.city ?? "",
    region: given.state ?? "",
    postalCode: given.postal_code ?? "",
    country: given.country ?? "",
  };
  return { ...Object.fromEntries(stated), ...address };
}
