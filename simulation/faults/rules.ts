/**
 * The rules of a simulated world: the product's, unless a test plants a bug in one of them.
 */
import { ORDER_RULES } from "../../durable-objects/order/ports.ts";
import { SingleAlarm, type AlarmStorage } from "../../durable-objects/single-alarm.ts";
import { STOCK_RULES } from "../../durable-objects/sku-stock/stock-core.ts";
import { ROOM_RULES } from "../../durable-objects/waiting-room/ports.ts";
import { Breaker, type HintStore } from "../../queues/breakers.ts";
import { BREAKER_DEFAULTS } from "../../src/domain/breaker.ts";
import { priceLines } from "../../src/domain/stock/cart.ts";
import type { OrderEvent } from "../../src/domain/order/messages.ts";
import type { PaymentBackend } from "../../src/domain/order/payment-backend.ts";
import { orderStore } from "../memory/order-memory.ts";

export type BookingStatus = "booked" | "cancelled";

export type Alarm = Pick<SingleAlarm, "fired" | "know" | "knowNone" | "arm" | "disarm">;

/** Receives the warnings of a breaker. */
export type Tell = (said: Record<string, unknown>) => void;

/** What the book makes of a booking and of an event, given what it knows already. */
const BOOK_RULES = {
  booking: (known: BookingStatus | null, wanted: BookingStatus): BookingStatus => {
    return wanted === "cancelled" ? wanted : (known ?? wanted);
  },
  isNewer: (known: OrderEvent | null, event: OrderEvent): boolean => {
    return known === null || known.version < event.version;
  },
};

export type Rules = typeof PRODUCT_RULES;

export const PRODUCT_RULES = {
  order: ORDER_RULES,
  stock: STOCK_RULES,
  room: ROOM_RULES,
  book: BOOK_RULES,
  priceLines,
  /** What the pipeline sees of the payment backend. */
  payments: (backend: PaymentBackend): PaymentBackend => backend,
  breaker: (hints: HintStore, backend: string, by: string, tell: Tell): Breaker => {
    return new Breaker(hints, backend, by, BREAKER_DEFAULTS, tell);
  },
  orderStore,
  alarm: (storage: AlarmStorage): Alarm => new SingleAlarm(storage),
};
