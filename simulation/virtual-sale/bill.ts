/**
 * What a played sale costs at list prices past the included amounts, line by line.
 *
 * What the simulation counts is exact for it: requests, rows of booths, room and stock. What one
 * order, one isolate and one millisecond cost is taken from the code and the bench, rounded up;
 * each is a constant below. Not an invoice: prices and the platform change.
 */
import { PIPELINE_LOOK_INTERVAL_MS } from "../../src/domain/limits.ts";
import type { World } from "./world.ts";

/** US dollars per million. */
const PRICE = {
  workerRequests: 0.3,
  workerCpu_ms: 0.02,
  objectRequests: 0.15,
  objectDuration_gbs: 12.5,
  rowsRead: 0.001,
  rowsWritten: 1,
  queueOperations: 0.4,
  kvReads: 0.5,
  kvWrites: 5,
} as const;

const OBJECT_GB = 0.125;
/** The bench measures 0.2 ms for a poll and 0.6 ms for a join, all processes together. */
const CPU_MS_PER_REQUEST = 0.4;
const CPU_MS_PER_ORDER = 20;
/** An order: its page, the consumer's leases and reports, its alarms. */
const OBJECT_CALLS_PER_ORDER = 14;
const ROWS_WRITTEN_PER_ORDER = 40;
const ROWS_READ_PER_ORDER = 60;
const SECONDS_AWAKE_PER_ORDER = 15;
/** One message to process it and five events for the order book; each is three operations. */
const QUEUE_OPERATIONS_PER_ORDER = 6 * 3;
const BATCHES_PER_ORDER = 2;
/** Rows that one object request reads at most, such as a claim. */
const ROWS_READ_PER_OBJECT_REQUEST = 3;
/** Isolates of a location; each reads the sale's document every thirty seconds. */
const ISOLATES_PER_LOCATION = 10;
const DOCUMENT_EVERY_S = 30;
/** A live room reads two breakers and the operator's override of each. */
const KEYS_PER_PIPELINE_LOOK = 4;

export type Bill = ReturnType<typeof billOf>;

export function billOf(world: World) {
  const { tally, options, seconds } = world;
  const { orders } = tally;
  const objects = world.booths.count + 2;
  const awake_s = objects * seconds + orders * SECONDS_AWAKE_PER_ORDER;
  const workerRequests = tally.workerRequests + orders * BATCHES_PER_ORDER;
  const objectRequests = tally.objectRequests + orders * OBJECT_CALLS_PER_ORDER;
  const isolates = options.locations * ISOLATES_PER_LOCATION;
  const looks = Math.ceil((seconds * 1000) / PIPELINE_LOOK_INTERVAL_MS);
  const documents = isolates * Math.ceil(seconds / DOCUMENT_EVERY_S);
  const kvReads = documents + looks * KEYS_PER_PIPELINE_LOOK;
  const amounts: readonly (readonly [string, number, number])[] = [
    ["Worker requests", workerRequests, PRICE.workerRequests],
    [
      "Worker CPU, ms",
      workerRequests * CPU_MS_PER_REQUEST + orders * CPU_MS_PER_ORDER,
      PRICE.workerCpu_ms,
    ],
    ["object requests", objectRequests, PRICE.objectRequests],
    ["object duration, GB-s", awake_s * OBJECT_GB, PRICE.objectDuration_gbs],
    [
      "rows written",
      tally.rowsWritten + world.shop.rowsWritten + orders * ROWS_WRITTEN_PER_ORDER,
      PRICE.rowsWritten,
    ],
    [
      "rows read",
      tally.objectRequests * ROWS_READ_PER_OBJECT_REQUEST + orders * ROWS_READ_PER_ORDER,
      PRICE.rowsRead,
    ],
    ["queue operations", orders * QUEUE_OPERATIONS_PER_ORDER, PRICE.queueOperations],
    ["KV reads", kvReads, PRICE.kvReads],
    ["KV writes", 1, PRICE.kvWrites],
  ];
  const lines = amounts.map(([what, amount, price]) => {
    return { what, amount, dollars: (amount / 1e6) * price };
  });
  const dollars = lines.reduce((sum, line) => sum + line.dollars, 0);
  return { lines, dollars, dollarsPerMillion: (dollars / options.shoppers) * 1e6 };
}
