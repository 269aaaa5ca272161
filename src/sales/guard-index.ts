/**
 * An isolate's index of the sales whose rules concern requests that name no sale: the guards of
 * addresses, and the origins whose pages may call the API. Published in KV under `guard:<sale>`:
 * one key per such sale, with the sale's whole document, until a day after its end.
 *
 * Guarantee: only an isolate's first request waits for KV. Later ones are served from the index
 * while it is refreshed, every ten seconds; a change made through this isolate applies at once.
 * Weak: KV may show a change a minute late, so a new guard may take that long to apply everywhere.
 * A changed document of a sale in the index is seen within a second or two, because the room's
 * snapshot contains its revision.
 */
import { z } from "zod";
import { buildGuardTable, type GuardTable } from "../domain/guards/guard-table.ts";
import { GUARDING_SALES_MAX, GUARDS_FRESH_MS, GUARDS_KEPT_S } from "../domain/limits.ts";
import { checkoutOf } from "../domain/sale/checkout-rules.ts";
import type { Sale } from "../domain/sale/sale.ts";
import { GUARD_PREFIX } from "../platform/kv-keys.ts";
import { log } from "../platform/log.ts";
import { withTimeout } from "../platform/with-timeout.ts";
import { publishedSchema, publishedText, type PublishedSale } from "./published-sale.ts";

/** The minimum that KV accepts. */
const EXPIRY_MIN_S = 60;

/** KV refuses an expiration after January 2038: it has 32 bits. */
const EXPIRATION_MAX_S = 2 ** 31 - 1;

const metadataSchema = z.object({ revision: z.int() });

interface Index {
  published: ReadonlyMap<string, PublishedSale>;
  /** When a sale was added from another source than KV, which may not show it yet. */
  readonly learnedAt_ms: Map<string, number>;
  table: GuardTable;
  origins: ReadonlySet<string>;
  /** Null until KV was read once. */
  readAt_ms: number | null;
  refreshingSince_ms: number | null;
}

/** Per isolate and KV namespace; tests and several deployments in one process stay apart. */
const indexes = new WeakMap<KVNamespace, Index>();

const NO_GUARDS = buildGuardTable([]);

function indexOf(kv: KVNamespace): Index {
  const known = indexes.get(kv);
  if (known !== undefined) return known;
  const empty = {
    published: new Map(),
    learnedAt_ms: new Map(),
    table: NO_GUARDS,
    origins: new Set<string>(),
    readAt_ms: null,
    refreshingSince_ms: null,
  };
  indexes.set(kv, empty);
  return empty;
}

function replace(index: Index, published: ReadonlyMap<string, PublishedSale>): void {
  const sales = [...published.values()];
  index.published = published;
  index.table = buildGuardTable(sales);
  index.origins = new Set(sales.flatMap(({ sale }) => checkoutOf(sale).origins));
}

/** Whether requests that name no sale depend on this one. */
function isIndexed(sale: Sale): boolean {
  return sale.guards.length > 0 || checkoutOf(sale).origins.length > 0;
}

/** After this KV shows every write, so a sale that is missing there was deleted. */
const KV_SHOWS_WITHIN_MS = 2 * 60 * 1000;

/** A refresh that takes longer was probably cut off with its request; another may try. */
const REFRESH_GIVEN_UP_MS = 5000;

/**
 * The guards of all sales; null when KV has not been read yet and does not answer.
 * @param waitUntil `ctx.waitUntil`: a refresh continues after the response
 */
export async function readGuards(
  kv: KVNamespace,
  now: number,
  waitUntil: (work: Promise<unknown>) => void,
): Promise<GuardTable | null> {
  return (await freshIndex(kv, now, waitUntil))?.table ?? null;
}

/**
 * The origins that any sale lists, until a day after its end; none while KV has not been read yet
 * and does not answer.
 * @param waitUntil `ctx.waitUntil`: a refresh continues after the response
 */
export async function readOrigins(
  kv: KVNamespace,
  now: number,
  waitUntil: (work: Promise<unknown>) => void,
): Promise<ReadonlySet<string>> {
  return (await freshIndex(kv, now, waitUntil))?.origins ?? new Set();
}

