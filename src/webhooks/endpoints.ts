/**
 * The merchant's webhook endpoints in D1. The merchant's API writes them; the orders Worker reads
 * them and disables one that answers 410 Gone.
 *
 * Guarantee: there are never more than `WEBHOOK_ENDPOINTS_MAX`, and of two concurrent rotations one
 * succeeds. Not for secrets: a row only identifies the secret of an endpoint.
 */
import { z } from "zod";
import { WEBHOOK_ENDPOINTS_MAX, WEBHOOK_ROTATION_OVERLAP_MS } from "../domain/limits.ts";
import { eventPatternSchema } from "../domain/webhooks.ts";
import { jsonText } from "../encoding/json.ts";
import type { SecretName } from "./endpoint-secrets.ts";

const rowSchema = z.object({
  id: z.string(),
  url: z.string(),
  types: jsonText.pipe(z.array(eventPatternSchema)),
  description: z.string(),
  enabled: z.int().transform((value) => value === 1),
  disabled_reason: z.enum(["merchant", "gone"]).nullable(),
  kid: z.string(),
  generation: z.int(),
  previous_kid: z.string().nullable(),
  rotated_ms: z.int().nullable(),
  created_ms: z.int(),
  updated_ms: z.int(),
});
export type Endpoint = Readonly<z.output<typeof rowSchema>>;

/** The secrets that sign now: the newest, and for a day after a rotation also the previous one. */
export function signersOf(endpoint: Endpoint, now: number): SecretName[] {
  const { kid, generation } = endpoint;
  const newest = { kid, generation };
  const until_ms = previousUntil_ms(endpoint);
  if (endpoint.previous_kid === null || until_ms === null || now >= until_ms) return [newest];
  return [newest, { kid: endpoint.previous_kid, generation: generation - 1 }];
}

export function previousUntil_ms({ rotated_ms }: Endpoint): number | null {
  return rotated_ms === null ? null : rotated_ms + WEBHOOK_ROTATION_OVERLAP_MS;
}

export async function listEndpoints(book: D1Database): Promise<Endpoint[]> {
  const { results } = await book
    .prepare("SELECT * FROM webhook_endpoints ORDER BY created_ms, id")
    .all();
  return z.array(rowSchema).parse(results);
}

export async function findEndpoint(book: D1Database, id: string): Promise<Endpoint | null> {
  return oneOf(book.prepare("SELECT * FROM webhook_endpoints WHERE id = ?").bind(id));
}

async function oneOf(statement: D1PreparedStatement): Promise<Endpoint | null> {
  const row = await statement.first();
  return row === null ? null : rowSchema.parse(row);
}

export interface NewEndpoint {
  readonly id: string;
  readonly url: string;
  readonly types: readonly string[];
  readonly description: string;
  readonly enabled: boolean;
}

/** Null when `WEBHOOK_ENDPOINTS_MAX` is reached. */
export async function addEndpoint(
  book: D1Database,
  { id, url, types, description, enabled }: NewEndpoint,
  kid: string,
  now: number,
): Promise<Endpoint | null> {
  const disabled = enabled ? null : "merchant";
  const statement = book.prepare(
    `INSERT INTO webhook_endpoints
     SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7, 1, NULL, NULL, ?8, ?8
     WHERE (SELECT COUNT(*) FROM webhook_endpoints) < ?9 RETURNING *`,
  );
  const values = [id, url, JSON.stringify(types), description, enabled ? 1 : 0, disabled, kid];
  return oneOf(statement.bind(...values, now, WEBHOOK_ENDPOINTS_MAX));
}

export type EndpointChange = {
  readonly [Field in "url" | "types" | "description" | "enabled"]?: NewEndpoint[Field] | undefined;
};

/** Absent fields stay unchanged. Null when there is no such endpoint. */
export async function changeEndpoint(
  book: D1Database,
  id: string,
  { url, types, description, enabled }: EndpointChange,
  now: number,
): Promise<Endpoint | null> {
  const statement = book.prepare(
    `UPDATE webhook_endpoints SET url = COALESCE(?2, url), types = COALESCE(?3, types),
       description = COALESCE(?4, description), enabled = COALESCE(?5, enabled),
       disabled_reason = CASE ?5 WHEN 1 THEN NULL WHEN 0 THEN 'merchant' ELSE disabled_reason END,
       updated_ms = ?6
     WHERE id = ?1 RETURNING *`,
  );
  const turned = enabled === undefined ? null : Number(enabled);
  const wanted = types === undefined ? null : JSON.stringify(types);
  return oneOf(statement.bind(id, url ?? null, wanted, description ?? null, turned, now));
}

/** Rotates to a new secret of the key `kid`; null when it was rotated since it was read. */
export async function rotateEndpoint(
  book: D1Database,
  { id, generation }: Endpoint,
  kid: string,
  now: number,
): Promise<Endpoint | null> {
  const statement = book.prepare(
    `UPDATE webhook_endpoints SET generation = generation + 1, previous_kid = kid, kid = ?3,
       rotated_ms = ?4, updated_ms = ?4
     WHERE id = ?1 AND generation = ?2 RETURNING *`,
  );
  return oneOf(statement.bind(id, generation, kid, now));
}

/** Disables an endpoint that answered 410 Gone. */
export async function disableGone(book: D1Database, id: string, now: number): Promise<void> {
  await book
    .prepare(
      `UPDATE webhook_endpoints SET enabled = 0, disabled_reason = 'gone', updated_ms = ?2
       WHERE id = ?1`,
    )
    .bind(id, now)
    .run();
}

export async function removeEndpoint(book: D1Database, id: string): Promise<boolean> {
  const { meta } = await book.prepare("DELETE FROM webhook_endpoints WHERE id = ?").bind(id).run();
  return meta.changes > 0;
}
