/**
 * The waiting page: a shopper's state in line, with estimates that promise nothing, and what to do.
 *
 * Guarantee: shows the same with and without scripts. Without them it reloads itself after
 * `pollAfter_s`; with them `waiting.js` keeps it current.
 */
import { html } from "hono/html";
import { GENERAL_LANE, type Sale } from "../../domain/sale/sale.ts";
import type { Schedule } from "../../domain/sale/schedule.ts";
import type { ShopperState, Standing } from "../../domain/room/standing.ts";
import { levelText, waitingFacts } from "../assets/_sluice/assets/waiting-text.js";
import {
  countdown,
  instant,
  merchantMessage,
  onlyFor,
  page,
  slot,
  type Html,
  type Maybe,
} from "../parts/layout.ts";
import { partLink, reminderLink, saleApi, saleLink } from "../parts/links.ts";

export interface WaitingModel {
  readonly sale: Sale;
  readonly schedule: Schedule;
  readonly standing: Standing;
  /** The turn was claimed while every seat was taken. */
  readonly seatsFull: boolean;
  /**
   * The guarded address (path and query) at which the page is shown; absent on the sale's own page.
   */
  readonly guarded?: string;
  /**
   * The address to load instead of reloading this page, while it is unknown whether the browser
   * keeps its place; null when it is known.
   */
  readonly check?: string | null;
  /** Whether a mail when the turn comes is offered, and the masked address that was left. */
  readonly reminder?: ReminderOffer;
  readonly now: number;
}

export type ReminderOffer =
  | { readonly kind: "none" }
  | { readonly kind: "offered"; readonly to: string | null };

const STALE =
  "Your place is safe. This page shows the last known state, because the shop is not responding.";
const ORDERED = {
  lottery: "The order of the line is a random draw",
  fifo: "The line is in order of arrival, second by second; who joined in one second is drawn",
} as const;
const IN_LINE: readonly ShopperState[] = ["prequeue", "queued", "called", "paused", "sold_out"];

export function waitingPage(model: WaitingModel): Html {
  const { sale, standing, now } = model;
  const { heading, text, place, wait, odds } = waitingFacts(standing);
  return page(
    {
      title: place ?? heading,
      sale,
      now,
      refresh_s: refreshOf(model),
      refreshTo: model.check ?? null,
      scripts: ["waiting.js"],
      data: scriptData(model),
    },
    html`<section class="panel waiting" aria-labelledby="state">
        <h1 id="state" data-slot="heading">${heading}</h1>
        ${laneOf(standing)} ${slot("place", place, "place")} ${slot("wait", wait, "wait")}
        ${slot("text", text)} ${slot("odds", odds, "quiet")} ${startsIn(model)}
        ${seatsFullNote(model)} ${nextSteps(model)}
        ${slot("stale", standing.stale ? STALE : null, "note")} ${slot("trouble", null, "note")}
      </section>
      ${merchantMessage(standing.message)} ${reminder(model)} ${stock(model)} ${keepOpen(model)}
      <p class="quiet">
        ${ORDERED[sale.admission.method]}, and
        <a href="${partLink(sale.id, "fairness")}">you can check the draw</a>.
      </p>`,
  );
}

/** The lane of the visitor's pass; the general lane is not named. */
function laneOf({ lane }: Standing): Maybe {
  if (lane === GENERAL_LANE) return null;
  return html`<p class="quiet">Your lane: <strong>${lane}</strong></p>`;
}

/**
 * The reload without scripts. For a called shopper it is as late as is safe, so that they can find
 * the button undisturbed.
 */
function refreshOf({ sale, standing, guarded }: WaitingModel): number | null {
  switch (standing.state) {
    case "ended":
    case "lapsed":
      return null;
    case "called":
      // At a guarded address, reloading the page enters the shop.
      if (guarded !== undefined) return standing.pollAfter_s;
      return Math.max(standing.pollAfter_s, sale.admission.claimWindowSeconds / 2);
    default:
      return standing.pollAfter_s;
  }
}

