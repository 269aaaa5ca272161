/**
 * Applies the order book's migrations to a local D1 database.
 *
 * Guarantee: it uses the same `d1_migrations` table as `wrangler d1 migrations apply`; each
 * migration is applied once, and is recorded in the transaction that applies it.
 * Not for a deployed database, which wrangler migrates in `npm run deploy`.
 */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Miniflare } from "miniflare";
import { unstable_splitSqlQuery } from "wrangler";

type Database = Awaited<ReturnType<Miniflare["getD1Database"]>>;

const BOOKKEEPING_TABLE = `CREATE TABLE IF NOT EXISTS d1_migrations (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  name TEXT UNIQUE,
  applied_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP NOT NULL
)`;

/** `folder` contains `NNNN_name.sql` files; they are applied in the order of their names. */
export async function migrate(database: Database, folder: string): Promise<void> {
  const files = readdirSync(folder).filter((file) => file.endsWith(".sql"));
  await database.prepare(BOOKKEEPING_TABLE).run();
  const rows = await database.prepare("SELECT name FROM d1_migrations").all<{ name: string }>();
  const applied = new Set(rows.results.map((row) => row.name));
  for (const file of files.toSorted()) {
    if (applied.has(file)) continue;
    const queries = unstable_splitSqlQuery(readFileSync(join(folder, file), "utf8"));
    await database.batch([
      ...queries.map((query) => database.prepare(query)),
      database.prepare("INSERT INTO d1_migrations (name) VALUES (?)").bind(file),
    ]);
  }
}
