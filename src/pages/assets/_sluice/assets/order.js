/**
 * Keeps the page of an order current until its final state. It is loaded again for what only the
 * server's page has: what the bank asks for, and a confirmed order.
 *
 * Guarantee: a final state stops the polling. Without this script the page reloads itself instead.
 */
import { forgetInput } from "./kept-input.js";
import { announce, fill, hideFallbacks, nameTab, showFor } from "./panel.js";
import { fetchJson, keepPolling } from "./polling.js";
import { durationText, orderText } from "./text.js";

const FIRST_S = 0.5;
const SOON_S = 1;
const LATER_S = 4;
/** Most orders are final by then; the others wait for a bank or a breaker. */
const SOON_FOR_MS = 45_000;

/**
 * @typedef {object} Order
 * @property {string} state
 * @property {boolean} final
 * @property {string | null} [reason]
 * @property {boolean} [delayed]
 * @property {boolean} [mayGiveUp]
 */

/** @type {string} */
let shown = "";

/**
 * Checks only that it is an order, because the API's contract guarantees the rest.
 * @param {unknown} body
 * @returns {body is Order}
 */
function isOrder(body) {
  return typeof body === "object" && body !== null && "state" in body && "final" in body;
}

/** The states for which the server's page has more than a text. */
const WITH_MORE = new Set(["action_required", "confirmed"]);

/** @param {Order} order */
function show({ state, reason, delayed, mayGiveUp }) {
  const { heading, text } = orderText(state, reason ?? null, delayed === true);
  fill("heading", heading);
  fill("text", text);
  showFor(state);
  nameTab(heading);
  const givingUp = document.querySelector("[data-may-give-up]");
  if (givingUp instanceof HTMLElement) givingUp.hidden = mayGiveUp !== true;
  const announcement = `${heading}. ${text}`;
  if (shown !== "" && shown !== announcement) announce(announcement);
  shown = announcement;
}

/** @param {number | null} after_s */
function showTrouble(after_s) {
  if (after_s === null) return fill("trouble", null);
  const reason = "We cannot reach the shop right now. Your order is not affected;";
  fill("trouble", `${reason} we try again in ${durationText(after_s)}.`);
}

/**
 * @param {string} url
 * @param {string} rendered the state in the server's page
 * @returns {Promise<import("./polling.js").Next>}
 */
async function poll(url, rendered) {
  const answer = await fetchJson(url);
  const order = answer.body;
  if (answer.status !== 200 || !isOrder(order)) {
    return { kind: "troubled", retryAfter_s: answer.retryAfter_s };
  }
  if (order.state !== rendered && WITH_MORE.has(order.state)) {
    location.reload();
    return { kind: "done" };
  }
  show(order);
  if (order.final) return { kind: "done" };
  return { kind: "again", after_s: performance.now() < SOON_FOR_MS ? SOON_S : LATER_S };
}

function start() {
  const page = document.querySelector("[data-order]");
  if (!(page instanceof HTMLElement)) return;
  const { status, state = "", final, sale = "" } = page.dataset;
  if (state === "confirmed") forgetInput(sale);
  hideFallbacks();
  if (status === undefined || final !== undefined) return;
  const heading = document.querySelector('[data-slot="heading"]')?.textContent ?? "";
  const text = document.querySelector('[data-slot="text"]')?.textContent ?? "";
  shown = `${heading.trim()}. ${text.trim()}`;
  keepPolling({ poll: () => poll(status, state), first_s: FIRST_S, onTrouble: showTrouble });
}

start();
