/**
 * The statement that writes one row of an object's table.
 *
 * Guarantee: only the named columns are written. A column that a newer release added keeps its
 * value, where `INSERT OR REPLACE` would empty it and a statement by position would fail
 * (docs/stored-shapes.md).
 */

/**
 * @param keys the columns of the table's primary key, with commas between
 * @param columns the others; the values follow keys and columns in this order
 */
export function upsert(table: string, keys: string, columns: string): string {
  const names = `${keys}, ${columns}`;
  const values = names.split(", ").map(() => "?");
  const set = columns.split(", ").map((column) => `${column} = excluded.${column}`);
  return `INSERT INTO ${table} (${names}) VALUES (${values.join(", ")})
    ON CONFLICT (${keys}) DO UPDATE SET ${set.join(", ")}`;
}
