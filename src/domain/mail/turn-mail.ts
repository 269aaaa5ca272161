/**
 * The mail "your turn": its message, and what it says.
 *
 * Guarantee: a ticket has one such mail, whose id follows from the sale and the ticket. The message
 * has no address: it is read from the object that keeps the reminder, just before the mail is sent.
 */
import { SHOP_BASE } from "../order/order-page.ts";
import { printable } from "./address.ts";
import { instantText, type MailContent } from "./content.ts";
import { recipientOf, type MailMessage } from "./mail.ts";

export function turnMailMessage(reminder: {
  readonly sale: string;
  readonly ticket: string;
  readonly email: string;
  readonly at_ms: number;
}): MailMessage {
  const { sale, ticket, email, at_ms } = reminder;
  const turn = { sale, ticket, recipient: recipientOf(sale, email), at_ms };
  return { v: 1, kind: "mail", mail: `${sale}:turn:${ticket}`, turn };
}

/** The page that withdraws a reminder, for its mail. */
export function stopReminderPath(sale: string, ticket: string, key: string): string {
  const query = new URLSearchParams({ ticket, key });
  return `${SHOP_BASE}/${sale}/reminder?${query.toString()}`;
}

export interface TurnMail {
  readonly sale: string;
  readonly title: string;
  readonly ticket: string;
  readonly key: string;
  /** Scheme and host of the gate. */
  readonly origin: string;
  readonly calledAt_ms: number;
  readonly claimWindow_s: number;
}

export function turnContent(mail: TurnMail): MailContent {
  const { sale, ticket, key, origin, calledAt_ms, claimWindow_s } = mail;
  const title = printable(mail.title);
  const until = instantText(calledAt_ms + claimWindow_s * 1000);
  return {
    subject: printable(`It is your turn: ${title}`),
    heading: "It is your turn",
    paragraphs: [
      `You can go in now at ${title}. If nobody goes in, the turn passes on at about ${until}.`,
      "Open the page in the browser in which you joined the line, because only that browser has " +
        "your place.",
    ],
    links: [
      { text: "Go in now", url: `${origin}${SHOP_BASE}/${sale}/wait` },
      {
        text: "Delete my address from this place in line",
        url: `${origin}${stopReminderPath(sale, ticket, key)}`,
      },
    ],
    lines: [],
    amounts: [],
    details: [],
    footer: [
      `You get this mail because your e-mail address was left on the waiting page of ${title} to ` +
        "be told once, when this turn comes. There is no other mail about this place in line. " +
        "If it was not you, you can ignore this mail.",
    ],
  };
}
