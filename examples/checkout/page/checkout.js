/**
 * A shop's own checkout page, on the shop's host: shows what is held, takes the payment details
 * with Stripe's Payment Element, orders at Sluice, and follows the order, also over the bank and
 * back.
 *
 * Guarantee: an order states the total that the button shows. The same order has the same
 * Idempotency-Key and the same body however often it is sent, so it is placed once.
 */
import { entered, keepTyped, showCountries } from "./form.js";
import { call, gate, isTransient, keepVisit, newKey, pause, readVisit } from "./sluice.js";

/** @typedef {import("@stripe/stripe-js").Stripe} Stripe */
/** @typedef {import("@stripe/stripe-js").StripeElements} StripeElements */

const TRIES_MAX = 5;
const POLL_S = 1;
/** @type {Record<string, string>} Why an order ended; Sluice tells no reason of a bank. */
const REASONS = {
  given_up: "",
  payment_unavailable: "The shop cannot take this payment right now. ",
  action_abandoned: "The bank got no answer in time. ",
};
const WAITING = "We are waiting for your bank. Keep this page open.";
const DECLINED = "The bank declined the payment. ";
/** @type {Record<string, string>} What a quote may lack, as a shopper calls it. */
const NEEDED = { country: "the country", delivery: "a delivery" };

/** @type {HTMLFormElement} */
const form = find("#order");
const button = find("#order button");
const act = find("[data-act]");
const giveUp = find("[data-give-up]");
const visit = readVisit();

/** @type {any} The public document of the sale. */
let sale = null;
/** @type {any} The last quote. */
let quote = null;
/** @type {any} What the shopper must do for the payment to go on, as the order says. */
let action;
/** @type {Stripe | null} */
let stripe = null;
/** @type {StripeElements | null} */
let elements = null;

/** @param {string} selector @returns {any} the element; the page has it */
function find(selector) {
  return document.querySelector(selector);
}

/** @param {string} text */
function say(text) {
  find("#message").textContent = text;
}

/** @param {number} amount in the minor unit @returns {string} */
function money(amount) {
  const { currency, currencyDigits: digits } = sale;
  const format = { style: /** @type {const} */ ("currency"), currency };
  return new Intl.NumberFormat("en", { ...format, minimumFractionDigits: digits }).format(
    amount / 10 ** digits,
  );
}

/** Adds a link to what is said. @param {string} href @param {string} textContent */
function link(href, textContent) {
  find("#message").append(Object.assign(document.createElement("a"), { href, textContent }));
}

async function start() {
  if (visit === null) {
    say("Your turn is needed first: come here from your cart. ");
    return link(`${gate}/_sluice/shop`, "To the shop");
  }
  const [read, cart] = await Promise.all([
    call(visit, "GET", `sales/${visit.sale}`),
    call(visit, "GET", `sales/${visit.sale}/cart`),
  ]);
  if (read.status !== 200) return refused(read.body);
  sale = read.body;
  showFields(sale.checkout);
  keepTyped(visit);
  if (visit.unanswered !== null) return order(visit.unanswered);
  if (visit.order !== null) return follow();
  if (cart.status !== 200) return refused(cart.body);
  if (cart.body.lines.length === 0) {
    say("Your cart is empty. ");
    return link(`${gate}/_sluice/shop/${visit.sale}`, "To the shop");
  }
  return showForm();
}

/** @param {any} checkout what the sale asks for */
function showFields({ address, phone, countries, terms }) {
  const fields = find("[data-address]");
  fields.hidden = address === "none";
  fields.disabled = address === "none";
  find("[data-phone]").hidden = phone === "none";
  form["phone"].required = phone === "required";
  showCountries(countries);
  find("[data-terms]").hidden = terms === null;
  form["terms"].required = terms !== null;
  if (terms !== null) find("[data-terms] a").href = terms.url;
}

/** Back to the form, with all that was typed. */
async function showForm() {
  find("#following").hidden = true;
  form.hidden = false;
  if ((await price()) && elements === null) mount();
}

