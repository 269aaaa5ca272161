/**
 * The sandbox payment provider as a Worker: Stripe's API under /v1, its control plane and the page
 * where a shopper authenticates under /sandbox. For sales that require Turnstile it also
 * emulates siteverify.
 *
 * Guarantee: the official Stripe SDK works with it unchanged, and no money moves.
 * Not for the open internet: the control plane has no authentication.
 */
import { type Context, Hono } from "hono";
import { bodyLimit } from "hono/body-limit";
import { z } from "zod";
import { type ApiError, invalidRequest } from "./api-error.ts";
import { authenticatePage, refusedPage } from "./authenticate-page.ts";
import { FaultSettings, NO_FAULTS } from "./faults.ts";
import { type Delivery, SandboxProvider, type SandboxEnv } from "./provider.ts";
import { errorObject } from "./stripe-objects.ts";

export { SandboxProvider };

const BODY_BYTES_MAX = 16 * 1024;

type SandboxContext = Context<{ Bindings: SandboxEnv }>;

const app = new Hono<{ Bindings: SandboxEnv }>();

const TOO_LARGE: ApiError = { ...invalidRequest("The request body is too large."), status: 413 };

app.use("*", bodyLimit({ maxSize: BODY_BYTES_MAX, onError: () => stripeError(TOO_LARGE) }));

app.all("/v1/*", async (c) => {
  const key = /^Bearer (.+)$/.exec(c.req.header("authorization") ?? "")?.[1];
  if (key === undefined || !/^[rs]k_test_\w+$/.test(key)) return stripeError(unauthorized(key));
  const url = new URL(c.req.url);
  const isPost = c.req.method === "POST";
  const parameters = isPost ? new URLSearchParams(await bodyText(c)) : url.searchParams;
  const delivery = await provider(c).call({
    method: c.req.method,
    path: url.pathname,
    parameters: [...parameters],
    key: c.req.header("idempotency-key") ?? null,
    origin: url.origin,
  });
  return send(c, delivery);
});

// Like Cloudflare's, it accepts a form or JSON and answers with JSON.
app.post("/turnstile/v0/siteverify", async (c) => {
  const isJson = c.req.header("content-type")?.includes("json") === true;
  const form = isJson ? await jsonBody(c) : await c.req.parseBody();
  const read = z.record(z.string(), z.string()).safeParse(form);
  const { status, body } = await provider(c).siteverify(read.data ?? {});
  return new Response(body, { status, headers: { "content-type": "application/json" } });
});

app.get("/sandbox/health", (c) => c.json({ ok: true }));

app.get("/sandbox/ledger", async (c) => c.json(await provider(c).ledger()));

app.get("/sandbox/faults", async (c) => c.json(await provider(c).faults()));

app.put("/sandbox/faults", async (c) => {
  const read = FaultSettings.safeParse(await jsonBody(c));
  if (!read.success) return invalidFaults(read.error);
  await provider(c).setFaults(read.data);
  return c.json(read.data);
});

app.delete("/sandbox/faults", async (c) => {
  await provider(c).setFaults(NO_FAULTS);
  return c.body(null, 204);
});

app.post("/sandbox/reset", async (c) => {
  await provider(c).reset();
  return c.body(null, 204);
});

app.get("/sandbox/authenticate/:id", async (c) => {
  secure(c);
  const id = c.req.param("id");
  const state = await provider(c).authentication(id);
  if (state.kind !== "waiting") return c.html(refusedPage(reasonOf(state)), 404);
  return c.html(authenticatePage({ id, amount: state.amount, currency: state.currency }));
});

app.post("/sandbox/authenticate/:id", async (c) => {
  secure(c);
  const id = c.req.param("id");
  const decision = z.enum(["accept", "refuse"]).safeParse((await c.req.parseBody())["decision"]);
  if (!decision.success) return c.html(refusedPage("Accept or refuse the payment."), 400);
  const state = await provider(c).authenticate(id, decision.data === "accept");
  if (state.kind !== "done" || state.returnUrl === null) {
    return c.html(refusedPage(reasonOf(state)), 409);
  }
  return c.redirect(returnAddress(state.returnUrl, id, state.accepted), 303);
});

