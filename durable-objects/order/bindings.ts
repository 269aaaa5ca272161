/**
 * The bindings of an Order: how it calls the room and the stocks and sends to the queues.
 *
 * Guarantee: a message that was not acknowledged rejects, and stays in the order's outbox.
 */
import type { BeginOrderOutcome } from "../../src/domain/room/admission.ts";
import { log } from "../../src/platform/log.ts";
import type { OrderBindings } from "./ports.ts";
import { withTimeout } from "../../src/platform/with-timeout.ts";

export function orderBindings(env: GateEnv): OrderBindings {
  const roomOf = (sale: string) => env.WAITING_ROOM.get(env.WAITING_ROOM.idFromName(sale));
  const stockOf = (sku: string) => env.SKU_STOCK.get(env.SKU_STOCK.idFromName(sku));
  return {
    beginOrder: ({ sale, admission, id }) => {
      return withTimeout<BeginOrderOutcome>(roomOf(sale).beginOrder(admission, id));
    },
    order: (sku, command) =>
      stockOf(sku)
        .order(command)
        .catch(() => null),
    sendMessage: (message) => env.ORDERS_QUEUE.send(message),
    sendEvent: (event) => env.EVENTS_QUEUE.send(event),
    finishOrder: ({ sale, admission, id }, how) => {
      return roomOf(sale).finishOrder(admission, id, how);
    },
    sell: async (sku, key) => await stockOf(sku).sell(key),
    release: async (sku, command) => await stockOf(sku).release(command),
    warn: ({ event, ...fields }) => log.warn("order", event, fields),
  };
}
