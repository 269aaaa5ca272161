/**
 * A mail's content as text and as HTML.
 *
 * Guarantee: every value is escaped, and both parts have the same content. The HTML has no script,
 * no image and no remote resource, so opening it tells nobody. It sets no colours, so mail programs
 * show it in the reader's light or dark scheme. Its one table has the items and amounts, with
 * headers; nothing else is laid out with tables.
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

/** A label that is longer has a line of its own, so that the column of prices stays near. */
const LABEL_COLUMNS_MAX = 44;

/** One row of the text: what, and how much. */
type Row = readonly [label: string, value: string];

/** Labels on the left, values below each other on the right. */
function alignedText(rows: readonly Row[]): (row: Row) => string {
  const labels = rows
    .map(([label]) => columns(label))
    .filter((width) => width <= LABEL_COLUMNS_MAX);
  const labelWidth = Math.max(0, ...labels);
  const valueWidth = Math.max(0, ...rows.map(([, value]) => columns(value)));
  return ([label, value]) => {
    const isLong = columns(label) > LABEL_COLUMNS_MAX;
    const gap = labelWidth - (isLong ? 0 : columns(label)) + valueWidth - columns(value) + 2;
    return `${label}${isLong ? "\n" : ""}${" ".repeat(gap)}${value}`;
  };
}

/** Counts characters as readers see them; an emoji of several code points is one. */
function columns(text: string): number {
  return [...new Intl.Segmenter("en").segment(text)].length;
}

/** Two blocks, the items and the amounts, in the same columns. */
function itemsText({ lines, amounts }: MailContent): string[] {
  const items = lines.map(({ name, quantity, price }) => {
    return [`${quantity} × ${printable(name)}`, price] as const;
  });
  const sums = amounts.map(({ label, value }) => [label, value] as const);
  const write = alignedText([...items, ...sums]);
  return [items, sums].map((rows) => rows.map(write).join("\n"));
}

function textPart(content: MailContent): string {
  const { heading, paragraphs, links, details, footer } = content;
  const parts = [
    heading,
    ...paragraphs,
    ...links.map(({ text, url }) => `${text}:\n${url}`),
    ...itemsText(content),
    ...details.map(({ label, value }) => [`${label}:`, ...value].join("\n")),
    "-- ",
    ...footer,
  ];
  return `${parts.filter((part) => part !== "").join("\n\n")}\n`;
}

/** Without quotes and signs that HTML escapes, because they would be escaped here too. */
const STYLE = `
  :root { color-scheme: light dark; supported-color-schemes: light dark; }
  body { margin: 0; padding: 16px; font: 16px/1.5 system-ui, sans-serif; }
  main { max-width: 600px; margin: 0 auto; }
  h1 { font-size: 24px; line-height: 1.25; }
  h2 { font-size: 18px; margin-bottom: 8px; }
  table { width: 100%; border-collapse: collapse; }
  th, td { padding: 4px 16px 4px 0; text-align: left; vertical-align: top; }
  tfoot th { font-weight: normal; }
  tfoot tr:first-child th, tfoot tr:first-child td { border-top: 1px solid; }
  td:last-child, thead th:last-child { padding-right: 0; text-align: right; white-space: nowrap; }
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
    <table>
      <thead>
        <tr>
          <th scope="col">Item</th>
          <th scope="col">Quantity</th>
          <th scope="col">Price</th>
        </tr>
      </thead>
      <tbody>
        ${lines.map(({ name, quantity, price }) => {
          return html`<tr>
            <td>${printable(name)}</td>
            <td>${quantity}</td>
            <td>${price}</td>
          </tr> `;
        })}
      </tbody>
      <tfoot>
        ${amounts.map(({ label, value, isMain = false }) => {
          return html`<tr>
            <th scope="row" colspan="2">${label}</th>
            <td>${isMain ? html`<strong>${value}</strong>` : value}</td>
          </tr> `;
        })}
      </tfoot>
    </table>`;
}
