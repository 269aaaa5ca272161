/**
 * The mirror in a merchant's Redis: the live levels of each SKU, and a stream of order events.
 *
 * Guarantee: levels never go backwards, because the script compares the ledger's sequence. An event
 * is in the stream once, as long as its id is among the remembered ones (twice as many as the
 * stream has entries). Both writes may be repeated and reordered.
 * Weak: a copy that lags by seconds, or by the length of an outage of Redis. No sale depends on it.
 */
import { z } from "zod";
import { REDIS_STREAM_ENTRIES_MAX } from "../domain/limits.ts";
import type { OrderEvent } from "../domain/order/messages.ts";
import { levelKey, ORDERS_SEEN_KEY, ORDERS_STREAM_KEY } from "../domain/formats/redis-keys.ts";
import type { StockLevel } from "../domain/stock/stock-ledger.ts";
import type { RedisConnection, RedisUnknown } from "./connection.ts";

/** KEYS[1] the hash; ARGV[1] the sequence, then fields and values. */
const LEVEL_SCRIPT = `
local kept = tonumber(redis.call('HGET', KEYS[1], 'seq') or '')
if kept and kept >= tonumber(ARGV[1]) then return 'older' end
redis.call('HSET', KEYS[1], 'seq', ARGV[1], unpack(ARGV, 2))
return 'written'
`;

/**
 * KEYS[1] the stream, KEYS[2] the ids in it; ARGV: the maximum of entries, the maximum of ids, the
 * number of texts per entry, then the entries, each beginning with 'id' and its id.
 */
const EVENTS_SCRIPT = `
local width, added = tonumber(ARGV[3]), 0
for from = 4, #ARGV, width do
  local id = ARGV[from + 1]
  if not redis.call('ZSCORE', KEYS[2], id) then
    local entry = redis.call('XADD', KEYS[1], 'MAXLEN', '~', ARGV[1], '*',
      unpack(ARGV, from, from + width - 1))
    redis.call('ZADD', KEYS[2], string.match(entry, '^%d+'), id)
    added = added + 1
  end
end
redis.call('ZREMRANGEBYRANK', KEYS[2], 0, -(tonumber(ARGV[2]) + 1))
return added
`;

export type MirrorOutcome = { readonly kind: "mirrored"; readonly changed: number } | RedisUnknown;

/** Writes the levels unless Redis has newer ones. `at_ms`: the instant of the levels. */
export async function mirrorLevel(
  redis: RedisConnection,
  { sku, seq, ...counters }: StockLevel,
  at_ms: number,
): Promise<MirrorOutcome> {
  const fields = { ...counters, at: new Date(at_ms).toISOString() };
  const args = Object.entries(fields).flatMap(([field, value]) => [field, `${value}`]);
  const schema = z.enum(["written", "older"]);
  const result = await redis.run(LEVEL_SCRIPT, [levelKey(sku)], [`${seq}`, ...args], schema);
  if (result.kind === "unknown") return result;
  return { kind: "mirrored", changed: result.answer === "written" ? 1 : 0 };
}

/** Without the buyer's e-mail address, because readers of the stream do not need it. */
function entryOf(event: OrderEvent): string[] {
  const entry = {
    id: event.id,
    type: event.type,
    order: event.order,
    sale: event.sale,
    version: `${event.version}`,
    state: event.state,
    final: `${event.final}`,
    at: new Date(event.at_ms).toISOString(),
    total: `${event.total}`,
    currency: event.currency,
    lines: JSON.stringify(event.lines),
    reason: event.reason ?? "",
  };
  return Object.entries(entry).flat();
}

/** Adds the events that are not in the stream yet, in the given order. */
export async function mirrorEvents(
  redis: RedisConnection,
  events: readonly OrderEvent[],
  entries_max: number = REDIS_STREAM_ENTRIES_MAX,
): Promise<MirrorOutcome> {
  const entries = events.map(entryOf);
  const width = entries[0]?.length;
  if (width === undefined) return { kind: "mirrored", changed: 0 };
  const args = [`${entries_max}`, `${2 * entries_max}`, `${width}`, ...entries.flat()];
  const keys = [ORDERS_STREAM_KEY, ORDERS_SEEN_KEY];
  const added = z.union([z.int(), z.string().regex(/^\d+$/).transform(Number)]);
  const result = await redis.run(EVENTS_SCRIPT, keys, args, added);
  return result.kind === "unknown" ? result : { kind: "mirrored", changed: result.answer };
}
