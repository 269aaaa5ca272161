/**
 * What a shopper pays with: a test card, perhaps in a wallet, or another type of payment method.
 *
 * Guarantee: a stored card is a documented test card, never a real one. Pure.
 */
import { z } from "zod";
import { METHOD_TYPES, type MethodType, WALLETS } from "./account.ts";
import { cardNamed, cardOf, fingerprintOf, type Outcome, type TestCard } from "./test-cards.ts";

/** The number of the card in the sandbox's wallets. */
const WALLET_CARD = "4242424242424242";
const EXPIRY = { expMonth: 12, expYear: 2034 } as const;

/** The stored form. `number` is null unless the type is `card`. */
export const Instrument = z.strictObject({
  type: z.enum(METHOD_TYPES),
  number: z.string().nullable(),
  wallet: z.enum(WALLETS).nullable(),
  expMonth: z.int(),
  expYear: z.int(),
});

export type Instrument = z.infer<typeof Instrument>;

/** What Stripe shows of a card; never its number. */
export interface CardFacts {
  readonly brand: TestCard["brand"];
  readonly last4: string;
  readonly fingerprint: string;
  readonly wallet: Instrument["wallet"];
  readonly expMonth: number;
  readonly expYear: number;
}

/** The instrument of a `pm_card_…` id; null when the sandbox does not know the id. */
export function instrumentNamed(method: string): Instrument | null {
  const card = cardNamed(method);
  return card === null ? null : { type: "card", number: card.number, wallet: null, ...EXPIRY };
}

/** A card in a wallet; Link is a type of its own. */
export function instrumentOfWallet(wallet: (typeof WALLETS)[number]): Instrument {
  if (wallet === "link") return instrumentOfType("link");
  return { type: "card", number: WALLET_CARD, wallet, ...EXPIRY };
}

export function instrumentOfType(type: Exclude<MethodType, "card">): Instrument {
  return { type, number: null, wallet: null, ...EXPIRY };
}

export function testCardOf({ number }: Instrument): TestCard | null {
  return number === null ? null : cardOf(number);
}

export function cardFactsOf(instrument: Instrument): CardFacts | null {
  const card = testCardOf(instrument);
  if (card === null) return null;
  const { wallet, expMonth, expYear } = instrument;
  return {
    brand: card.brand,
    last4: card.number.slice(-4),
    fingerprint: fingerprintOf(card.number, wallet),
    wallet,
    expMonth,
    expYear,
  };
}

/** Link authorizes at once; the other types ask the shopper on a page of their own. */
export function outcomeOf(instrument: Instrument): Outcome {
  const card = testCardOf(instrument);
  if (card !== null) return card.outcome;
  if (instrument.type === "link") return { kind: "authorizes" };
  return { kind: "asks_shopper", refusal: null };
}
