/**
 * Which prices of a sale no shopper could pay.
 *
 * Checked when a merchant's document is accepted, and not by its schema, because rooms and KV keep
 * documents of earlier releases, which must go on parsing.
 */
import { amountFault, amountFaultText } from "../money/amounts.ts";
import { currencyOf } from "../money/currencies.ts";
import type { RevisionRefused, Sale } from "./sale.ts";

/** Paths are those of the document; empty when each item can be paid, alone and at its limit. */
export function unpayable({ currency, items }: Sale): RevisionRefused[] {
  if (currencyOf(currency) === null) {
    const message = amountFaultText({ kind: "not_supported" }, currency);
    return [{ path: ["currency"], message }];
  }
  return items.flatMap(({ sku, price, limitPerBuyer }, index): RevisionRefused[] => {
    const ofOne = amountFault(price, currency);
    if (ofOne !== null) {
      const message = `${amountFaultText(ofOne, currency)}: nobody could pay for ${sku}`;
      return [{ path: ["items", index, "price"], message }];
    }
    const ofLimit = amountFault(price * limitPerBuyer, currency);
    if (ofLimit === null) return [];
    const what = `${limitPerBuyer} × ${price}, the most that a buyer may order of ${sku},`;
    const message = `is too high: ${what} ${amountFaultText(ofLimit, currency)}`;
    return [{ path: ["items", index, "limitPerBuyer"], message }];
  });
}
