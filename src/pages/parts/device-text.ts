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
