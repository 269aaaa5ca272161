/**
 * `stripe.elements()`: the payment element and the express checkout element of one page, with what
 * they are set up with. One of them provides the confirmation token: the wallet whose sheet was
 * confirmed, else the payment element.
 */

import { integrationError } from "./stripe-api.js";
import { createExpressElement } from "./stripe-express-element.js";
import { createPaymentElement } from "./stripe-payment-element.js";

/** @import { SandboxFrame } from "./stripe-frame.js" */

/** What `elements()` made, by the object that the page has. */
/** @type {WeakMap<StandIn.Elements, ElementsGroup>} */
export const groups = new WeakMap();

export class ElementsGroup {
  /** @type {StandIn.Setup} */
  setup;
  /** @type {SandboxFrame | null} */
  payment = null;
  /** @type {SandboxFrame | null} */
  express = null;
  isWalletConfirmed = false;
  isSubmitted = false;

  /** @param {StandIn.Setup} setup */
  constructor(setup) {
    this.setup = setup;
  }

  /** @returns {Promise<{ error: StandIn.ErrorOf } | { selectedPaymentMethod: string }>} */
  async submit() {
    if (this.isWalletConfirmed) {
      this.isSubmitted = true;
      return { selectedPaymentMethod: "card" };
    }
    if (this.payment === null) throw integrationError("There is no mounted Payment Element.");
    const { type, error } = await this.payment.ask({ kind: "validate" });
    this.isSubmitted = error === null;
    return error === null ? { selectedPaymentMethod: type } : { error };
  }

  /** @param {StandIn.UpdateOptions & Record<string, unknown>} options */
  async update(options) {
    refuseRemovedOptions(options);
    this.setup = { ...this.setup, ...changedBy(options) };
    const frames = [this.payment, this.express].filter((frame) => frame !== null);
    await Promise.all(frames.map((frame) => frame.setUp({ ...this.setup, options: null })));
  }

  /** @param {StandIn.TokenParams} params */
  async createToken(params) {
    if (!this.isSubmitted) {
      throw integrationError(
        "elements.submit() must be called, and succeed, before stripe.createConfirmationToken().",
      );
    }
    this.isSubmitted = false;
    const frame = this.isWalletConfirmed ? this.express : this.payment;
    this.isWalletConfirmed = false;
    if (frame === null) throw integrationError("There is no mounted element.");
    return frame.ask({ kind: "token", params });
  }
}

/**
 * @param {StandIn.UpdateOptions & Record<string, unknown>} options
 * @returns {Partial<StandIn.Setup>}
 */
function changedBy(options) {
  const { amount, currency, captureMethod, allowedPaymentMethodTypes, appearance, locale } =
    options;
  return {
    ...(amount === undefined ? {} : { amount }),
    ...(currency === undefined ? {} : { currency }),
    ...(captureMethod === undefined ? {} : { captureMethod }),
    ...(allowedPaymentMethodTypes === undefined ? {} : { allowed: allowedPaymentMethodTypes }),
    ...(appearance === undefined ? {} : { appearance }),
    ...(locale === undefined || locale === "auto" ? {} : { locale }),
  };
}

/**
 * Removed from Stripe.js with its version endive
 * (https://docs.stripe.com/changelog/endive/2026-09-30).
 *
 * @param {Record<string, unknown>} options
 */
function refuseRemovedOptions(options) {
  if ("paymentMethodTypes" in options || "payment_method_types" in options) {
    throw integrationError(
      "paymentMethodTypes is no longer supported. Use allowedPaymentMethodTypes instead.",
    );
  }
}

/**
 * @param {StandIn.Setup} base what the page's `Stripe(…)` was called with
 * @param {(StandIn.UpdateOptions & Record<string, unknown>) | undefined} options
 * @returns {StandIn.Elements}
 */
export function createElements(base, options = {}) {
  refuseRemovedOptions(options);
  const { mode, amount, currency } = options;
  if (mode !== "payment") throw integrationError("The stand-in needs mode: 'payment'.");
  if (!Number.isInteger(amount) || Number(amount) <= 0) {
    throw integrationError("amount must be a positive integer in the currency's smallest unit.");
  }
  if (typeof currency !== "string" || !/^[a-z]{3}$/.test(currency)) {
    throw integrationError("currency must be a currency code of three lower-case letters.");
  }
  const group = new ElementsGroup({ ...base, ...changedBy(options) });
  /** @type {Map<string, unknown>} */
  const made = new Map();
  /** @satisfies {StandIn.UsedElements} */
  const used = {
    submit: async () => {
      const answer = await group.submit();
      return "error" in answer ? { error: answer.error } : answer;
    },
    update: (/** @type {StandIn.UpdateOptions} */ change) => group.update({ ...change }),
  };
  const all = {
    ...used,
    create: (/** @type {string} */ type, /** @type {unknown} */ elementOptions = {}) => {
      if (made.has(type)) throw integrationError(`Can only create one element of type ${type}.`);
      const element = createElement(group, type, elementOptions);
      made.set(type, element);
      return element;
    },
    getElement: (/** @type {string} */ type) => made.get(type) ?? null,
    on: () => undefined,
    fetchUpdates: async () => ({}),
  };
  if (!areElements(all)) throw integrationError("The stand-in made no elements.");
  groups.set(all, group);
  return all;
}

/**
 * The page sees Stripe's type. What the stand-in lacks fails where it is used.
 *
 * @param {StandIn.UsedElements} used
 * @returns {used is StandIn.Elements}
 */
function areElements(used) {
  return "submit" in used;
}

/**
 * @param {ElementsGroup} group
 * @param {string} type
 * @param {unknown} options
 * @returns {unknown}
 */
function createElement(group, type, options) {
  if (type === "payment") return createPaymentElement(group, options);
  if (type === "expressCheckout") return createExpressElement(group, options);
  throw integrationError(`The stand-in has no element of type ${type}.`);
}
