/**
 * The checkout's form without reloading the page: sends it to the server, and takes over the parts
 * of the page that comes back (`data-part`).
 *
 * Guarantee: the server's page is the only source of prices, fields and faults. What was typed
 * since the form was sent is kept, and so is the focus. Text never becomes markup.
 */
import { CART_CHANGED } from "./checkout-text.js";

/** Longer than the server waits for anything. */
const ANSWER_TIMEOUT_MS = 20_000;

/**
 * `page`: the checkout, with another total or with faults. `order`: it was placed, or had been.
 * `notice`: the visit is over, or the like, which the server's own page explains. `silent`: no
 * answer, so nothing is known.
 * @typedef {{ readonly kind: "page", readonly page: Document }
 *   | { readonly kind: "order", readonly page: Document, readonly url: string }
 *   | { readonly kind: "notice" }
 *   | { readonly kind: "silent" }} Answer
 */

/**
 * All that the form has, as its buttons would send it.
 * @param {HTMLFormElement} form
 * @param {"update" | "pay"} step
 * @param {Readonly<Record<string, string>>} [more] instead of what is in the fields
 */
export function bodyOf(form, step, more = {}) {
  const body = new URLSearchParams();
  for (const [name, value] of new FormData(form)) {
    if (typeof value === "string") body.set(name, value);
  }
  body.set("step", step);
  for (const [name, value] of Object.entries(more)) body.set(name, value);
  return body;
}

/**
 * @param {HTMLFormElement} form
 * @param {URLSearchParams} body
 * @param {AbortSignal} [stopped]
 * @returns {Promise<Answer>}
 */
export async function sendForm(form, body, stopped) {
  const timeout = AbortSignal.timeout(ANSWER_TIMEOUT_MS);
  const signal = stopped === undefined ? timeout : AbortSignal.any([timeout, stopped]);
  try {
    const response = await fetch(form.action, {
      method: "POST",
      body,
      signal,
      credentials: "same-origin",
      headers: { accept: "text/html" },
    });
    if (response.status >= 500 || response.status === 429) return { kind: "silent" };
    const page = new DOMParser().parseFromString(await response.text(), "text/html");
    if (page.querySelector("[data-order]") !== null) {
      return { kind: "order", page, url: response.url };
    }
    const isCheckout = page.querySelector('[data-part="amounts"], [data-follow][data-status]');
    return isCheckout === null ? { kind: "notice" } : { kind: "page", page };
  } catch {
    return { kind: "silent" };
  }
}

/**
 * @param {Document} page
 * @param {URLSearchParams} sent what the page answers
 */
export function takeParts(page, sent) {
  const focused = document.activeElement?.id ?? "";
  for (const part of document.querySelectorAll("[data-part]")) {
    if (!(part instanceof HTMLElement)) continue;
    const next = page.querySelector(`[data-part="${part.dataset["part"] ?? ""}"]`);
    if (!(next instanceof HTMLElement)) continue;
    const adopted = document.importNode(next, true);
    keepTyped(part, adopted, sent);
    part.replaceWith(adopted);
  }
  if (focused !== "" && document.activeElement === document.body) {
    document.getElementById(focused)?.focus();
  }
}

/**
 * @param {HTMLElement} from
 * @param {HTMLElement} to
 * @param {URLSearchParams} sent
 */
function keepTyped(from, to, sent) {
  for (const input of from.querySelectorAll("input")) {
    const target = to.querySelector(`input[name="${CSS.escape(input.name)}"]`);
    if (!(target instanceof HTMLInputElement)) continue;
    if (input.type === "checkbox") {
      const [was, is] = [from, to].map((part) => part.querySelector("span")?.innerHTML);
      // Other terms are not accepted yet.
      target.checked = input.checked && was === is;
    } else if (input.type !== "hidden" && input.type !== "radio") {
      const isNewer = input.value.trim() !== (sent.get(input.name) ?? "").trim();
      if (isNewer) target.value = input.value;
    }
  }
}

/** Moves to the faults, so that screen readers say them. */
export function showFaults() {
  const summary = document.querySelector('[data-part="faults"] .faults');
  if (!(summary instanceof HTMLElement)) return;
  summary.tabIndex = -1;
  summary.focus();
}

/**
 * Faults that no page of the server has, in the same place and form.
 * @param {string} heading
 * @param {string} text
 */