/** Asks what the cart costs as it is now, and shows it. @returns {Promise<boolean>} */
async function price() {
  if (visit === null) return false;
  button.disabled = true;
  const cart = await call(visit, "GET", `sales/${visit.sale}/cart`);
  if (cart.status !== 200) {
    refused(cart.body);
    return false;
  }
  const lines = cart.body.lines.map((/** @type {any} */ { sku, quantity }) => ({
    sku,
    quantity,
  }));
  const country = entered("country");
  const delivery = entered("delivery");
  const asked = {
    lines,
    ...(country === "" ? {} : { country }),
    ...(delivery === "" ? {} : { delivery }),
  };
  const answer = await call(visit, "POST", `sales/${visit.sale}/quotes`, asked);
  // The chosen delivery is not offered in the country that was entered since.
  if (answer.body?.code === "delivery_unknown") {
    showDelivery(answer.body.deliveryOptions);
    form["delivery"].value = "";
    return price();
  }
  if (answer.status !== 200) {
    refused(answer.body);
    return false;
  }
  showQuote(answer.body);
  return true;
}

/** @param {any} next */
function showQuote(next) {
  quote = next;
  const { lines, amounts, deliveryOptions, missing } = quote;
  const rows = lines.map((/** @type {any} */ { quantity, name, price }) => {
    return `${quantity} × ${name}: ${money(price * quantity)}`;
  });
  if (amounts.delivery > 0) rows.push(`Delivery: ${money(amounts.delivery)}`);
  if (amounts.tax > 0) rows.push(`Tax: ${money(amounts.tax)}`);
  find("#lines").replaceChildren(
    ...rows.map((/** @type {string} */ row) =>
      Object.assign(document.createElement("li"), { textContent: row }),
    ),
  );
  showDelivery(deliveryOptions);
  // While something is missing the total is not the one that would be paid.
  button.textContent = missing.length > 0 ? "Pay" : `Pay ${money(amounts.total)}`;
  button.disabled = missing.length > 0;
  const needed = missing.map((/** @type {string} */ name) => NEEDED[name] ?? name);
  find("#needed").textContent =
    needed.length === 0 ? "" : `Enter ${needed.join(" and ")} to see the total and to pay.`;
  void elements?.update({ amount: amounts.total });
}

/** @param {any[]} options */
function showDelivery(options) {
  const chosen = entered("delivery");
  find("[data-delivery]").hidden = options.length === 0;
  const choices = options.map(({ id, name, price }) => new Option(`${name}, ${money(price)}`, id));
  form["delivery"].replaceChildren(new Option("Choose", ""), ...choices);
  form["delivery"].value = chosen;
}

/** Stripe's deferred flow: the payment is created by Sluice, when the order is placed. */
function mount() {
  const { payment, paymentMethods } = sale.checkout;
  if (payment === null || window.Stripe === undefined) {
    return say("The payment form could not be loaded. Reload the page; your cart is reserved.");
  }
  stripe = window.Stripe(payment.publishableKey);
  elements = stripe.elements({
    mode: "payment",
    amount: quote.amounts.total,
    currency: sale.currency.toLowerCase(),
    captureMethod: "manual",
    appearance: { theme: matchMedia("(prefers-color-scheme: dark)").matches ? "night" : "stripe" },
    ...(paymentMethods.length === 0 ? {} : { allowedPaymentMethodTypes: paymentMethods }),
  });
  elements.create("payment", { fields: { billingDetails: { email: "never" } } }).mount("#payment");
}

async function pay() {
  if (stripe === null || elements === null || button.disabled) return;
  button.disabled = true;
  say("");
  const email = entered("email");
  const checked = await elements.submit();
  const made =
    checked.error === undefined
      ? await stripe.createConfirmationToken({
          elements,
          params: { payment_method_data: { billing_details: { email } } },
        })
      : checked;
  if (made.error !== undefined || !("confirmationToken" in made)) {
    button.disabled = false;
    return say(made.error?.message ?? "Check the payment details.");
  }
  return order(orderOf(email, made.confirmationToken.id));
}

/** @param {string} email @param {string} confirmationToken */
function orderOf(email, confirmationToken) {
  const { address } = sale.checkout;
  const place = Object.fromEntries(
    ["name", "line1", "postalCode", "city", "country"]
      .map((field) => [field, entered(field)])
      .filter(([, text]) => text !== ""),
  );
  const phone = entered("phone");
  const delivery = entered("delivery");
  return {
    sale: sale.id,
    lines: quote.lines.map((/** @type {any} */ line) => {
      return { sku: line.sku, quantity: line.quantity, price: line.price };
    }),
    expectedTotal: quote.amounts.total,
    offer: quote.offer,
    buyer: { email, ...(phone === "" ? {} : { phone }) },
    payment: { confirmationToken },
    ...(address === "shipping" ? { shipTo: place } : {}),
    ...(address === "billing" ? { billTo: place } : {}),
    ...(delivery === "" ? {} : { delivery }),
    ...(sale.checkout.terms === null ? {} : { acceptedTerms: form["terms"].checked }),
    // Stripe adds its parameters; this page then finds the order in its storage.
    returnUrl: location.origin + location.pathname,
  };
}

