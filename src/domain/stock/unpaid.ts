/**
 * Unpaid units of one SKU: those in carts and in orders that are not confirmed. Who takes them is
 * counted in groups beside the buyer: the shopper (of a proof or a pass), the network, its block.
 *
 * Guarantee: a command never raises a group's unpaid units above its limit, and none of a group
 * that cools off takes units. What is held already stays, and may be ordered. A group's count is
 * that of the stored reservations, so it comes back with them, also after a crash. A group cools
 * off after holds that ended unpaid (lapses); those that a merchant or a shop's fault ended count
 * nothing.
 * Weak: a network is shared by many people, and one person can have many.
 */
import { z } from "zod";
import type { Lapses } from "./lapses.ts";
import {
  unitsNotSold,
  unitsTaken,
  type Reservation,
  type ReservationKey,
  type StockDraft,
} from "./stock-ledger.ts";

const unpaidRuleSchema = z.object({
  /** An opaque name, unique in its sale. */
  group: z.string(),
  /** Units that the group may have unpaid at once; null: as many as `share` allows. */
  units: z.int().nullable(),
  /** Of the units that are not sold yet, if `units` is null; null: any number. */
  share: z.number().nullable(),
  /** Lapses after which the group cools off; null: it never does. */
  lapses: z.int().nullable(),
});
export type UnpaidRule = Readonly<z.infer<typeof unpaidRuleSchema>>;

/** What a gate states with a hold and an order; absent from those of the release before. */
export const unpaidTermsSchema = z.object({
  rules: z.array(unpaidRuleSchema),
  /** How long a group cools off after its last lapse. */
  coolingOff_ms: z.number(),
  /** How long a hold of the sale lasts: one that is let go in its second half is a lapse. */
  hold_ms: z.number(),
});
export type UnpaidTerms = Readonly<z.infer<typeof unpaidTermsSchema>>;

export type UnpaidRefusal =
  /** `taken`: units that the group has unpaid already. */
  | { readonly kind: "unpaid_limit_reached"; readonly limit: number; readonly taken: number }
  | { readonly kind: "cooling_off"; readonly until_ms: number };

/** The groups of a reservation that is taken under these terms. */
export function groupsOf(
  terms: UnpaidTerms | undefined,
  ...before: readonly (Reservation | null)[]
): Pick<Reservation, "groups"> {
  const own = terms?.rules.map(({ group }) => group) ?? [];
  const groups = [...new Set([...before.flatMap((item) => item?.groups ?? []), ...own])];
  return groups.length === 0 ? {} : { groups };
}

interface Wanted {
  /** The hold whose units are kept or ordered; its own are not counted twice. */
  readonly hold: ReservationKey;
  /** Units that the buyer would have in this hold, and in the order made from it. */
  readonly units: number;
  readonly limitPerBuyer: number;
}

/**
 * Precedence: cooling_off, unpaid_limit_reached; null: nothing is against it.
 * @param wanted more units than the hold has now, or the same under another group
 */
export function unpaidRefusal(
  draft: StockDraft,
  terms: UnpaidTerms | undefined,
  { hold, units, limitPerBuyer }: Wanted,
  now: number,
): UnpaidRefusal | null {
  const { rules = [], coolingOff_ms = 0 } = terms ?? {};
  const held = draft.reservation(hold);
  const isMore = units > unitsTaken(held);
  for (const rule of isMore ? rules : []) {
    const until_ms = coolsUntil_ms(draft.lapsesOf(hold.sale, rule.group), rule, coolingOff_ms);
    if (until_ms > now) return { kind: "cooling_off", until_ms };
  }
  for (const rule of rules) {
    const limit = limitUnder(draft, rule, limitPerBuyer);
    const taken = draft.unpaidUnder(hold.sale, rule.group, hold);
    const isNews = isMore || held?.groups?.includes(rule.group) !== true;
    if (isNews && taken + units > limit) return { kind: "unpaid_limit_reached", limit, taken };
  }
  return null;
}

/** A share is never less than one buyer may have, so a group of one buyer is not refused by it. */
function limitUnder(
  { counters }: StockDraft,
  { units, share }: UnpaidRule,
  limitPerBuyer: number,
): number {
  if (units !== null) return units;
  if (share === null) return Number.POSITIVE_INFINITY;
  return Math.max(Math.floor(unitsNotSold(counters) * share), limitPerBuyer);
}

function coolsUntil_ms(
  lapses: Lapses | null,
  { lapses: allowed }: UnpaidRule,
  coolingOff_ms: number,
): number {
  if (lapses === null || allowed === null || lapses.count < allowed) return 0;
  return lapses.last_ms + coolingOff_ms;
}

/** A hold that is let go: in its first half it costs nobody much. */
export function isLateLettingGo(
  deadline_ms: number,
  terms: UnpaidTerms | undefined,
  now: number,
): boolean {
  return terms !== undefined && (deadline_ms - now) * 2 < terms.hold_ms;
}
