/**
 * The cart and the checkout on one page: what is in the cart and reserved until when, and the order
 * form.
 *
 * Guarantee: the order form contains its own lines and its own idempotency key, so the order is
 * exactly what the page showed, and pressing the button twice orders once.
 */
import { html } from "hono/html";
import type { PricedLine } from "../../domain/stock/cart.ts";
import { EMAIL_LENGTH_MAX, TEXT_LENGTH_MAX } from "../../domain/limits.ts";
import type { Sale } from "../../domain/sale/sale.ts";
import {
  faultOf,
  faultSummary,
  fieldFault,
  fieldMarks,
  labelFor,
  type Faults,
} from "../parts/faults.ts";
import { countdown, page, type Html, type Maybe } from "../parts/layout.ts";
import { partLink, saleLink } from "../parts/links.ts";
import { moneyText } from "../parts/money.ts";
import { TEST_CARDS } from "../parts/payment-methods.ts";
import { QUANTITY_PREFIX, quantityField } from "../parts/quantity-field.ts";

/** What the shopper entered at the checkout, or nothing yet. */
export interface CheckoutInput {
  readonly email: string;
  readonly name: string;
  readonly method: string;
}

export const NO_INPUT: CheckoutInput = { email: "", name: "", method: "" };

export interface CheckoutModel {
  readonly sale: Sale;
  readonly cart: {
    readonly lines: readonly PricedLine[];
    readonly total: number;
    readonly holdsUntil_ms: number | null;
  };
  readonly admissionEndsAt_ms: number;
  readonly testCards: boolean;
  readonly input: CheckoutInput;
  /** The same for every repetition of an order; a new one after a final refusal. */
  readonly idempotencyKey: string;
  /** Refused quantities as entered, by SKU. */
  readonly quantities: Readonly<Record<string, string>>;
  readonly faults: Faults;
  /** The order placed with this admission, if it is in progress or confirmed. */
  readonly placed: { readonly kind: "under_way" | "bought"; readonly href: string } | null;
  readonly now: number;
}

export function checkoutPage(model: CheckoutModel): Html {
  const { sale, cart, faults, now } = model;
  const isEmpty = cart.lines.length === 0;
  return page(
    {
      title: faults.length > 0 ? "Not ordered" : "Cart",
      sale,
      now,
      links: [{ href: partLink(sale.id, "cart"), text: "Cart" }],
    },
    html`<h1>${headingOf(model)}</h1>
      ${faultSummary(faults)} ${placedNote(model)}
      ${
        isEmpty
          ? html`<p><a class="button" href="${saleLink(sale.id)}">See the products</a></p>`
          : html`${holdTime(model)}
              <div class="columns">${cartForm(model)} ${payment(model)}</div>`
      }`,
  );
}

const PLACED = {
  under_way: { heading: "Your order is being processed", link: "See your order" },
  bought: { heading: "You have completed your purchase", link: "See your order" },
} as const;

function headingOf({ cart, placed }: CheckoutModel): string {
  if (cart.lines.length > 0) return "Checkout";
  return placed === null ? "Your cart is empty" : PLACED[placed.kind].heading;
}

/** A shopper who did not receive the answer to an order finds the order here. */
function placedNote({ placed }: CheckoutModel): Maybe {
  if (placed === null) return null;
  return html`<p class="note"><a href="${placed.href}">${PLACED[placed.kind].link}</a></p>`;
}

function holdTime({ cart, admissionEndsAt_ms, now }: CheckoutModel): Html {
  const until_ms = cart.holdsUntil_ms ?? admissionEndsAt_ms;
  const warning = "Your cart is reserved for one more minute.";
  const ends = { hides: "hold-left", reveals: "hold-over", warning };
  return html`<div class="strip">
    <p id="hold-left">Reserved for you for ${countdown(until_ms, now, ends)}.</p>
    <p id="hold-over" hidden>
      Your cart is no longer reserved. You can still order what is available, or choose again.
    </p>
  </div>`;
}

