/**
 * Chooses how a deployment sends mails, from its variables and secrets.
 *
 * Guarantee: settings that cannot work are described to the operator by the names of the variables,
 * without a value. Mails then wait, and are sent when the settings are corrected.
 */
import { z } from "zod";
import { MAIL_TIMEOUT_MS } from "../../src/domain/limits.ts";
import { readMailbox, type Mailbox } from "../../src/domain/mail/address.ts";
import { readBackendUrl } from "../backends/signed-http.ts";
import { cloudflareMail, type EmailBinding } from "./cloudflare-mail.ts";
import { httpMail } from "./http-mail.ts";
import type { Sender, SendMail } from "./send-mail.ts";

const settingsSchema = z.object({
  MAIL_BACKEND: z
    .enum(["off", "cloudflare", "http"], "MAIL_BACKEND must be off, cloudflare or http")
    .default("off"),
  MAIL_FROM: z.string("MAIL_FROM must be text").default(""),
  MAIL_REPLY_TO: z.string("MAIL_REPLY_TO must be text").default(""),
  MAIL_LINK_ORIGIN: z.string("MAIL_LINK_ORIGIN must be text").default(""),
  MAIL_API_URL: z.string("MAIL_API_URL must be text").default(""),
  MAIL_API_KEY: z.string("MAIL_API_KEY must be text").default(""),
  BACKENDS_ALLOW_HTTP: z
    .enum(["on", "off"], "BACKENDS_ALLOW_HTTP must be on or off")
    .default("off"),
  EMAIL: z.custom<EmailBinding>((value) => typeof value === "object").optional(),
});
type Settings = z.infer<typeof settingsSchema>;

export type MailChoice =
  | { readonly kind: "off" }
  | { readonly kind: "unusable"; readonly why: string }
  | {
      readonly kind: "ready";
      readonly send: SendMail;
      /** Scheme and host of the gate, for links; null: from each order's return address. */
      readonly origin: string | null;
    };

/** An unknown value counts as on, because the operator meant to send mails. */
export function isMailOn(env: { readonly MAIL_BACKEND?: unknown }): boolean {
  return (env.MAIL_BACKEND ?? "off") !== "off";
}

/** @param env the bindings of the Worker; only the settings of mails are read */
export function chooseMail(env: object): MailChoice {
  const read = settingsSchema.safeParse(env);
  if (!read.success) {
    return { kind: "unusable", why: read.error.issues.map(({ message }) => message).join("; ") };
  }
  const settings = read.data;
  if (settings.MAIL_BACKEND === "off") return { kind: "off" };
  const problems: string[] = [];
  const from = fromOf(settings, problems);
  const replyTo = replyToOf(settings, problems);
  const origin = originOf(settings, problems);
  const service = serviceOf(settings, problems);
  if (from === null || service === null || problems.length > 0) {
    return { kind: "unusable", why: problems.join("; ") };
  }
  return { kind: "ready", send: service({ from, replyTo }), origin };
}

function fromOf({ MAIL_FROM }: Settings, problems: string[]): Mailbox | null {
  const from = readMailbox(MAIL_FROM);
  if (from === null) {
    problems.push(
      MAIL_FROM === ""
        ? "MAIL_FROM is missing"
        : "MAIL_FROM must be an address, or a name and <address>",
    );
  }
  return from;
}

function replyToOf({ MAIL_REPLY_TO }: Settings, problems: string[]): Mailbox | null {
  if (MAIL_REPLY_TO === "") return null;
  const replyTo = readMailbox(MAIL_REPLY_TO);
  if (replyTo === null) problems.push("MAIL_REPLY_TO must be an address, or a name and <address>");
  return replyTo;
}

function originOf({ MAIL_LINK_ORIGIN: text }: Settings, problems: string[]): string | null {
  if (text === "") return null;
  const isOrigin = URL.canParse(text) && new URL(text).origin === text && /^https?:/.test(text);
  if (!isOrigin) {
    problems.push(
      "MAIL_LINK_ORIGIN must be an origin such as https://shop.example, without a path",
    );
  }
  return text;
}

function serviceOf(settings: Settings, problems: string[]): ((sender: Sender) => SendMail) | null {
  const { EMAIL, MAIL_API_KEY: apiKey } = settings;
  const timeout_ms = MAIL_TIMEOUT_MS;
  if (settings.MAIL_BACKEND === "cloudflare") {
    if (EMAIL === undefined) problems.push("the binding EMAIL (send_email) is missing");
    return EMAIL === undefined ? null : (sender) => cloudflareMail(EMAIL, sender, timeout_ms);
  }
  const address = readBackendUrl(settings.MAIL_API_URL, settings.BACKENDS_ALLOW_HTTP === "on");
  if (address.kind === "bad") problems.push(`MAIL_API_URL ${address.why}`);
  if (apiKey === "") {
    problems.push("MAIL_API_KEY is missing: set it with wrangler secret put MAIL_API_KEY");
  } else if (!/^[!-~]+$/.test(apiKey)) {
    problems.push("MAIL_API_KEY must be visible ASCII characters");
  }
  if (address.kind === "bad") return null;
  return (sender) => httpMail({ url: address.url, apiKey, ...sender, timeout_ms });
}
