/**
 * A shard of a sale's reminders without its runtime: the Durable Object passes SQLite and stubs,
 * tests pass maps.
 *
 * Guarantee: while a turn can be claimed its mail is handed to the queue at least once, always
 * under the same id; a crash before the row records it only hands it over again. A reminder that
 * was withdrawn, whose turn was claimed or has lapsed, or whose sale is over is deleted, and its
 * mail, if it still waits, finds no address here. Late is worse than never: without an answer of
 * the room nothing is handed over and no address is given out.
 * Not for: counting mails to one address, which the record of mails does.
 */
import { drawOf, rankIn, type CohortManifest } from "../../src/domain/line/cohort.ts";
import {
  REMINDER_CHECK_FRESH_MS,
  REMINDER_CHECK_MS,
  REMINDERS_CALLED_AT_ONCE,
  REMINDERS_PER_NETWORK_MAX,
  REMINDERS_PER_SHARD_MAX,
  REMINDERS_RANKED_AT_ONCE,
} from "../../src/domain/limits.ts";
import type { MailMessage } from "../../src/domain/mail/mail.ts";
import { turnMailMessage } from "../../src/domain/mail/turn-mail.ts";
import {
  nextCheck_ms,
  openTurns,
  turnAt,
  type OpenTurns,
  type Reminder,
} from "../../src/domain/reminders/reminder.ts";
import { admissionIdOf, type SeatStanding } from "../../src/domain/room/admission.ts";
import type { RoomSnapshot } from "../../src/domain/room/snapshot.ts";

export interface ReminderStore {
  /** The sale of every reminder; null before the first. */
  sale(): string | null;
  saveSale(sale: string): void;
  find(ticket: string): Reminder | null;
  save(reminder: Reminder): void;
  remove(tickets: readonly string[]): void;
  reminders(): number;
  /** Without a rank, of closed cohorts, cohort by cohort. */
  unranked(lane: string, closed: number, limit: number): Reminder[];
  /** With a rank from `from` up to and without `below`; those not handed over come first. */
  between(lane: string, from: number, below: number, limit: number): Reminder[];
  removeBelow(lane: string, rank: number): void;
  networks(): number;
  ticketsOf(network: string): number;
  has(network: string, ticket: string): boolean;
  addNetwork(network: string, ticket: string): void;
  /** Everything, because the sale is over. */
  clear(): void;
}

/** The reads of a WaitingRoom. Each may fail or not answer; then it is null. */
export interface RoomReads {
  snapshot(): Promise<RoomSnapshot | null>;
  manifest(lane: string, k: number): Promise<CohortManifest | null>;
  standings(admissions: readonly string[]): Promise<SeatStanding[] | null>;
}

export interface ReminderPorts {
  readonly store: ReminderStore;
  readonly room: (sale: string) => RoomReads;
  /** False when the queue did not take them; the next check sends them again. */
  readonly send: (messages: readonly MailMessage[]) => Promise<boolean>;
  /** Sets the object's alarm to this instant or leaves it earlier. */
  readonly wake: (at_ms: number, now: number) => Promise<void>;
  readonly now: () => number;
  readonly newKey: () => string;
}

export type PutReminder = Pick<Reminder, "ticket" | "place" | "rank" | "email" | "origin"> & {
  readonly sale: string;
};

export type PutOutcome =
  | { readonly kind: "kept" }
  /** The mail is on its way. */
  | { readonly kind: "too_late" }
  | { readonly kind: "too_many" };

/** What a mail says, and where it goes. */
export interface TurnFacts {
  readonly email: string;
  readonly origin: string;
  readonly key: string;
  readonly calledAt_ms: number;
}

export type FactsOutcome =
  | { readonly kind: "open"; readonly facts: TurnFacts }
  /** Nobody gets in at the moment; the turn is kept. */
  | { readonly kind: "waits" }
  | { readonly kind: "over" }
  /** The room does not answer. */
  | { readonly kind: "silent" };

interface Check {
  readonly snapshot: RoomSnapshot;
  readonly at_ms: number;
}

