/**
 * Mails to buyers in a simulated world: their rows in the order book, the service that sends them,
 * and what an isolate of the orders Worker does with a message about one.
 *
 * Guarantee: which event causes a mail, what it says and what becomes of a try is the product's.
 * The rows follow the rules of the D1 statements of `queues/mail/mails.ts`, and a message is
 * treated as in `queues/mail/take-mails.ts`.
 */
import { MAIL_LEASE_MS, MAIL_OVERDUE_MS, MAIL_TIMEOUT_MS } from "../../src/domain/limits.ts";
import type { MailTry, SendOutcome } from "../../src/domain/mail/after-try.ts";
import { contentOf } from "../../src/domain/mail/content.ts";
import type { MailFacts } from "../../src/domain/mail/facts.ts";
import { mailMessage, mailMessageSchema } from "../../src/domain/mail/mail.ts";
import type { OrderEvent } from "../../src/domain/order/messages.ts";
import type { Conditions } from "./faults.ts";
import type { Mailbox } from "./mailbox.ts";
import type { MailRow, Rules } from "./rules.ts";
import { SALE } from "./sale.ts";

const LATENCY_MAX_MS = 50;
const BUSY_AFTER_S = 30;
const SWEEP_MS = 60_000;
const RECORD_TRIES_MAX = 3;

export interface MailParts extends Conditions {
  readonly rules: Rules;
  readonly mailsQueue: Mailbox;
  readonly promises: { readonly mails: MailWitness };
}

/** Is told what happens to a mail. */
interface MailWitness {
  /** The service is about to be called. */
  sending(id: string, lease_ms: number): void;
  delivered(id: string): void;
  /** The row says that it was sent. */
  recorded(id: string): void;
}

/** The table of mails. A rejected promise: the book did not answer. */
export class MailBook {
  readonly rows = new Map<string, MailRow>();
  readonly #parts: MailParts;

  constructor(parts: MailParts) {
    this.#parts = parts;
  }

  /** In the transaction that keeps the event; those that exist stay unchanged. */
  add(event: OrderEvent): void {
    const { rules, time } = this.#parts;
    const mail = rules.mails.mailOf(event);
    if (mail === null) return;
    const row = rules.mails.added(this.rows.get(mail.id) ?? null, mail, time.now);
    this.rows.set(mail.id, row);
  }

  untriedOf(event: OrderEvent): string | null {
    const id = this.#parts.rules.mails.mailOf(event)?.id ?? "";
    const row = this.rows.get(id);
    return row?.state === "pending" && row.tries === 0 ? id : null;
  }

  /** Null: final, or unknown. */
  claim(id: string, now: number): Promise<{ row: MailRow; isClaimed: boolean } | null> {
    return this.#asked(() => {
      const row = this.rows.get(id);
      if (row?.state !== "pending") return null;
      const claimed = this.#parts.rules.mails.claimed(row, now);
      this.rows.set(id, claimed ?? row);
      return { row: claimed ?? row, isClaimed: claimed !== null };
    });
  }

  /** Whether it was recorded: the lease was not lost. */
  record(id: string, tried: MailTry, lease_ms: number): Promise<boolean> {
    return this.#asked(() => {
      const row = this.rows.get(id);
      const after = row && this.#parts.rules.mails.recorded(row, tried, lease_ms);
      if (!after) return false;
      this.rows.set(id, after);
      if (after.state === "sent") this.#parts.promises.mails.recorded(id);
      return true;
    });
  }

  /** The cron trigger: messages for mails that are overdue, because theirs was lost. */
  async sweepForEver(): Promise<void> {
    const { mailsQueue, time } = this.#parts;
    for (;;) {
      await time.sleep(SWEEP_MS);
      for (const [id, row] of this.rows) {
        if (row.state !== "pending" || row.due_ms >= time.now - MAIL_OVERDUE_MS) continue;
        this.rows.set(id, { ...row, due_ms: time.now });
        await mailsQueue.send(mailMessage(id)).catch(() => undefined);
      }
    }
  }

  async #asked<Answer>(act: () => Answer): Promise<Answer> {
    const { faults, time } = this.#parts;
    await time.sleep(faults.between(1, LATENCY_MAX_MS));
    if (faults.strikes("booking_failed_before")) throw new Error("the order book does not answer");
    const answer = act();
    if (faults.strikes("booking_failed_after")) throw new Error("the order book does not answer");
    return answer;
  }
}

/** A service that does not know ids: whatever comes twice is delivered twice. */
export class MailService {
  readonly #parts: MailParts;

