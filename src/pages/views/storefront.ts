/**
 * The storefront of a sale: its products, its times, and the form to join. For an admitted visitor
 * the same page is the shop; for a sale without items, the link to the shop.
 *
 * The stock level shown is a second old; only a hold in the cart is a guarantee.
 */
import { html } from "hono/html";
import { GENERAL_LANE, type Sale, type SaleItem } from "../../domain/sale/sale.ts";
import { hasEnd, type Schedule } from "../../domain/sale/schedule.ts";
import type { RoomSnapshot } from "../../domain/room/snapshot.ts";
import { shownStock } from "../../domain/room/standing.ts";
import { moneyText } from "../../domain/money/amounts.ts";
import { levelText } from "../assets/_sluice/assets/waiting-text.js";
import { cartLinks, shopBehind } from "../parts/shop-link.ts";
import { faultOf, faultSummary, fieldFault, type Faults } from "../parts/faults.ts";
import { promisedText } from "../parts/instant.ts";
import {
  countdown,
  instant,
  merchantMessage,
  page,
  type Html,
  type Maybe,
} from "../parts/layout.ts";
import { orderLink, partLink, saleLink } from "../parts/links.ts";
import { quantityField } from "../parts/quantity-field.ts";

export type Visitor =
  | { readonly kind: "new" }
  /** Has a ticket. */
  | { readonly kind: "in_line" }
  | {
      readonly kind: "admitted";
      readonly expiresAt_ms: number;
      /** The quantities in the form: those held, or those requested and refused. */
      readonly quantities: Readonly<Record<string, string>>;
      readonly holdsSomething: boolean;
      /** The order placed with this admission, if it is in progress or confirmed. */
      readonly placed: { readonly kind: "under_way" | "bought"; readonly order: string } | null;
    };

export interface StorefrontModel {
  readonly sale: Sale;
  readonly snapshot: RoomSnapshot;
  readonly stale: boolean;
  readonly visitor: Visitor;
  /**
   * The lane of the visitor's pass; null without one, and when the visitor is in that lane already.
   */
  readonly passLane: string | null;
  /** A guarded page of the shop on this host (`guardedPageOn`); null when there is none. */
  readonly shopHref: string | null;
  readonly faults: Faults;
  /** The visitor was admitted, but the browser did not keep the cookie. */
  readonly admissionLost: boolean;
  readonly now: number;
}

/** Whether a visitor may be admitted at once, because nobody waits. */
export function mayGoIn({ phase, queueing, soldOut }: RoomSnapshot): boolean {
  return phase === "live" && !queueing && !soldOut;
}

export function storefrontPage(model: StorefrontModel): Html {
  const { sale, visitor, now, faults } = model;
  const admitted = visitor.kind === "admitted" ? visitor : null;
  return page(
    {
      title: faults.length > 0 ? "Not changed" : "Shop",
      sale,
      now,
      links: admitted === null ? [] : cartLinks(sale),
    },
    html`<h1>${sale.title}</h1>
      ${merchantMessage(model.snapshot.message)} ${faultSummary(faults)} ${staleNote(model)}
      ${admitted === null ? lostNote(model) : null}
      ${admitted === null ? entryForm(model) : timeLeft(sale, admitted.expiresAt_ms, now)}
      ${products(model)} ${fairness(model)}`,
  );
}

function products(model: StorefrontModel): Html {
  const { sale, snapshot, visitor, shopHref: href } = model;
  if (sale.items.length === 0) {
    if (visitor.kind === "admitted") return shopBehind({ href, visitor: "admitted" });
    return shopBehind({ href, visitor: snapshot.phase === "ended" ? "too_late" : "waits" });
  }
  if (visitor.kind !== "admitted") return itemList(model);
  const { placed } = visitor;
  // One order was all that this visit may place.
  if (placed?.kind === "bought") return html`${ordered(sale, placed)} ${itemList(model)}`;
  return html`${placed === null ? "" : ordered(sale, placed)} ${shopForm(model, visitor)}`;
}

const PLACED = {
  under_way: "Your order is being processed",
  bought: "You have completed your purchase",
} as const;

