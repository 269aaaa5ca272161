/**
 * All guards of a deployment, indexed by host.
 *
 * Guarantee: a host without guards costs one look-up. When several sales cover a request, they are
 * returned in the order of their ids; the first that has not ended decides.
 */
import {
  compileGuard,
  covers,
  coversHost,
  type CompiledGuard,
  type GuardedRequest,
} from "./guard.ts";
import type { Sale } from "../sale/sale.ts";

/** A sale document and its revision. */
export interface GuardingSale {
  readonly sale: Sale;
  readonly revision: number;
}

interface HostGuard {
  readonly guarding: GuardingSale;
  readonly guard: CompiledGuard;
}

export interface GuardTable {
  /** Guards of exact hosts, by host. */
  readonly exact: ReadonlyMap<string, readonly HostGuard[]>;
  /** Guards of `*` and of `*.…` hosts. */
  readonly open: readonly (HostGuard & { readonly host: string })[];
}

export function buildGuardTable(sales: readonly GuardingSale[]): GuardTable {
  const exact = new Map<string, HostGuard[]>();
  const open: (HostGuard & { host: string })[] = [];
  for (const guarding of sales.toSorted(byId)) {
    for (const guard of guarding.sale.guards) {
      const compiled = { guarding, guard: compileGuard(guard) };
      if (guard.host.startsWith("*")) open.push({ ...compiled, host: guard.host });
      else exact.set(guard.host, [...(exact.get(guard.host) ?? []), compiled]);
    }
  }
  return { exact, open };
}

function byId({ sale: a }: GuardingSale, { sale: b }: GuardingSale): number {
  return a.id < b.id ? -1 : 1;
}

const NO_GUARDS: readonly HostGuard[] = [];

/** The guards whose host covers this one; for most hosts, none. */
export function guardsOfHost({ exact, open }: GuardTable, host: string): readonly HostGuard[] {
  const named = exact.get(host) ?? NO_GUARDS;
  if (open.length === 0) return named;
  const matching = open.filter((guard) => coversHost(guard.host, host));
  return matching.length === 0 ? named : [...named, ...matching];
}

/** The sales whose guards cover the request, each once, in the order of their ids. */
export function coveringSales(
  guards: readonly HostGuard[],
  request: GuardedRequest,
): readonly GuardingSale[] {
  const found = new Map<string, GuardingSale>();
  for (const { guarding, guard } of guards) {
    if (!found.has(guarding.sale.id) && covers(guard, request)) {
      found.set(guarding.sale.id, guarding);
    }
  }
  return found.size < 2 ? [...found.values()] : [...found.values()].toSorted(byId);
}
