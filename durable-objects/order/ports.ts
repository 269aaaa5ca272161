/**
 * What an Order needs around it: where it is kept, its alarm, those it owes something, a clock,
 * chance, and the rules that decide. A Durable Object gives the platform's, the simulation its own.
 */
import type { OrderEvent, OrderMessage } from "../../src/domain/order/messages.ts";
import * as reports from "../../src/domain/order/report.ts";
import * as saga from "../../src/domain/order/saga.ts";
import type { OrderEffect } from "../../src/domain/order/transition.ts";
import type { OrderIntent, OrderRecord } from "../../src/domain/order/order.ts";
import type { ReservationKey } from "../../src/domain/stock/stock-ledger.ts";
import type { ReleaseCommand, ReleaseOutcome, SellOutcome } from "../../src/domain/stock/stock.ts";
import type { OutboxRow } from "../order-outbox.ts";
import type { PlacingParts } from "./placing.ts";

/** What has become of effects that were owed. */
export interface Settled {
  readonly done: readonly number[];
  readonly postponed: readonly { readonly seq: number; readonly until_ms: number }[];
}

/**
 * Where an order is kept. `save` is one transaction; a row leaves the outbox only when it is done.
 * What `settleLater` was told is durable with the next save; without one it is owed again.
 */
export interface OrderStore {
  record(): OrderRecord | null;
  save(record: OrderRecord, effects: readonly OrderEffect[]): void;
  outbox(): readonly OutboxRow[];
  settle(settled: Settled): void;
  settleLater(done: readonly number[]): void;
}

export interface OrderAlarm {
  fired(at_ms?: number): void;
  arm(instants_ms: readonly (number | null)[], now: number): Promise<void>;
  knowNone(): void;
  disarm(): Promise<void>;
}

/** The others an order owes something. A promise that rejects was not acknowledged. */
export interface OrderBindings extends PlacingParts {
  queue(message: OrderMessage): Promise<unknown>;
  tell(event: OrderEvent): Promise<unknown>;
  finishOrder(intent: OrderIntent, how: "spend" | "hand_back"): Promise<unknown>;
  sell(sku: string, key: ReservationKey): Promise<SellOutcome>;
  release(sku: string, command: ReleaseCommand): Promise<ReleaseOutcome>;
  warn(said: Record<string, unknown>): void;
}

/** The rules that decide; a simulation plants its bugs here. */
export type OrderRules = Pick<
  typeof saga & typeof reports,
  | "place"
  | "accept"
  | "reject"
  | "lease"
  | "recordPayment"
  | "cancel"
  | "wake"
  | "hurry"
  | "nudge"
  | "report"
>;
export const ORDER_RULES: OrderRules = { ...saga, ...reports };

export interface OrderPorts {
  readonly store: OrderStore;
  readonly alarm: OrderAlarm;
  readonly parts: OrderBindings;
  readonly now: () => number;
  /** From 0 to 1, anew each time. */
  readonly chance: () => number;
  readonly rules: OrderRules;
  /** Keeps the object alive for what goes on after an answer. */
  readonly waitUntil: (work: Promise<unknown>) => void;
}
