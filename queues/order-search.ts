/**
 * What orders are found by, beside the projection's own columns: the normalised e-mail address, and
 * a row for each SKU.
 *
 * Rows of a release before have no normalised address, and those that it wrote while this release
 * was deployed have no SKUs. The cron adds both, so that no order stays unfound.
 */
import { z } from "zod";
import {
  ADDRESSES_HASHED_MAX,
  ORDERS_COMPLETED_ROUNDS_MAX,
  ORDERS_COMPLETED_ROWS_MAX,
} from "../src/domain/limits.ts";
import { writeSkus } from "../src/order-book/projection.ts";
import { normalisedEmail } from "../src/domain/buyer/email.ts";
import { parseJson } from "../src/encoding/json.ts";
import { orderOf } from "../src/platform/objects.ts";
import { log } from "../src/platform/log.ts";

const olderRowSchema = z.object({
  id: z.string(),
  email: z.string(),
  placed_ms: z.int(),
  lines: z
    .string()
    .transform(parseJson)
    .pipe(z.array(z.object({ sku: z.string() }))),
});

/**
 * Called by the cron trigger: adds what rows of a release before lack, a bounded number at a time.
 * Answers how many orders it completed.
 */
export async function completeOlderOrders(book: D1Database): Promise<number> {
  let completed = 0;
  for (let round = 0; round < ORDERS_COMPLETED_ROUNDS_MAX; round += 1) {
    const { results } = await book
      .prepare(
        `SELECT id, email, placed_ms, lines FROM orders WHERE email_normalised IS NULL
         ORDER BY id LIMIT ?`,
      )
      .bind(ORDERS_COMPLETED_ROWS_MAX)
      .all();
    const rows = z.array(olderRowSchema).parse(results);
    if (rows.length > 0) await complete(book, rows);
    completed += rows.length;
    if (rows.length < ORDERS_COMPLETED_ROWS_MAX) break;
  }
  if (completed > 0) log.info("order_book", "completed", { orders: completed });
  return completed;
}

/** All or none, so that a row without a normalised address is one that may lack its SKUs. */
async function complete(
  book: D1Database,
  rows: readonly z.infer<typeof olderRowSchema>[],
): Promise<void> {
  const emails = rows.map(({ id, email }) => ({ id, email: normalisedEmail(email) }));
  const skus = rows.map(({ id, placed_ms, lines }) => {
    return { id, placed_ms, skus: lines.map(({ sku }) => sku) };
  });
  await book.batch([
    writeSkus(book, skus),
    book
      .prepare(
        `UPDATE orders SET email_normalised = given.value ->> '$.email'
         FROM json_each(?) AS given WHERE orders.id = given.value ->> '$.id'`,
      )
      .bind(JSON.stringify(emails)),
  ]);
}

/**
 * Called by the cron trigger: orders of a release before get the keyed hash of their buyer's
 * address, and lose the address. Each order makes its hash itself, because only the gate's Worker
 * has the keys; in the same call it sets the alarm that erases its buyer in time.
 */
export async function hashOlderAddresses(env: OrdersEnv): Promise<number> {
  const { results } = await env.ORDER_BOOK.prepare(
    "SELECT id FROM orders WHERE email <> '' AND buyer IS NULL ORDER BY id LIMIT ?",
  )
    .bind(ADDRESSES_HASHED_MAX)
    .all();
  const ids = z.array(z.object({ id: z.string() })).parse(results);
  const hashed = await Promise.all(
    ids.map(async ({ id }) => ({ id, buyer: await orderOf(env, id).buyerHash() })),
  );
  if (hashed.length === 0) return 0;
  await env.ORDER_BOOK.prepare(
    `UPDATE orders SET buyer = coalesce(given.value ->> '$.buyer', ''),
       email = iif(given.value ->> '$.buyer' IS NULL, email, ''),
       email_normalised = iif(given.value ->> '$.buyer' IS NULL, email_normalised, '')
     FROM json_each(?) AS given WHERE orders.id = given.value ->> '$.id'`,
  )
    .bind(JSON.stringify(hashed))
    .run();
  log.info("order_book", "addresses_hashed", { orders: hashed.length });
  return hashed.length;
}
