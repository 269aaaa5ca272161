/**
 * The merchant's changes of a sale's codes: add, change, disable, remove.
 *
 * Guarantee: uses that were taken stay counted. A code that has uses is not removed, because coming
 * again with the same code it would start at zero. The same codes again change nothing.
 */
import { DISCOUNT_CODES_PER_SALE_MAX } from "../limits.ts";
import type { DiscountRule } from "./rule.ts";
import { NO_CHANGE, type DiscountCode, type DiscountDecision, type DiscountReads } from "./uses.ts";

export interface CodeEntry {
  readonly hash: string;
  readonly hint: string;
  readonly rule: DiscountRule;
}

export type PutOutcome =
  | {
      readonly kind: "put";
      readonly created: number;
      readonly changed: number;
      readonly unchanged: number;
    }
  | { readonly kind: "too_many_codes"; readonly limit: number };

function isSame(one: unknown, other: unknown): boolean {
  return JSON.stringify(one) === JSON.stringify(other);
}

/** Whether both rules take the same off the same items. */
function isSameDiscount(one: DiscountRule, other: DiscountRule): boolean {
  return isSame([one.discount, one.items], [other.discount, other.items]);
}

/** Adds codes and changes the rules of known ones, all or none. A disabled code stays disabled. */
export function putCodes(
  reads: DiscountReads,
  entries: readonly CodeEntry[],
  now: number,
): DiscountDecision<PutOutcome> {
  const codes = new Map<string, DiscountCode>();
  let lastNumber = reads.lastNumber();
  let created = 0;
  let changed = 0;
  for (const { hash, hint, rule } of entries) {
    const known = codes.get(hash) ?? reads.code(hash);
    if (known === null) {
      created += 1;
      lastNumber += 1;
      const numbers = { id: lastNumber, revision: lastNumber };
      const times = { createdAt_ms: now, updatedAt_ms: now };
      codes.set(hash, { ...numbers, hash, hint, enabled: true, rule, ...NO_USES, ...times });
    } else if (!isSame(known.rule, rule)) {
      changed += 1;
      if (!isSameDiscount(known.rule, rule)) lastNumber += 1;
      const revision = isSameDiscount(known.rule, rule) ? known.revision : lastNumber;
      codes.set(hash, { ...known, rule, revision, updatedAt_ms: now });
    }
  }
  if (reads.codeCount() + created > DISCOUNT_CODES_PER_SALE_MAX) {
    const outcome = { kind: "too_many_codes", limit: DISCOUNT_CODES_PER_SALE_MAX } as const;
    return { outcome, change: NO_CHANGE };
  }
  const unchanged = entries.length - created - changed;
  return {
    outcome: { kind: "put", created, changed, unchanged },
    change: codes.size === 0 ? NO_CHANGE : { ...NO_CHANGE, codes: [...codes.values()], lastNumber },
  };
}

const NO_USES = { reserved: 0, kept: 0 } as const;

/** A disabled code is refused like one that is over; orders that have it keep it. */
export function enableCode(
  reads: DiscountReads,
  { id, enabled }: { readonly id: number; readonly enabled: boolean },
  now: number,
): DiscountDecision<DiscountCode | null> {
  const code = reads.codeById(id);
  if (code === null || code.enabled === enabled) return { outcome: code, change: NO_CHANGE };
  const outcome = { ...code, enabled, updatedAt_ms: now };
  return { outcome, change: { ...NO_CHANGE, codes: [outcome] } };
}

export type RemoveOutcome =
  | { readonly kind: "removed" | "unknown" }
  | { readonly kind: "used"; readonly reserved: number; readonly kept: number };

export function removeCode(reads: DiscountReads, id: number): DiscountDecision<RemoveOutcome> {
  const code = reads.codeById(id);
  if (code === null) return { outcome: { kind: "unknown" }, change: NO_CHANGE };
  const { reserved, kept } = code;
  if (reserved + kept > 0) {
    return { outcome: { kind: "used", reserved, kept }, change: NO_CHANGE };
  }
  return { outcome: { kind: "removed" }, change: { ...NO_CHANGE, removed: [id] } };
}
