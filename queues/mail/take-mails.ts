/**
 * Consumes the queue of mails: leases each mail, reads what it says, sends it, and records the
 * outcome. A mail about a turn comes with its message; one about an order has its row already.
 *
 * Guarantee: a mail that this record knows as sent is never sent again, whatever is repeated. A
 * failed try does not fail its message: the row stores when the mail is due again.
 * Weak: a Worker that dies between sending and recording leaves a mail that is sent again when its
 * lease is over, with the same id; a mail service that deduplicates by that id sends it once.
 */
import { BoundedMap } from "../../src/domain/bounded-map.ts";
import {
  MAIL_CALLS_AT_ONCE,
  MAIL_LEASE_MS,
  MAIL_TIMEOUT_MS,
  MAILS_CANCELLED_MAX,
  MAILS_DECLINED_MAX,
  MAILS_YOUR_TURN_MAX,
  MAILS_UNRECORDED_MAX,
} from "../../src/domain/limits.ts";
import { afterTry, type MailTry, type SendOutcome } from "../../src/domain/mail/after-try.ts";
import { mailMessage, mailMessageSchema, YOUR_TURN } from "../../src/domain/mail/mail.ts";
import { renderMail } from "../../src/domain/mail/render.ts";
import { UNREADABLE_REASONS } from "../../src/domain/order/messages.ts";
import { errorText } from "../../src/encoding/error-text.ts";
import { log } from "../../src/platform/log.ts";
import { QUEUES } from "../../src/platform/queue-names.ts";
import { takeConcurrently } from "../concurrently.ts";
import { park } from "../dead-letters.ts";
import { chooseMail, isMailOn } from "./choose-mail.ts";
import { addTurnMail, claimMail, keepTry, type KeptMail, type MailClaim } from "./mails.ts";
import { writeMail, type TryOutcome } from "./write-mail.ts";

type Claimed = Extract<MailClaim, { readonly kind: "claimed" }>;

/** Sent by this isolate, while D1 did not take the record: the next message records it. */
const unrecorded = new BoundedMap<MailTry>(MAILS_UNRECORDED_MAX);

/** Sends `MAIL_CALLS_AT_ONCE` mails at a time. */
export async function takeMails(
  env: OrdersEnv,
  messages: readonly Message[],
  retryLater: (message: Message, queue: string, error: unknown) => void,
): Promise<void> {
  await takeConcurrently(
    messages,
    MAIL_CALLS_AT_ONCE,
    (message) => takeMail(env, message),
    (message, error) => retryLater(message, QUEUES.mails, error),
  );
}

async function takeMail(env: OrdersEnv, message: Message): Promise<void> {
  const { ORDER_BOOK: book } = env;
  const parsed = mailMessageSchema.safeParse(message.body);
  const now = Date.now();
  if (!parsed.success) {
    await park(book, QUEUES.mails, UNREADABLE_REASONS.mail, message, now);
    message.ack();
    return;
  }
  const { mail: id, turn } = parsed.data;
  if (turn !== undefined) await addTurnMail(book, id, turn, isMailOn(env), now);
  const known = unrecorded.get(id);
  if (known !== undefined) await keepTry(book, id, known, 0, now);
  const claim = await claimMail(book, id, now);
  if (claim.kind === "claimed") await tryClaimed(env, claim);
  // Another try has the lease and may have died: come back when its lease is over.
  if (claim.kind === "not_due" && claim.due_ms <= now + MAIL_LEASE_MS) {
    message.retry({ delaySeconds: Math.max(Math.ceil((claim.due_ms - now) / 1000), 1) });
  } else message.ack();
}

async function tryClaimed(env: OrdersEnv, claim: Claimed): Promise<void> {
  const { id, order_id: order, kind } = claim.mail;
  const outcome = await trySending(env, claim).catch((error: unknown): SendOutcome => {
    log.error("mail", "try_failed", { mail: id, order, why: errorText(error) });
    return { kind: "unclear", reason: "failed" };
  });
  const now = Date.now();
  const after = outcomeOf(claim, outcome, now);
  const isKept = await keep(env.ORDER_BOOK, claim, after, now);
  const { state, reason, due_ms } = after;
  if (state === "sent" || state === "off") return;
  const isOperators = outcome.kind === "misconfigured" || state === "failed";
  log[isOperators ? "error" : "warn"]("mail", "not_sent", { mail: id, order, kind, state, reason });
  if (state !== "pending" || !isKept) return;
  const delaySeconds = Math.max(Math.ceil((due_ms - now) / 1000), 1);
  await env.MAILS_QUEUE.send(mailMessage(id), { delaySeconds });
}

function outcomeOf({ mail }: Claimed, outcome: TryOutcome, now: number): MailTry {
  if (outcome.kind !== "off") return afterTry(mail, outcome, now, Math.random());
  const { reason } = outcome;
  return { state: "off", reason, tries: mail.tries, due_ms: now, serviceId: null };
}

const RECORD_TRIES_MAX = 3;

/** That a mail was sent is recorded at all costs, because it would be sent again otherwise. */
async function keep(
  book: D1Database,
  { mail, lease_ms }: Claimed,
  after: MailTry,
  now: number,
): Promise<boolean> {
  if (after.state === "sent") unrecorded.set(mail.id, after);
  for (let tries = 1; ; tries += 1) {
    try {
      return await keepTry(book, mail.id, after, lease_ms, now);
    } catch (error) {
      if (after.state !== "sent" || tries === RECORD_TRIES_MAX) throw error;
    }
  }
}

/** The least time in which the mail's service may be called again. */
const LEASE_SHORT_S = 30;

/** Mails of a kind to one address in one sale; without a limit for kinds that are paid for. */
const SAME_MAX: { readonly [Kind in KeptMail["kind"]]?: number } = {
  declined: MAILS_DECLINED_MAX,
  // Most of these were never paid for, and anybody can name a stranger's address in them.
  cancelled: MAILS_CANCELLED_MAX,
  [YOUR_TURN]: MAILS_YOUR_TURN_MAX,
};

async function trySending(env: OrdersEnv, claim: Claimed): Promise<TryOutcome> {
  const { mail, sameBefore, lease_ms } = claim;
  const choice = chooseMail(env);
  if (choice.kind === "off") return { kind: "off", reason: "mail_off" };
  if (choice.kind === "unusable") {
    log.error("mail", "not_configured", { why: choice.why });
    return { kind: "misconfigured", reason: "not_configured" };
  }
  const isFirst = mail.tries === 1;
  if (isFirst && sameBefore >= (SAME_MAX[mail.kind] ?? Infinity)) {
    return { kind: "off", reason: "too_many" };
  }
  const written = await writeMail(env, mail, choice.origin);
  if (written.kind !== "written") return written;
  const { to, content } = written;
  // A call that might outlast the lease is not begun: another consumer could send the mail too.
  if (Date.now() + 2 * MAIL_TIMEOUT_MS > lease_ms) {
    return { kind: "busy", reason: "lease_short", after_s: LEASE_SHORT_S };
  }
  return choice.send({ id: mail.id, to, ...(await renderMail(content)) });
}
