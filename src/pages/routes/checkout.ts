/**
 * The checkout: shows what the cart costs and asks for what an order needs, places the order, and
 * shows why it was refused. Each handler asks one use case and shows what came of it; no rule lives
 * here.
 *
 * Guarantee: whatever is refused, the page is shown again with all that was entered. Only this page
 * may load Stripe.js.
 */
import type { ContentfulStatusCode } from "hono/utils/http-status";
import { COUNTRIES } from "../../domain/checkout/countries.ts";
import { ownCheckoutLink } from "../../domain/checkout/own-checkout.ts";
import { paymentSetup, paymentSources } from "../../domain/checkout/payment-setup.ts";
import { assumedDelivery, type Quote } from "../../domain/checkout/quote.ts";
import { checkoutOf, type CheckoutRules } from "../../domain/sale/checkout-rules.ts";
import { priceLines, type Line } from "../../domain/stock/cart.ts";
import { earlierOrder, readCheckout, type CheckoutOutcome } from "../../shopper/checkout.ts";
import { placeOrder } from "../../shopper/order.ts";
import { quote } from "../../shopper/quote.ts";
import type { Visit } from "../../shopper/visit.ts";
import type { Answer, GateRequest } from "../../web/gate-app.ts";
import { codeOfVisit } from "../../web/discount-cookie.ts";
import { orderPagePath } from "../../web/paths.ts";
import {
  isOverNetworkLimit,
  isOverSubjectLimit,
  RATE_LIMIT_RETRY_S,
  subjectOfVisit,
} from "../../web/rate-limits.ts";
import { allowPayment, forShopVisit, sendRefusal } from "../answers.ts";
import { inputOf, orderOf, TYPED_FIELDS, type OrderForm } from "../checkout-form.ts";
import { refuseForm, type Entered, type ReadForm, type RefusedForm } from "../forms.ts";
import { NO_INPUT, type CheckoutInput } from "../parts/checkout-fields.ts";
import type { Fault } from "../parts/faults.ts";
import { earlierOrderPath, partLink, saleLink } from "../parts/links.ts";
import {
  codesLimited,
  orderRefusal,
  quoteRefusal,
  type OrderRefused,
  type Refusal,
} from "../parts/refusals.ts";
import { checkoutPage, loadsPayment, type CheckoutModel } from "../views/checkout.ts";
import { publicOrigin } from "../../web/public-origin.ts";

type Cart = Extract<CheckoutOutcome, { readonly kind: "cart" }>;

/** What the checkout shows beside the cart; nothing, when it is opened anew. */
export interface Shown {
  readonly input?: CheckoutInput;
  readonly idempotencyKey?: string;
  readonly quantities?: Readonly<Record<string, string>>;
  readonly faults?: readonly Fault[];
  /** What the order states; the cart's own lines when absent. */
  readonly lines?: readonly Line[];
  /** The id of an order that stands in the way. */
  readonly underWay?: string | null;
  readonly status?: ContentfulStatusCode;
}

export async function showCart(c: GateRequest, visit: Visit): Promise<Response> {
  const read = await readCheckout(visit, "recent");
  if (read.kind !== "cart") return sendRefusal(c, visit, read);
  // A sale that only guards a shop has no cart; the storefront says where the shop is.
  if (visit.sale.items.length === 0) return c.redirect(saleLink(visit.sale.id), 303);
  return sendCheckout(c, visit, read);
}

/** Sends the page of the checkout, with the policy that lets it load Stripe.js. */
export async function sendCheckout(
  c: GateRequest,
  visit: Visit,
  { cart, admission, orderKey, placed }: Cart,
  shown: Shown = {},
): Promise<Response> {
  const { sale, gate } = visit;
  const { faults = [], quantities = {}, idempotencyKey = orderKey, status = 200 } = shown;
  const lines = shown.lines ?? cart.lines;
  const entered = shown.input ?? newInput(c, visit);
  const priced = await quoteWithinLimit(c, visit, lines, entered);
  const { underWay = null } = shown;
  const model: CheckoutModel = {
    sale,
    cart: { lines: pricedLines(visit, lines, cart.lines), holdsUntil_ms: cart.holdsUntil_ms },
    quote: priced.quote,
    admissionEndsAt_ms: admission.expiresAt_ms,
    payment: paymentSetup(gate.env),
    ownCheckout: ownLink(visit),
    input: entered,
    idempotencyKey,
    quantities,
    faults: [...faults, ...priced.faults.filter(({ field }) => !isNamed(faults, field))],
    placed: underWay === null ? placed : { kind: "under_way", order: underWay },
    now: gate.now,
  };
  const ready = loadsPayment(model);
  if (ready !== null) allowPayment(c, paymentSources(ready));
  return c.html(checkoutPage(model), status);
}

