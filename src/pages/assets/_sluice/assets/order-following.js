/**
 * Follows an order that was placed, in the page where the shopper is: says its state, does what the
 * bank asks for, and ends with the order.
 *
 * Guarantee: one order at a time. An action of the bank is begun by itself once at most, and only
 * for an order that was placed in this page; after that it is the shopper's to begin.
 */
import { CONFIRM_THERE, CONTINUE_HERE, errorText, NOT_CONFIRMED } from "./checkout-text.js";
import { announce, fill, nameTab } from "./panel.js";
import { fetchJson, keepPolling } from "./polling.js";
import { durationText, orderText } from "./text.js";

const FIRST_S = 0.3;
const SOON_S = 1;
const LATER_S = 4;
const SOON_FOR_MS = 45_000;

/**
 * @typedef {object} Order
 * @property {string} state
 * @property {boolean} final
 * @property {string | null} [reason]
 * @property {boolean} [delayed]
 * @property {boolean} [mayGiveUp]
 * @property {{ readonly kind: "redirect", readonly url: string }
 *   | { readonly kind: "script", readonly clientSecret: string }} [action]
 */

/**
 * @typedef {object} Following
 * @property {string} status address of the order in the API
 * @property {string} page address of the order's page
 * @property {boolean} isNew whether it was placed in this page
 * @property {() => Promise<import("@stripe/stripe-js").Stripe | null>} stripe null when Stripe.js
 *   could not be loaded
 * @property {(end: { readonly state: string, readonly reason: string | null }) => void} onEnd
 */

const panel = document.querySelector("[data-follow]");

/**
 * @param {string} selector
 * @returns {HTMLElement | null}
 */
function inPanel(selector) {
  const found = panel?.querySelector(selector) ?? null;
  return found instanceof HTMLElement ? found : null;
}

/** @param {boolean} isShown */
function showPanel(isShown) {
  if (panel instanceof HTMLElement) panel.hidden = !isShown;
  for (const part of document.querySelectorAll("main > .columns, main > .strip")) {
    if (part instanceof HTMLElement) part.hidden = isShown;
  }
}

/**
 * Checks only that it is an order, because the API's contract guarantees the rest.
 * @param {unknown} body
 * @returns {body is Order}
 */
function isOrder(body) {
  return typeof body === "object" && body !== null && "state" in body && "final" in body;
}

class Follower {
  #startedAt_ms = performance.now();
  #actions = new AbortController();
  /** What was announced last. */
  #announced = "";
  #hasBegun;
  #isActing = false;
  #following;
  /** @type {Order["action"]} */
  #action;

  /** @param {Following} following */
  constructor(following) {
    this.#following = following;
    this.#hasBegun = !following.isNew;
  }

  start() {
    const { signal } = this.#actions;
    inPanel("[data-act]")?.addEventListener("click", () => void this.#act(), { signal });
    inPanel("[data-give-up]")?.addEventListener("click", () => void this.#giveUp(), { signal });
    const link = inPanel("[data-order-page]");
    if (link instanceof HTMLAnchorElement) link.href = this.#following.page;
    showPanel(true);
    if (this.#following.isNew) inPanel("h2")?.focus();
    keepPolling({ poll: () => this.#poll(), first_s: FIRST_S, onTrouble: showTrouble });
  }

  /** @returns {Promise<import("./polling.js").Next>} */
  async #poll() {
    const answer = await fetchJson(this.#following.status);
    const order = answer.body;
    if (answer.status !== 200 || !isOrder(order)) {
      return { kind: "troubled", retryAfter_s: answer.retryAfter_s };
    }
    this.#action = order.action;
    this.#show(order);
    if (order.final) {
      this.#actions.abort();
      this.#following.onEnd({ state: order.state, reason: order.reason ?? null });
      return { kind: "done" };
    }
    if (this.#action !== undefined && !this.#hasBegun) void this.#act();
    const isSoon = performance.now() - this.#startedAt_ms < SOON_FOR_MS;
    return { kind: "again", after_s: isSoon ? SOON_S : LATER_S };
  }

  /** @param {Order} order */
  #show({ state, reason, delayed, mayGiveUp, final }) {
    const { heading, text } = orderText(state, reason ?? null, delayed === true);
    const waits = state === "action_required" && this.#action?.kind === "script";
    fill("heading", heading);
    const here = this.#isActing ? CONFIRM_THERE : CONTINUE_HERE;
    fill("text", waits ? here : text);
    nameTab(heading);
    const announcement = `${heading}. ${text}`;
    if (this.#announced !== announcement) announce(announcement);
    this.#announced = announcement;
    const needsShopper = state === "action_required" && !this.#isActing;
    hide("[data-act]", !needsShopper || this.#action === undefined);
    hide("[data-give-up]", mayGiveUp !== true || !(needsShopper || delayed === true));
    hide("[data-busy]", needsShopper || final);
  }

  async #act() {
    const action = this.#action;
    if (action === undefined || this.#isActing) return;
    this.#hasBegun = true;
    if (action.kind === "redirect") {
      if (/^https?:/.test(action.url)) location.assign(action.url);
      return;
    }
    this.#isActing = true;
    hide("[data-act]", true);
    fill("text", CONFIRM_THERE);
    const stripe = await this.#following.stripe();
    const { clientSecret } = action;
    const outcome = await stripe?.handleNextAction({ clientSecret }).catch(() => null);
    this.#isActing = false;
    fill("trouble", troubleOf(stripe === null ? null : outcome));
  }

  async #giveUp() {
    hide("[data-give-up]", true);
    const url = new URL(this.#following.status, location.href);
    url.pathname += "/actions";
    await fetchJson(url.href, { method: "POST", body: JSON.stringify({ action: "give_up" }) });
  }
}

/**
 * @typedef {import("@stripe/stripe-js").Stripe["handleNextAction"]} HandleNextAction
 */

/** @param {Awaited<ReturnType<HandleNextAction>> | null | undefined} outcome null when it failed */
function troubleOf(outcome) {
  if (outcome === null || outcome === undefined) return NOT_CONFIRMED;
  return outcome.error === undefined ? null : errorText(outcome.error, NOT_CONFIRMED);
}

/** @param {number | null} after_s */
function showTrouble(after_s) {
  const reason = "We cannot reach the shop right now. Your order is not affected;";
  fill("trouble", after_s === null ? null : `${reason} we try again in ${durationText(after_s)}.`);
}

/** @param {Following} following */
export function followOrder(following) {
  new Follower(following).start();
}

/** Back to the form, with all that was typed. */
export function showForm() {
  fill("trouble", null);
  showPanel(false);
}

/**
 * @param {string} selector
 * @param {boolean} isHidden
 */
function hide(selector, isHidden) {
  const part = inPanel(selector);
  if (part !== null) part.hidden = isHidden;
}
