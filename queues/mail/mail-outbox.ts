/**
 * The way of a mail into the queue: rows for new events, messages for new rows, and a sweep for
 * rows whose message was lost.
 *
 * Guarantee: a row is added in the transaction that logs its event. A pending row is always tried
 * again: a message arrives when it is due, and if that is lost the sweep sends another.
 */
import {
  EVENTS_PER_SEND_MAX,
  MAIL_OVERDUE_MS,
  MAIL_SWEEP_ROWS_MAX,
} from "../../src/domain/limits.ts";
import { mailMessage, mailOf } from "../../src/domain/mail/mail.ts";
import type { QueuedEvent } from "../../src/domain/webhooks.ts";
import { log } from "../../src/platform/log.ts";
import type { EventOutbox } from "../events.ts";
import { isMailOn } from "./choose-mail.ts";
import { addMails, takeOverdue, untriedOf } from "./mails.ts";

/** The mails that these events cause. */
export function mailsOutbox(
  env: OrdersEnv,
  events: readonly QueuedEvent[],
  now: number,
): EventOutbox {
  const { ORDER_BOOK: book } = env;
  const mails = events.flatMap((event) => ("order" in event ? (mailOf(event) ?? []) : []));
  if (mails.length === 0) return { statements: [], send: async () => undefined };
  const isOn = isMailOn(env);
  return {
    statements: [addMails(book, mails, isOn, now)],
    send: async () => {
      if (!isOn) return;
      // Only untried ones: a repeated event may have a mail that was queued and tried before.
      await queueMails(
        env,
        await untriedOf(
          book,
          mails.map(({ id }) => id),
        ),
      );
    },
  };
}

async function queueMails(env: OrdersEnv, ids: readonly string[]): Promise<void> {
  for (let from = 0; from < ids.length; from += EVENTS_PER_SEND_MAX) {
    const some = ids.slice(from, from + EVENTS_PER_SEND_MAX);
    await env.MAILS_QUEUE.sendBatch(some.map((id) => ({ body: mailMessage(id) })));
  }
}

/** Called by the cron trigger: queues overdue mails, because their message was lost. */
export async function sweepMails(env: OrdersEnv, now: number): Promise<number> {
  const before_ms = now - MAIL_OVERDUE_MS;
  const ids = await takeOverdue(env.ORDER_BOOK, before_ms, MAIL_SWEEP_ROWS_MAX, now);
  await queueMails(env, ids);
  if (ids.length > 0) log.warn("mail", "swept_up", { mails: ids.length });
  return ids.length;
}
