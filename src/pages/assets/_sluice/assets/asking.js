/**
 * Asking the server again and again, as it says when: one question at a time, later and later
 * while it does not answer, at once when the page is looked at again or the network is back.
 *
 * Guarantee: `ask` never runs twice at once, and never sooner than the time it named last, except
 * that a page that comes back asks when that time has passed.
 */

const BACKOFF_MIN_S = 2;
const BACKOFF_MAX_S = 60;
/** Browsers give up on nothing by themselves; a question that hangs is a question that failed. */
const ANSWER_TIMEOUT_MS = 15_000;

/**
 * @typedef {object} Answer
 * @property {number} status 0 when nothing answered
 * @property {unknown} body null when it was not JSON
 * @property {number | null} retryAfter_s
 */

/**
 * @param {string} url
 * @param {{ readonly method: "POST", readonly body: string }} [post] JSON to send
 * @returns {Promise<Answer>}
 */
export async function fetchJson(url, post) {
  const headers = { accept: "application/json", "content-type": "application/json" };
  try {
    const signal = AbortSignal.timeout(ANSWER_TIMEOUT_MS);
    const response = await fetch(url, { ...post, headers, signal, credentials: "same-origin" });
    const retryAfter_s = Number(response.headers.get("retry-after") ?? Number.NaN);
    const body = await response.json().catch(() => null);
    const told = Number.isFinite(retryAfter_s) ? retryAfter_s : null;
    return { status: response.status, body, retryAfter_s: told };
  } catch {
    return { status: 0, body: null, retryAfter_s: null };
  }
}

/**
 * @param {number} failures in a row, from 1
 * @param {number | null} told_s the server's own wish
 */
function backOff(failures, told_s) {
  const most_s = Math.min(BACKOFF_MIN_S * 2 ** (failures - 1), BACKOFF_MAX_S);
  // Spread, so that a crowd that lost the server together does not come back together.
  return Math.max(most_s * (0.5 + Math.random() / 2), told_s ?? 0);
}

/**
 * @typedef {{ readonly kind: "again", readonly after_s: number }
 *   | { readonly kind: "troubled", readonly retryAfter_s: number | null }
 *   | { readonly kind: "done" }} Next
 */

/**
 * @param {object} how
 * @param {() => Promise<Next>} how.ask
 * @param {number} how.first_s
 * @param {(after_s: number | null) => void} how.onTrouble null when it is over
 */
export function keepAsking({ ask, first_s, onTrouble }) {
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
    const next = await ask();
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

  // Timers sleep with the page; whoever looks at it again should not look at something old.
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
