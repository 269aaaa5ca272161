/**
 * The page's side of a wallet's sheet: what the sheet shows, and the page's decision about each
 * address and delivery that the shopper chooses in it.
 *
 * Guarantee: the sheet shows the amount of the elements as it was when the page resolved the event,
 * and nothing is paid while a change is undecided. What Stripe.js throws on is thrown on here.
 */

import { integrationError } from "./stripe-api.js";

/** @import { ElementEvents } from "./stripe-element.js" */
/** @import { ElementsGroup } from "./stripe-elements.js" */
/** @import { SandboxFrame } from "./stripe-frame.js" */

/**
 * Stripe names no time for these events. That of the same events of its Payment Request Button,
 * which the same wallets answer, is 30 seconds
 * (https://docs.stripe.com/js/payment_request/events/on_shipping_address_change).
 */
const CHANGE_RESOLVED_WITHIN_MS = 30_000;

export class WalletSheet {
  /** Options of the element, with what its updates have changed. */
  /** @type {StandIn.ExpressOptions} */
  options;
  #group;
  #events;
  #frame;
  /** @type {readonly StandIn.LineItem[]} */
  #lineItems = [];
  /** @type {readonly StandIn.Rate[]} */
  #rates = [];
  /** @type {StandIn.Rate | null} */
  #rate = null;

  /**
   * @param {ElementsGroup} group
   * @param {SandboxFrame} frame
   * @param {ElementEvents<"expressCheckout">} events
   * @param {StandIn.ExpressOptions} options
   */
  constructor(group, frame, events, options) {
    this.#group = group;
    this.#frame = frame;
    this.#events = events;
    this.options = options;
  }

  /**
   * @param {StandIn.Wallet} wallet
   * @param {StandIn.ClickDetails} details what the page resolved the click with
   */
  open(wallet, details) {
    const all = { ...this.options, ...details };
    const asked = askedOf(this.options, all);
    const { lineItems = [], shippingRates = [] } = all;
    if (asked.shippingAddress && shippingRates.length === 0) {
      throw integrationError(
        "When `shippingAddressRequired` is true, you must specify `shippingRates`.",
      );
    }
    this.#take(lineItems, asked.shippingAddress ? shippingRates : [], null);
    void this.#frame.ask({ kind: "open", wallet, asked, sheet: this.#sheet() });
  }

  /**
   * @param {number} change
   * @param {Pick<StandIn.AddressChange, "address" | "name">} chosen
   */
  changeAddress(change, chosen) {
    const decided = this.#decision(change, () => null);
    const event = { elementType: ELEMENT_TYPE, ...chosen, ...decided };
    if (!this.#events.emit("shippingaddresschange", event)) decided.resolve();
  }

  /**
   * @param {number} change
   * @param {StandIn.Rate} shippingRate
   */
  changeRate(change, shippingRate) {
    const decided = this.#decision(change, () => shippingRate.id);
    const event = { elementType: ELEMENT_TYPE, shippingRate, ...decided };
    if (!this.#events.emit("shippingratechange", event)) decided.resolve();
  }

  /**
   * The page decides once. A page that does not is a wallet that closes.
   *
   * @param {number} change
   * @param {() => string | null} chosenRate null: the first
   * @returns {Pick<StandIn.RateChange, "resolve" | "reject">}
   */
  #decision(change, chosenRate) {
    let isDecided = false;
    const late = setTimeout(() => {
      if (isDecided) return;
      isDecided = true;
      void this.#frame.ask({ kind: "close" });
      this.#events.emit("cancel", { elementType: ELEMENT_TYPE });
    }, CHANGE_RESOLVED_WITHIN_MS);
    const decide = () => {
      const isFirst = !isDecided;
      isDecided = true;
      clearTimeout(late);
      return isFirst;
    };
    return {
      resolve: (details = {}) => {
        if (!decide()) return;
        const { lineItems = this.#lineItems, shippingRates = this.#rates } = details;
        this.#take(lineItems, shippingRates, chosenRate());
        void this.#frame.ask({ kind: "changed", change, sheet: this.#sheet() });
      },
      reject: () => {
        if (decide()) void this.#frame.ask({ kind: "changed", change, sheet: null });
      },
    };
  }

  /**
   * @param {readonly StandIn.LineItem[]} lineItems
   * @param {readonly StandIn.Rate[]} rates
   * @param {string | null} chosen
   */
  #take(lineItems, rates, chosen) {
    this.#lineItems = lineItems;
    this.#rates = rates;
    this.#rate = rates.find(({ id }) => id === chosen) ?? rates[0] ?? null;
    const amount = this.#group.setup.amount ?? 0;
    const listed = lineItems.reduce((sum, item) => sum + item.amount, this.#rate?.amount ?? 0);
    if (lineItems.length > 0 && listed > amount) {
      throw integrationError(
        `The amount ${amount} is less than the total amount of the line items provided.`,
      );
    }
  }

  /** @returns {StandIn.Sheet} */
  #sheet() {
    const { amount, currency } = this.#group.setup;
    return {
      amount: amount ?? 0,
      currency: currency ?? "",
      lineItems: this.#lineItems,
      rates: this.#rates,
      rate: this.#rate?.id ?? null,
    };
  }
}

const ELEMENT_TYPE = /** @type {const} */ ("expressCheckout");

/**
 * The billing address is asked for by default only where the element was created without any of
 * these (https://docs.stripe.com/js/elements_object/create_express_checkout_element).
 *
 * @type {readonly (keyof StandIn.ExpressOptions)[]}
 */
const WITHOUT_BILLING_ADDRESS = [
  "allowedShippingCountries",
  "phoneNumberRequired",
  "shippingAddressRequired",
  "emailRequired",
  "applePay",
  "lineItems",
  "business",
];

/**
 * @param {StandIn.ExpressOptions} created the element's own options
 * @param {StandIn.ExpressOptions & StandIn.ClickDetails} all with those of the click
 * @returns {StandIn.Asked}
 */
function askedOf(created, all) {
  const isPlain = WITHOUT_BILLING_ADDRESS.every((name) => created[name] === undefined);
  return {
    email: all.emailRequired === true,
    phone: all.phoneNumberRequired === true,
    billingAddress: all.billingAddressRequired ?? isPlain,
    shippingAddress: all.shippingAddressRequired === true,
    countries: all.allowedShippingCountries ?? null,
  };
}
