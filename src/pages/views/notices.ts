/**
 * Pages that say why a request led nowhere, and what to do next. Each has the status of its HTTP
 * answer, so that a page never looks fine while the answer was an error.
 */
import { html } from "hono/html";
import type { ContentfulStatusCode } from "hono/utils/http-status";
import type { PassRefusal } from "../../domain/pass-refusal.ts";
import { instant, page, type Html, type Maybe } from "../parts/layout.ts";
import { listLink, partLink, saleLink } from "../parts/links.ts";
import { passText } from "../parts/pass-text.ts";
import { replayedText } from "../parts/device-text.ts";

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
  | { readonly kind: "sale_over"; readonly sale: string }
  | {
      readonly kind: "pass_invalid";
      readonly sale: string;
      readonly reason: PassRefusal;
      /** The visitor is in line already. */
      readonly hasPlace: boolean;
    }
  | { readonly kind: "ticket_invalid"; readonly sale: string }
  /** The browser sends no cookie back, so it could not keep a place. */
  | { readonly kind: "cookies_blocked"; readonly sale: string; readonly to?: string }
  /** The cookie with the place does not come back. `to`: the guarded address they came for. */
  | { readonly kind: "ticket_not_kept"; readonly sale: string; readonly to?: string }
  | { readonly kind: "turn_lapsed"; readonly sale: string }
  | { readonly kind: "admission_required"; readonly sale: string }
  | { readonly kind: "admission_spent"; readonly sale: string }
  | { readonly kind: "admission_expired"; readonly sale: string }
  | { readonly kind: "admission_invalid"; readonly sale: string }
  /** @property hasTicket a claim with it goes on here */
  | {
      readonly kind: "admission_replayed";
      readonly sale: string;
      readonly hasTicket: boolean;
    }
  | { readonly kind: "rate_limited"; readonly retry_s: number }
  | { readonly kind: "foreign_origin" }
  | { readonly kind: "body_too_large" }
  | { readonly kind: "bad_form"; readonly field: string; readonly message: string }
  | { readonly kind: "broken" };

interface NoticeText {
  readonly status: ContentfulStatusCode;
  readonly heading: string;
  readonly body: Html;
  /** When asking again makes sense. */
  readonly retry_s?: number;
  /** The page asks again by itself; only what was asked for with GET can be. */
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
      return text(404, "No such sale", "There is no sale at this address.", TO_LIST);
    case "order_not_found":
    case "page_not_found":
    case "foreign_origin":
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
      const sentence = "The ticket your browser carries is not one of this sale's.";
      return text(401, "Your place could not be read", sentence, join);
    }
    case "cookies_blocked":
    case "ticket_not_kept":
      return cookieText(notice);
    case "turn_lapsed": {
      const sentence = "The turn was not used in time, or has been used. You can join again.";
      return text(410, "Your turn has passed", sentence, join);
    }
    case "admission_required": {
      const sentence = "The shop is open for those whose turn it is.";
      return text(401, "You need a turn to come in", sentence, join);
    }
    case "admission_expired": {
      const sentence = "What you held went back to the line. Orders you placed go on.";
      return text(401, "Your time in the shop is over", sentence, join);
    }
    case "admission_spent":
      return text(
        409,
        "You have bought what you came for",
        "Your order is on its way.",
        backTo(sale),
      );
    case "admission_replayed": {
      const { heading, sentence, form } = replayedText(sale, notice.hasTicket, null);
      return text(403, heading, sentence, form);
    }
    case "admission_invalid": {
      const sentence = "The admission your browser carries is not one of this sale's.";
      return text(401, "Your turn could not be read", sentence, join);
    }
  }
}

