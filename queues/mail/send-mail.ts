/**
 * The contract of a mail service: one call that sends one mail.
 *
 * Guarantee of an adapter: it answers within its time-out, never throws and never repeats a call.
 * Its reasons are codes without an address. It passes the mail's id on, so that a service that
 * deduplicates sends a repeated mail once.
 */
import type { Mailbox } from "../../src/domain/mail/address.ts";
import type { SendOutcome } from "../../src/domain/mail/after-try.ts";
import type { RenderedMail } from "../../src/domain/mail/render.ts";

export interface Sender {
  readonly from: Mailbox;
  /** Where answers go; null: to the sender. */
  readonly replyTo: Mailbox | null;
}

export interface OutgoingMail extends RenderedMail {
  /** The same for every try of the same mail; visible ASCII. */
  readonly id: string;
  /** The recipient, as `deliverableEmail` makes it. */
  readonly to: string;
}

export type SendMail = (mail: OutgoingMail) => Promise<SendOutcome>;

/**
 * The mail's id, to find it in the service's log, and the mark that keeps holiday answers away
 * (RFC 3834).
 */
export function headersOf({ id }: OutgoingMail): Record<string, string> {
  return { "Auto-Submitted": "auto-generated", "X-Sluice-Mail": id };
}
