/**
 * A discount code as a merchant writes it, in JSON and in CSV: one field a column.
 *
 * Guarantee: fields without a fault make a rule. What depends on the sale (its SKUs and lanes) is
 * checked when codes are accepted; a rule that is stored goes on when an item leaves the sale.
 */
import { z } from "zod";
import {
  BASIS_POINTS_MAX,
  DISCOUNT_CODE_LENGTH_MAX,
  DISCOUNT_CODE_LENGTH_MIN,
  DISCOUNT_USES_MAX,
  ITEMS_PER_SALE_MAX,
  PASS_SUBJECT_LENGTH_MAX,
  PRICE_MINOR_MAX,
} from "../limits.ts";
import { identifierSchema, lanesOf, saleIdSchema, type Sale } from "../sale/sale.ts";
import { normalizedCode, type DiscountRule } from "./rule.ts";

const CODE_RULE =
  `use ${DISCOUNT_CODE_LENGTH_MIN} to ${DISCOUNT_CODE_LENGTH_MAX} ` +
  "letters, digits, '-' and '_'";
const instant = z.iso.datetime({ error: "use RFC 3339 in UTC, such as 2026-11-27T10:00:00Z" });
const uses = z
  .int({ error: "use a whole number, or leave it out for no limit" })
  .min(1)
  .max(DISCOUNT_USES_MAX);

export const codeFieldsSchema = z.strictObject({
  code: z
    .string()
    .max(DISCOUNT_CODE_LENGTH_MAX, CODE_RULE)
    .refine((typed) => normalizedCode(typed) !== null, CODE_RULE)
    .describe("Upper and lower case are the same."),
  kind: z.enum(["percent", "amount"], { error: "use percent or amount" }),
  value: z
    .number({ error: "use a number, with '.' before decimals" })
    .describe("0.01 to 100 percent, or an amount off the order in the currency's minor unit."),
  items: z
    .array(identifierSchema)
    .max(ITEMS_PER_SALE_MAX)
    .default([])
    .describe("SKUs; empty for all items of the sale."),
  from: instant.nullable().default(null).describe("Valid from then on; null: at once."),
  to: instant.nullable().default(null).describe("Valid before then; null: without an end."),
  uses: uses.nullable().default(null).describe("In total; null: unlimited."),
  usesPerBuyer: uses.nullable().default(null).describe("Of one buyer; null: unlimited."),
  lane: saleIdSchema.nullable().default(null).describe("Only for shoppers who came by this lane."),
  shopper: z
    .string()
    .min(1)
    .max(PASS_SUBJECT_LENGTH_MAX)
    .nullable()
    .default(null)
    .describe("Only for the shopper whose pass has this `sub`."),
});
export type CodeFields = z.output<typeof codeFieldsSchema>;

export interface CodeFault {
  readonly field: keyof CodeFields;
  readonly message: string;
}

const HUNDREDTHS_ERROR_MAX = 1e-6;

function valueFault({ kind, value }: CodeFields): string | null {
  if (kind === "amount") {
    const isAmount = Number.isInteger(value) && value >= 1 && value <= PRICE_MINOR_MAX;
    return isAmount ? null : `use a whole number from 1 to ${PRICE_MINOR_MAX}, in minor units`;
  }
  const hundredths = value * 100;
  const isExact = Math.abs(hundredths - Math.round(hundredths)) < HUNDREDTHS_ERROR_MAX;
  const isInRange = hundredths >= 1 - HUNDREDTHS_ERROR_MAX && hundredths <= BASIS_POINTS_MAX;
  return isExact && isInRange ? null : "use 0.01 to 100 percent, with at most two decimals";
}

/** What the schema cannot see: fields that contradict each other or the sale. */
export function codeFaults(fields: CodeFields, sale: Sale): CodeFault[] {
  const { items, from, to, lane } = fields;
  const faults: CodeFault[] = [];
  const value = valueFault(fields);
  if (value !== null) faults.push({ field: "value", message: value });
  const skus = new Set(sale.items.map(({ sku }) => sku));
  const strange = items.filter((sku) => !skus.has(sku));
  if (strange.length > 0) {
    faults.push({ field: "items", message: `the sale does not have ${strange.join(", ")}` });
  }
  if (from !== null && to !== null && Date.parse(to) <= Date.parse(from)) {
    faults.push({ field: "to", message: "must be after from" });
  }
  if (lane !== null && !lanesOf(sale).some(({ id }) => id === lane)) {
    faults.push({ field: "lane", message: `the sale does not have the lane ${lane}` });
  }
  return faults;
}

function instantOf(text: string | null): number | null {
  return text === null ? null : Date.parse(text);
}

/** @param fields without faults */
export function ruleOf(fields: CodeFields): DiscountRule {
  const { kind, value, items, from, to, uses, usesPerBuyer, lane, shopper } = fields;
  return {
    discount:
      kind === "percent" ? { kind, basisPoints: Math.round(value * 100) } : { kind, amount: value },
    items: [...new Set(items)].toSorted(),
    from_ms: instantOf(from),
    to_ms: instantOf(to),
    uses,
    usesPerBuyer,
    lane,
    shopper,
  };
}

/** A rule as a merchant would write it. */
export function fieldsOf(rule: DiscountRule): Omit<CodeFields, "code"> {
  const { discount, items, from_ms, to_ms, uses, usesPerBuyer, lane, shopper } = rule;
  const value = discount.kind === "percent" ? discount.basisPoints / 100 : discount.amount;
  const text = (at_ms: number | null): string | null => {
    return at_ms === null ? null : new Date(at_ms).toISOString();
  };
  const times = { from: text(from_ms), to: text(to_ms) };
  return { kind: discount.kind, value, items, ...times, uses, usesPerBuyer, lane, shopper };
}
