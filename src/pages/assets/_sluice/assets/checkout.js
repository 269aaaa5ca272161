/**
 * The checkout: keeps the total up to date, has the payment details taken by Stripe's elements,
 * sends the order, and follows it.
 *
 * Guarantee: an order is what the button said when it was pressed, with the page's idempotency key;
 * no answer or choice after that changes it. A total of another choice is updated first, and asked
 * for again. An order without an answer is sent again as it was, so it is placed once; with the
 * same key after a change, the page shows the order that was placed. What was typed stays.
 */
import * as text from "./checkout-text.js";
import {
  asksForCart,
  bodyOf,
  clearFaults,
  firstFault,
  holdFields,
  isChanged,
  isSame,
  sayFault,
  sendForm,
  setFields,
  showFaults,
  sumShown,
  takeParts,
} from "./checkout-form.js";
import { fieldsOf } from "./express-checkout.js";
import { forgetInput, keepInput, keptInput } from "./kept-input.js";
import { moneyText } from "./money.js";
import { followOrder, showForm } from "./order-following.js";
import { announce, fill, hideFallbacks } from "./panel.js";
import { settingsOf } from "./payment-elements.js";
import { PaymentForm } from "./payment-form.js";
import { orderText } from "./text.js";

/** Pauses before an order without an answer is sent again. */
const AGAIN_AFTER_MS = [1000, 2000, 4000];

/** @typedef {import("./express-checkout.js").ConfirmEvent} ConfirmEvent */

const found = document.querySelector("[data-checkout]");
const data = found instanceof HTMLElement ? found.dataset : {};
const form = found instanceof HTMLFormElement ? found : null;

const settings = settingsOf(data);
const sale = data["sale"] ?? "";
const cart = data["cart"] ?? "";

const payment = new PaymentForm({
  settings,
  form,
  quotes: data["quotes"] ?? "",
  // No update's answer may change the amount that the wallet shows.
  onOpen: () => {
    stopUpdate();
    fill("payment-trouble", null);
  },
  onCancel: (trouble) => {
    if (form !== null && isChanged(form)) void update();
    fill("payment-trouble", trouble);
    return sumShown().total;
  },
  onConfirm: (event, shown) => void payByWallet(event, shown),
});
let isBusy = false;
/** The order that was sent and not answered. @type {URLSearchParams | null} */
let unanswered = null;
/**
 * The update under way; another one takes its place.
 * @type {{ readonly stop: AbortController, readonly done: Promise<boolean> } | null}
 */
let updating = null;

/**
 * Gets the page again for what is entered, and takes over what depends on it.
 * @param {Readonly<Record<string, string>>} [more] instead of what is in the fields
 * @returns {Promise<boolean>} whether the page is up to date
 */
function update(more = {}) {
  stopUpdate();
  const stop = new AbortController();
  const done = askPage(more, stop.signal);
  updating = { stop, done };
  return done;
}

/** Its answer is not taken over. */
function stopUpdate() {
  updating?.stop.abort();
  updating = null;
}

/**
 * @param {Readonly<Record<string, string>>} more
 * @param {AbortSignal} stopped
 */
async function askPage(more, stopped) {
  if (form === null) return false;
  const body = bodyOf(form, "update", more);
  keepInput(sale, body);
  const answer = await sendForm(form, body, stopped);
  if (stopped.aborted) return false;
  updating = null;
  if (answer.kind === "notice") {
    location.assign(cart);
    return false;
  }
  if (answer.kind !== "page") {
    sayFault("Not updated", text.NOT_UPDATED);
    return false;
  }
  takePage(answer.page, body);
  return true;
}

/**
 * @param {Document} page
 * @param {URLSearchParams} sent
 */
function takePage(page, sent) {
  const before = sumShown().total;
  takeParts(page, sent);
  const { total } = sumShown();
  payment.followTotal();
  const label = document.querySelector('[data-part="pay-label"]')?.textContent ?? "";
  if (before !== total) announce(label);
  showFaults();
  follow(page, false);
}

/**
 * Follows the order that the page is about, if there is one.
 * @param {Document} page
 * @param {boolean} isNew
 * @param {string} [url] address of the order's page
 */
function follow(page, isNew, url) {
  const named = page.querySelector("[data-status]");
  const status = named instanceof HTMLElement ? named.dataset["status"] : undefined;
  if (status === undefined) return false;
  const link = page.querySelector("[data-order-page]")?.getAttribute("href") ?? cart;
  const orderPage = url ?? link;
  followOrder({
    status,
    page: orderPage,
    isNew,
    stripe: () => payment.stripeOrNull(),
    onEnd: ({ state, reason }) => endOrder(state, reason, orderPage),
  });
  return true;
}

/**
 * @param {string} state
 * @param {string | null} reason
 * @param {string} page
 */
function endOrder(state, reason, page) {
  isBusy = false;
  if (state === "confirmed") forgetInput(sale);
  if (state !== "declined" || form === null) return location.replace(page);
  // Another order, with a key of its own: the old key names the one that was declined.
  const key = form.elements.namedItem("key");
  if (key instanceof HTMLInputElement) key.value = `page-${crypto.randomUUID()}`;
  unanswered = null;
  showForm();
  setState(null);
  const { heading, text: why } = orderText(state, reason);
  sayFault(heading, `${why} What you entered is still here.`);
}