/** @param {Record<string, unknown>} body */
async function order(body) {
  if (visit === null) return;
  // Kept before it is sent: after a lost answer, or a reload, the very same is sent again.
  keepVisit(Object.assign(visit, { unanswered: body }));
  let answer;
  for (let tries = 0; tries < TRIES_MAX; tries += 1) {
    answer = await call(visit, "POST", "orders", body, { "Idempotency-Key": visit.key });
    if (!isTransient(answer)) break;
    say("The shop does not answer. We try again; you are charged once.");
    await pause(answer.retryAfter_s);
  }
  if (answer === undefined || isTransient(answer)) {
    return say("The shop does not answer. Reload this page to try again; you are charged once.");
  }
  keepVisit(Object.assign(visit, { unanswered: null }));
  if (answer.status === 202) {
    keepVisit(Object.assign(visit, { order: { status: answer.body.statusUrl, hasActed: false } }));
    return follow();
  }
  keepVisit(Object.assign(visit, { key: newKey() }));
  await showForm();
  if (answer.body.code !== "price_changed") return refused(answer.body);
  const was = money(Number(body["expectedTotal"]));
  const now = money(answer.body.quote.amounts.total);
  return say(
    `The price was ${was} and is ${now} now. Nothing was charged. Pay again if you agree.`,
  );
}

async function follow() {
  form.hidden = true;
  find("#following").hidden = false;
  say(visit?.order?.hasActed ? WAITING : "Your payment is being processed.");
  for (;;) {
    if (visit === null || visit.order === null) return;
    const { status, hasActed } = visit.order;
    // The address has the order's key, so this needs no header and no preflight.
    const answer = await fetch(status, { credentials: "omit" })
      .then((response) => (response.ok ? response.json() : null))
      .catch(() => null);
    if (answer?.final) return finish(answer);
    const { mayGiveUp } = answer ?? {};
    action = answer?.action;
    act.hidden = action === undefined;
    giveUp.hidden = action === undefined || mayGiveUp !== true;
    if (action !== undefined && !hasActed) void authenticate();
    await pause(POLL_S);
  }
}

/** 3-D Secure: at the bank's page, or in a dialog of Stripe.js. */
async function authenticate() {
  if (visit === null || visit.order === null || action === undefined) return;
  visit.order.hasActed = true;
  keepVisit(visit);
  say("Your bank asks you to confirm the payment.");
  if (action.kind === "redirect") return location.assign(action.url);
  stripe ??= window.Stripe?.(sale.checkout.payment.publishableKey) ?? null;
  const outcome = await stripe?.handleNextAction({ clientSecret: action.clientSecret });
  say(outcome?.error === undefined ? WAITING : (outcome.error.message ?? "It was not confirmed."));
}

/** @param {any} ended the order */
async function finish(ended) {
  if (visit === null || visit.order === null) return;
  const key = new URL(visit.order.status).searchParams.get("key");
  keepVisit(Object.assign(visit, { order: null, key: newKey() }));
  find("#following").hidden = true;
  if (ended.state !== "confirmed") {
    await showForm();
    const why = REASONS[ended.reason] ?? DECLINED;
    return say(`${why}Nothing was charged. Choose how to pay.`);
  }
  keepVisit(Object.assign(visit, { typed: {} }));
  say(`Thank you: your order is confirmed, ${money(ended.total)}. `);
  link(`${gate}/_sluice/shop/${ended.sale}/orders/${ended.id}?key=${key}`, "Order and receipt");
}

/** @param {any} problem of the API, which says what to do next */
function refused(problem) {
  const fields = (problem?.errors ?? []).map((/** @type {any} */ { path, message }) => {
    return `${path}: ${message}`;
  });
  say([problem?.title ?? "The shop does not answer", problem?.detail, ...fields].join(". "));
  if (!String(problem?.code).startsWith("admission_")) return;
  link(`${gate}/_sluice/shop/${visit?.sale ?? ""}`, " Join the line");
}

form.addEventListener("submit", (event) => {
  event.preventDefault();
  void pay();
});
for (const name of ["country", "delivery"])
  form[name].addEventListener("change", () => void price());
act.addEventListener("click", () => void authenticate());
giveUp.addEventListener("click", () => {
  if (visit === null || visit.order === null) return;
  const url = new URL(visit.order.status);
  url.pathname += "/actions";
  void call(visit, "POST", url.href, { action: "give_up" });
});
void start();
