/**
 * Webhook deliveries in D1: one row for each event and subscribed endpoint, with its tries.
 *
 * Guarantee: an event has at most one delivery per endpoint, however often it is read. A try leases
 * its row: `due_ms` is set to the end of the lease, so no other try claims the row, and the outcome
 * is written only while `due_ms` is unchanged. So a replay during the try is not overwritten.
 * Not for sending: the queue `sluice-webhooks` carries the ids, `queues/webhooks` tries them.
 */
import { z } from "zod";
import { WEBHOOK_LEASE_MS } from "../domain/limits.ts";
import {
  attemptSchema,
  deliveryIdOf,
  DELIVERY_STATES,
  wants,
  type Delivery,
  type DeliveryState,
} from "../domain/webhooks.ts";
import { jsonText } from "../encoding/json.ts";

const rowSchema = z.object({
  seq: z.int(),
  id: z.string(),
  endpoint: z.string(),
  event: z.string(),
  type: z.string(),
  state: z.enum(DELIVERY_STATES),
  tries: z.int(),
  due_ms: z.int(),
  attempts: jsonText.pipe(z.array(attemptSchema)),
  created_ms: z.int(),
  updated_ms: z.int(),
});
export type KeptDelivery = Readonly<z.output<typeof rowSchema>>;

export interface NewDelivery {
  readonly id: string;
  readonly endpoint: string;
  readonly event: string;
  readonly type: string;
}

interface NamedEvent {
  readonly id: string;
  readonly type: string;
}

export function deliveryOf(endpoint: string, event: NamedEvent): NewDelivery {
  return { id: deliveryIdOf(endpoint, event.id), endpoint, event: event.id, type: event.type };
}

/** A delivery for each event and each enabled endpoint that subscribes to its type. */
export function deliveriesFor(
  events: readonly NamedEvent[],
  endpoints: readonly {
    readonly id: string;
    readonly types: readonly string[];
    readonly enabled: boolean;
  }[],
): NewDelivery[] {
  const on = endpoints.filter(({ enabled }) => enabled);
  return events.flatMap((event) => {
    return on
      .filter(({ types }) => wants(types, event.type))
      .map(({ id }) => deliveryOf(id, event));
  });
}

/**
 * Adds deliveries. Run it in one batch with the statement that adds their events. Existing
 * deliveries stay unchanged, and an event that is not in the log (any more) gets none.
 */
export function addDeliveries(
  book: D1Database,
  deliveries: readonly NewDelivery[],
  now: number,
): D1PreparedStatement {
  return book
    .prepare(
      `INSERT OR IGNORE INTO webhook_deliveries
         (id, endpoint, event, type, state, tries, due_ms, attempts, created_ms, updated_ms)
       SELECT value ->> 'id', value ->> 'endpoint', value ->> 'event', value ->> 'type',
         'pending', 0, ?2, '[]', ?2, ?2 FROM json_each(?1)
       WHERE EXISTS (SELECT 1 FROM events WHERE events.id = value ->> 'event')`,
    )
    .bind(JSON.stringify(deliveries), now);
}

/** Makes deliveries pending as if they were new; their earlier tries stay in the log. */
export function restartDeliveries(
  book: D1Database,
  ids: readonly string[],
  now: number,
): D1PreparedStatement {
  return book
    .prepare(
      `UPDATE webhook_deliveries SET state = 'pending', tries = 0, due_ms = ?2, updated_ms = ?2
       WHERE id IN (SELECT value FROM json_each(?1))`,
    )
    .bind(JSON.stringify(ids), now);
}

const idsSchema = z.array(z.object({ id: z.string() }));

/** The ids of those deliveries that have not been tried yet. */
export async function untriedOf(book: D1Database, ids: readonly string[]): Promise<string[]> {
  const { results } = await book
    .prepare(
      `SELECT id FROM webhook_deliveries WHERE state = 'pending' AND tries = 0
       AND id IN (SELECT value FROM json_each(?))`,
    )
    .bind(JSON.stringify(ids))
    .all();
  return idsSchema.parse(results).map(({ id }) => id);
}