/** The parameters of the script. */
function scriptData({ sale, standing, guarded, check = null }: WaitingModel): Html {
  const { state, position, pollAfter_s } = standing;
  return html`data-waiting data-api="${saleApi(sale.id)}"
  data-shop="${guarded ?? saleLink(sale.id)}" data-state="${state}" data-poll-after="${pollAfter_s}"
  ${position === null ? "" : html`data-position="${position}"`}
  ${check === null ? "" : html`data-check="${check}"`}`;
}

function startsIn({ schedule, standing, now }: WaitingModel): Html {
  return html`<p ${onlyFor(standing.state, ["prequeue"])}>
    The sale starts in ${countdown(schedule.startsAt_ms, now)} (${instant(schedule.startsAt_ms)}).
  </p>`;
}

function seatsFullNote({ seatsFull }: WaitingModel): Maybe {
  if (!seatsFull) return null;
  return html`<p class="note">
    The shop is full right now. Your turn is safe. Try again in a few seconds.
  </p>`;
}

/** A form or link for each state in which the shopper can do something. */
function nextSteps(model: WaitingModel): Html {
  const { sale, standing, guarded } = model;
  const { state } = standing;
  const join = partLink(sale.id, "join");
  const shop = guarded ?? saleLink(sale.id);
  return html`${goIn(model)}
    <p ${onlyFor(state, ["admitted"])}><a class="button" href="${shop}">Go to the shop</a></p>
    <form method="post" action="${join}" ${onlyFor(state, ["lapsed"])}>
      <input type="hidden" name="afresh" value="yes" />
      ${guarded === undefined ? "" : html`<input type="hidden" name="to" value="${guarded}" />`}
      <button type="submit">Join the line again</button>
    </form>
    <form method="post" action="${partLink(sale.id, "leave")}" ${onlyFor(state, ["sold_out"])}>
      <button class="second" type="submit">Leave the line</button>
    </form>
    <p ${onlyFor(state, ["ended"])}>
      <a href="${shop}">${guarded === undefined ? "Back to the sale" : "Go to the shop"}</a>
    </p>`;
}

function goIn({ sale, standing, guarded }: WaitingModel): Html {
  const shown = onlyFor(standing.state, ["called"]);
  if (guarded !== undefined) {
    return html`<p ${shown}><a class="button" href="${guarded}">Go in now</a></p>`;
  }
  return html`<form method="post" action="${partLink(sale.id, "enter")}" ${shown}>
    <button type="submit">Go in now</button>
  </form>`;
}

/** A link and no form, because without scripts the page reloads while somebody types. */
function reminder({ sale, standing, guarded, reminder = { kind: "none" } }: WaitingModel): Maybe {
  if (reminder.kind === "none") return null;
  const link = reminderLink(sale.id, guarded ?? null);
  return html`<p ${onlyFor(standing.state, ["prequeue", "queued", "paused", "sold_out"])}>
    ${
      reminder.to === null
        ? html`<a href="${link}">Tell me by e-mail when it is my turn</a>`
        : html`We write to ${reminder.to} when it is your turn. <a href="${link}">Change</a>`
    }
  </p>`;
}

function stock({ sale, standing }: WaitingModel): Maybe {
  if (sale.items.length === 0) return null;
  const rows = sale.items.map(({ sku, name }) => {
    const known = standing.stock.find((level) => level.sku === sku);
    const text =
      known === undefined
        ? "Checking stock"
        : levelText(known.level, known.available, known.mayReturn);
    return html`<div>
      <dt>${name}</dt>
      <dd data-slot="stock:${sku}">${text}</dd>
    </div>`;
  });
  return html`<section aria-labelledby="stock" ${onlyFor(standing.state, IN_LINE)}>
    <h2 id="stock">Availability</h2>
    <dl class="stock">${rows}</dl>
  </section>`;
}

/** Without scripts: how the page stays current. */
function keepOpen({ sale, standing, guarded, check }: WaitingModel): Html {
  return html`<div data-without-script>
    <p class="quiet" ${onlyFor(standing.state, IN_LINE)}>
      This page updates by itself every few seconds.
      <a href="${check ?? guarded ?? partLink(sale.id, "wait")}">Update now</a>
    </p>
  </div>`;
}
