/** What a WaitingRoom answers: named outcomes, never a throw across the call. */
import type { RevisionRefused } from "../../src/domain/sale/sale.ts";

/** A room that was never founded; callers turn it into `sale_not_found`. */
export type NoSale = { readonly kind: "no_sale" };
export const NO_SALE: NoSale = { kind: "no_sale" };

export type ConfigureOutcome =
  | { readonly kind: "created" | "revised" | "unchanged"; readonly revision: number }
  | { readonly kind: "refused"; readonly refusals: readonly RevisionRefused[] };

/** An admission that is over, or none of this sale's. */
export type NotActive = { readonly kind: "not_active" };
export const NOT_ACTIVE: NotActive = { kind: "not_active" };
