/**
 * Pages that say why a request failed, and what to do next. Each has the status of its HTTP
 * response, so that a page never looks fine while the response was an error.
 */
import { html } from "hono/html";
import type { ContentfulStatusCode } from "hono/utils/http-status";
import type { PassRefusal } from "../../domain/line/pass-places.ts";
import { instant, page, type Html, type Maybe } from "../parts/layout.ts";
import { listLink, partLink, saleLink } from "../parts/links.ts";
import { passText } from "../parts/pass-text.ts";
import { NETWORK_FULL, replayedText } from "../parts/device-text.ts";

export type Notice =
  | { readonly kind: "sale_not_found" }
  | { readonly kind: "order_not_found"; readonly sale: string }
  | { readonly kind: "page_not_found" }
  | { readonly kind: "room_unavailable"; readonly retry_s: number }
  | { readonly kind: "origin_unreachable"; readonly retry_s: number }
  | { readonly kind: "booth_unavailable"; readonly sale: string; readonly retry_s: number }
  | { readonly kind: "proof_unavailable"; readonly sale: string; readonly retry_s: number }
  | { readonly kind: "order_unreadable"; readonly retry_s: number }
  | { readonly kind: "cart_unreadable"; readonly retry_s: number }
  | { readonly kind: "sale_not_open"; readonly sale: string; readonly opensAt_ms: number }
  | { readonly kind: "sale_over" | "network_full"; readonly sale: string }
  | {
      readonly kind: "pass_invalid";
      readonly sale: string;
      readonly reason: PassRefusal;
      /** The visitor is in line already. */
      readonly hasPlace: boolean;
    }
  | { readonly kind: "ticket_invalid" | "ticket_replayed"; readonly sale: string }
  /** The browser sends no cookies, so it cannot keep a place. */
  | { readonly kind: "cookies_blocked"; readonly sale: string; readonly to?: string }
  /** The browser did not keep the cookie with the place. `to`: the guarded address it requested. */
  | { readonly kind: "ticket_not_kept"; readonly sale: string; readonly to?: string }
  | { readonly kind: "turn_lapsed"; readonly sale: string }
  | { readonly kind: "admission_required"; readonly sale: string }
  | { readonly kind: "admission_spent"; readonly sale: string }
  | { readonly kind: "admission_expired"; readonly sale: string }
  | { readonly kind: "admission_invalid"; readonly sale: string }
  /** @property hasTicket whether this browser has the ticket to continue the visit with */
  | {
      readonly kind: "admission_replayed";
      readonly sale: string;
      readonly hasTicket: boolean;
    }
  | { readonly kind: "rate_limited"; readonly retry_s: number }
  | { readonly kind: "foreign_origin" }
  /** The browser loads the page in advance. */
  | { readonly kind: "not_shown_yet" }
  | { readonly kind: "body_too_large" }
  | { readonly kind: "bad_form"; readonly field: string; readonly message: string }
  | { readonly kind: "broken" };

interface NoticeText {
  readonly status: ContentfulStatusCode;
  readonly heading: string;
  readonly body: Html;
  /** When the request can be repeated. */
  readonly retry_s?: number;
  /** Whether the page reloads itself; only for GET requests. */
  readonly reloads?: boolean;
}

export interface NoticePage {
  readonly status: ContentfulStatusCode;
  readonly page: Html;
  readonly retry_s: number | null;
}

export function noticePage(notice: Notice, now: number): NoticePage {
  const { status, heading, body, retry_s = null, reloads = false } = textOf(notice);
  const refresh = reloads ? { refresh_s: retry_s, refreshAlways: true } : {};
  return {
    status,
    retry_s,
    page: page(
      { title: heading, sale: null, now, ...refresh },
      html`<section class="panel" aria-labelledby="notice">
        <h1 id="notice">${heading}</h1>
        ${body}
      </section>`,
    ),
  };
}

function joinAgain(sale: string): Html {
  return html`<form method="post" action="${partLink(sale, "join")}">
    <input type="hidden" name="afresh" value="yes" />
    <button type="submit">Join the line</button>
  </form>`;
}

function backTo(sale: string): Html {
  return html`<p><a href="${saleLink(sale)}">Back to the sale</a></p>`;
}

