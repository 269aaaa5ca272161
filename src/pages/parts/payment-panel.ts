/**
 * Where the shopper pays: the places that Stripe.js fills, what is said while or because it does
 * not, and the panel that follows an order which has been placed.
 *
 * Guarantee: no card data is typed into these pages; Stripe's fields are frames of Stripe's origin.
 */
import { html } from "hono/html";
import type { PaymentSetup } from "../../domain/checkout/payment-setup.ts";
import { checkoutOf } from "../../domain/sale/checkout-rules.ts";
import { currencyOf } from "../../domain/money/currencies.ts";
import type { Sale } from "../../domain/sale/sale.ts";
import { faultOf, fieldFault, fieldMarks, type Faults } from "./faults.ts";
import { slot, type Html, type Maybe } from "./layout.ts";
import { partLink, saleApi } from "./links.ts";

export type ReadySetup = Extract<PaymentSetup, { readonly kind: "ready" }>;

/** What the page's script needs, as attributes of the order form. */
export function paymentData(sale: Sale, { publishableKey, scriptUrl }: ReadySetup): Html {
  const { address, phone, countries, paymentMethods } = checkoutOf(sale);
  // A currency that is not in the table has two decimals: only sales of older releases have one.
  const { digits, step } = currencyOf(sale.currency) ?? { digits: 2, step: 1 };
  return html`data-checkout data-publishable-key="${publishableKey}" data-script="${scriptUrl}"
  data-currency="${sale.currency.toLowerCase()}" data-digits="${digits}" data-step="${step}"
  data-methods="${paymentMethods.join(" ")}" data-address="${address}" data-phone="${phone}"
  data-countries="${countries.join(" ")}" data-quotes="${saleApi(sale.id)}/quotes"
  data-cart="${partLink(sale.id, "cart")}" data-sale="${sale.id}"`;
}

export function paymentFields(faults: Faults): Html {
  const fault = faultOf(faults, "payment");
  return html`<fieldset class="group">
    <legend>Payment</legend>
    <div class="note" data-without-script>
      <p>
        Paying needs JavaScript, because the payment service checks your card in its own form. Turn
        JavaScript on and load this page again; what you have entered above can be checked without
        it.
      </p>
      <p>Your cart stays reserved for the time shown above. If that does not work, ask the shop.</p>
    </div>
    ${slot("payment-state", null, "quiet")}
    <div class="faults" role="alert" data-slot="payment-trouble" hidden></div>
    <p class="actions" data-retry hidden>
      <button class="second" type="button" data-retry-button>Try again</button>
    </p>
    <div id="express-checkout"></div>
    <div ${fieldMarks("payment", fault)} data-payment-element></div>
    ${fieldFault("payment", fault)}
    <input type="hidden" name="payment" value="" />
  </fieldset>`;
}

/** For a deployment without a key: the hold stays, and the shopper is told what to do. */
export function noPayments(sum: Maybe): Html {
  return html`<section aria-labelledby="pay">
    <h2 id="pay">Payment</h2>
    ${sum}
    <p class="note">
      This shop cannot take payments here right now. Nothing was charged, and your cart stays
      reserved for the time shown above. Try again in a few minutes, or ask the shop.
    </p>
  </section>`;
}

/** The shop has a checkout page of its own. */
export function ownCheckout(page: string, sum: Maybe): Html {
  return html`<section aria-labelledby="pay">
    <h2 id="pay">Payment</h2>
    ${sum}
    <p>You order and pay on the shop's own checkout page. Your cart stays reserved for you.</p>
    <p><a class="button" href="${page}">Continue to checkout</a></p>
  </section>`;
}

export interface Followed {
  /** Address of the order in the API. */
  readonly status: string;
  readonly page: string;
}

/** @param followed the order under way; null while none is, and the panel is hidden */
export function followPanel(followed: Followed | null): Html {
  return html`<section
    class="panel"
    data-follow
    ${followed === null ? "hidden" : html`data-status="${followed.status}"`}
    aria-labelledby="following"
  >
    <h2 id="following" tabindex="-1" data-slot="heading">Your order is being processed</h2>
    <p data-slot="text">We have received your order. Your payment is being processed.</p>
    <p class="busy" data-busy ${followed === null ? "hidden" : ""}>
      <span class="pulse" aria-hidden="true"></span> Keep this page open.
    </p>
    ${slot("trouble", null, "note")}
    <p class="actions">
      <button type="button" data-act hidden>Continue at your bank</button>
      <button class="second" type="button" data-give-up hidden>Pay another way</button>
      <a data-order-page href="${followed?.page ?? ""}">See your order</a>
    </p>
  </section>`;
}
