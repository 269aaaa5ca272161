/**
 * What a merchant should know of a sale that is accepted as it is. A warning refuses nothing.
 */
import type { Sale } from "./sale.ts";

/** Stable codes: sent over HTTP, explained in the docs. */
export const SALE_WARNINGS = ["lottery_unprotected"] as const;

export interface SaleWarning {
  readonly code: (typeof SALE_WARNINGS)[number];
  /** The field of the document to change. */
  readonly path: string;
  readonly message: string;
}

/** In the order of the codes; empty for most sales. */
export function warningsOf({ admission, protection }: Sale): readonly SaleWarning[] {
  if (admission.method !== "lottery" || protection.kind !== "none") return [];
  return [
    {
      code: "lottery_unprotected",
      path: "protection",
      message:
        "Each place is a chance in the draw, and a script takes as many places as it likes: " +
        "require altcha or turnstile.",
    },
  ];
}
