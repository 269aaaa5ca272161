/**
 * A room's outbox of sale events: which event was the last, and which the queue has not taken yet.
 *
 * Guarantee: an event is durable together with the change it follows from, because the room writes
 * both as one change. It is sent until the queue has taken it, by the room's alarm. A crash between
 * sending and forgetting sends it again, with the same id.
 * Not for deciding which events there are: `src/domain/room/events.ts` does.
 */
import {
  EVENTS_PER_SEND_MAX,
  OUTBOX_RETRY_MAX_MS,
  OUTBOX_RETRY_MIN_MS,
  QUEUE_SEND_TIMEOUT_MS,
} from "../../src/domain/limits.ts";
import {
  tell,
  tellFounding,
  tellNothingYet,
  type SaleFacts,
  type Telling,
  type Told,
} from "../../src/domain/room/events.ts";
import { withTimeout } from "../../src/platform/with-timeout.ts";
import type { EventSink, RoomLog, RoomRows } from "./ports.ts";

export class EventOutbox {
  readonly #rows: RoomRows;
  readonly #log: RoomLog;
  #told: Told | null;
  #hasUnsent: boolean;
  #failures = 0;
  #notBefore_ms = 0;

  constructor(rows: RoomRows, log: RoomLog) {
    this.#rows = rows;
    this.#log = log;
    this.#told = rows.told();
    this.#hasUnsent = rows.unsentEvents(1).length > 0;
  }

  /** Of a room that was just read back: one from before there were events starts here. */
  begin(facts: SaleFacts, now: number): void {
    this.#told ??= tellNothingYet(facts, now);
  }

  /** The events that a change brings, to be written with it; null when there are none. */
  telling(before: SaleFacts, after: SaleFacts, now: number): Telling | null {
    const telling =
      this.#told === null ? tellFounding(after, now) : tell(this.#told, before, after, now);
    return telling.events.length > 0 ? telling : null;
  }

  /** The change was written, and these events with it. */
  written({ told }: Telling): void {
    this.#told = told;
    this.#hasUnsent = true;
  }

  /** When the room must wake to send; null when the queue has taken everything. */
  dueAt_ms(now: number): number | null {
    return this.#hasUnsent ? Math.max(this.#notBefore_ms, now) : null;
  }

  /** A queue that fails or hangs delays events and nothing else. */
  async send(queue: EventSink, now: number): Promise<void> {
    while (this.#hasUnsent && now >= this.#notBefore_ms) {
      const events = this.#rows.unsentEvents(EVENTS_PER_SEND_MAX);
      const taken = queue.sendBatch(events.map((body) => ({ body }))).then(() => true);
      if ((await withTimeout(taken, QUEUE_SEND_TIMEOUT_MS)) !== true) {
        this.#postpone(now);
        return;
      }
      this.#failures = 0;
      this.#rows.forgetEvents(events.at(-1)?.version ?? 0);
      this.#hasUnsent = this.#rows.unsentEvents(1).length > 0;
    }
  }

  #postpone(now: number): void {
    const wait_ms = OUTBOX_RETRY_MIN_MS * 2 ** this.#failures;
    this.#notBefore_ms = now + Math.min(wait_ms, OUTBOX_RETRY_MAX_MS);
    this.#failures += 1;
    this.#log("warn", "events_not_sent", { failures: this.#failures });
  }
}
