/**
 * What the shoppers of a simulated world pay with: a card of their own, which some share, in a form
 * of the shop or of Stripe.js; or a test card that is declined, asks for authentication or cannot
 * be captured.
 */
import { ConfirmationToken, createToken } from "../sandbox/confirmation-token.ts";
import { instrumentNamed } from "../sandbox/instrument.ts";

/** Fewer than there are shoppers in many worlds, so some have the same. */
const CARDS = 14;
const SPECIAL = [
  "pm_card_chargeDeclined",
  "pm_card_authenticationRequired",
  "pm_card_authenticationRequired",
  "pm_sandbox_captureFails",
] as const;
/** How often something else than the shopper's own card is used. */
const SPECIAL_SHARE = 0.45;
const TOKEN_SHARE = 0.5;

interface Chance {
  readonly random: () => number;
  between(low: number, high: number): number;
  pick<Item>(items: readonly Item[]): Item;
}

/** The card that a shopper has, as the sandbox names it. */
export function drawCard(chance: Chance): string {
  return `sandbox_visa_${chance.between(1, CARDS)}`;
}

/** The means of payment of one order: a confirmation token pays for one only. */
export function methodFor(order: string, card: string, chance: Chance): string {
  if (chance.random() < SPECIAL_SHARE) return chance.pick(SPECIAL);
  return chance.random() < TOKEN_SHARE ? `ctoken_${card}.${order}` : `pm_${card}`;
}

/** The same for the same card: what a provider would call its fingerprint. */
export function cardKeyOf(method: string): string {
  return method.replace(/^(ctoken|pm)_/, "").replace(/\..*/, "");
}

/** The confirmation token that Stripe.js would have made; null for a name that is no token's. */
export function tokenNamed(id: string, now: number): ConfirmationToken | null {
  const instrument = id.startsWith("ctoken_") ? instrumentNamed(`pm_${cardKeyOf(id)}`) : null;
  if (instrument === null) return null;
  const { billing } = ConfirmationToken.pick({ billing: true }).parse({ billing: {} });
  const settings = { isLive: false, shipping: null, returnUrl: null } as const;
  return createToken({ instrument, billing, captureMethod: "manual", ...settings }, id, now);
}
