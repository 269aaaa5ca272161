/**
 * What an order costs, itemised: items, discount, delivery, tax, total.
 *
 * Amounts are in the currency's minor unit. Lines that are zero are left out, but for the total.
 */
import { html } from "hono/html";
import { moneyText } from "../../domain/money/amounts.ts";
import type { Amounts } from "../../domain/order/order.ts";
import type { Html } from "./layout.ts";

export interface AmountsShown {
  readonly amounts: Amounts;
  readonly currency: string;
  /** The discount code, shortened. */
  readonly discountHint: string | null;
  /** The name of the delivery option. */
  readonly delivery: string | null;
  /** False while the total still depends on the address. */
  readonly isFinal: boolean;
}

export function amountList(shown: AmountsShown): Html {
  const { amounts, currency, discountHint, delivery, isFinal } = shown;
  const { items, discount, tax, taxIncluded, total } = amounts;
  const rows: (readonly [string, number])[] = [["Items", items]];
  if (discount > 0) {
    rows.push([discountHint === null ? "Discount" : `Discount (${discountHint})`, -discount]);
  }
  if (delivery !== null) rows.push([`Delivery: ${delivery}`, amounts.delivery]);
  if (tax > 0) rows.push(["Tax added", tax]);
  const sum = moneyText(total, currency);
  return html`<dl class="amounts">
    ${(rows.length === 1 ? [] : rows).map(([name, amount]) => {
      return html`<div>
        <dt>${name}</dt>
        <dd>${amount === 0 ? "Free" : moneyText(amount, currency)}</dd>
      </div>`;
    })}
    <div class="total">
      <dt>${isFinal ? "Total" : "So far"}</dt>
      <dd>${isFinal ? html`<strong>${sum}</strong>` : sum}</dd>
    </div>
    ${
      taxIncluded > 0
        ? html`<div class="quiet">
            <dt>Tax already in the prices</dt>
            <dd>${moneyText(taxIncluded, currency)}</dd>
          </div>`
        : ""
    }
  </dl>`;
}
