/**
 * What somebody reads whose visit is open on another device, and the one button that goes on here.
 */
import { html } from "hono/html";
import type { Html } from "./layout.ts";
import { partLink } from "./links.ts";

/**
 * @param hasTicket a claim with it goes on here: the same place, and what is held
 * @param to the guarded address that was asked for; null where there is none
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
