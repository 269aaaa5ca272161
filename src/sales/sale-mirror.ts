/**
 * The mirror of the list of sales in KV: `sale:<id>`, `guard:<id>`, and under `guards` which sales
 * have those. Written by the merchant's API with each change, and by the list itself, which
 * compares it with what it has.
 */
import { z } from "zod";
import { GUARDING_SALES_MAX } from "../domain/limits.ts";
import type { GuardList, Mirrored } from "../domain/sale/mirror.ts";
import { GUARD_LIST_KEY, GUARD_PREFIX, SALE_PREFIX } from "../platform/kv-keys.ts";
import { log } from "../platform/log.ts";
import {
  guardListReader,
  guardsUntil_ms,
  publishedText,
  type PublishedSale,
} from "./published-sale.ts";

/** The minimum that KV accepts. */
const EXPIRY_MIN_S = 60;

/** KV refuses an expiration after January 2038: it has 32 bits. */
const EXPIRATION_MAX_S = 2 ** 31 - 1;

/** The release before writes none for sales. */
const metadataSchema = z.object({ revision: z.int() });

export function revisionIn(metadata: unknown): number | null {
  return metadataSchema.safeParse(metadata).data?.revision ?? null;
}

export async function writeSale(kv: KVNamespace, published: PublishedSale): Promise<void> {
  const { sale, revision } = published;
  const metadata = { title: sale.title, revision };
  await kv.put(SALE_PREFIX + sale.id, publishedText(published), { metadata });
}

/** A sale's guards and origins; deletes them when it has none any more. */
export async function writeGuards(
  kv: KVNamespace,
  published: PublishedSale,
  now: number,
): Promise<void> {
  const { sale, revision } = published;
  const name = GUARD_PREFIX + sale.id;
  const until_ms = guardsUntil_ms(sale);
  if (until_ms === null) {
    // Before a first revision nothing was published.
    if (revision > 1) await kv.delete(name);
    return;
  }
  const soonest_s = Math.ceil(now / 1000) + EXPIRY_MIN_S;
  const expiration = Math.max(until_ms / 1000, soonest_s);
  await kv.put(name, publishedText(published), {
    metadata: { revision },
    // A later one cannot be stored, and guards that are kept too long do less harm than none.
    ...(expiration > EXPIRATION_MAX_S ? {} : { expiration }),
  });
}

export async function writeGuardList(kv: KVNamespace, list: GuardList): Promise<void> {
  await kv.put(GUARD_LIST_KEY, JSON.stringify(list));
}

/** Null: KV has none, which is no list without sales. */
export async function readGuardList(kv: KVNamespace): Promise<GuardList | null> {
  const read = guardListReader.safeParse(await kv.get(GUARD_LIST_KEY, { type: "json" }));
  return read.data ?? null;
}

/** The keys of all sales' guards, by sale, with the revision where one is written with it. */
export async function listGuards(kv: KVNamespace): Promise<Map<string, number | null>> {
  const page = await kv.list({ prefix: GUARD_PREFIX, limit: GUARDING_SALES_MAX });
  if (!page.list_complete) log.error("guards", "too_many_sales_guard");
  return new Map(
    page.keys.map(({ name, metadata }) => [name.slice(GUARD_PREFIX.length), revisionIn(metadata)]),
  );
}

/** The same of all sales, in the order of their ids. */
export async function listMirroredSales(kv: KVNamespace): Promise<Map<string, number | null>> {
  const listed = new Map<string, number | null>();
  let cursor: string | undefined;
  do {
    const page: KVNamespaceListResult<unknown> = await kv.list({
      prefix: SALE_PREFIX,
      ...(cursor === undefined ? {} : { cursor }),
    });
    for (const { name, metadata } of page.keys) {
      listed.set(name.slice(SALE_PREFIX.length), revisionIn(metadata));
    }
    cursor = page.list_complete ? undefined : page.cursor;
  } while (cursor !== undefined);
  return listed;
}

export async function readMirrored(kv: KVNamespace): Promise<Mirrored> {
  const [sales, guards] = await Promise.all([listMirroredSales(kv), listGuards(kv)]);
  return { sales, guards };
}