function cookieText({ kind, sale, to }: Extract<TurnNotice, { kind: CookieNotice }>): NoticeText {
  const what =
    kind === "cookies_blocked"
      ? "Your place in line is kept in a cookie, and your browser keeps none for this site. You " +
        "have not joined, and nothing was taken from you."
      : "You have joined, but your browser has not kept the cookie with your place.";
  const next = html`<p>Allow cookies for this site and try again:</p>
    <form method="post" action="${partLink(sale, "join")}">
      ${to === undefined ? "" : html`<input type="hidden" name="to" value="${to}" />`}
      <button type="submit">Try again</button>
    </form>
    <p>
      If this page stands inside another one, or in the browser of an app,
      <a href="${to ?? saleLink(sale)}" target="_blank">open the sale in a window of its own</a>.
    </p>`;
  const heading = "Your browser does not keep your place";
  return text(kind === "cookies_blocked" ? 403 : 401, heading, what, next);
}

type CookieNotice = "cookies_blocked" | "ticket_not_kept";

function passNotice({ sale, reason, hasPlace }: Extract<TurnNotice, { reason: PassRefusal }>) {
  const { heading, sentence } = passText(reason);
  const place = html`<p>You are in line already; that place is kept.</p>
    <p><a class="button" href="${partLink(sale, "wait")}">See your place</a></p>`;
  const join = html`<p>You can join the general line without it.</p>
    <form method="post" action="${partLink(sale, "join")}">
      <input type="hidden" name="general" value="yes" />
      <button type="submit">Join the general line</button>
    </form>`;
  const code = html`<p class="quiet">
    If you ask the shop for help, tell them this: <code>pass_invalid, ${reason}</code>
  </p>`;
  return text(403, heading, sentence, html`${hasPlace ? place : join} ${code}`);
}

type LaterNotice = Extract<Notice, { readonly retry_s: number }>;

function laterText(notice: LaterNotice): NoticeText {
  const seconds = Math.ceil(notice.retry_s);
  const again = `This page tries again in ${seconds} seconds.`;
  switch (notice.kind) {
    case "room_unavailable": {
      const sentence = `The waiting room does not answer right now. Your place is kept. ${again}`;
      return { ...text(503, "We are holding your place", sentence), reloads: true };
    }
    case "origin_unreachable": {
      const sentence = `The shop does not answer right now. ${again}`;
      return { ...text(502, "The shop does not answer", sentence), reloads: true };
    }
    case "booth_unavailable": {
      const sentence = "We could not give you a place this moment. Nothing is lost; try again.";
      return text(503, "Please try again", sentence, joinAgain(notice.sale));
    }
    case "proof_unavailable": {
      const sentence = "We cannot look at the check this moment. Nothing is lost; try again.";
      return text(503, "Please try again", sentence, joinAgain(notice.sale));
    }
    case "order_unreadable": {
      const sentence = `We cannot read your order right now. It goes on all the same. ${again}`;
      return { ...text(503, "Your order is safe", sentence), reloads: true };
    }
    case "cart_unreadable": {
      const sentence = `We cannot see what you hold right now. It is kept as it was. ${again}`;
      return { ...text(503, "Your cart is kept", sentence), reloads: true };
    }
    case "rate_limited": {
      const sentence = `More was sent than one shopper needs. Wait ${seconds} seconds, go back`;
      return text(429, "A little slower, please", `${sentence} and try again.`);
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
      | "body_too_large"
      | "bad_form"
      | "broken";
  }
>;

function requestText(notice: RequestNotice): NoticeText {
  switch (notice.kind) {
    case "order_not_found": {
      const sentence = "Open the whole address you were given with the order.";
      return text(404, "No such order", sentence, backTo(notice.sale));
    }
    case "page_not_found":
      return text(404, "There is nothing here", "This address leads nowhere.", TO_LIST);
    case "foreign_origin": {
      const sentence = "The request came from another site, so nothing was done.";
      return text(403, "Not from here", sentence, TO_LIST);
    }
    case "body_too_large":
      return text(
        413,
        "That was too much",
        "The form was too large, so nothing was done.",
        TO_LIST,
      );
    case "bad_form": {
      const sentence = `The field “${notice.field}” is not right. ${notice.message}.`;
      return text(422, "The form could not be read", `${sentence} Nothing was done.`, TO_LIST);
    }
    case "broken": {
      const sentence =
        "Nothing you had is lost. Go back and try again; if you were ordering, the same form " +
        "never orders twice.";
      return text(500, "Something broke on our side", sentence, TO_LIST);
    }
  }
}
