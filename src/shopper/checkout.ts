/**
 * The cart as a checkout shows it: what is held, the order that was placed from this seat, and the
 * key that the next order is placed with.
 *
 * Guarantee: a shopper who lost the answer to an order and comes back finds that order, and a form
 * that would place no second one: the key is the same until an order has ended. A room that does
 * not answer takes nothing from that; then only the order is not shown.
 */
import { SEAT_CALL_TIMEOUT_MS } from "../domain/limits.ts";
import type { OrderView } from "../domain/order/messages.ts";
import { checkoutKeyOf, orderIdOf } from "../domain/order/order-id.ts";
import { orderOf, roomOf } from "../platform/objects.ts";
import { withTimeout } from "../platform/with-timeout.ts";
import { readCart, type CartAge, type CartOutcome } from "./cart.ts";
import type { GateContext } from "./gate-context.ts";
import { inShop, type Visit } from "./visit.ts";

/** What stands in the way of another order, or has bought all that the seat may buy. */
export interface OrderOfSeat {
  readonly kind: "under_way" | "bought";
  readonly order: string;
}

export type CheckoutOutcome =
  | (Extract<CartOutcome, { readonly kind: "cart" }> & {
      readonly orderKey: string;
      readonly placed: OrderOfSeat | null;
    })
  | Exclude<CartOutcome, { readonly kind: "cart" }>;

/** @param age of the cart: "recent" only for what is shown by a GET */
export async function readCheckout(visit: Visit, age: CartAge): Promise<CheckoutOutcome> {
  const read = await readCart(visit, age);
  if (read.kind !== "cart") return read;
  const { gate } = visit;
  const { id, sale } = read.admission;
  const seat = await withTimeout(roomOf(gate.env, sale).seat(id), SEAT_CALL_TIMEOUT_MS);
  if (seat === null) return { ...read, orderKey: checkoutKeyOf(id, null), placed: null };
  const { standing, orderInProgress, orderEnded } = seat;
  const underWay = orderInProgress !== null && (await isUnderWay(gate, orderInProgress));
  // An order that is over tells the room, and the shopper may be here before that.
  const ended = underWay ? orderEnded : (orderInProgress ?? orderEnded);
  const orderKey = checkoutKeyOf(id, ended);
  if (underWay) return { ...read, orderKey, placed: { kind: "under_way", order: orderInProgress } };
  const bought = standing === "spent" && ended !== null;
  return { ...read, orderKey, placed: bought ? { kind: "bought", order: ended } : null };
}

/** Whether this visit may place an order; false also when the room does not answer. */
export async function mayOrder(visit: Visit): Promise<boolean> {
  const shopper = inShop(visit);
  if (shopper.kind !== "in_shop") return false;
  const { gate, admission } = shopper;
  const room = roomOf(gate.env, admission.sale);
  const seat = await withTimeout(room.seat(admission.id), SEAT_CALL_TIMEOUT_MS);
  return seat?.standing === "active";
}

/**
 * The order that was placed with a key, as far as it is known now: `none` also where the order was
 * not accepted. `silent`: it may or may not be there.
 */
export type EarlierOrder =
  | { readonly kind: "order"; readonly order: OrderView; readonly viewKey: string }
  | { readonly kind: "none" | "silent" };

/** For a key that was used already, with other details than those of this request. */
export async function earlierOrder(visit: Visit, idempotencyKey: string): Promise<EarlierOrder> {
  const { admission, gate, sale } = visit;
  if (admission.kind !== "valid" && admission.kind !== "expired") return { kind: "none" };
  const { subject } = admission.admission;
  const order = orderOf(gate.env, orderIdOf(sale.id, subject, idempotencyKey));
  const answered = await withTimeout(order.view().then((seen) => ({ seen })));
  if (answered === null) return { kind: "silent" };
  const { seen } = answered;
  return seen === null ? { kind: "none" } : { kind: "order", ...seen };
}

/** The last order of this visit; null when it ended without a purchase, or does not answer. */
export async function orderOfVisit(
  visit: Pick<Visit, "gate" | "sale" | "admission">,
): Promise<{ readonly order: OrderView; readonly viewKey: string } | null> {
  const shopper = inShop(visit);
  if (shopper.kind !== "in_shop") return null;
  const { gate, sale, admission } = shopper;
  const seat = await withTimeout(
    roomOf(gate.env, sale.id).seat(admission.id),
    SEAT_CALL_TIMEOUT_MS,
  );
  const last = seat?.orderInProgress ?? seat?.orderEnded ?? null;
  if (last === null) return null;
  const seen = await withTimeout(orderOf(gate.env, last).view());
  if (seen === null || (seen.order.final && seen.order.state !== "confirmed")) return null;
  return { order: seen.order, viewKey: seen.viewKey };
}

async function isUnderWay({ env }: GateContext, order: string): Promise<boolean> {
  const seen = await withTimeout(orderOf(env, order).view());
  return seen?.order.final !== true;
}
