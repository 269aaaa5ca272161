/**
 * A room, a queue and one shard of its reminders, which can crash after every step that leaves it:
 * what was written stays, what was in memory is lost.
 */
import type { CohortManifest } from "../../../src/domain/line/cohort.ts";
import { rankOf } from "../../../src/domain/line/cohort.ts";
import type { MailMessage } from "../../../src/domain/mail/mail.ts";
import type { Reminder } from "../../../src/domain/reminders/reminder.ts";
import type { SeatStanding } from "../../../src/domain/room/admission.ts";
import type { RoomSnapshot } from "../../../src/domain/room/snapshot.ts";
import {
  ReminderCore,
  type FactsOutcome,
  type PutOutcome,
  type ReminderStore,
} from "../../../durable-objects/turn-reminders/reminder-core.ts";

export class MemoryReminders implements ReminderStore {
  readonly rows = new Map<string, Reminder>();
  readonly counted = new Set<string>();
  #sale: string | null = null;

  sale = (): string | null => this.#sale;
  saveSale(sale: string): void {
    this.#sale = sale;
  }
  find(ticket: string): Reminder | null {
    return this.rows.get(ticket) ?? null;
  }
  save(reminder: Reminder): void {
    this.rows.set(reminder.ticket, reminder);
  }
  remove(tickets: readonly string[]): void {
    for (const ticket of tickets) this.rows.delete(ticket);
  }
  reminders = (): number => this.rows.size;
  unranked(lane: string, closed: number, limit: number): Reminder[] {
    return this.#all()
      .filter(({ place, rank }) => rank === null && place.lane === lane && place.cohort < closed)
      .toSorted((a, b) => a.place.cohort - b.place.cohort)
      .slice(0, limit);
  }
  between(lane: string, from: number, below: number, limit: number): Reminder[] {
    return this.#all()
      .filter(({ place, rank }) => {
        return place.lane === lane && rank !== null && from <= rank && rank < below;
      })
      .toSorted((a, b) => (b.handedAt_ms ?? Infinity) - (a.handedAt_ms ?? Infinity) || 0)
      .slice(0, limit);
  }
  removeBelow(lane: string, rank: number): void {
    for (const row of this.#all()) {
      if (row.place.lane === lane && row.rank !== null && row.rank < rank) {
        this.rows.delete(row.ticket);
      }
    }
  }
  networks = (): number => this.counted.size;
  ticketsOf(network: string): number {
    return [...this.counted].filter((key) => key.startsWith(`${network} `)).length;
  }
  has(network: string, ticket: string): boolean {
    return this.counted.has(`${network} ${ticket}`);
  }
  addNetwork(network: string, ticket: string): void {
    this.counted.add(`${network} ${ticket}`);
  }
  clear(): void {
    this.rows.clear();
    this.counted.clear();
    this.#sale = null;
  }
  #all(): Reminder[] {
    return [...this.rows.values()];
  }
}

export const SALE = "air-one";
const LANE = "general";
export const PLACES = 8;
const COHORT: CohortManifest = {
  sale: SALE,
  lane: LANE,
  k: 0,
  base: 0,
  counts: [PLACES],
  seed: "07".repeat(32),
};
const SCHEDULE = { opensAt_ms: 0, startsAt_ms: 100_000, endsAt_ms: 10_000_000 };

const SHOPPERS = Array.from({ length: PLACES }, (_, number) => {
  const place = { lane: LANE, cohort: 0, shard: 0, index: number };
  const ranked = rankOf(place, COHORT);
  if (ranked.kind !== "ranked") throw new Error("there is no such place");
  return { ticket: `tkt_${number}`, place, rank: ranked.rank };
});

/** The place of the shopper with this number, and the rank that the draw gives it. */
export function shopper(number: number) {
  const found = SHOPPERS[number];
  if (found === undefined) throw new Error(`there is no shopper ${number}`);
  return found;
}

class Crash extends Error {}

