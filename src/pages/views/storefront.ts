/**
 * The storefront of a sale: what there is, when it starts, and the way in. For a visitor who has
 * been let in, the same page is the shop; of a sale without items, the way to it.
 *
 * What the stock words say was true a second ago; only a hold in the cart is a promise.
 */
import { html } from "hono/html";
import { GENERAL_LANE, type Sale, type SaleItem } from "../../domain/sale/sale.ts";
import type { RoomSnapshot } from "../../domain/room/snapshot.ts";
import { durationText, levelText } from "../assets/_sluice/assets/words.js";
import { cartLinks, shopBehind } from "../parts/shop-link.ts";
import { faultOf, faultSummary, fieldFault, type Faults } from "../parts/faults.ts";
import {
  countdown,
  instant,
  merchantMessage,
  page,
  type Html,
  type Maybe,
} from "../parts/layout.ts";
import { partLink, saleLink } from "../parts/links.ts";
import { moneyText } from "../parts/money.ts";
import { quantityField } from "../parts/quantity-field.ts";

export type Visitor =
  | { readonly kind: "new" }
  /** Carries a ticket. */
  | { readonly kind: "in_line" }
  | {
      readonly kind: "admitted";
      readonly expiresAt_ms: number;
      /** What the form shows: what is held, or what was asked for and refused. */
      readonly quantities: Readonly<Record<string, string>>;
      readonly holdsSomething: boolean;
    };

export interface StorefrontModel {
  readonly sale: Sale;
  readonly snapshot: RoomSnapshot;
  readonly stale: boolean;
  readonly visitor: Visitor;
  /** The lane that the visitor's pass leads into; null without one, and when they are there. */
  readonly passLane: string | null;
  /** A page on this host that the sale guards, as `guardedPageOn` finds it. */
  readonly shopHref: string | null;
  readonly faults: Faults;
  /** The visitor was let in, and the browser has not kept that. */
  readonly admissionLost: boolean;
  readonly now: number;
}

/** Nobody waits, so whoever comes may be let in at once. */
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
      ${whatThereIs(model)} ${fairness(model)}`,
  );
}

function whatThereIs(model: StorefrontModel): Html {
  const { sale, snapshot, visitor, shopHref: href } = model;
  if (sale.items.length === 0) {
    if (visitor.kind === "admitted") return shopBehind({ href, visitor: "admitted" });
    return shopBehind({ href, visitor: snapshot.phase === "ended" ? "too_late" : "waits" });
  }
  return visitor.kind === "admitted" ? shopForm(model, visitor) : itemList(model);
}

function staleNote({ stale }: StorefrontModel): Maybe {
  if (!stale) return null;
  return html`<p class="note">
    We cannot reach the waiting room right now and are holding your place. What you see is the last
    we heard.
  </p>`;
}

function lostNote({ sale, admissionLost }: StorefrontModel): Maybe {
  if (!admissionLost) return null;
  return html`<p class="note">
    You were let in, but your browser has not kept the shop's cookie. Allow cookies for this site,
    or <a href="${saleLink(sale.id)}" target="_blank">open the sale in a window of its own</a>; your
    turn is kept until your time in the shop is over.
  </p>`;
}

/** Where the sale is, and the one thing to do about it. */
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
        <noscript><p>Load this page again then to join.</p></noscript>
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
        <h2 id="way-in">${snapshot.soldOut ? "Sold out at the moment" : "The sale is on"}</h2>
        <p>${liveText(snapshot)} It ends ${instant(endsAt_ms)}.</p>
        ${joinForm(model)}
      </section>`;
    case "ended":
      return html`<section class="panel" aria-labelledby="way-in">
        <h2 id="way-in">This sale has ended</h2>
        <p>It ended ${instant(endsAt_ms)}. Thank you for coming.</p>
      </section>`;
  }
}

function drawText(sale: Sale): string {
  return sale.admission.method === "lottery"
    ? "Everybody who joins before gets a place by lot, so there is no hurry."
    : "First come, first served.";
}

function liveText({ soldOut, paused, queueing }: RoomSnapshot): string {
  if (soldOut) return "If something comes back, those in line are let in to buy it.";
  if (paused) return "The shop is not letting people in for a moment.";
  return queueing ? "There is a line; join it to be let in." : "Come in.";
}

function joinForm({ sale, snapshot, visitor, passLane }: StorefrontModel): Html {
  if (visitor.kind === "in_line" && passLane === null) {
    return html`<p>You are in line already.</p>
      <p><a class="button" href="${partLink(sale.id, "wait")}">See your place</a></p>`;
  }
  return html`${passLane === null ? "" : passText(passLane)}
    <form method="post" action="${partLink(sale.id, "join")}">
      <button type="submit">${mayGoIn(snapshot) ? "Go in" : "Join the line"}</button>
    </form>
    ${visitor.kind === "in_line" ? besidesPlace(sale) : ""}`;
}

function passText(lane: string): Html {
  const words =
    lane === GENERAL_LANE ? "the general line" : html`the lane <strong>${lane}</strong>`;
  return html`<p>Your pass is for ${words}.</p>`;
}

/** In line already, and with a pass that leads to another place. */
function besidesPlace(sale: Sale): Html {
  return html`<p>
    You are in line already, without this pass.
    <a href="${partLink(sale.id, "wait")}">See that place</a>
  </p>`;
}

/** How long the visitor may stay, and the way out. */
function timeLeft(sale: Sale, expiresAt_ms: number, now: number): Html {
  const warning = "You have one minute left in the shop.";
  const ends = { hides: "time-left", reveals: "time-over", warning };
  return html`<section class="strip" aria-label="Your visit">
    <p id="time-left">You may shop for ${countdown(expiresAt_ms, now, ends)} more.</p>
    <p id="time-over" hidden>
      Your time in the shop is
      over${sale.items.length === 0 ? "" : ", and what you held went back to the line"}.
    </p>
    <form method="post" action="${partLink(sale.id, "leave")}">
      <button class="plain" type="submit">Leave the shop</button>
    </form>
  </section>`;
}

function stockText({ snapshot }: StorefrontModel, { sku }: SaleItem): Html {
  const known = snapshot.stock.find((level) => level.sku === sku);
  if (known === undefined) return html`<span class="level">Stock not known yet</span>`;
  const { level, available } = known;
  return html`<span class="level ${level}">${levelText(level, available)}</span>`;
}

function itemFacts(model: StorefrontModel, item: SaleItem): Html {
  const { name, price, limitPerBuyer } = item;
  return html`<p class="facts">
    <strong class="price">${moneyText(price, model.sale.currency)}</strong>
    ${model.snapshot.phase === "ended" ? "" : stockText(model, item)}
    <span class="quiet"
      >${limitPerBuyer === 1 ? "One each" : `Up to ${limitPerBuyer} each`}
      <span class="unseen">of ${name}</span></span
    >
  </p>`;
}

function itemList(model: StorefrontModel): Html {
  return html`<section aria-labelledby="items">
    <h2 id="items">What there is</h2>
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
    <h2 id="items">Choose what you want</h2>
    <p class="quiet">
      What you put in the cart is kept for you for ${durationText(sale.admission.holdSeconds)}, at
      most until your time here is over.
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
        <button type="submit">${holdsSomething ? "Change the cart" : "Put in the cart"}</button>
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
          ? "All who join before the start take part in one draw; being fast does not help."
          : "Places are given in order of arrival, second by second."
      }
      Those who come within the same second are put in order by lot. The draw is fixed before
      anybody can join, and anyone can check it:
      <a href="${partLink(sale.id, "fairness")}">check the draw of this sale</a>.
    </p>
  </details>`;
}
