/**
 * A substitute for the card issuer's authentication page: the shopper accepts or refuses the
 * payment.
 *
 * Guarantee: it works without scripts, and the payment's id is its only input from the URL.
 */
import { html } from "hono/html";
import { moneyText } from "../../src/domain/money/amounts.ts";

export interface WaitingPayment {
  readonly id: string;
  readonly amount: number;
  readonly currency: string;
  /** True in the dialog of Stripe.js' stand-in, in the shop's page. */
  readonly inDialog: boolean;
}

/** Small enough for the dialog on a phone, whose bottom would hide the buttons. */
const STYLE = `
  :root { color-scheme: light dark; }
  body { font: 1.0625rem/1.4 system-ui, sans-serif; max-width: 30rem; margin: 1rem auto;
         padding: 0 1rem; color: light-dark(#1a1a1a, #f2f2f2);
         background: light-dark(#fff, #1c1f24); }
  h1 { font-size: 1.375rem; margin: 0 0 .5rem; }
  p, dl { margin: 0 0 .75rem; }
  dl { display: grid; grid-template-columns: auto 1fr; gap: .25rem 1rem; }
  dd { margin: 0; overflow-wrap: anywhere; }
  button { font: inherit; padding: .5rem 1rem; margin: 0 .5rem .5rem 0; min-height: 2.75rem;
           border: 2px solid #14532d; border-radius: .375rem; background: #14532d; color: #fff; }
  button[value=refuse] { background: transparent; color: light-dark(#7f1d1d, #ff9db5);
                           border-color: currentcolor; }
`;

export function authenticatePage({ id, amount, currency, inDialog }: WaitingPayment) {
  const sum = moneyText(amount, currency.toUpperCase());
  const target = `/sandbox/authenticate/${id}${inDialog ? "?in=dialog" : ""}`;
  return page(
    "Confirm your payment",
    html`<p>The sandbox bank asks: is this payment yours?</p>
      <dl>
        <dt>Payment</dt>
        <dd>${id}</dd>
        <dt>Amount</dt>
        <dd>${sum}</dd>
      </dl>
      <form method="post" action="${target}">
        <button type="submit" name="decision" value="accept">Accept the payment</button>
        <button type="submit" name="decision" value="refuse">Refuse it</button>
      </form>
      ${inDialog ? script("dialog-escape.js") : ""}`,
  );
}

/** In the dialog its script tells the shop's page; otherwise the shopper has nowhere to return. */
export function decidedPage(accepted: boolean, inDialog: boolean) {
  const text = accepted ? "You accepted the payment." : "You refused the payment.";
  return page(
    "Thank you",
    html`<p>${text}</p>
      ${inDialog ? script("decided.js") : ""}`,
  );
}

function script(file: string) {
  return html`<script type="module" src="/sandbox/elements/${file}"></script>`;
}

export function refusedPage(message: string) {
  return page("Nothing to confirm", html`<p>${message}</p>`);
}

function page(title: string, body: ReturnType<typeof html>) {
  return html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <title>${title} · sandbox</title>
        <style>
          ${STYLE}
        </style>
      </head>
      <body>
        <main>
          <h1>${title}</h1>
          ${body}
        </main>
      </body>
    </html>`;
}
