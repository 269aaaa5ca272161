/**
 * The page before a place, for a sale that requires a proof: Turnstile's widget or ALTCHA's, and
 * the button that joins.
 *
 * Guarantee: says that the check needs scripts, as both widgets do, and what to do when it cannot
 * be loaded. ALTCHA's widget is served from here and contacts no other host; Turnstile's comes from
 * Cloudflare, and this is the only page on which the browser may load it.
 */
import { html } from "hono/html";
import type { Protection, ProofRefusal } from "../../domain/sale/protection.ts";
import { TURNSTILE_ACTION } from "../../domain/sale/protection.ts";
import type { Sale } from "../../domain/sale/sale.ts";
import { challengePath } from "../../web/paths.ts";
import { page, type Html, type Maybe } from "../parts/layout.ts";
import { ASSETS, partLink, saleLink } from "../parts/links.ts";
import { proofText } from "../parts/proof-text.ts";

export type AskingProtection = Exclude<Protection, { readonly kind: "none" }>;

/** How the join was begun; it continues the same way with the proof. */
export interface JoinDetails {
  /** Gives up a place that can no longer be used. */
  readonly afresh: boolean;
  /** Joins the general line, without the pass in the browser. */
  readonly general: boolean;
  /** The guarded address that the shopper requested; null when there is none. */
  readonly to: string | null;
}

export interface ProofModel {
  readonly sale: Sale;
  readonly protection: AskingProtection;
  readonly details: JoinDetails;
  /** Why the proof was refused; null when none was sent. */
  readonly refused: ProofRefusal | null;
  readonly now: number;
}

const TURNSTILE_SCRIPT = "https://challenges.cloudflare.com/turnstile/v0/api.js";

/** What this page's content security policy allows in addition to that of every page. */
export function proofPolicy({ kind }: AskingProtection): Readonly<Record<string, string>> {
  if (kind === "altcha") return { "worker-src": "'self'" };
  const widget = "https://challenges.cloudflare.com";
  return { "script-src": `'self' ${widget}`, "frame-src": widget };
}

export function proofPage({ sale, protection, details, refused, now }: ProofModel): Html {
  const { kind } = protection;
  return page(
    {
      title: "One more step",
      sale,
      now,
      scripts: kind === "altcha" ? ["altcha/widget.js", "proof.js"] : ["proof.js"],
      ...(kind === "altcha"
        ? { styles: ["altcha/widget.css"] }
        : { foreignScript: TURNSTILE_SCRIPT }),
      data: html`data-proof="${kind}"`,
    },
    html`<section class="panel" aria-labelledby="proof">
      <h1 id="proof">One more step</h1>
      ${refused === null ? "" : refusal(refused)}
      <p>${kind === "altcha" ? WORK : CHECK}</p>
      <noscript>
        <p class="note">
          This check needs JavaScript. Turn JavaScript on for this page, or open it in another
          browser.
        </p>
      </noscript>
      <p class="note" data-trouble hidden>
        The check could not be loaded. See whether something blocks scripts on this page, and reload
        it.
      </p>
      <form method="post" action="${partLink(sale.id, "join")}">
        ${kept(details)} ${kind === "altcha" ? altcha(sale) : turnstile(sale, protection)}
        <button type="submit">Join the line</button>
      </form>
      <p><a href="${saleLink(sale.id)}">Back to the sale</a></p>
    </section>`,
  );
}

const WORK =
  "Before you get a place, your device solves a small puzzle by itself. It takes a few seconds " +
  "and keeps scripts that ask for thousands of places away. Nothing about you is collected.";
const CHECK =
  "Before you get a place, Cloudflare checks that you are a person. Most people " +
  "need to do nothing.";

function refusal(reason: ProofRefusal): Html {
  return html`<div class="faults" role="alert">
    <h2>That did not work</h2>
    <p>${proofText(reason)}</p>
    <p>If you contact the shop, give them this code: <code>proof_invalid, ${reason}</code></p>
  </div>`;
}

function kept({ afresh, general, to }: JoinDetails): Html {
  return html`${to === null ? "" : html`<input type="hidden" name="to" value="${to}" />`}
  ${afresh ? html`<input type="hidden" name="afresh" value="yes" />` : ""}
  ${general ? html`<input type="hidden" name="general" value="yes" />` : ""}`;
}

/** The widget writes its proof into a hidden field of its form. */
function altcha(sale: Sale): Html {
  return html`<altcha-widget
    name="proof"
    auto="onload"
    language="en"
    challenge="${challengePath(sale.id)}"
    data-workers="${ASSETS}/altcha"
  ></altcha-widget>`;
}

function turnstile(sale: Sale, protection: AskingProtection): Maybe {
  if (protection.kind !== "turnstile") return null;
  return html`<div
    class="cf-turnstile"
    data-sitekey="${protection.siteKey}"
    data-action="${TURNSTILE_ACTION}"
    data-cdata="${sale.id}"
    data-response-field-name="proof"
  ></div>`;
}

/** Only the widget's HTML, for an app with pages of its own; empty when the sale requires none. */
export function turnstileMarkup({ id, protection }: Sale): string {
  if (protection.kind !== "turnstile") return "";
  const data = `data-sitekey="${protection.siteKey}" data-action="${TURNSTILE_ACTION}"`;
  const script = `<script async defer src="${TURNSTILE_SCRIPT}"></script>`;
  return `${script}<div class="cf-turnstile" ${data} data-cdata="${id}"></div>`;
}
