/**
 * The log of events as the merchant reads it: every event once, in the order in which the orders
 * Worker read them from the queue and wrote them here.
 *
 * Weak: that is only approximately the order in which they happened; an event carries the `version`
 * of its order or sale.
 */
import { z } from "zod";

const eventRowSchema = z.object({
  seq: z.int(),
  id: z.string(),
  type: z.string(),
  sale: z.string().nullable(),
  order_id: z.string().nullable(),
  at_ms: z.int(),
  body: z.string(),
});
export type EventRow = Readonly<z.infer<typeof eventRowSchema>>;

export interface EventsFilter {
  /** A `seq`: the page starts after it. */
  readonly after: number;
  readonly limit: number;
  /** A type, or a pattern such as `order.*`. */
  readonly type?: string | undefined;
  readonly sale?: string | undefined;
  readonly order?: string | undefined;
}

export async function listEvents(book: D1Database, filter: EventsFilter): Promise<EventRow[]> {
  const { after, limit, type = null, sale = null, order = null } = filter;
  const { results } = await book
    .prepare(
      `SELECT * FROM events WHERE seq > ?1 AND (?2 IS NULL OR type GLOB ?2)
       AND (?3 IS NULL OR sale = ?3) AND (?4 IS NULL OR order_id = ?4) ORDER BY seq LIMIT ?5`,
    )
    .bind(after, type, sale, order, limit)
    .all();
  return z.array(eventRowSchema).parse(results);
}

const namedSchema = z.object({ seq: z.int(), id: z.string(), type: z.string() });

export interface EventsSince {
  readonly events: readonly z.infer<typeof namedSchema>[];
  /** The number of matching events after the last of these. */
  readonly remaining: number;
}

/** The events since a time, without the tests of endpoints. */
export async function eventsSince(
  book: D1Database,
  since_ms: number,
  after: number,
  limit: number,
): Promise<EventsSince> {
  const span = "FROM events WHERE seq > ? AND at_ms >= ? AND sale IS NOT NULL";
  const { results } = await book
    .prepare(`SELECT seq, id, type ${span} ORDER BY seq LIMIT ?`)
    .bind(after, since_ms, limit)
    .all();
  const events = z.array(namedSchema).parse(results);
  const last = events.at(-1)?.seq ?? after;
  const counted = await book
    .prepare(`SELECT COUNT(*) AS count ${span}`)
    .bind(last, since_ms)
    .first();
  return { events, remaining: z.object({ count: z.int() }).parse(counted).count };
}

/** Adds an event that did not come from a queue. Run it in one batch with its deliveries. */
export function addEvent(
  book: D1Database,
  { id, type, at_ms, body }: Pick<EventRow, "id" | "type" | "at_ms" | "body">,
): D1PreparedStatement {
  return book
    .prepare("INSERT INTO events (id, type, at_ms, body) VALUES (?, ?, ?, ?)")
    .bind(id, type, at_ms, body);
}