export function sayFault(heading, text) {
  const place = document.querySelector('[data-part="faults"]');
  if (place === null) return;
  const summary = document.createElement("div");
  summary.className = "faults";
  summary.setAttribute("role", "alert");
  const title = document.createElement("h2");
  title.textContent = heading;
  const message = document.createElement("p");
  message.textContent = text;
  summary.append(title, message);
  place.replaceChildren(summary);
  showFaults();
}

/** @returns {string} the first fault that the page shows; empty when there is none */
export function firstFault() {
  const [first] = document.querySelectorAll('[data-part="faults"] :is(li, p)');
  return first?.textContent?.trim() ?? "";
}

export function clearFaults() {
  document.querySelector('[data-part="faults"]')?.replaceChildren();
}

/**
 * The quote that the page shows: what the server has worked out for what was entered.
 * @typedef {object} Shown
 * @property {number} total in minor units; 0 while there is nothing to pay
 * @property {string} totalText
 * @property {boolean} isPayable whether nothing is missing for the total
 * @property {readonly string[]} missing what the total still depends on: country, delivery
 * @property {string} delivery the id of the option in the total; empty when there is none
 * @property {import("./express-checkout.js").Amounts} amounts
 * @property {readonly import("./express-checkout.js").Delivery[]} options of delivery
 */

const NO_QUOTE = {
  amounts: { items: 0, discount: 0, delivery: 0, tax: 0, total: 0 },
  delivery: "",
  missing: ["quote"],
  options: [],
};

/** @returns {Shown} */
export function sumShown() {
  const part = document.querySelector('[data-part="amounts"]');
  const { quote = "{}", totalText = "" } = part instanceof HTMLElement ? part.dataset : {};
  /** @type {Pick<Shown, "amounts" | "delivery" | "missing" | "options">} */
  const shown = { ...NO_QUOTE, ...JSON.parse(quote) };
  return { ...shown, total: shown.amounts.total, totalText, isPayable: shown.missing.length === 0 };
}

/**
 * Whether two orders are the same but for the payment's token.
 * @param {URLSearchParams} one
 * @param {URLSearchParams} other
 */
export function isSame(one, other) {
  const [stated, again] = [one, other].map((body) => {
    return JSON.stringify([...body].filter(([name]) => name !== "payment"));
  });
  return stated === again;
}

/**
 * Whether what is chosen or entered differs from what the server's page, and so its total, is for.
 * @param {HTMLFormElement} form
 */
export function isChanged(form) {
  const discount = form.elements.namedItem("discount");
  if (discount instanceof HTMLInputElement) {
    if (discount.value.trim() !== discount.defaultValue.trim()) return true;
  }
  return [...form.querySelectorAll("[data-updates]")].some((input) => {
    if (input instanceof HTMLInputElement) return input.checked !== input.defaultChecked;
    if (!(input instanceof HTMLSelectElement)) return false;
    const options = [...input.options];
    const shown = options.find((option) => option.defaultSelected) ?? options[0];
    return input.selectedOptions[0] !== shown;
  });
}

/**
 * Whether another quantity is chosen than the order states. Says so, because the cart has its own
 * button.
 * @param {HTMLFormElement} form
 */
export function asksForCart(form) {
  const fields = document.querySelectorAll('[data-part="cart"] [name^="quantity:"]');
  const stated = new FormData(form);
  const isOther = [...fields].some((field) => {
    const isField = field instanceof HTMLSelectElement || field instanceof HTMLInputElement;
    return isField && field.value !== stated.get(field.name);
  });
  if (isOther) sayFault("Not ordered", CART_CHANGED);
  return isOther;
}

/**
 * @param {HTMLFormElement} form
 * @param {Readonly<Record<string, string>>} fields
 */
export function setFields(form, fields) {
  for (const [name, value] of Object.entries(fields)) {
    const input = form.elements.namedItem(name);
    if (input instanceof HTMLInputElement || input instanceof HTMLSelectElement)
      input.value = value;
  }
}

/** The field to return to. @type {Element | null} */
let focused = null;

/**
 * Lets nothing be entered while an order is on its way. Stripe's elements stay usable, because they
 * move to a field that is missing or wrong.
 * @param {HTMLFormElement} form
 * @param {boolean} isHeld
 */
export function holdFields(form, isHeld) {
  if (isHeld && form.contains(document.activeElement)) focused = document.activeElement;
  for (const part of form.children) {
    if (!(part instanceof HTMLElement) || part.querySelector("[data-payment-element]")) continue;
    part.inert = isHeld;
  }
  if (isHeld) return;
  if (document.activeElement === document.body && focused instanceof HTMLElement) focused.focus();
  focused = null;
}
