/**
 * What becomes of a mail after a try to send it.
 *
 * Guarantee: a mail is tried ten times over 21 hours, all within the 24 hours in which mail
 * services remember a key, and is then `failed`. A refusal for good is not tried again. A service
 * that is busy, or settings that cannot work, use up no try: the mail waits, up to three days.
 * Pure: time and randomness are arguments.
 */
import { MAIL_AGE_MAX_MS, MAIL_WAIT_MAX_S } from "../limits.ts";
import type { MailState } from "./mail.ts";

/** The outcome of one call of a mail service. `reason` is a code, and never has an address. */
export type SendOutcome =
  /** `serviceId`: the service's own id of the mail; null where it gave none. */
  | { readonly kind: "sent"; readonly serviceId: string | null }
  /** For good: the mail or its address is refused, or the address has bounced before. */
  | { readonly kind: "refused"; readonly reason: string }
  /** Not sent, and it may be later; `after_s` null leaves the wait to us. */
  | {
      readonly kind: "busy";
      readonly reason: string;
      readonly after_s: number | null;
      /** Added at random, so that the mails of a drop do not come together; else a minute. */
      readonly spread_s?: number;
    }
  /** Not sent, because the operator's settings cannot work. */
  | { readonly kind: "misconfigured"; readonly reason: string }
  /** It may have been sent or not. */
  | { readonly kind: "unclear"; readonly reason: string };

export interface MailTry {
  readonly state: MailState;
  readonly reason: string | null;
  readonly tries: number;
  readonly due_ms: number;
  readonly serviceId: string | null;
}

/** After the first try: 10 s, 1, 5 and 15 min, 1, 2, 4, 6 and 8 h. */
export const MAIL_RETRY_DELAYS_S = [10, 60, 300, 900, 3600, 7200, 14_400, 21_600, 28_800] as const;
/** Of a busy service: a minute or two, spread so that the mails of a drop do not come together. */
const BUSY_S = 60;
const MISCONFIGURED_S = 300;
const SPREAD = 0.25;

/**
 * @param tries made so far, with this one
 * @param at_ms when the mail's event happened
 * @param chance a random number from 0 to 1
 */
export function afterTry(
  { tries, at_ms }: { readonly tries: number; readonly at_ms: number },
  outcome: SendOutcome,
  now: number,
  chance: number,
): MailTry {
  const end = (state: MailState, reason: string | null, serviceId: string | null): MailTry => {
    return { state, reason, tries, due_ms: now, serviceId };
  };
  const isOld = now - at_ms >= MAIL_AGE_MAX_MS;
  const later = (wait_s: number, reason: string, counted: number): MailTry => {
    if (isOld) return end("failed", `too_late: ${reason}`, null);
    const due_ms = now + Math.round(Math.min(wait_s, MAIL_WAIT_MAX_S) * 1000);
    return { state: "pending", reason, tries: counted, due_ms, serviceId: null };
  };
  switch (outcome.kind) {
    case "sent":
      return end("sent", null, outcome.serviceId);
    case "refused":
      return end("failed", outcome.reason, null);
    case "busy": {
      const wait_s = outcome.after_s ?? BUSY_S;
      const spread_s = outcome.spread_s ?? BUSY_S;
      return later(Math.max(wait_s, 1) + spread_s * chance, outcome.reason, tries - 1);
    }
    case "misconfigured":
      return later(MISCONFIGURED_S * (1 + SPREAD * chance), outcome.reason, tries - 1);
    case "unclear": {
      const planned_s = MAIL_RETRY_DELAYS_S[tries - 1];
      if (planned_s === undefined) return end("failed", outcome.reason, null);
      return later(planned_s * (1 - SPREAD * chance), outcome.reason, tries);
    }
  }
}
