/**
 * Stripe's script and its elements in this page.
 *
 * Guarantee: the script comes from the address that the server names and is loaded when asked for;
 * what the elements look like follows the page's colours. Card data stays in Stripe's own frames.
 */

/** @typedef {import("@stripe/stripe-js").Stripe} Stripe */
/** @typedef {import("@stripe/stripe-js").StripeElements} StripeElements */

/**
 * @typedef {object} Settings
 * @property {string} script address of Stripe.js
 * @property {string} publishableKey
 * @property {import("./money.js").Currency} currency its code in lower case
 * @property {readonly string[]} methods Stripe's names; empty: what the account offers
 * @property {"none" | "billing" | "shipping"} address
 * @property {"none" | "optional" | "required"} phone
 * @property {readonly string[]} countries empty: all
 */

/**
 * @param {DOMStringMap} data of the order form
 * @returns {Settings}
 */
export function settingsOf(data) {
  const words = (/** @type {string | undefined} */ list) => (list ?? "").split(" ").filter(Boolean);
  const { address, phone } = data;
  return {
    script: data["script"] ?? "",
    publishableKey: data["publishableKey"] ?? "",
    currency: {
      code: data["currency"] ?? "",
      digits: Number(data["digits"]),
      step: Number(data["step"]),
    },
    methods: words(data["methods"]),
    address: address === "billing" || address === "shipping" ? address : "none",
    phone: phone === "required" || phone === "optional" ? phone : "none",
    countries: words(data["countries"]),
  };
}

/**
 * @param {Pick<Settings, "script" | "publishableKey">} settings
 * @returns {Promise<Stripe>} rejects when the script does not load
 */
export async function loadStripe({ script, publishableKey }) {
  if (window.Stripe === undefined) await addScript(script);
  const { Stripe } = window;
  if (Stripe === undefined) throw new Error("the script has no Stripe");
  return Stripe(publishableKey, { locale: "en" });
}

/** @param {string} url */
function addScript(url) {
  const script = document.createElement("script");
  script.src = url;
  return new Promise((resolve, reject) => {
    script.addEventListener("load", resolve);
    script.addEventListener("error", () => {
      script.remove();
      reject(new Error("the script could not be loaded"));
    });
    document.head.append(script);
  });
}

/**
 * @param {Stripe} stripe
 * @param {Settings} settings
 * @param {number} amount in minor units
 * @returns {StripeElements}
 */
export function createElements(stripe, { currency, methods }, amount) {
  return stripe.elements({
    mode: "payment",
    amount,
    currency: currency.code,
    captureMethod: "manual",
    appearance: appearanceOf(),
    ...(methods.length === 0 ? {} : { allowedPaymentMethodTypes: [...methods] }),
  });
}

/**
 * The fields that the page asks for itself are left out of Stripe's form.
 * @param {StripeElements} elements
 * @param {Settings} settings
 */
export function createPaymentElement(elements, { address }) {
  return elements.create("payment", {
    fields: {
      billingDetails: {
        email: "never",
        ...(address === "billing" ? { name: "never", address: "never" } : {}),
      },
    },
    // They have buttons of their own above.
    wallets: { applePay: "never", googlePay: "never" },
  });
}

const isDark = window.matchMedia("(prefers-color-scheme: dark)");

/** @param {() => StripeElements | null} elements */
export function followColours(elements) {
  isDark.addEventListener("change", () => {
    void elements()?.update({ appearance: appearanceOf() });
  });
}

/** @returns {import("@stripe/stripe-js").Appearance} */
function appearanceOf() {
  const probe = document.createElement("span");
  document.body.append(probe);
  const colour = (/** @type {string} */ name) => {
    probe.style.color = `var(${name})`;
    return getComputedStyle(probe).color;
  };
  const { fontFamily, fontSize } = getComputedStyle(document.body);
  const variables = {
    colorPrimary: colour("--accent"),
    colorBackground: colour("--surface"),
    colorText: colour("--ink"),
    colorTextSecondary: colour("--quiet"),
    colorDanger: colour("--bad"),
    borderRadius: "6px",
    fontFamily,
    fontSizeBase: fontSize,
  };
  const edge = colour("--edge");
  probe.remove();
  return {
    theme: isDark.matches ? "night" : "stripe",
    variables,
    rules: { ".Input": { borderColor: edge } },
  };
}

/**
 * @param {URLSearchParams} body of the form
 * @param {Settings} settings
 * @returns {import("@stripe/stripe-js").ConfirmationTokenCreateParams}
 */
export function tokenParams(body, { address: asked }) {
  const text = (/** @type {string} */ name) => (body.get(name) ?? "").trim();
  const name = text("name");
  const phone = text("phone");
  const address = {
    line1: text("line1"),
    line2: text("line2"),
    city: text("city"),
    state: text("region"),
    postal_code: text("postalCode"),
    country: text("country"),
  };
  return {
    payment_method_data: {
      billing_details: {
        email: text("email"),
        ...(name === "" ? {} : { name }),
        ...(phone === "" ? {} : { phone }),
        ...(asked === "billing" ? { address } : {}),
      },
    },
    ...(asked === "shipping"
      ? { shipping: { name, address, ...(phone === "" ? {} : { phone }) } }
      : {}),
  };
}
