/**
 * The cart and the checkout on one page: what is in the cart and reserved until when, and the order
 * form.
 *
 * Guarantee: the order form contains its own lines, its unit prices, its total and its own
 * idempotency key, so the order is exactly what the page showed, and pressing the button twice
 * orders once.
 */
import { html } from "hono/html";
import type { PaymentSetup } from "../../domain/checkout/payment-setup.ts";
import type { Quote } from "../../domain/checkout/quote.ts";
import { moneyText } from "../../domain/money/amounts.ts";
import { checkoutOf } from "../../domain/sale/checkout-rules.ts";
import type { Sale } from "../../domain/sale/sale.ts";
import type { PricedLine } from "../../domain/stock/cart.ts";
import { amountList } from "../parts/amounts.ts";
import {
  addressFields,
  contactFields,
  deliveryChoice,
  discountField,
  termsBox,
  type CheckoutInput,
} from "../parts/checkout-fields.ts";
import { faultOf, faultSummary, fieldFault, type Faults } from "../parts/faults.ts";
import { countdown, page, type Html, type Maybe } from "../parts/layout.ts";
import { orderApi, orderLink, partLink, saleLink } from "../parts/links.ts";
import {
  followPanel,
  noPayments,
  ownCheckout,
  paymentData,
  paymentFields,
  type ReadySetup,
} from "../parts/payment-panel.ts";
import { PRICE_PREFIX, QUANTITY_PREFIX, quantityField } from "../parts/quantity-field.ts";

export interface CheckoutModel {
  readonly sale: Sale;
  readonly cart: {
    readonly lines: readonly PricedLine[];
    readonly holdsUntil_ms: number | null;
  };
  /** What the lines cost; null where the total cannot be paid, and for an empty cart. */
  readonly quote: Quote | null;
  readonly admissionEndsAt_ms: number;
  readonly payment: PaymentSetup;
  /** The link to the shop's own checkout page; null where the order is placed on this one. */
  readonly ownCheckout: string | null;
  readonly input: CheckoutInput;
  /** The same for every repetition of an order; a new one after a final refusal. */
  readonly idempotencyKey: string;
  /** Refused quantities as entered, by SKU. */
  readonly quantities: Readonly<Record<string, string>>;
  readonly faults: Faults;
  /** The order placed with this admission, if it is in progress or confirmed. */
  readonly placed: { readonly kind: "under_way" | "bought"; readonly order: string } | null;
  readonly now: number;
}

/** Whether the page loads Stripe.js: to pay, or to finish the payment of an order under way. */
export function loadsPayment({
  cart,
  payment,
  ownCheckout,
  placed,
}: CheckoutModel): ReadySetup | null {
  if (payment.kind !== "ready") return null;
  if (placed?.kind === "under_way") return payment;
  return cart.lines.length > 0 && ownCheckout === null ? payment : null;
}

export function checkoutPage(model: CheckoutModel): Html {
  const { sale, cart, faults, now } = model;
  const isEmpty = cart.lines.length === 0;
  return page(
    {
      title: faults.length > 0 ? "Not ordered" : "Cart",
      sale,
      now,
      scripts: loadsPayment(model) === null ? [] : ["checkout.js"],
      links: [{ href: partLink(sale.id, "cart"), text: "Cart" }],
    },
    html`<h1>${headingOf(model)}</h1>
      <div data-part="faults">${faultSummary(faults)}</div>
      ${orderOfSeat(model)}
      ${
        isEmpty
          ? wayOn(model)
          : html`${holdTime(model)}
              <div class="columns">${cartForm(model)} ${payment(model)}</div>`
      }`,
  );
}

const PLACED = {
  under_way: "Your order is being processed",
  bought: "You have completed your purchase",
} as const;

function headingOf({ cart, placed }: CheckoutModel): string {
  if (cart.lines.length > 0) return "Checkout";
  return placed === null ? "Your cart is empty" : PLACED[placed.kind];
}

/** A shopper who did not receive the answer to an order finds it here, and goes on with it. */
function orderOfSeat(model: CheckoutModel): Maybe {
  const { sale, placed } = model;
  const ready = loadsPayment(model);
  if (placed === null) return ready === null ? null : followPanel(null);
  const href = orderLink(sale.id, placed.order);
  if (placed.kind === "bought" || ready === null) {
    return html`<p class="note"><a href="${href}">See your order</a></p>`;
  }
  const status = orderApi(placed.order);
  return html`${followPanel({ status, page: href })}
    <div hidden ${paymentData(sale, ready)}></div>`;
}

