/**
 * The page that checks the draw: reads a ticket, fetches the published figures, computes the place
 * in this browser, and lists each step as text.
 *
 * Guarantee: the ticket is sent only to this sale's gate, in a header and never in a URL. A
 * mismatch is shown as one, and what cannot be checked yet is not shown as checked.
 */
import { commitmentTo, drawPlace, isManifest, readTicket, seedFrom, sum } from "./draw.js";
import { announce, hideFallbacks } from "./panel.js";

/** The page checks the bases of this many earlier cohorts; verify-draw checks all of them. */
const EARLIER_MAX = 500;
/** Cohorts fetched at the same time. */
const AT_ONCE = 8;

/** @typedef {(text: string, isWrong?: boolean) => void} Report Adds a step to the list. */

/** Ends the check, with a message for the shopper. */
class EndOfCheck extends Error {}

/**
 * Sends no cookies, because the request is about the ticket in the field, not the one in this
 * browser's cookie.
 * @param {string} url
 * @param {Record<string, string>} [headers]
 */
async function getJson(url, headers = {}) {
  const signal = AbortSignal.timeout(15_000);
  try {
    const response = await fetch(url, { headers, signal, credentials: "omit" });
    /** @type {unknown} */
    const body = await response.json();
    return { status: response.status, body };
  } catch {
    throw new EndOfCheck("The shop is not responding right now. Try again in a moment.");
  }
}

/**
 * @param {unknown} body
 * @param {string} name
 * @returns {unknown}
 */
function field(body, name) {
  return typeof body === "object" && body !== null ? Reflect.get(body, name) : undefined;
}

/**
 * @param {string} api
 * @param {string} lane
 * @param {number} k
 */
async function manifestOf(api, lane, k) {
  const { status, body } = await getJson(`${api}/cohorts/${encodeURIComponent(lane)}/${k}`);
  if (status === 404) return null;
  if (status !== 200 || !isManifest(body)) {
    throw new EndOfCheck(`Cohort ${k} could not be read (${status}). Try again in a moment.`);
  }
  return body;
}

/**
 * Checks that the base is the sum of the cohorts before it, as far back as `EARLIER_MAX`.
 * @param {string} api
 * @param {import("./draw.js").Manifest} manifest
 * @param {Report} report
 */
async function checkBase(api, { lane, k, base }, report) {
  const first = Math.max(k - EARLIER_MAX, 0);
  let places = /** @type {number | null} */ (first === 0 ? 0 : null);
  for (let from = first; from < k; from += AT_ONCE) {
    const numbers = Array.from({ length: Math.min(AT_ONCE, k - from) }, (_, index) => from + index);
    for (const earlier of await Promise.all(numbers.map((at) => manifestOf(api, lane, at)))) {
      if (earlier === null) return report("An earlier cohort is missing.", true);
      if (places !== null && earlier.base !== places) {
        return report(`Cohort ${earlier.k} does not start where the one before it ended.`, true);
      }
      places = earlier.base + sum(earlier.counts);
    }
  }
  if ((places ?? base) !== base) {
    return report(
      `The cohorts before yours add up to ${places}, and yours starts at ${base}.`,
      true,
    );
  }
  if (k === 0) return report("Yours is the first cohort, so nobody comes before it.");
  const which = first === 0 ? "" : `last ${EARLIER_MAX} `;
  report(
    `The ${which}cohorts before yours add up: ${base} places in line come before your cohort.`,
  );
}

/**
 * @param {string} api
 * @param {import("./draw.js").Manifest} manifest
 * @param {string} shown the commitment that this page shows
 * @param {Report} report
 */
async function checkSecret(api, { sale, lane, k, seed }, shown, report) {
  const { body } = await getJson(`${api}/fairness`);
  const commitment = field(body, "commitment");
  const secret = field(body, "secret");
  if (commitment !== shown) {
    return report("The commitment differs from the one on this page.", true);
  }
  if (typeof secret !== "string") {
    return report(
      "When the sale is over its secret is published; come back to check the seed too.",
    );
  }
  if ((await commitmentTo(secret)) !== commitment) {
    return report("The secret does not match the commitment.", true);
  }
  report("The secret is published, and its SHA-256 is the commitment made before the sale.");
  if ((await seedFrom(secret, sale, lane, k)) !== seed) {
    return report("The seed of your cohort does not follow from the secret.", true);
  }
  report("The seed of your cohort follows from the secret.");
}

