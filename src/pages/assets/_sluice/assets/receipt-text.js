/**
 * What a receipt says, in sentences. The server and the page's script show it, so both show the
 * same.
 *
 * Guarantee: pure functions of their arguments. Not for whether it is true: that needs the
 * signature and the draw.
 */
import { moneyText } from "./money.js";

/** @typedef {{ readonly lane: string, readonly cohort: number, readonly shard: number,
 *   readonly index: number, readonly rank: number }} Place */

/**
 * The claims that are shown; times in seconds since 1970, amounts in the currency's minor unit.
 * @typedef {object} Receipt
 * @property {string} sale
 * @property {string} order
 * @property {string} booking
 * @property {string} entry
 * @property {string | null} ticket
 * @property {Place | null} place
 * @property {string} currency
 * @property {{ readonly total: number }} amounts
 * @property {readonly { readonly sku: string, readonly quantity: number,
 *   readonly price: number }[]} lines
 * @property {{ readonly joined: number | null, readonly admitted: number | null,
 *   readonly ordered: number, readonly confirmed: number }} times
 */

/**
 * What the sale's document says, with which a receipt is easier to read: names of items by SKU, and
 * how the sale's currency is written. A receipt itself has SKUs and minor units.
 * @typedef {object} SaleFacts
 * @property {Readonly<Record<string, string>>} names
 * @property {import("./money.js").Currency} currency
 */

/** @param {number} at_s */
function timeText(at_s) {
  return new Date(at_s * 1000).toISOString().replace("T", " ").replace(".000Z", " UTC");
}

/** @param {Receipt} receipt */
function placeSentence({ entry, ticket, place }) {
  if (place !== null) {
    const { lane, cohort, shard, index, rank } = place;
    const whose = ticket === null ? "" : `, ticket ${ticket}`;
    const drawn = `cohort ${cohort}, booth ${shard}, index ${index}, rank ${rank}${whose}`;
    return (
      `It came from place number ${rank + 1} of the lane ${lane}. ` +
      `In the draw, which counts from 0: ${drawn}.`
    );
  }
  if (entry === "direct") {
    return "Its buyer was let in at once, because nobody waited, so it has no place in line.";
  }
  return "It does not say which place it came from, because its admission did not have one yet.";
}

/** @param {Receipt["times"]} times */
function timesSentence({ joined, admitted, ordered }) {
  const before = [
    ...(joined === null ? [] : [`joined ${timeText(joined)}`]),
    ...(admitted === null ? [] : [`was admitted ${timeText(admitted)}`]),
  ];
  return `Its buyer ${[...before, `ordered ${timeText(ordered)}`].join(", ")}.`;
}

/**
 * @param {Receipt} receipt
 * @param {SaleFacts} facts
 */
function amountsSentence({ currency, amounts, lines }, facts) {
  const money = (/** @type {number} */ amount) => {
    // A sale may have had another currency when this was bought.
    const isSame = facts.currency.code === currency;
    return isSame
      ? moneyText(amount, facts.currency)
      : `${amount} in the smallest unit of ${currency}`;
  };
  const units = lines.map(({ sku, quantity, price }) => {
    const name = facts.names[sku];
    const what = name === undefined ? sku : `${name} (SKU ${sku})`;
    return `${quantity} × ${what} at ${money(price)}`;
  });
  return `It has ${units.join(", ")}, and a total of ${money(amounts.total)}.`;
}

/**
 * @param {Receipt} receipt
 * @param {SaleFacts} facts
 * @returns {string[]}
 */
export function receiptSentences(receipt, facts) {
  const { order, booking, times } = receipt;
  return [
    `Order ${order} was confirmed ${timeText(times.confirmed)}; the shop booked it as ${booking}.`,
    amountsSentence(receipt, facts),
    placeSentence(receipt),
    timesSentence(times),
  ];
}

/** @type {Record<string, string>} */
const REFUSALS = {
  malformed: "This is not a receipt. Paste the complete receipt.",
  wrong_type: "This is a token of another kind, not a receipt.",
  unknown_key:
    "None of this shop’s keys signed this receipt. If it is old, get it again from the page of " +
    "the order.",
  bad_signature: "The signature does not match: this receipt was changed, or is not this shop’s.",
  other_issuer: "This is the receipt of another shop.",
};

/**
 * Why a receipt was refused.
 * @param {string} reason
 */
export function receiptRefusal(reason) {
  return REFUSALS[reason] ?? "This is not a receipt. Paste the complete receipt.";
}