export class ReminderCore {
  readonly #ports: ReminderPorts;
  readonly #store: ReminderStore;
  #last: Check | null = null;
  #checking: Promise<Check | null> | null = null;

  constructor(ports: ReminderPorts) {
    this.#ports = ports;
    this.#store = ports.store;
  }

  /** Stores the address of a ticket, or changes it. */
  async put({ sale, ...asked }: PutReminder): Promise<PutOutcome> {
    const now = this.#ports.now();
    const known = this.#store.find(asked.ticket);
    if (known !== null && known.handedAt_ms !== null) return { kind: "too_late" };
    if (known === null && this.#store.reminders() >= REMINDERS_PER_SHARD_MAX) {
      return { kind: "too_many" };
    }
    const rank = asked.rank ?? known?.rank ?? null;
    const createdAt_ms = known?.createdAt_ms ?? now;
    const key = this.#ports.newKey();
    this.#store.saveSale(sale);
    this.#store.save({ ...asked, rank, key, handedAt_ms: null, calledAt_ms: null, createdAt_ms });
    await this.#ports.wake(now + REMINDER_CHECK_MS, now);
    return { kind: "kept" };
  }

  withdraw(ticket: string): void {
    this.#store.remove([ticket]);
  }

  /** By the link in the mail. */
  stop(ticket: string, isKey: (key: string) => boolean): void {
    const known = this.#store.find(ticket);
    if (known !== null && isKey(known.key)) this.#store.remove([ticket]);
  }

  /** Counts a network's tickets, each once; false when it has had too many. */
  async admit(sale: string, network: string, ticket: string): Promise<boolean> {
    const now = this.#ports.now();
    if (this.#store.has(network, ticket)) return true;
    if (this.#store.ticketsOf(network) >= REMINDERS_PER_NETWORK_MAX) return false;
    this.#store.saveSale(sale);
    this.#store.addNetwork(network, ticket);
    await this.#ports.wake(now + REMINDER_CHECK_MS, now);
    return true;
  }

  /** For the mail of a turn: read just before it is sent. */
  async facts(ticket: string): Promise<FactsOutcome> {
    if (this.#store.find(ticket) === null) return { kind: "over" };
    const check = await this.#freshCheck();
    if (check === null) return { kind: "silent" };
    const reminder = this.#store.find(ticket);
    if (reminder === null) return { kind: "over" };
    const turn = turnAt(reminder, check.snapshot);
    if (turn !== "open") return { kind: turn };
    const { email, origin, key, calledAt_ms } = reminder;
    const facts = { email, origin, key, calledAt_ms: calledAt_ms ?? check.snapshot.at_ms };
    return { kind: "open", facts };
  }

  /** The alarm: compares the reminders with the calls. */
  async ring(): Promise<void> {
    await this.#check();
  }

  #freshCheck(): Promise<Check | null> {
    const last = this.#last;
    const isFresh = last !== null && this.#ports.now() - last.at_ms < REMINDER_CHECK_FRESH_MS;
    return isFresh ? Promise.resolve(last) : this.#check();
  }

  /** Callers that come while a check is running share it. */
  #check(): Promise<Check | null> {
    this.#checking ??= this.#checkOnce().finally(() => (this.#checking = null));
    return this.#checking;
  }

  async #checkOnce(): Promise<Check | null> {
    const sale = this.#store.sale();
    if (sale === null || this.#store.reminders() + this.#store.networks() === 0) return null;
    const now = this.#ports.now();
    const room = this.#ports.room(sale);
    const snapshot = await room.snapshot();
    if (snapshot === null) return this.#silent(now);
    const turns = openTurns(snapshot);
    if (turns.isOver) {
      this.#store.clear();
      return this.#keep({ snapshot, at_ms: now });
    }
    for (const { lane, lapsedBelow } of turns.lanes) this.#store.removeBelow(lane, lapsedBelow);
    const hasUnranked = await this.#rank(turns, room);
    const called = turns.canEnter ? await this.#handOver(sale, turns, room, now) : "done";
    if (called === "silent") return this.#silent(now);
    await this.#arm(snapshot, hasUnranked || called === "more", now);
    return this.#keep({ snapshot, at_ms: now });
  }

  #keep(check: Check): Check {
    this.#last = check;
    return check;
  }

