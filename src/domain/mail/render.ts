/**
 * A mail's content as text and as HTML.
 *
 * Guarantee: every value is escaped, and both parts have the same content. The HTML has no script,
 * no image and no remote resource, so opening it tells nobody. It sets no colours, so mail programs
 * show it in the reader's light or dark scheme; it is read in order, without tables for layout.
 */
import { html } from "hono/html";
import type { MailContent } from "./content.ts";
import { printable } from "./address.ts";

export interface RenderedMail {
  readonly subject: string;
  readonly text: string;
  readonly html: string;
}

export async function renderMail(content: MailContent): Promise<RenderedMail> {
  return { subject: content.subject, text: textPart(content), html: await htmlPart(content) };
}

function lineText({ name, quantity, price }: MailContent["lines"][number]): string {
  return `${quantity} × ${printable(name)}: ${price}`;
}

function textPart(content: MailContent): string {
  const { heading, paragraphs, links, lines, amounts, details, footer } = content;
  const parts = [
    heading,
    ...paragraphs,
    ...links.map(({ text, url }) => `${text}:\n${url}`),
    lines.map(lineText).join("\n"),
    amounts.map(({ label, value }) => `${label}: ${value}`).join("\n"),
    ...details.map(({ label, value }) => [`${label}:`, ...value].join("\n")),
    "-- ",
    ...footer,
  ];
  return `${parts.filter((part) => part !== "").join("\n\n")}\n`;
}

const STYLE = `
  :root { color-scheme: light dark; supported-color-schemes: light dark; }
  body { margin: 0; padding: 16px; font: 16px/1.5 system-ui, sans-serif; }
  main { max-width: 600px; margin: 0 auto; }
  h1 { font-size: 24px; line-height: 1.25; }
  h2 { font-size: 18px; margin-bottom: 8px; }
  ul { padding-left: 20px; }
  a { font-weight: bold; }
`;

async function htmlPart(content: MailContent): Promise<string> {
  const { subject, heading, paragraphs, links, lines, amounts, details, footer } = content;
  const page = await html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="color-scheme" content="light dark" />
        <meta name="supported-color-schemes" content="light dark" />
        <title>${subject}</title>
        <style>
          ${STYLE}
        </style>
      </head>
      <body>
        <main>
          <h1>${heading}</h1>
          ${paragraphs.map((text) => html`<p>${text}</p> `)}
          ${links.map(({ text, url }) => html`<p><a href="${url}">${text}</a></p> `)}
          ${lines.length === 0 ? "" : await itemsPart(lines, amounts)}
          ${details.map(({ label, value }) => {
            return html`<h2>${label}</h2>
              <p>${value.map((part) => html`${part}<br />`)}</p> `;
          })}
          <hr />
          ${footer.map((text) => html`<p><small>${text}</small></p> `)}
        </main>
      </body>
    </html> `;
  // A `String` object, which marks that it is escaped; a part of a mail is a plain text.
  return page.toString();
}

function itemsPart(lines: MailContent["lines"], amounts: MailContent["amounts"]) {
  return html`<h2>Your items</h2>
    <ul>
      ${lines.map((line) => html`<li>${lineText(line)}</li> `)}
    </ul>
    <ul>
      ${amounts.map(({ label, value }) => {
        return html`<li>${label}: <strong>${value}</strong></li> `;
      })}
    </ul>`;
}
