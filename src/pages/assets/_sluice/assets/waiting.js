/**
 * Keeps the waiting page current without reloading it: asks for the standing when told to, takes
 * the turn as soon as it comes, and then goes to the shop.
 *
 * Guarantee: asks no sooner than `pollAfter_s`. What it cannot handle it leaves to the server by
 * loading the page once, and a server out of reach is said and waited for. Everything works
 * without this script too, by reloading.
 */
import { fetchJson, keepAsking } from "./asking.js";
import { fill, hideFallbacks, nameTab, say, showFor } from "./panel.js";
import { durationText, isWorthSaying, levelText, spokenText, waitingFacts } from "./text.js";

/**
 * The status of the HTTP contract, as far as it is shown.
 * @typedef {import("./text.js").Waiting & {
 *   readonly pollAfter_s: number,
 *   readonly stock: readonly {
 *     readonly sku: string,
 *     readonly level: import("./text.js").Level,
 *     readonly available: number,
 *   }[],
 *   readonly message: string | null,
 *   readonly stale: boolean,
 * }} Status
 */

/** Speech does not keep up with a fast line; a change of state is said at once all the same. */
const SPEECH_PAUSE_MS = 12_000;

/** What was said last; at first what the server's page says. */
let told = { state: "", position: /** @type {number | null} */ (null) };
let toldAt_ms = 0;

/**
 * The shape is the contract's; anything that is no status has no state.
 * @param {unknown} body
 * @returns {body is Status}
 */
function isStatus(body) {
  return typeof body === "object" && body !== null && "state" in body;
}

/** @param {Status} status */
function show(status) {
  const facts = waitingFacts(status);
  fill("heading", facts.heading);
  fill("text", facts.text);
  fill("place", facts.place);
  fill("wait", facts.wait);
  fill("odds", facts.odds);
  fill("message", status.message);
  const stale =
    "Your place is safe. This page shows the last known state, because the shop is not responding.";
  fill("stale", status.stale ? stale : null);
  for (const { sku, level, available } of status.stock) {
    fill(`stock:${sku}`, levelText(level, available));
  }
  showFor(status.state);
  nameTab(facts.place ?? facts.heading);
  speak(status);
}

/** @param {Status} status */
function speak(status) {
  if (!isWorthSaying(told, status)) return;
  const isSmall = told.state === status.state && told.position !== null;
  if (isSmall && performance.now() - toldAt_ms < SPEECH_PAUSE_MS) return;
  say(spokenText(status));
  told = { state: status.state, position: status.position };
  toldAt_ms = performance.now();
}

/** @param {number | null} after_s */
function showTrouble(after_s) {
  if (after_s === null) return fill("trouble", null);
  const words = "We cannot reach the shop right now. Your place is safe; ";
  fill("trouble", `${words}we try again in ${durationText(after_s)}.`);
}

/**
 * @param {string} api address of the sale
 * @param {string} shop
 * @param {Status} called
 * @returns {Promise<import("./asking.js").Next>}
 */
async function takeTurn(api, shop, called) {
  const answer = await fetchJson(`${api}/admissions`, { method: "POST", body: "{}" });
  if (answer.status === 200 || answer.status === 201) return leaveFor(shop);
  // A seat is not free yet, or the room stopped: the next status says which.
  if (answer.status === 409) return { kind: "again", after_s: called.pollAfter_s };
  if (answer.status === 410) {
    const { body } = answer;
    const isCoded = typeof body === "object" && body !== null && "code" in body;
    show({ ...called, state: isCoded && body.code === "sale_over" ? "ended" : "lapsed" });
    return { kind: "done" };
  }
  if (isRefused(answer)) return loadAgain();
  return { kind: "troubled", retryAfter_s: answer.retryAfter_s };
}

/**
 * The ticket is not taken, or there is no such sale: the server's page says it better.
 * @param {import("./asking.js").Answer} answer
 */
function isRefused({ status }) {
  return status === 401 || status === 404;
}

/**
 * @param {string} url
 * @returns {import("./asking.js").Next}
 */
function leaveFor(url) {
  location.replace(url);
  return { kind: "done" };
}

/**
 * By way of the address that sees whether the browser keeps its place, where the page names one.
 * @returns {import("./asking.js").Next}
 */
function loadAgain() {
  const page = document.querySelector("[data-check]");
  const check = page instanceof HTMLElement ? page.dataset["check"] : undefined;
  if (check === undefined) location.reload();
  else location.replace(check);
  return { kind: "done" };
}

/**
 * @param {string} api
 * @param {string} shop
 * @returns {Promise<import("./asking.js").Next>}
 */
async function ask(api, shop) {
  const answer = await fetchJson(`${api}/status`);
  if (isRefused(answer)) return loadAgain();
  const status = answer.body;
  if (answer.status !== 200 || !isStatus(status)) {
    return { kind: "troubled", retryAfter_s: answer.retryAfter_s };
  }
  show(status);
  switch (status.state) {
    case "admitted":
      return leaveFor(shop);
    case "called":
      return takeTurn(api, shop, status);
    case "ended":
    case "lapsed":
      return { kind: "done" };
    default:
      return { kind: "again", after_s: status.pollAfter_s };
  }
}

function start() {
  const page = document.querySelector("[data-waiting]");
  if (!(page instanceof HTMLElement)) return;
  const { api, shop, state, position, pollAfter } = page.dataset;
  if (api === undefined || shop === undefined || state === undefined) return;
  told = { state, position: position === undefined ? null : Number(position) };
  hideFallbacks();
  if (state === "ended" || state === "lapsed") return;
  const first_s = state === "called" ? 0 : Number(pollAfter ?? 2);
  keepAsking({ ask: () => ask(api, shop), first_s, onTrouble: showTrouble });
}

start();
