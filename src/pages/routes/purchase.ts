/**
 * Inside the shop: the cart, the checkout and the order. Each handler asks one use case and shows
 * what came of it; no rule lives here.
 */
import type { ContentfulStatusCode } from "hono/utils/http-status";
import { priceLines, type Line } from "../../domain/stock/cart.ts";
import { setCart, type AdmissionRefused, type CartView } from "../../shopper/cart.ts";
import { readCheckout, type CheckoutOutcome, type OrderOfSeat } from "../../shopper/checkout.ts";
import { placeOrder, viewOrder } from "../../shopper/order.ts";
import { saleOf } from "../../shopper/visit.ts";
import { carriedOf, type GateRequest } from "../../web/gate-app.ts";
import { orderPagePath } from "../../web/paths.ts";
import { retryAfter_s, sendNotice, sendUnreachable } from "../answers.ts";
import { checkoutPage, NO_INPUT, type CheckoutModel } from "../views/checkout.ts";
import type { Faults } from "../parts/faults.ts";
import { cartForm, orderForm, readForm, type Entered } from "../forms.ts";
import { storefrontOf } from "./line.ts";
import { orderLink, partLink, saleLink } from "../parts/links.ts";
import { orderPage } from "../views/order.ts";
import { offersTestCards } from "../parts/payment-methods.ts";
import { cartRefusal, orderRefusal, type Refusal } from "../parts/refusals.ts";

const KEY_LENGTH_MAX = 100;
/** Faults of these are shown at their fields; others mean that the form is not the page's own. */
const TYPED_FIELDS: ReadonlySet<string> = new Set(["email", "name", "method"]);

function refuseAdmission(
  c: GateRequest,
  sale: string,
  refused:
    | AdmissionRefused
    | { readonly kind: "stock_unavailable" | "admission_spent" | "sale_over" },
): Response | Promise<Response> {
  switch (refused.kind) {
    case "sale_not_found":
    case "room_unavailable":
      return sendUnreachable(c, refused);
    case "stock_unavailable":
      return sendNotice(c, { kind: "cart_unreadable", retry_s: retryAfter_s(c) });
    case "admission_replayed": {
      const hasTicket = carriedOf(c, sale).ticket !== null;
      return sendNotice(c, { kind: refused.kind, sale, hasTicket });
    }
    case "admission_required":
    case "admission_expired":
    case "admission_invalid":
    case "admission_spent":
    case "sale_over":
      return sendNotice(c, { kind: refused.kind, sale });
  }
}

type Cart = Extract<CheckoutOutcome, { readonly kind: "cart" }>;

/** What the checkout shows beside the cart; nothing, when it is opened afresh. */
type Shown = Partial<Pick<CheckoutModel, "input" | "idempotencyKey" | "quantities" | "faults">>;

function checkoutOf(c: GateRequest, read: Cart, shown: Shown = {}, standsInTheWay = read.placed) {
  const { visit, cart, admission, orderKey } = read;
  const gate = c.get("gate");
  return checkoutPage({
    sale: visit.sale,
    cart,
    admissionEndsAt_ms: admission.expiresAt_ms,
    testCards: offersTestCards(gate.env.TEST_CARDS),
    input: NO_INPUT,
    idempotencyKey: orderKey,
    quantities: {},
    faults: [],
    placed: placedLink(visit.sale.id, standsInTheWay),
    now: gate.now,
    ...shown,
  });
}

function placedLink(sale: string, placed: OrderOfSeat | null): CheckoutModel["placed"] {
  return placed === null ? null : { kind: placed.kind, href: orderLink(sale, placed.order) };
}

export async function showCart(c: GateRequest, id: string): Promise<Response> {
  const read = await readCheckout(c.get("gate"), id, carriedOf(c, id));
  if (read.kind !== "cart") return refuseAdmission(c, id, read);
  // A sale that only guards a shop has no cart; the storefront says where the shop is.
  if (read.visit.sale.items.length === 0) return c.redirect(saleLink(id), 303);
  return c.html(checkoutOf(c, read));
}

export async function changeCart(c: GateRequest, id: string): Promise<Response> {
  const read = await readForm(c, cartForm);
  if (read.kind === "refused") {
    const from = read.entered.fields["from"] === "cart" ? "cart" : "shop";
    const [fault] = read.faults;
    if (read.entered.quantities[fault.field] === undefined) {
      return sendNotice(c, { kind: "bad_form", ...fault });
    }
    return showRefusedCart(c, id, from, 422, read.faults, read.entered);
  }
  const { from, remove, quantities } = read.form;
  const lines = chosen(quantities).filter(({ sku }) => sku !== remove);
  const outcome = await setCart(c.get("gate"), id, carriedOf(c, id), lines);
  switch (outcome.kind) {
    case "set":
      return c.redirect(partLink(id, "cart"), 303);
    case "sold_out":
    case "limit_reached":
    case "stock_unavailable":
    case "unknown_sku":
    case "too_many_lines": {
      const found = await saleOf(c.get("gate"), id);
      if (found.kind !== "sale") return sendUnreachable(c, found);
      const { status, fault } = cartRefusal(found.sale, outcome);
      return showRefusedCart(c, id, from, status, [fault], read.entered);
    }
    default:
      return refuseAdmission(c, id, outcome);
  }
}

function chosen(lines: readonly Line[]): Line[] {
  return lines.filter(({ quantity }) => quantity > 0);
}

