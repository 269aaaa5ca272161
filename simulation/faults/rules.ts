/**
 * The rules a simulated world lives by: the product's, unless a test plants a bug in one of them.
 */
import { ORDER_RULES, type OrderRules } from "../../durable-objects/order/ports.ts";
import { SingleAlarm, type AlarmStorage } from "../../durable-objects/single-alarm.ts";
import { STOCK_RULES, type StockRules } from "../../durable-objects/sku-stock/stock-core.ts";
import { ROOM_RULES, type RoomRules } from "../../durable-objects/waiting-room/ports.ts";
import { Breaker, type HintStore } from "../../queues/breakers.ts";
import { BREAKER_DEFAULTS } from "../../src/domain/breaker.ts";
import { priceLines } from "../../src/domain/stock/cart.ts";
import type { PaymentBackend } from "../../src/domain/order/payment-backend.ts";
import { BOOK_RULES, type BookRules } from "./bookings.ts";
import { orderStore } from "../memory/order-memory.ts";

export type Alarm = Pick<SingleAlarm, "fired" | "know" | "knowNone" | "arm" | "disarm">;

/** Hears what a breaker has to say. */
export type Tell = (said: Record<string, unknown>) => void;

export interface Rules {
  readonly order: OrderRules;
  readonly stock: StockRules;
  readonly room: RoomRules;
  readonly book: BookRules;
  readonly priceLines: typeof priceLines;
  /** What the pipeline sees of the payment backend. */
  readonly payments: (backend: PaymentBackend) => PaymentBackend;
  readonly breaker: (hints: HintStore, backend: string, by: string, tell: Tell) => Breaker;
  readonly orderStore: typeof orderStore;
  readonly alarm: (storage: AlarmStorage) => Alarm;
}

export const PRODUCT_RULES: Rules = {
  order: ORDER_RULES,
  stock: STOCK_RULES,
  room: ROOM_RULES,
  book: BOOK_RULES,
  priceLines,
  payments: (backend) => backend,
  breaker: (hints, backend, by, tell) => {
    return new Breaker(hints, backend, by, BREAKER_DEFAULTS, tell);
  },
  orderStore,
  alarm: (storage) => new SingleAlarm(storage),
};
