/**
 * What isolates ask the owner of the list of sales, when KV does not show a sale or all guards.
 *
 * Guarantee: a crowd does not reach the owner: an isolate has one question of a kind under way,
 * uses an answer for ten seconds, and after silence asks again two seconds later. Requests that
 * come meanwhile wait for that one answer, or go on without. A sale that the list does not name
 * costs no call of its own.
 * Not for the orders Worker, which has no binding to the list and waits until KV shows the sale.
 */
import { BoundedMap } from "../domain/bounded-map.ts";
import { SALE_LIST_FRESH_MS, SALE_LIST_RETRY_MS, SALES_REMEMBERED_MAX } from "../domain/limits.ts";
import type { Revisions } from "../domain/sale/mirror.ts";
import { log } from "../platform/log.ts";
import { saleListOf } from "../platform/objects.ts";
import { withTimeout } from "../platform/with-timeout.ts";
import { readPublished, type PublishedSale } from "./published-sale.ts";
import { SharedRead } from "./shared-read.ts";

/** The bindings through which sales are found. */
export interface SaleSource {
  readonly CONFIG: KVNamespace;
  readonly SALE_LIST?: GateEnv["SALE_LIST"] | undefined;
}

interface OwnerReads {
  readonly ids: SharedRead<ReadonlySet<string>>;
  readonly documents: BoundedMap<SharedRead<PublishedSale>>;
}

/** Per isolate and KV namespace; tests and several deployments in one process stay apart. */
const reads = new WeakMap<KVNamespace, OwnerReads>();

function readsOf({ CONFIG }: SaleSource): OwnerReads {
  const known = reads.get(CONFIG);
  if (known !== undefined) return known;
  const made: OwnerReads = {
    ids: new SharedRead(SALE_LIST_FRESH_MS, SALE_LIST_RETRY_MS),
    documents: new BoundedMap(SALES_REMEMBERED_MAX),
  };
  reads.set(CONFIG, made);
  return made;
}

/** Null when the owner does not answer. */
export function ownedIds(source: SaleSource, now: number): Promise<ReadonlySet<string> | null> {
  const { SALE_LIST } = source;
  if (SALE_LIST === undefined) return Promise.resolve(null);
  return readsOf(source).ids.get(now, async () => {
    const ids = await withTimeout<string[]>(saleListOf({ SALE_LIST }).ids());
    if (ids === null) log.error("sales", "sale_list_unreachable");
    return ids === null ? null : new Set(ids);
  });
}

export type OwnedSaleOutcome =
  | { readonly kind: "found"; readonly published: PublishedSale }
  | { readonly kind: "none" | "unknown" };

/** What the owner says of a sale that KV does not show. */
export async function ownedSale(
  source: SaleSource,
  id: string,
  now: number,
): Promise<OwnedSaleOutcome> {
  const { SALE_LIST } = source;
  const ids = await ownedIds(source, now);
  if (SALE_LIST === undefined || ids === null) return { kind: "unknown" };
  if (!ids.has(id)) return { kind: "none" };
  const { documents } = readsOf(source);
  const read =
    documents.get(id) ?? new SharedRead<PublishedSale>(SALE_LIST_FRESH_MS, SALE_LIST_RETRY_MS);
  documents.set(id, read);
  const published = await read.get(now, async () => {
    const text = await withTimeout<string | null>(saleListOf({ SALE_LIST }).find(id));
    return text === null ? null : readPublished(text);
  });
  return published === null ? { kind: "unknown" } : { kind: "found", published };
}

export interface GuardsOfOwner {
  readonly revisions: Revisions;
  /** Those that the isolate has not, or has older. */
  readonly newer: readonly PublishedSale[];
}

/** All sales whose guards are in force; null when the owner does not answer. */
export async function ownedGuards(
  { SALE_LIST }: SaleSource,
  known: Revisions,
): Promise<GuardsOfOwner | null> {
  if (SALE_LIST === undefined) return null;
  const answer = await withTimeout<{ sales: Record<string, number>; newer: string[] }>(
    askGuards({ SALE_LIST }, known),
  );
  if (answer === null) {
    log.error("guards", "sale_list_unreachable");
    return null;
  }
  const newer = answer.newer.map(readPublished);
  if (newer.includes(null)) log.error("guards", "unreadable_guards");
  const revisions = new Map(Object.entries(answer.sales));
  return { revisions, newer: newer.filter((published) => published !== null) };
}

async function askGuards(
  env: Pick<GateEnv, "SALE_LIST">,
  known: Revisions,
): Promise<{ sales: Record<string, number>; newer: string[] }> {
  const { sales, newer } = await saleListOf(env).guards(Object.fromEntries(known));
  return { sales: { ...sales }, newer: [...newer] };
}
