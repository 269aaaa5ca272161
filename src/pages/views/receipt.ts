/**
 * The page on which anyone can check the receipt of an order: with scripts the reader's own browser
 * verifies its signature and computes its place, without them the shop does.
 *
 * Guarantee: the receipt is sent with a form, so it never becomes part of a URL. What a receipt
 * says is shown only below the verdict on its signature, and as text.
 */
import { html } from "hono/html";
import { currencyOf } from "../../domain/money/currencies.ts";
import type { CheckedRank, CheckedReceipt } from "../../domain/order/receipt.ts";
import type { Sale } from "../../domain/sale/sale.ts";
import { receiptRefusal, receiptSentences } from "../assets/_sluice/assets/receipt-text.js";
import { page, type Html, type Maybe } from "../parts/layout.ts";
import { KEYS_LINK, partLink, saleApi } from "../parts/links.ts";

export interface ReceiptModel {
  readonly sale: Pick<Sale, "id" | "title" | "currency" | "items">;
  /** Of the sale's draw, hex. */
  readonly commitment: string;
  readonly issuer: string;
  /** Scheme and host of this page. */
  readonly origin: string;
  /** What is in the field. */
  readonly token: string;
  /** What the shop found; null before it was asked. */
  readonly checked: CheckedReceipt | null;
  readonly now: number;
}

export function receiptPage(model: ReceiptModel): Html {
  const { sale, commitment, issuer, token, checked, now } = model;
  const data = html`data-receipt data-api="${saleApi(sale.id)}" data-sale="${sale.id}"
  data-commitment="${commitment}" data-keys="${KEYS_LINK}" data-issuer="${issuer}"
  data-facts="${JSON.stringify(factsOf(sale))}"`;
  return page(
    { title: "Check a receipt", sale, now, scripts: ["receipt.js"], data },
    html`<h1>Check a receipt</h1>
      <p>
        A receipt is signed by this shop. It shows that an order was confirmed and, if its buyer
        waited, the place in line that the order came from. It names nobody.
      </p>
      <form id="receipt-form" method="post" action="${partLink(sale.id, "receipt")}">
        <div class="field">
          <label for="receipt">Receipt</label>
          <textarea
            id="receipt"
            name="receipt"
            rows="8"
            required
            autocomplete="off"
            spellcheck="false"
          >
${token}</textarea>
          <p class="quiet">
            To show it to others, copy this text. The address of this page is no receipt.
          </p>
        </div>
        <div class="field" data-with-script hidden>
          <label for="receipt-file">Or open a saved receipt</label>
          <input type="file" id="receipt-file" accept=".jwt,.txt,application/jwt,text/plain" />
        </div>
        <p class="actions"><button>Check the receipt</button></p>
      </form>
      <p class="quiet" data-without-script>
        With scripts your own browser checks the receipt. Without them the shop does.
      </p>
      <div id="result" class="panel" ${checked === null ? "hidden" : ""}>
        ${checked === null ? null : result(checked, sale)}
      </div>
      ${byHand(model)}`,
  );
}

/** With which a receipt is easier to read. */
function factsOf({ currency: code, items }: ReceiptModel["sale"]) {
  // A currency that is not in the table has two decimals: only sales of older releases have one.
  const { digits, step } = currencyOf(code) ?? { digits: 2, step: 1 };
  const names = Object.fromEntries(items.map(({ sku, name }) => [sku, name]));
  return { currency: { code, digits, step }, names };
}

function result(checked: CheckedReceipt, sale: ReceiptModel["sale"]): Html {
  if (checked.kind === "invalid") return verdict(receiptRefusal(checked.reason), true);
  if (checked.kind === "other_sale") {
    const text = `This is a receipt of another sale of this shop: ${checked.sale}.`;
    return html`${verdict(text, true)}
      <p><a href="${partLink(checked.sale, "receipt")}">Check it there</a></p>`;
  }
  const { receipt, rank } = checked;
  const sentences = receiptSentences(receipt, factsOf(sale)).map((text) => html`<li>${text}</li>`);
  return html`${verdict("The signature is the shop’s.", false)}
    <ol>
      ${sentences} ${rankStep(rank)}
    </ol>`;
}

function verdict(text: string, isWrong: boolean): Html {
  return html`<p class="verdict${isWrong ? " wrong" : ""}">${text}</p>`;
}

function rankStep(rank: CheckedRank): Maybe {
  switch (rank.kind) {
    case "none":
      return null;
    case "agrees":
      return html`<li>The draw gives the same place.</li>`;
    case "unknown":
      return html`<li>The draw could not be read just now. Check the place again in a moment.</li>`;
    case "differs": {
      const drawn =
        rank.drawn === null
          ? "No booth ever handed out this place."
          : `The draw gives place number ${rank.drawn + 1}.`;
      return html`<li class="wrong">Wrong: ${drawn}</li>`;
    }
  }
}

function byHand({ sale, origin }: ReceiptModel): Html {
  return html`<details>
    <summary>Check it without this page</summary>
    <p>
      A page served by the shop could be made to say anything. Sluice’s source has a program that
      checks receipts from outside, and docs/fairness.md, from which you can write your own:
    </p>
    <p class="id">npm run verify-draw -- --url ${origin} --receipt receipt.jwt</p>
    <p>
      The keys: <a href="${KEYS_LINK}">as a JWKS</a>. The draw:
      <a href="${partLink(sale.id, "fairness")}">commitment, secret and places</a>.
    </p>
  </details>`;
}
