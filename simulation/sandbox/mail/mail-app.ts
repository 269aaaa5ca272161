/**
 * The sandbox's mail service: an HTTP API in the shape of Resend's at /emails, and what it was
 * given under /sandbox/mail. Nothing leaves this machine.
 *
 * Guarantee: a mail's HTML is served with a policy that forbids scripts, forms and everything
 * remote, so a mail that contains them shows as text and styles only.
 */
import { Hono } from "hono";
import { bodyLimit } from "hono/body-limit";
import { z } from "zod";
import { mailFaultsSchema, mailSchema, type SandboxMail } from "./mail-box.ts";
import { listPage, mailPage } from "./mail-pages.ts";

export interface MailEnv {
  readonly SANDBOX_MAIL: DurableObjectNamespace<SandboxMail>;
}

const BODY_BYTES_MAX = 1024 * 1024;
const LISTED = 100;
const HTML_POLICY = "default-src 'none'; style-src 'unsafe-inline'; sandbox allow-popups";
const PAGE_POLICY =
  "default-src 'none'; style-src 'unsafe-inline'; frame-src 'self'; base-uri 'none'";

const keySchema = z.string().min(1).max(256).nullable();
const limitSchema = z.coerce.number().int().min(1).max(2000).catch(LISTED);

export const mailApp = new Hono<{ Bindings: MailEnv }>();

function box(env: MailEnv): DurableObjectStub<SandboxMail> {
  return env.SANDBOX_MAIL.getByName("mail");
}

function refuse(status: number, name: string, message: string): Response {
  return Response.json({ statusCode: status, name, message }, { status });
}

mailApp.post("/emails", bodyLimit({ maxSize: BODY_BYTES_MAX }), async (c) => {
  if (!/^Bearer \S+$/.test(c.req.header("authorization") ?? "")) {
    return refuse(401, "missing_api_key", "Missing API key in the authorization header.");
  }
  const key = keySchema.safeParse(c.req.header("idempotency-key") ?? null);
  if (!key.success) return refuse(400, "invalid_idempotency_key", "Use 1 to 256 characters.");
  const mail = mailSchema.safeParse(await c.req.json().catch(() => null));
  if (!mail.success) return refuse(422, "validation_error", z.prettifyError(mail.error));
  const { status, body } = await box(c.env).send(mail.data, key.data, Math.random());
  const headers: HeadersInit = status === 429 ? { "retry-after": "1" } : {};
  return Response.json(body, { status, headers });
});

const wantsHtml = (accept: string | undefined) => accept?.includes("text/html") === true;

mailApp.get("/sandbox/mail", async (c) => {
  const limit = limitSchema.parse(c.req.query("limit") ?? LISTED);
  const mails = await box(c.env).list(c.req.query("to") ?? null, limit);
  if (!wantsHtml(c.req.header("accept"))) return c.json({ mails });
  c.header("content-security-policy", PAGE_POLICY);
  return c.html(listPage(mails));
});

mailApp.delete("/sandbox/mail", async (c) => {
  await box(c.env).clear();
  return c.body(null, 204);
});

mailApp.get("/sandbox/mail-faults", async (c) => c.json(await box(c.env).faults()));

mailApp.put("/sandbox/mail-faults", async (c) => {
  const faults = mailFaultsSchema.safeParse(await c.req.json().catch(() => null));
  if (!faults.success) return refuse(422, "invalid_faults", z.prettifyError(faults.error));
  await box(c.env).setFaults(faults.data);
  return c.json(faults.data);
});

mailApp.get("/sandbox/mail/:id", async (c) => {
  const mail = await box(c.env).find(c.req.param("id"));
  if (mail === null) return refuse(404, "not_found", "There is no such mail.");
  if (!wantsHtml(c.req.header("accept"))) return c.json(mail);
  c.header("content-security-policy", PAGE_POLICY);
  return c.html(mailPage(mail));
});

mailApp.get("/sandbox/mail/:id/html", async (c) => {
  const mail = await box(c.env).find(c.req.param("id"));
  if (mail === null) return refuse(404, "not_found", "There is no such mail.");
  c.header("content-security-policy", HTML_POLICY);
  return c.html(mail.html);
});
