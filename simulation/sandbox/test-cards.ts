/**
 * The test cards: each number always has the same outcome, brand and fingerprint.
 *
 * Numbers, names and codes are Stripe's (https://docs.stripe.com/testing), so that a test written
 * for the sandbox also runs against Stripe's own test mode. Cards whose name begins with
 * `pm_sandbox_` do not exist at Stripe. Any other number is refused, so no real card is stored.
 */
import type { CardRefusal } from "./api-error.ts";

export type Outcome =
  | { readonly kind: "authorizes" }
  | { readonly kind: "refuses"; readonly refusal: CardRefusal }
  /** `refusal`: the issuer refuses the payment even after the shopper has authenticated. */
  | { readonly kind: "asks_shopper"; readonly refusal: CardRefusal | null }
  | { readonly kind: "authorizes_but_cannot_be_captured" };

export interface TestCard {
  readonly number: string;
  /** Ids of payment methods with this card, the usual one first. */
  readonly names: readonly [string, ...string[]];
  readonly brand: "amex" | "discover" | "mastercard" | "visa";
  readonly outcome: Outcome;
  readonly refunds: "succeed" | "pending_then_succeeds" | "fails_later";
  /** The dispute that follows its capture. */
  readonly dispute: { readonly reason: string; readonly isInquiry: boolean } | null;
}

const AUTHORIZES: Outcome = { kind: "authorizes" };
const ASKS_SHOPPER: Outcome = { kind: "asks_shopper", refusal: null };

function refusal(code: string, decline_code: string, message: string, param?: string): CardRefusal {
  return { code, decline_code, message, ...(param === undefined ? {} : { param }) };
}

const DECLINED = "Your card was declined.";
const GENERIC = refusal("card_declined", "generic_decline", DECLINED);
const NO_FUNDS = refusal(
  "card_declined",
  "insufficient_funds",
  "Your card has insufficient funds.",
);

function card(
  number: string,
  names: readonly [string, ...string[]],
  outcome: Outcome = AUTHORIZES,
  special: Partial<Pick<TestCard, "brand" | "refunds" | "dispute">> = {},
): TestCard {
  return { number, names, outcome, brand: "visa", refunds: "succeed", dispute: null, ...special };
}

function refused(
  number: string,
  names: readonly [string, ...string[]],
  why: CardRefusal,
): TestCard {
  return card(number, names, { kind: "refuses", refusal: why });
}

function disputed(number: string, name: string, reason: string, isInquiry = false): TestCard {
  return card(number, [name], AUTHORIZES, { dispute: { reason, isInquiry } });
}

export const TEST_CARDS: readonly TestCard[] = [
  card("4242424242424242", ["pm_card_visa"]),
  card("4000056655665556", ["pm_card_visa_debit"]),
  card("5555555555554444", ["pm_card_mastercard"], AUTHORIZES, { brand: "mastercard" }),
  card("378282246310005", ["pm_card_amex"], AUTHORIZES, { brand: "amex" }),
  card("6011111111111117", ["pm_card_discover"], AUTHORIZES, { brand: "discover" }),

  refused("4000000000000002", ["pm_card_visa_chargeDeclined", "pm_card_chargeDeclined"], GENERIC),
  refused(
    "4000000000009995",
    ["pm_card_visa_chargeDeclinedInsufficientFunds", "pm_card_chargeDeclinedInsufficientFunds"],
    NO_FUNDS,
  ),
  refused(
    "4000000000009987",
    ["pm_card_visa_chargeDeclinedLostCard"],
    refusal("card_declined", "lost_card", DECLINED),
  ),
  refused(
    "4000000000009979",
    ["pm_card_visa_chargeDeclinedStolenCard"],
    refusal("card_declined", "stolen_card", DECLINED),
  ),
  refused(
    "4000000000000069",
    ["pm_card_chargeDeclinedExpiredCard"],
    refusal("expired_card", "expired_card", "Your card has expired.", "exp_month"),
  ),
  refused(
    "4000000000000127",
    ["pm_card_chargeDeclinedIncorrectCvc"],
    refusal("incorrect_cvc", "incorrect_cvc", "Your card's security code is incorrect.", "cvc"),
  ),
  refused(
    "4000000000000119",
    ["pm_card_chargeDeclinedProcessingError"],
    refusal(
      "processing_error",
      "processing_error",
      "An error occurred while processing your card. Try again in a little bit.",
    ),
  ),
  refused(
    "4000000000006975",
    ["pm_card_visa_chargeDeclinedVelocityLimitExceeded"],
    refusal("card_declined", "card_velocity_exceeded", DECLINED),
  ),
  refused(
    "4100000000000019",
    ["pm_card_radarBlock"],
    refusal("card_declined", "fraudulent", DECLINED),
  ),

  card("4000002760003184", ["pm_card_authenticationRequired"], ASKS_SHOPPER),
  card("4000000000003220", ["pm_card_threeDSecure2Required"], ASKS_SHOPPER),
  card("4000002500003155", ["pm_card_authenticationRequiredOnSetup"], ASKS_SHOPPER),
  card("4000008260003178", ["pm_card_authenticationRequiredChargeDeclinedInsufficientFunds"], {
    kind: "asks_shopper",
    refusal: NO_FUNDS,
  }),
  card("4000008400001629", ["pm_card_threeDSecureRequiredChargeDeclined"], {
    kind: "asks_shopper",
    refusal: GENERIC,
  }),

  disputed("4000000000000259", "pm_card_createDispute", "fraudulent"),
  disputed("4000000000002685", "pm_card_createDisputeProductNotReceived", "product_not_received"),
  disputed("4000000000001976", "pm_card_createDisputeInquiry", "fraudulent", true),

  card("4000000000007726", ["pm_card_pendingRefund"], AUTHORIZES, {
    refunds: "pending_then_succeeds",
  }),
  card("4000000000005126", ["pm_card_refundFail"], AUTHORIZES, { refunds: "fails_later" }),
  card("4000000000000077", ["pm_card_bypassPending"]),

  card("4000000000008807", ["pm_sandbox_captureFails"], {
    kind: "authorizes_but_cannot_be_captured",
  }),
];