function ordered(
  sale: Sale,
  placed: { readonly kind: keyof typeof PLACED; readonly order: string },
) {
  return html`<section class="panel" aria-labelledby="ordered">
    <h2 id="ordered">${PLACED[placed.kind]}</h2>
    <p><a class="button" href="${orderLink(sale.id, placed.order)}">See your order</a></p>
  </section>`;
}

function staleNote({ stale }: StorefrontModel): Maybe {
  if (!stale) return null;
  return html`<p class="note">
    We cannot reach the waiting room right now. Your place is safe. This page shows the last known
    state.
  </p>`;
}

function lostNote({ sale, admissionLost }: StorefrontModel): Maybe {
  if (!admissionLost) return null;
  return html`<p class="note">
    You were let in, but your browser did not store the shop's cookie. Allow cookies for this site,
    or <a href="${saleLink(sale.id)}" target="_blank">open the sale in its own window</a>; your turn
    is yours until your time in the shop ends.
  </p>`;
}

/** The state of the sale, and the form to join it. */
function entryForm(model: StorefrontModel): Html {
  const { snapshot, now } = model;
  const { opensAt_ms, startsAt_ms, endsAt_ms } = snapshot.schedule;
  switch (snapshot.phase) {
    case "scheduled":
      return html`<section class="panel" aria-labelledby="way-in">
        <h2 id="way-in">Not open yet</h2>
        <p id="until-open">
          The line opens in ${countdown(opensAt_ms, now, { reveals: "join", hides: "until-open" })}
          (${instant(opensAt_ms)}).
        </p>
        <div id="join" hidden>
          <p>The line is open.</p>
          ${joinForm(model)}
        </div>
        <noscript><p>Reload this page at that time to join.</p></noscript>
      </section>`;
    case "prequeue":
      return html`<section class="panel" aria-labelledby="way-in">
        <h2 id="way-in">The line is open</h2>
        <p>
          The sale starts in ${countdown(startsAt_ms, now)} (${instant(startsAt_ms)}).
          ${drawText(model.sale)}
        </p>
        ${joinForm(model)}
      </section>`;
    case "live":
      return html`<section class="panel" aria-labelledby="way-in">
        <h2 id="way-in">${snapshot.soldOut ? "Currently sold out" : "The sale is live"}</h2>
        <p>${liveText(snapshot)} ${endText(snapshot.schedule)}</p>
        ${joinForm(model)}
      </section>`;
    case "ended":
      return html`<section class="panel" aria-labelledby="way-in">
        <h2 id="way-in">This sale has ended</h2>
        <p>It ended ${instant(endsAt_ms)}. Thank you for coming.</p>
      </section>`;
  }
}

function endText(schedule: Schedule): Html | "" {
  return hasEnd(schedule) ? html`It ends ${instant(schedule.endsAt_ms)}.` : "";
}

function drawText(sale: Sale): string {
  return sale.admission.method === "lottery"
    ? "Everyone who joins before the start gets a place by random draw, so there is no hurry."
    : "First come, first served.";
}

function liveText({ soldOut, paused, queueing, stock }: RoomSnapshot): string {
  if (soldOut) return "If items become available again, people in line can buy them.";
  if (paused) return "The shop has paused letting people in.";
  if (stock.length > 0 && stock.every(({ available }) => available <= 0)) {
    return "Everything is in carts or being paid right now. Items that come back go to the line.";
  }
  return queueing ? "There is a line. Join it to get in." : "You can go in now.";
}

function joinForm({ sale, snapshot, visitor, passLane }: StorefrontModel): Html {
  if (visitor.kind === "in_line" && passLane === null) {
    return html`<p>You are already in line.</p>
      <p><a class="button" href="${partLink(sale.id, "wait")}">See your place</a></p>`;
  }
  return html`${passLane === null ? "" : passText(passLane)}
    <form method="post" action="${partLink(sale.id, "join")}">
      <button type="submit">${mayGoIn(snapshot) ? "Go in" : "Join the line"}</button>
    </form>
    ${visitor.kind === "in_line" ? besidesPlace(sale) : ""}`;
}

