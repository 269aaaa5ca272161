/**
 * Times on a page: instants in the reader's own time zone, and countdowns.
 *
 *   <time datetime="…" data-local>                     an instant, rewritten in local time
 *   <time datetime="…" data-countdown                  time left, rewritten every second
 *         data-reveals="id" data-hides="id">           what to show and hide when it has run out
 *   <html data-now="…">                                the server's time when it rendered the page
 *
 * Guarantee: counts by the server's clock, so a wrong clock on the device does no harm. No request
 * is sent when time runs out. Screen readers announce only the last minute, once.
 */
import { countdownText } from "./text.js";

const LAST_MINUTE_S = 60;

const rendered_ms = Date.parse(document.documentElement.dataset["now"] ?? "");
const serverAtLoad_ms = Number.isNaN(rendered_ms) ? Date.now() : rendered_ms;
const loadedAt_ms = performance.now();

function serverNow_ms() {
  return serverAtLoad_ms + (performance.now() - loadedAt_ms);
}

/** @param {HTMLTimeElement} time */
function showLocally(time) {
  const instant = new Date(time.dateTime);
  if (Number.isNaN(instant.getTime())) return;
  /** @type {Intl.DateTimeFormatOptions} */
  const format = { hour: "2-digit", minute: "2-digit", hourCycle: "h23", timeZoneName: "short" };
  if (instant.toDateString() !== new Date(serverNow_ms()).toDateString()) {
    Object.assign(format, { weekday: "long", day: "numeric", month: "long", year: "numeric" });
  }
  time.textContent = new Intl.DateTimeFormat(document.documentElement.lang, format).format(instant);
}

/**
 * @param {string | undefined} ids separated by spaces
 * @param {boolean} hidden
 */
function setHidden(ids, hidden) {
  for (const id of (ids ?? "").split(" ").filter(Boolean)) {
    const element = document.getElementById(id);
    if (element !== null) element.hidden = hidden;
  }
}

/** @param {string} text */
function announce(text) {
  const live = document.querySelector("[data-live]");
  if (live !== null) live.textContent = text;
}

/** @param {HTMLTimeElement} time */
function countDown(time) {
  const until_ms = Date.parse(time.dateTime);
  if (Number.isNaN(until_ms)) return;
  const { reveals, hides, warning } = time.dataset;
  let warned = (until_ms - serverNow_ms()) / 1000 <= LAST_MINUTE_S;
  const timer = setInterval(tick, 1000);
  function tick() {
    const left_s = (until_ms - serverNow_ms()) / 1000;
    time.textContent = countdownText(left_s);
    if (!warned && left_s <= LAST_MINUTE_S) {
      warned = true;
      if (warning !== undefined) announce(warning);
    }
    if (left_s > 0) return;
    clearInterval(timer);
    setHidden(hides, true);
    setHidden(reveals, false);
  }
  tick();
}

for (const time of document.querySelectorAll("time")) {
  if (time.dataset["local"] !== undefined) showLocally(time);
  if (time.dataset["countdown"] !== undefined) countDown(time);
}
