/**
 * What the pages that check a ticket or a receipt share: the published figures of a sale, fetched
 * and compared with the draw, each step as text.
 *
 * Guarantee: a mismatch is reported as one, and what cannot be checked yet is not reported as
 * checked.
 */
import { commitmentTo, isManifest, seedDue, sum } from "./draw.js";
import { beaconSteps, isRoundOf } from "./draw-beacon.js";
import { timesOf } from "./draw-statements.js";
import { announce } from "./panel.js";

/** The page checks the bases of this many earlier cohorts; verify-draw checks all of them. */
const EARLIER_MAX = 500;
/** Cohorts fetched at the same time. */
const AT_ONCE = 8;

/** @typedef {(text: string, isWrong?: boolean) => void} Report Adds a step to the list. */

/** Ends the check, with a message for the shopper. */
export class EndOfCheck extends Error {}

/**
 * Sends no cookies, because the request is about the ticket in the field, not the one in this
 * browser's cookie.
 * @param {string} url
 * @param {Record<string, string>} [headers]
 */
export async function getJson(url, headers = {}) {
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
export function field(body, name) {
  return typeof body === "object" && body !== null ? Reflect.get(body, name) : undefined;
}

/**
 * @param {string} api
 * @param {string} lane
 * @param {number} k
 */
export async function manifestOf(api, lane, k) {
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
export async function checkBase(api, { lane, k, base }, report) {
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
 * The secret, and the signed times of the cohort and of the revelation.
 * @param {{ readonly api: string, readonly commitment: string, readonly keys: string }} page
 *   the commitment as the page shows it, and the address of the shop's keys
 * @param {import("./draw.js").Manifest} manifest
 * @param {Report} report
 */
export async function checkSecret({ api, commitment: shown, keys }, manifest, report) {
  const { body } = await getJson(`${api}/fairness`);
  await checkTimes(body, keys, manifest, report);
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
  if ((await seedDue(secret, manifest)) !== manifest.seed) {
    return report("The seed of your cohort does not follow from the secret.", true);
  }
  report("The seed of your cohort follows from the secret.");
}

/**
 * @param {unknown} fairness
 * @param {string} url of the JWKS
 * @param {import("./draw.js").Manifest} manifest
 * @param {Report} report
 */
async function checkTimes(fairness, url, manifest, report) {
  const published = await getJson(url);
  const listed = [field(published.body, "keys"), field(fairness, "keys")];
  const jwks = { keys: listed.flatMap((keys) => (Array.isArray(keys) ? keys : [])) };
  const stated = typeof fairness === "object" && fairness !== null ? { ...fairness } : {};
  const steps = await beaconSteps(manifest, stated, jwks, isRoundOf);
  for (const { text, isWrong } of [...steps, ...(await timesOf(manifest, stated, jwks))]) {
    report(text, isWrong);
  }
}

/**
 * Runs a check and lists its steps: into an ordered list, below a verdict.
 * @param {HTMLElement} result
 * @param {(report: Report) => Promise<string>} check gives the verdict
 */
export async function runCheck(result, check) {
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
  let conclusion = "";
  try {
    if (!isSecureContext) throw new EndOfCheck("Browsers compute hashes on https pages only.");
    conclusion = await check(report);
  } catch (error) {
    if (!(error instanceof EndOfCheck)) throw error;
    conclusion = error.message;
  }
  verdict.textContent = wrong ? `${conclusion} Something does not match; see below.` : conclusion;
  verdict.classList.toggle("wrong", wrong);
  announce(verdict.textContent);
}
