/**
 * What an Order needs around it: its store, an alarm, the other objects, the queues, a clock,
 * randomness, and the rules that decide. A Durable Object passes the platform's, the simulation its
 * own. Also the messages of its outbox.
 */
import { z } from "zod";
import {
  eventOf,
  orderEventSchema,
  type OrderEvent,
  type OrderMessage,
} from "../../src/domain/order/messages.ts";
import {
  askErasure,
  erase,
  erasureDue_ms,
  eventWithoutBuyer,
} from "../../src/domain/order/erasure.ts";
import * as refunds from "../../src/domain/order/refunds.ts";
import * as reports from "../../src/domain/order/report.ts";
import * as saga from "../../src/domain/order/saga.ts";
import type { OrderEffect } from "../../src/domain/order/transition.ts";
import type { OrderIntent, OrderRecord } from "../../src/domain/order/order.ts";
import type { OrderEnd } from "../../src/domain/room/admission.ts";
import type { RestockCommand, RestockOutcome } from "../../src/domain/stock/restock.ts";
import type { ReservationKey } from "../../src/domain/stock/stock-ledger.ts";
import type { ReleaseCommand, ReleaseOutcome, SellOutcome } from "../../src/domain/stock/stock.ts";
import type { LogEntry } from "../../src/platform/log.ts";
import type { ClaimingBindings } from "./card-limit.ts";
import type { PlacingBindings } from "./placing.ts";

/**
 * A message that an order must still send. An event is stored as it was when it happened, so that
 * a late or repeated one is identical. Parsed when it is read, because an older version may have
 * written it.
 */
export const outboxMessageSchema = z.discriminatedUnion("kind", [
  z.object({ kind: z.literal("queue") }),
  z.object({
    kind: z.literal("stock"),
    sku: z.string(),
    action: z.enum(["sell", "release", "return"]),
  }),
  z.object({
    kind: z.literal("seat"),
    action: z.enum(["spend", "hand_back"]),
    declined: z.literal(true).optional(),
  }),
  z.object({
    kind: z.literal("restock"),
    sku: z.string(),
    quantity: z.int(),
    refund: z.string(),
  }),
  z.object({ kind: z.literal("discount"), action: z.enum(["keep", "give_back"]) }),
  z.object({ kind: z.literal("event"), event: orderEventSchema }),
]);
export type OutboxMessage = z.infer<typeof outboxMessageSchema>;

export interface OutboxRow {
  readonly seq: number;
  readonly owed: OutboxMessage;
  readonly tries: number;
  readonly notBefore_ms: number;
  /** How often the queue took this event, which waits until the order book has it. */
  readonly told?: number | undefined;
}

export function outboxMessageOf(record: OrderRecord, effect: OrderEffect): OutboxMessage {
  if (effect.kind !== "event") return { ...effect };
  return { kind: "event", event: eventOf(record, effect.version) };
}

/** What still waits when the buyer is erased carries nothing of them. */
export function rowWithoutBuyer(row: OutboxRow): OutboxRow {
  const { owed } = row;
  if (owed.kind !== "event") return row;
  return { ...row, owed: { ...owed, event: eventWithoutBuyer(owed.event) } };
}

interface LaterRow {
  readonly seq: number;
  readonly until_ms: number;
}

/** The result of a flush: rows that were acknowledged, rows to try again, and events sent. */
export interface Settled {
  readonly done: readonly number[];
  readonly postponed: readonly LaterRow[];
  /** Taken by the queue; sent again then, unless the order book has them before. */
  readonly told: readonly LaterRow[];
}

export const NOTHING_SETTLED: Settled = { done: [], postponed: [], told: [] };

/** The rows of an outbox that are left. */
export function settledRows(
  rows: readonly OutboxRow[],
  { done, postponed, told }: Settled,
): readonly OutboxRow[] {
  const triedUntil = new Map(postponed.map(({ seq, until_ms }) => [seq, until_ms]));
  const toldUntil = new Map(told.map(({ seq, until_ms }) => [seq, until_ms]));
  return rows.flatMap((row) => {
    if (done.includes(row.seq)) return [];
    const again_ms = triedUntil.get(row.seq);
    if (again_ms !== undefined) return [{ ...row, tries: row.tries + 1, notBefore_ms: again_ms }];
    const until_ms = toldUntil.get(row.seq);
    if (until_ms === undefined) return [row];
    return [{ ...row, tries: 0, told: (row.told ?? 0) + 1, notBefore_ms: until_ms }];
  });
}

/**
 * Where an order is stored. `save` is one transaction; a row leaves the outbox only when it is
 * done. `settleLater` becomes durable with the next save; without one the row is sent again.
 */
export interface OrderStore {
  record(): OrderRecord | null;
  save(record: OrderRecord, effects: readonly OrderEffect[]): void;
  outbox(): readonly OutboxRow[];
  settle(settled: Settled): void;
  settleLater(settled: Settled): void;
}

export interface OrderAlarm {
  fired(at_ms?: number): void;
  arm(instants_ms: readonly (number | null)[], now: number): Promise<void>;
  know(): Promise<void>;
  knowNone(): void;
  disarm(): Promise<void>;
}

/** The objects and queues that an order sends to. A rejected promise was not acknowledged. */
export interface OrderBindings extends PlacingBindings, ClaimingBindings {
  sendMessage(message: OrderMessage): Promise<unknown>;
  sendEvent(event: OrderEvent): Promise<unknown>;
  finishOrder(intent: OrderIntent, how: OrderEnd): Promise<unknown>;
  sell(sku: string, key: ReservationKey): Promise<SellOutcome>;
  release(sku: string, command: ReleaseCommand): Promise<ReleaseOutcome>;
  restock(sku: string, command: RestockCommand): Promise<RestockOutcome>;
  finishDiscount(sale: string, order: string, how: "keep" | "give_back"): Promise<unknown>;
  /** Everybody else who counts by the buyer forgets them; the order does so last. */
  forgetBuyer(intent: OrderIntent): Promise<unknown>;
  warn(entry: LogEntry): void;
}

const ERASURE_RULES = { askErasure, erase, erasureDue_ms };

/** The rules that decide; the simulation replaces them to plant bugs. */
export type OrderRules = Pick<
  typeof saga & typeof reports & typeof refunds & typeof ERASURE_RULES,
  | "place"
  | "accept"
  | "reject"
  | "lease"
  | "recordPayment"
  | "cancel"
  | "giveUp"
  | "depart"
  | "requestRefund"
  | "wake"
  | "hurry"
  | "nudge"
  | "report"
  | "askErasure"
  | "erase"
  | "erasureDue_ms"
>;
export const ORDER_RULES: OrderRules = { ...saga, ...reports, ...refunds, ...ERASURE_RULES };

export interface OrderPorts {
  readonly store: OrderStore;
  readonly alarm: OrderAlarm;
  readonly bindings: OrderBindings;
  readonly now: () => number;
  /** A random number from 0 to 1. */
  readonly chance: () => number;
  readonly rules: OrderRules;
  /** Events are sent until the order book has them; else the queue's word is enough. */
  readonly awaitsBook: boolean;
  /** `ctx.waitUntil`: work that continues after the answer. */
  readonly waitUntil: (work: Promise<unknown>) => void;
}
