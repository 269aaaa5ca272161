/**
 * Mails in D1: one row for each, which is its outbox and its record.
 *
 * Guarantee: a mail has one row, however often its event is read. A try leases its row: `due_ms` is
 * set to the end of the lease, so nobody else sends the mail meanwhile. `sent` is recorded even
 * after the lease is over, and nothing replaces it.
 * Not for sending: the queue `sluice-mails` carries the ids, `take-mails.ts` sends.
 */
import { z } from "zod";
import { MAIL_LEASE_MS } from "../../src/domain/limits.ts";
import type { MailTry } from "../../src/domain/mail/after-try.ts";
import {
  MAIL_KINDS,
  MAIL_STATES,
  YOUR_TURN,
  type DueMail,
  type DueTurnMail,
} from "../../src/domain/mail/mail.ts";

const rowSchema = z.object({
  id: z.string(),
  /** Empty in a mail about a turn. */
  order_id: z.string(),
  /** `jti` of the ticket that a mail about a turn is for. */
  ticket: z.string().nullable(),
  sale: z.string(),
  kind: z.enum([...MAIL_KINDS, YOUR_TURN]),
  refund: z.string().nullable(),
  recipient: z.string(),
  state: z.enum(MAIL_STATES),
  reason: z.string().nullable(),
  tries: z.int(),
  due_ms: z.int(),
  at_ms: z.int(),
});
export type KeptMail = Readonly<z.output<typeof rowSchema>>;

/**
 * Adds mails; those that exist stay unchanged. Run it in one batch with the statement that adds
 * their events.
 * @param isOn false: they are recorded as `off` and never sent, also if mails are turned on later
 */
export function addMails(
  book: D1Database,
  mails: readonly DueMail[],
  isOn: boolean,
  now: number,
): D1PreparedStatement {
  return book
    .prepare(
      `INSERT OR IGNORE INTO mails
         (id, order_id, sale, kind, refund, recipient, state, reason, tries, due_ms, at_ms,
          updated_ms)
       SELECT value ->> 'id', value ->> 'order', value ->> 'sale', value ->> 'kind',
         value ->> 'refund', value ->> 'recipient', ?2, ?3, 0, ?4, value ->> 'at_ms', ?4
       FROM json_each(?1)`,
    )
    .bind(JSON.stringify(mails), ...stateOf(isOn), now);
}

/** Adds a mail about a turn, unless it exists. @param isOn as of `addMails` */
export async function addTurnMail(
  book: D1Database,
  id: string,
  { sale, ticket, recipient, at_ms }: DueTurnMail,
  isOn: boolean,
  now: number,
): Promise<void> {
  await book
    .prepare(
      `INSERT OR IGNORE INTO mails
         (id, order_id, ticket, sale, kind, recipient, state, reason, tries, due_ms, at_ms,
          updated_ms)
       VALUES (?1, '', ?2, ?3, ?4, ?5, ?6, ?7, 0, ?8, ?9, ?8)`,
    )
    .bind(id, ticket, sale, YOUR_TURN, recipient, ...stateOf(isOn), now, at_ms)
    .run();
}

function stateOf(isOn: boolean): [state: string, reason: string | null] {
  return isOn ? ["pending", null] : ["off", "mail_off"];
}

const idsSchema = z.array(z.object({ id: z.string() }));

/** The ids of those mails that have not been tried yet. */
export async function untriedOf(book: D1Database, ids: readonly string[]): Promise<string[]> {
  const { results } = await book
    .prepare(
      `SELECT id FROM mails WHERE state = 'pending' AND tries = 0
       AND id IN (SELECT value FROM json_each(?))`,
    )
    .bind(JSON.stringify(ids))
    .all();
  return idsSchema.parse(results).map(({ id }) => id);
}

/** Pending mails due before `before_ms`; they become due now, so that one sweep takes each. */
export async function takeOverdue(
  book: D1Database,
  before_ms: number,
  limit: number,
  now: number,
): Promise<string[]> {
  const { results } = await book
    .prepare(
      `UPDATE mails SET due_ms = ?3 WHERE id IN (SELECT id FROM mails
         WHERE state = 'pending' AND due_ms < ?1 ORDER BY due_ms LIMIT ?2) RETURNING id`,
    )
    .bind(before_ms, limit, now)
    .all();
  return idsSchema.parse(results).map(({ id }) => id);
}

const claimedSchema = z.object({ ...rowSchema.shape, same_before: z.int() });

export type MailClaim =
  | {
      readonly kind: "claimed";
      /** `tries` counts this one. */
      readonly mail: KeptMail;
      /**
       * Other mails of the same kind to the same address in this sale; counted only for kinds that
       * a shopper can cause without paying.
       */
      readonly sameBefore: number;
      readonly lease_ms: number;
    }
  | { readonly kind: "not_due"; readonly due_ms: number }
  /** The mail is final or does not exist. */
  | { readonly kind: "over" };

/** Clocks of machines differ, and a queue measures its delays by its own. */
const CLOCK_SLACK_MS = 1000;

/** The kind is written out, because the index of each kind is partial. */
function othersOf(kind: string): string {
  return `(SELECT COUNT(*) FROM mails AS other WHERE other.kind = '${kind}'
    AND other.recipient = mails.recipient AND other.id <> mails.id
    AND other.state <> 'off' AND other.tries > 0)`;
}

/** Leases a mail that is due, and counts the try before it is made. */
export async function claimMail(book: D1Database, id: string, now: number): Promise<MailClaim> {
  const lease_ms = now + MAIL_LEASE_MS;
  const claimed = await book
    .prepare(
      `UPDATE mails SET due_ms = ?3, tries = tries + 1
       WHERE id = ?1 AND state = 'pending' AND due_ms <= ?2 RETURNING *,
         CASE kind
           WHEN 'declined' THEN ${othersOf("declined")}
           WHEN 'cancelled' THEN ${othersOf("cancelled")}
           WHEN '${YOUR_TURN}' THEN ${othersOf(YOUR_TURN)}
           ELSE 0 END AS same_before`,
    )
    .bind(id, now + CLOCK_SLACK_MS, lease_ms)
    .first();
  if (claimed !== null) {
    const { same_before: sameBefore, ...mail } = claimedSchema.parse(claimed);
    return { kind: "claimed", mail, sameBefore, lease_ms };
  }
  const row = await book.prepare("SELECT * FROM mails WHERE id = ?").bind(id).first();
  const found = row === null ? null : rowSchema.parse(row);
  if (found?.state !== "pending") return { kind: "over" };
  return { kind: "not_due", due_ms: found.due_ms };
}

/** Stores the outcome of a try; false, without a change, when its lease was lost. */
export async function keepTry(
  book: D1Database,
  id: string,
  { state, reason, tries, due_ms, serviceId }: MailTry,
  lease_ms: number,
  now: number,
): Promise<boolean> {
  const { meta } = await book
    .prepare(
      `UPDATE mails SET state = ?2, reason = ?3, tries = ?4, due_ms = ?5, service_id = ?6,
         updated_ms = ?7
       WHERE id = ?1 AND state = 'pending' AND (due_ms = ?8 OR ?2 = 'sent')`,
    )
    .bind(id, state, reason, tries, due_ms, serviceId, now, lease_ms)
    .run();
  return meta.changes > 0;
}
