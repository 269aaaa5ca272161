/**
 * The list of published sales.
 */
import { html } from "hono/html";
import { hasEnd, type Phase, type Schedule } from "../../domain/sale/schedule.ts";
import { instant, page, type Html } from "../parts/layout.ts";
import { listLink, saleLink } from "../parts/links.ts";

interface ListedSale {
  readonly sale: { readonly id: string; readonly title: string };
  readonly phase: Phase;
  readonly schedule: Schedule;
}

export interface SalesListModel {
  readonly sales: readonly ListedSale[];
  /** The id after which the next page begins; null on the last. */
  readonly next: string | null;
  readonly now: number;
}

function when({ phase, schedule }: ListedSale): Html {
  switch (phase) {
    case "scheduled":
      return html`<span class="badge">Opens</span> ${instant(schedule.opensAt_ms)}`;
    case "prequeue":
      return html`<span class="badge on">Join now</span> starts ${instant(schedule.startsAt_ms)}`;
    case "live":
      return html`<span class="badge on">Live</span>${until(schedule)}`;
    case "ended":
      return html`<span class="badge">Ended</span> ${instant(schedule.endsAt_ms)}`;
  }
}

function until(schedule: ListedSale["schedule"]): Html | "" {
  return hasEnd(schedule) ? html` until ${instant(schedule.endsAt_ms)}` : "";
}

function entry(listed: ListedSale): Html {
  const { id, title } = listed.sale;
  return html`<li class="card">
    <h2><a class="cover" href="${saleLink(id)}">${title}</a></h2>
    <p class="quiet">${when(listed)}</p>
  </li>`;
}

export function salesListPage({ sales, next, now }: SalesListModel): Html {
  const list =
    sales.length === 0
      ? html`<p>There are no sales yet.</p>`
      : html`<ul class="cards">
          ${sales.map(entry)}
        </ul>`;
  const more = next === null ? "" : html`<p><a href="${listLink(next)}">More sales</a></p>`;
  return page(
    { title: "Sales", sale: null, now },
    html`<h1>Sales</h1>
      ${list} ${more}`,
  );
}
