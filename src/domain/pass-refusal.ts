/**
 * Why a merchant's pass is not good. The reasons are stable codes: told over HTTP, kept in a
 * cookie, put into words by the pages.
 */
export const PASS_REFUSALS = [
  "malformed",
  "wrong_type",
  "unknown_key",
  "wrong_algorithm",
  "bad_signature",
  "other_sale",
  "no_expiry",
  "expired",
  "not_yet_valid",
  "unknown_lane",
] as const;

export type PassRefusal = (typeof PASS_REFUSALS)[number];
