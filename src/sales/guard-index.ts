/**
 * An isolate's index of the sales whose rules concern requests that name no sale: the guards of
 * addresses, and the origins whose pages may call the API. KV mirrors it under `guard:<sale>`: one
 * key per such sale, with the sale's whole document, until a day after its end; and under `guards`
 * which sales those are, also when there are none.
 *
 * Guarantee: only an isolate's first request waits for KV. Later ones are served from the index
 * while it is refreshed, every ten seconds; a change made through this isolate applies at once. A
 * KV that shows less than its own list names, or no list, is not believed: the owner of the list
 * of sales is asked, once per refresh. While nobody answers, what is known stays, and an isolate
 * that knows nothing says so (`domain/sale/mirror.ts`).
 * Weak: KV may show a change a minute late, so a new guard may take that long to apply everywhere.
 * A changed document of a sale in the index is seen within a second or two, because the room's
 * snapshot contains its revision.
 */
import { buildGuardTable, type GuardTable } from "../domain/guards/guard-table.ts";
import { GUARDS_FRESH_MS, KV_SHOWS_WITHIN_MS } from "../domain/limits.ts";
import { checkoutOf } from "../domain/sale/checkout-rules.ts";
import {
  guardsInForce,
  needsOwner,
  type GuardList,
  type GuardSources,
  type Revisions,
} from "../domain/sale/mirror.ts";
import { GUARD_PREFIX } from "../platform/kv-keys.ts";
import { log } from "../platform/log.ts";
import { withTimeout } from "../platform/with-timeout.ts";
import { guardsUntil_ms, publishedReader, type PublishedSale } from "./published-sale.ts";
import { listGuards, readGuardList, writeGuards } from "./sale-mirror.ts";
import { ownedGuards, type SaleSource } from "./sale-owner.ts";

type Documents = ReadonlyMap<string, PublishedSale>;

