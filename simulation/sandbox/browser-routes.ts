/**
 * The stand-in for Stripe.js and the frames that it shows in the shop's page.
 *
 * Guarantee: card data is entered in a document of the sandbox's origin and is sent to it alone.
 */
import { Hono } from "hono";
import { cardFormPage, expressPage } from "./element-pages.ts";
import { providerOf, type SandboxContext } from "./control-routes.ts";
import type { SandboxEnv } from "./provider.ts";

export const browserRoutes = new Hono<{ Bindings: SandboxEnv }>();

/** The parts of the plain script, which share one scope. */
const SCRIPT_PARTS = [
  "stripe-api.js",
  "stripe-frame.js",
  "stripe-element.js",
  "stripe-elements.js",
  "stripe-payment-element.js",
  "stripe-wallet-sheet.js",
  "stripe-express-element.js",
  "stripe-next-action.js",
  "stripe.js",
] as const;

browserRoutes.get("/stripe.js", async (c) => {
  const { delay_ms, fail } = await providerOf(c).script();
  if (delay_ms > 0) await new Promise((resolve) => setTimeout(resolve, delay_ms));
  if (fail) return c.text("The script is switched off by PUT /sandbox/script.", 503);
  const parts = await Promise.all(SCRIPT_PARTS.map((part) => asset(c, part)));
  const origin = JSON.stringify(new URL(c.req.url).origin);
  const scope = parts.map(withoutModuleSyntax).join("\n");
  const script = `(() => {\n"use strict";\nconst SANDBOX = ${origin};\n${scope}})();\n`;
  return new Response(script, { headers: SCRIPT_HEADERS });
});

browserRoutes.get("/elements/:file{[a-z-]+\\.(?:css|js)}", async (c) => {
  const file = c.req.param("file");
  const answer = await c.env.ASSETS.fetch(assetUrl(c, file));
  if (!answer.ok) return c.notFound();
  const type = file.endsWith(".css") ? "text/css" : "text/javascript";
  const headers = { "content-type": `${type}; charset=utf-8`, "cache-control": "no-store" };
  return new Response(answer.body, { headers });
});

/** Not stored, so that a change of the switches is seen at once. */
const SCRIPT_HEADERS = {
  "content-type": "text/javascript; charset=utf-8",
  "cache-control": "no-store",
};

browserRoutes.get("/elements/payment", async (c) => {
  allowFrames(c);
  if ((await providerOf(c).script()).failElements) return c.text("Switched off.", 503);
  const { methods } = await providerOf(c).account();
  return c.html(cardFormPage(methods));
});

browserRoutes.get("/elements/express-checkout", async (c) => {
  allowFrames(c);
  if ((await providerOf(c).script()).failElements) return c.text("Switched off.", 503);
  const { methods, wallets } = await providerOf(c).account();
  const offered = wallets.filter((wallet) => methods.includes(wallet === "link" ? "link" : "card"));
  return c.html(expressPage(offered));
});

async function asset(c: SandboxContext, file: string): Promise<string> {
  const answer = await c.env.ASSETS.fetch(assetUrl(c, file));
  if (!answer.ok) throw new Error(`the sandbox has no file ${file}`);
  return answer.text();
}

function assetUrl(c: SandboxContext, file: string): URL {
  return new URL(`/${file}`, c.req.url);
}

/** The modules share one scope, in which each name is unique. */
function withoutModuleSyntax(module: string): string {
  return module.replaceAll(/^import [^;]+;$/gm, "").replaceAll(/^export /gm, "");
}

/** A document that the stand-in shows in a frame of any shop's page. */
function allowFrames(c: SandboxContext): void {
  c.header(
    "content-security-policy",
    "default-src 'none'; script-src 'self'; style-src 'self'; " +
      "connect-src 'self'; form-action 'none'; base-uri 'none'",
  );
  c.header("referrer-policy", "no-referrer");
  c.header("cache-control", "no-store");
}
