/**
 * The order book in the simulation: bookings, and the last event of each order.
 *
 * Guarantee, as the D1 book's (`queues/backends/order-book.ts`, `queues/events.ts`): an order has
 * at most one booking; one that was cancelled stays cancelled; an older event never replaces a
 * newer one.
 */
import type { CancelBookingOutcome, OrderBackend } from "../../src/domain/order/order-backend.ts";
import { bookReferenceOf, type BookEntry } from "../../src/domain/order/book-entry.ts";
import type { OrderEvent } from "../../src/domain/order/messages.ts";
import type { BookOutcome } from "../../src/domain/order/order-backend.ts";
import type { OrderIntent, OrderRecord } from "../../src/domain/order/order.ts";
import type { Conditions } from "./faults.ts";
import type { MailBook } from "./mails.ts";
import type { Promises } from "./promises.ts";
import type { BookingStatus, Rules } from "./rules.ts";

const LATENCY_MAX_MS = 50;
const SLOW_MAX_MS = 60_000;

/** What a copy of the book has. */
interface BookCopy {
  readonly status: ReadonlyMap<string, BookingStatus>;
  readonly projection: ReadonlyMap<string, OrderEvent>;
  readonly log: ReadonlyMap<string, ReadonlySet<number>>;
}

export class Bookings implements OrderBackend {
  readonly name = "order-book";
  readonly status = new Map<string, BookingStatus>();
  readonly projection = new Map<string, OrderEvent>();
  /** The versions of each order whose events are in the log. */
  readonly log = new Map<string, ReadonlySet<number>>();
  /** P14: from a loss until the rebuild nobody can tell; then it is as it would have been. */
  isWhole = true;
  #wasLost = false;
  readonly #conditions: Conditions;
  readonly #promises: Promises;
  readonly #rules: Rules["book"];
  readonly #mails: MailBook;
  /** Orders the backend will never take. */
  readonly #refused = new Set<string>();

  constructor(conditions: Conditions, rules: Rules["book"], promises: Promises, mails: MailBook) {
    this.#mails = mails;
    this.#conditions = conditions;
    this.#promises = promises;
    this.#rules = rules;
  }

  async book(intent: OrderIntent): Promise<BookOutcome> {
    const { faults } = this.#conditions;
    if (faults.strikes("booking_refused")) this.#refused.add(intent.id);
    return this.#guarded<BookOutcome>(() => {
      if (this.#refused.has(intent.id)) return { kind: "refused", reason: "not_deliverable" };
      const status = this.#set(intent.id, "booked");
      if (status === "cancelled") return { kind: "refused", reason: "booking_cancelled" };
      return { kind: "booked", booking: bookReferenceOf(intent.id) };
    });
  }

  async cancel(intent: OrderIntent): Promise<CancelBookingOutcome> {
    return this.#guarded<CancelBookingOutcome>(() => {
      this.#set(intent.id, "cancelled");
      return { kind: "cancelled" };
    });
  }

  /**
   * All or none of a batch; rejects when the book does not answer. Answers which events of the
   * order are logged, if it is to hear that.
   */
  async keep(event: OrderEvent): Promise<readonly number[] | null> {
    let isLate = false;
    const kept = await this.#guarded(() => {
      this.#mails.add(event);
      const logged = this.log.get(event.order) ?? new Set();
      isLate = logged.has(event.version);
      this.log.set(event.order, new Set([...logged, event.version]));
      const known = this.projection.get(event.order) ?? null;
      if (this.#rules.isNewer(known, event)) {
        this.#promises.projected(known, event);
        this.projection.set(event.order, event);
      } else isLate = true;
      return { kind: "kept" } as const;
    });
    if (kept.kind === "unknown") throw new Error(kept.reason);
    if (!event.final && !isLate) return null;
    return [...(this.log.get(event.order) ?? [])];
  }

  /** One that was refused before it took a unit is in no ledger, so no rebuild finds it. */
  mayMiss({ intent, standing }: OrderRecord): boolean {
    return this.#wasLost && standing.state === "rejected" && !this.projection.has(intent.id);
  }

  copy(): BookCopy {
    const { status, projection, log } = this;
    return { status: new Map(status), projection: new Map(projection), log: new Map(log) };
  }

  /** All that was written since the copy is lost. */
  turnBack(earlier: BookCopy): void {
    this.isWhole = false;
    this.#wasLost = true;
    refill(this.status, earlier.status);
    refill(this.projection, earlier.projection);
    refill(this.log, earlier.log);
    this.#conditions.tell("turned back", "the book");
  }

  /** What an order says of itself, where the book has less. */
  rebuild({ event, booking }: BookEntry): void {
    const known = this.projection.get(event.order) ?? null;
    if (this.#rules.isNewer(known, event)) {
      this.#promises.projected(known, event);
      this.projection.set(event.order, event);
    }
    if (booking !== null) this.#set(event.order, booking.status);
  }

  #set(order: string, wanted: BookingStatus): BookingStatus {
    const status = this.#rules.booking(this.status.get(order) ?? null, wanted);
    this.status.set(order, status);
    this.#promises.look(order);
    return status;
  }

  async #guarded<Outcome>(
    act: () => Outcome,
  ): Promise<Outcome | { readonly kind: "unknown"; readonly reason: string }> {
    const { faults, time } = this.#conditions;
    const slow_ms = faults.strikes("booking_slow") ? faults.between(0, SLOW_MAX_MS) : 0;
    await time.sleep(faults.between(1, LATENCY_MAX_MS) + slow_ms);
    if (faults.strikes("booking_failed_before")) return { kind: "unknown", reason: "no answer" };
    const outcome = act();
    if (faults.strikes("booking_failed_after")) return { kind: "unknown", reason: "no answer" };
    return outcome;
  }
}

function refill<Key, Value>(map: Map<Key, Value>, from: ReadonlyMap<Key, Value>): void {
  map.clear();
  for (const [key, value] of from) map.set(key, value);
}
