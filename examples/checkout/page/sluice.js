/**
 * Sluice's shopper API as a shop's page calls it: the admission that the cart's link handed over,
 * in this tab's storage, and requests that carry it as a header.
 *
 * Guarantee: the admission leaves the address at once, so it is in no history, no copied link and
 * no `Referer`. No request has cookies.
 */

/**
 * What this tab knows: kept over the way to the bank and back.
 * @typedef {object} Visit
 * @property {string} sale
 * @property {string} admission
 * @property {string | null} device only in sales that tell devices apart
 * @property {string} key of the order; a new one after an order has ended
 * @property {Record<string, unknown> | null} unanswered an order that was sent, until it is
 * answered
 * @property {{ status: string, hasActed: boolean } | null} order that was placed
 * @property {Record<string, string>} [typed] in the form, until an order is confirmed
 */

/**
 * @typedef {object} Answer
 * @property {number} status 0 when there was none
 * @property {any} body a document of the API, or a problem
 * @property {number} retryAfter_s
 */

const meta = document.querySelector('meta[name="gate"]');
export const gate = meta instanceof HTMLMetaElement ? meta.content : "";

/** @returns {Visit | null} null for a visitor without an admission */
export function readVisit() {
  const handed = new URLSearchParams(location.hash.slice(1));
  cleanAddress();
  const sale = handed.get("sale");
  const admission = handed.get("admission");
  if (sale !== null && admission !== null) {
    const known = stored();
    const rest = { device: handed.get("device"), key: newKey(), unanswered: null, order: null };
    // The same admission again, such as by the link in the cart: an order under way is kept.
    const visit = known?.admission === admission ? known : { sale, admission, ...rest };
    keepVisit(visit);
    return visit;
  }
  return stored();
}

/** Removes the admission, and what Stripe adds on the way back from the bank, such as a secret. */
function cleanAddress() {
  const url = new URL(location.href);
  url.hash = "";
  for (const name of ["payment_intent", "payment_intent_client_secret", "redirect_status"]) {
    url.searchParams.delete(name);
  }
  history.replaceState(null, "", url);
}

/** @returns {Visit | null} */
function stored() {
  return JSON.parse(sessionStorage.getItem("visit") ?? "null");
}

/** @param {Visit} visit */
export function keepVisit(visit) {
  sessionStorage.setItem("visit", JSON.stringify(visit));
}

export function newKey() {
  return `shop-${crypto.randomUUID()}`;
}

/**
 * @param {Visit} visit
 * @param {string} method
 * @param {string} path after `/_sluice/v1`, or a whole address
 * @param {unknown} [body]
 * @param {Record<string, string>} [more] headers
 * @returns {Promise<Answer>}
 */
export async function call({ admission, device }, method, path, body, more = {}) {
  /** @type {Record<string, string>} */
  const headers = { "Sluice-Admission": admission, ...more };
  if (device !== null) headers["Sluice-Device"] = device;
  if (body !== undefined) headers["Content-Type"] = "application/json";
  try {
    const response = await fetch(new URL(path, `${gate}/_sluice/v1/`), {
      method,
      headers,
      credentials: "omit",
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const retryAfter_s = Number(response.headers.get("Retry-After") ?? 2);
    return { status: response.status, body: await response.json(), retryAfter_s };
  } catch {
    return { status: 0, body: null, retryAfter_s: 2 };
  }
}

/** Whether the same request may get another answer soon. @param {Answer} answer */
export function isTransient({ status }) {
  return status === 0 || status === 429 || status >= 500;
}

/** @param {number} seconds */
export function pause(seconds) {
  return new Promise((resolve) => setTimeout(resolve, seconds * 1000));
}
