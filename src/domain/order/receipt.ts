/**
 * What the receipt of a confirmed order says: the place in line, the admission, the order.
 *
 * Guarantee: it follows from the order's intent and from the line of its history in which it was
 * confirmed, neither of which ever changes, so an order has one receipt. It names nobody: no name,
 * no address, no subject (a merchant's pass may name a customer in that).
 * Not for refunds: those come later, and a receipt is about what was bought.
 */
import { z } from "zod";
import type { HistoryLine } from "./history.ts";
import { amountsSchema, type Amounts, type OrderIntent, type OrderRecord } from "./order.ts";

const count = z.int().min(0);
/** Seconds since 1970, as in other tokens. */
const time = z.int();

/** How the buyer came in. `unknown`: the admission was issued before admissions had their place. */
export const ENTRIES = ["line", "direct", "unknown"] as const;

export const receiptSchema = z.object({
  sale: z.string(),
  order: z.string(),
  booking: z.string(),
  state: z.literal("confirmed"),
  entry: z.enum(ENTRIES),
  /** The ticket's own id; null without one. */
  ticket: z.string().nullable(),
  /** Null unless `entry` is `line`. */
  place: z
    .object({ lane: z.string(), cohort: count, shard: count, index: count, rank: count })
    .nullable(),
  /** Times are null when the order does not know them. */
  admission: z.object({ jti: z.string(), iat: time.nullable(), exp: time.nullable() }),
  /** The id of the cart's holds. */
  hold: z.string(),
  currency: z.string(),
  /** Minor units. */
  amounts: amountsSchema,
  /** `price` per unit. */
  lines: z.array(z.object({ sku: z.string(), quantity: count, price: z.int() })),
  times: z.object({
    joined: time.nullable(),
    admitted: time.nullable(),
    ordered: time,
    confirmed: time,
  }),
});
export type Receipt = Readonly<z.infer<typeof receiptSchema>>;

/** Why a token is no receipt of this deployment. */
export const RECEIPT_REFUSALS = [
  "malformed",
  "wrong_type",
  "unknown_key",
  "bad_signature",
  "other_issuer",
] as const;
export type ReceiptRefusal = (typeof RECEIPT_REFUSALS)[number];

/** What was found about a receipt that somebody showed. */
export type CheckedReceipt =
  | { readonly kind: "invalid"; readonly reason: ReceiptRefusal }
  /** Ours, of the sale named. */
  | { readonly kind: "other_sale"; readonly sale: string }
  | { readonly kind: "valid"; readonly receipt: Receipt; readonly rank: CheckedRank };

export type CheckedRank =
  /** `none`: the receipt has no place. `unknown`: the room does not answer. */
  | { readonly kind: "agrees" | "none" | "unknown" }
  /** Null: no booth handed out such a place. */
  | { readonly kind: "differs"; readonly drawn: number | null };

/** What an order must know of its admission for a receipt. */
interface Admission {
  readonly lane: string;
  readonly issuedAt_ms: number;
  readonly expiresAt_ms: number;
  /** Null: let in without a ticket. Undefined: the admission does not say. */
  readonly place:
    | {
        readonly cohort: number;
        readonly shard: number;
        readonly index: number;
        readonly rank: number;
        readonly joinedAt_ms: number | null;
      }
    | null
    | undefined;
}

const NO_PLACE = { cohort: null, shard: null, index: null, rank: null, joinedAt_ms: null };

/** The part of an order's intent that its receipt is made from. @param ticket the ticket's id */
export function entryOf(
  { lane, issuedAt_ms, expiresAt_ms, place }: Admission,
  ticket: string,
): Pick<OrderIntent, "place" | "admitted"> {
  const times = { at_ms: issuedAt_ms, until_ms: expiresAt_ms };
  if (place === undefined) return { place: null, admitted: { ticket: null, ...times } };
  if (place === null) {
    return { place: { lane, ...NO_PLACE }, admitted: { ticket: null, ...times } };
  }
  return { place: { lane, ...place }, admitted: { ticket, ...times } };
}

/** Null: the order is not confirmed. */
export function receiptOf(
  { intent, standing, updatedAt_ms }: OrderRecord,
  history: readonly HistoryLine[],
): Receipt | null {
  if (standing.state !== "confirmed") return null;
  const confirmed = history.find(({ state }) => state === "confirmed");
  const { id, sale, admission, admitted, currency, lines, placedAt_ms } = intent;
  return {
    sale,
    order: id,
    booking: standing.booking,
    state: "confirmed",
    ...placeOf(intent),
    admission: {
      jti: admission,
      iat: secondsOf(admitted?.at_ms),
      exp: secondsOf(admitted?.until_ms),
    },
    hold: admission,
    currency,
    amounts: amountsOf(intent),
    lines: lines.map(({ sku, quantity, price }) => ({ sku, quantity, price })),
    times: {
      joined: secondsOf(intent.place?.joinedAt_ms),
      admitted: secondsOf(admitted?.at_ms),
      ordered: wholeSeconds(placedAt_ms),
      confirmed: wholeSeconds(confirmed?.at_ms ?? updatedAt_ms),
    },
  };
}

function placeOf({ place, admitted }: OrderIntent): Pick<Receipt, "entry" | "ticket" | "place"> {
  if (place === null) return { entry: "unknown", ticket: null, place: null };
  const { lane, cohort, shard, index, rank } = place;
  if (cohort === null || shard === null || index === null || rank === null) {
    return { entry: "direct", ticket: null, place: null };
  }
  const ticket = admitted?.ticket ?? null;
  return { entry: "line", ticket, place: { lane, cohort, shard, index, rank } };
}

/** Orders of the first versions have no amounts, because their prices were all of their total. */
function amountsOf({ amounts, total }: OrderIntent): Amounts {
  return amounts ?? { items: total, discount: 0, delivery: 0, tax: 0, taxIncluded: 0, total };
}

function wholeSeconds(at_ms: number): number {
  return Math.floor(at_ms / 1000);
}

function secondsOf(at_ms: number | null | undefined): number | null {
  return at_ms === null || at_ms === undefined ? null : wholeSeconds(at_ms);
}