/** The page the form stood on, with what was asked for and why it was not given. */
async function showRefusedCart(
  c: GateRequest,
  id: string,
  from: "shop" | "cart",
  status: ContentfulStatusCode,
  faults: Faults,
  { quantities }: Entered,
): Promise<Response> {
  const read = await readCheckout(c.get("gate"), id, carriedOf(c, id));
  if (read.kind !== "cart") return refuseAdmission(c, id, read);
  const page =
    from === "cart" && read.visit.sale.items.length > 0
      ? checkoutOf(c, read, { faults, quantities })
      : await storefrontOf(c, read.visit, { faults, quantities });
  if (page === null) return refuseAdmission(c, id, { kind: "stock_unavailable" });
  return c.html(page, status);
}

export async function orderCart(c: GateRequest, id: string): Promise<Response> {
  const gate = c.get("gate");
  const read = await readForm(c, orderForm);
  if (read.kind === "refused") return showRefusedForm(c, id, read.faults, read.entered);
  if (!offersTestCards(gate.env.TEST_CARDS)) {
    const message = "This shop takes payments on its own checkout page";
    return sendNotice(c, { kind: "bad_form", field: "method", message });
  }
  const { key, email, name, method, quantities } = read.form;
  const lines = chosen(quantities);
  if (lines.length === 0) return c.redirect(partLink(id, "cart"), 303);
  const buyer = name === "" ? { email } : { email, name };
  const { origin } = new URL(c.req.url);
  const outcome = await placeOrder(
    gate,
    carriedOf(c, id),
    { sale: id, lines, buyer, payment: { method } },
    key,
    (order, viewKey) => `${origin}${orderPagePath(id, order, viewKey)}`,
  );
  switch (outcome.kind) {
    case "accepted":
      return c.redirect(orderPagePath(id, outcome.order.id, outcome.viewKey), 303);
    case "rejected":
    case "idempotency_conflict":
    case "order_unavailable":
    case "unknown_sku":
    case "too_many_lines":
    case "limit_reached": {
      const found = await saleOf(gate, id);
      if (found.kind !== "sale") return sendUnreachable(c, found);
      return showRefusedOrder(c, id, orderRefusal(found.sale, outcome), read.entered, lines);
    }
    case "sale_over":
      return sendNotice(c, { kind: outcome.kind, sale: id });
    default:
      return refuseAdmission(c, id, outcome);
  }
}

function inputOf({ fields }: Entered): CheckoutModel["input"] {
  const { email = "", name = "", method = "" } = fields;
  return { email, name, method };
}

async function showRefusedForm(
  c: GateRequest,
  id: string,
  faults: readonly [{ readonly field: string; readonly message: string }, ...Faults],
  entered: Entered,
): Promise<Response> {
  const [first] = faults;
  const foreign = faults.find(({ field }) => field === null || !TYPED_FIELDS.has(field));
  if (foreign !== undefined)
    return sendNotice(c, { kind: "bad_form", ...first, ...named(foreign) });
  const read = await readCheckout(c.get("gate"), id, carriedOf(c, id));
  if (read.kind !== "cart") return refuseAdmission(c, id, read);
  const idempotencyKey = entered.fields["key"] ?? read.orderKey;
  const shown = { faults, input: inputOf(entered), idempotencyKey };
  return c.html(checkoutOf(c, read, shown), 422);
}

function named({ field, message }: Faults[number]): { field: string; message: string } {
  return { field: field ?? "form", message };
}

async function showRefusedOrder(
  c: GateRequest,
  id: string,
  { status, fault, key, order }: Refusal,
  entered: Entered,
  lines: readonly Line[],
): Promise<Response> {
  const read = await readCheckout(c.get("gate"), id, carriedOf(c, id));
  if (read.kind !== "cart") return refuseAdmission(c, id, read);
  const same = key === "same" ? entered.fields["key"] : undefined;
  const idempotencyKey = same ?? crypto.randomUUID();
  const shown = { faults: [fault], input: inputOf(entered), idempotencyKey };
  const cart = same === undefined ? read : { ...read, cart: asAsked(read, lines) };
  const inTheWay = order === null ? read.placed : ({ kind: "under_way", order } as const);
  return c.html(checkoutOf(c, cart, shown, inTheWay), status);
}

/**
 * The cart as the form asked for it. An order that could not be placed may have taken some of the
 * holds already; to be repeated with its key it must be the same order.
 */
function asAsked({ visit, cart }: Cart, lines: readonly Line[]): CartView {
  const priced = priceLines(visit.sale, lines);
  if (priced.kind !== "priced") return cart;
  return { lines: priced.lines, total: priced.total, holdsUntil_ms: cart.holdsUntil_ms };
}

export async function showOrder(c: GateRequest, id: string): Promise<Response> {
  const gate = c.get("gate");
  const key = c.req.query("key") ?? null;
  const isKey = key === null || key.length <= KEY_LENGTH_MAX;
  const carriedFor = (sale: string) => carriedOf(c, sale);
  const found = await viewOrder(
    gate,
    c.req.param("order") ?? "",
    isKey ? key : null,
    carriedFor,
  ).catch(() => null);
  if (found === null) {
    return sendNotice(c, { kind: "order_unreadable", retry_s: retryAfter_s(c) });
  }
  if (found.kind !== "order" || found.order.sale !== id) {
    return sendNotice(c, { kind: "order_not_found", sale: id });
  }
  const { order, viewKey } = found;
  // The room may be gone while the order goes on; then its id has to do for a title.
  const published = await saleOf(gate, id);
  const title = published.kind === "sale" ? published.sale.title : id;
  return c.html(orderPage({ sale: { id, title }, order, viewKey, now: gate.now }));
}
