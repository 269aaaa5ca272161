/**
 * What the answers of mail services mean: sent, refused for good, try later, or unclear; and what
 * is wrong with a deployment's settings.
 */
import { describe, expect, test } from "vitest";
import { chooseMail, isMailOn } from "../../../queues/mail/choose-mail.ts";
import { readError } from "../../../queues/mail/cloudflare-mail.ts";
import { readAnswer } from "../../../queues/mail/http-mail.ts";

describe("the HTTP mail API", () => {
  test.each([
    [200, { id: "49a3999c" }, { kind: "sent", serviceId: "49a3999c" }],
    [202, undefined, { kind: "sent", serviceId: null }],
    [200, { id: "bad\nid" }, { kind: "sent", serviceId: null }],
    // The key was used with another body: the mail was taken then.
    [409, { name: "invalid_idempotent_request" }, { kind: "sent", serviceId: null }],
    [
      409,
      { name: "concurrent_idempotent_requests" },
      { kind: "busy", reason: "answered_409_concurrent_idempotent_requests", after_s: 4 },
    ],
    [
      429,
      { name: "rate_limit_exceeded" },
      { kind: "busy", reason: "answered_429_rate_limit_exceeded", after_s: 4 },
    ],
    [401, { name: "missing_api_key" }, { kind: "misconfigured" }],
    [403, { name: "invalid_api_key" }, { kind: "misconfigured" }],
    [404, null, { kind: "misconfigured", reason: "answered_404" }],
    [301, null, { kind: "misconfigured", reason: "answered_301" }],
    [422, { name: "invalid_from_address" }, { kind: "misconfigured" }],
    [
      422,
      { name: "validation_error", message: "ann@shoppers.example is not valid" },
      { kind: "refused", reason: "answered_422_validation_error" },
    ],
    [400, { name: "ann@shoppers.example" }, { kind: "refused", reason: "answered_400" }],
    [413, null, { kind: "refused", reason: "answered_413" }],
    [408, null, { kind: "unclear", reason: "answered_408" }],
    [500, { name: "application_error" }, { kind: "unclear" }],
    [503, null, { kind: "unclear" }],
  ])("that answers %i %j", (status, body, outcome) => {
    expect(readAnswer(status, body, 4)).toMatchObject(outcome);
  });
});

describe("Cloudflare's binding", () => {
  const thrown = (code?: string) => {
    return Object.assign(new Error("ann@shoppers.example"), code === undefined ? {} : { code });
  };

  test.each([
    ["E_RATE_LIMIT_EXCEEDED", "busy"],
    ["E_DAILY_LIMIT_EXCEEDED", "busy"],
    ["E_SENDER_NOT_VERIFIED", "misconfigured"],
    ["E_SENDER_DOMAIN_NOT_AVAILABLE", "misconfigured"],
    ["E_RECIPIENT_NOT_ALLOWED", "misconfigured"],
    ["E_INTERNAL_SERVER_ERROR", "unclear"],
    ["E_RECIPIENT_SUPPRESSED", "refused"],
    ["E_DELIVERY_FAILED", "refused"],
    ["E_VALIDATION_ERROR", "refused"],
    ["E_CONTENT_TOO_LARGE", "refused"],
  ])("that throws %s is %s", (code, kind) => {
    expect(readError(thrown(code))).toMatchObject({ kind, reason: code });
  });

  test("that throws anything else is unclear, and its text is not repeated", () => {
    expect(readError(thrown())).toEqual({ kind: "unclear", reason: "no_code" });
    expect(readError(thrown("ann@shoppers.example"))).toMatchObject({ reason: "no_code" });
  });
});

describe("the settings", () => {
  const http = {
    MAIL_BACKEND: "http",
    MAIL_FROM: "The shop <orders@shop.example>",
    MAIL_API_URL: "https://mail.example/emails",
    MAIL_API_KEY: "re_secret",
  };

  test("without a backend send nothing", () => {
    expect(chooseMail({})).toEqual({ kind: "off" });
    expect(chooseMail({ MAIL_BACKEND: "off", MAIL_FROM: "" })).toEqual({ kind: "off" });
    expect([isMailOn({}), isMailOn({ MAIL_BACKEND: "off" })]).toEqual([false, false]);
    expect([isMailOn(http), isMailOn({ MAIL_BACKEND: "smtp" })]).toEqual([true, true]);
  });

  test("that are complete are ready", () => {
    expect(chooseMail(http)).toMatchObject({ kind: "ready", origin: null });
    const EMAIL = { send: async () => ({ messageId: "m" }) };
    const cloudflare = { MAIL_BACKEND: "cloudflare", MAIL_FROM: "a@b.example", EMAIL };
    const origin = { MAIL_LINK_ORIGIN: "https://gate.example", MAIL_REPLY_TO: "help@b.example" };
    expect(chooseMail({ ...cloudflare, ...origin })).toMatchObject({
      kind: "ready",
      origin: "https://gate.example",
    });
  });

  test.each([
    [{ MAIL_BACKEND: "smtp" }, "MAIL_BACKEND must be off, cloudflare or http"],
    [{ MAIL_FROM: "" }, "MAIL_FROM is missing"],
    [{ MAIL_FROM: "nobody" }, "MAIL_FROM must be an address, or a name and <address>"],
    [{ MAIL_REPLY_TO: "x" }, "MAIL_REPLY_TO must be an address, or a name and <address>"],
    [{ MAIL_API_URL: "" }, "MAIL_API_URL is missing"],
    [{ MAIL_API_URL: "http://mail.example/" }, "MAIL_API_URL must be an https URL"],
    [{ MAIL_API_URL: "https://u:p@mail.example" }, "MAIL_API_URL must not contain a password"],
    [{ MAIL_API_KEY: "" }, "MAIL_API_KEY is missing: set it with wrangler secret put MAIL_API_KEY"],
    [{ MAIL_API_KEY: "a\nb" }, "MAIL_API_KEY must be visible ASCII characters"],
    [
      { MAIL_LINK_ORIGIN: "https://gate.example/path" },
      "MAIL_LINK_ORIGIN must be an origin such as https://shop.example, without a path",
    ],
    [{ MAIL_BACKEND: "cloudflare" }, "the binding EMAIL (send_email) is missing"],
  ])("with %j are named, without a value", (change, why) => {
    expect(chooseMail({ ...http, ...change })).toEqual({ kind: "unusable", why });
  });

  test("that allow plain http, for local use, take an API without https", () => {
    const local = { MAIL_API_URL: "http://127.0.0.1:8788/emails", BACKENDS_ALLOW_HTTP: "on" };
    expect(chooseMail({ ...http, ...local })).toMatchObject({ kind: "ready" });
  });
});
