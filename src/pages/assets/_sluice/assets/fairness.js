/**
 * The page that checks the draw: reads a ticket, fetches the published figures, works the place
 * out in this browser, and says each step in words.
 *
 * Guarantee: the ticket goes to this sale's gate and nowhere else, as a header and never in an
 * address. What does not agree is said plainly; what cannot be told yet is not called checked.
 */
import { commitmentTo, drawPlace, isManifest, readTicket, seedFrom, sum } from "./draw.js";
import { hideFallbacks, say } from "./panel.js";

/** Further back the bases are not added up here; verify-draw adds up all of them. */
const EARLIER_MAX = 500;
const AT_ONCE = 8;

/** @typedef {(words: string, isWrong?: boolean) => void} Tell */

/** Something that ends the check, in words for the shopper. */
class EndOfCheck extends Error {}

/**
 * Without cookies: what is asked about is the ticket in the field, not whoever carries it.
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
 * The base must be the sum of the cohorts before; each is asked for, as far back as is sensible.
 * @param {string} api
 * @param {import("./draw.js").Manifest} manifest
 * @param {Tell} tell
 */
async function checkBase(api, { lane, k, base }, tell) {
  const first = Math.max(k - EARLIER_MAX, 0);
  let places = /** @type {number | null} */ (first === 0 ? 0 : null);
  for (let from = first; from < k; from += AT_ONCE) {
    const numbers = Array.from({ length: Math.min(AT_ONCE, k - from) }, (_, index) => from + index);
    for (const earlier of await Promise.all(numbers.map((at) => manifestOf(api, lane, at)))) {
      if (earlier === null) return tell("An earlier cohort is missing, which cannot be.", true);
      if (places !== null && earlier.base !== places) {
        return tell(`Cohort ${earlier.k} does not start where the one before it ended.`, true);
      }
      places = earlier.base + sum(earlier.counts);
    }
  }
  if ((places ?? base) !== base) {
    return tell(`The cohorts before yours add up to ${places}, and yours starts at ${base}.`, true);
  }
  if (k === 0) return tell("Yours is the first cohort, so nobody comes before it.");
  const which = first === 0 ? "" : `last ${EARLIER_MAX} `;
  tell(`The ${which}cohorts before yours add up: ${base} places in line come before your cohort.`);
}

/**
 * @param {string} api
 * @param {import("./draw.js").Manifest} manifest
 * @param {string} shown the commitment that this page shows
 * @param {Tell} tell
 */
async function checkSecret(api, { sale, lane, k, seed }, shown, tell) {
  const { body } = await getJson(`${api}/fairness`);
  const commitment = field(body, "commitment");
  const secret = field(body, "secret");
  if (commitment !== shown)
    return tell("The commitment is another one than this page shows.", true);
  if (typeof secret !== "string") {
    return tell("When the sale is over its secret is published; come back to check the seed too.");
  }
  if ((await commitmentTo(secret)) !== commitment) {
    return tell("The secret does not fit the commitment.", true);
  }
  tell("The secret is published, and its SHA-256 is the commitment made before the sale.");
  if ((await seedFrom(secret, sale, lane, k)) !== seed) {
    return tell("The seed of your cohort does not follow from the secret.", true);
  }
  tell("The seed of your cohort follows from the secret.");
}

/**
 * @param {string} api
 * @param {string} token
 * @param {number} rank
 * @param {Tell} tell
 */
async function compareWithGate(api, token, rank, tell) {
  const { status, body } = await getJson(`${api}/status`, { "Sluice-Ticket": token.trim() });
  if (status === 401) return tell("The shop does not take this ticket as one of its own.", true);
  const told = field(body, "rank");
  if (status !== 200 || typeof told !== "number") {
    return tell("The shop has not told the place of this ticket yet; try again in a moment.");
  }
  if (told === rank) return tell(`The shop says the same: number ${told + 1}.`);
  tell(`The shop says another place: number ${told + 1}.`, true);
}

/**
 * @param {{ readonly api: string, readonly sale: string, readonly commitment: string }} page
 * @param {string} token
 * @param {Tell} tell
 * @returns {Promise<number | null>} the rank; null when it is not drawn yet
 */
async function checkTicket({ api, sale, commitment }, token, tell) {
  const ticket = readTicket(token);
  if (ticket === null) throw new EndOfCheck("This is not a ticket. Paste the whole of it.");
  const { lane, cohort, shard, index } = ticket;
  if (ticket.aud !== sale) throw new EndOfCheck("This is a ticket of another sale.");
  tell(
    `Your ticket says: lane ${lane}, cohort ${cohort}, booth ${shard}, ` +
      `where ${index} came before you.`,
  );
  const manifest = await manifestOf(api, lane, cohort);
  if (manifest === null) {
    tell("Your cohort has not closed, so nothing is drawn yet. Come back when it has.");
    return null;
  }
  if (manifest.sale !== sale || manifest.lane !== lane || manifest.k !== cohort) {
    throw new EndOfCheck("The shop answered with the figures of another cohort.");
  }
  const place = await drawPlace(ticket, manifest);
  if (place === null) throw new EndOfCheck("No booth ever handed out the place on this ticket.");
  const counted = manifest.counts.join(", ");
  tell(`Your cohort has closed. Booth by booth it counted ${counted}: ${place.n} in all.`);
  tell(`Counted in that order, ${place.start} come before you.`);
  await checkBase(api, manifest, tell);
  tell(`The seed of your cohort is ${manifest.seed}.`);
  tell(`Shuffled with this seed in your browser, ${place.drawn} of the cohort come before you.`);
  await compareWithGate(api, token, place.rank, tell);
  await checkSecret(api, manifest, commitment, tell);
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
  /** @type {Tell} */
  const tell = (words, isWrong = false) => {
    const step = document.createElement("li");
    step.textContent = isWrong ? `Wrong: ${words}` : words;
    if (isWrong) step.className = "wrong";
    steps.append(step);
    wrong ||= isWrong;
  };
  const { api = "", sale = "", commitment = "" } = main.dataset;
  let rank = /** @type {number | null} */ (null);
  let words = "";
  try {
    if (!isSecureContext) throw new EndOfCheck("Browsers compute hashes on https pages only.");
    rank = await checkTicket({ api, sale, commitment }, input.value, tell);
    words = rank === null ? "Not drawn yet." : `Your place is number ${rank + 1} of its lane.`;
  } catch (error) {
    if (!(error instanceof EndOfCheck)) throw error;
    words = error.message;
  }
  verdict.textContent = wrong ? `${words} Something does not agree; see below.` : words;
  verdict.classList.toggle("wrong", wrong);
  say(verdict.textContent);
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
