/**
 * A room's outbox of sale events: what was told last, and what the queue has not taken yet.
 *
 * Guarantee: events are durable together with the state they tell of, because `keep` runs in the
 * transaction that writes it; they are sent until the queue has taken them, by the room's alarm. A
 * crash between sending and forgetting sends them again, with the same ids.
 * Not for deciding what is told: `src/domain/room/events.ts` does.
 */
import {
  EVENTS_PER_SEND_MAX,
  OUTBOX_RETRY_MAX_MS,
  OUTBOX_RETRY_MIN_MS,
  QUEUE_SEND_TIMEOUT_MS,
} from "../../src/domain/limits.ts";
import {
  saleEventSchema,
  tell,
  tellFounding,
  tellNothingYet,
  toldSchema,
  type SaleEvent,
  type SaleFacts,
  type Telling,
  type Told,
} from "../../src/domain/room/events.ts";
import { log } from "../../src/platform/log.ts";
import { withTimeout } from "../../src/platform/with-timeout.ts";

const SCHEMA = `
  CREATE TABLE IF NOT EXISTS told (one INTEGER PRIMARY KEY CHECK (one = 1), value TEXT NOT NULL);
  CREATE TABLE IF NOT EXISTS event_outbox (n INTEGER PRIMARY KEY, event TEXT NOT NULL);
`;

/** A queue, as far as the outbox goes. */
export interface EventSink {
  sendBatch(messages: Iterable<{ readonly body: SaleEvent }>): Promise<unknown>;
}

export class RoomEvents {
  readonly #sql: SqlStorage;
  #told: Told | null;
  #owes: boolean;
  #failures = 0;
  #notBefore_ms = 0;

  constructor({ sql }: DurableObjectStorage) {
    this.#sql = sql;
    sql.exec(SCHEMA);
    const row = sql.exec<{ value: string }>("SELECT value FROM told").toArray()[0];
    this.#told = row === undefined ? null : toldSchema.parse(JSON.parse(row.value));
    this.#owes = sql.exec("SELECT n FROM event_outbox LIMIT 1").toArray().length > 0;
  }

  /** Of a room that was just read back; one from before there were events starts here. */
  begin(facts: SaleFacts, now: number): void {
    this.#told ??= tellNothingYet(facts, now);
  }

  /** Null when there is nothing new to tell. */
  telling(before: SaleFacts, after: SaleFacts, now: number): Telling | null {
    const telling =
      this.#told === null ? tellFounding(after, now) : tell(this.#told, before, after, now);
    return telling.events.length > 0 ? telling : null;
  }

  /** To be called in the transaction that writes the state it tells of. */
  keep({ told, events }: Telling): void {
    this.#sql.exec("INSERT OR REPLACE INTO told VALUES (1, ?)", JSON.stringify(told));
    for (const event of events) {
      const text = JSON.stringify(event);
      this.#sql.exec("INSERT INTO event_outbox VALUES (?, ?)", event.version, text);
    }
    this.#told = told;
    this.#owes = true;
  }

  /** When the room must wake to send; null when it owes nothing. */
  dueAt_ms(now: number): number | null {
    return this.#owes ? Math.max(this.#notBefore_ms, now) : null;
  }

  /** A queue that fails or hangs delays events and nothing else. */
  async send(queue: EventSink, now: number): Promise<void> {
    while (this.#owes && now >= this.#notBefore_ms) {
      const rows = this.#sql
        .exec<{ n: number; event: string }>(
          "SELECT n, event FROM event_outbox ORDER BY n LIMIT ?",
          EVENTS_PER_SEND_MAX,
        )
        .toArray();
      const messages = rows.map(({ event }) => {
        return { body: saleEventSchema.parse(JSON.parse(event)) };
      });
      const taken = queue.sendBatch(messages).then(() => true);
      if ((await withTimeout(taken, QUEUE_SEND_TIMEOUT_MS)) !== true) {
        this.#postpone(now);
        return;
      }
      this.#failures = 0;
      const last = rows.at(-1)?.n ?? 0;
      this.#sql.exec("DELETE FROM event_outbox WHERE n <= ?", last);
      this.#owes = this.#sql.exec("SELECT n FROM event_outbox LIMIT 1").toArray().length > 0;
    }
  }

  #postpone(now: number): void {
    const wait_ms = OUTBOX_RETRY_MIN_MS * 2 ** this.#failures;
    this.#notBefore_ms = now + Math.min(wait_ms, OUTBOX_RETRY_MAX_MS);
    this.#failures += 1;
    log.warn("waiting-room", "events_not_sent", { failures: this.#failures });
  }
}
