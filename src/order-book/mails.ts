/**
 * The mails of one order as the merchant reads them: which were sent, and which were not and why.
 */
import { z } from "zod";
import { MAIL_KINDS, MAIL_STATES } from "../domain/mail/mail.ts";

const mailRowSchema = z.object({
  kind: z.enum(MAIL_KINDS),
  /** The refund that a mail of kind `refunded` is about. */
  refund: z.string().nullable(),
  state: z.enum(MAIL_STATES),
  reason: z.string().nullable(),
  tries: z.int(),
  updated_ms: z.int(),
});
export type OrderMail = Readonly<z.infer<typeof mailRowSchema>>;

/** In the order of their events. The ids of an order's mails begin with its own. */
export async function mailsOf(book: D1Database, order: string): Promise<OrderMail[]> {
  const { results } = await book
    .prepare(
      `SELECT kind, refund, state, reason, tries, updated_ms FROM mails
       WHERE id > ?1 || ':' AND id < ?1 || ';' ORDER BY at_ms, id`,
    )
    .bind(order)
    .all();
  return z.array(mailRowSchema).parse(results);
}

/**
 * The mails about turns of one recipient name them no more, and those that wait are not sent.
 * Answers how many there were.
 */
export async function forgetTurnMails(book: D1Database, recipient: string): Promise<number> {
  const { meta } = await book
    .prepare(
      `UPDATE mails SET recipient = '',
         reason = CASE state WHEN 'pending' THEN 'erased' ELSE reason END,
         state = CASE state WHEN 'pending' THEN 'off' ELSE state END
       WHERE kind = 'yourTurn' AND recipient = ?`,
    )
    .bind(recipient)
    .run();
  return meta.changes;
}
