/**
 * The page of one order, kept current until its final state.
 *
 * Guarantee: says in every state what happened to the money. Anyone with the address can see the
 * page, so it shows no name, and of the e-mail address only what its owner recognises.
 */
import { html } from "hono/html";
import type { OrderAction, OrderView } from "../../domain/order/messages.ts";
import { ORDER_STATES } from "../../domain/order/messages.ts";
import { moneyText } from "../../domain/money/amounts.ts";
import { orderText } from "../assets/_sluice/assets/text.js";
import { amountList } from "../parts/amounts.ts";
import { countdown, instant, onlyFor, page, slot, type Html, type Maybe } from "../parts/layout.ts";
import {
  giveUpLink,
  listLink,
  orderApi,
  partLink,
  receiptFile,
  receiptLink,
  saleLink,
} from "../parts/links.ts";

export interface OrderModel {
  readonly sale: { readonly id: string; readonly title: string };
  readonly order: OrderView;
  readonly viewKey: string;
  /** The shop's reference of the order; null before it is booked. */
  readonly booking: string | null;
  /** The masked address to which the confirmation is sent; null where no such mail is sent. */
  readonly mailTo: string | null;
  /** This visit may order once more. */
  readonly mayBuyMore: boolean;
  /** It was placed before the shopper changed the form of the checkout, and sent that again. */
  readonly isEarlier: boolean;
  /** A page of the shop behind the gate; null when there is none. */
  readonly shopHref: string | null;
  readonly now: number;
}

const EARLIER =
  "This is your order as you sent it first: its answer did not reach this page. What you changed " +
  "after that is not part of it, and nothing else was ordered.";

const REFRESH_S = 2;
/** The order is final without a purchase, and the shopper keeps their turn and their cart. */
const MAY_TRY_AGAIN = ["declined"] as const;
const OVER_WITHOUT = ["failed", "rejected", "cancelled"] as const;
const FINAL: ReadonlySet<string> = new Set(["confirmed", ...MAY_TRY_AGAIN, ...OVER_WITHOUT]);
const UNDER_WAY = ORDER_STATES.filter((state) => !FINAL.has(state));

export function orderPage(model: OrderModel): Html {
  const { sale, order, viewKey, isEarlier, now } = model;
  const { state, reason, delayed } = order;
  const { heading, text } = orderText(state, reason, delayed, refundOf(order));
  const script = html`data-order data-status="${orderApi(order.id, viewKey)}" data-state="${state}"
  data-sale="${sale.id}"`;
  return page(
    {
      title: heading,
      sale,
      now,
      refresh_s: order.final ? null : REFRESH_S,
      scripts: ["order.js"],
      data: html`${script} ${order.final ? "data-final" : ""}`,
    },
    html`<section class="panel" aria-labelledby="state">
        <h1 id="state" data-slot="heading">${heading}</h1>
        ${slot("text", text)} ${isEarlier ? html`<p class="note" data-earlier>${EARLIER}</p>` : ""}
        <p
          class="busy"
          ${onlyFor(
            state,
            UNDER_WAY.filter((step) => step !== "action_required"),
          )}
        >
          <span class="pulse" aria-hidden="true"></span> This page updates by itself.
        </p>
        ${bankStep(model)} ${givingUp(model)} ${nextSteps(model)} ${slot("trouble", null, "note")}
      </section>
      ${facts(model)} ${refunds(order)}`,
  );
}

function refundOf({ refunded, total }: OrderView): "none" | "part" | "all" {
  if (refunded === 0) return "none";
  return refunded < total ? "part" : "all";
}

/** What the bank asks for, until when, and the way there. */
function bankStep({ sale, order, now }: OrderModel): Html {
  const { state, action } = order;
  const href = action === null ? "" : actionHref(action, partLink(sale.id, "cart"));
  const until_ms = action?.until_ms ?? now;
  return html`<div ${onlyFor(state, ["action_required"])}>
    <p>
      Your items are reserved for ${countdown(until_ms, now)}. Without your confirmation the payment
      ends then, and nothing is charged.
    </p>
    <p>
      <a class="button" ${href === "" ? "" : html`href="${href}"`}>Continue at your bank</a>
    </p>
  </div>`;
}

/**
 * Only web addresses, because the URL comes from a backend and becomes a link. What Stripe's script
 * does, it does on the page of the checkout.
 */