/** @param {string | null} state what the page is busy with; null when it is not */
function setState(state) {
  fill("payment-state", state);
  const button = document.querySelector("[data-pay] button");
  if (button instanceof HTMLButtonElement) button.disabled = state !== null;
  if (form !== null) holdFields(form, state !== null);
  announce(state ?? "");
}

/**
 * @param {string} message
 * @param {ConfirmEvent} [wallet]
 */
function payFailed(message, wallet) {
  isBusy = false;
  setState(null);
  wallet?.paymentFailed({ reason: "fail" });
  fill("payment-trouble", message);
}

async function pay() {
  if (form === null || isBusy) return;
  clearFaults();
  fill("payment-trouble", null);
  if (asksForCart(form)) return;
  if (!payment.isMounted || !sumShown().isPayable) return void (await update());
  isBusy = true;
  const pressed = bodyOf(form, "pay");
  const { totalText } = sumShown();
  setState(text.CHECKING);
  const isUpdated = await (updating?.done ?? (isChanged(form) ? update() : true));
  if (isUpdated && isSame(pressed, bodyOf(form, "pay"))) return order(pressed);
  isBusy = false;
  setState(null);
  if (isUpdated) sayFault("Not ordered", text.changedText(totalText, sumShown().totalText));
}

/**
 * @param {URLSearchParams} body what the button or the wallet said, which nothing changes any more
 * @param {ConfirmEvent} [wallet]
 */
async function order(body, wallet) {
  isBusy = true;
  const isAgain = unanswered !== null && isSame(unanswered, body) && wallet === undefined;
  if (unanswered !== null && isAgain && !payment.isTouched) return send(unanswered);
  setState(text.CHECKING);
  const made = await payment.makeToken(body, wallet !== undefined);
  if ("trouble" in made) return payFailed(made.trouble, wallet);
  body.set("payment", made.token);
  keepInput(sale, body);
  return send(body, wallet);
}

/**
 * @param {URLSearchParams} body
 * @param {ConfirmEvent} [wallet]
 */
async function send(body, wallet) {
  if (form === null) return;
  setState(text.SENDING);
  unanswered = body;
  let answer = await sendForm(form, body);
  for (const pause_ms of AGAIN_AFTER_MS) {
    if (answer.kind !== "silent") break;
    await new Promise((resolve) => setTimeout(resolve, pause_ms));
    answer = await sendForm(form, body);
  }
  if (answer.kind === "silent") return payFailed(text.NO_ANSWER, wallet);
  unanswered = null;
  if (answer.kind === "notice") return location.assign(cart);
  if (answer.kind === "order") {
    // Placed before the form was changed; its page says what is in it.
    if (answer.page.querySelector("[data-earlier]") !== null) return location.assign(answer.url);
    setState(null);
    follow(answer.page, true, answer.url);
    return;
  }
  isBusy = false;
  setState(null);
  takePage(answer.page, body);
  wallet?.paymentFailed({ reason: "fail", message: firstFault() });
}

/**
 * @param {ConfirmEvent} event
 * @param {number} shown the total that the wallet has shown
 */
async function payByWallet(event, shown) {
  if (form === null || isBusy) return event.paymentFailed();
  isBusy = true;
  setState(text.CHECKING);
  const fields = fieldsOf(event, settings.address);
  setFields(form, fields);
  const isUpdated = await update(fields);
  setFields(form, fields);
  const { total, totalText, isPayable } = sumShown();
  if (isUpdated && isPayable && total === shown) return order(bodyOf(form, "pay"), event);
  isBusy = false;
  setState(null);
  const was = moneyText(shown, settings.currency);
  // The server's page has said already what else it refuses.
  const refused = firstFault() === "" ? text.WALLET_INCOMPLETE : firstFault();
  const why = isPayable && total !== shown ? text.changedText(was, totalText) : refused;
  event.paymentFailed({ reason: "fail", message: why });
  if (why !== firstFault()) sayFault("Not ordered", why);
  payment.followTotal();
}

/** Fills an empty form with what was typed in this tab before; else takes what is chosen by now. */
async function restore() {
  if (form === null) return;
  const email = form.elements.namedItem("email");
  const isNew = email instanceof HTMLInputElement && email.value === "";
  const kept = keptInput(sale);
  if (isNew && Object.keys(kept).length > 0) {
    setFields(form, kept);
    await update(kept);
  } else if (isChanged(form)) await update();
}

function listen() {
  if (form === null) return;
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const { submitter } = event;
    const isPay = submitter instanceof HTMLButtonElement && submitter.value === "pay";
    if (isPay) void pay();
    else if (!isBusy) void update();
  });
  form.addEventListener("change", ({ target }) => {
    const isChoice = target instanceof HTMLElement && target.dataset["updates"] !== undefined;
    if (isChoice && !isBusy) void update();
  });
  document.querySelector("[data-retry-button]")?.addEventListener("click", () => {
    void payment.load();
  });
}

function start() {
  if (found === null) return;
  hideFallbacks();
  listen();
  if (follow(document, false)) return;
  void restore();
  void payment.load();
}

start();