/** With the admission, which the shop's page cannot know otherwise. */
function ownLink({ sale, admission, caller }: Visit): string | null {
  if (admission.kind !== "valid") return null;
  return ownCheckoutLink(sale, admission.token, caller.device);
}

function isNamed(faults: readonly Fault[], field: string | null): boolean {
  return field !== null && faults.some((fault) => fault.field === field);
}

/** With the code of the link by which the shopper came, and the country that they are in. */
function newInput(c: GateRequest, { sale }: Visit): CheckoutInput {
  const discount = codeOfVisit(c.req.raw.headers, sale.id) ?? "";
  const from = c.req.header("CF-IPCountry") ?? "";
  return { ...NO_INPUT, discount, country: firstCountry(checkoutOf(sale), from) };
}

/** @param from as Cloudflare names it; `XX` and `T1` are an unknown country and Tor */
function firstCountry({ address, countries }: CheckoutRules, from: string): string {
  if (address === "none") return "";
  if (countries.length === 1) return countries[0] ?? "";
  const served = countries.length === 0 ? COUNTRIES : countries;
  return served.includes(from) ? from : "";
}

/** As the order states them: one that could not be placed may have taken some holds already. */
function pricedLines({ sale }: Visit, lines: readonly Line[], held: Cart["cart"]["lines"]) {
  const priced = priceLines(sale, lines);
  return priced.kind === "priced" ? priced.lines : held;
}

interface QuoteShown {
  readonly quote: Quote | null;
  readonly faults: readonly Fault[];
}

/**
 * A code in the cookie is a guess like one in a form, so a page that looks one up is counted as a
 * form; over the limit it shows what the lines cost without the code.
 */
async function quoteWithinLimit(
  c: GateRequest,
  visit: Visit,
  lines: readonly Line[],
  input: CheckoutInput,
): Promise<QuoteShown> {
  const isCounted = c.req.method === "POST";
  if (isCounted || lines.length === 0 || input.discount === "") {
    return quoteShown(visit, lines, input);
  }
  const isOver = await Promise.all([
    isOverNetworkLimit(c.env, c.req.raw.headers, "other"),
    isOverSubjectLimit(c.env, visit.sale.id, subjectOfVisit(visit)),
  ]);
  if (!isOver.includes(true)) {
    return quoteShown(visit, lines, input);
  }
  const { quote: shown, faults } = await quoteShown(visit, lines, { ...input, discount: "" });
  return { quote: shown, faults: [codesLimited(RATE_LIMIT_RETRY_S), ...faults] };
}

/**
 * What the lines cost with all that was entered; what is refused of it is named, and left out of
 * the next try. A delivery is assumed while none is chosen, so that the page has a total.
 */
async function quoteShown(
  visit: Visit,
  lines: readonly Line[],
  input: CheckoutInput,
): Promise<QuoteShown> {
  if (lines.length === 0) return { quote: null, faults: [] };
  const or = (text: string): string | null => (text === "" ? null : text);
  let country = or(input.country);
  let delivery = or(input.delivery);
  let discountCode = or(input.discount);
  const faults: Fault[] = [];
  for (;;) {
    const outcome = await quote(visit, { lines, country, delivery, discountCode });
    switch (outcome.kind) {
      case "quoted": {
        const first = assumedDelivery(visit.sale, outcome.quote);
        if (!outcome.quote.missing.includes("delivery") || first === null) {
          return { quote: outcome.quote, faults };
        }
        delivery = first.id;
        break;
      }
      // Not in the country that was chosen since; the page offers what is.
      case "delivery_unknown":
        if (delivery === null) return { quote: null, faults };
        delivery = null;
        break;
      case "country_not_served":
        if (country === null) return { quote: null, faults };
        faults.push(quoteRefusal(outcome).fault);
        country = null;
        delivery = null;
        break;
      case "discount_refused":
      case "discount_unavailable":
        faults.push(quoteRefusal(outcome).fault);
        discountCode = null;
        break;
      case "total_unpayable":
        faults.push(quoteRefusal(outcome).fault);
        if (discountCode === null) return { quote: null, faults };
        discountCode = null;
        break;
      default:
        return { quote: null, faults };
    }
  }
}

