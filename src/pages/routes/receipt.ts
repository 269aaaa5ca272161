/**
 * The page that checks receipts, for anybody; from an order's page it comes filled in.
 */
import type { CheckedReceipt } from "../../domain/order/receipt.ts";
import { checkReceipt, readReceipt } from "../../shopper/receipt.ts";
import type { Visit } from "../../shopper/visit.ts";
import { carriedOf, type GateRequest } from "../../web/gate-app.ts";
import { orderPagePath } from "../../web/paths.ts";
import { retryAfter_s, sendNotice } from "../answers.ts";
import type { ReadForm, ReceiptForm } from "../forms.ts";
import { receiptPage } from "../views/receipt.ts";
import { publicOrigin } from "../../web/public-origin.ts";

const KEY_LENGTH_MAX = 100;

function pageOf(
  c: GateRequest,
  { gate, sale, seen }: Visit,
  token: string,
  checked: CheckedReceipt | null,
) {
  const origin = publicOrigin(c.req.url, c.env);
  const { commitment } = seen.snapshot;
  const issuer = gate.env.ISSUER;
  return receiptPage({ sale, commitment, issuer, origin, token, checked, now: gate.now });
}

export async function showReceipt(c: GateRequest, visit: Visit): Promise<Response> {
  const order = c.req.query("order");
  if (order === undefined) return c.html(pageOf(c, visit, "", null));
  const { gate, sale } = visit;
  const key = c.req.query("key") ?? "";
  const isKey = key !== "" && key.length <= KEY_LENGTH_MAX;
  const carriedFor = (id: string) => carriedOf(c, id);
  const read = await readReceipt(gate, order, isKey ? key : null, carriedFor).catch(() => null);
  if (read === null) return sendNotice(c, { kind: "order_unreadable", retry_s: retryAfter_s(c) });
  if (read.kind === "order_not_confirmed") {
    return c.redirect(orderPagePath(sale.id, order, key), 303);
  }
  if (read.kind !== "receipt" || read.receipt.sale !== sale.id) {
    return sendNotice(c, { kind: "order_not_found", sale: sale.id });
  }
  return c.html(pageOf(c, visit, read.token, null));
}

/** For browsers without scripts, or without Ed25519. */
export async function checkGivenReceipt(
  c: GateRequest,
  visit: Visit,
  { form }: ReadForm<ReceiptForm>,
): Promise<Response> {
  const token = form.receipt.trim();
  const checked = await checkReceipt(visit.gate, visit.sale.id, token);
  return c.html(pageOf(c, visit, token, checked));
}
