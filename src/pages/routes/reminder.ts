/**
 * The page on which a waiting shopper leaves an address for a mail when the turn comes, and the
 * page of the link in that mail, which deletes it.
 *
 * Guarantee: opening the link deletes nothing, because mail programs open links by themselves; its
 * button does.
 */
import type { ContentfulStatusCode } from "hono/utils/http-status";
import { EMAIL_MESSAGE, emailSchema } from "../../domain/buyer/email.ts";
import { REMINDER_LINK_LENGTH_MAX } from "../../domain/limits.ts";
import type { Sale } from "../../domain/sale/sale.ts";
import {
  offersReminders,
  setReminder,
  stopReminder,
  withdrawReminder,
} from "../../shopper/reminders.ts";
import type { Visit } from "../../shopper/visit.ts";
import type { Answer, GateRequest } from "../../web/gate-app.ts";
import { giveReminderCookie, reminderOf, takeReminderCookie } from "../../web/reminder-cookie.ts";
import { sendRefusal } from "../answers.ts";
import {
  ownPathSchema,
  type ReadForm,
  type ReminderForm,
  type StopReminderForm,
} from "../forms.ts";
import { partLink } from "../parts/links.ts";
import { reminderPage, reminderStoppedPage, stopReminderPage } from "../views/reminder.ts";
import type { ReminderOffer } from "../views/waiting.ts";
import { publicOrigin } from "../../web/public-origin.ts";

/** What the waiting page shows, without a call of any object. */
export function reminderOffer(
  env: Pick<GateEnv, "MAIL_BACKEND">,
  sale: Sale,
  headers: Headers,
): ReminderOffer {
  if (!offersReminders(env, sale)) return { kind: "none" };
  return { kind: "offered", to: reminderOf(headers, sale.id) };
}

interface Shown {
  readonly to: string | null;
  readonly email: string;
  readonly fault: string | null;
}

function pageOf(c: GateRequest, { sale, gate }: Visit, shown: Shown) {
  const kept = reminderOf(c.req.raw.headers, sale.id);
  return reminderPage({ sale, kept, ...shown, now: gate.now });
}

export async function showReminder(c: GateRequest, visit: Visit): Promise<Response> {
  const { sale, gate } = visit;
  const key = c.req.query("key");
  if (key !== undefined) {
    const ticket = (c.req.query("ticket") ?? "").slice(0, REMINDER_LINK_LENGTH_MAX);
    const link = { ticket, key: key.slice(0, REMINDER_LINK_LENGTH_MAX) };
    return c.html(stopReminderPage({ sale, ...link, hasFailed: false, now: gate.now }));
  }
  const to = ownPathSchema.safeParse(c.req.query("to")).data ?? null;
  if (!offersReminders(gate.env, sale)) return c.redirect(to ?? partLink(sale.id, "wait"), 303);
  if (visit.ticket.kind !== "valid") return sendRefusal(c, visit, { kind: "ticket_required" });
  return c.html(pageOf(c, visit, { to, email: "", fault: null }));
}

const REFUSED = {
  reminders_off: [409, "This sale sends no mails about turns"],
  too_many_reminders: [
    409,
    "Too many addresses were left from your network. Your place in line is safe",
  ],
  reminder_unavailable: [503, "Your address could not be saved right now. Please try again"],
} as const satisfies Record<string, readonly [ContentfulStatusCode, string]>;

export async function changeReminder(
  c: GateRequest,
  visit: Visit,
  { form }: ReadForm<ReminderForm>,
): Promise<Response> {
  const { sale } = visit;
  const { to = null, email = "" } = form;
  const back = to ?? partLink(sale.id, "wait");
  const again = (status: ContentfulStatusCode, fault: string): Answer => {
    return c.html(pageOf(c, visit, { to, email, fault }), status);
  };
  if (form.withdraw !== undefined) {
    const outcome = await withdrawReminder(visit);
    if (outcome.kind === "reminder_unavailable") return again(...REFUSED.reminder_unavailable);
    if (outcome.kind !== "reminder_withdrawn") return sendRefusal(c, visit, outcome);
    takeReminderCookie(c, sale.id);
    return c.redirect(back, 303);
  }
  const parsed = emailSchema.safeParse(email);
  if (!parsed.success) return again(422, parsed.error.issues[0]?.message ?? EMAIL_MESSAGE);
  const outcome = await setReminder(visit, parsed.data, publicOrigin(c.req.url, c.env));
  switch (outcome.kind) {
    case "reminder_set":
      giveReminderCookie(c, sale.id, parsed.data);
      return c.redirect(back, 303);
    case "reminder_too_late":
      return c.redirect(back, 303);
    case "reminders_off":
    case "too_many_reminders":
    case "reminder_unavailable": {
      const [status, fault] = REFUSED[outcome.kind];
      return again(status, fault);
    }
    default:
      return sendRefusal(c, visit, outcome);
  }
}

export async function stopByLink(
  c: GateRequest,
  { sale, gate }: Visit,
  { form: { ticket, key } }: ReadForm<StopReminderForm>,
): Promise<Response> {
  const outcome = await stopReminder(gate, sale.id, { ticket, key });
  if (outcome.kind !== "reminder_withdrawn") {
    return c.html(stopReminderPage({ sale, ticket, key, hasFailed: true, now: gate.now }), 503);
  }
  takeReminderCookie(c, sale.id);
  return c.html(reminderStoppedPage({ sale, now: gate.now }));
}