function actionHref(action: OrderAction, cart: string): string {
  if (action.kind === "script") return cart;
  return /^https?:\/\//.test(action.url) ? action.url : "";
}

/** A form, so that it works without scripts. */
function givingUp({ sale, order, viewKey }: OrderModel): Html {
  const href = giveUpLink(sale.id, order.id, viewKey);
  return html`<form
    method="post"
    action="${href}"
    data-may-give-up
    ${order.mayGiveUp ? "" : "hidden"}
  >
    <p class="quiet">
      You can also stop this payment. Your items then return to your cart, and nothing is charged.
    </p>
    <button class="second" type="submit">Pay another way</button>
  </form>`;
}

function nextSteps(model: OrderModel): Html {
  const { sale, order, viewKey, mailTo, mayBuyMore, shopHref } = model;
  const { id, state } = order;
  return html`<div ${onlyFor(state, MAY_TRY_AGAIN)}>
      <p>Your items are back in your cart while your time in the shop lasts.</p>
      <p><a class="button" href="${partLink(sale.id, "cart")}">Back to the cart</a></p>
    </div>
    <p ${onlyFor(state, OVER_WITHOUT)}>
      <a class="button" href="${saleLink(sale.id)}">Back to the shop</a>
    </p>
    <div ${onlyFor(state, ["confirmed"])}>
      ${mailTo === null ? null : html`<p>The confirmation is sent by mail to ${mailTo}.</p>`}
      <p>
        Save the address of this page to come back to your order, and
        <a href="${receiptLink(sale.id, id, viewKey)}">your signed receipt</a>
        (<a href="${receiptFile(id, viewKey)}" download>download</a>).
      </p>
      <p>${onward(sale.id, mayBuyMore, shopHref)}</p>
    </div>`;
}

function onward(sale: string, mayBuyMore: boolean, shopHref: string | null): Html {
  if (mayBuyMore) return html`<a href="${saleLink(sale)}">Continue shopping</a>`;
  if (shopHref !== null) return html`<a href="${shopHref}">Back to the shop</a>`;
  return html`<a href="${listLink()}">See all sales</a>`;
}

function refunds({ refunds, currency, refunded, total }: OrderView): Maybe {
  if (refunds.length === 0) return null;
  return html`<section aria-labelledby="refunds">
    <h2 id="refunds">Refunds</h2>
    <p>${moneyText(refunded, currency)} of ${moneyText(total, currency)} in all.</p>
    <ul class="amounts">
      ${refunds.map(({ amount, state, at_ms }) => {
        const what = state === "pending" ? "On its way since" : "Refunded";
        return html`<li>
          <span>${what} ${instant(at_ms)}</span> <span>${moneyText(amount, currency)}</span>
        </li>`;
      })}
    </ul>
  </section>`;
}

function facts({ order, booking }: OrderModel): Html {
  const { id, lines, currency, placedAt_ms } = order;
  const rows = lines.map(({ name, quantity, price }) => {
    return html`<tr>
      <th scope="row">${name}</th>
      <td>${quantity}</td>
      <td>${moneyText(price * quantity, currency)}</td>
    </tr>`;
  });
  return html`<section aria-labelledby="lines">
    <h2 id="lines">Your items</h2>
    <table>
      <thead>
        <tr>
          <th scope="col">Item</th>
          <th scope="col">Quantity</th>
          <th scope="col">Price</th>
        </tr>
      </thead>
      <tbody>
        ${rows}
      </tbody>
    </table>
    ${sum(order)}
    <p class="quiet">Placed ${instant(placedAt_ms)}. Order <span class="id">${id}</span></p>
    ${reference(booking)}
  </section>`;
}

/** By which the shop knows the order. */
function reference(booking: string | null): Maybe {
  if (booking === null) return null;
  return html`<p class="quiet">The shop’s reference <span class="id">${booking}</span></p>`;
}

/** Orders of the first versions have no amounts but the total. */
function sum({ total, currency, amounts, delivery, discountHint }: OrderView): Html {
  const only = { items: total, discount: 0, delivery: 0, tax: 0, taxIncluded: 0, total };
  return amountList({
    amounts: amounts ?? only,
    currency,
    discountHint,
    delivery: delivery?.name ?? null,
    isFinal: true,
  });
}