/** Pending deliveries due before `before_ms`; they become due now, so that one sweep takes each. */
export async function takeOverdue(
  book: D1Database,
  before_ms: number,
  limit: number,
  now: number,
): Promise<string[]> {
  const { results } = await book
    .prepare(
      `UPDATE webhook_deliveries SET due_ms = ?3 WHERE id IN (SELECT id FROM webhook_deliveries
         WHERE state = 'pending' AND due_ms < ?1 ORDER BY due_ms LIMIT ?2) RETURNING id`,
    )
    .bind(before_ms, limit, now)
    .all();
  return idsSchema.parse(results).map(({ id }) => id);
}

const endpointsSchema = z.array(z.object({ id: z.string(), endpoint: z.string() }));

/** The endpoint of each of these deliveries that exists. */
export async function endpointsOf(
  book: D1Database,
  ids: readonly string[],
): Promise<ReadonlyMap<string, string>> {
  const { results } = await book
    .prepare(
      "SELECT id, endpoint FROM webhook_deliveries WHERE id IN (SELECT value FROM json_each(?))",
    )
    .bind(JSON.stringify(ids))
    .all();
  return new Map(endpointsSchema.parse(results).map(({ id, endpoint }) => [id, endpoint]));
}

const claimedSchema = z.object({ ...rowSchema.shape, body: z.string().nullable() });

export type Claim =
  | {
      readonly kind: "claimed";
      readonly delivery: KeptDelivery;
      /** The logged event; null when it is not in the log. */
      readonly body: string | null;
      readonly lease_ms: number;
    }
  | { readonly kind: "not_due"; readonly due_ms: number }
  /** The delivery is final or does not exist. */
  | { readonly kind: "over" };

/** Clocks of machines differ, and a queue measures its delays by its own. */
const CLOCK_SLACK_MS = 1000;

/** Leases a delivery that is due, for one try. */
export async function claimDelivery(book: D1Database, id: string, now: number): Promise<Claim> {
  const lease_ms = now + WEBHOOK_LEASE_MS;
  const claimed = await book
    .prepare(
      `UPDATE webhook_deliveries SET due_ms = ?3
       WHERE id = ?1 AND state = 'pending' AND due_ms <= ?2 RETURNING *,
         (SELECT body FROM events WHERE events.id = webhook_deliveries.event) AS body`,
    )
    .bind(id, now + CLOCK_SLACK_MS, lease_ms)
    .first();
  if (claimed !== null) {
    const { body, ...delivery } = claimedSchema.parse(claimed);
    return { kind: "claimed", delivery, body, lease_ms };
  }
  const found = await findDelivery(book, id);
  if (found?.state !== "pending") return { kind: "over" };
  return { kind: "not_due", due_ms: found.due_ms };
}

/** Stores the outcome of a try; false, without a change, when its lease was lost. */
export async function keepTry(
  book: D1Database,
  id: string,
  { state, tries, due_ms, attempts }: Delivery,
  lease_ms: number,
  now: number,
): Promise<boolean> {
  const { meta } = await book
    .prepare(
      `UPDATE webhook_deliveries SET state = ?2, tries = ?3, due_ms = ?4, attempts = ?5,
         updated_ms = ?6 WHERE id = ?1 AND state = 'pending' AND due_ms = ?7`,
    )
    .bind(id, state, tries, due_ms, JSON.stringify(attempts), now, lease_ms)
    .run();
  return meta.changes > 0;
}

export async function findDelivery(book: D1Database, id: string): Promise<KeptDelivery | null> {
  const row = await book.prepare("SELECT * FROM webhook_deliveries WHERE id = ?").bind(id).first();
  return row === null ? null : rowSchema.parse(row);
}

export interface DeliveriesFilter {
  readonly endpoint?: string | undefined;
  readonly state?: DeliveryState | undefined;
  /** A `seq`: the page starts after it. */
  readonly after: number;
  readonly limit: number;
}

/** In order of creation. */
export async function listDeliveries(
  book: D1Database,
  filter: DeliveriesFilter,
): Promise<KeptDelivery[]> {
  const { endpoint = null, state = null, after, limit } = filter;
  const { results } = await book
    .prepare(
      `SELECT * FROM webhook_deliveries
       WHERE seq > ?1 AND (?2 IS NULL OR endpoint = ?2) AND (?3 IS NULL OR state = ?3)
       ORDER BY seq LIMIT ?4`,
    )
    .bind(after, endpoint, state, limit)
    .all();
  return z.array(rowSchema).parse(results);
}
