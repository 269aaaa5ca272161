/** What a WaitingRoom answers: named outcomes, never a throw across the call. */
import type { AdmitNowOutcome } from "../../src/domain/room/claims.ts";
import type { RevisionRefused } from "../../src/domain/sale/sale.ts";
import type { Admission } from "../../src/tokens/admissions.ts";

/** A room that was never founded; callers turn it into `sale_not_found`. */
export type NoSale = { readonly kind: "no_sale" };
export const NO_SALE: NoSale = { kind: "no_sale" };

export type ConfigureOutcome =
  | { readonly kind: "created" | "revised" | "unchanged"; readonly revision: number }
  | { readonly kind: "refused"; readonly refusals: readonly RevisionRefused[] };

/** @property admission what `verifyAdmission` would read from the token, its end to the ms */
export type Admitted = {
  readonly kind: "admitted";
  readonly token: string;
  readonly admission: Admission;
};

export type AdmitOutcome =
  | Admitted
  | Exclude<AdmitNowOutcome, { kind: "admitted" }>
  | { readonly kind: "no_such_place" }
  | NoSale;

/** An admission that is over, or none of this sale's. */
export type NotActive = { readonly kind: "not_active" };
export const NOT_ACTIVE: NotActive = { kind: "not_active" };

export type TurnOutcome =
  | Admitted
  | { readonly kind: "open" }
  | { readonly kind: "over"; readonly used: boolean }
  | NoSale;
