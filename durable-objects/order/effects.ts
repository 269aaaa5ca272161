/**
 * Performs the messages of an order's outbox.
 *
 * Guarantee: each may be performed again, because the objects that are called know the order's id.
 * Not for: when a message is sent and sent again (`order-core.ts`).
 */
import { erasedBuyerOf } from "../../src/domain/order/erasure.ts";
import type { OrderIntent, OrderRecord } from "../../src/domain/order/order.ts";
import { PAYMENT_UNAVAILABLE } from "../../src/domain/order/reasons.ts";
import type { RestockOutcome } from "../../src/domain/stock/restock.ts";
import type { OrderBindings, OutboxMessage } from "./ports.ts";

/**
 * @param record as it is now: it may be newer than the message
 * @throws when the message was not acknowledged
 */
export async function performEffect(
  bindings: OrderBindings,
  record: OrderRecord,
  message: OutboxMessage,
): Promise<void> {
  const { intent } = record;
  switch (message.kind) {
    case "queue":
      await bindings.sendMessage({ v: 1, kind: "order", order: intent.id });
      return;
    case "event":
      await bindings.sendEvent(message.event);
      return;
    case "seat":
      await bindings.finishOrder(intent, message.declined === true ? "declined" : message.action);
      return;
    case "discount":
      await bindings.finishDiscount(intent.sale, intent.id, message.action);
      return;
    case "restock":
      await restock(bindings, intent, message);
      return;
    case "stock":
      await moveUnits(bindings, record, message.sku, message.action);
      return;
    default:
      // Of a newer release, which sends it: until then it is tried again, and the log says it.
      throw new Error("this release does not know messages of its kind");
  }
}

/** Tried again while the units are not sold yet, because their message is under way. */
async function restock(
  bindings: OrderBindings,
  { sale, buyer, id }: OrderIntent,
  { sku, quantity, refund }: Extract<OutboxMessage, { readonly kind: "restock" }>,
): Promise<void> {
  const command = { sale, buyer, id, restockId: refund, quantity };
  let outcome = await bindings.restock(sku, command);
  if (isOfNobody(outcome)) {
    // The stock has forgotten the buyer already, and the order is about to.
    outcome = await bindings.restock(sku, { ...command, buyer: erasedBuyerOf(id) });
  }
  if (outcome.kind !== "not_sold" && outcome.kind !== "conflict") return;
  if (outcome.kind === "not_sold" && outcome.state === "ordered") {
    throw new Error(`cannot restock ${sku}: its units are not sold yet`);
  }
  bindings.warn({ event: "restock_refused", order: id, sku, why: outcome.kind });
}

function isOfNobody(outcome: RestockOutcome): boolean {
  return (
    outcome.kind === "conflict" || (outcome.kind === "not_sold" && outcome.state === "unknown")
  );
}

async function moveUnits(
  bindings: OrderBindings,
  { intent, standing, hasLeft }: OrderRecord,
  sku: string,
  action: "sell" | "release" | "return",
): Promise<void> {
  const key = { sale: intent.sale, buyer: intent.buyer, id: intent.id };
  if (action === "sell") {
    const sold = await bindings.sell(sku, key);
    if (sold.kind === "conflict")
      throw new Error(`cannot sell ${sku}: its reservation is ${sold.state}`);
    return;
  }
  const { admission, holdUntil_ms } = intent;
  const hold = { holdId: admission, deadline_ms: holdUntil_ms };
  // A refused order leaves the hold as it was; a declined one may be paid in another way.
  const returned = standing.state === "rejected" ? { ...hold, only: "held" as const } : hold;
  // The cart of a shopper who left is nobody's.
  const isReturned = action === "return" && hasLeft !== true;
  // Neither the merchant's cancelling nor a fault of the shop counts against the shopper.
  const isLapse = standing.state === "declined" && standing.reason !== PAYMENT_UNAVAILABLE;
  await bindings.release(sku, { ...key, backTo: isReturned ? returned : null, isLapse });
}
