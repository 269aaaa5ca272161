/**
 * The reference of the API: a frame that Swagger UI fills from the OpenAPI document.
 *
 * Guarantee: no inline script and no inline style. Without scripts the page links the document
 * itself. Not in the frame of the shopper's pages, whose styles are not the viewer's.
 */
import { html } from "hono/html";
import type { Html } from "../parts/layout.ts";
import { ASSETS } from "../parts/links.ts";

const DOCUMENT = "/_sluice/openapi.json";

export function apiReferencePage(): Html {
  return html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="color-scheme" content="light dark" />
        <meta name="robots" content="noindex" />
        <title>Sluice API</title>
        <link rel="icon" type="image/svg+xml" href="${ASSETS}/mark.svg" />
        <link rel="stylesheet" href="${ASSETS}/swagger-ui/swagger-ui.css" />
        <script defer src="${ASSETS}/swagger-ui/swagger-ui-bundle.js"></script>
        <script type="module" src="${ASSETS}/reference.js"></script>
      </head>
      <body>
        <main id="reference" data-document="${DOCUMENT}">
          <noscript>
            <h1>Sluice API</h1>
            <p>This page needs scripts to show <a href="${DOCUMENT}">the OpenAPI document</a>.</p>
          </noscript>
        </main>
      </body>
    </html>`;
}