  constructor(parts: MailParts) {
    this.#parts = parts;
  }

  async send(id: string, lease_ms: number): Promise<SendOutcome> {
    const { faults, promises, time } = this.#parts;
    promises.mails.sending(id, lease_ms);
    const slow_ms = faults.strikes("mail_slow") ? faults.between(0, MAIL_TIMEOUT_MS) : 0;
    await time.sleep(faults.between(1, LATENCY_MAX_MS) + slow_ms);
    if (faults.strikes("mail_busy")) {
      return { kind: "busy", reason: "429", after_s: BUSY_AFTER_S };
    }
    if (faults.strikes("mail_lost_before")) return { kind: "unclear", reason: "no_answer" };
    if (faults.strikes("mail_refused")) return { kind: "refused", reason: "bounced" };
    promises.mails.delivered(id);
    if (faults.strikes("mail_lost_after")) return { kind: "unclear", reason: "no_answer" };
    return { kind: "sent", serviceId: null };
  }
}

/** What an isolate uses: each call is a step, at which it may die. */
export interface MailSteps {
  readonly rules: Rules;
  readonly book: MailBook;
  readonly service: MailService;
  /** Sent, while the book did not take the record. */
  readonly unrecorded: Map<string, MailTry>;
  readonly now: () => number;
  readonly chance: () => number;
  readonly step: <Answer>(act: () => Promise<Answer>) => Promise<Answer>;
  /** Rejects when the order does not answer. */
  factsOf(order: string): Promise<MailFacts | null>;
  later(mail: string, after_s: number): void;
}

/** @returns in how many seconds the message shall come again; null: never */
export async function takeMail(steps: MailSteps, body: unknown): Promise<number | null> {
  const parsed = mailMessageSchema.safeParse(body);
  if (!parsed.success) return null;
  const { mail: id } = parsed.data;
  const { book, unrecorded } = steps;
  const known = unrecorded.get(id);
  if (known !== undefined) await steps.step(() => book.record(id, known, 0));
  const claim = await steps.step(() => book.claim(id, steps.now()));
  if (claim === null) return null;
  if (claim.isClaimed) {
    await tryClaimed(steps, id, claim.row);
    return null;
  }
  const wait_ms = claim.row.due_ms - steps.now();
  return wait_ms <= MAIL_LEASE_MS ? Math.max(Math.ceil(wait_ms / 1000), 1) : null;
}

async function tryClaimed(steps: MailSteps, id: string, row: MailRow): Promise<void> {
  const tried = await trySending(steps, id, row);
  const isKept = await record(steps, id, tried, row.due_ms);
  if (tried.state !== "pending" || !isKept) return;
  steps.later(id, Math.max(Math.ceil((tried.due_ms - steps.now()) / 1000), 1));
}

async function trySending(steps: MailSteps, id: string, row: MailRow): Promise<MailTry> {
  const { mail, tries } = row;
  const facts = await steps.factsOf(mail.order).catch(() => null);
  const off = { tries, due_ms: steps.now(), serviceId: null };
  const silent: SendOutcome = { kind: "busy", reason: "not_tried", after_s: BUSY_AFTER_S };
  const isShort = steps.now() + 2 * MAIL_TIMEOUT_MS > row.due_ms;
  const outcome = facts === null || isShort ? silent : await sendNow(steps, id, row, facts);
  if (outcome === null) return { state: "off", reason: "out_of_date", ...off };
  const about = { tries, at_ms: mail.at_ms };
  return steps.rules.mails.afterTry(about, outcome, steps.now(), steps.chance());
}

/** Null: there is nothing to say any more. */
async function sendNow(
  { service, step }: MailSteps,
  id: string,
  { mail: { kind, refund }, due_ms }: MailRow,
  facts: MailFacts,
): Promise<SendOutcome | null> {
  const content = contentOf({ kind, refund, facts, title: SALE.title, origin: null });
  return content === null ? null : step(() => service.send(id, due_ms));
}

/** That a mail was sent is recorded at all costs. */
async function record(
  { book, step, unrecorded }: MailSteps,
  id: string,
  tried: MailTry,
  lease_ms: number,
): Promise<boolean> {
  if (tried.state === "sent") unrecorded.set(id, tried);
  for (let tries = 1; ; tries += 1) {
    try {
      return await step(() => book.record(id, tried, lease_ms));
    } catch (error) {
      if (tried.state !== "sent" || tries === RECORD_TRIES_MAX) throw error;
    }
  }
}
