/**
 * Inside the shop: the cart, the checkout and the order. Each handler asks one use case and shows
 * what came of it; no rule lives here.
 */
import type { ContentfulStatusCode } from "hono/utils/http-status";
import { priceLines, type Line } from "../../domain/stock/cart.ts";
import { setCart, type CartView } from "../../shopper/cart.ts";
import { readCheckout, type CheckoutOutcome, type OrderOfSeat } from "../../shopper/checkout.ts";
import { placeOrder, viewOrder } from "../../shopper/order.ts";
import { saleOf, type Visit } from "../../shopper/visit.ts";
import { carriedOf, type Answer, type GateRequest } from "../../web/gate-app.ts";
import { orderPagePath } from "../../web/paths.ts";
import { forVisit, retryAfter_s, sendNotice, sendRefusal } from "../answers.ts";
import { checkoutPage, NO_INPUT, type CheckoutModel } from "../views/checkout.ts";
import type { Faults } from "../parts/faults.ts";
import {
  refuseForm,
  type CartForm,
  type Entered,
  type OrderForm,
  type ReadForm,
  type RefusedForm,
} from "../forms.ts";
import { storefrontOf } from "./line.ts";
import { orderLink, partLink, saleLink } from "../parts/links.ts";
import { orderPage } from "../views/order.ts";
import { offersTestCards } from "../parts/payment-methods.ts";
import { cartRefusal, orderRefusal, type Refusal } from "../parts/refusals.ts";

const KEY_LENGTH_MAX = 100;
/** Faults of these are shown at their fields; others mean that the form is not the page's own. */
const TYPED_FIELDS: ReadonlySet<string> = new Set(["email", "name", "method"]);

type Cart = Extract<CheckoutOutcome, { readonly kind: "cart" }>;

/** What the checkout shows beside the cart; nothing, when it is opened anew. */
type Shown = Partial<Pick<CheckoutModel, "input" | "idempotencyKey" | "quantities" | "faults">>;

function checkoutOf(
  { gate, sale }: Visit,
  { cart, admission, orderKey, placed }: Cart,
  shown: Shown = {},
  standsInTheWay = placed,
) {
  return checkoutPage({
    sale,
    cart,
    admissionEndsAt_ms: admission.expiresAt_ms,
    testCards: offersTestCards(gate.env.TEST_CARDS),
    input: NO_INPUT,
    idempotencyKey: orderKey,
    quantities: {},
    faults: [],
    placed: placedLink(sale.id, standsInTheWay),
    now: gate.now,
    ...shown,
  });
}

function placedLink(sale: string, placed: OrderOfSeat | null): CheckoutModel["placed"] {
  return placed === null ? null : { kind: placed.kind, href: orderLink(sale, placed.order) };
}

export async function showCart(c: GateRequest, visit: Visit): Promise<Response> {
  const read = await readCheckout(visit);
  if (read.kind !== "cart") return sendRefusal(c, visit, read);
  // A sale that only guards a shop has no cart; the storefront says where the shop is.
  if (visit.sale.items.length === 0) return c.redirect(saleLink(visit.sale.id), 303);
  return c.html(checkoutOf(visit, read));
}

export function refuseCartForm(c: GateRequest, refused: RefusedForm): Answer {
  const { faults, entered } = refused;
  if (entered.quantities[faults[0].field] === undefined) return refuseForm(c, refused);
  const from = entered.fields["from"] === "cart" ? "cart" : "shop";
  return forVisit((_, visit) => showRefusedCart(c, visit, from, 422, faults, entered))(c);
}

export async function changeCart(
  c: GateRequest,
  visit: Visit,
  { form, entered }: ReadForm<CartForm>,
): Promise<Response> {
  const { from, remove, quantities } = form;
  const lines = chosen(quantities).filter(({ sku }) => sku !== remove);
  const outcome = await setCart(visit, lines);
  switch (outcome.kind) {
    case "set":
      return c.redirect(partLink(visit.sale.id, "cart"), 303);
    case "sold_out":
    case "limit_reached":
    case "stock_unavailable":
    case "unknown_sku":
    case "too_many_lines": {
      const { status, fault } = cartRefusal(visit.sale, outcome);
      return showRefusedCart(c, visit, from, status, [fault], entered);
    }
    default:
      return sendRefusal(c, visit, outcome);
  }
}

function chosen(lines: readonly Line[]): Line[] {
  return lines.filter(({ quantity }) => quantity > 0);
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
  const read = await readCheckout(visit);
  if (read.kind !== "cart") return sendRefusal(c, visit, read);
  const page =
    from === "cart" && visit.sale.items.length > 0
      ? checkoutOf(visit, read, { faults, quantities })
      : await storefrontOf(c, visit, { faults, quantities });
  if (page === null) return sendRefusal(c, visit, { kind: "stock_unavailable" });
  return c.html(page, status);
}

