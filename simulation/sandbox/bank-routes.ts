/**
 * The page of the card issuer, where the shopper accepts or refuses a payment: by redirect, or in a
 * dialog of the stand-in for Stripe.js.
 *
 * Guarantee: it works without scripts, except that the dialog is closed by one; the payment's id is
 * its only input from the URL.
 */
import { Hono } from "hono";
import { z } from "zod";
import { authenticatePage, decidedPage, refusedPage } from "./authenticate-page.ts";
import { providerOf, type SandboxContext } from "./control-routes.ts";
import type { DeskAct, DeskOutcome } from "./desk.ts";
import type { SandboxEnv } from "./provider.ts";

export const bankRoutes = new Hono<{ Bindings: SandboxEnv }>();

bankRoutes.get("/authenticate/:id", async (c) => {
  const inDialog = secure(c);
  const id = c.req.param("id");
  const state = await atDesk(c, { kind: "look", id });
  if (state.kind !== "waiting") return c.html(refusedPage(reasonOf(state)), 404);
  const { amount, currency } = state;
  return c.html(authenticatePage({ id, amount, currency, inDialog }));
});

bankRoutes.post("/authenticate/:id", async (c) => {
  const inDialog = secure(c);
  const id = c.req.param("id");
  const decision = z.enum(["accept", "refuse"]).safeParse((await c.req.parseBody())["decision"]);
  if (!decision.success) return c.html(refusedPage("Accept or refuse the payment."), 400);
  const accepted = decision.data === "accept";
  const state = await atDesk(c, { kind: "authenticate", id, accepted });
  if (state.kind !== "done") return c.html(refusedPage(reasonOf(state)), 409);
  if (inDialog || state.returnUrl === null) return c.html(decidedPage(accepted, inDialog));
  return c.redirect(returnAddress(state.returnUrl, id, accepted), 303);
});

function atDesk(c: SandboxContext, act: DeskAct): Promise<DeskOutcome> {
  return providerOf(c).atDesk(new URL(c.req.url).origin, act);
}

function reasonOf(state: DeskOutcome): string {
  return "message" in state ? state.message : "This payment is not waiting for authentication.";
}

/**
 * No `form-action`: browsers apply it to the redirect back to the shop too, and the policy cannot
 * name the shop's address. In the dialog of the stand-in, any shop's page may be around it.
 *
 * @returns true in the dialog
 */
function secure(c: SandboxContext): boolean {
  const inDialog = c.req.query("in") === "dialog";
  const ancestors = inDialog ? "*" : "'none'";
  c.header(
    "content-security-policy",
    "default-src 'none'; script-src 'self'; style-src 'unsafe-inline'; base-uri 'none'; " +
      `frame-ancestors ${ancestors}`,
  );
  c.header("referrer-policy", "no-referrer");
  return inDialog;
}

/** Stripe adds these parameters to the return URL. The shop must still look the payment up. */
function returnAddress(returnUrl: string, id: string, accepted: boolean): string {
  const url = new URL(returnUrl);
  url.searchParams.set("payment_intent", id);
  url.searchParams.set("redirect_status", accepted ? "succeeded" : "failed");
  return url.href;
}