interface Index {
  published: Documents;
  /** When a sale was added from another source than KV, which may not show it yet. */
  readonly learnedAt_ms: Map<string, number>;
  table: GuardTable;
  origins: ReadonlySet<string>;
  /** Null until the guards were known once. */
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

function replace(index: Index, published: Documents): void {
  const sales = [...published.values()];
  index.published = published;
  index.table = buildGuardTable(sales);
  index.origins = new Set(sales.flatMap(({ sale }) => checkoutOf(sale).origins));
}

/** A refresh that takes longer was probably cut off with its request; another may try. */
const REFRESH_GIVEN_UP_MS = 5000;
/** How often an isolate's first requests look whether the refresh of one of them has come. */
const LOOK_MS = 20;

type WaitUntil = (work: Promise<unknown>) => void;

/**
 * The guards of all sales; null when they are not known yet and nobody says what they are.
 * @param waitUntil `ctx.waitUntil`: a refresh continues after the response
 */
export async function readGuards(
  source: SaleSource,
  now: number,
  waitUntil: WaitUntil,
): Promise<GuardTable | null> {
  return (await freshIndex(source, now, waitUntil))?.table ?? null;
}

/**
 * The origins that any sale lists, until a day after its end; none while they are not known.
 * @param waitUntil `ctx.waitUntil`: a refresh continues after the response
 */
export async function readOrigins(
  source: SaleSource,
  now: number,
  waitUntil: WaitUntil,
): Promise<ReadonlySet<string>> {
  return (await freshIndex(source, now, waitUntil))?.origins ?? new Set();
}

async function freshIndex(
  source: SaleSource,
  now: number,
  waitUntil: WaitUntil,
): Promise<Index | null> {
  const index = indexOf(source.CONFIG);
  const since = index.refreshingSince_ms;
  const isRefreshing = since !== null && now - since < REFRESH_GIVEN_UP_MS;
  if (index.readAt_ms === null) {
    await (isRefreshing ? waitForOther(index) : refresh(source, index, now));
    return index.readAt_ms === null ? null : index;
  }
  if (now - index.readAt_ms >= GUARDS_FRESH_MS && !isRefreshing) {
    waitUntil(refresh(source, index, now));
  }
  return index;
}

/** A promise of another request must not be awaited; its result is in memory when it comes. */
async function waitForOther(index: Index): Promise<void> {
  for (let waited_ms = 0; waited_ms < REFRESH_GIVEN_UP_MS; waited_ms += LOOK_MS) {
    if (index.refreshingSince_ms === null) return;
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
  }
}

async function refresh(source: SaleSource, index: Index, now: number): Promise<void> {
  index.refreshingSince_ms = now;
  try {
    await read(source, index, now);
  } finally {
    index.refreshingSince_ms = null;
  }
}

async function read(source: SaleSource, index: Index, now: number): Promise<void> {
  const mirror = await withTimeout(readMirror(source.CONFIG, index.published));
  if (mirror === null) log.error("guards", "kv_unreachable");
  const { documents: shown = null, list = null } = mirror ?? {};
  const found = new Map(shown ?? []);
  const sources = { shown: shown === null ? null : revisionsOf(shown), list };
  const has = newest(found, index.published);
  const owner = needsOwner(sources) ? await ownedGuards(source, revisionsOf(has)) : null;
  const learned = newest(has, new Map(owner?.newer.map((item) => [item.sale.id, item])));
  const inForce = guardsInForce({
    ...sources,
    known: index.readAt_ms === null ? null : revisionsOf(index.published),
    isYoung: (id) => now - (index.learnedAt_ms.get(id) ?? -Infinity) < KV_SHOWS_WITHIN_MS,
    owned: owner?.revisions ?? null,
  } satisfies GuardSources);
  if (inForce === null) {
    log.error("guards", "guards_unknown");
    return;
  }
  // What this isolate learned while it read is newer than what was read.
  const late = [...index.published].filter(([id]) => (index.learnedAt_ms.get(id) ?? 0) >= now);
  const kept = [...learned].filter(([id]) => inForce.has(id));
  replace(index, newest(new Map(kept), new Map(late)));
  for (const id of index.learnedAt_ms.keys()) {
    if (!index.published.has(id)) index.learnedAt_ms.delete(id);
  }
  index.readAt_ms = now;
}

function revisionsOf(documents: Documents): Revisions {
  return new Map([...documents].map(([id, { revision }]) => [id, revision]));
}

/** All sales of both, each in its newer document. */
function newest(some: Documents, others: Documents): Documents {
  const all = new Map(some);
  for (const [id, other] of others) {
    const known = all.get(id);
    if (known === undefined || known.revision < other.revision) all.set(id, other);
  }
  return all;
}

interface Mirror {
  readonly documents: Documents;
  readonly list: GuardList | null;
}

/** Fetches only documents with a newer revision than the known one. */
async function readMirror(kv: KVNamespace, known: Documents): Promise<Mirror> {
  const [listed, list] = await Promise.all([listGuards(kv), readGuardList(kv)]);
  const documents = await Promise.all(
    [...listed].map(async ([id, revision]) => {
      const mine = known.get(id);
      if (mine !== undefined && revision !== null && mine.revision >= revision) return mine;
      const text = await kv.get(GUARD_PREFIX + id, { type: "json" });
      const parsed = publishedReader.safeParse(text);
      if (parsed.success) return parsed.data;
      log.error("guards", "unreadable_guards", { sale: id });
      return mine ?? null;
    }),
  );
  const readable = documents.filter((item) => item !== null);
  return { documents: new Map(readable.map((item) => [item.sale.id, item])), list };
}

/** Adds a newer document that came from the room. */
export function rememberGuards(kv: KVNamespace, published: PublishedSale, now: number): void {
  const index = indexOf(kv);
  const { id } = published.sale;
  const known = index.published.get(id);
  if (known === undefined && guardsUntil_ms(published.sale) === null) return;
  if (known !== undefined && known.revision >= published.revision) return;
  const next = new Map(index.published);
  next.set(id, published);
  index.learnedAt_ms.set(id, now);
  replace(index, next);
}

/** Mirrors a sale's guards and origins, or deletes them when it has none any more. */
export async function publishGuards(
  kv: KVNamespace,
  published: PublishedSale,
  now: number,
): Promise<void> {
  await writeGuards(kv, published, now);
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
