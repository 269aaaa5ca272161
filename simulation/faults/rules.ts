/**
 * The rules of a simulated world: the product's, unless a test plants a bug in one of them.
 */
import { DISCOUNT_RULES } from "../../durable-objects/discount-codes/discount-core.ts";
import { ORDER_RULES } from "../../durable-objects/order/ports.ts";
import { SingleAlarm, type AlarmStorage } from "../../durable-objects/single-alarm.ts";
import { STOCK_RULES } from "../../durable-objects/sku-stock/stock-core.ts";
import { ROOM_RULES } from "../../durable-objects/waiting-room/ports.ts";
import { Breaker, type HintStore } from "../../queues/breakers.ts";
import { BREAKER_DEFAULTS } from "../../src/domain/breaker.ts";
import { isAgreed } from "../../src/domain/checkout/agreement.ts";
import { quoteOf } from "../../src/domain/checkout/quote.ts";
import { MAIL_LEASE_MS } from "../../src/domain/limits.ts";
import { afterTry, type MailTry } from "../../src/domain/mail/after-try.ts";
import { mailOf, type DueMail } from "../../src/domain/mail/mail.ts";
import { bookEntryOf } from "../../src/domain/order/book-entry.ts";
import type { OrderEvent } from "../../src/domain/order/messages.ts";
import type { PaymentBackend } from "../../src/domain/order/payment-backend.ts";
import { PACE_RULES } from "./pace-memory.ts";
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
  /** What an order says of itself. */
  entryOf: bookEntryOf,
  /** A rebuild finds orders by the stocks alone. */
  isRebuilt: (_order: string, _projection: ReadonlyMap<string, OrderEvent>): boolean => true,
  /** What an order hears of its events that are logged. */
  logged: (versions: readonly number[]): readonly number[] => versions,
};

export interface MailRow extends Pick<MailTry, "state" | "reason" | "tries" | "due_ms"> {
  readonly mail: DueMail;
}

/** Clocks of machines differ, and a queue measures its delays by its own. */
const CLOCK_SLACK_MS = 1000;

/** What causes a mail, what becomes of a try, and what the table of mails makes of either. */
const MAIL_RULES = {
  mailOf,
  afterTry,
  added: (known: MailRow | null, mail: DueMail, now: number): MailRow => {
    return known ?? { mail, state: "pending", reason: null, tries: 0, due_ms: now };
  },
  /** Null: it is not due. */
  claimed: (row: MailRow, now: number): MailRow | null => {
    if (row.due_ms > now + CLOCK_SLACK_MS) return null;
    return { ...row, due_ms: now + MAIL_LEASE_MS, tries: row.tries + 1 };
  },
  /** Null: the lease was lost. */
  recorded: (row: MailRow, { state, reason, tries, due_ms }: MailTry, lease_ms: number) => {
    const isOurs = row.due_ms === lease_ms || state === "sent";
    return row.state === "pending" && isOurs ? { ...row, state, reason, tries, due_ms } : null;
  },
};

export type Rules = typeof PRODUCT_RULES;

export const PRODUCT_RULES = {
  order: ORDER_RULES,
  stock: STOCK_RULES,
  discounts: DISCOUNT_RULES,
  room: ROOM_RULES,
  book: BOOK_RULES,
  mails: MAIL_RULES,
  pace: PACE_RULES,
  quoteOf,
  isAgreed,
  /** What the pipeline sees of the payment backend. */
  payments: (backend: PaymentBackend): PaymentBackend => backend,
  breaker: (hints: HintStore, backend: string, by: string, tell: Tell): Breaker => {
    return new Breaker(hints, backend, by, () => BREAKER_DEFAULTS, tell);
  },
  orderStore,
  alarm: (storage: AlarmStorage): Alarm => new SingleAlarm(storage),
};