const TO_LIST = html`<p><a href="${listLink()}">See all sales</a></p>`;

function text(
  status: ContentfulStatusCode,
  heading: string,
  sentence: string,
  then: Maybe = null,
): NoticeText {
  return {
    status,
    heading,
    body: html`<p>${sentence}</p>
      ${then}`,
  };
}

function textOf(notice: Notice): NoticeText {
  switch (notice.kind) {
    case "sale_not_found":
      return text(404, "Sale not found", "There is no sale at this address.", TO_LIST);
    case "order_not_found":
    case "page_not_found":
    case "foreign_origin":
    case "not_shown_yet":
    case "body_too_large":
    case "bad_form":
    case "broken":
      return requestText(notice);
    case "room_unavailable":
    case "origin_unreachable":
    case "booth_unavailable":
    case "proof_unavailable":
    case "order_unreadable":
    case "cart_unreadable":
    case "rate_limited":
      return { ...laterText(notice), retry_s: notice.retry_s };
    case "sale_not_open": {
      const body = html`<p>The line opens ${instant(notice.opensAt_ms)}.</p>
        ${backTo(notice.sale)}`;
      return { status: 409, heading: "Not open yet", body };
    }
    case "network_full": {
      const { heading, sentences } = NETWORK_FULL;
      return text(409, heading, sentences, joinAgain(notice.sale));
    }
    case "sale_over":
      return text(410, "This sale has ended", "Thank you for coming.", backTo(notice.sale));
    default:
      return turnText(notice);
  }
}

type TurnNotice = Extract<
  Notice,
  {
    readonly kind:
      | "pass_invalid"
      | "ticket_invalid"
      | "ticket_replayed"
      | "cookies_blocked"
      | "ticket_not_kept"
      | "turn_lapsed"
      | "admission_required"
      | "admission_expired"
      | "admission_invalid"
      | "admission_replayed"
      | "admission_spent";
  }
>;

function turnText(notice: TurnNotice): NoticeText {
  const { sale } = notice;
  const join = joinAgain(sale);
  switch (notice.kind) {
    case "pass_invalid":
      return passNotice(notice);
    case "ticket_invalid": {
      const sentence = "The ticket in your browser is not valid for this sale.";
      return text(401, "Your place could not be read", sentence, join);
    }
    case "ticket_replayed": {
      const sentence = "Its place can be used there only. You can take a place of your own here.";
      return text(403, "This ticket belongs to another device", sentence, join);
    }
    case "cookies_blocked":
    case "ticket_not_kept":
      return cookieText(notice);
    case "turn_lapsed": {
      const sentence =
        "Your turn was not used in time, or it has already been used. You can join again.";
      return text(410, "Your turn has passed", sentence, join);
    }
    case "admission_required": {
      const sentence = "Join the line to get a turn.";
      return text(401, "It is not your turn yet", sentence, join);
    }
    case "admission_expired": {
      const sentence = "Your cart is no longer reserved. Orders you placed are not affected.";
      return text(401, "Your time in the shop is over", sentence, join);
    }
    case "admission_spent":
      return text(
        409,
        "You have completed your purchase",
        "You have placed every order that this visit allows. Your cart shows your order.",
        html`<p><a class="button" href="${partLink(sale, "cart")}">See your order</a></p>
          ${backTo(sale)}`,
      );
    case "admission_replayed": {
      const { heading, sentence, form } = replayedText(sale, notice.hasTicket, null);
      return text(403, heading, sentence, form);
    }
    case "admission_invalid": {
      const sentence = "The admission in your browser is not valid for this sale.";
      return text(401, "Your admission could not be read", sentence, join);
    }
  }
}

function cookieText({ kind, sale, to }: Extract<TurnNotice, { kind: CookieNotice }>): NoticeText {
  const what =
    kind === "cookies_blocked"
      ? "Your place in line is kept in a cookie, and your browser keeps none for this site. You " +
        "have not joined, and nothing was taken from you."
      : "You have joined, but your browser did not store the cookie with your place.";
  const next = html`<p>Allow cookies for this site and try again:</p>
    <form method="post" action="${partLink(sale, "join")}">
      ${to === undefined ? "" : html`<input type="hidden" name="to" value="${to}" />`}
      <button type="submit">Try again</button>
    </form>
    <p>
      If this page is shown inside another page or an app,
      <a href="${to ?? saleLink(sale)}" target="_blank">open the sale in its own window</a>.
    </p>`;
  const heading = "Your browser does not store your place";
  return text(kind === "cookies_blocked" ? 403 : 401, heading, what, next);
}