/**
 * @param {string} api
 * @param {string} token
 * @param {number} rank
 * @param {Report} report
 */
async function compareWithGate(api, token, rank, report) {
  const { status, body } = await getJson(`${api}/status`, { "Sluice-Ticket": token.trim() });
  if (status === 401) return report("The shop does not accept this ticket.", true);
  const known = field(body, "rank");
  if (status !== 200 || typeof known !== "number") {
    return report("The shop does not know the place of this ticket yet. Try again in a moment.");
  }
  if (known === rank) return report(`The shop gives the same place: number ${known + 1}.`);
  report(`The shop gives another place: number ${known + 1}.`, true);
}

/**
 * @param {{ readonly api: string, readonly sale: string, readonly commitment: string }} page
 * @param {string} token
 * @param {Report} report
 * @returns {Promise<number | null>} the rank; null when it is not drawn yet
 */
async function checkTicket({ api, sale, commitment }, token, report) {
  const ticket = readTicket(token);
  if (ticket === null) throw new EndOfCheck("This is not a ticket. Paste the complete ticket.");
  const { lane, cohort, shard, index } = ticket;
  if (ticket.aud !== sale) throw new EndOfCheck("This ticket is for another sale.");
  report(
    `Your ticket says: lane ${lane}, cohort ${cohort}, booth ${shard}, ` +
      `where ${index} came before you.`,
  );
  const manifest = await manifestOf(api, lane, cohort);
  if (manifest === null) {
    report("Your cohort has not closed, so nothing is drawn yet. Come back when it has.");
    return null;
  }
  if (manifest.sale !== sale || manifest.lane !== lane || manifest.k !== cohort) {
    throw new EndOfCheck("The shop answered with the figures of another cohort.");
  }
  const place = await drawPlace(ticket, manifest);
  if (place === null) throw new EndOfCheck("No booth ever handed out the place on this ticket.");
  const counted = manifest.counts.join(", ");
  report(`Your cohort has closed. Its booths counted ${counted}: ${place.n} in all.`);
  report(`Counted in that order, ${place.start} come before you.`);
  await checkBase(api, manifest, report);
  report(`The seed of your cohort is ${manifest.seed}.`);
  report(`Shuffled with this seed in your browser, ${place.drawn} of the cohort come before you.`);
  await compareWithGate(api, token, place.rank, report);
  await checkSecret(api, manifest, commitment, report);
  return place.rank;
}

/**
 * @param {HTMLElement} main
 * @param {HTMLTextAreaElement} input
 * @param {HTMLElement} result
 */
async function run(main, input, result) {
  const steps = document.createElement("ol");
  const verdict = document.createElement("p");
  verdict.className = "verdict";
  result.replaceChildren(verdict, steps);
  result.hidden = false;
  let wrong = false;
  /** @type {Report} */
  const report = (text, isWrong = false) => {
    const step = document.createElement("li");
    step.textContent = isWrong ? `Wrong: ${text}` : text;
    if (isWrong) step.className = "wrong";
    steps.append(step);
    wrong ||= isWrong;
  };
  const { api = "", sale = "", commitment = "" } = main.dataset;
  let rank = /** @type {number | null} */ (null);
  let conclusion = "";
  try {
    if (!isSecureContext) throw new EndOfCheck("Browsers compute hashes on https pages only.");
    rank = await checkTicket({ api, sale, commitment }, input.value, report);
    conclusion = rank === null ? "Not drawn yet." : `Your place is number ${rank + 1} of its lane.`;
  } catch (error) {
    if (!(error instanceof EndOfCheck)) throw error;
    conclusion = error.message;
  }
  verdict.textContent = wrong ? `${conclusion} Something does not match; see below.` : conclusion;
  verdict.classList.toggle("wrong", wrong);
  announce(verdict.textContent);
}

function start() {
  const main = document.querySelector("[data-fairness]");
  const input = document.getElementById("ticket");
  const button = document.getElementById("check");
  const result = document.getElementById("result");
  if (!(main instanceof HTMLElement) || !(input instanceof HTMLTextAreaElement)) return;
  if (!(button instanceof HTMLButtonElement) || result === null) return;
  hideFallbacks();
  for (const part of document.querySelectorAll("[data-with-script]")) {
    if (part instanceof HTMLElement) part.hidden = false;
  }
  button.addEventListener("click", () => {
    button.disabled = true;
    void run(main, input, result).finally(() => {
      button.disabled = false;
    });
  });
}

start();
