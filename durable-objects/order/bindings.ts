/**
 * The bindings of an Order: how it calls the room and the stocks and sends to the queues.
 *
 * Guarantee: a message that was not acknowledged rejects, and stays in the order's outbox.
 */
import type { TakeOutcome } from "../../src/domain/discounts/uses.ts";
import type { ClaimOutcome } from "../../src/domain/stock/identities.ts";
import type { BeginOrderOutcome } from "../../src/domain/room/admission.ts";
import { log } from "../../src/platform/log.ts";
import { discountCodesOf, roomOf, stockOf } from "../../src/platform/objects.ts";
import type { OrderBindings } from "./ports.ts";
import { withTimeout } from "../../src/platform/with-timeout.ts";

export function orderBindings(env: GateEnv): OrderBindings {
  return {
    beginOrder: ({ sale, admission, id }) => {
      return withTimeout<BeginOrderOutcome>(roomOf(env, sale).beginOrder(admission, id));
    },
    order: (sku, command) =>
      stockOf(env, sku)
        .order(command)
        .catch(() => null),
    sendMessage: (message) => env.ORDERS_QUEUE.send(message),
    sendEvent: (event) => env.EVENTS_QUEUE.send(event),
    finishOrder: ({ sale, admission, id }, how) => {
      return roomOf(env, sale).finishOrder(admission, id, how);
    },
    sell: async (sku, key) => await stockOf(env, sku).sell(key),
    release: async (sku, command) => await stockOf(env, sku).release(command),
    restock: async (sku, command) => await stockOf(env, sku).restock(command),
    claimIdentity: (sku, command) => {
      return withTimeout<ClaimOutcome>(stockOf(env, sku).claimIdentity(command));
    },
    takeDiscount: (sale, command) => {
      return withTimeout<TakeOutcome>(discountCodesOf(env, sale).take(command));
    },
    finishDiscount: async (sale, order, how) => {
      const codes = discountCodesOf(env, sale);
      return how === "keep" ? await codes.keep(order) : await codes.giveBack(order);
    },
    warn: ({ event, ...fields }) => log.warn("order", event, fields),
  };
}
