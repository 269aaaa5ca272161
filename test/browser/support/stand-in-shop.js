/**
 * The script of a shop's checkout, as a merchant would write it against `@stripe/stripe-js`: the
 * deferred flow with the payment element and the express checkout element. A test calls `shop`.
 */

/** @type {import("@stripe/stripe-js").Stripe} */
let stripe;
/** @type {import("@stripe/stripe-js").StripeElements} */
let elements;

const RATES = [
  { id: "post", displayName: "By post", amount: 500 },
  { id: "courier", displayName: "By courier", amount: 900 },
];

const shop = {
  /**
   * What a wallet's click is resolved with.
   *
   * @type {import("@stripe/stripe-js").ClickResolveDetails}
   */
  click: { shippingAddressRequired: true, shippingRates: RATES },

  /**
   * What the order costs by country; others are refused.
   *
   * @type {Record<string, number>}
   */
  amounts: { IE: 5000, DE: 6000 },

  /**
   * What the elements have said.
   *
   * @type {string[]}
   */
  events: [],

  /**
   * Sets both elements up, and waits until they are ready.
   *
   * @param {{ allowedPaymentMethodTypes?: string[] }} [more]
   */
  async mount(more = {}) {
    const made = window.Stripe?.("pk_test_sluice", { locale: "en" });
    if (made === undefined) throw new Error("window.Stripe is missing");
    stripe = made;
    elements = stripe.elements({
      mode: "payment",
      amount: 5000,
      currency: "eur",
      captureMethod: "manual",
      appearance: { theme: "night", variables: { colorPrimary: "#ffaa00" } },
      ...more,
    });
    const payment = elements.create("payment", { layout: "tabs" });
    const express = elements.create("expressCheckout", { emailRequired: true });
    /** @type {Promise<void>[]} */
    const ready = [
      new Promise((resolve) => payment.on("ready", () => resolve())),
      new Promise((resolve) => {
        express.on("ready", ({ availablePaymentMethods: available }) => {
          shop.events.push(`express ${available?.applePay} ${available?.link}`);
          resolve();
        });
      }),
    ];
    payment.on("change", ({ complete, empty, value }) => {
      shop.events.push(`change ${value.type} ${complete} ${empty}`);
    });
    express.on("click", ({ expressPaymentType, resolve }) => {
      shop.events.push(`click ${expressPaymentType}`);
      try {
        resolve(shop.click);
      } catch (error) {
        shop.events.push(String(error));
      }
    });
    express.on("shippingaddresschange", async ({ name, address, resolve, reject }) => {
      shop.events.push(`address ${name} ${JSON.stringify(address)}`);
      const amount = shop.amounts[address.country];
      if (amount === undefined) return reject();
      await elements.update({ amount });
      resolve({ lineItems: [{ name: "Shoes", amount: amount - 500 }], shippingRates: RATES });
    });
    express.on("shippingratechange", async ({ shippingRate, resolve }) => {
      shop.events.push(`rate ${shippingRate.id}`);
      await elements.update({ amount: 4500 + shippingRate.amount });
      resolve({ lineItems: [{ name: "Shoes", amount: 4500 }] });
    });
    express.on("confirm", (event) => {
      const { expressPaymentType, billingDetails, shippingAddress, shippingRate } = event;
      const { country } = shippingAddress?.address ?? {};
      const told = [expressPaymentType, billingDetails?.email, country, shippingRate?.id];
      shop.events.push(`confirm ${told.join(" ")}`);
    });
    express.on("cancel", () => shop.events.push("cancel"));
    payment.mount("#payment");
    express.mount("#express");
    await Promise.all(ready);
  },

  /** Takes the payment element out of the page and puts it back. */
  async remount() {
    const payment = elements.getElement("payment");
    payment?.unmount();
    const ready = new Promise((resolve) => payment?.once("ready", resolve));
    payment?.mount("#payment");
    await ready;
  },

  /** @param {number} amount */
  update(amount) {
    return elements.update({ amount });
  },

  /**
   * What the pay button does.
   *
   * @param {string} returnUrl
   */
  async makeToken(returnUrl) {
    const submitted = await elements.submit();
    if (submitted.error) return { token: null, code: submitted.error.code ?? null };
    const params = { return_url: returnUrl };
    const made = await stripe.createConfirmationToken({ elements, params });
    return { token: made.confirmationToken?.id ?? null, code: made.error?.code ?? null };
  },

  /**
   * @param {string} clientSecret
   * @returns {Promise<string | null>} the error's code, else the payment's status
   */
  async handle(clientSecret) {
    const answer = await stripe.handleNextAction({ clientSecret });
    return answer.error?.code ?? answer.paymentIntent?.status ?? null;
  },

  /** @param {string} clientSecret */
  async statusOf(clientSecret) {
    return (await stripe.retrievePaymentIntent(clientSecret)).paymentIntent?.status ?? null;
  },

  /** @returns {Promise<string>} the type of the error with which an element says it did not load */
  loadError() {
    const made = window.Stripe?.("pk_test_sluice");
    const payment = made
      ?.elements({ mode: "payment", amount: 5000, currency: "eur" })
      .create("payment");
    return new Promise((resolve) => {
      payment?.on("loaderror", ({ error }) => resolve(error.type));
      payment?.mount("#payment");
    });
  },

  /** @returns {Promise<string[]>} what wrong uses of Stripe.js throw */
  async wrongUses() {
    const old = { mode: /** @type {const} */ ("payment"), amount: 5000, currency: "eur" };
    /** @type {(() => unknown)[]} */
    const uses = [
      () => window.Stripe?.("sk_test_secret"),
      () => stripe.elements(Object.assign(old, { paymentMethodTypes: ["card"] })),
      () => stripe.createConfirmationToken({ elements }),
    ];
    /** @type {string[]} */
    const thrown = [];
    for (const use of uses) {
      try {
        await use();
      } catch (error) {
        thrown.push(error instanceof Error ? `${error.name}: ${error.message}` : "no error");
      }
    }
    return thrown;
  },
};

Reflect.set(window, "shop", shop);
