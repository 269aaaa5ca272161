/**
 * A sale's rules of unpaid units: how many one shopper and one network may have in carts and unpaid
 * orders, and when a shopper or a network that does not pay cools off.
 */
import { z } from "zod";
import { COOLING_OFF_MAX_S, UNPAID_LAPSES_MAX, UNPAID_UNITS_MAX } from "../limits.ts";

const units = z.int().min(1).max(UNPAID_UNITS_MAX).nullable();
const lapses = z.int().min(1).max(UNPAID_LAPSES_MAX).nullable();

const coolingOffSchema = z.strictObject({
  /** Holds of one shopper that end unpaid before the shopper cools off; null: any number. */
  perShopper: lapses.default(3),
  /** The same of one network. */
  perNetwork: lapses.default(null),
  seconds: z.int().min(1).max(COOLING_OFF_MAX_S).default(600),
});

export const unpaidSchema = z.strictObject({
  /** Unpaid units of each SKU that one shopper may have: one proof, pass or place. */
  perShopper: units.default(null),
  /** Of one network; absent: a share of what is not sold. Null: any number. */
  perNetwork: units.optional(),
  coolingOff: coolingOffSchema.prefault({}),
});

export const DEFAULT_UNPAID = unpaidSchema.parse({});
