/**
 * The text that shoppers read about waiting. The server renders its pages with it and the script
 * keeps the same pages current, so both always show the same.
 *
 * Guarantee: pure functions of their arguments; every estimate is worded as one.
 */
import { durationText } from "./text.js";

/** @typedef {"plenty" | "low" | "out"} Level */

/**
 * A shopper's state in line: fields of the status in the HTTP API.
 * @typedef {object} Waiting
 * @property {string} state
 * @property {number | null} position 1 is the next to be called
 * @property {{ readonly low_s: number, readonly high_s: number } | null} wait
 * @property {number | null} odds
 */

/** @typedef {import("./text.js").Message} Message */

const count = new Intl.NumberFormat("en");

/**
 * @param {Waiting["wait"]} wait
 * @returns {string | null} null when nothing is known
 */
export function waitText(wait) {
  if (wait === null) return null;
  const low = durationText(wait.low_s);
  const high = durationText(wait.high_s);
  if (wait.high_s < 8) return "A few seconds";
  if (wait.low_s < 8) return `Probably less than ${high}`;
  if (low === high) return `About ${high}`;
  const [lowAmount, lowUnit, ...lowRest] = low.split(" ");
  const [, highUnit] = high.split(" ");
  const sameUnit =
    lowRest.length === 0 && lowUnit?.replace(/s$/, "") === highUnit?.replace(/s$/, "");
  return `About ${sameUnit ? lowAmount : low} to ${high}`;
}

/**
 * The chance that the turn comes while something is left, worded so that nobody takes it for a
 * promise.
 * @param {number | null} odds
 */
export function oddsText(odds) {
  if (odds === null) return null;
  if (odds >= 1) return "There is enough left for everyone up to your place, one each.";
  if (odds >= 0.95) return "It is very likely that items are left when it’s your turn.";
  if (odds >= 0.1) {
    const inTen = Math.min(Math.max(Math.round(odds * 10), 1), 9);
    const these = `about ${inTen} in 10 at a place like yours`;
    return `By our estimate, ${these} get their turn while something is left.`;
  }
  if (odds >= 0.001) {
    const shoppers = count.format(Math.round(1 / odds));
    const few = `about 1 in ${shoppers} at a place like yours gets their turn in time.`;
    return `Far fewer items are left than there are shoppers: ${few}`;
  }
  return (
    "Far fewer items are left than there are people ahead of you. " +
    "It is very unlikely that any are left when it’s your turn."
  );
}

/** @param {number | null} position */
export function placeText(position) {
  if (position === null || position < 1) return null;
  return position === 1 ? "You’re next" : `You’re number ${count.format(position)}`;
}

/**
 * @param {Level} level
 * @param {number | null} available units; null: not shown
 * @param {boolean} [mayReturn] units in carts or in unpaid orders may come back
 */
export function levelText(level, available, mayReturn = false) {
  if (level === "plenty") return "In stock";
  if (level === "low") {
    return available === null ? "Almost sold out" : `Only ${count.format(available)} left`;
  }
  return mayReturn ? "All in carts or being paid" : "Currently sold out";
}

/** @type {Record<string, Message>} */
const WAITING = {
  prequeue: {
    heading: "You’re in the draw",
    text:
      "When the sale starts, everyone in the draw gets a random place. " +
      "Joining earlier or clicking faster makes no difference. You can leave this page open.",
  },
  drawing: {
    heading: "You’re in line",
    text: "Your place is being drawn. This takes a few seconds.",
  },
  queued: {
    heading: "You’re in line",
    text: "Keep this page open. It updates by itself, and your place is safe.",
  },
  called: {
    heading: "It’s your turn",
    text:
      "A place in the shop is reserved for you. " +
      "Go in now, because an unused turn goes to the next person.",
  },
  admitted: {
    heading: "You’re in",
    text: "The shop is open for you.",
  },
  lapsed: {
    heading: "Your turn has passed",
    text: "Your turn was not used in time. You can join the line again.",
  },
  paused: {
    heading: "The line is paused",
    text: "The shop has paused letting people in. Your place is safe.",
  },
  sold_out: {
    heading: "Currently sold out",
    text:
      "Nothing is left to buy right now. If items become available again, the line continues " +
      "from where it is. You can stay in line or leave.",
  },
  ended: {
    heading: "The sale has ended",
    text: "Thank you for waiting. The shop is no longer letting people in.",
  },
};

/**
 * @param {Waiting} waiting
 * @returns {Message}
 */
function waitingText(waiting) {
  const unknownPlace = waiting.state === "queued" && waiting.position === null;
  const message = WAITING[unknownPlace ? "drawing" : waiting.state];
  return message ?? { heading: "You’re in line", text: "Your place is safe." };
}

/** The states in which a position means something. */
const IN_LINE = new Set(["queued", "paused", "sold_out"]);

/**
 * All text of a waiting page; null where there is none. A wait is shown only while the line moves.
 * @param {Waiting} waiting
 */
export function waitingFacts(waiting) {
  const { state, position, wait, odds } = waiting;
  const isInLine = IN_LINE.has(state);
  return {
    ...waitingText(waiting),
    place: isInLine ? placeText(position) : null,
    wait: state === "queued" ? waitText(wait) : null,
    // The message of `sold_out` already says so; there is nothing to have odds of.
    odds: isInLine && state !== "sold_out" ? oddsText(odds) : null,
  };
}

/**
 * Whether screen readers should announce the change: another state, a first place, or a place at
 * least a quarter nearer to the front.
 * @param {Pick<Waiting, "state" | "position">} announced the last announcement
 * @param {Pick<Waiting, "state" | "position">} next
 */
export function isWorthAnnouncing(announced, next) {
  if (announced.state !== next.state) return true;
  if (next.position === null || next.position === announced.position) return false;
  return announced.position === null || next.position <= announced.position * 0.75;
}

/**
 * One sentence or two for a live region.
 * @param {Waiting} waiting
 */
export function announcementText(waiting) {
  const { heading, text, place, wait } = waitingFacts(waiting);
  if (waiting.state !== "queued" || place === null) return `${heading}. ${text}`;
  return wait === null ? `${place}.` : `${place}. ${wait}.`;
}
