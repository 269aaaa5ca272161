/**
 * The SQL tables of the Durable Objects and of D1, as their statements make them in SQLite.
 *
 * Guarantee: what is compared is what SQLite makes of the statements, not their text.
 */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { z } from "zod";
import { PROJECT_ROOT } from "../../scripts/project-root.ts";

const columnSchema = z.object({
  name: z.string(),
  type: z.string(),
  notnull: z.int(),
  dflt_value: z.string().nullable(),
  pk: z.int(),
});
export type SqlColumn = Readonly<z.infer<typeof columnSchema>>;

/** Columns by table, by the owner of the tables: an object, or `d1`. */
export type SqlTables = Readonly<Record<string, Readonly<Record<string, readonly SqlColumn[]>>>>;

const SCHEMA = /const SCHEMA = `([^`]*)`/g;
const MIGRATIONS = join(PROJECT_ROOT, "queues", "migrations");

const namesSchema = z.array(z.object({ name: z.string() }));

function columnsAfter(statements: readonly string[]): Record<string, readonly SqlColumn[]> {
  const database = new DatabaseSync(":memory:");
  for (const statement of statements) database.exec(statement);
  const tables = namesSchema.parse(
    database.prepare("SELECT name FROM sqlite_master WHERE type = 'table'").all(),
  );
  const described = tables
    .filter(({ name }) => !name.startsWith("sqlite_"))
    .map(({ name }) => {
      const rows = database.prepare(`SELECT * FROM pragma_table_info('${name}')`).all();
      return [name, z.array(columnSchema).parse(rows)] as const;
    });
  database.close();
  return Object.fromEntries(described);
}

/** The text of each migration, in order, by its name. */
export function migrations(): ReadonlyMap<string, string> {
  const names = readdirSync(MIGRATIONS).filter((name) => name.endsWith(".sql"));
  return new Map(
    names.toSorted().map((name) => [name, readFileSync(join(MIGRATIONS, name), "utf8")]),
  );
}

export function tablesToday(): SqlTables {
  const folder = join(PROJECT_ROOT, "durable-objects");
  const statements = new Map<string, string[]>();
  const files = readdirSync(folder, { recursive: true, encoding: "utf8" }).toSorted();
  for (const file of files.filter((name) => name.endsWith(".ts"))) {
    const owner = (file.split("/")[0] ?? file).replace(/\.ts$/, "");
    for (const [, text = ""] of readFileSync(join(folder, file), "utf8").matchAll(SCHEMA)) {
      statements.set(owner, [...(statements.get(owner) ?? []), text]);
    }
  }
  const owners = [...statements].map(([owner, texts]) => [owner, columnsAfter(texts)] as const);
  return { ...Object.fromEntries(owners), d1: columnsAfter([...migrations().values()]) };
}
