/**
 * What the waiting page shows of a reminder: the address, masked, in a cookie of the browser that
 * left it.
 *
 * Guarantee: a page that is loaded again, which is a poll, calls no object to show it. Weak: after
 * a withdrawal by the link in the mail the browser still shows the address until the turn comes.
 */
import { REMINDER_COOKIE_S } from "../domain/limits.ts";
import { maskedEmail } from "../domain/reminders/reminder.ts";
import { cookie, cookieIn, expiredCookie } from "./cookies.ts";
import { giveCookie, type GateRequest } from "./gate-app.ts";

function nameOf(sale: string): string {
  return `sluice-reminder-${sale}`;
}

export function giveReminderCookie(c: GateRequest, sale: string, email: string): void {
  giveCookie(c, cookie(nameOf(sale), maskedEmail(email), { maxAge_s: REMINDER_COOKIE_S }));
}

export function takeReminderCookie(c: GateRequest, sale: string): void {
  giveCookie(c, expiredCookie(nameOf(sale)));
}

/** The masked address; null without one. */
export function reminderOf(headers: Headers, sale: string): string | null {
  const value = cookieIn(headers, nameOf(sale));
  if (value === null || value === "") return null;
  try {
    return decodeURIComponent(value);
  } catch {
    return null;
  }
}
