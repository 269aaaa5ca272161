/**
 * What the order book has of given orders, and how many units its confirmed orders have in all: the
 * side of the book when it is compared with the orders and the stocks.
 */
import { z } from "zod";
import type { BookRow } from "../domain/order/audit.ts";

const rowSchema = z.object({
  id: z.string(),
  state: z.string().nullable(),
  version: z.int().nullable(),
  payment: z.string().nullable(),
  booking: z.string().nullable(),
  shared_with: z.string().nullable(),
});

/** A booking may be there without its order, and the reverse. */
export async function bookRows(
  book: D1Database,
  orders: readonly string[],
): Promise<ReadonlyMap<string, BookRow>> {
  const { results } = await book
    .prepare(
      `SELECT asked.value AS id, o.state, o.version, o.payment, b.status AS booking,
         (SELECT p.id FROM orders AS p
          WHERE p.payment = o.payment AND p.id <> o.id LIMIT 1) AS shared_with
       FROM json_each(?) AS asked
         LEFT JOIN orders AS o ON o.id = asked.value
         LEFT JOIN bookings AS b ON b.order_id = asked.value`,
    )
    .bind(JSON.stringify(orders))
    .all();
  const rows = z.array(rowSchema).parse(results);
  return new Map(
    rows.map(({ id, state, version, payment, booking, shared_with }) => {
      const isThere = state !== null && version !== null;
      const order = isThere ? { state, version, payment, sharedWith: shared_with } : null;
      return [id, { order, booking }];
    }),
  );
}

/** Units of the sale's confirmed orders, by SKU. */
export async function confirmedUnits(
  book: D1Database,
  sale: string,
): Promise<ReadonlyMap<string, number>> {
  const { results } = await book
    .prepare(
      `SELECT line.value ->> '$.sku' AS sku, sum(line.value ->> '$.quantity') AS units
       FROM orders, json_each(orders.lines) AS line
       WHERE orders.sale = ? AND orders.state = 'confirmed' GROUP BY 1`,
    )
    .bind(sale)
    .all();
  const rows = z.array(z.object({ sku: z.string(), units: z.int() })).parse(results);
  return new Map(rows.map(({ sku, units }) => [sku, units]));
}
