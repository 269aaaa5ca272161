/**
 * The breakers as KV shows them, and the operator's overrides (`force:<backend>`).
 *
 * KV may take a minute to show a change; `retryAt` is absolute, so even an old value shows when the
 * next try is due.
 */
import {
  BACKENDS,
  forceSchema,
  writtenBreakerSchema,
  type Backend,
  type Force,
  type SharedBreaker,
} from "../domain/breaker.ts";
import { breakerKey, forceKey } from "../platform/kv-keys.ts";
import { log } from "../platform/log.ts";
import type { MerchantContext } from "./sales.ts";

const NEVER_WRITTEN: SharedBreaker = { v: 1, state: "closed", epoch: 0, by: "nobody" };

export interface BreakerReading {
  readonly backend: Backend;
  readonly shared: SharedBreaker;
  readonly force: Force;
}

export async function readBreaker(
  { env }: MerchantContext,
  backend: Backend,
): Promise<BreakerReading> {
  const [value, forced] = await Promise.all([
    env.CONFIG.get(breakerKey(backend)),
    env.CONFIG.get(forceKey(backend)),
  ]);
  const shared = writtenBreakerSchema.safeParse(value);
  const force = forceSchema.safeParse(forced);
  if (!shared.success || !force.success) {
    log.warn("breakers", "unreadable_value", { backend });
  }
  return {
    backend,
    shared: (shared.success ? shared.data : null) ?? NEVER_WRITTEN,
    force: force.success ? force.data : null,
  };
}

export function readBreakers(context: MerchantContext): Promise<BreakerReading[]> {
  return Promise.all(BACKENDS.map((backend) => readBreaker(context, backend)));
}

export async function forceBreaker(
  context: MerchantContext,
  backend: Backend,
  force: Force,
): Promise<BreakerReading> {
  const { CONFIG } = context.env;
  if (force === null) await CONFIG.delete(forceKey(backend));
  else await CONFIG.put(forceKey(backend), force);
  return { ...(await readBreaker(context, backend)), force };
}
