/**
 * The text that shoppers read about waiting and about an order. The server renders its pages with
 * it and the scripts keep the same pages current, so both always show the same.
 *
 * Guarantee: pure functions of their arguments; every estimate is worded as one. Not for money and
 * dates, which only the server writes.
 */

/** @typedef {"plenty" | "low" | "out"} Level */

/**
 * A shopper's state in line: fields of the status in the HTTP API.
 * @typedef {object} Waiting
 * @property {string} state
 * @property {number | null} position 1 is the next to be called
 * @property {{ readonly low_s: number, readonly high_s: number } | null} wait
 * @property {number | null} odds
 */

/** @typedef {{ readonly heading: string, readonly text: string }} Message */

const count = new Intl.NumberFormat("en");

/**
 * @param {number} amount
 * @param {string} one
 */
function plural(amount, one) {
  return `${count.format(amount)} ${one}${amount === 1 ? "" : "s"}`;
}

/**
 * A duration as text, rounded more coarsely the longer it is.
 * @param {number} duration_s
 */
export function durationText(duration_s) {
  if (duration_s < 8) return "a few seconds";
  if (duration_s < 57) return `${Math.round(duration_s / 5) * 5} seconds`;
  const minutes = Math.max(Math.round(duration_s / 60), 1);
  if (minutes < 90) return plural(minutes, "minute");
  const hours = Math.floor(minutes / 60);
  const rest = minutes % 60;
  if (hours >= 48) return plural(Math.round(hours / 24), "day");
  if (rest < 5 || hours >= 10) return plural(hours, "hour");
  return `${plural(hours, "hour")} ${plural(rest, "minute")}`;
}

/**
 * A countdown: 4:05, or 1:00:00 from an hour on.
 * @param {number} left_s
 */
export function countdownText(left_s) {
  const whole = Math.max(Math.ceil(left_s), 0);
  const two = (/** @type {number} */ value) => String(value).padStart(2, "0");
  const hours = Math.floor(whole / 3600);
  const minutes = Math.floor((whole % 3600) / 60);
  if (hours >= 48) return durationText(whole);
  if (hours > 0) return `${hours}:${two(minutes)}:${two(whole % 60)}`;
  return `${minutes}:${two(whole % 60)}`;
}

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

/** @type {Record<string, Message>} */
const ORDER = {
  moving: {
    heading: "Your order is being processed",
    text: "We have received your order. Your payment is being processed.",
  },
  action_required: {
    heading: "Confirm the payment with your bank",
    text: "Your bank asks you to confirm this payment. You return to this page afterwards.",
  },
  in_doubt: {
    heading: "The payment is taking longer than usual",
    text: "We are checking the payment with the payment service. You will not be charged twice.",
  },
  voiding: {
    heading: "Your order is being cancelled",
    text: "It could not be completed. The amount reserved on your card is being released.",
  },
  confirmed: {
    heading: "Your order is confirmed",
    text: "Your payment was successful. Thank you!",
  },
  failed: {
    heading: "Your order could not be completed",
    text: "You have not been charged. The amount reserved on your card was released.",
  },
  rejected: {
    heading: "Your order was not accepted",
    text: "Nothing was charged.",
  },
  cancelled: {
    heading: "Your order was cancelled",
    text: "You have not been charged. The amount reserved on your card was released.",
  },
};

/** @type {Record<string, string>} No more is told of a card, because stolen ones are tested. */
const DECLINED = {
  action_abandoned: "The payment was not confirmed with the bank in time.",
  payment_details_expired: "The payment details are too old. Enter them again.",
};

/** @type {Record<string, Message>} Why an order ended that the bank has not declined, by reason. */
const NOT_PAID = {
  given_up: {
    heading: "You stopped the payment",
    text: "Nothing was charged. You can pay another way.",
  },
  limit_reached: {
    heading: "The limit per person is reached",
    text: "More was ordered with this card than one person may buy. Nothing was charged.",
  },
  payment_unavailable: {
    heading: "The shop cannot take this payment right now",
    text: "Nothing was charged. Try another way to pay, or ask the shop.",
  },
};

/** @type {Record<"part" | "all", Message>} */
const REFUNDED = {
  part: {
    heading: "Your order is confirmed",
    text: "A part of what you paid was refunded; see below.",
  },
  all: {
    heading: "Your order was refunded",
    text: "All that you paid goes back the way it was paid. Banks may take some days.",
  },
};

/** @type {Record<string, Message>} The messages of steps before an order is final, by state. */
const STEPS = {
  authorized: {
    heading: "Your order is being processed",
    text: "Your bank has approved the payment.",
  },
  booking: {
    heading: "Your order is being processed",
    text: "Your bank has approved the payment.",
  },
  booked: { heading: "Your order is being processed", text: "The shop has recorded your order." },
  capturing: {
    heading: "Your order is being processed",
    text: "The shop has recorded your order.",
  },
};

/** The states whose own message says already why it takes longer, or that it is over. */
const EXPLAIN_THEMSELVES = new Set(["action_required", "in_doubt", "voiding", "confirmed"]);

/** @type {Message} */
const DELAYED = {
  heading: "Payment is taking longer",
  text:
    "We are waiting for the payment service. " +
    "Your items are reserved, and you will be charged once.",
};

/**
 * @param {string} state
 * @param {string | null} reason
 * @param {boolean} [isDelayed] whether the order waits for a service that is slow or down
 * @param {"none" | "part" | "all"} [refunded] how much of it was refunded
 * @returns {Message}
 */
export function orderText(state, reason, isDelayed = false, refunded = "none") {
  if (isDelayed && !EXPLAIN_THEMSELVES.has(state)) return DELAYED;
  if (state === "confirmed" && refunded !== "none") return REFUNDED[refunded];
  if (state === "declined") {
    const ended = NOT_PAID[reason ?? ""];
    if (ended !== undefined) return ended;
    const why =
      DECLINED[reason ?? ""] ??
      "The payment was not approved. Check the details, or pay another way.";
    return { heading: "The payment was declined", text: `${why} Nothing was charged.` };
  }
  return ORDER[state] ?? STEPS[state] ?? ORDER["moving"] ?? { heading: "Your order", text: "" };
}