function passText(lane: string): Html {
  const name = lane === GENERAL_LANE ? "the general line" : html`the lane <strong>${lane}</strong>`;
  return html`<p>Your pass is for ${name}.</p>`;
}

/** For a visitor who has a place already; the pass would give another one. */
function besidesPlace(sale: Sale): Html {
  return html`<p>
    You are already in line without this pass.
    <a href="${partLink(sale.id, "wait")}">See your place without the pass</a>
  </p>`;
}

/** How long the visitor may stay, and the button to leave. */
function timeLeft(sale: Sale, expiresAt_ms: number, now: number): Html {
  const warning = "You have one minute left in the shop.";
  const ends = { hides: "time-left", reveals: "time-over", warning };
  return html`<section class="strip" aria-label="Your visit">
    <p id="time-left">Time left in the shop: ${countdown(expiresAt_ms, now, ends)}</p>
    <p id="time-over" hidden>
      Your time in the shop is
      over${sale.items.length === 0 ? "" : ", and your cart is no longer reserved"}.
    </p>
    <form method="post" action="${partLink(sale.id, "leave")}">
      <button class="plain" type="submit">Leave the shop</button>
    </form>
  </section>`;
}

function stockText({ snapshot }: StorefrontModel, { sku }: SaleItem): Html {
  const known = shownStock(snapshot).find((level) => level.sku === sku);
  if (known === undefined) return html`<span class="level">Checking stock</span>`;
  const { level, available, mayReturn } = known;
  return html`<span class="level ${level}">${levelText(level, available, mayReturn)}</span>`;
}

function itemFacts(model: StorefrontModel, item: SaleItem): Html {
  const { name, price, limitPerBuyer } = item;
  return html`<p class="facts">
    <strong class="price">${moneyText(price, model.sale.currency)}</strong>
    ${model.snapshot.phase === "ended" ? "" : stockText(model, item)}
    <span class="quiet"
      >${limitPerBuyer === 1 ? "Limit 1 per person" : `Limit ${limitPerBuyer} per person`}
      <span class="unseen">of ${name}</span></span
    >
  </p>`;
}

function itemList(model: StorefrontModel): Html {
  return html`<section aria-labelledby="items">
    <h2 id="items">Products</h2>
    <ul class="items">
      ${model.sale.items.map((item) => {
        return html`<li class="item">
          <div>
            <h3>${item.name}</h3>
            ${itemFacts(model, item)}
          </div>
        </li>`;
      })}
    </ul>
  </section>`;
}

function shopForm(
  model: StorefrontModel,
  { quantities, holdsSomething }: Extract<Visitor, { readonly kind: "admitted" }>,
): Html {
  const { sale, faults } = model;
  return html`<section aria-labelledby="items">
    <h2 id="items">Choose your items</h2>
    <p class="quiet">
      Items in your cart are reserved for you for ${promisedText(sale.admission.holdSeconds)}, or
      until your time in the shop ends.
    </p>
    <form method="post" action="${partLink(sale.id, "cart")}">
      <input type="hidden" name="from" value="shop" />
      <ul class="items">
        ${sale.items.map((item) => {
          const fault = faultOf(faults, item.sku);
          return html`<li class="item">
            <div>
              <h3>${item.name}</h3>
              ${itemFacts(model, item)}
            </div>
            ${quantityField(item, quantities[item.sku] ?? "0", fault)}
            ${fieldFault(item.sku, fault)}
          </li>`;
        })}
      </ul>
      <p class="actions">
        <button type="submit">${holdsSomething ? "Update cart" : "Add to cart"}</button>
      </p>
    </form>
  </section>`;
}

function fairness({ sale }: StorefrontModel): Html {
  return html`<details>
    <summary>How the line is kept fair</summary>
    <p>
      ${
        sale.admission.method === "lottery"
          ? "Everyone who joins before the start takes part in one draw, so speed does not help."
          : "Places are given in order of arrival, second by second."
      }
      People who join within the same second are ordered at random. The draw is fixed before anyone
      can join, and anyone can check it:
      <a href="${partLink(sale.id, "fairness")}">check the draw of this sale</a>.
    </p>
  </details>`;
}
