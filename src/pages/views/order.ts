/**
 * The page of one order, kept current until its final state.
 *
 * Guarantee: says in every state what happened to the money. Anyone with the address can see the
 * page, so it shows no name and no e-mail address.
 */
import { html } from "hono/html";
import type { OrderView } from "../../domain/order/messages.ts";
import { ORDER_STATES } from "../../domain/order/messages.ts";
import { orderText } from "../assets/_sluice/assets/text.js";
import { instant, onlyFor, page, slot, type Html } from "../parts/layout.ts";
import { orderApi, partLink, saleLink } from "../parts/links.ts";
import { moneyText } from "../parts/money.ts";

export interface OrderModel {
  readonly sale: { readonly id: string; readonly title: string };
  readonly order: OrderView;
  readonly viewKey: string;
  readonly now: number;
}

const REFRESH_S = 2;
/** The order is final without a purchase, and the shopper keeps their turn and their cart. */
const MAY_TRY_AGAIN = ["declined"] as const;
const OVER_WITHOUT = ["failed", "rejected", "cancelled"] as const;
const FINAL: ReadonlySet<string> = new Set(["confirmed", ...MAY_TRY_AGAIN, ...OVER_WITHOUT]);
const UNDER_WAY = ORDER_STATES.filter((state) => !FINAL.has(state));

export function orderPage({ sale, order, viewKey, now }: OrderModel): Html {
  const { state } = order;
  const { heading, text } = orderText(state, order.reason, order.delayed);
  const script = html`data-order data-status="${orderApi(order.id, viewKey)}"`;
  return page(
    {
      title: heading,
      sale,
      now,
      refresh_s: order.final ? null : REFRESH_S,
      scripts: order.final ? [] : ["order.js"],
      ...(order.final ? {} : { data: script }),
    },
    html`<section class="panel" aria-labelledby="state">
        <h1 id="state" data-slot="heading">${heading}</h1>
        ${slot("text", text)}
        <p
          class="busy"
          ${onlyFor(
            state,
            UNDER_WAY.filter((step) => step !== "action_required"),
          )}
        >
          <span class="pulse" aria-hidden="true"></span> This page updates by itself.
        </p>
        ${bankLink(order)} ${nextSteps(sale.id, state)} ${slot("trouble", null, "note")}
      </section>
      ${facts(order)}`,
  );
}

/** Only web addresses, because the URL comes from a backend and becomes a link. */
function bankLink({ state, action }: OrderView): Html {
  const url = action !== null && /^https?:\/\//.test(action.url) ? action.url : "";
  return html`<p ${onlyFor(state, ["action_required"])}>
    <a class="button" data-action ${url === "" ? "" : html`href="${url}"`}>Go to your bank</a>
  </p>`;
}

function nextSteps(sale: string, state: string): Html {
  return html`<div ${onlyFor(state, MAY_TRY_AGAIN)}>
      <p>Your place in the shop and your cart are still reserved. Pay another way:</p>
      <p><a class="button" href="${partLink(sale, "cart")}">Back to the cart</a></p>
    </div>
    <p ${onlyFor(state, OVER_WITHOUT)}>
      <a class="button" href="${saleLink(sale)}">Back to the shop</a>
    </p>
    <p ${onlyFor(state, ["confirmed"])}>
      Save the address of this page to come back to your order.
      <a href="${saleLink(sale)}">Back to the sale</a>
    </p>`;
}

function facts({ id, lines, total, currency, placedAt_ms }: OrderView): Html {
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
      <tfoot>
        <tr>
          <th scope="row" colspan="2">Total</th>
          <td>${moneyText(total, currency)}</td>
        </tr>
      </tfoot>
    </table>
    <p class="quiet">Placed ${instant(placedAt_ms)}. Order <span class="id">${id}</span></p>
  </section>`;
}