/** From an empty cart: to the products, while this visit may buy some. */
function wayOn({ sale, placed }: CheckoutModel): Maybe {
  if (placed !== null) return null;
  return html`<p><a class="button" href="${saleLink(sale.id)}">See the products</a></p>`;
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
  return html`<section aria-labelledby="held" data-part="cart">
    <h2 id="held">In your cart</h2>
    <form method="post" action="${partLink(sale.id, "cart")}">
      <input type="hidden" name="from" value="cart" />
      <ul class="items">
        ${rows}
      </ul>
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

function payment(model: CheckoutModel): Maybe {
  const { placed, ownCheckout: own } = model;
  const shown = model.quote === null ? null : sum(model.quote);
  if (own !== null) return ownCheckout(own, shown);
  if (model.payment.kind !== "ready") return noPayments(shown);
  // Until it has ended there is no other order to place.
  return placed?.kind === "under_way" ? null : orderForm(model, model.payment);
}

function orderForm(model: CheckoutModel, ready: ReadySetup): Html {
  const { sale, input, quote, faults } = model;
  const fields = { sale, input, faults, quote };
  const hasCode = input.discount !== "" || faultOf(faults, "discount") !== null;
  return html`<section aria-labelledby="pay">
    <h2 id="pay">Order and pay</h2>
    <form
      id="order"
      method="post"
      action="${partLink(sale.id, "order")}"
      ${paymentData(sale, ready)}
    >
      ${contactFields(fields)} ${addressFields(fields)} ${deliveryChoice(fields)}
      <details ${hasCode ? "open" : ""}>
        <summary>Discount code</summary>
        ${discountField(fields)}
      </details>
      ${amountsOf(model)}
      <p class="actions" data-without-script>
        <button class="second" type="submit" name="step" value="update" formnovalidate>
          Update total
        </button>
      </p>
      ${paymentFields(faults)} ${termsBox(fields)}
      <p class="actions" data-pay hidden>
        <button type="submit" name="step" value="pay">
          <span data-part="pay-label">${payLabel(quote)}</span>
        </button>
      </p>
    </form>
  </section>`;
}

function payLabel(quote: Quote | null): string {
  if (quote === null) return "Pay";
  const { amounts, currency, missing } = quote;
  return missing.length > 0 ? "Continue" : `Pay ${moneyText(amounts.total, currency)}`;
}

/** What is paid, and what the order states of it. */
function amountsOf({ sale, cart, quote, idempotencyKey }: CheckoutModel): Html {
  const total = quote?.amounts.total ?? 0;
  return html`<div
    class="sum"
    data-part="amounts"
    data-total-text="${moneyText(total, sale.currency)}"
    ${quote === null ? "" : html`data-quote="${quoteData(quote)}"`}
  >
    <input type="hidden" name="key" value="${idempotencyKey}" />
    <input type="hidden" name="total" value="${total}" />
    <input type="hidden" name="offer" value="${quote?.offer ?? ""}" />
    ${cart.lines.map(({ sku, quantity, price }) => {
      return html`<input type="hidden" name="${QUANTITY_PREFIX}${sku}" value="${quantity}" />
        <input type="hidden" name="${PRICE_PREFIX}${sku}" value="${price}" />`;
    })}
    ${quote === null ? "" : sum(quote)}
    ${
      quote?.missing.includes("country") === true
        ? html`<p class="quiet">${comesWithCountry(sale, quote)}</p>`
        : ""
    }
  </div>`;
}

function comesWithCountry(sale: Sale, quote: Quote): string {
  const { delivery } = checkoutOf(sale);
  const hasTax = [...sale.items, ...delivery].some(({ tax }) => tax?.kind === "added");
  const parts = [
    ...(quote.missing.includes("delivery") ? ["delivery"] : []),
    ...(hasTax ? ["tax"] : []),
  ];
  if (parts.length === 0) return "Choose a country to go on.";
  const verb = parts.length === 1 ? "is" : "are";
  const named = parts.join(" and ");
  return `This is not the total yet: ${named} ${verb} added when you choose a country.`;
}

/** What the page's script needs of the quote. */
function quoteData({ amounts, delivery, missing, offered: options }: Quote): string {
  return JSON.stringify({ amounts, delivery: delivery?.id ?? "", missing, options });
}

function sum({ amounts, currency, discount, delivery, missing }: Quote): Html {
  return amountList({
    amounts,
    currency,
    discountHint: discount?.hint ?? null,
    delivery: delivery?.name ?? null,
    isFinal: missing.length === 0,
  });
}