function cartForm({ sale, cart, quantities, faults }: CheckoutModel): Html {
  const rows = cart.lines.map((line) => {
    const limitPerBuyer = sale.items.find(({ sku }) => sku === line.sku)?.limitPerBuyer ?? 1;
    const item = { sku: line.sku, name: line.name, limitPerBuyer };
    const value = quantities[line.sku] ?? String(line.quantity);
    const fault = faultOf(faults, line.sku);
    return html`<li class="item">
      <div>
        <h3>${line.name}</h3>
        <p class="facts">${lineText(line, sale.currency)}</p>
      </div>
      <div class="change">
        ${quantityField(item, value, fault)}
        <button class="plain" type="submit" name="remove" value="${line.sku}">
          Remove<span class="unseen"> ${line.name}</span>
        </button>
      </div>
      ${fieldFault(line.sku, fault)}
    </li>`;
  });
  return html`<section aria-labelledby="held">
    <h2 id="held">In your cart</h2>
    <form method="post" action="${partLink(sale.id, "cart")}">
      <input type="hidden" name="from" value="cart" />
      <ul class="items">
        ${rows}
      </ul>
      <p class="total">
        <span>Total</span> <strong>${moneyText(cart.total, sale.currency)}</strong>
      </p>
      <p class="actions">
        <button class="second" type="submit">Update cart</button>
        <a href="${saleLink(sale.id)}">Continue shopping</a>
      </p>
    </form>
  </section>`;
}

function lineText({ quantity, price }: PricedLine, currency: string): Html {
  const sum = html`<strong class="price">${moneyText(price * quantity, currency)}</strong>`;
  if (quantity === 1) return sum;
  return html`${sum} <span class="quiet">${quantity} × ${moneyText(price, currency)}</span>`;
}

function payment(model: CheckoutModel): Html {
  if (model.testCards) return orderForm(model);
  return html`<section aria-labelledby="pay">
    <h2 id="pay">Pay</h2>
    <p>
      Payment is taken by the shop's own checkout, which places the order through the API. No card
      data is typed into this page.
    </p>
  </section>`;
}

function orderForm(model: CheckoutModel): Html {
  const { sale, cart, idempotencyKey, faults, input } = model;
  const lines = cart.lines.map(({ sku, quantity }) => {
    return html`<input type="hidden" name="${QUANTITY_PREFIX}${sku}" value="${quantity}" />`;
  });
  return html`<section aria-labelledby="pay">
    <h2 id="pay">Order and pay</h2>
    <form method="post" action="${partLink(sale.id, "order")}">
      <input type="hidden" name="key" value="${idempotencyKey}" />
      ${lines}
      <div class="field">
        <label ${labelFor("email")}>E-mail</label>
        <input
          ${fieldMarks("email", faultOf(faults, "email"))}
          name="email"
          type="email"
          autocomplete="email"
          maxlength="${EMAIL_LENGTH_MAX}"
          value="${input.email}"
          required
        />
        ${fieldFault("email", faultOf(faults, "email"))}
      </div>
      <div class="field">
        <label ${labelFor("name")}>Name <span class="quiet">(optional)</span></label>
        <input
          ${fieldMarks("name", faultOf(faults, "name"))}
          name="name"
          autocomplete="name"
          maxlength="${TEXT_LENGTH_MAX}"
          value="${input.name}"
        />
        ${fieldFault("name", faultOf(faults, "name"))}
      </div>
      ${cards(input.method, faults)}
      <p class="actions">
        <button type="submit">Pay ${moneyText(cart.total, sale.currency)}</button>
      </p>
    </form>
  </section>`;
}

function cards(chosen: string, faults: Faults): Html {
  const fault = faultOf(faults, "method");
  const known = TEST_CARDS.some(({ id }) => id === chosen);
  return html`<fieldset class="field">
    <legend>Test card</legend>
    ${TEST_CARDS.map(({ id, name, hint }, index) => {
      const isChosen = known ? id === chosen : index === 0;
      return html`<label class="choice">
        <input
          type="radio"
          name="method"
          value="${id}"
          ${index === 0 ? fieldMarks("method", fault) : ""}
          ${isChosen ? "checked" : ""}
        />
        <span>${name} <span class="quiet">${hint}</span></span>
      </label>`;
    })}
    ${fieldFault("method", fault)}
  </fieldset>`;
}
