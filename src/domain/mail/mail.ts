/**
 * The mails to buyers: which event of an order causes which mail, and the ids of mails.
 *
 * Guarantee: a mail's id follows from its order and from what it is about, so an event that comes
 * again names the same mail. An order has at most one mail of each kind, and one for each refund.
 */
import { z } from "zod";
import { digestOf } from "../../encoding/json.ts";
import { storedReader } from "../../encoding/stored-reader.ts";
import { normalisedEmail } from "../buyer/email.ts";
import type { OrderEvent } from "../order/messages.ts";
import { GIVEN_UP } from "../order/reasons.ts";

export const MAIL_KINDS = ["confirmed", "declined", "cancelled", "refunded"] as const;
export type MailKind = (typeof MAIL_KINDS)[number];

/**
 * `off`: not sent, because the deployment or the sale sends no such mail, or it is out of date.
 * `failed`: the mail service or the recipient's refused it, or every try failed.
 */
export const MAIL_STATES = ["pending", "sent", "failed", "off"] as const;
export type MailState = (typeof MAIL_STATES)[number];

/** As the sale's rule is called, `checkout.mail.yourTurn`: the one mail without an order. */
export const YOUR_TURN = "yourTurn";

const turnMailSchema = z.object({
  sale: z.string(),
  /** `jti` of the ticket. */
  ticket: z.string(),
  /** Digest of sale and address. */
  recipient: z.string(),
  /** When the turn was called. */
  at_ms: z.int(),
});
export type DueTurnMail = Readonly<z.infer<typeof turnMailSchema>>;

/** Queue message: send this mail. With `turn` it is added first, unless it is there. */
export const mailMessageSchema = storedReader(
  z.object({
    v: z.literal(1),
    kind: z.literal("mail"),
    mail: z.string(),
    turn: turnMailSchema.optional(),
  }),
);
export type MailMessage = z.infer<typeof mailMessageSchema>;

export function mailMessage(mail: string): MailMessage {
  return { v: 1, kind: "mail", mail };
}

export interface DueMail {
  /** `<order>:<kind>`, and for a refund `<order>:refunded:<refund>`. */
  readonly id: string;
  readonly order: string;
  readonly sale: string;
  readonly kind: MailKind;
  /** The id of the refund that a mail of kind `refunded` is about. */
  readonly refund: string | null;
  /** Digest of sale and address, to count mails to one address without storing it. */
  readonly recipient: string;
  /** When the event happened. */
  readonly at_ms: number;
}

/** The mail that an event causes; null for most events. */
export function mailOf(event: OrderEvent): DueMail | null {
  const about = subjectOf(event);
  if (about === null) return null;
  const { kind, refund } = about;
  const { order, sale, email, at_ms } = event;
  const id = refund === null ? `${order}:${kind}` : `${order}:${kind}:${refund}`;
  return { id, order, sale, kind, refund, recipient: recipientOf(sale, email), at_ms };
}

function subjectOf({ type, reason, refund }: OrderEvent): Pick<DueMail, "kind" | "refund"> | null {
  switch (type) {
    case "order.confirmed":
      return { kind: "confirmed", refund: null };
    case "order.declined":
      // The shopper stopped the payment and was in the page: a mail would say nothing new.
      return reason === GIVEN_UP ? null : { kind: "declined", refund: null };
    case "order.cancelled":
    case "order.failed":
      return { kind: "cancelled", refund: null };
    case "order.refunded":
      return refund === null ? null : { kind: "refunded", refund: refund.id };
    default:
      return null;
  }
}

/** Digest of sale and address: tells addresses apart without storing them. */
export function recipientOf(sale: string, email: string): string {
  return digestOf([sale, normalisedEmail(email)]).slice(0, 32);
}
