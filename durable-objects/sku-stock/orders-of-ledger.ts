/**
 * Which orders a SkuStock knows, read from its ledger and its reservations.
 *
 * Guarantee: an order is here from the moment it takes units, because the row of the ledger is
 * written with them; the ledger only grows, so a search that goes on after a row misses none.
 */

export interface OrdersOfLedger {
  readonly orders: readonly string[];
  /** The row to go on after; null: there are no more now. */
  readonly next: number | null;
}

export function ordersFrom(sql: SqlStorage, after: number, limit: number): OrdersOfLedger {
  const rows = sql
    .exec<{ seq: number; reservation: string }>(
      `SELECT seq, reservation FROM ledger
       WHERE seq > ? AND kind IN ('order', 'order_fresh') ORDER BY seq LIMIT ?`,
      after,
      limit,
    )
    .toArray();
  const orders = [...new Set(rows.map(({ reservation }) => reservation))];
  return { orders, next: rows.length < limit ? null : (rows.at(-1)?.seq ?? null) };
}

export interface UnitsOfOrders {
  readonly ordered: number;
  readonly sold: number;
  /** Sold, and put back on sale since. */
  readonly restocked: number;
  /** When the last unit moved; null: never. */
  readonly movedAt_ms: number | null;
}

export function unitsOfOrders(sql: SqlStorage, sale: string): UnitsOfOrders {
  const counted = sql
    .exec<{ ordered: number; sold: number }>(
      `SELECT
         coalesce(sum(CASE state WHEN 'ordered' THEN quantity END), 0) AS ordered,
         coalesce(sum(CASE state WHEN 'sold' THEN quantity END), 0) AS sold
       FROM reservations WHERE sale = ?`,
      sale,
    )
    .one();
  const { restocked } = sql
    .exec<{ restocked: number }>(
      "SELECT coalesce(sum(quantity), 0) AS restocked FROM restocks WHERE sale = ?",
      sale,
    )
    .one();
  const { movedAt_ms } = sql
    .exec<{ movedAt_ms: number | null }>("SELECT max(at_ms) AS movedAt_ms FROM ledger")
    .one();
  return { ...counted, restocked, movedAt_ms };
}
