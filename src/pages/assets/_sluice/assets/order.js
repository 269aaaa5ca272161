/**
 * Follows an order to its end without reloading the page.
 *
 * Guarantee: a final state stops the questions. Everything works without this script too, by
 * reloading.
 */
import { fetchJson, keepAsking } from "./asking.js";
import { fill, hideFallbacks, nameTab, say, showFor } from "./panel.js";
import { durationText, orderText } from "./text.js";

const FIRST_S = 0.5;
const SOON_S = 1;
const LATER_S = 4;
/** Most orders are done by then; the others wait for a bank or a breaker. */
const SOON_FOR_MS = 45_000;

/**
 * @typedef {object} Order
 * @property {string} state
 * @property {boolean} final
 * @property {string | null} [reason]
 * @property {boolean} [delayed]
 * @property {{ readonly url: string } | null} [action]
 */

/** @type {string} */
let shown = "";

/**
 * The shape is the contract's; anything that is no order has no state.
 * @param {unknown} body
 * @returns {body is Order}
 */
function isOrder(body) {
  return typeof body === "object" && body !== null && "state" in body && "final" in body;
}

/** @param {Order} order */
function show({ state, reason, action, delayed }) {
  const { heading, text } = orderText(state, reason ?? null, delayed === true);
  fill("heading", heading);
  fill("text", text);
  showFor(state);
  nameTab(heading);
  const link = document.querySelector("[data-action]");
  if (link instanceof HTMLAnchorElement && /^https?:/.test(action?.url ?? "")) {
    link.href = action?.url ?? "";
  }
  const words = `${heading}. ${text}`;
  if (shown !== "" && shown !== words) say(words);
  shown = words;
}

/** @param {number | null} after_s */
function showTrouble(after_s) {
  if (after_s === null) return fill("trouble", null);
  const words = "We cannot reach the shop right now. Your order is not affected; ";
  fill("trouble", `${words}we try again in ${durationText(after_s)}.`);
}

/**
 * @param {string} url
 * @returns {Promise<import("./asking.js").Next>}
 */
async function ask(url) {
  const answer = await fetchJson(url);
  const order = answer.body;
  if (answer.status !== 200 || !isOrder(order)) {
    return { kind: "troubled", retryAfter_s: answer.retryAfter_s };
  }
  show(order);
  if (order.final) return { kind: "done" };
  return { kind: "again", after_s: performance.now() < SOON_FOR_MS ? SOON_S : LATER_S };
}

function start() {
  const page = document.querySelector("[data-order]");
  if (!(page instanceof HTMLElement)) return;
  const { status } = page.dataset;
  if (status === undefined) return;
  hideFallbacks();
  const heading = document.querySelector('[data-slot="heading"]')?.textContent ?? "";
  const text = document.querySelector('[data-slot="text"]')?.textContent ?? "";
  shown = `${heading.trim()}. ${text.trim()}`;
  keepAsking({ ask: () => ask(status), first_s: FIRST_S, onTrouble: showTrouble });
}

start();
