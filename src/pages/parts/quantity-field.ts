/**
 * The field for an item's quantity: a list when few may be bought, otherwise a number field.
 */
import { html } from "hono/html";
import { fieldMarks, labelFor, type Fault } from "./faults.ts";
import type { Html } from "./layout.ts";

/** Names of quantity fields begin with this; the SKU follows. */
export const QUANTITY_PREFIX = "quantity:";
/** Names of the fields with the unit prices that an order was shown; the SKU follows. */
export const PRICE_PREFIX = "price:";

const CHOICES_MAX = 10;

export interface QuantityItem {
  readonly sku: string;
  readonly name: string;
  readonly limitPerBuyer: number;
}

/**
 * The message of a fault is shown beside this field, where there is room for a sentence.
 * @param value as entered, held or chosen before
 */
export function quantityField(item: QuantityItem, value: string, fault: Fault | null): Html {
  const { sku, name, limitPerBuyer } = item;
  return html`<div class="field quantity">
    <label ${labelFor(sku)}>Quantity<span class="unseen"> of ${name}</span></label>
    ${
      limitPerBuyer <= CHOICES_MAX
        ? choices(sku, limitPerBuyer, value, fault)
        : html`<input
            ${fieldMarks(sku, fault)}
            name="${QUANTITY_PREFIX}${sku}"
            type="number"
            inputmode="numeric"
            min="0"
            max="${limitPerBuyer}"
            step="1"
            value="${value}"
          />`
    }
  </div>`;
}

function choices(sku: string, limit: number, value: string, fault: Fault | null): Html {
  const offered = Array.from({ length: limit + 1 }, (_, quantity) => String(quantity));
  return html`<select ${fieldMarks(sku, fault)} name="${QUANTITY_PREFIX}${sku}">
    ${offered.map((quantity) => {
      const chosen = quantity === value ? html`selected` : "";
      return html`<option value="${quantity}" ${chosen}>${quantity}</option>`;
    })}
  </select>`;
}
