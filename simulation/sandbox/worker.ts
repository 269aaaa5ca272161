/**
 * The sandbox payment provider as a Worker: Stripe's API under /v1; under /sandbox its control
 * plane, a stand-in for Stripe.js and the page where a shopper authenticates. For sales that
 * require Turnstile it also emulates siteverify.
 *
 * Guarantee: the official Stripe SDK works with it unchanged, and no money moves.
 * Not for the open internet: the control plane has no authentication.
 */
import { Hono } from "hono";
import { bodyLimit } from "hono/body-limit";
import { cors } from "hono/cors";
import { z } from "zod";
import { type ApiError, invalidRequest } from "./api-error.ts";
import { bankRoutes } from "./bank-routes.ts";
import { answerOfBeacon } from "./beacon.ts";
import { browserRoutes } from "./browser-routes.ts";
import {
  controlRoutes,
  jsonBody,
  problem,
  providerOf,
  type SandboxContext,
} from "./control-routes.ts";
import { type ApiRequest, type Delivery, type SandboxEnv, SandboxProvider } from "./provider.ts";
import { errorObject } from "./stripe-objects.ts";
import { mailApp } from "./mail/mail-app.ts";
import { SandboxMail } from "./mail/mail-box.ts";

export { SandboxMail, SandboxProvider };

const BODY_BYTES_MAX = 16 * 1024;

const app = new Hono<{ Bindings: SandboxEnv }>();

// Before the limit of bodies, because a mail may be larger.
app.route("/", mailApp);

const TOO_LARGE: ApiError = { ...invalidRequest("The request body is too large."), status: 413 };

app.use("*", bodyLimit({ maxSize: BODY_BYTES_MAX, onError: () => stripeError(TOO_LARGE) }));

// Browsers call it from the shop's page, as they call Stripe's.
app.use("/v1/*", cors({ origin: "*", allowHeaders: ["authorization", "content-type"] }));

app.all("/v1/*", async (c) => {
  const key = /^Bearer (.+)$/.exec(c.req.header("authorization") ?? "")?.[1];
  const caller = key === undefined ? null : callerOf(key);
  if (caller === null) return stripeError(unauthorized(key));
  const url = new URL(c.req.url);
  const isPost = c.req.method === "POST";
  const parameters = isPost ? new URLSearchParams(await bodyText(c)) : url.searchParams;
  const delivery = await providerOf(c).call({
    method: c.req.method,
    path: url.pathname,
    parameters: [...parameters],
    key: c.req.header("idempotency-key") ?? null,
    origin: url.origin,
    ...caller,
  });
  return send(c, delivery);
});

// Like Cloudflare's, it accepts a form or JSON and answers with JSON.
app.post("/turnstile/v0/siteverify", async (c) => {
  const isJson = c.req.header("content-type")?.includes("json") === true;
  const form = isJson ? await jsonBody(c) : await c.req.parseBody();
  const read = z.record(z.string(), z.string()).safeParse(form);
  const { status, body } = await providerOf(c).siteverify(read.data ?? {});
  return new Response(body, { status, headers: { "content-type": "application/json" } });
});

// For `npm run dev`; other hosts have it at an address of its own.
app.get("/beacon/*", (c) => {
  const { status, body } = answerOfBeacon(c.req.path.slice("/beacon".length), Date.now());
  return Response.json(body, { status });
});

app.route("/sandbox", bankRoutes);
app.route("/sandbox", browserRoutes);
app.route("/sandbox", controlRoutes);

app.notFound((c) => problem(404, "not_found", `There is nothing at ${c.req.path}.`));

app.onError((error) => {
  console.error("sandbox:", error);
  return problem(500, "internal", "The sandbox failed; the reason is in its log.");
});

export default app;

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

/**
 * Secret keys are of the test mode only, because no money moves here. A publishable key of the live
 * mode is accepted, and makes tokens that no key of the test mode can use, as at Stripe.
 */
function callerOf(key: string): Pick<ApiRequest, "by" | "isLive"> | null {
  if (/^[rs]k_test_\w+$/.test(key)) return { by: "secret", isLive: false };
  const mode = /^pk_(live|test)_\w+$/.exec(key)?.[1];
  return mode === undefined ? null : { by: "publishable", isLive: mode === "live" };
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
