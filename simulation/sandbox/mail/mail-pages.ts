/**
 * The pages of the sandbox that show mails: a list, and one mail with its headers, its text and its
 * HTML in a frame that runs no scripts.
 */
import { html } from "hono/html";
import type { KeptMail } from "./mail-box.ts";

const STYLE = `
  :root { color-scheme: light dark; }
  body { font: 1rem/1.5 system-ui, sans-serif; max-width: 48rem; margin: 2rem auto;
         padding: 0 1rem; }
  li { margin-bottom: .75rem; }
  dt { font-weight: bold; }
  pre { white-space: pre-wrap; border: 1px solid; padding: 1rem; }
  iframe { width: 100%; height: 40rem; border: 1px solid; }
`;

type Html = ReturnType<typeof html>;

function page(title: string, body: Html): Html {
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

export function listPage(mails: readonly KeptMail[]): Html {
  if (mails.length === 0) return page("Mails", html`<p>No mail was sent.</p>`);
  const items = mails.map(({ id, subject, to, at }) => {
    return html`<li>
      <a href="/sandbox/mail/${id}">${subject}</a><br />to ${to.join(", ")}, ${at}
    </li>`;
  });
  return page(
    "Mails",
    html`<ol>
      ${items}
    </ol>`,
  );
}

export function mailPage(mail: KeptMail): Html {
  const headers = Object.entries({
    From: mail.from,
    To: mail.to.join(", "),
    ...(mail.reply_to === undefined ? {} : { "Reply-To": mail.reply_to }),
    Date: mail.at,
    ...mail.headers,
    ...(mail.key === null ? {} : { "Idempotency-Key": mail.key }),
  });
  const list = headers.map(([name, value]) => {
    return html`<dt>${name}</dt>
      <dd>${value}</dd>`;
  });
  return page(
    mail.subject,
    html`<p><a href="/sandbox/mail">All mails</a></p>
      <dl>${list}</dl>
      <h2>HTML</h2>
      <iframe
        title="The HTML part of the mail"
        sandbox="allow-popups"
        src="/sandbox/mail/${mail.id}/html"
      ></iframe>
      <h2>Text</h2>
      <pre>${mail.text}</pre>`,
  );
}
