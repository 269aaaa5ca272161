/**
 * The storefront's section for a sale without items: its line leads into a shop with pages of its
 * own, so there is no stock to show here and no cart.
 */
import { html } from "hono/html";
import { partLink } from "./links.ts";
import type { Html, Maybe } from "./layout.ts";

export interface ShopBehind {
  /** A guarded page of the shop on this host; null when the sale guards none here. */
  readonly href: string | null;
  readonly visitor: "waits" | "admitted" | "too_late";
}

const HEADINGS = {
  waits: "What you are waiting for",
  admitted: "You’re in",
  too_late: "The shop",
} as const;

const SENTENCES = {
  waits:
    "The line leads into the shop, where you see the products. " +
    "Until it is your turn, the shop’s pages show your place in line.",
  admitted: "You can use every page of the shop in this browser until your time is over.",
  too_late: "The shop’s pages are open to everyone again.",
} as const;

export function shopBehind({ href, visitor }: ShopBehind): Html {
  return html`<section aria-labelledby="shop">
    <h2 id="shop">${HEADINGS[visitor]}</h2>
    <p>${SENTENCES[visitor]}</p>
    ${wayThere({ href, visitor })}
  </section>`;
}

function wayThere({ href, visitor }: ShopBehind): Maybe {
  if (href === null) return null;
  const look = visitor === "admitted" ? html` class="button"` : "";
  return html`<p><a${look} href="${href}">Go to the shop</a></p>`;
}

/** The visitor's own links: the cart, when the sale has items. */
export function cartLinks(sale: { readonly id: string; readonly items: readonly unknown[] }) {
  return sale.items.length === 0 ? [] : [{ href: partLink(sale.id, "cart"), text: "Cart" }];
}
