/**
 * The bindings of an Order: how it calls the room and the stocks and sends to the queues.
 *
 * Guarantee: a message that was not acknowledged rejects, and stays in the order's outbox.
 */
import type { TakeOutcome } from "../../src/domain/discounts/uses.ts";
import type { ClaimOutcome } from "../../src/domain/stock/identities.ts";
import { boothFor } from "../../src/domain/line/booth.ts";
import { PASS_DESKS_PER_SALE } from "../../src/domain/limits.ts";
import { erasedBuyerOf } from "../../src/domain/order/erasure.ts";
import type { OrderIntent } from "../../src/domain/order/order.ts";
import type { BeginOrderOutcome } from "../../src/domain/room/admission.ts";
import { log } from "../../src/platform/log.ts";
import { discountCodesOf, passDeskOf, roomOf, stockOf } from "../../src/platform/objects.ts";
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
    forgetBuyer: (intent) => forgetBuyer(env, intent),
    warn: ({ event, ...fields }) => log.warn("order", event, fields),
  };
}

/** Subjects without a pass and without a proof: they have no row at a desk. */
const UNNAMED = "sub_";

/** @throws when any of them does not answer; all can be asked again */
async function forgetBuyer(
  env: GateEnv,
  { sale, buyer, id, admission, lines, discount }: OrderIntent,
): Promise<void> {
  const skus = new Set(lines.map(({ sku }) => sku));
  const key = { sale, buyer, id };
  await Promise.all([
    ...[...skus].map((sku) => stockOf(env, sku).forgetBuyer(key, erasedBuyerOf(id))),
    discount === null ? null : discountCodesOf(env, sale).forgetBuyer(id),
    buyer.startsWith(UNNAMED)
      ? null
      : passDeskOf(env, sale, boothFor(buyer, PASS_DESKS_PER_SALE)).forget(buyer),
    roomOf(env, sale).forgetSubject(admission),
  ]);
}
