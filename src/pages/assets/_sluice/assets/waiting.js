/**
 * Keeps the waiting page current without reloading it: polls the status as often as the server
 * says, claims the turn as soon as it comes, and then goes to the shop.
 *
 * Guarantee: polls no sooner than `pollAfter_s`. To handle any other answer it loads the server's
 * page, once; while the server cannot be reached, the page says so and the script retries. Without
 * this script the page reloads itself instead.
 */
import { waitsToBeShown } from "./in-advance.js";
import { announce, fill, hideFallbacks, nameTab, showFor } from "./panel.js";
import { fetchJson, keepPolling } from "./polling.js";
import { durationText } from "./text.js";
import { announcementText, isWorthAnnouncing, levelText, waitingFacts } from "./waiting-text.js";

/**
 * The status of the HTTP API, as far as it is shown.
 * @typedef {import("./waiting-text.js").Waiting & {
 *   readonly pollAfter_s: number,
 *   readonly stock: readonly {
 *     readonly sku: string,
 *     readonly level: import("./waiting-text.js").Level,
 *     readonly available: number,
 *     readonly mayReturn?: boolean,
 *   }[],
 *   readonly message: string | null,
 *   readonly stale: boolean,
 * }} Status
 */

/** Speech cannot keep up with a fast line. Changes of state are announced without this pause. */
const ANNOUNCEMENT_PAUSE_MS = 12_000;

/** The last announcement; at first the state in the server's page. */
let announced = { state: "", position: /** @type {number | null} */ (null) };
let announcedAt_ms = 0;

/**
 * Checks only that it is a status, because the API's contract guarantees the rest.
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
  for (const { sku, level, available, mayReturn } of status.stock) {
    fill(`stock:${sku}`, levelText(level, available, mayReturn));
  }
  showFor(status.state);
  nameTab(facts.place ?? facts.heading);
  announceChange(status);
}

/** @param {Status} status */
function announceChange(status) {
  if (!isWorthAnnouncing(announced, status)) return;
  const isSmall = announced.state === status.state && announced.position !== null;
  if (isSmall && performance.now() - announcedAt_ms < ANNOUNCEMENT_PAUSE_MS) return;
  announce(announcementText(status));
  announced = { state: status.state, position: status.position };
  announcedAt_ms = performance.now();
}

/** @param {number | null} after_s */
function showTrouble(after_s) {
  if (after_s === null) return fill("trouble", null);
  const reason = "We cannot reach the shop right now. Your place is safe;";
  fill("trouble", `${reason} we try again in ${durationText(after_s)}.`);
}

/**
 * @param {string} api address of the sale
 * @param {string} shop
 * @param {Status} called
 * @returns {Promise<import("./polling.js").Next>}
 */
async function takeTurn(api, shop, called) {
  const answer = await fetchJson(`${api}/admissions`, { method: "POST", body: "{}" });
  if (answer.status === 200 || answer.status === 201) return leaveFor(shop);
  // No seat is free yet, or the room is paused: the next status says which.
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
 * The ticket is not accepted, or there is no such sale: the server's page explains it better.
 * @param {import("./polling.js").Answer} answer
 */
function isRefused({ status }) {
  return status === 401 || status === 404;
}

/**
 * @param {string} url
 * @returns {import("./polling.js").Next}
 */
function leaveFor(url) {
  location.replace(url);
  return { kind: "done" };
}

/**
 * Loads the page again: by the address that checks whether the browser keeps its place, if the page
 * names one.
 * @returns {import("./polling.js").Next}
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
 * @returns {Promise<import("./polling.js").Next>}
 */
async function poll(api, shop) {
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
  // No turn is taken for nobody.
  if (!(page instanceof HTMLElement) || waitsToBeShown()) return;
  const { api, shop, state, position, pollAfter } = page.dataset;
  if (api === undefined || shop === undefined || state === undefined) return;
  announced = { state, position: position === undefined ? null : Number(position) };
  hideFallbacks();
  if (state === "ended" || state === "lapsed") return;
  const first_s = state === "called" ? 0 : Number(pollAfter ?? 2);
  keepPolling({ poll: () => poll(api, shop), first_s, onTrouble: showTrouble });
}

start();
