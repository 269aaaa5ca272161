/**
 * Polling: requests to the server at the times it names. One request at a time, with back-off while
 * the server does not answer; a hidden page that becomes visible catches up at once.
 *
 * Guarantee: `poll` never runs twice at once, and never before the time it named last, except when
 * the network returns after a failure.
 */

const BACKOFF_MIN_S = 2;
const BACKOFF_MAX_S = 60;
/** Shorter than the browser's own time-out, which is minutes; then the request counts as failed. */
const ANSWER_TIMEOUT_MS = 15_000;

/**
 * @typedef {object} Answer
 * @property {number} status 0 when there was no response
 * @property {unknown} body null when it was not JSON
 * @property {number | null} retryAfter_s
 */

/**
 * @param {string} url
 * @param {{ readonly method: "POST", readonly body: string }} [post] JSON to send
 * @param {number} [timeout_ms]
 * @returns {Promise<Answer>}
 */
export async function fetchJson(url, post, timeout_ms = ANSWER_TIMEOUT_MS) {
  const headers = { accept: "application/json", "content-type": "application/json" };
  try {
    const signal = AbortSignal.timeout(timeout_ms);
    const response = await fetch(url, { ...post, headers, signal, credentials: "same-origin" });
    const seconds = Number(response.headers.get("retry-after") ?? Number.NaN);
    const body = await response.json().catch(() => null);
    const retryAfter_s = Number.isFinite(seconds) ? seconds : null;
    return { status: response.status, body, retryAfter_s };
  } catch {
    return { status: 0, body: null, retryAfter_s: null };
  }
}

/**
 * @param {number} failures in a row, from 1
 * @param {number | null} retryAfter_s from the server; null when it sent none
 */
function backOff(failures, retryAfter_s) {
  const longest_s = Math.min(BACKOFF_MIN_S * 2 ** (failures - 1), BACKOFF_MAX_S);
  // Random, so that a crowd that lost the server together does not return together.
  return Math.max(longest_s * (0.5 + Math.random() / 2), retryAfter_s ?? 0);
}

/**
 * @typedef {{ readonly kind: "again", readonly after_s: number }
 *   | { readonly kind: "troubled", readonly retryAfter_s: number | null }
 *   | { readonly kind: "done" }} Next
 */

/**
 * @param {object} how
 * @param {() => Promise<Next>} how.poll
 * @param {number} how.first_s time until the first request
 * @param {(after_s: number | null) => void} how.onTrouble with the time until the next attempt;
 *   null when the server answers again
 */
export function keepPolling({ poll, first_s, onTrouble }) {
  let failures = 0;
  let due_ms = 0;
  let busy = false;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer;

  /** @param {number} after_s */
  function wait(after_s) {
    clearTimeout(timer);
    due_ms = Date.now() + after_s * 1000;
    timer = setTimeout(run, after_s * 1000);
  }

  async function run() {
    if (busy) return;
    clearTimeout(timer);
    busy = true;
    const next = await poll();
    busy = false;
    if (next.kind === "done") return stop();
    if (next.kind === "troubled") {
      failures += 1;
      const after_s = backOff(failures, next.retryAfter_s);
      onTrouble(after_s);
      return wait(after_s);
    }
    if (failures > 0) onTrouble(null);
    failures = 0;
    wait(next.after_s);
  }

  // Browsers suspend the timers of hidden pages, so a page that becomes visible may be out of date.
  function onReturn() {
    if (document.visibilityState === "visible" && Date.now() >= due_ms) void run();
  }
  function onOnline() {
    if (failures > 0) void run();
  }
  function stop() {
    clearTimeout(timer);
    document.removeEventListener("visibilitychange", onReturn);
    window.removeEventListener("online", onOnline);
  }

  document.addEventListener("visibilitychange", onReturn);
  window.addEventListener("online", onOnline);
  wait(first_s);
}
