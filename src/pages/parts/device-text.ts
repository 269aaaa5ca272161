/**
 * The text for a shopper whose visit is open on another device, and the button to continue here.
 */
import { html } from "hono/html";
import type { Html } from "./layout.ts";
import { partLink } from "./links.ts";

/**
 * @param hasTicket whether this browser has the ticket: then entering moves the visit here, with
 *   its place and its cart
 * @param to the guarded address that was requested; null when there is none
 */
export function replayedText(sale: string, hasTicket: boolean, to: string | null) {
  const sentence = hasTicket
    ? "You can continue here instead. Your cart stays reserved."
    : "This browser does not have your place. Continue on the other device, or join the line here.";
  const form: Html = html`<form
    method="post"
    action="${partLink(sale, hasTicket ? "enter" : "join")}"
  >
    ${to === null ? "" : html`<input type="hidden" name="to" value="${to}" />`}
    <button type="submit">${hasTicket ? "Continue here" : "Join the line"}</button>
  </form>`;
  return { heading: "Your visit is open on another device", sentence, form };
}

/** Of a network that has taken as many places as the sale gives to one. */
export const NETWORK_FULL = {
  heading: "Your network has no more places",
  sentences:
    "This sale gives a limited number of places to one internet connection, so that nobody takes " +
    "the places of others, and all of yours are taken. If one of them is your own, go on with it " +
    "in the browser that joined. Or join over another connection, such as a phone’s own. After " +
    "the start, places are given to a connection again within an hour.",
} as const;