async function freshIndex(
  kv: KVNamespace,
  now: number,
  waitUntil: (work: Promise<unknown>) => void,
): Promise<Index | null> {
  const index = indexOf(kv);
  if (index.readAt_ms === null) {
    await refresh(kv, index, now);
    return index.readAt_ms === null ? null : index;
  }
  const since = index.refreshingSince_ms;
  const refreshing = since !== null && now - since < REFRESH_GIVEN_UP_MS;
  if (now - index.readAt_ms >= GUARDS_FRESH_MS && !refreshing) {
    index.refreshingSince_ms = now;
    waitUntil(refresh(kv, index, now));
  }
  return index;
}

async function refresh(kv: KVNamespace, index: Index, now: number): Promise<void> {
  const read = await withTimeout(readAll(kv, index.published));
  index.refreshingSince_ms = null;
  if (read === null) {
    log.error("guards", "kv_unreachable");
    return;
  }
  const newest = new Map(read);
  for (const [id, known] of index.published) {
    const shown = read.get(id);
    const learnedAt_ms = index.learnedAt_ms.get(id) ?? Number.NEGATIVE_INFINITY;
    const unseen = shown === undefined && now - learnedAt_ms < KV_SHOWS_WITHIN_MS;
    if (unseen || (shown !== undefined && shown.revision < known.revision)) newest.set(id, known);
  }
  for (const id of index.learnedAt_ms.keys()) if (!newest.has(id)) index.learnedAt_ms.delete(id);
  replace(index, newest);
  index.readAt_ms = now;
}

/** Fetches only documents with a newer revision than the known one. */
async function readAll(
  kv: KVNamespace,
  known: ReadonlyMap<string, PublishedSale>,
): Promise<ReadonlyMap<string, PublishedSale>> {
  const page = await kv.list({ prefix: GUARD_PREFIX, limit: GUARDING_SALES_MAX });
  if (!page.list_complete) log.error("guards", "too_many_sales_guard");
  const read = await Promise.all(
    page.keys.map(async ({ name, metadata }) => {
      const id = name.slice(GUARD_PREFIX.length);
      const listed = metadataSchema.safeParse(metadata).data;
      const mine = known.get(id);
      const isKnown = mine !== undefined && listed !== undefined;
      if (isKnown && mine.revision >= listed.revision) return mine;
      const parsed = publishedSchema.safeParse(await kv.get(name, { type: "json" }));
      if (parsed.success) return parsed.data;
      log.error("guards", "unreadable_guards", { sale: id });
      return mine ?? null;
    }),
  );
  return new Map(read.flatMap((item) => (item === null ? [] : [[item.sale.id, item] as const])));
}

/** Adds a newer document that came from the room. */
export function rememberGuards(kv: KVNamespace, published: PublishedSale, now: number): void {
  const index = indexOf(kv);
  const { id } = published.sale;
  const known = index.published.get(id);
  if (known === undefined && !isIndexed(published.sale)) return;
  if (known !== undefined && known.revision >= published.revision) return;
  const next = new Map(index.published);
  next.set(id, published);
  index.learnedAt_ms.set(id, now);
  replace(index, next);
}

/** Publishes a sale's guards and origins, or deletes them when it has none any more. */
export async function publishGuards(
  kv: KVNamespace,
  published: PublishedSale,
  now: number,
): Promise<void> {
  const { sale, revision } = published;
  const name = GUARD_PREFIX + sale.id;
  if (!isIndexed(sale)) {
    // Before a first revision nothing was published.
    if (revision > 1) await kv.delete(name);
  } else {
    const wanted_s = Math.ceil(Date.parse(sale.endsAt) / 1000) + GUARDS_KEPT_S;
    const soonest_s = Math.ceil(now / 1000) + EXPIRY_MIN_S;
    const expiration = Math.max(wanted_s, soonest_s);
    await kv.put(name, publishedText(published), {
      metadata: { revision },
      // A later one cannot be stored, and guards that are kept too long do less harm than none.
      ...(expiration > EXPIRATION_MAX_S ? {} : { expiration }),
    });
  }
  rememberGuards(kv, published, now);
}

/** The sale was deleted. */
export async function withdrawGuards(kv: KVNamespace, id: string): Promise<void> {
  await kv.delete(GUARD_PREFIX + id);
  const index = indexOf(kv);
  if (!index.published.has(id)) return;
  const next = new Map(index.published);
  next.delete(id);
  replace(index, next);
}
