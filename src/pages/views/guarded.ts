/**
 * Pages that a guarded address shows instead of the shop's own, other than the waiting page: why
 * the shopper cannot enter now, and what to do about it.
 *
 * Guarantee: each is shown at the requested address, so that reloading it requests that address
 * again; a page requested with GET reloads itself when that can help. A form is never sent again
 * automatically.
 */
import { html } from "hono/html";
import type { PassRefusal } from "../../domain/line/pass-places.ts";
import { GENERAL_LANE, type Sale } from "../../domain/sale/sale.ts";
import { countdown, instant, page, type Html, type Maybe } from "../parts/layout.ts";
import { partLink } from "../parts/links.ts";
import { passText } from "../parts/pass-text.ts";
import { NETWORK_FULL, replayedText } from "../parts/device-text.ts";

export type GuardedNotice =
  | { readonly kind: "not_open"; readonly opensAt_ms: number }
  /** A form was sent without a turn. */
  | { readonly kind: "form_not_sent"; readonly back: string }
  | { readonly kind: "pass_invalid"; readonly reason: PassRefusal }
  | { readonly kind: "admission_replayed"; readonly hasTicket: boolean }
  /** Another site led here, and the address is too long for the check of cookies. */
  | { readonly kind: "arrived" }
  | { readonly kind: "rate_limited" | "booth_unavailable" | "room_unavailable" }
  | { readonly kind: "network_full" };

export interface GuardedPageModel {
  readonly notice: GuardedNotice;
  readonly sale: Sale;
  /** The guarded address: path and query. */
  readonly guarded: string;
  /** When to load the page again. */
  readonly retry_s: number;
  readonly now: number;
}

interface NoticeText {
  readonly heading: string;
  readonly body: Html;
  readonly reloads: boolean;
}

export function guardedPage(model: GuardedPageModel): Html {
  const { sale, retry_s, now } = model;
  const { heading, body, reloads } = textOf(model);
  const refresh = reloads ? { refresh_s: retry_s, refreshAlways: true } : {};
  return page(
    { title: heading, sale, now, ...refresh },
    html`<section class="panel" aria-labelledby="notice">
      <h1 id="notice">${heading}</h1>
      ${body}
    </section>`,
  );
}

function textOf({ notice, sale, guarded, retry_s, now }: GuardedPageModel): NoticeText {
  const again = `This page tries again in ${Math.ceil(retry_s)} seconds.`;
  const text = (heading: string, sentence: string, then: Maybe = null): NoticeText => {
    const body = html`<p>${sentence}</p>
      ${then}`;
    return { heading, body, reloads: true };
  };
  switch (notice.kind) {
    case "not_open": {
      const { opensAt_ms } = notice;
      const body = html`<p>
          The line opens in ${countdown(opensAt_ms, now)} (${instant(opensAt_ms)}).
        </p>
        <p>Keep this page open. It joins the line by itself at that time.</p>`;
      return { heading: "Not open yet", body, reloads: true };
    }
    case "form_not_sent": {
      const sentence = "You need a turn to send a form. It was not sent to the shop.";
      const then = html`<p>
          Go to the line with the button below. When it is your turn, fill the form in and send it
          again.
        </p>
        <p><a class="button" href="${notice.back}">Go to the line</a></p>`;
      return { ...text("Your form was not sent", sentence, then), reloads: false };
    }
    case "pass_invalid": {
      const { heading, sentence } = passText(notice.reason);
      return { ...text(heading, sentence, joinGeneral(sale.id, guarded)), reloads: false };
    }
    case "admission_replayed": {
      const { heading, sentence, form } = replayedText(sale.id, notice.hasTicket, guarded);
      return { ...text(heading, sentence, form), reloads: false };
    }
    case "arrived": {
      // Without a target a link leads to the page's own address, however long that is.
      const then = html`<p><a class="button" href="">Go to the shop</a></p>`;
      const sentence = "You came here from another site.";
      return { ...text("Continue to the shop", sentence, then), reloads: false };
    }
    case "rate_limited":
      return text("Please slow down", `Too many requests were sent. ${again}`);
    case "booth_unavailable":
      return text("One moment, please", `We could not give you a place right now. ${again}`);
    case "network_full": {
      const { heading, sentences } = NETWORK_FULL;
      const then = html`<p><a class="button" href="">Try again</a></p>`;
      return { ...text(heading, sentences, then), reloads: false };
    }
    case "room_unavailable": {
      const sentence = `The waiting room is not responding right now. Your place is safe. ${again}`;
      return text("Your place is safe", sentence);
    }
  }
}

function joinGeneral(sale: string, guarded: string): Html {
  return html`<p>You can join the ${GENERAL_LANE} line without it.</p>
    <form method="post" action="${partLink(sale, "join")}">
      <input type="hidden" name="general" value="yes" />
      <input type="hidden" name="to" value="${guarded}" />
      <button type="submit">Join the ${GENERAL_LANE} line</button>
    </form>`;
}
