/**
 * The pages of a reminder: leaving an address for a mail when the turn comes, and deleting it.
 */
import { html } from "hono/html";
import { EMAIL_LENGTH_MAX } from "../../domain/limits.ts";
import { faultSummary, fieldFault, fieldMarks, labelFor } from "../parts/faults.ts";
import { page, type Html } from "../parts/layout.ts";
import { partLink, stopReminderAction } from "../parts/links.ts";

interface SaleName {
  readonly id: string;
  readonly title: string;
}

export interface ReminderModel {
  readonly sale: SaleName;
  /** The masked address that this browser has left; null without one. */
  readonly kept: string | null;
  /** What is in the field. */
  readonly email: string;
  /** Why it was not kept. */
  readonly fault: string | null;
  /** Path and query of the guarded address at which the shopper waits. */
  readonly to: string | null;
  readonly now: number;
}

export function reminderPage(model: ReminderModel): Html {
  const { sale, kept, email, to, now } = model;
  const fault = model.fault === null ? null : { field: "email", message: model.fault };
  const action = partLink(sale.id, "reminder");
  const back = to ?? partLink(sale.id, "wait");
  const hidden = to === null ? "" : html`<input type="hidden" name="to" value="${to}" />`;
  return page(
    { title: "A mail when it is your turn", sale, now },
    html`<h1>A mail when it is your turn</h1>
      ${faultSummary(fault === null ? [] : [fault])}
      <p>
        Your place in line does not change. The mail comes within seconds of your turn, but mails
        can be slow and turns are short, so keep the waiting page open as well, in this browser.
      </p>
      ${kept === null ? "" : html`<p class="note">The mail goes to ${kept}.</p>`}
      <form method="post" action="${action}">
        ${hidden}
        <div class="field">
          <label ${labelFor("email")}>E-mail</label>
          <input
            ${fieldMarks("email", fault)}
            name="email"
            inputmode="email"
            autocomplete="email"
            autocapitalize="none"
            spellcheck="false"
            maxlength="${EMAIL_LENGTH_MAX}"
            value="${email}"
            required
          />
          ${fieldFault("email", fault)}
        </div>
        <p class="quiet">
          It is used for this one mail, and deleted when your turn or the sale is over.
        </p>
        <p class="actions"><button>Tell me when it is my turn</button></p>
      </form>
      ${
        kept === null
          ? ""
          : html`<form method="post" action="${action}">
              ${hidden}
              <input type="hidden" name="withdraw" value="yes" />
              <p class="actions"><button class="plain">Delete my address</button></p>
            </form>`
      }
      <p><a href="${back}">Back to your place in line</a></p>`,
  );
}

export interface StopReminderModel {
  readonly sale: SaleName;
  readonly ticket: string;
  readonly key: string;
  /** The address could not be deleted. */
  readonly hasFailed: boolean;
  readonly now: number;
}

/** Where the link of a mail leads. */
export function stopReminderPage(model: StopReminderModel): Html {
  const { sale, ticket, key, hasFailed, now } = model;
  return page(
    { title: "Delete your address", sale, now },
    html`<h1>Delete your address</h1>
      ${hasFailed ? html`<p class="note">It could not be deleted right now. Try again.</p>` : ""}
      <p>
        Your address was left with a place in line, for one mail when its turn comes. You can delete
        it from that place; the place itself stays.
      </p>
      <form method="post" action="${stopReminderAction(sale.id)}">
        <input type="hidden" name="ticket" value="${ticket}" />
        <input type="hidden" name="key" value="${key}" />
        <p class="actions"><button>Delete my address</button></p>
      </form>`,
  );
}

export function reminderStoppedPage({ sale, now }: Pick<StopReminderModel, "sale" | "now">): Html {
  return page(
    { title: "Your address is deleted", sale, now },
    html`<h1>Your address is deleted</h1>
      <p>That place in line has no address any more, and causes no mail.</p>`,
  );
}
