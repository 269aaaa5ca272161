/**
 * Using the pass of a merchant's link, once the visitor has pressed the button of its page: the
 * pass moves from the address into a cookie, and its shopper joins with it.
 *
 * Guarantee: a shopper who is in the shop stays there, and the pass is kept for the next join. Not
 * for browsers that keep no cookies to be told so: a pass for one shopper gives one place however
 * often it is used, and the next page explains.
 */
import { join } from "../../shopper/join.ts";
import { readPass } from "../../shopper/pass.ts";
import type { Visit } from "../../shopper/visit.ts";
import { knownByDevice, type GateRequest } from "../../web/gate-app.ts";
import { joinKeyOf } from "../../web/join-key-cookie.ts";
import type { PassForm, ReadForm } from "../forms.ts";
import { saleLink } from "../parts/links.ts";
import { answerJoin } from "./line.ts";
import { givePass, isOwnerOf, refusePass } from "./pass.ts";

export async function acceptPass(
  c: GateRequest,
  asked: Visit,
  { form }: ReadForm<PassForm>,
): Promise<Response> {
  const { gate, sale, seen, ticket, admission } = asked;
  const token = c.req.query("pass");
  const { phase } = seen.snapshot;
  if (token === undefined || phase === "ended") return c.redirect(saleLink(sale.id), 303);
  const read = await readPass(gate, sale, token);
  const hasPlace = ticket.kind === "valid";
  if (read.kind === "refused") return refusePass(c, sale.id, read.reason, hasPlace);
  givePass(c, sale.id, token, read);
  const staysInShop = admission.kind === "valid" && !isOwnerOf(read, asked);
  if (staysInShop || phase === "scheduled") return c.redirect(saleLink(sale.id), 303);
  const visit = knownByDevice(c, asked);
  const key = joinKeyOf(form.key);
  const outcome = await join(visit, { pass: token, proof: null, key, afresh: false });
  return answerJoin(c, visit, outcome, { afresh: false, general: false, to: null }, hasPlace);
}
