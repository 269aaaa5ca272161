/**
 * The audit of a sale: its counts, each from its owner, and its orders one by one: units, book,
 * booking and payment compared with what the order itself says.
 *
 * Guarantee: nothing is said to agree that could not be looked at. While the order book is away the
 * rest is answered, and what is unknown is named. One request looks at a bounded part of the
 * orders, and `next` continues.
 */
import { AUDIT_BOOK_TIMEOUT_MS } from "../domain/limits.ts";
import {
  differencesOf,
  isSettling,
  skuAgrees,
  unknownOrder,
  verdictOf,
  type BookRow,
  type Difference,
} from "../domain/order/audit.ts";
import type { StockCounters } from "../domain/stock/stock-ledger.ts";
import { bookRows, confirmedUnits } from "../order-book/comparison.ts";
import { countOrders } from "../order-book/order-book.ts";
import { stockOf } from "../platform/objects.ts";
import { withTimeout } from "../platform/with-timeout.ts";
import { ordersPart, type LedgerPlace, type OrdersPart } from "./book-rebuild.ts";
import { readSale, type MerchantContext, type MetricsOutcome } from "./sales.ts";

type Metrics = Extract<MetricsOutcome, { readonly kind: "metrics" }>;

export interface Audit {
  readonly kind: "audit";
  readonly agrees: boolean | null;
  /** What did not answer. */
  readonly unknown: readonly string[];
  readonly skus: readonly (StockCounters & {
    readonly sku: string;
    readonly agrees: boolean | null;
    /** Those that share the units. */
    readonly sales: readonly string[];
    /** Units of confirmed orders in the book; null: not known. */
    readonly confirmed: number | null;
    /** Sold by this sale, those included that went back on sale since. */
    readonly soldInAll: number;
  })[];
  readonly orders: Readonly<Record<string, number>> | null;
  /** Orders that were compared. */
  readonly looked: number;
  /** Orders that changed just now, and were not. */
  readonly settling: number;
  readonly differences: readonly Difference[];
  readonly next: LedgerPlace | null;
  readonly metrics: Metrics;
}

const BOOK = "order_book";

export async function auditSale(
  context: MerchantContext,
  id: string,
  after: LedgerPlace | null,
): Promise<Audit | { readonly kind: "sale_not_found" }> {
  const { env } = context;
  const metrics = await readSale(context, id);
  if (metrics.kind !== "metrics") return metrics;
  const part = await ordersPart(context, id, after);
  if (part === null) return { kind: "sale_not_found" };
  const ids = part.entries.map(({ event }) => event.order);
  const [orders, confirmed, rows] = await Promise.all([
    fromBook(countOrders(env.ORDER_BOOK, id)),
    fromBook(confirmedUnits(env.ORDER_BOOK, id)),
    fromBook(bookRows(env.ORDER_BOOK, ids)),
  ]);
  const isBookThere = orders !== null && confirmed !== null && rows !== null;
  const unknown = [...(isBookThere ? [] : [BOOK]), ...part.silent];
  const skus = await auditSkus(context, metrics, confirmed);
  const { differences, settling } = await compare(context, part, rows);
  const looked = part.entries.length - settling + part.unknown.length;
  const isWhole = after === null && part.next === null && settling === 0;
  const verdicts = skus.map((sku) => sku.agrees);
  const agrees = verdictOf({ skus: verdicts, differences: differences.length, unknown, isWhole });
  const { next } = part;
  const found = { looked, settling, differences, next };
  return { kind: "audit", agrees, unknown, skus, orders, ...found, metrics };
}

function fromBook<Answer>(asked: Promise<Answer>): Promise<Answer | null> {
  return withTimeout(asked, AUDIT_BOOK_TIMEOUT_MS);
}

function auditSkus(
  { env, now }: MerchantContext,
  { sale }: Metrics,
  confirmed: ReadonlyMap<string, number> | null,
): Promise<Audit["skus"]> {
  return Promise.all(
    sale.items.map(async ({ sku }) => {
      const stock = stockOf(env, sku);
      const [{ seq: _, ...level }, { sales }, units] = await Promise.all([
        stock.levels(sku),
        stock.naming(),
        stock.unitsOfOrders(sale.id),
      ]);
      const inBook = confirmed === null ? null : (confirmed.get(sku) ?? 0);
      const isShared = sales.some((other) => other !== sale.id);
      const facts = { counters: level, units, isShared, confirmed: inBook };
      const soldInAll = units.sold + units.restocked;
      return { ...level, agrees: skuAgrees(facts, now), sales, confirmed: inBook, soldInAll };
    }),
  );
}

async function compare(
  { env, now }: MerchantContext,
  { sku, entries, unknown }: OrdersPart,
  rows: ReadonlyMap<string, BookRow> | null,
): Promise<{ readonly differences: Difference[]; readonly settling: number }> {
  if (sku === null) return { differences: [], settling: 0 };
  const lost = unknown.map((order) => unknownOrder(order, sku));
  const settled = entries.filter((entry) => !isSettling(entry, now));
  const keys = settled.map(({ event, buyer }) => {
    return { sale: event.sale, buyer, id: event.order };
  });
  const reserved = await stockOf(env, sku).reservations(keys);
  const differences = settled.flatMap((entry, index) => {
    const units = reserved[index]?.standing.state ?? null;
    const row = rows?.get(entry.event.order) ?? null;
    return differencesOf({ entry, sku, units, row });
  });
  return { differences: [...lost, ...differences], settling: entries.length - settled.length };
}