export async function orderCart(
  c: GateRequest,
  visit: Visit,
  { form, entered }: ReadForm<OrderForm>,
): Promise<Response> {
  const { id } = visit.sale;
  const lines = form.quantities.filter(({ quantity }) => quantity > 0);
  if (lines.length === 0) return c.redirect(partLink(id, "cart"), 303);
  if (form.step === "update") return showAgain(c, visit, entered, { lines });
  const stated = orderOf(visit.sale, form, lines);
  if (stated.kind === "refused") {
    return showAgain(c, visit, entered, { lines, faults: stated.faults, status: 422 });
  }
  const origin = publicOrigin(c.req.url, c.env);
  const outcome = await placeOrder(visit, stated.request, form.key, (order, viewKey) => {
    return `${origin}${orderPagePath(id, order, viewKey)}`;
  });
  switch (outcome.kind) {
    case "accepted":
      return c.redirect(orderPagePath(id, outcome.order.id, outcome.viewKey), 303);
    case "idempotency_conflict":
      return showEarlier(c, visit, form, entered, lines);
    case "cooling_off":
      c.header("Retry-After", String(outcome.retry_s));
      return showRefused(c, visit, orderRefusal(visit.sale, outcome, form.total), entered, lines);
    case "rejected":
    case "order_unavailable":
    case "unpaid_limit_reached":
    case "unknown_sku":
    case "too_many_lines":
    case "limit_reached":
    case "price_changed":
    case "particulars_missing":
    case "country_not_served":
    case "delivery_unknown":
    case "total_unpayable":
    case "discount_refused":
    case "discount_unavailable":
      return showRefused(c, visit, orderRefusal(visit.sale, outcome, form.total), entered, lines);
    default:
      return sendRefusal(c, visit, outcome);
  }
}

/**
 * The page's key has an order already, which says something else: its answer was lost, and the form
 * was changed since. While that order is or may be paid, the shopper is shown it, and no other is
 * placed; once it ended without a payment, the form gets a new key.
 */
async function showEarlier(
  c: GateRequest,
  visit: Visit,
  form: OrderForm,
  entered: Entered,
  lines: readonly Line[],
): Promise<Response> {
  const { sale } = visit;
  const earlier = await earlierOrder(visit, form.key);
  if (earlier.kind === "order") {
    const { order, viewKey } = earlier;
    const mayBePaid = !order.final || order.state === "confirmed";
    if (mayBePaid) return c.redirect(earlierOrderPath(sale.id, order.id, viewKey), 303);
  }
  const refused: OrderRefused =
    earlier.kind === "silent"
      ? { kind: "order_unavailable", part: "order" }
      : { kind: "idempotency_conflict" };
  return showRefused(c, visit, orderRefusal(sale, refused, form.total), entered, lines);
}

export function refuseOrderForm(c: GateRequest, refused: RefusedForm): Answer {
  const { faults, entered } = refused;
  const foreign = faults.find(({ field }) => !TYPED_FIELDS.has(field));
  if (foreign !== undefined) return refuseForm(c, { ...refused, faults: [foreign] });
  return forShopVisit((_, visit) => showAgain(c, visit, entered, { faults, status: 422 }))(c);
}

function showRefused(
  c: GateRequest,
  visit: Visit,
  { status, faults, key, order }: Refusal,
  entered: Entered,
  lines: readonly Line[],
): Promise<Response> {
  const renewed = key === "new" ? { idempotencyKey: crypto.randomUUID() } : {};
  // After a final refusal the cart is what is held; before it, what the order wants.
  const ordered = key === "new" ? {} : { lines };
  return showAgain(c, visit, entered, { ...ordered, ...renewed, faults, status, underWay: order });
}

async function showAgain(
  c: GateRequest,
  visit: Visit,
  entered: Entered,
  shown: Shown,
): Promise<Response> {
  const read = await readCheckout(visit, "now");
  if (read.kind !== "cart") return sendRefusal(c, visit, read);
  const idempotencyKey = entered.fields["key"] ?? read.orderKey;
  return sendCheckout(c, visit, read, { input: inputOf(entered), idempotencyKey, ...shown });
}