  /** Gives places of closed cohorts their rank. @returns whether some are left */
  async #rank({ lanes }: OpenTurns, room: RoomReads): Promise<boolean> {
    for (const { lane, closed, lapsedBelow } of lanes) {
      const unranked = this.#store.unranked(lane, closed, REMINDERS_RANKED_AT_ONCE);
      for (const [k, some] of Map.groupBy(unranked, ({ place }) => place.cohort)) {
        const manifest = await room.manifest(lane, k);
        if (manifest !== null) this.#rankCohort(some, manifest, lapsedBelow);
      }
      if (unranked.length === REMINDERS_RANKED_AT_ONCE) return true;
    }
    return false;
  }

  #rankCohort(some: readonly Reminder[], manifest: CohortManifest, lapsedBelow: number): void {
    const draw = drawOf(manifest);
    for (const { ticket, place } of some) {
      const ranked = rankIn(place, manifest, () => draw);
      // The manifest was awaited: its owner may have withdrawn or changed the address meanwhile.
      const current = this.#store.find(ticket);
      if (current === null) continue;
      const isOver = ranked.kind === "no_such_place" || ranked.rank < lapsedBelow;
      if (isOver) this.#store.remove([ticket]);
      else this.#store.save({ ...current, rank: ranked.rank });
    }
  }

  /** Deletes what was claimed, and hands over the mails of the other called places. */
  async #handOver(
    sale: string,
    { lanes }: OpenTurns,
    room: RoomReads,
    now: number,
  ): Promise<"done" | "more" | "silent"> {
    const limit = REMINDERS_CALLED_AT_ONCE;
    const called = lanes
      .flatMap(({ lane, lapsedBelow, called: below }) => {
        return this.#store.between(lane, lapsedBelow, below, limit);
      })
      .toSorted((a, b) => newestFirst(b) - newestFirst(a))
      .slice(0, limit);
    if (called.length === 0) return "done";
    const standings = await room.standings(called.map(({ ticket }) => admissionIdOf(ticket)));
    if (standings === null) return "silent";
    const isClaimed = (nth: number): boolean => (standings[nth] ?? "unknown") !== "unknown";
    this.#store.remove(called.filter((_, nth) => isClaimed(nth)).map(({ ticket }) => ticket));
    const due = called.flatMap((reminder, nth) => {
      if (isClaimed(nth) || reminder.handedAt_ms !== null) return [];
      // As it is now: it may have been withdrawn or changed while the room was asked.
      return this.#store.find(reminder.ticket) ?? [];
    });
    if (due.length === 0) return "done";
    for (const reminder of due) {
      if (reminder.calledAt_ms === null) this.#store.save({ ...reminder, calledAt_ms: now });
    }
    const messages = due.map(({ ticket, email, calledAt_ms }) => {
      return turnMailMessage({ sale, ticket, email, at_ms: calledAt_ms ?? now });
    });
    if (!(await this.#ports.send(messages))) return "done";
    for (const { ticket } of due) {
      const current = this.#store.find(ticket);
      if (current !== null) this.#store.save({ ...current, handedAt_ms: this.#ports.now() });
    }
    return due.length === limit ? "more" : "done";
  }

  async #silent(now: number): Promise<null> {
    await this.#arm(null, false, now);
    return null;
  }

  async #arm(snapshot: RoomSnapshot | null, hasMore: boolean, now: number): Promise<void> {
    const kept = { reminders: this.#store.reminders(), networks: this.#store.networks(), hasMore };
    const at_ms = nextCheck_ms(snapshot, kept, now);
    if (at_ms !== null) await this.#ports.wake(at_ms, now);
  }
}

/** Not handed over yet, then the latest: their mails may still be on their way. */
function newestFirst({ handedAt_ms }: Reminder): number {
  return handedAt_ms ?? Number.MAX_SAFE_INTEGER;
}
