/**
 * A waiting shopper's reminder: an e-mail address for one mail when the turn comes.
 *
 * Guarantee: an address belongs to a valid ticket, and only while its turn has not come. One
 * network leaves a limited number of addresses in a sale, counted where it is serialized. A room is
 * not asked and not told.
 */
import { mayRemind, reminderNetworkOf, reminderShard } from "../domain/reminders/reminder.ts";
import { SHOPPER_CALL_TIMEOUT_MS } from "../domain/limits.ts";
import { checkoutOf } from "../domain/sale/checkout-rules.ts";
import type { Sale } from "../domain/sale/sale.ts";
import { remindersOf, type ReminderAnswer } from "../platform/objects.ts";
import { withTimeout } from "../platform/with-timeout.ts";
import type { GateContext } from "./gate-context.ts";
import type { Visit } from "./visit.ts";
import { standingOfTicket, type TicketRefused } from "./waiting.ts";

/** Whether the sale sends mails about turns, and the deployment sends mails at all. */
export function offersReminders(env: Pick<GateEnv, "MAIL_BACKEND">, sale: Sale): boolean {
  return env.MAIL_BACKEND !== "off" && checkoutOf(sale).mail.yourTurn;
}

export type SetReminderOutcome =
  | { readonly kind: "reminder_set" }
  | { readonly kind: "reminders_off" | "too_many_reminders" | "reminder_unavailable" }
  /** The turn has come. */
  | { readonly kind: "reminder_too_late" }
  | { readonly kind: "turn_lapsed" | "sale_over" }
  | TicketRefused;

/**
 * Leaves an address, or changes it.
 * @param email valid
 * @param origin scheme and host of the gate, for the links in the mail
 */
export async function setReminder(
  visit: Visit,
  email: string,
  origin: string,
): Promise<SetReminderOutcome> {
  const { gate, sale, seen, caller } = visit;
  if (!offersReminders(gate.env, sale)) return { kind: "reminders_off" };
  if (visit.ticket.kind !== "valid") return refuseTicket(visit);
  const { ticket } = visit.ticket;
  const standing = await standingOfTicket(visit, ticket);
  if (standing === null) return { kind: "ticket_invalid" };
  const { state, rank, called } = standing;
  if (state === "ended") return { kind: "sale_over" };
  if (state === "lapsed") return { kind: "turn_lapsed" };
  if (!mayRemind(state, rank, called)) return { kind: "reminder_too_late" };
  if (caller.address !== null) {
    const network = reminderNetworkOf(sale.id, caller.address);
    const counter = remindersOf(gate.env, sale.id, reminderShard(network));
    const admitted = await within(counter.admit(sale.id, network, ticket.id));
    if (admitted === null) return { kind: "reminder_unavailable" };
    if (!admitted) return { kind: "too_many_reminders" };
  }
  const { lane, cohort, shard, index } = ticket;
  const place = { lane, cohort, shard, index };
  const asked = { sale: seen.snapshot.sale, ticket: ticket.id, place, rank, email, origin };
  const put = await within<ReminderAnswer<"put">>(objectOf(gate, sale.id, ticket.id).put(asked));
  switch (put?.kind) {
    case undefined:
      return { kind: "reminder_unavailable" };
    case "kept":
      return { kind: "reminder_set" };
    case "too_late":
      return { kind: "reminder_too_late" };
    case "too_many":
      return { kind: "too_many_reminders" };
  }
}

export type WithdrawReminderOutcome =
  | { readonly kind: "reminder_withdrawn" }
  | { readonly kind: "reminder_unavailable" }
  | TicketRefused;

/** Withdrawing one that is not there is withdrawing; also where the sale sends none any more. */
export async function withdrawReminder(visit: Visit): Promise<WithdrawReminderOutcome> {
  if (visit.ticket.kind !== "valid") return refuseTicket(visit);
  const { id } = visit.ticket.ticket;
  return withdrawn(objectOf(visit.gate, visit.sale.id, id).withdraw(id));
}

/** By the link in the mail. The outcome does not tell whether ticket and key are good. */
export function stopReminder(
  gate: GateContext,
  sale: string,
  { ticket, key }: { readonly ticket: string; readonly key: string },
): Promise<WithdrawReminderOutcome> {
  return withdrawn(objectOf(gate, sale, ticket).stop(ticket, key));
}

async function withdrawn(asked: Promise<unknown>): Promise<WithdrawReminderOutcome> {
  const done = await within(asked.then(() => true));
  return { kind: done === null ? "reminder_unavailable" : "reminder_withdrawn" };
}

function refuseTicket({ ticket }: Visit): TicketRefused {
  if (ticket.kind === "replayed") return { kind: "ticket_replayed" };
  return { kind: ticket.kind === "none" ? "ticket_required" : "ticket_invalid" };
}

function objectOf({ env }: GateContext, sale: string, ticket: string) {
  return remindersOf(env, sale, reminderShard(ticket));
}

function within<Value>(asked: Promise<Value>): Promise<Value | null> {
  return withTimeout(asked, SHOPPER_CALL_TIMEOUT_MS);
}
