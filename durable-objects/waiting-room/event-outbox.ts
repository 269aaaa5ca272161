/**
 * Sends a room's events to the queue: those in its rows that the queue has not taken yet.
 *
 * Guarantee: an event is in the rows from the change it follows from, because both are one write.
 * It is sent until the queue has taken it, by the room's alarm. A crash between sending and
 * forgetting sends it again, with the same id.
 * Not for deciding which events there are: `src/domain/room/events.ts` does.
 */
import {
  EVENTS_PER_SEND_MAX,
  OUTBOX_RETRY_MAX_MS,
  OUTBOX_RETRY_MIN_MS,
  QUEUE_SEND_TIMEOUT_MS,
} from "../../src/domain/limits.ts";
import { withTimeout } from "../../src/platform/with-timeout.ts";
import type { RoomPorts } from "./ports.ts";

export class EventOutbox {
  readonly #ports: RoomPorts;
  #failures = 0;
  #notBefore_ms = 0;

  constructor(ports: RoomPorts) {
    this.#ports = ports;
  }

  get #isEmpty(): boolean {
    return this.#ports.rows.unsentEvents(1).length === 0;
  }

  /** When the room must wake to send; null when the queue has taken everything. */
  dueAt_ms(now: number): number | null {
    return this.#isEmpty ? null : Math.max(this.#notBefore_ms, now);
  }

  /** A queue that fails or hangs delays events and nothing else. */
  async send(now: number): Promise<void> {
    const { events: queue, rows } = this.#ports;
    while (now >= this.#notBefore_ms && !this.#isEmpty) {
      const events = rows.unsentEvents(EVENTS_PER_SEND_MAX);
      const taken = queue.sendBatch(events.map((body) => ({ body }))).then(() => true);
      if ((await withTimeout(taken, QUEUE_SEND_TIMEOUT_MS)) !== true) return this.#postpone(now);
      this.#failures = 0;
      rows.forgetEvents(events.at(-1)?.version ?? 0);
    }
  }

  #postpone(now: number): void {
    const wait_ms = OUTBOX_RETRY_MIN_MS * 2 ** this.#failures;
    this.#notBefore_ms = now + Math.min(wait_ms, OUTBOX_RETRY_MAX_MS);
    this.#failures += 1;
    this.#ports.log.warn("waiting-room", "events_not_sent", { failures: this.#failures });
  }
}
