/**
 * The page that checks the draw: reads a ticket, fetches the published figures, computes the place
 * in this browser, and lists each step as text.
 *
 * Guarantee: the ticket is sent only to this sale's gate, in a header and never in a URL. A
 * mismatch is shown as one, and what cannot be checked yet is not shown as checked.
 */
import { drawPlace, readTicket } from "./draw.js";
import {
  checkBase,
  checkSecret,
  EndOfCheck,
  field,
  getJson,
  manifestOf,
  runCheck,
} from "./draw-checks.js";
import { hideFallbacks } from "./panel.js";

/** @typedef {import("./draw-checks.js").Report} Report */

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
 * @param {{ readonly api: string, readonly sale: string, readonly commitment: string,
 *   readonly keys: string }} page
 * @param {string} token
 * @param {Report} report
 * @returns {Promise<number | null>} the rank; null when it is not drawn yet
 */
async function checkTicket({ api, sale, commitment, keys }, token, report) {
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
  await checkSecret({ api, commitment, keys }, manifest, report);
  return place.rank;
}

/**
 * @param {HTMLElement} main
 * @param {HTMLTextAreaElement} input
 * @param {HTMLElement} result
 */
function run(main, input, result) {
  const { api = "", sale = "", commitment = "", keys = "" } = main.dataset;
  return runCheck(result, async (report) => {
    const rank = await checkTicket({ api, sale, commitment, keys }, input.value, report);
    return rank === null ? "Not drawn yet." : `Your place is number ${rank + 1} of its lane.`;
  });
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