export class ReminderWorld {
  now = 50_000;
  readonly store = new MemoryReminders();
  /** Messages that the queue took. */
  readonly queued: MailMessage[] = [];
  readonly claimed = new Set<string>();
  phase: RoomSnapshot["phase"] = "prequeue";
  closed = 0;
  called = 0;
  lapsedBelow = 0;
  paused = false;
  soldOut = false;
  roomIsSilent = false;
  queueFails = false;
  /** The alarm; null when none is set. */
  alarm_ms: number | null = null;
  roomReads = 0;
  /** Steps until the next crash; null: none is planned. */
  crashIn: number | null = null;
  #keys = 0;
  #core = this.#start();

  #start(): ReminderCore {
    return new ReminderCore({
      store: this.store,
      room: () => ({
        snapshot: () => this.#read(() => this.snapshot()),
        manifest: (_, k) => this.#read(() => (k < this.closed ? COHORT : null)),
        standings: (ids) => this.#read(() => ids.map((id) => this.#standing(id))),
      }),
      send: async (messages) => {
        if (this.queueFails) return false;
        this.queued.push(...messages);
        this.#step();
        return true;
      },
      wake: async (at_ms) => {
        this.alarm_ms = Math.min(this.alarm_ms ?? Infinity, at_ms);
      },
      now: () => this.now,
      newKey: () => `key-${(this.#keys += 1)}`,
    });
  }

  async #read<Value>(read: () => Value): Promise<Value | null> {
    this.roomReads += 1;
    const value = this.roomIsSilent ? null : read();
    this.#step();
    return value;
  }

  #standing(admission: string): SeatStanding {
    return this.claimed.has(admission.replace("adm_", "")) ? "active" : "unknown";
  }

  #step(): void {
    if (this.crashIn === null) return;
    this.crashIn -= 1;
    if (this.crashIn > 0) return;
    this.crashIn = null;
    throw new Crash("as planned");
  }

  snapshot(): RoomSnapshot {
    const { phase, paused, soldOut, closed, called, lapsedBelow } = this;
    return {
      sale: SALE,
      phase,
      paused,
      soldOut,
      queueing: true,
      throttle: 1,
      schedule: SCHEDULE,
      lanes: { [LANE]: { closed, called, lapsedBelow, pace: 1 } },
      booths: 1,
      stock: [],
      unitsLeft: 1,
      claimWindow_s: 300,
      message: null,
      commitment: "",
      revision: 1,
      version: 1,
      at_ms: this.now,
    };
  }

  put(number: number, email = `s${number}@shoppers.example`): Promise<PutOutcome> {
    const { ticket, place } = shopper(number);
    const origin = "https://drops.example";
    return this.#core.put({ sale: SALE, ticket, place, rank: null, email, origin });
  }

  withdraw(number: number): void {
    this.#core.withdraw(shopper(number).ticket);
  }

  stop(number: number, key: string): void {
    this.#core.stop(shopper(number).ticket, (known) => known === key);
  }

  admit(network: string, ticket: string): Promise<boolean> {
    return this.#core.admit(SALE, network, ticket);
  }

  /** Null when the object died of it. */
  facts(number: number): Promise<FactsOutcome | null> {
    return this.#surviving(this.#core.facts(shopper(number).ticket));
  }

  async #surviving<Value>(asked: Promise<Value>): Promise<Value | null> {
    try {
      return await asked;
    } catch (error) {
      if (!(error instanceof Crash)) throw error;
      this.#core = this.#start();
      return null;
    }
  }

  /**
   * Lets time pass; the alarm rings whenever it is due, again after a crash, as the platform does.
   */
  async pass(duration_ms: number): Promise<void> {
    const until_ms = this.now + duration_ms;
    while (this.alarm_ms !== null && this.alarm_ms <= until_ms) {
      this.now = Math.max(this.now, this.alarm_ms);
      this.alarm_ms = null;
      const died = (await this.#surviving(this.#core.ring().then(() => true))) === null;
      if (died) this.alarm_ms = this.now + 1;
    }
    this.now = until_ms;
  }

  mailsFor(number: number): MailMessage[] {
    const { ticket } = shopper(number);
    return this.queued.filter(({ turn }) => turn?.ticket === ticket);
  }
}
