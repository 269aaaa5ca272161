/**
 * The fields of the card form: how they are written, and what is wrong with them, with the codes
 * and words of Stripe.js.
 *
 * Pure but for the elements it is given.
 */

/** @typedef {{ code: string, message: string }} Fault */

/** @param {string} text */
export function digitsOf(text) {
  return text.replaceAll(/\D/g, "");
}

/** @param {string} text */
export function groupNumber(text) {
  const digits = digitsOf(text).slice(0, 19);
  const groups = /^3[47]/.test(digits)
    ? [digits.slice(0, 4), digits.slice(4, 10), digits.slice(10)]
    : (digits.match(/.{1,4}/g) ?? []);
  return groups.filter((group) => group !== "").join(" ");
}

/** @param {string} text */
export function writeExpiry(text) {
  const digits = digitsOf(text).slice(0, 4);
  const padded = /^[2-9]/.test(digits) ? `0${digits}` : digits;
  if (padded.length < 2) return padded;
  const isErasing = padded.length === 2 && !text.includes("/") && text.trim().length < 2;
  return isErasing ? padded : `${padded.slice(0, 2)} / ${padded.slice(2, 4)}`.trim();
}

/**
 * @param {string} text
 * @returns {Fault | null}
 */
export function faultOfNumber(text) {
  const number = digitsOf(text);
  const length = /^3[47]/.test(number) ? 15 : 16;
  if (number.length < length) {
    return { code: "incomplete_number", message: "Your card number is incomplete." };
  }
  if (number.length > length || !hasCheckDigit(number)) {
    return { code: "invalid_number", message: "Your card number is invalid." };
  }
  return null;
}

/**
 * The check digit of ISO/IEC 7812-1.
 *
 * @param {string} number
 */
function hasCheckDigit(number) {
  const digits = Array.from(number).toReversed().map(Number);
  const sum = digits.reduce((total, digit, index) => {
    if (index % 2 === 0) return total + digit;
    return total + (digit > 4 ? digit * 2 - 9 : digit * 2);
  }, 0);
  return sum % 10 === 0;
}

/**
 * @param {string} text
 * @param {Date} now
 * @returns {Fault | null}
 */
export function faultOfExpiry(text, now) {
  const { month, year } = expiryOf(text);
  if (digitsOf(text).length < 4 || month < 1 || month > 12) {
    return { code: "incomplete_expiry", message: "Your card's expiration date is incomplete." };
  }
  if (Date.UTC(year, month) > now.getTime()) return null;
  const code = "invalid_expiry_year_past";
  return { code, message: "Your card's expiration year is in the past." };
}

/** @param {string} text */
export function expiryOf(text) {
  const digits = digitsOf(text);
  return { month: Number(digits.slice(0, 2)), year: 2000 + Number(digits.slice(2, 4)) };
}

/**
 * @param {string} text
 * @param {string} number
 * @returns {Fault | null}
 */
export function faultOfCode(text, number) {
  const length = /^3[47]/.test(digitsOf(number)) ? 4 : 3;
  if (digitsOf(text).length >= length) return null;
  return { code: "incomplete_cvc", message: "Your card's security code is incomplete." };
}
