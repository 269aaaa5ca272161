/**
 * The outbox of the sandbox's webhook events, in the SQLite of its object.
 *
 * Guarantee: an event is kept until the endpoint answers 2xx or `TRIES_MAX` attempts have failed;
 * the time between attempts doubles. No order is kept: events that are due are sent concurrently.
 */
import type { FaultSettings } from "./faults.ts";
import type { Payment } from "./payment-schema.ts";
import { deliveries_ms, eventsOf, sign, webhookOf, type WebhookEnv } from "./webhooks.ts";

const TRIES_MAX = 8;
const RETRY_MIN_MS = 500;
const ANSWER_TIMEOUT_MS = 10_000;
const AT_ONCE = 20;

type Row = { readonly seq: number; readonly body: string; readonly tries: number };

export class EventOutbox {
  readonly #storage: DurableObjectStorage;
  readonly #target: ReturnType<typeof webhookOf>;

  constructor(storage: DurableObjectStorage, env: WebhookEnv) {
    this.#storage = storage;
    this.#target = webhookOf(env);
    // `told.events` counts the events since the fault settings were last changed.
    storage.sql.exec(`
      CREATE TABLE IF NOT EXISTS event (
        seq INTEGER PRIMARY KEY AUTOINCREMENT, body TEXT NOT NULL,
        due_ms INTEGER NOT NULL, tries INTEGER NOT NULL
      );
      CREATE TABLE IF NOT EXISTS told (events INTEGER NOT NULL);
    `);
  }

  /** Call it in the transaction that changes the payment, and set the alarm after it. */
  add(
    before: Payment | null,
    after: Payment,
    faults: FaultSettings,
    parts: Parameters<typeof eventsOf>[2],
  ): void {
    if (this.#target === null) return;
    const { sql } = this.#storage;
    for (const body of eventsOf(before, after, parts)) {
      for (const delay_ms of deliveries_ms(faults, this.#count())) {
        const due_ms = parts.now + delay_ms;
        sql.exec("INSERT INTO event (body, due_ms, tries) VALUES (?, ?, 0)", body, due_ms);
      }
    }
  }

  /** When the next event is due; null when there is none. */
  next_ms(): number | null {
    return this.#storage.sql
      .exec<{ due_ms: number | null }>("SELECT MIN(due_ms) AS due_ms FROM event")
      .one().due_ms;
  }

  clear(): void {
    this.#storage.sql.exec("DELETE FROM event; DELETE FROM told;");
  }

  /** New fault settings count events from 0 again, so that a seed always gives the same faults. */
  restartDraws(): void {
    this.#storage.sql.exec("DELETE FROM told");
  }

  #count(): number {
    const { sql } = this.#storage;
    const events =
      sql.exec<{ events: number }>("SELECT events FROM told").toArray()[0]?.events ?? 0;
    sql.exec("DELETE FROM told");
    sql.exec("INSERT INTO told VALUES (?)", events + 1);
    return events;
  }

  /** Sends the events that are due, at most `AT_ONCE` of them. */
  async send(): Promise<void> {
    const target = this.#target;
    const now = Date.now();
    if (target === null) return;
    const due = this.#storage.sql
      .exec<Row>("SELECT seq, body, tries FROM event WHERE due_ms <= ? LIMIT ?", now, AT_ONCE)
      .toArray();
    await Promise.all(due.map((row) => this.#sendOne(row, target.url, target.secret)));
  }

  async #sendOne({ seq, body, tries }: Row, url: string, secret: string): Promise<void> {
    const now = Date.now();
    const isDelivered = await fetch(url, {
      method: "POST",
      headers: {
        "content-type": "application/json; charset=utf-8",
        "stripe-signature": await sign(body, secret, now),
      },
      body,
      signal: AbortSignal.timeout(ANSWER_TIMEOUT_MS),
    }).then(
      (response) => response.ok,
      () => false,
    );
    const { sql } = this.#storage;
    if (isDelivered || tries + 1 >= TRIES_MAX) {
      sql.exec("DELETE FROM event WHERE seq = ?", seq);
      return;
    }
    const due_ms = now + RETRY_MIN_MS * 2 ** tries;
    sql.exec("UPDATE event SET tries = tries + 1, due_ms = ? WHERE seq = ?", due_ms, seq);
  }
}
