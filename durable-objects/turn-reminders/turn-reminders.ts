/**
 * TurnReminders: a shard of a sale's reminders, the addresses that waiting shoppers left to be told
 * when their turn comes.
 *
 * Guarantee: that of `reminder-core.ts`, made durable in SQLite. A room does not know of reminders:
 * this object reads its snapshot like a gate, and only while it has reminders. No method throws for
 * an expected failure, and no address is in any log.
 */
import { normalisedEmail } from "../../src/domain/buyer/email.ts";
import type { MailMessage } from "../../src/domain/mail/mail.ts";
import type { Reminder } from "../../src/domain/reminders/reminder.ts";
import { log } from "../../src/platform/log.ts";
import { roomOf } from "../../src/platform/objects.ts";
import { sameText } from "../../src/platform/same-text.ts";
import { withTimeout } from "../../src/platform/with-timeout.ts";
import { KeptObject } from "../backup/kept-object.ts";
import { SingleAlarm } from "../single-alarm.ts";
import {
  ReminderCore,
  type FactsOutcome,
  type PutOutcome,
  type PutReminder,
  type RoomReads,
} from "./reminder-core.ts";
import { ReminderTables } from "./reminder-tables.ts";

export class TurnReminders extends KeptObject {
  #core: ReminderCore;
  readonly #alarm: SingleAlarm;
  readonly #tables: ReminderTables;

  constructor(ctx: DurableObjectState, env: GateEnv) {
    super(ctx, env);
    this.#alarm = new SingleAlarm(ctx.storage);
    this.#tables = new ReminderTables(ctx.storage);
    this.#core = this.#load();
  }

  #load(): ReminderCore {
    return new ReminderCore({
      store: this.#tables,
      room: (sale) => this.#room(sale),
      send: (messages) => this.#send(messages),
      wake: (at_ms, now) => this.#alarm.arm([at_ms], now),
      now: () => Date.now(),
      newKey: () => crypto.getRandomValues(new Uint8Array(16)).toHex(),
    });
  }

  protected override prepareTables(): void {
    this.#tables.prepare();
  }

  protected override reload(): void {
    this.#core = this.#load();
  }

  #room(sale: string): RoomReads {
    const room = roomOf(this.env, sale);
    return {
      snapshot: () => withTimeout(room.snapshot()),
      manifest: (lane, k) => withTimeout(room.manifest(lane, k)),
      standings: (ids) => withTimeout(room.standings(ids)),
    };
  }

  async #send(messages: readonly MailMessage[]): Promise<boolean> {
    try {
      await this.env.MAILS_QUEUE.sendBatch(messages.map((body) => ({ body })));
      return true;
    } catch {
      log.warn("reminders", "queue_unreachable", { mails: messages.length });
      return false;
    }
  }

  put(asked: PutReminder): Promise<PutOutcome> {
    return this.#core.put(asked);
  }

  async withdraw(ticket: string): Promise<void> {
    this.#core.withdraw(ticket);
  }

  async stop(ticket: string, key: string): Promise<void> {
    this.#core.stop(ticket, (known) => sameText(known, key));
  }

  /** @param network as `networkOf` makes it */
  admit(sale: string, network: string, ticket: string): Promise<boolean> {
    return this.#core.admit(sale, network, ticket);
  }

  /** The reminders of one mailbox. @param email normalised */
  async ofBuyer(email: string): Promise<{ readonly email: string; createdAt_ms: number }[]> {
    return this.#ofBuyer(email).map(({ email: left, createdAt_ms }) => {
      return { email: left, createdAt_ms };
    });
  }

  /** Deletes them, and says how many there were. @param email normalised */
  async forgetBuyer(email: string): Promise<number> {
    const found = this.#ofBuyer(email);
    this.#tables.remove(found.map(({ ticket }) => ticket));
    return found.length;
  }

  /** The sale was deleted. */
  async clear(): Promise<void> {
    this.#tables.clear();
    await this.#alarm.disarm();
  }

  #ofBuyer(email: string): Reminder[] {
    return this.#tables.all().filter((reminder) => normalisedEmail(reminder.email) === email);
  }

  facts(ticket: string): Promise<FactsOutcome> {
    return this.#core.facts(ticket);
  }

  override async alarm(info?: AlarmInvocationInfo): Promise<void> {
    this.#alarm.fired(info?.scheduledTime);
    await this.#core.ring();
  }
}
