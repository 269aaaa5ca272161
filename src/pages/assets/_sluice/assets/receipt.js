/**
 * The page that checks a receipt: verifies its signature in this browser, computes its rank from
 * the published figures, and lists each step as text.
 *
 * Guarantee: the receipt is sent nowhere, unless this browser cannot verify such signatures: then
 * the shop checks it, and the page says so. A mismatch is shown as one.
 */
import { drawPlace } from "./draw.js";
import {
  checkBase,
  checkSecret,
  EndOfCheck,
  getJson,
  manifestOf,
  runCheck,
} from "./draw-checks.js";
import { hideFallbacks } from "./panel.js";
import { verifyReceipt } from "./receipt-signature.js";
import { receiptRefusal, receiptSentences } from "./receipt-text.js";

/** Twice the longest receipt. */
const FILE_BYTES_MAX = 16_384;

/** @typedef {import("./draw-checks.js").Report} Report */

/**
 * @typedef {{ readonly api: string, readonly sale: string, readonly commitment: string,
 *   readonly keys: string, readonly issuer: string,
 *   readonly facts: import("./receipt-text.js").SaleFacts }} Page
 */

/**
 * @param {Page} page
 * @param {import("./receipt-text.js").Receipt} receipt
 * @param {Report} report
 * @returns {Promise<string>} the verdict
 */
async function checkPlace({ api, sale, commitment, keys }, { place }, report) {
  if (place === null) return "The signature is the shop’s. There is no place in line to check.";
  const { lane, cohort, rank } = place;
  const manifest = await manifestOf(api, lane, cohort);
  if (manifest === null) {
    report("The shop shows no such cohort.", true);
    return "The signature is the shop’s.";
  }
  if (manifest.sale !== sale || manifest.lane !== lane || manifest.k !== cohort) {
    throw new EndOfCheck("The shop answered with the figures of another cohort.");
  }
  const drawn = await drawPlace({ ...place, aud: sale }, manifest);
  if (drawn === null) {
    report("No booth ever handed out this place.", true);
    return "The signature is the shop’s.";
  }
  const counted = manifest.counts.join(", ");
  report(`The booths of its cohort counted ${counted}: ${drawn.n} in all.`);
  await checkBase(api, manifest, report);
  const shown = `number ${drawn.rank + 1} of the lane`;
  if (drawn.rank === rank) report(`Shuffled in your browser, the place is ${shown}, as it says.`);
  else report(`Shuffled in your browser, the place is ${shown}, not ${rank + 1}.`, true);
  await checkSecret({ api, commitment, keys }, manifest, report);
  return `The signature is the shop’s, and the order came from place number ${rank + 1}.`;
}

/**
 * @param {Page} page
 * @param {string} token
 * @param {HTMLFormElement} form
 * @param {Report} report
 * @returns {Promise<string>} the verdict
 */
async function checkReceipt(page, token, form, report) {
  const { status, body } = await getJson(page.keys);
  if (status !== 200) throw new EndOfCheck("The shop’s keys could not be read. Try again.");
  const verdict = await verifyReceipt(token, body, page.issuer);
  if (verdict.kind === "unsupported") {
    // Submitting in this way calls no listener.
    form.submit();
    throw new EndOfCheck("This browser cannot verify such signatures; the shop is asked to.");
  }
  if (verdict.kind === "invalid") throw new EndOfCheck(receiptRefusal(verdict.reason));
  const { receipt, kid } = verdict;
  report(`The shop’s key ${kid} signed this receipt, as your browser verified.`);
  if (receipt.sale !== page.sale) {
    throw new EndOfCheck(`This is a receipt of another sale of this shop: ${receipt.sale}.`);
  }
  for (const sentence of receiptSentences(receipt, page.facts)) report(sentence);
  return checkPlace(page, receipt, report);
}

/** The address that led here may hold the key of an order, which is not to be shared. */
function hideKey() {
  if (location.search !== "") history.replaceState(history.state, "", location.pathname);
}

function start() {
  const main = document.querySelector("[data-receipt]");
  const form = document.getElementById("receipt-form");
  const input = document.getElementById("receipt");
  const file = document.getElementById("receipt-file");
  const result = document.getElementById("result");
  if (!(main instanceof HTMLElement) || !(form instanceof HTMLFormElement)) return;
  if (!(input instanceof HTMLTextAreaElement) || !(file instanceof HTMLInputElement)) return;
  const button = form.querySelector("button");
  if (result === null || button === null) return;
  hideFallbacks();
  hideKey();
  for (const part of document.querySelectorAll("[data-with-script]")) {
    if (part instanceof HTMLElement) part.hidden = false;
  }
  const { api = "", sale = "", commitment = "", keys = "", issuer = "", facts } = main.dataset;
  const page = { api, sale, commitment, keys, issuer, facts: JSON.parse(facts ?? "{}") };
  const check = () => {
    button.disabled = true;
    const run = runCheck(result, (report) => checkReceipt(page, input.value, form, report));
    void run.finally(() => {
      button.disabled = false;
    });
  };
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    check();
  });
  const open = async () => {
    const [chosen] = file.files ?? [];
    if (chosen === undefined) return;
    const text = await chosen.slice(0, FILE_BYTES_MAX).text();
    input.value = text.trim();
    check();
  };
  file.addEventListener("change", () => void open());
  // What the shop has checked already is not checked again, else a browser without such
  // signatures would ask the shop again and again.
  if (input.value.trim() !== "" && result.hidden) check();
}

start();
