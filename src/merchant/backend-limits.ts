/**
 * The limits of the calls to each backend, which the object BackendPace of that backend owns.
 */
import type { BackendLimits } from "../domain/backend-limits.ts";
import { BACKENDS, type Backend } from "../domain/breaker.ts";
import { backendPaceOf } from "../platform/objects.ts";
import type { MerchantContext } from "./sales.ts";

export interface LimitsInForce {
  readonly backend: Backend;
  readonly limits: BackendLimits;
  /** 0: the document was never changed. */
  readonly revision: number;
  readonly changedAt_ms: number | null;
}

export async function readLimits(
  { env }: MerchantContext,
  backend: Backend,
): Promise<LimitsInForce> {
  return { backend, ...(await backendPaceOf(env, backend).limits(backend)) };
}

export function readAllLimits(context: MerchantContext): Promise<LimitsInForce[]> {
  return Promise.all(BACKENDS.map((backend) => readLimits(context, backend)));
}

/** @param limits null: back to the defaults */
export async function changeLimits(
  { env }: MerchantContext,
  backend: Backend,
  limits: BackendLimits | null,
): Promise<LimitsInForce> {
  return { backend, ...(await backendPaceOf(env, backend).change(backend, limits)) };
}
