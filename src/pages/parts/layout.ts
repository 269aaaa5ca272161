/**
 * The frame of every page: head, landmarks, and the parts that several views use.
 *
 * Guarantee: every value is escaped; no inline script and no inline style, so the content security
 * policy can forbid both. Scripts read their parameters from data attributes.
 */
import { html } from "hono/html";
import { ASSETS, listLink, partLink, saleLink } from "./links.ts";
import { instantText, promisedText } from "./instant.ts";

export type Html = ReturnType<typeof html>;

/** Optional markup: null shows nothing. */
export type Maybe = Html | null;

export interface PageFrame {
  /** The title of the browser tab; the view writes the page's heading. */
  readonly title: string;
  readonly sale: { readonly id: string; readonly title: string } | null;
  readonly now: number;
  /** When the page reloads without scripts; never when `null`. */
  readonly refresh_s?: number | null;
  /** The address to load instead of the page's own. */
  readonly refreshTo?: string | null;
  /** Whether it reloads with scripts too: for pages without a script of their own. */
  readonly refreshAlways?: boolean;
  readonly scripts?: readonly string[];
  readonly styles?: readonly string[];
  /** The address of a script of another origin; the page's policy must allow it. */
  readonly foreignScript?: string;
  /** Attributes of `main`, for scripts. */
  readonly data?: Html;
  /** The visitor's own links, such as the cart. */
  readonly links?: readonly { readonly href: string; readonly text: string }[];
}

function refreshTag({ refresh_s, refreshTo, refreshAlways }: PageFrame): Maybe {
  if (refresh_s === undefined || refresh_s === null) return null;
  const seconds = Math.max(Math.ceil(refresh_s), 1);
  const when =
    refreshTo === undefined || refreshTo === null ? seconds : `${seconds}; url=${refreshTo}`;
  const tag = html`<meta http-equiv="refresh" content="${when}" />`;
  return refreshAlways === true ? tag : html`<noscript>${tag}</noscript>`;
}

function foreignScript({ foreignScript: address }: PageFrame): Maybe {
  return address === undefined ? null : html`<script async defer src="${address}"></script>`;
}

export function page(frame: PageFrame, body: Html): Html {
  const { title, sale, now, scripts = [], styles = [], data = "", links = [] } = frame;
  const place = sale === null ? "" : sale.title;
  return html`<!doctype html>
    <html lang="en" data-now="${new Date(now).toISOString()}" data-title="${place}">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="color-scheme" content="light dark" />
        <title>${sale === null ? title : `${title} · ${place}`}</title>
        <link rel="icon" type="image/svg+xml" href="${ASSETS}/mark.svg" />
        ${["style.css", ...styles].map(
          (style) => html`<link rel="stylesheet" href="${ASSETS}/${style}" />`,
        )}
        ${["clock.js", "returning.js", ...scripts].map(
          (script) => html`<script type="module" src="${ASSETS}/${script}"></script>`,
        )}
        ${foreignScript(frame)} ${refreshTag(frame)}
      </head>
      <body>
        <a class="skip" href="#main">Skip to content</a>
        <header class="top">
          <nav aria-label="Shop">
            ${
              sale === null
                ? html`<a class="home" href="${listLink()}">Sales</a>`
                : html`<a class="home" href="${saleLink(sale.id)}">${sale.title}</a>`
            }
            ${links.map(({ href, text }) => html`<a href="${href}">${text}</a>`)}
          </nav>
        </header>
        <main id="main" tabindex="-1" ${data}>
          ${body}
          <p class="unseen" data-live role="status" aria-live="polite"></p>
        </main>
        <footer class="bottom">
          <p>
            ${sale === null ? "" : saleLinks(sale.id)}
            <span>Fair queue by Sluice</span>
          </p>
        </footer>
      </body>
    </html>`;
}

function saleLinks(sale: string): Html {
  return html`<a href="${listLink()}">All sales</a>
    <a href="${partLink(sale, "fairness")}">Check the draw</a>`;
}

/** An instant: UTC from the server, local time where scripts run. */
export function instant(at_ms: number): Html {
  const iso = new Date(at_ms).toISOString();
  return html`<time datetime="${iso}" data-local>${instantText(at_ms)}</time>`;
}

export interface Countdown {
  /** Ids of elements, shown and hidden when the time has run out. */
  readonly reveals?: string;
  readonly hides?: string;
  /** Announced by screen readers when one minute is left. */
  readonly warning?: string;
}

/** Time left: as text from the server, counted down by scripts. */
export function countdown(until_ms: number, now: number, more: Countdown = {}): Html {
  const { reveals, hides, warning } = more;
  const left = promisedText(Math.max(until_ms - now, 0) / 1000);
  return html`<time
    class="countdown"
    datetime="${new Date(until_ms).toISOString()}"
    data-countdown
    ${reveals === undefined ? "" : html`data-reveals="${reveals}"`}
    ${hides === undefined ? "" : html`data-hides="${hides}"`}
    ${warning === undefined ? "" : html`data-warning="${warning}"`}
    >${left}</time
  >`;
}

/** The merchant's message to all shoppers. */
export function merchantMessage(message: string | null): Html {
  return html`<p class="note" data-slot="message" ${message === null ? "hidden" : ""}>
    ${message ?? ""}
  </p>`;
}

/** Attributes of a part for some states only; scripts show and hide it as the state changes. */
export function onlyFor(state: string, states: readonly string[]): Html {
  return html`data-for="${states.join(" ")}" ${states.includes(state) ? "" : "hidden"}`;
}

/** An element whose text a script keeps current; hidden while it has none. */
export function slot(name: string, text: string | null, className = ""): Html {
  return html`<p
    data-slot="${name}"
    ${className === "" ? "" : html`class="${className}"`}
    ${text === null ? "hidden" : ""}
  >
    ${text ?? ""}
  </p>`;
}
