/**
 * Sale documents, published through KV and cached per isolate.
 *
 * KV has no compare-and-set, may take a minute to show a change, and also caches that a key was
 * missing. So KV only mirrors which sales exist: the list of sales owns them (`SaleList`), and is
 * asked when KV shows none of a name, or does not answer. When the room's snapshot has a newer
 * revision, the document is fetched from the room itself.
 */
import { BoundedMap } from "../domain/bounded-map.ts";
import { SALE_FRESH_MS, SALES_REMEMBERED_MAX } from "../domain/limits.ts";
import { readStored } from "../encoding/stored-reader.ts";
import { SALE_PREFIX } from "../platform/kv-keys.ts";
import { log } from "../platform/log.ts";
import { saleListOf } from "../platform/objects.ts";
import { withTimeout } from "../platform/with-timeout.ts";
import { publishGuards, rememberGuards, withdrawGuards } from "./guard-index.ts";
import { publishedReader, type PublishedSale } from "./published-sale.ts";
import { listMirroredSales, writeSale } from "./sale-mirror.ts";
import { ownedIds, ownedSale, type OwnedSaleOutcome, type SaleSource } from "./sale-owner.ts";

interface Remembered {
  readonly published: PublishedSale;
  readonly readAt_ms: number;
}

/** Per isolate and KV namespace; tests and several deployments in one process stay apart. */
const remembered = new WeakMap<KVNamespace, BoundedMap<Remembered>>();

function memoryOf(kv: KVNamespace): BoundedMap<Remembered> {
  const memory = remembered.get(kv) ?? new BoundedMap<Remembered>(SALES_REMEMBERED_MAX);
  remembered.set(kv, memory);
  return memory;
}

/** Null when no such sale was published, or nobody who knows answers. */
export async function findSale(
  source: SaleSource,
  id: string,
  now: number,
): Promise<PublishedSale | null> {
  const found = await lookUpSale(source, id, now);
  return found.kind === "found" ? found.published : null;
}

/**
 * `none`: the owner of the list says that there is no such sale; `unknown`: KV shows none, and the
 * owner does not answer. An unreadable value counts as one that is not shown, and is logged.
 */
export async function lookUpSale(
  source: SaleSource,
  id: string,
  now: number,
): Promise<OwnedSaleOutcome> {
  const memory = memoryOf(source.CONFIG);
  const known = memory.get(id);
  if (known !== undefined && now - known.readAt_ms < SALE_FRESH_MS) {
    return { kind: "found", published: known.published };
  }
  const read = await mirroredSale(source.CONFIG, id);
  // While KV is down, or older than the document this isolate has, the known document is used.
  const published =
    known !== undefined && (read === null || read.revision < known.published.revision)
      ? known.published
      : read;
  const found: OwnedSaleOutcome =
    published === null ? await ownedSale(source, id, now) : { kind: "found", published };
  if (found.kind === "found") memory.set(id, { published: found.published, readAt_ms: now });
  return found;
}

/** Null when KV shows none that can be read, or does not answer. */
async function mirroredSale(kv: KVNamespace, id: string): Promise<PublishedSale | null> {
  const value = await withTimeout<unknown>(
    kv.get(SALE_PREFIX + id, { type: "json", cacheTtl: 30 }),
  );
  if (value === null) return null;
  const parsed = publishedReader.safeParse(value);
  if (!parsed.success) log.error("sales", "unreadable_sale", { sale: id });
  return parsed.data ?? null;
}

/**
 * For a sale that was not found: it may be published in a shape that only a newer release reads.
 * @throws Error of `readStored` then, because the answer is not that there is no such sale
 */
export async function refuseUnreadable(kv: KVNamespace, id: string): Promise<void> {
  const value = await withTimeout<unknown>(
    kv.get(SALE_PREFIX + id, { type: "json", cacheTtl: 30 }),
  );
  if (value !== null) readStored(publishedReader, value, `sale ${id}`);
}

/** Caches a newer document that came from the room. */
export function rememberSale(kv: KVNamespace, published: PublishedSale, now: number): void {
  memoryOf(kv).set(published.sale.id, { published, readAt_ms: now });
  rememberGuards(kv, published, now);
}

/** The owner first: what KV loses, or does not take, the owner publishes. */
export async function publishSale(
  env: Pick<GateEnv, "CONFIG" | "SALE_LIST">,
  published: PublishedSale,
  now: number,
): Promise<void> {
  const { CONFIG } = env;
  await saleListOf(env).publish(published, true);
  // Guards first: a sale that is public while its addresses stay open would let everybody in.
  await publishGuards(CONFIG, published, now);
  await writeSale(CONFIG, published);
  rememberSale(CONFIG, published, now);
}

/** Ids of all sales, in order, as a public list shows them: the owner is asked when KV has none. */
export async function listSales(source: SaleSource, now: number): Promise<string[]> {
  const listed = await withTimeout(listMirroredSales(source.CONFIG));
  if (listed !== null && listed.size > 0) return [...listed.keys()];
  return [...((await ownedIds(source, now)) ?? [])];
}

/** The same of the owner, with those of a release before that only KV knows yet. */
export async function listAllSales(env: Pick<GateEnv, "CONFIG" | "SALE_LIST">): Promise<string[]> {
  const [owned, listed] = await Promise.all([
    saleListOf(env).ids(),
    withTimeout(listMirroredSales(env.CONFIG)),
  ]);
  return [...new Set([...owned, ...(listed?.keys() ?? [])])].toSorted();
}

/** The sale is not found any more: here at once, elsewhere when KV shows it, within a minute. */
export async function withdrawSale(
  env: Pick<GateEnv, "CONFIG" | "SALE_LIST">,
  id: string,
): Promise<void> {
  const { CONFIG } = env;
  await saleListOf(env).withdraw(id);
  // The sale first: while its addresses are still guarded, nobody finds a sale to wait for.
  await CONFIG.delete(SALE_PREFIX + id);
  memoryOf(CONFIG).delete(id);
  await withdrawGuards(CONFIG, id);
}
