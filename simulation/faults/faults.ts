/**
 * What goes wrong in a simulated world, and how often.
 *
 * Guarantee: a seed switches on a random part of the kinds, each with a rate of its own (swarm
 * testing: Groce et al., ISSTA 2012, https://doi.org/10.1145/2338965.2336763), so that every kind
 * also meets a world in which the others are quiet. After `stop` nothing goes wrong any more.
 */
import type { Random } from "../seeded-random.ts";
import type { VirtualTime } from "./virtual-time.ts";

export const FAULT_KINDS = [
  // Durable Objects
  "crash_before_write",
  "crash_after_write",
  "eviction",
  "alarm_late",
  "alarm_twice",
  "clock_skew",
  // between the parts
  "call_late",
  "call_lost",
  "answer_lost",
  "send_failed",
  // queues
  "message_lost",
  "message_twice",
  "message_late",
  "message_garbled",
  // consumers
  "consumer_death",
  "consumer_pause",
  // KV
  "hint_stale",
  "hint_garbled",
  "hint_read_failed",
  "hint_write_failed",
  // the payment backend
  "payment_429",
  "payment_500_before",
  "payment_500_after",
  "payment_lost_before",
  "payment_lost_after",
  "payment_hang",
  "payment_late",
  "payment_slow",
  "payment_outage",
  "refund_pending",
  "refund_fails",
  "refund_refused",
  "news_lost",
  // the order backend
  "booking_refused",
  "booking_failed_before",
  "booking_failed_after",
  "booking_slow",
  // the mail service
  "mail_slow",
  "mail_busy",
  "mail_refused",
  "mail_lost_before",
  "mail_lost_after",
  // people
  "double_submit",
  "shopper_gone",
  "gives_up",
  "leaves",
  "operator",
  "refunds",
  "dashboard",
  "price_change",
  "code_change",
  "second_sale",
  "networks",
  "devices",
  "reopening",
  "erases",
  // what the order book loses
  "event_lost",
  "book_lost",
] as const;
/** Drawn from numbers of their own, so that worlds without them go on as they would. */
const LATER: ReadonlySet<string> = new Set(["networks", "devices", "reopening", "erases"]);
/** The same, with numbers that no other kind draws from. */
const OF_BOOK: ReadonlySet<string> = new Set(["event_lost", "book_lost"]);
export type FaultKind = (typeof FAULT_KINDS)[number];

/** Fewer, because in such worlds fewer orders live long enough to meet the other kinds. */
const LATER_SHARE = 0.08;
const RATE_MIN = 0.01;
const RATE_MAX = 0.25;
const OFTEN = 1 / 3;

export class Faults {
  readonly random: Random;
  /** Decides about what follows from the later kinds alone. */
  readonly later: Random;
  readonly counts = new Map<FaultKind, number>();
  readonly #rates = new Map<FaultKind, number>();
  readonly #ofBook: Random;
  readonly #onStrike: (kind: FaultKind) => void;
  #areOver = false;

  constructor(
    { random, later, ofBook }: { random: Random; later: Random; ofBook: Random },
    onStrike: (kind: FaultKind) => void,
  ) {
    this.random = random;
    this.later = later;
    this.#ofBook = ofBook;
    this.#onStrike = onStrike;
    for (const kind of FAULT_KINDS) {
      // Both numbers are drawn in any case: what one kind does must not change the others' rates.
      const isLater = LATER.has(kind) || OF_BOOK.has(kind);
      const draw = OF_BOOK.has(kind) ? ofBook : isLater ? later : random;
      const isOn = draw() < (isLater ? LATER_SHARE : 0.4);
      const rate = RATE_MIN * (RATE_MAX / RATE_MIN) ** draw();
      if (isOn) this.#rates.set(kind, rate);
    }
  }

  isOn(kind: FaultKind): boolean {
    return this.#rates.has(kind);
  }

  /** Whether it goes wrong this time. */
  strikes(kind: FaultKind): boolean {
    const rate = this.#rates.get(kind);
    const draw = OF_BOOK.has(kind) ? this.#ofBook : this.random;
    if (rate === undefined || draw() >= rate) return false;
    this.count(kind);
    return true;
  }

  /** The same for what has few occasions in a world: where it is on, in a third of them. */
  strikesOften(kind: FaultKind): boolean {
    if (!this.isOn(kind) || this.random() >= OFTEN) return false;
    this.count(kind);
    return true;
  }

  /** It went wrong; the caller has drawn that in another way. */
  count(kind: FaultKind): void {
    this.counts.set(kind, (this.counts.get(kind) ?? 0) + 1);
    this.#onStrike(kind);
  }

  never(kind: FaultKind): void {
    this.#rates.delete(kind);
  }

  stop(): void {
    this.#rates.clear();
    this.#areOver = true;
  }

  get areOver(): boolean {
    return this.#areOver;
  }

  /** A whole number from `low` to `high`. */
  between(low: number, high: number): number {
    return low + Math.floor(this.random() * (high - low + 1));
  }

  /** The same, drawn from the numbers of the later kinds. */
  laterBetween(low: number, high: number): number {
    return low + Math.floor(this.later() * (high - low + 1));
  }

  /** The same, drawn from the numbers of what the book loses. */
  ofBookBetween(low: number, high: number): number {
    return low + Math.floor(this.#ofBook() * (high - low + 1));
  }

  pick<Item>(items: readonly Item[]): Item {
    const item = items[Math.floor(this.random() * items.length)];
    if (item === undefined) throw new Error("nothing to pick from");
    return item;
  }
}

/** What everything in a world lives under: its clock, its faults, and the story it adds to. */
export interface Conditions {
  readonly time: VirtualTime;
  readonly faults: Faults;
  tell(what: string, who: string): void;
}
