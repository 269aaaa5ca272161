/**
 * A quote: what the lines cost this shopper, with their discount code, delivery and tax.
 *
 * Counts nothing and promises nothing: an order states the total it was quoted, and is refused when
 * that has changed.
 */
import { normalizedCode, type DiscountRefusal } from "../domain/discounts/rule.ts";
import type { LookOutcome, TakenCode } from "../domain/discounts/uses.ts";
import { quoteOf, type Quote, type QuoteOutcome } from "../domain/checkout/quote.ts";
import type { Line } from "../domain/stock/cart.ts";
import { discountCodesOf } from "../platform/objects.ts";
import { withTimeout } from "../platform/with-timeout.ts";
import { inShop, type AdmissionRefused, type InShop, type Visit } from "./visit.ts";

export interface QuoteQuestion {
  readonly lines: readonly Line[];
  readonly country: string | null;
  /** The id of a delivery option. */
  readonly delivery: string | null;
  /** As the shopper typed it. */
  readonly discountCode: string | null;
  /** Digests by which the buyer's uses of a code are counted, as far as they are known. */
  readonly identities: readonly string[];
}

export type DiscountRefused =
  | { readonly kind: "discount_refused"; readonly reason: DiscountRefusal | "changed" }
  | { readonly kind: "discount_unavailable" };

export type QuoteRefused = Exclude<QuoteOutcome, { readonly kind: "quoted" }> | DiscountRefused;

export type QuotedOutcome = { readonly kind: "quoted"; readonly quote: Quote } | QuoteRefused;

export async function quote(
  visit: Visit,
  question: Omit<QuoteQuestion, "identities">,
): Promise<QuotedOutcome | AdmissionRefused> {
  const shopper = inShop(visit);
  if (shopper.kind !== "in_shop") return shopper;
  return quoteFor(shopper, { ...question, identities: [] });
}

export async function quoteFor(shopper: InShop, question: QuoteQuestion): Promise<QuotedOutcome> {
  const { lines, country, delivery } = question;
  const found = await discountFor(shopper, question);
  if (found.kind !== "discount") return found;
  return quoteOf(shopper.sale, { lines, country, delivery, discount: found.discount });
}

async function discountFor(
  { gate, sale, admission }: InShop,
  { discountCode, identities }: QuoteQuestion,
): Promise<{ readonly kind: "discount"; readonly discount: TakenCode | null } | DiscountRefused> {
  if (discountCode === null) return { kind: "discount", discount: null };
  const code = normalizedCode(discountCode);
  if (code === null) return { kind: "discount_refused", reason: "unknown" };
  const { subject, lane } = admission;
  const command = { code, subject, lane, identities };
  const seen = await withTimeout<LookOutcome>(discountCodesOf(gate.env, sale.id).look(command));
  switch (seen?.kind) {
    case undefined:
      return { kind: "discount_unavailable" };
    case "refused":
      return { kind: "discount_refused", reason: seen.reason };
    case "good":
      return { kind: "discount", discount: seen.taken };
  }
}
