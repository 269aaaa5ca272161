/**
 * The text that shoppers read about an order, and durations. The server renders its pages with
 * it and the scripts keep the same pages current, so both always show the same.
 *
 * Guarantee: pure functions of their arguments. Not for money and dates, which only the server
 * writes.
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
