/**
 * Sale documents, published through KV and cached per isolate.
 *
 * KV has no compare-and-set, may take a minute to show a change, and also caches that a key was
 * missing. So KV decides only whether a sale exists; when the room's snapshot has a newer revision,
 * the document is fetched from the room itself.
 */
import { BoundedMap } from "../domain/bounded-map.ts";
import { SALE_FRESH_MS, SALES_REMEMBERED_MAX } from "../domain/limits.ts";
import { SALE_PREFIX } from "../platform/kv-keys.ts";
import { log } from "../platform/log.ts";
import { withTimeout } from "../platform/with-timeout.ts";
import { publishGuards, rememberGuards, withdrawGuards } from "./guard-index.ts";
import { publishedSchema, publishedText, type PublishedSale } from "./published-sale.ts";

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

/** Null when no such sale was published. An unreadable value counts as absent and is logged. */
export async function findSale(
  kv: KVNamespace,
  id: string,
  now: number,
): Promise<PublishedSale | null> {
  const memory = memoryOf(kv);
  const known = memory.get(id);
  if (known !== undefined && now - known.readAt_ms < SALE_FRESH_MS) return known.published;
  const value = await withTimeout<unknown>(
    kv.get(SALE_PREFIX + id, { type: "json", cacheTtl: 30 }),
  );
  const parsed = value === null ? null : publishedSchema.safeParse(value);
  if (parsed !== null && !parsed.success) {
    log.error("sales", "unreadable_sale", { sale: id });
  }
  // While KV is down, or older than the document this isolate has, the known document is used.
  const read = parsed?.success ? parsed.data : null;
  const published =
    known !== undefined && (read === null || read.revision < known.published.revision)
      ? known.published
      : read;
  if (published !== null) memory.set(id, { published, readAt_ms: now });
  return published;
}

/** Caches a newer document that came from the room. */
export function rememberSale(kv: KVNamespace, published: PublishedSale, now: number): void {
  memoryOf(kv).set(published.sale.id, { published, readAt_ms: now });
  rememberGuards(kv, published, now);
}

export async function publishSale(
  kv: KVNamespace,
  published: PublishedSale,
  now: number,
): Promise<void> {
  const { id, title } = published.sale;
  // Guards first: a sale that is public while its addresses stay open would let everybody in.
  await publishGuards(kv, published, now);
  await kv.put(SALE_PREFIX + id, publishedText(published), { metadata: { title } });
  rememberSale(kv, published, now);
}

/** Ids of all published sales, in order. */
export async function listSales(kv: KVNamespace): Promise<string[]> {
  const ids: string[] = [];
  let cursor: string | undefined;
  do {
    const page: KVNamespaceListResult<unknown> = await kv.list({
      prefix: SALE_PREFIX,
      ...(cursor === undefined ? {} : { cursor }),
    });
    ids.push(...page.keys.map(({ name }) => name.slice(SALE_PREFIX.length)));
    cursor = page.list_complete ? undefined : page.cursor;
  } while (cursor !== undefined);
  return ids;
}

/** The sale is not found any more: here at once, elsewhere when KV shows it, within a minute. */
export async function withdrawSale(kv: KVNamespace, id: string): Promise<void> {
  // The sale first: while its addresses are still guarded, nobody finds a sale to wait for.
  await kv.delete(SALE_PREFIX + id);
  memoryOf(kv).delete(id);
  await withdrawGuards(kv, id);
}
