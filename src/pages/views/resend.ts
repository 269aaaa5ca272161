/**
 * The page that sends a form of another site once more, from this host, so that the browser adds
 * the shopper's cookies.
 *
 * Guarantee: works with and without scripts: `resend.js` presses the button. The form goes to the
 * page's own address, which a form without `action` means, however that address is spelled.
 */
import { html } from "hono/html";
import type { Sale } from "../../domain/sale/sale.ts";
import { page, type Html } from "../parts/layout.ts";

export const FORM_FIELD = "sluice-form";
export const BODY_FIELD = "body";

export interface ResendModel {
  readonly sale: Pick<Sale, "id" | "title">;
  /** What came with the form, in base64. */
  readonly form: string;
  /** The form's body, in base64. */
  readonly body: string;
  readonly now: number;
}

export function resendPage({ sale, form, body, now }: ResendModel): Html {
  const title = "Continue to the shop";
  return page(
    { title, sale, now, scripts: ["resend.js"] },
    html`<section class="panel" aria-labelledby="resend">
      <h1 id="resend">${title}</h1>
      <p>You came back to the shop from another site.</p>
      <form method="post" enctype="text/plain" data-resend>
        <input type="hidden" name="${FORM_FIELD}" value="${form}" />
        <input type="hidden" name="${BODY_FIELD}" value="${body}" />
        <button type="submit">Continue</button>
      </form>
    </section>`,
  );
}
