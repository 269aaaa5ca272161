/**
 * Stripe's form in the page of the checkout: loads it, and makes the token that an order is paid
 * with. Guarantee: whatever Stripe.js answers or throws, the shopper is told, and may try again.
 */
import * as text from "./checkout-text.js";
import { sumShown } from "./checkout-form.js";
import { mountExpress } from "./express-checkout.js";
import { fill } from "./panel.js";
import {
  createElements,
  createPaymentElement,
  followColours,
  loadStripe,
  tokenParams,
} from "./payment-elements.js";

/** @typedef {import("@stripe/stripe-js").Stripe} Stripe */
/** @typedef {import("@stripe/stripe-js").StripeElements} StripeElements */
/** @typedef {import("./express-checkout.js").Express} Express */

const SLOW_MS = 8000;

/**
 * @param {"retry" | "pay"} name
 * @param {boolean} isShown
 */
function show(name, isShown) {
  const part = document.querySelector(`[data-${name}]`);
  if (part instanceof HTMLElement) part.hidden = !isShown;
}

function showNotLoaded() {
  fill("payment-state", null);
  fill("payment-trouble", `${text.NOT_LOADED} ${text.NOT_LOADED_MORE}`);
  show("retry", true);
}

export class PaymentForm {
  /** Whether the payment details were changed since the last token was made of them. */
  isTouched = false;
  #express;
  /** @type {Promise<Stripe> | null} */
  #loading = null;
  /** @type {Stripe | null} */
  #stripe = null;
  /** @type {StripeElements | null} */
  #elements = null;

  /** @param {Express} express what the wallets' buttons do */
  constructor(express) {
    this.#express = express;
    followColours(() => this.#elements);
  }

  get isMounted() {
    return this.#elements !== null;
  }

  /** @returns {Promise<Stripe | null>} null when Stripe.js could not be loaded */
  async stripeOrNull() {
    this.#loading ??= loadStripe(this.#express.settings);
    return this.#loading.catch(() => {
      this.#loading = null;
      return null;
    });
  }

  async load() {
    fill("payment-trouble", null);
    fill("payment-state", text.LOADING);
    show("retry", false);
    const slow = setTimeout(() => {
      fill("payment-trouble", text.SLOW);
      show("retry", true);
    }, SLOW_MS);
    this.#stripe = await this.stripeOrNull();
    if (this.#stripe === null) {
      clearTimeout(slow);
      return showNotLoaded();
    }
    this.#mount(() => {
      clearTimeout(slow);
      fill("payment-trouble", null);
      fill("payment-state", null);
      show("retry", false);
      show("pay", true);
    });
  }

  /**
   * Once there is something to pay; until then the button asks for what is missing.
   * @param {() => void} onReady
   */
  #mount(onReady) {
    const { total } = sumShown();
    const { settings } = this.#express;
    const place = document.querySelector("[data-payment-element]");
    if (this.#stripe === null || this.#elements !== null || total === 0) return onReady();
    if (!(place instanceof HTMLElement)) return;
    this.#elements = createElements(this.#stripe, settings, total);
    mountExpress(this.#elements, this.#express);
    const payment = createPaymentElement(this.#elements, settings);
    payment.on("ready", onReady);
    payment.on("loaderror", showNotLoaded);
    payment.on("change", () => {
      this.isTouched = true;
      fill("payment-trouble", null);
    });
    payment.mount(place);
  }

  /** Takes the total that the page shows. */
  followTotal() {
    const { total } = sumShown();
    if (this.#elements === null) this.#mount(() => undefined);
    else if (total > 0) void this.#elements.update({ amount: total });
  }

  /**
   * @param {URLSearchParams} body of the order
   * @param {boolean} isWallet whether a wallet has the buyer's data, and not the form
   * @returns {Promise<{ readonly token: string } | { readonly trouble: string }>}
   */
  async makeToken(body, isWallet) {
    const [stripe, elements] = [this.#stripe, this.#elements];
    if (stripe === null || elements === null) return { trouble: text.NOT_LOADED };
    this.isTouched = false;
    try {
      void elements.update({ amount: Number(body.get("total")) });
      const submitted = await elements.submit();
      if (submitted.error !== undefined) return troubleOf(submitted.error);
      const params = isWallet ? {} : tokenParams(body, this.#express.settings);
      const made = await stripe.createConfirmationToken({ elements, params });
      return made.error === undefined
        ? { token: made.confirmationToken.id }
        : troubleOf(made.error);
    } catch (error) {
      // For the console: Stripe.js throws on mistakes of the page.
      reportError(error);
      return { trouble: text.TOKEN_FAILED };
    }
  }
}

/** @param {import("@stripe/stripe-js").StripeError} error */
function troubleOf(error) {
  return { trouble: text.errorText(error, text.TOKEN_FAILED) };
}
