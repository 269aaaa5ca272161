/**
 * Sending the messages of an order's outbox, and what remains of it then.
 *
 * Guarantee: a message stays until it was acknowledged, and an event until the order book has it: a
 * queue that lost it is given it again, with back-off, until it is `EVENT_RETOLD_MAX_MS` old. The
 * log of events takes each once, so an event that comes again causes no second webhook or mail.
 */
import {
  BOOK_AWAITED_MAX_MS,
  BOOK_AWAITED_MIN_MS,
  EVENT_RETOLD_MAX_MS,
  OUTBOX_RETRY_MAX_MS,
  OUTBOX_RETRY_MIN_MS,
} from "../../src/domain/limits.ts";
import type { OrderRecord } from "../../src/domain/order/order.ts";
import { errorText } from "../../src/encoding/error-text.ts";
import { performEffect } from "./effects.ts";
import { NOTHING_SETTLED, type OrderBindings, type OutboxRow, type Settled } from "./ports.ts";

interface Sending {
  readonly bindings: OrderBindings;
  readonly now: () => number;
  readonly awaitsBook: boolean;
  /** As it is now: it may be newer than the message. */
  readonly record: () => OrderRecord;
}

/** Its event was sent, and waits for the order book alone: nobody else is owed anything by it. */
export function isTold({ told = 0 }: OutboxRow): boolean {
  return told > 0;
}

export async function sendAll(sending: Sending, due: readonly OutboxRow[]): Promise<Settled> {
  const sent = await Promise.all(due.map((row) => send(sending, row)));
  return sent.reduce(
    (all, each) => ({
      done: [...all.done, ...each.done],
      postponed: [...all.postponed, ...each.postponed],
      told: [...all.told, ...each.told],
    }),
    NOTHING_SETTLED,
  );
}

async function send(sending: Sending, row: OutboxRow): Promise<Settled> {
  const { bindings, now, awaitsBook, record } = sending;
  const { seq, owed, tries, told = 0 } = row;
  const order = record().intent.id;
  if (owed.kind === "event" && told > 0 && now() - owed.event.at_ms > EVENT_RETOLD_MAX_MS) {
    bindings.warn({ event: "event_given_up", order, id: owed.event.id });
    return { ...NOTHING_SETTLED, done: [seq] };
  }
  try {
    await performEffect(bindings, record(), owed);
    if (owed.kind !== "event" || !awaitsBook) return { ...NOTHING_SETTLED, done: [seq] };
    const wait_ms = Math.min(BOOK_AWAITED_MIN_MS * 2 ** told, BOOK_AWAITED_MAX_MS);
    return { ...NOTHING_SETTLED, told: [{ seq, until_ms: now() + wait_ms }] };
  } catch (error) {
    const delay_ms = Math.min(OUTBOX_RETRY_MIN_MS * 2 ** tries, OUTBOX_RETRY_MAX_MS);
    const why = errorText(error);
    bindings.warn({ event: "outbox_message_postponed", order, message: owed.kind, why });
    return { ...NOTHING_SETTLED, postponed: [{ seq, until_ms: now() + delay_ms }] };
  }
}

/** The rows of events that the order book has. @param versions those that it has */
export function rowsInBook(
  rows: readonly OutboxRow[],
  versions: readonly number[],
): readonly number[] {
  return rows.flatMap(({ seq, owed }) => {
    return owed.kind === "event" && versions.includes(owed.event.version) ? [seq] : [];
  });
}