type CookieNotice = "cookies_blocked" | "ticket_not_kept";

function passNotice({ sale, reason, hasPlace }: Extract<TurnNotice, { reason: PassRefusal }>) {
  const { heading, sentence } = passText(reason);
  const place = html`<p>You are already in line, and your place is safe.</p>
    <p><a class="button" href="${partLink(sale, "wait")}">See your place</a></p>`;
  const join = html`<p>You can join the general line without the pass.</p>
    <form method="post" action="${partLink(sale, "join")}">
      <input type="hidden" name="general" value="yes" />
      <button type="submit">Join the general line</button>
    </form>`;
  const code = html`<p class="quiet">
    If you contact the shop, give them this code: <code>pass_invalid, ${reason}</code>
  </p>`;
  return text(403, heading, sentence, html`${hasPlace ? place : join} ${code}`);
}

type LaterNotice = Extract<Notice, { readonly retry_s: number }>;

function laterText(notice: LaterNotice): NoticeText {
  const seconds = Math.ceil(notice.retry_s);
  const again = `This page tries again in ${seconds} seconds.`;
  switch (notice.kind) {
    case "room_unavailable": {
      const sentence = `The waiting room is not responding right now. Your place is safe. ${again}`;
      return { ...text(503, "Your place is safe", sentence), reloads: true };
    }
    case "origin_unreachable": {
      const sentence = `The shop is not responding right now. ${again}`;
      return { ...text(502, "The shop is not responding", sentence), reloads: true };
    }
    case "booth_unavailable": {
      const sentence = "We could not give you a place right now. Please try again.";
      return text(503, "Please try again", sentence, joinAgain(notice.sale));
    }
    case "proof_unavailable": {
      const sentence = "We could not verify the check right now. Please try again.";
      return text(503, "Please try again", sentence, joinAgain(notice.sale));
    }
    case "order_unreadable": {
      const sentence = `We cannot show your order right now. It is still being processed. ${again}`;
      return { ...text(503, "Your order is safe", sentence), reloads: true };
    }
    case "cart_unreadable": {
      const sentence = `We cannot show your cart right now. It has not changed. ${again}`;
      return { ...text(503, "Your cart is safe", sentence), reloads: true };
    }
    case "rate_limited": {
      const sentence = `Too many requests were sent. Wait ${seconds} seconds, go back`;
      return text(429, "Please slow down", `${sentence} and try again.`);
    }
  }
}

type RequestNotice = Extract<
  Notice,
  {
    readonly kind:
      | "order_not_found"
      | "page_not_found"
      | "foreign_origin"
      | "not_shown_yet"
      | "body_too_large"
      | "bad_form"
      | "broken";
  }
>;

function requestText(notice: RequestNotice): NoticeText {
  switch (notice.kind) {
    case "order_not_found": {
      const sentence = "Open the complete link that you got with the order.";
      return text(404, "Order not found", sentence, backTo(notice.sale));
    }
    case "page_not_found":
      return text(404, "Page not found", "There is no page at this address.", TO_LIST);
    case "foreign_origin": {
      const sentence = "The request came from another site. Nothing was changed.";
      return text(403, "Request blocked", sentence, TO_LIST);
    }
    case "not_shown_yet": {
      const sentence = "Your browser loaded this page before you opened it. Load it again.";
      return text(425, "Not opened yet", sentence, TO_LIST);
    }
    case "body_too_large":
      return text(
        413,
        "The form is too large",
        "The form is larger than we accept. Nothing was changed.",
        TO_LIST,
      );
    case "bad_form": {
      const sentence = `The field “${notice.field}” is not valid. ${notice.message}.`;
      return text(422, "The form could not be read", `${sentence} Nothing was changed.`, TO_LIST);
    }
    case "broken": {
      const sentence =
        "Nothing you had is lost. Go back and try again; if you were ordering, the same form " +
        "never orders twice.";
      return text(500, "Something went wrong on our side", sentence, TO_LIST);
    }
  }
}
