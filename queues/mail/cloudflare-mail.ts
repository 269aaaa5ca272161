/**
 * Sends mails through Cloudflare's Email Service, by the binding `send_email`.
 *
 * Guarantee: that of `send-mail.ts`, except that the service has no idempotency key and makes the
 * `Message-ID` itself. So a mail whose call ended without an answer is sent a second time, if the
 * first call was carried out: neither Sluice nor the service can know.
 *
 * Sources: https://developers.cloudflare.com/email-service/api/send-emails/workers-api/ (the call
 * and its error codes) and https://developers.cloudflare.com/email-service/reference/headers/.
 */
import { z } from "zod";
import type { Mailbox } from "../../src/domain/mail/address.ts";
import type { SendOutcome } from "../../src/domain/mail/after-try.ts";
import { headersOf, type OutgoingMail, type Sender, type SendMail } from "./send-mail.ts";

type Field = string | { name: string; email: string };

/** The part of the binding `SendEmail` that is used. */
export interface EmailBinding {
  send(message: {
    from: Field;
    to: string;
    replyTo?: Field;
    subject: string;
    text: string;
    html: string;
    headers: Record<string, string>;
  }): Promise<{ readonly messageId?: string }>;
}

export function cloudflareMail(
  binding: EmailBinding,
  sender: Sender,
  timeout_ms: number,
): SendMail {
  return async (mail) => {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const late = new Promise<SendOutcome>((resolve) => {
      const outcome = { kind: "unclear", reason: "no_answer_in_time" } as const;
      timer = setTimeout(() => resolve(outcome), timeout_ms);
    });
    try {
      return await Promise.race([call(binding, sender, mail), late]);
    } finally {
      clearTimeout(timer);
    }
  };
}

async function call(binding: EmailBinding, sender: Sender, mail: OutgoingMail) {
  const { to, subject, text, html } = mail;
  const { from, replyTo } = sender;
  try {
    const { messageId = null } = await binding.send({
      from: fieldOf(from),
      to,
      ...(replyTo === null ? {} : { replyTo: fieldOf(replyTo) }),
      subject,
      text,
      html,
      headers: headersOf(mail),
    });
    return { kind: "sent", serviceId: messageId } as const;
  } catch (error) {
    return readError(error);
  }
}

function fieldOf({ address, name }: Mailbox): Field {
  return name === null ? address : { email: address, name };
}

const coded = z.object({ code: z.string().regex(/^E_[A-Z_]{1,60}$/) });

const BUSY_S: Readonly<Record<string, number>> = {
  E_RATE_LIMIT_EXCEEDED: 60,
  E_DAILY_LIMIT_EXCEEDED: 3600,
};
const OPERATORS = new Set([
  "E_SENDER_NOT_VERIFIED",
  "E_SENDER_DOMAIN_NOT_AVAILABLE",
  "E_RECIPIENT_NOT_ALLOWED",
]);
const UNCLEAR = new Set(["E_INTERNAL_SERVER_ERROR"]);

/** Only the code is read: the message may quote the address. */
export function readError(error: unknown): SendOutcome {
  const code = coded.safeParse(error).data?.code;
  if (code === undefined) return { kind: "unclear", reason: "no_code" };
  const after_s = BUSY_S[code];
  if (after_s !== undefined) return { kind: "busy", reason: code, after_s };
  if (OPERATORS.has(code)) return { kind: "misconfigured", reason: code };
  if (UNCLEAR.has(code)) return { kind: "unclear", reason: code };
  return { kind: "refused", reason: code };
}
