/**
 * The calls that carts in one isolate share (`call-batcher.ts`): of the room, for their seats, and
 * of a SkuStock, for their holds, to set or to read them.
 *
 * Guarantee: a hold whose answer was lost may exist; it has a deadline, and setting the cart again
 * finds it. Not for orders: each is placed by an object of its own.
 */
import type { SeatStanding } from "../domain/room/admission.ts";
import {
  HOLD_GROUP_WAIT_MS,
  HOLDS_GATHERED_MAX,
  HOLDS_PER_CALL_MAX,
  SEAT_CALL_TIMEOUT_MS,
  SEAT_GROUP_WAIT_MS,
  SEATS_GATHERED_MAX,
  SEATS_PER_CALL_MAX,
  SHOPPER_CALL_TIMEOUT_MS,
} from "../domain/limits.ts";
import type { HoldCommand, HoldOutcome } from "../domain/stock/stock.ts";
import type { Reservation, ReservationKey } from "../domain/stock/stock-ledger.ts";
import { CallBatcher } from "./call-batcher.ts";
import { CartMemory } from "./cart-memory.ts";

/** What a shopper has in a SkuStock; its own object, because null is no answer of a shared call. */
export interface ReservationRead {
  readonly reservation: Reservation | null;
}

/** One per isolate. */
export class CartBatches {
  readonly memory = new CartMemory();
  /** By SKU: reads of carts that meet ask each SkuStock together. */
  readonly reads = new CallBatcher<ReservationKey, ReservationRead>({
    together_max: HOLDS_PER_CALL_MAX,
    gathered_max: HOLDS_GATHERED_MAX,
    wait_ms: HOLD_GROUP_WAIT_MS,
    call_ms: SHOPPER_CALL_TIMEOUT_MS,
  });
  /** By SKU. */
  readonly holds = new CallBatcher<HoldCommand, HoldOutcome>({
    together_max: HOLDS_PER_CALL_MAX,
    gathered_max: HOLDS_GATHERED_MAX,
    wait_ms: HOLD_GROUP_WAIT_MS,
    call_ms: SHOPPER_CALL_TIMEOUT_MS,
  });
  /** By sale; a question is an admission's id. */
  readonly seats = new CallBatcher<string, SeatStanding>({
    together_max: SEATS_PER_CALL_MAX,
    gathered_max: SEATS_GATHERED_MAX,
    wait_ms: SEAT_GROUP_WAIT_MS,
    call_ms: SEAT_CALL_TIMEOUT_MS,
  });
}
