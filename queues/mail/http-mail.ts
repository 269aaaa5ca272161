/**
 * Sends mails through an HTTP API in the shape of Resend's: POST of one JSON object, with
 * `Authorization: Bearer` and `Idempotency-Key`. docs/mail.md has the whole contract.
 *
 * Guarantee: that of `send-mail.ts`. Redirects are not followed, because they would take the key
 * elsewhere. A service that keeps the idempotency keys of its last 24 hours sends a mail once,
 * however often it is tried.
 *
 * Sources: https://resend.com/docs/api-reference/emails/send-email,
 * https://resend.com/docs/dashboard/emails/idempotency-keys and
 * https://resend.com/docs/api-reference/errors.
 */
import { z } from "zod";
import { MAIL_SERVICE_ID_LENGTH_MAX } from "../../src/domain/limits.ts";
import { mailboxText } from "../../src/domain/mail/address.ts";
import type { SendOutcome } from "../../src/domain/mail/after-try.ts";
import { parseJson } from "../../src/encoding/json.ts";
import { retryAfter_s } from "../../src/encoding/retry-after.ts";
import { textOf } from "../backends/signed-http.ts";
import { headersOf, type OutgoingMail, type Sender, type SendMail } from "./send-mail.ts";

export interface HttpMailSettings extends Sender {
  readonly url: string;
  readonly apiKey: string;
  readonly timeout_ms: number;
}

export function httpMail(settings: HttpMailSettings): SendMail {
  const { url, apiKey, timeout_ms } = settings;
  return async (mail) => {
    const late = AbortSignal.timeout(timeout_ms);
    try {
      const response = await fetch(url, {
        method: "POST",
        headers: {
          authorization: `Bearer ${apiKey}`,
          "content-type": "application/json",
          "idempotency-key": mail.id,
        },
        body: JSON.stringify(bodyOf(settings, mail)),
        redirect: "manual",
        signal: late,
      });
      const { status, headers } = response;
      const body = parseJson((await textOf(response)) ?? "");
      return readAnswer(status, body, retryAfter_s(headers.get("retry-after"), Date.now()));
    } catch {
      return { kind: "unclear", reason: late.aborted ? "no_answer_in_time" : "no_connection" };
    }
  };
}

function bodyOf({ from, replyTo }: HttpMailSettings, mail: OutgoingMail) {
  const { to, subject, text, html } = mail;
  return {
    from: mailboxText(from),
    to: [to],
    ...(replyTo === null ? {} : { reply_to: mailboxText(replyTo) }),
    subject,
    text,
    html,
    headers: headersOf(mail),
  };
}

const sentSchema = z.object({
  id: z
    .string()
    .max(MAIL_SERVICE_ID_LENGTH_MAX)
    .regex(/^[!-~]+$/),
});
/** Only the code is read: the service's message may quote the address. */
const errorSchema = z.object({ name: z.string().regex(/^[a-z_]{1,64}$/) });

/** Errors about the sender or the account, not about the mail. */
const OPERATORS = new Set(["invalid_from_address", "missing_api_key", "invalid_api_key"]);
/** A wrong key, a sender that is not verified, a wrong address of the API. */
const OPERATORS_STATUS = new Set([401, 402, 403, 404, 405]);

/** @param retry_s what the service asked for in `Retry-After` */
export function readAnswer(status: number, body: unknown, retry_s: number | null): SendOutcome {
  if (status >= 200 && status < 300) {
    return { kind: "sent", serviceId: sentSchema.safeParse(body).data?.id ?? null };
  }
  const code = errorSchema.safeParse(body).data?.name;
  const reason = code === undefined ? `answered_${status}` : `answered_${status}_${code}`;
  // The key was used before with another body, so the mail was taken then.
  if (status === 409 && code === "invalid_idempotent_request") {
    return { kind: "sent", serviceId: null };
  }
  if (status === 409 || status === 429) return { kind: "busy", reason, after_s: retry_s };
  if (status < 400 || OPERATORS_STATUS.has(status) || OPERATORS.has(code ?? "")) {
    return { kind: "misconfigured", reason };
  }
  if (status >= 500 || status === 408) return { kind: "unclear", reason };
  return { kind: "refused", reason };
}
