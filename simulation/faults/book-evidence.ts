/**
 * What the promises see of the simulated order book.
 */
import type { OrderEvent } from "../../src/domain/order/messages.ts";
import type { OrderRecord } from "../../src/domain/order/order.ts";

export interface BookEvidence {
  readonly isWhole: boolean;
  readonly status: ReadonlyMap<string, string>;
  readonly projection: ReadonlyMap<string, OrderEvent>;
  mayMiss(record: OrderRecord): boolean;
}
