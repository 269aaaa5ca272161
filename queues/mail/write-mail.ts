/**
 * What a leased mail says and where it goes, read just before it is sent: of an order from its
 * Order object, of a turn from the object that keeps its reminder.
 *
 * Guarantee: a mail about a turn is written only while the turn can be claimed, because a late one
 * is worse than none.
 */
import { deliverableEmail } from "../../src/domain/buyer/email.ts";
import type { SendOutcome } from "../../src/domain/mail/after-try.ts";
import { contentOf, type MailContent } from "../../src/domain/mail/content.ts";
import { YOUR_TURN } from "../../src/domain/mail/mail.ts";
import { turnContent } from "../../src/domain/mail/turn-mail.ts";
import { reminderShard } from "../../src/domain/reminders/reminder.ts";
import { checkoutOf } from "../../src/domain/sale/checkout-rules.ts";
import type { Sale } from "../../src/domain/sale/sale.ts";
import { orderOf, remindersOf, type ReminderAnswer } from "../../src/platform/objects.ts";
import { withTimeout } from "../../src/platform/with-timeout.ts";
import { findSale } from "../../src/sales/sale-directory.ts";
import type { KeptMail } from "./mails.ts";

/** Not sent on purpose, or an outcome of a call. */
export type TryOutcome = SendOutcome | { readonly kind: "off"; readonly reason: string };

export type WriteOutcome =
  | { readonly kind: "written"; readonly to: string; readonly content: MailContent }
  | TryOutcome;

/** An object or the sale did not answer: soon again, without using up a try. */
const SILENT_S = 30;
/** A turn is open for minutes only. */
const TURN_RETRY = { after_s: 5, spread_s: 5 } as const;

const SALE_OFF: TryOutcome = { kind: "off", reason: "sale_off" };

/** @param origin scheme and host of the gate, if it is configured */
export async function writeMail(
  env: OrdersEnv,
  mail: KeptMail,
  origin: string | null,
): Promise<WriteOutcome> {
  const published = await findSale(env, mail.sale, Date.now());
  if (published === null) return { kind: "busy", reason: "sale_unread", after_s: SILENT_S };
  const { sale } = published;
  return mail.kind === YOUR_TURN
    ? writeTurn(env, mail, sale, origin)
    : writeOrder(env, { ...mail, kind: mail.kind }, sale, origin);
}

type OrderMail = KeptMail & { readonly kind: Exclude<KeptMail["kind"], typeof YOUR_TURN> };

async function writeOrder(
  env: OrdersEnv,
  { kind, refund, order_id: order }: OrderMail,
  sale: Sale,
  origin: string | null,
): Promise<WriteOutcome> {
  const answered = await withTimeout(factsOf(env, order));
  if (answered === null) return { kind: "busy", reason: "order_silent", after_s: SILENT_S };
  const { facts } = answered;
  if (facts === null) return { kind: "refused", reason: "order_unknown" };
  if (!checkoutOf(sale).mail[kind]) return SALE_OFF;
  const content = contentOf({ kind, refund, facts, title: sale.title, origin });
  if (content === null) return { kind: "off", reason: "out_of_date" };
  return addressed(facts.email, content);
}

async function factsOf(env: OrdersEnv, order: string) {
  return { facts: await orderOf(env, order).mailFacts() };
}

/** The object reads the room, which may take as long as both may together. */
const TURN_FACTS_TIMEOUT_MS = 5000;

async function writeTurn(
  env: OrdersEnv,
  { ticket }: KeptMail,
  sale: Sale,
  origin: string | null,
): Promise<WriteOutcome> {
  if (!checkoutOf(sale).mail.yourTurn) return SALE_OFF;
  if (ticket === null) return { kind: "refused", reason: "ticket_unknown" };
  const reminders = remindersOf(env, sale.id, reminderShard(ticket));
  const asked = await withTimeout<ReminderAnswer<"facts">>(
    reminders.facts(ticket),
    TURN_FACTS_TIMEOUT_MS,
  );
  switch (asked?.kind) {
    case "over":
      return { kind: "off", reason: "turn_over" };
    case "waits":
      return { kind: "busy", reason: "turn_held_up", ...TURN_RETRY };
    case "open": {
      const { email, key, calledAt_ms, origin: own } = asked.facts;
      const { id, title, admission } = sale;
      const content = turnContent({
        sale: id,
        title,
        ticket,
        key,
        origin: origin ?? own,
        calledAt_ms,
        claimWindow_s: admission.claimWindowSeconds,
      });
      return addressed(email, content);
    }
    default:
      return { kind: "busy", reason: "reminder_silent", ...TURN_RETRY };
  }
}

function addressed(email: string, content: MailContent): WriteOutcome {
  const to = deliverableEmail(email);
  return to === null
    ? { kind: "refused", reason: "address_invalid" }
    : { kind: "written", to, content };
}
