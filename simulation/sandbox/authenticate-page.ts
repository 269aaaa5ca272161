/**
 * A substitute for the card issuer's authentication page: the shopper accepts or refuses the
 * payment.
 *
 * Guarantee: it works without scripts, and the payment's id is its only input from the URL.
 */
import { html } from "hono/html";

export interface WaitingPayment {
  readonly id: string;
  readonly amount: number;
  readonly currency: string;
}

const STYLE = `
  body { font: 1.125rem/1.5 system-ui, sans-serif; max-width: 30rem; margin: 3rem auto;
         padding: 0 1rem; color: #1a1a1a; background: #fff; }
  button { font: inherit; padding: .75rem 1.25rem; margin: 0 .75rem .75rem 0; min-height: 2.75rem;
           border: 2px solid #14532d; border-radius: .375rem; background: #14532d; color: #fff; }
  button[value="refuse"] { background: #fff; color: #7f1d1d; border-color: #7f1d1d; }
`;

export function authenticatePage({ id, amount, currency }: WaitingPayment) {
  const sum = `${amount} ${currency.toUpperCase()} (minor units)`;
  return page(
    "Confirm your payment",
    html`<p>The sandbox bank asks: is this payment yours?</p>
      <dl>
        <dt>Payment</dt>
        <dd>${id}</dd>
        <dt>Amount</dt>
        <dd>${sum}</dd>
      </dl>
      <form method="post" action="/sandbox/authenticate/${id}">
        <button type="submit" name="decision" value="accept">Accept the payment</button>
        <button type="submit" name="decision" value="refuse">Refuse it</button>
      </form>`,
  );
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
