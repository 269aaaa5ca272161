/**
 * The page of an order, and giving its payment up.
 *
 * Guarantee: the page is shown only at an address that has the order's key and nothing of a bank's,
 * because its reader saves that address.
 */
import { guardedPageOn } from "../../domain/guards/guard.ts";
import { hostOf } from "../../domain/guards/url.ts";
import { maskedEmail } from "../../domain/reminders/reminder.ts";
import { checkoutOf } from "../../domain/sale/checkout-rules.ts";
import type { Sale } from "../../domain/sale/sale.ts";
import { mayOrder } from "../../shopper/checkout.ts";
import { giveUpOrder, viewOrder, type SeenOrder } from "../../shopper/order.ts";
import { visitOf } from "../../shopper/visit.ts";
import { carriedOf, type GateRequest } from "../../web/gate-app.ts";
import { orderPagePath } from "../../web/paths.ts";
import { retryAfter_s, sendNotice } from "../answers.ts";
import { earlierOrderPath, orderLink } from "../parts/links.ts";
import { orderPage } from "../views/order.ts";

const KEY_LENGTH_MAX = 100;

function keyOf(c: GateRequest): string | null {
  const key = c.req.query("key") ?? null;
  return key === null || key.length <= KEY_LENGTH_MAX ? key : null;
}

/** Needs no visit, because an order can be looked at while its sale's room is silent. */
export async function showOrder(c: GateRequest, id: string): Promise<Response> {
  const gate = c.get("gate");
  const found = await viewOrder(gate, c.req.param("order") ?? "", keyOf(c), (sale) => {
    return carriedOf(c, sale);
  }).catch(() => null);
  if (found === null) {
    return sendNotice(c, { kind: "order_unreadable", retry_s: retryAfter_s(c) });
  }
  if (found.kind !== "order" || found.order.sale !== id) {
    return sendNotice(c, { kind: "order_not_found", sale: id });
  }
  // What a bank adds to the address is a secret of the payment, and without the key the address
  // opens only in this browser: neither is an address to keep.
  const address = c.req.method === "POST" ? null : savedAddress(c, id, found);
  if (address !== null) return c.redirect(address, 303);
  const visited = await visitOf(gate, id, carriedOf(c, id));
  const visit = visited.kind === "visit" ? visited : null;
  const { order, viewKey, booking } = found;
  const model = {
    // Without the room its id has to do for a title.
    sale: { id, title: visit?.sale.title ?? id },
    order,
    viewKey,
    booking,
    mailTo: visit === null ? null : mailTo(gate.env, visit.sale, found.email),
    now: gate.now,
    mayBuyMore: order.state === "confirmed" && visit !== null && (await mayOrder(visit)),
    isEarlier: isEarlier(c),
    shopHref: visit === null ? null : guardedPageOn(visit.sale.guards, hostOf(c.req.url)),
  };
  return c.html(orderPage(model));
}

/** Masked, because anyone with the address of the page can see it. Null: no mail is sent. */
function mailTo(env: Pick<GateEnv, "MAIL_BACKEND">, sale: Sale, email: string): string | null {
  const isSent = env.MAIL_BACKEND !== "off" && checkoutOf(sale).mail.confirmed && email !== "";
  return isSent ? maskedEmail(email) : null;
}

function isEarlier(c: GateRequest): boolean {
  return c.req.query("earlier") === "yes";
}

/** The address of an order that opens in every browser; null when the request has no other. */
function savedAddress(c: GateRequest, id: string, { order, viewKey }: SeenOrder): string | null {
  const { key, earlier, ...others } = c.req.query();
  if (key === viewKey && Object.keys(others).length === 0) return null;
  return earlier === "yes"
    ? earlierOrderPath(id, order.id, viewKey)
    : orderPagePath(id, order.id, viewKey);
}

/** The address of the form, opened by hand. */
export function backToOrder(c: GateRequest, id: string): Response {
  const key = keyOf(c);
  const order = c.req.param("order") ?? "";
  return c.redirect(key === null ? orderLink(id, order) : orderPagePath(id, order, key), 303);
}

/**
 * The order's page says what came of it, also when it was too late. An order of another sale is not
 * found, as when it is looked at: this form was counted for the shopper of the sale in its path.
 */
export async function giveUp(c: GateRequest, id: string): Promise<Response> {
  const gate = c.get("gate");
  const order = c.req.param("order") ?? "";
  const seen = await viewOrder(gate, order, keyOf(c), (sale) => carriedOf(c, sale));
  if (seen.kind !== "order" || seen.order.sale !== id) {
    return sendNotice(c, { kind: "order_not_found", sale: id });
  }
  const outcome = await giveUpOrder(gate, seen);
  switch (outcome.kind) {
    case "giving_up":
      return c.redirect(orderPagePath(id, outcome.order.id, outcome.viewKey), 303);
    case "too_late":
      return showOrder(c, id);
    case "order_unavailable":
      return sendNotice(c, { kind: "order_unreadable", retry_s: retryAfter_s(c) });
    case "order_not_found":
      return sendNotice(c, { kind: "order_not_found", sale: id });
  }
}
