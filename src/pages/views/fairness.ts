/**
 * The page on which anyone can check the draw: the commitment before the sale, the secret after it,
 * and a field for a ticket whose place the reader's own browser computes.
 *
 * Guarantee: the field is in no form, so a ticket never becomes part of a URL. Without scripts the
 * page explains how to check the draw without it.
 */
import { html } from "hono/html";
import { chainHashOf, QUICKNET, type BeaconChain } from "../../domain/line/beacon.ts";
import { DRAW_ALGORITHM } from "../../domain/line/cohort.ts";
import type { Sale } from "../../domain/sale/sale.ts";
import type { Phase } from "../../domain/sale/schedule.ts";
import { instant, page, type Html, type Maybe } from "../parts/layout.ts";
import { KEYS_LINK, partLink, saleApi } from "../parts/links.ts";

export interface FairnessModel {
  readonly sale: Sale;
  readonly phase: Phase;
  /** Hex. */
  readonly commitment: string;
  /** Whose rounds decide first cohorts; null: the secret alone decides. */
  readonly beacon: BeaconChain | null;
  /** Hex; null until it is revealed. */
  readonly secret: string | null;
  /** When it is to be revealed; null once it was. */
  readonly revealsAt_ms: number | null;
  /** The ticket in this browser's cookie, when it is valid. */
  readonly ticket: string | null;
  /** Scheme and host of this page. */
  readonly origin: string;
  readonly now: number;
}

export function fairnessPage(model: FairnessModel): Html {
  const { sale, commitment, now } = model;
  const data = html`data-fairness data-api="${saleApi(sale.id)}" data-sale="${sale.id}"
  data-commitment="${commitment}" data-keys="${KEYS_LINK}"`;
  return page(
    { title: "Check the draw", sale, now, scripts: ["fairness.js"], data },
    html`<h1>Check the draw</h1>
      <p>
        ${
          sale.admission.method === "lottery"
            ? "Everyone who joins before the start is in the first cohort; after that, every " +
              "second has a cohort of its own."
            : "Everyone who joins within one second is in one cohort."
        }
        Earlier cohorts come first, and the order inside a cohort is random. The draw was fixed by a
        secret number before anybody could join.
      </p>
      ${promise(model)} ${checking(model)} ${byHand(model)}`,
  );
}

function promise(model: FairnessModel): Html {
  const { commitment, secret } = model;
  return html`<section class="panel" aria-labelledby="promise">
    <h2 id="promise">Commitment and secret</h2>
    <p>The commitment, shown since before anybody could join:</p>
    <p class="id">${commitment}</p>
    ${secret === null ? keepIt(model) : revealed(secret)} ${beaconText(model)}
  </section>`;
}

function beaconText({ sale, beacon }: FairnessModel): Maybe {
  if (sale.admission.method !== "lottery") return null;
  if (beacon === null) {
    return html`<p>
      No public beacon has a part in the draw, so who knows the secret could choose it.
    </p>`;
  }
  return html`<p>
      At the start the places are counted, signed and
      <a href="${saleApi(sale.id)}/cohorts/general/0/counts">published</a>. The first round after
      that of the public beacon ${beacon.id}, which nobody knows before, decides together with the
      secret. The beacon’s chain:
    </p>
    <p class="id">${chainHashOf(beacon)}</p>`;
}

function keepIt({ phase, revealsAt_ms, now }: FairnessModel): Html {
  if (phase === "ended") {
    return revealsAt_ms !== null && revealsAt_ms > now
      ? html`<p>
          The sale is over. Its secret is published at ${instant(revealsAt_ms)}, unless the sale
          goes on before then.
        </p>`
      : html`<p>The secret is being published. Load this page again in a moment.</p>`;
  }
  return html`<p>
    Keep a copy. After the sale the secret appears here, and its SHA-256 must be this number.
  </p>`;
}

function revealed(secret: string): Html {
  return html`<p>The sale is over, and this was its secret:</p>
    <p class="id">${secret}</p>
    <p>Its SHA-256 must be the commitment, as you saw it before the sale.</p>`;
}

function checking({ ticket }: FairnessModel): Html {
  return html`<section aria-labelledby="checking">
    <h2 id="checking">Work out a place</h2>
    <div data-with-script hidden>
      <p>
        Your browser works the place out by itself, from the figures that the shop publishes, and
        compares it with the place that the shop gives.
      </p>
      <div class="field">
        <label for="ticket">Ticket</label>
        <textarea id="ticket" rows="5" autocomplete="off" spellcheck="false">
${ticket ?? ""}</textarea>
        <p class="quiet">${ticketText(ticket)}</p>
      </div>
      <p class="actions"><button type="button" id="check">Work out the place</button></p>
      <div id="result" class="panel" hidden></div>
    </div>
    <p data-without-script>
      This needs a browser that runs scripts. Without scripts, use the program below, or write your
      own from its specification.
    </p>
  </section>`;
}

function ticketText(ticket: string | null): string {
  const secrecy = "Anyone who has your ticket can use your place, so keep it private.";
  return ticket === null ? secrecy : `This is the ticket stored in your browser. ${secrecy}`;
}

function byHand({ sale, origin, beacon }: FairnessModel): Maybe {
  const chain = beacon === null ? null : chainHashOf(beacon);
  const isOther = chain !== null && chain !== chainHashOf(QUICKNET);
  const accept = isOther ? ` --beacon-chain ${chain}` : "";
  return html`<details>
    <summary>Check it without this page</summary>
    <p>
      A page served by the shop could be made to say anything. Sluice’s source has a program that
      checks a whole sale from outside, and docs/fairness.md, from which you can write your own:
    </p>
    <p class="id">npm run verify-draw -- --url ${origin} --sale ${sale.id}${accept}</p>
    <p>The figures themselves: <a href="${saleApi(sale.id)}/fairness">commitment and secret</a>.</p>
    <p class="id">${DRAW_ALGORITHM}</p>
    <p><a href="${partLink(sale.id, "receipt")}">Check the receipt of an order</a></p>
    <p><a href="${partLink(sale.id, "wait")}">Back to your place</a></p>
  </details>`;
}