app.notFound((c) => problem(404, "not_found", `There is nothing at ${c.req.path}.`));

app.onError((error) => {
  console.error("sandbox:", error);
  return problem(500, "internal", "The sandbox failed; the reason is in its log.");
});

export default app;

function provider(c: SandboxContext): DurableObjectStub<SandboxProvider> {
  return c.env.SANDBOX.getByName("sandbox");
}

async function send(c: SandboxContext, delivery: Delivery): Promise<Response> {
  const { status, headers, body, held_ms, cut } = delivery;
  if (held_ms > 0) await new Promise((resolve) => setTimeout(resolve, held_ms));
  return new Response(cut ? breakingOff(c, body) : body, {
    status,
    headers: { ...headers, "content-type": "application/json" },
  });
}

/**
 * Sends half of the body and then breaks the connection. The body needs a `Content-Length`, because
 * workerd ends a chunked body that fails as if it were complete. workerd logs the error as
 * uncaught, so its message names the fault that caused it.
 */
function breakingOff(c: SandboxContext, body: string): ReadableStream {
  const bytes = new TextEncoder().encode(body);
  const { readable, writable } = new FixedLengthStream(bytes.length);
  const writer = writable.getWriter();
  const breaking = writer
    .write(bytes.slice(0, bytes.length >> 1))
    .then(() => writer.abort(new Error("fault `disconnect`, set by PUT /sandbox/faults")));
  // The write fails if the client closes the connection first, which has the same effect.
  c.executionCtx.waitUntil(breaking.catch(() => undefined));
  return readable;
}

function stripeError(error: ApiError): Response {
  return Response.json(errorObject(error), { status: error.status });
}

function unauthorized(key: string | undefined): ApiError {
  const message =
    key === undefined
      ? "You did not provide an API key. Use 'Authorization: Bearer sk_test_...'."
      : "Invalid API key provided. The sandbox takes keys that begin with sk_test_ or rk_test_.";
  return { ...invalidRequest(message), status: 401 };
}

/** Not `text()`, because workerd logs a warning when the media type does not begin with text. */
async function bodyText(c: SandboxContext): Promise<string> {
  return new TextDecoder().decode(await c.req.arrayBuffer());
}

async function jsonBody(c: SandboxContext): Promise<unknown> {
  try {
    return await c.req.json();
  } catch {
    return undefined;
  }
}

function invalidFaults(error: z.ZodError): Response {
  const errors = error.issues.flatMap((issue) => {
    const { message } = issue;
    const keys = issue.code === "unrecognized_keys" ? issue.keys.map((key) => [key]) : [[]];
    return keys.map((key) => ({ path: [...issue.path, ...key].join("."), message }));
  });
  return problem(422, "invalid_faults", "The fault settings are not valid.", errors);
}

/** A problem document of RFC 9457. */
function problem(
  status: number,
  code: string,
  detail: string,
  errors?: readonly { readonly path: string; readonly message: string }[],
): Response {
  const document = { type: "about:blank", status, code, detail, ...(errors ? { errors } : {}) };
  const headers = { "content-type": "application/problem+json" };
  return new Response(JSON.stringify(document), { status, headers });
}

function reasonOf(state: { readonly kind: string; readonly message?: string }): string {
  return state.message ?? "This payment has no return URL.";
}

/**
 * No `form-action`: browsers apply it to the redirect back to the shop too, and the policy cannot
 * name the shop's address.
 */
function secure(c: SandboxContext): void {
  c.header(
    "content-security-policy",
    "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; frame-ancestors 'none'",
  );
  c.header("referrer-policy", "no-referrer");
}

/** Stripe adds these parameters to the return URL. The shop must still look the payment up. */
function returnAddress(returnUrl: string, id: string, accepted: boolean): string {
  const url = new URL(returnUrl);
  url.searchParams.set("payment_intent", id);
  url.searchParams.set("redirect_status", accepted ? "succeeded" : "failed");
  return url.href;
}
