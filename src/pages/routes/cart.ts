/**
 * The cart's form, on the storefront and on the page of the cart.
 */
import type { ContentfulStatusCode } from "hono/utils/http-status";
import { setCart } from "../../shopper/cart.ts";
import { readCheckout } from "../../shopper/checkout.ts";
import type { Visit } from "../../shopper/visit.ts";
import type { Answer, GateRequest } from "../../web/gate-app.ts";
import { forShopVisit, sendRefusal } from "../answers.ts";
import {
  refuseForm,
  type CartForm,
  type Entered,
  type ReadForm,
  type RefusedForm,
} from "../forms.ts";
import type { Faults } from "../parts/faults.ts";
import { partLink } from "../parts/links.ts";
import { cartRefusal } from "../parts/refusals.ts";
import { sendCheckout } from "./checkout.ts";
import { storefrontOf } from "./line.ts";

export function refuseCartForm(c: GateRequest, refused: RefusedForm): Answer {
  const { faults, entered } = refused;
  if (entered.quantities[faults[0].field] === undefined) return refuseForm(c, refused);
  const from = entered.fields["from"] === "cart" ? "cart" : "shop";
  return forShopVisit((_, visit) => showRefusedCart(c, visit, from, 422, faults, entered))(c);
}

export async function changeCart(
  c: GateRequest,
  visit: Visit,
  { form, entered }: ReadForm<CartForm>,
): Promise<Response> {
  const { from, remove, quantities } = form;
  const lines = quantities.filter(({ sku, quantity }) => quantity > 0 && sku !== remove);
  if (from === "shop" && lines.length === 0 && (await isEmpty(visit))) {
    return showRefusedCart(c, visit, from, 422, [NOTHING_CHOSEN], entered);
  }
  const outcome = await setCart(visit, lines);
  switch (outcome.kind) {
    case "set":
      return c.redirect(partLink(visit.sale.id, "cart"), 303);
    case "sold_out":
    case "limit_reached":
    case "unpaid_limit_reached":
    case "cooling_off":
    case "stock_unavailable":
    case "unknown_sku":
    case "too_many_lines": {
      if (outcome.kind === "cooling_off") c.header("Retry-After", String(outcome.retry_s));
      const { status, faults } = cartRefusal(visit.sale, outcome);
      return showRefusedCart(c, visit, from, status, faults, entered);
    }
    default:
      return sendRefusal(c, visit, outcome);
  }
}

/** "Add to cart" without a quantity must not lead away from the quantities to an empty cart. */
const NOTHING_CHOSEN = { field: null, message: "Choose a quantity of 1 or more of an item." };

/** Whether there is nothing that a form without quantities would give back. */
async function isEmpty(visit: Visit): Promise<boolean> {
  const read = await readCheckout(visit, "now");
  return read.kind === "cart" && read.cart.lines.length === 0 && read.placed === null;
}

/** The page the form stood on, with what was asked for and why it was not given. */
async function showRefusedCart(
  c: GateRequest,
  visit: Visit,
  from: "shop" | "cart",
  status: ContentfulStatusCode,
  faults: Faults,
  { quantities }: Entered,
): Promise<Response> {
  const read = await readCheckout(visit, "now");
  if (read.kind !== "cart") return sendRefusal(c, visit, read);
  if (from === "cart" && visit.sale.items.length > 0) {
    return sendCheckout(c, visit, read, { faults, quantities, status });
  }
  const page = await storefrontOf(c, visit, { faults, quantities });
  if (page === null) return sendRefusal(c, visit, { kind: "stock_unavailable" });
  return c.html(page, status);
}
