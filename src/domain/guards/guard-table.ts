/**
 * All guards of a deployment, indexed by host, then matched by path.
 *
 * Guarantee: a request to a host without guards costs one look-up. Where several sales cover a
 * request they come in the order of their ids, and the first that is not over decides.
 */
import {
  compileGuard,
  covers,
  coversHost,
  type CompiledGuard,
  type GuardedRequest,
} from "./guard.ts";
import type { Sale } from "../sale/sale.ts";

/** A sale's document, and which of its revisions that is. */
export interface GuardingSale {
  readonly sale: Sale;
  readonly revision: number;
}

interface HostGuard {
  readonly guarding: GuardingSale;
  readonly guard: CompiledGuard;
}

export interface GuardTable {
  /** Guards of exact hosts. */
  readonly exact: ReadonlyMap<string, readonly HostGuard[]>;
  /** Guards of `*` and `*.…`. */
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

const NOBODY: readonly HostGuard[] = [];

/** The guards that a host has; none for most requests of a shop with one guarded name. */
export function guardsOfHost({ exact, open }: GuardTable, host: string): readonly HostGuard[] {
  const named = exact.get(host) ?? NOBODY;
  if (open.length === 0) return named;
  const also = open.filter((guard) => coversHost(guard.host, host));
  return also.length === 0 ? named : [...named, ...also];
}

/** The sales whose guards cover the request, each once. */
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
