/**
 * The unpaid orders of shoppers who are gone: the room asks each whether it still needs a seat, and
 * tells one whose shopper has left that nobody will confirm its payment.
 *
 * Guarantee: an order that did not answer is asked again, by the next instance of the room too,
 * because who is gone with an order in progress is stored. Repeating the question is harmless.
 */
import { DEPARTED_ASKED_PER_TICK_MAX } from "../../src/domain/limits.ts";
import { settleOrder } from "../../src/domain/room/admission.ts";
import type { DepartedAnswer } from "../../src/domain/order/saga.ts";
import type { DepartedOrder } from "../../src/domain/room/order-seats.ts";
import { phaseAt } from "../../src/domain/sale/schedule.ts";
import type { RoomPorts } from "./ports.ts";
import type { RoomStore } from "./room-store.ts";

type Ports = Pick<RoomPorts, "now" | "askDeparted">;

/** @throws when a write fails */
export async function settleDeparted(store: RoomStore | null, ports: Ports): Promise<void> {
  if (store === null) return;
  const { now } = ports;
  const due = store.orderSeats.due(now(), DEPARTED_ASKED_PER_TICK_MAX);
  const answers = await Promise.all(
    due.map(async (departed) => {
      const answer = await ports.askDeparted(departed.order, departed.hasLeft).catch(() => null);
      return { departed, answer };
    }),
  );
  for (const { departed, answer } of answers) {
    if (answer !== null) settle(store, departed, answer, now());
  }
}

function settle(
  store: RoomStore,
  { admission: id, order }: DepartedOrder,
  answer: DepartedAnswer,
  now: number,
): void {
  const admission = store.admission(id);
  if (admission === null || admission.orderInProgress !== order) return;
  // The order's own report follows, also for `over`; its seat matters while others wait for it.
  if (answer === "paid") store.write({ admission: settleOrder(admission, order) }, now);
  else if (phaseAt(store.room.schedule, now) === "ended") store.forgetDeparted(id);
}
