/**
 * The control plane of the sandbox, under /sandbox: the ledger, and switches that make things
 * happen on demand. `docs/sandbox.md` lists them.
 *
 * Guarantee: bad input is answered with a problem document that names the field. Not for the open
 * internet: nothing here is authenticated.
 */
import { type Context, Hono } from "hono";
import type { z } from "zod";
import { Account, DEFAULT_ACCOUNT } from "./account.ts";
import {
  DashboardDispute,
  DashboardRefund,
  type DeskAct,
  type DeskOutcome,
  DisputeMove,
  RefundSettlement,
} from "./desk.ts";
import { FaultSettings, NO_FAULTS } from "./faults.ts";
import type { SandboxEnv, SandboxProvider } from "./provider.ts";
import { DEFAULT_SCRIPT, ScriptSettings } from "./script-settings.ts";

export type SandboxContext = Context<{ Bindings: SandboxEnv }>;

export const controlRoutes = new Hono<{ Bindings: SandboxEnv }>();

controlRoutes.get("/health", (c) => c.json({ ok: true }));

controlRoutes.get("/ledger", async (c) => c.json(await providerOf(c).ledger()));

controlRoutes.get("/faults", async (c) => c.json(await providerOf(c).faults()));

controlRoutes.put("/faults", (c) => {
  return set(c, FaultSettings, "invalid_faults", "The fault settings are not valid.", (faults) =>
    providerOf(c).setFaults(faults),
  );
});

controlRoutes.delete("/faults", async (c) => {
  await providerOf(c).setFaults(NO_FAULTS);
  return c.body(null, 204);
});

controlRoutes.get("/account", async (c) => c.json(await providerOf(c).account()));

controlRoutes.put("/account", (c) => {
  return set(c, Account, "invalid_account", "The account's settings are not valid.", (account) =>
    providerOf(c).setAccount(account),
  );
});

controlRoutes.delete("/account", async (c) => {
  await providerOf(c).setAccount(DEFAULT_ACCOUNT);
  return c.body(null, 204);
});

controlRoutes.get("/script", async (c) => c.json(await providerOf(c).script()));

controlRoutes.put("/script", (c) => {
  return set(
    c,
    ScriptSettings,
    "invalid_script",
    "The script's settings are not valid.",
    (script) => providerOf(c).setScript(script),
  );
});

controlRoutes.delete("/script", async (c) => {
  await providerOf(c).setScript(DEFAULT_SCRIPT);
  return c.body(null, 204);
});

controlRoutes.post("/reset", async (c) => {
  await providerOf(c).reset();
  return c.body(null, 204);
});

controlRoutes.post("/payments/:id/refund", (c) => {
  return act(c, DashboardRefund, (id, refund) => ({ kind: "refund", id, ...refund }));
});

controlRoutes.post("/payments/:id/dispute", (c) => {
  return act(c, DashboardDispute, (id, dispute) => ({ kind: "dispute", id, ...dispute }));
});

controlRoutes.post("/refunds/:id", (c) => {
  return act(c, RefundSettlement, (id, settlement) => {
    return { kind: "settle_refund", id, ...settlement };
  });
});

controlRoutes.post("/disputes/:id", (c) => {
  return act(c, DisputeMove, (id, { status }) => ({ kind: "move_dispute", id, status }));
});

export function providerOf(c: SandboxContext): DurableObjectStub<SandboxProvider> {
  return c.env.SANDBOX.getByName("sandbox");
}

async function set<Schema extends z.ZodType>(
  c: SandboxContext,
  schema: Schema,
  code: string,
  detail: string,
  store: (settings: z.output<Schema>) => Promise<void>,
): Promise<Response> {
  const read = schema.safeParse(await jsonBody(c));
  if (!read.success) return invalid(code, detail, read.error);
  await store(read.data);
  return Response.json(read.data);
}

/** An empty body takes the defaults. */
async function act<Schema extends z.ZodType>(
  c: SandboxContext,
  schema: Schema,
  make: (id: string, wanted: z.output<Schema>) => DeskAct,
): Promise<Response> {
  const isEmpty = (await c.req.raw.clone().text()) === "";
  const read = schema.safeParse(isEmpty ? {} : await jsonBody(c));
  if (!read.success) return invalid("invalid_act", "The request is not valid.", read.error);
  const id = c.req.param("id") ?? "";
  const origin = new URL(c.req.url).origin;
  const outcome: DeskOutcome = await providerOf(c).atDesk(origin, make(id, read.data));
  if (outcome.kind === "missing") return problem(404, "not_found", outcome.message);
  if (outcome.kind === "done") return Response.json({ id: outcome.id });
  const message = outcome.kind === "refused" ? outcome.message : "Nothing was done.";
  return problem(409, "not_possible", message);
}

export async function jsonBody(c: SandboxContext): Promise<unknown> {
  try {
    return await c.req.json();
  } catch {
    return undefined;
  }
}

function invalid(code: string, detail: string, error: z.ZodError): Response {
  const errors = error.issues.flatMap((issue) => {
    const { message } = issue;
    const keys = issue.code === "unrecognized_keys" ? issue.keys.map((key) => [key]) : [[]];
    return keys.map((key) => ({ path: [...issue.path, ...key].join("."), message }));
  });
  return problem(422, code, detail, errors);
}

/** A problem document of RFC 9457. */
export function problem(
  status: number,
  code: string,
  detail: string,
  errors?: readonly { readonly path: string; readonly message: string }[],
): Response {
  const document = { type: "about:blank", status, code, detail, ...(errors ? { errors } : {}) };
  const headers = { "content-type": "application/problem+json" };
  return new Response(JSON.stringify(document), { status, headers });
}