export async function orderCart(
  c: GateRequest,
  visit: Visit,
  { form, entered }: ReadForm<OrderForm>,
): Promise<Response> {
  const sale = visit.sale.id;
  if (!offersTestCards(visit.gate.env.TEST_CARDS)) {
    const message = "This shop takes payments on its own checkout page";
    return sendNotice(c, { kind: "bad_form", field: "method", message });
  }
  const { key, email, name, method, quantities } = form;
  const lines = chosen(quantities);
  if (lines.length === 0) return c.redirect(partLink(sale, "cart"), 303);
  const buyer = name === "" ? { email } : { email, name };
  const { origin } = new URL(c.req.url);
  const request = { sale, lines, buyer, payment: { method } };
  const outcome = await placeOrder(visit, request, key, (order, viewKey) => {
    return `${origin}${orderPagePath(sale, order, viewKey)}`;
  });
  switch (outcome.kind) {
    case "accepted":
      return c.redirect(orderPagePath(sale, outcome.order.id, outcome.viewKey), 303);
    case "rejected":
    case "idempotency_conflict":
    case "order_unavailable":
    case "unknown_sku":
    case "too_many_lines":
    case "limit_reached":
      return showRefusedOrder(c, visit, orderRefusal(visit.sale, outcome), entered, lines);
    default:
      return sendRefusal(c, visit, outcome);
  }
}

function inputOf({ fields }: Entered): CheckoutModel["input"] {
  const { email = "", name = "", method = "" } = fields;
  return { email, name, method };
}

export function refuseOrderForm(c: GateRequest, refused: RefusedForm): Answer {
  const { faults, entered } = refused;
  const foreign = faults.find(({ field }) => !TYPED_FIELDS.has(field));
  if (foreign !== undefined) return refuseForm(c, { ...refused, faults: [foreign] });
  return forVisit(async (_, visit) => {
    const read = await readCheckout(visit);
    if (read.kind !== "cart") return sendRefusal(c, visit, read);
    const idempotencyKey = entered.fields["key"] ?? read.orderKey;
    const shown = { faults, input: inputOf(entered), idempotencyKey };
    return c.html(checkoutOf(visit, read, shown), 422);
  })(c);
}

async function showRefusedOrder(
  c: GateRequest,
  visit: Visit,
  { status, fault, key, order }: Refusal,
  entered: Entered,
  lines: readonly Line[],
): Promise<Response> {
  const read = await readCheckout(visit);
  if (read.kind !== "cart") return sendRefusal(c, visit, read);
  const same = key === "same" ? entered.fields["key"] : undefined;
  const idempotencyKey = same ?? crypto.randomUUID();
  const shown = { faults: [fault], input: inputOf(entered), idempotencyKey };
  const cart = same === undefined ? read : { ...read, cart: asAsked(visit, read.cart, lines) };
  const inTheWay = order === null ? read.placed : ({ kind: "under_way", order } as const);
  return c.html(checkoutOf(visit, cart, shown, inTheWay), status);
}

/**
 * The cart as the form asked for it. An order that could not be placed may have taken some of the
 * holds already; to be repeated with its key it must be the same order.
 */
function asAsked({ sale }: Visit, cart: CartView, lines: readonly Line[]): CartView {
  const priced = priceLines(sale, lines);
  if (priced.kind !== "priced") return cart;
  return { lines: priced.lines, total: priced.total, holdsUntil_ms: cart.holdsUntil_ms };
}

/** Needs no visit, because an order can be looked at while its sale's room is silent. */
export async function showOrder(c: GateRequest, id: string): Promise<Response> {
  const gate = c.get("gate");
  const key = c.req.query("key") ?? null;
  const isKey = key === null || key.length <= KEY_LENGTH_MAX;
  const found = await viewOrder(gate, c.req.param("order") ?? "", isKey ? key : null, (sale) => {
    return carriedOf(c, sale);
  }).catch(() => null);
  if (found === null) {
    return sendNotice(c, { kind: "order_unreadable", retry_s: retryAfter_s(c) });
  }
  if (found.kind !== "order" || found.order.sale !== id) {
    return sendNotice(c, { kind: "order_not_found", sale: id });
  }
  // Without the room its id has to do for a title.
  const published = await saleOf(gate, id);
  const title = published.kind === "sale" ? published.sale.title : id;
  const { order, viewKey } = found;
  return c.html(orderPage({ sale: { id, title }, order, viewKey, now: gate.now }));
}