const BY_NUMBER = new Map(TEST_CARDS.map((each) => [each.number, each]));
const BY_NAME = new Map(TEST_CARDS.flatMap((each) => each.names.map((name) => [name, each])));

/**
 * Cards of many buyers, each with a number and a fingerprint of its own, because a shop counts
 * buyers by their card: `pm_sandbox_visa_17`, `pm_sandbox_captureFails_17`. No issuer has numbers
 * that begin with 999999.
 */
const NUMBERED_NAME = /^pm_sandbox_(visa|captureFails)_(\d{1,8})$/;
const NUMBERED = /^999999([01])(\d{8})\d$/;

function numberedCard(number: string): TestCard | null {
  const [, kind, digits] = NUMBERED.exec(number) ?? [];
  if (kind === undefined || !hasCheckDigit(number)) return null;
  const isVisa = kind === "0";
  const name = `pm_sandbox_${isVisa ? "visa" : "captureFails"}_${Number(digits)}`;
  return card(number, [name], isVisa ? AUTHORIZES : { kind: "authorizes_but_cannot_be_captured" });
}

/** The card with this number; null when it is not a test card. */
export function cardOf(number: string): TestCard | null {
  return BY_NUMBER.get(number) ?? numberedCard(number);
}

/** The card of a `pm_card_…` payment method; null when the sandbox does not know the method. */
export function cardNamed(method: string): TestCard | null {
  const [, kind, digits = ""] = NUMBERED_NAME.exec(method) ?? [];
  if (kind === undefined) return BY_NAME.get(method) ?? null;
  const number = `999999${kind === "visa" ? 0 : 1}${digits.padStart(8, "0")}`;
  const check = Array.from({ length: 10 }, (_, digit) => `${number}${digit}`).find(hasCheckDigit);
  return check === undefined ? null : numberedCard(check);
}

/** The check digit of ISO/IEC 7812-1, without which a number is mistyped. */
export function hasCheckDigit(number: string): boolean {
  const digits = Array.from(number).toReversed().map(Number);
  const sum = digits.reduce((total, digit, index) => {
    if (index % 2 === 0) return total + digit;
    return total + (digit > 4 ? digit * 2 - 9 : digit * 2);
  }, 0);
  return sum % 10 === 0;
}

const ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
const FINGERPRINT_LENGTH = 16;

/**
 * The same text for the same card, and no way to tell the number from it. A wallet has a number of
 * its own, as at Stripe, so the same card in a wallet has another fingerprint.
 * FNV-1a, https://www.rfc-editor.org/rfc/rfc9923; not for secrets.
 */
export function fingerprintOf(number: string, wallet: string | null): string {
  const letter = (position: number): string => {
    let hash = 0x811c9dc5;
    for (const byte of new TextEncoder().encode(`${position} ${wallet ?? "card"} ${number}`)) {
      hash = Math.imul(hash ^ byte, 0x01000193);
    }
    return ALPHABET[(hash >>> 8) % ALPHABET.length] ?? "";
  };
  return Array.from({ length: FINGERPRINT_LENGTH }, (_, position) => letter(position)).join("");
}
