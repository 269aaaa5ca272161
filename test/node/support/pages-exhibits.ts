/**
 * The gallery: every page in every state, from fixed models.
 */
import { ORDER_STATES } from "../../../src/domain/order/messages.ts";
import { PASS_REFUSALS } from "../../../src/domain/line/pass-places.ts";
import { PROOF_REFUSALS, protectionSchema } from "../../../src/domain/sale/protection.ts";
import { SHOPPER_STATES } from "../../../src/domain/room/standing.ts";
import { checkoutSchema } from "../../../src/domain/sale/checkout-rules.ts";
import { NO_INPUT } from "../../../src/pages/parts/checkout-fields.ts";
import { checkoutPage, type CheckoutModel } from "../../../src/pages/views/checkout.ts";
import { guardedPage, type GuardedNotice } from "../../../src/pages/views/guarded.ts";
import { fairnessPage } from "../../../src/pages/views/fairness.ts";
import { passLinkPage } from "../../../src/pages/views/pass-link.ts";
import { receiptPage } from "../../../src/pages/views/receipt.ts";
import {
  RECEIPT_REFUSALS,
  type CheckedRank,
  type Receipt,
} from "../../../src/domain/order/receipt.ts";
import { receiptFor } from "./receipts.ts";
import type { Html } from "../../../src/pages/parts/layout.ts";
import { noticePage, type Notice } from "../../../src/pages/views/notices.ts";
import { orderPage } from "../../../src/pages/views/order.ts";
import {
  proofPage,
  type AskingProtection,
  type ProofModel,
} from "../../../src/pages/views/proof.ts";
import { salesListPage } from "../../../src/pages/views/sales-list.ts";
import { resendPage } from "../../../src/pages/views/resend.ts";
import { storefrontPage } from "../../../src/pages/views/storefront.ts";
import { REMINDERS } from "./reminder-exhibits.ts";
import { waitingPage } from "../../../src/pages/views/waiting.ts";
import {
  ADMITTED,
  checkoutModel,
  fairnessModel,
  receiptModel,
  GUARDED,
  guardedModel,
  GUARDING_SALE,
  HOSTILE,
  NOW,
  orderModel,
  orderView,
  quoteAt,
  SALE,
  SCHEDULE,
  SHIPPING_SALE,
  snapshotAt,
  storefrontModel,
  waitingModel,
} from "./pages-models.ts";

export type Exhibit = readonly [name: string, page: Html];

const FAULTS = [
  { field: "AIR-43", message: "Only 1 more is available." },
  { field: null, message: "The order could not be placed." },
];
const TYPED_FAULTS = [
  { field: "email", message: "Enter an e-mail address" },
  { field: "name", message: "Enter your name" },
  { field: "phone", message: "Enter your phone number" },
  { field: "country", message: "Choose a country" },
  { field: "postalCode", message: "This is not a postal code of the country" },
  { field: "delivery", message: "Choose one of the ways of delivery." },
  { field: "discount", message: "There is no such discount code." },
  { field: "terms", message: "Accept the terms to order" },
  { field: "payment", message: "Choose how to pay" },
];
const TYPED = {
  ...NO_INPUT,
  email: "a@b.example",
  name: HOSTILE,
  phone: "+49 30 1234",
  line1: HOSTILE,
  city: "Berlin",
  postalCode: "1011",
  country: "DE",
  delivery: "courier",
  discount: HOSTILE,
  hasAcceptedTerms: true,
};
const UNDER_WAY = { kind: "under_way", order: `ord_${"a".repeat(40)}` } as const;
const BOUGHT = { kind: "bought", order: `ord_${"a".repeat(40)}` } as const;

export const STOREFRONTS: readonly Exhibit[] = [
  ["not open yet", storefrontPage(storefrontModel({ snapshot: snapshotAt("scheduled") }))],
  ["line open", storefrontPage(storefrontModel({ snapshot: snapshotAt("prequeue") }))],
  ["on", storefrontPage(storefrontModel())],
  [
    "on, nobody waits",
    storefrontPage(storefrontModel({ snapshot: snapshotAt("live", { queueing: false }) })),
  ],
  ["in line", storefrontPage(storefrontModel({ visitor: { kind: "in_line" } }))],
  ["with a pass", storefrontPage(storefrontModel({ passLane: "members" }))],
  [
    "with a pass, in line without it",
    storefrontPage(storefrontModel({ passLane: "members", visitor: { kind: "in_line" } })),
  ],
  ["paused", storefrontPage(storefrontModel({ snapshot: snapshotAt("live", { paused: true }) }))],
  [
    "sold out, stale, with a message",
    storefrontPage(
      storefrontModel({
        snapshot: snapshotAt("live", { soldOut: true, message: HOSTILE, stock: [] }),
        stale: true,
      }),
    ),
  ],
  ["let in, and the cookie lost", storefrontPage(storefrontModel({ admissionLost: true }))],
  ["ended", storefrontPage(storefrontModel({ snapshot: snapshotAt("ended") }))],
  ["the shop", storefrontPage(storefrontModel({ visitor: ADMITTED }))],
  [
    "the shop, ordered",
    storefrontPage(storefrontModel({ visitor: { ...ADMITTED, placed: BOUGHT } })),
  ],
  [
    "the shop, with an order under way",
    storefrontPage(storefrontModel({ visitor: { ...ADMITTED, placed: UNDER_WAY } })),
  ],
  ["the shop refuses", storefrontPage(storefrontModel({ visitor: ADMITTED, faults: FAULTS }))],
];

const guarding = { sale: GUARDING_SALE, shopHref: "/drops/" };
const NO_STOCK = { stock: [], unitsLeft: 0, unlimited: true } as const;

/** The storefront of a sale without items. */
export const GUARDING: readonly Exhibit[] = [
  ...(["scheduled", "prequeue", "live", "ended"] as const).map((phase) => {
    const snapshot = snapshotAt(phase, NO_STOCK);
    return [phase, storefrontPage(storefrontModel({ ...guarding, snapshot }))] as const;
  }),
  ["of another host", storefrontPage(storefrontModel({ ...guarding, shopHref: null }))],
  ["let in", storefrontPage(storefrontModel({ ...guarding, visitor: ADMITTED }))],
];

/** Pages that a guarded address shows instead of the shop's. */
const SLOW = ["rate_limited", "booth_unavailable", "room_unavailable"] as const;
const UNSTATED = ["arrived", "network_full", ...SLOW] as const;

export const GUARDED_PAGES: readonly Exhibit[] = (
  [
    { kind: "not_open", opensAt_ms: NOW + 90_000 },
    { kind: "form_not_sent", back: GUARDED },
    ...PASS_REFUSALS.map((reason) => ({ kind: "pass_invalid", reason }) as const),
    { kind: "admission_replayed", hasTicket: true },
    { kind: "admission_replayed", hasTicket: false },
    ...UNSTATED.map((kind) => ({ kind })),
  ] satisfies GuardedNotice[]
).map((notice) => {
  const reason = notice.kind === "pass_invalid" ? `, ${notice.reason}` : "";
  const inLine = notice.kind === "admission_replayed" && notice.hasTicket ? ", in line" : "";
  return [`${notice.kind}${reason}${inLine}`, guardedPage(guardedModel(notice))] as const;
});

/** The waiting page at a guarded address. */
export const GUARDED_WAITS: readonly Exhibit[] = SHOPPER_STATES.map((state) => {
  const model = { ...waitingModel({ state, stock: [], odds: null }), sale: GUARDING_SALE };
  return [state, waitingPage({ ...model, guarded: GUARDED })] as const;
});

const OFFERED = { kind: "offered", to: null } as const;

export const WAITING: readonly Exhibit[] = [
  ...SHOPPER_STATES.map((state) => [state, waitingPage(waitingModel({ state }))] as const),
  ["in a lane", waitingPage(waitingModel({ lane: "members" }))],
  ["drawing", waitingPage(waitingModel({ rank: null, position: null, wait: null, odds: null }))],
  ["stale, with a message", waitingPage(waitingModel({ stale: true, message: HOSTILE }))],
  ["a mail offered", waitingPage({ ...waitingModel({}), reminder: OFFERED })],
  ["a mail asked for", waitingPage({ ...waitingModel({}), reminder: { ...OFFERED, to: HOSTILE } })],
  ["seats full", waitingPage({ ...waitingModel({ state: "called" }), seatsFull: true })],
];

function checkedPage(rank: CheckedRank, change: Partial<Receipt> = {}): Html {
  const receipt = { ...receiptFor(), booking: `BK ${HOSTILE}`, ...change };
  return receiptPage(receiptModel({ checked: { kind: "valid", receipt, rank } }));
}

export const DRAWS: readonly Exhibit[] = [
  ["before the end", fairnessPage(fairnessModel())],
  ["with a ticket", fairnessPage(fairnessModel({ ticket: `a.b.c ${HOSTILE}` }))],
  ["after", fairnessPage(fairnessModel({ phase: "ended", secret: "5".repeat(64) }))],
  ["just ended", fairnessPage(fairnessModel({ phase: "ended" }))],
  ["revealing", fairnessPage(fairnessModel({ phase: "ended", revealsAt_ms: 0, beacon: null }))],
];

export const RECEIPTS: readonly Exhibit[] = [
  ["empty", receiptPage(receiptModel())],
  ["filled in", receiptPage(receiptModel({ token: `a.b.c ${HOSTILE}` }))],
  ...RECEIPT_REFUSALS.map((reason) => {
    return [reason, receiptPage(receiptModel({ checked: { kind: "invalid", reason } }))] as const;
  }),
  ["other sale", receiptPage(receiptModel({ checked: { kind: "other_sale", sale: "air-two" } }))],
  ["agrees", checkedPage({ kind: "agrees" })],
  ["no place", checkedPage({ kind: "none" }, { entry: "direct", place: null, ticket: null })],
  ["place not known", checkedPage({ kind: "none" }, { entry: "unknown", place: null })],
  ["draw not read", checkedPage({ kind: "unknown" })],
  ["another rank", checkedPage({ kind: "differs", drawn: 7 })],
  ["no such place", checkedPage({ kind: "differs", drawn: null })],
];

const EMPTY = { cart: { lines: [], holdsUntil_ms: null }, quote: null } as const;
const OWN_PAGE = {
  sale: { ...SALE, checkout: checkoutSchema.parse({ page: "https://shop.example/pay" }) },
  ownCheckout: "https://shop.example/pay#sale=air-one&admission=eyJ.e30.sig",
};
const NO_KEY = { kind: "not_configured", problem: "STRIPE_PUBLISHABLE_KEY is empty" } as const;

function shipping(country: string | null, more: Partial<CheckoutModel> = {}): Html {
  const quote = quoteAt(SHIPPING_SALE, country, country === null ? null : "post");
  const input = { ...NO_INPUT, country: country ?? "" };
  return checkoutPage(checkoutModel({ sale: SHIPPING_SALE, quote, input, ...more }));
}

export const CHECKOUTS: readonly Exhibit[] = [
  ["ready", checkoutPage(checkoutModel())],
  ["no key", checkoutPage(checkoutModel({ payment: NO_KEY }))],
  ["the shop's own page", checkoutPage(checkoutModel(OWN_PAGE))],
  ["empty", checkoutPage(checkoutModel(EMPTY))],
  ["shipping, without a country", shipping(null)],
  ["shipping to Germany", shipping("DE")],
  ["shipping to Japan", shipping("JP")],
  ["form refused", shipping("DE", { input: TYPED, faults: TYPED_FAULTS })],
  [
    "order refused",
    shipping("DE", { input: TYPED, faults: [{ field: null, message: "The total was €1." }] }),
  ],
  ["unpayable", checkoutPage(checkoutModel({ quote: null }))],
  ["order under way", checkoutPage(checkoutModel({ ...EMPTY, placed: UNDER_WAY }))],
  [
    "order under way, and more in the cart",
    checkoutPage(
      checkoutModel({ placed: UNDER_WAY, faults: [{ field: null, message: "Wait for it." }] }),
    ),
  ],
  ["ordered before", checkoutPage(checkoutModel({ ...EMPTY, placed: BOUGHT }))],
];

const DELAYED = orderView("authorizing", { delayed: true, mayGiveUp: true });
const REDIRECT = {
  kind: "redirect",
  url: "https://bank.example/?a=1&b=2",
  until_ms: NOW + 90_000,
} as const;
const SCRIPT = {
  kind: "script",
  clientSecret: "pi_1_secret_2",
  until_ms: NOW + 90_000,
} as const;
const AMOUNTS = { items: 25_800, discount: 2_580, delivery: 490, tax: 4_412, taxIncluded: 0 };
const REFUNDS = [
  { amount: 1_000, state: "succeeded", at_ms: NOW },
  { amount: 2_000, state: "pending", at_ms: NOW },
] as const;
const DETAILED = {
  amounts: { ...AMOUNTS, total: 28_122 },
  total: 28_122,
  delivery: { id: "post", name: `By post ${HOSTILE}` },
  discountHint: "WEL…",
};

export const ORDERS: readonly Exhibit[] = [
  ...ORDER_STATES.map((state): Exhibit => {
    const action = state === "action_required" ? REDIRECT : null;
    const mayGiveUp = ["accepted", "action_required"].includes(state);
    const reason = state === "declined" ? "insufficient_funds" : null;
    return [state, orderPage(orderModel(orderView(state, { action, reason, mayGiveUp })))];
  }),
  ["delayed", orderPage(orderModel(DELAYED))],
  [
    "action by script",
    orderPage(orderModel(orderView("action_required", { action: SCRIPT, mayGiveUp: true }))),
  ],
  ["given up", orderPage(orderModel(orderView("declined", { reason: "given_up" })))],
  [
    "payment unavailable",
    orderPage(orderModel(orderView("declined", { reason: "payment_unavailable" }))),
  ],
  ["confirmed, itemised", orderPage(orderModel(orderView("confirmed", DETAILED)))],
  [
    "confirmed, may buy more",
    orderPage(orderModel(orderView("confirmed", DETAILED), { mayBuyMore: true })),
  ],
  [
    "confirmed, of a shop",
    orderPage(orderModel(orderView("confirmed"), { shopHref: "/drops/air?size=42" })),
  ],
  [
    "partly refunded",
    orderPage(
      orderModel(orderView("confirmed", { ...DETAILED, refunded: 3_000, refunds: REFUNDS })),
    ),
  ],
  [
    "refunded",
    orderPage(
      orderModel(orderView("confirmed", { refunded: 25_800, refunds: REFUNDS.slice(0, 1) })),
    ),
  ],
];

function proof(kind: AskingProtection["kind"], change: Partial<ProofModel> = {}): Html {
  const siteKey = "1x00000000000000000000AA";
  const protection = protectionSchema.parse(kind === "altcha" ? { kind } : { kind, siteKey });
  if (protection.kind === "none") throw new Error("requires no proof");
  const details = { afresh: false, general: false, to: null };
  return proofPage({ sale: SALE, protection, details, refused: null, now: NOW, ...change });
}

export const PROOFS: readonly Exhibit[] = [
  ["proof of work", proof("altcha")],
  [
    "proof by Turnstile",
    proof("turnstile", { details: { afresh: true, general: true, to: "/drops/?a=1&b" } }),
  ],
  ...PROOF_REFUSALS.map((refused) => {
    return [`proof of work, ${refused}`, proof("altcha", { refused })] as const;
  }),
];

/** The page of a link with a pass. */
const PASS_LINKS: readonly Exhibit[] = (["new", "in_line", "same_lane", "in_shop"] as const).map(
  (visitor) => {
    const hasCode = visitor === "in_shop";
    const pass = { lane: "members", isPersonal: !hasCode, hasCode, leads: "in" } as const;
    const page = passLinkPage({ sale: SALE, ...pass, visitor, key: "a-key", now: NOW });
    return [`link with a pass: ${visitor}`, page] as const;
  },
);

export const NOTICES: readonly Notice[] = [
  { kind: "sale_not_found" },
  { kind: "order_not_found", sale: SALE.id },
  { kind: "page_not_found" },
  { kind: "room_unavailable", retry_s: 7 },
  { kind: "booth_unavailable", sale: SALE.id, retry_s: 7 },
  { kind: "proof_unavailable", sale: SALE.id, retry_s: 7 },
  { kind: "order_unreadable", retry_s: 7 },
  { kind: "cart_unreadable", retry_s: 7 },
  { kind: "sale_not_open", sale: SALE.id, opensAt_ms: SCHEDULE.opensAt_ms },
  ...(["sale_over", "network_full"] as const).map((kind) => ({ kind, sale: SALE.id })),
  ...PASS_REFUSALS.map((reason) => {
    return { kind: "pass_invalid", sale: SALE.id, reason, hasPlace: false } as const;
  }),
  { kind: "pass_invalid", sale: SALE.id, reason: "expired", hasPlace: true },
  { kind: "ticket_invalid", sale: SALE.id },
  { kind: "turn_lapsed", sale: SALE.id },
  { kind: "cookies_blocked", sale: SALE.id },
  { kind: "ticket_not_kept", sale: SALE.id },
  { kind: "admission_spent", sale: "air-one" },
  { kind: "admission_required", sale: SALE.id },
  { kind: "admission_expired", sale: SALE.id },
  { kind: "admission_invalid", sale: SALE.id },
  { kind: "admission_replayed", sale: SALE.id, hasTicket: false },
  { kind: "admission_replayed", sale: SALE.id, hasTicket: true },
  { kind: "rate_limited", retry_s: 10 },
  { kind: "foreign_origin" },
  { kind: "not_shown_yet" },
  { kind: "body_too_large" },
  { kind: "bad_form", field: HOSTILE, message: HOSTILE },
  { kind: "broken" },
];

const LISTS: readonly Exhibit[] = [
  ["no sales", salesListPage({ sales: [], next: null, now: NOW })],
  [
    "sales",
    salesListPage({
      sales: (["scheduled", "prequeue", "live", "ended"] as const).map((phase) => {
        return { sale: SALE, phase, schedule: SCHEDULE };
      }),
      next: "air-one",
      now: NOW,
    }),
  ],
];

export const GALLERY: readonly Exhibit[] = [
  ...LISTS,
  ...STOREFRONTS.map(([name, page]) => [`storefront: ${name}`, page] as const),
  ...GUARDING.map(([name, page]) => [`storefront of a guard: ${name}`, page] as const),
  ...GUARDED_PAGES.map(([name, page]) => [`guarded: ${name}`, page] as const),
  ["form of another site", resendPage({ sale: SALE, form: "e30=", body: "", now: NOW })],
  ...GUARDED_WAITS.map(([name, page]) => [`guarded wait: ${name}`, page] as const),
  ...WAITING.map(([name, page]) => [`waiting: ${name}`, page] as const),
  ...REMINDERS.map(([name, page]) => [`reminder: ${name}`, page] as const),
  ...DRAWS.map(([name, page]) => [`draw: ${name}`, page] as const),
  ...RECEIPTS.map(([name, page]) => [`receipt: ${name}`, page] as const),
  ...CHECKOUTS.map(([name, page]) => [`checkout: ${name}`, page] as const),
  ...ORDERS.map(([name, page]) => [`order: ${name}`, page] as const),
  ...PROOFS,
  ...PASS_LINKS,
  ...NOTICES.map((notice) => {
    const inLine = notice.kind === "pass_invalid" && notice.hasPlace ? ", in line" : "";
    const detail = notice.kind === "pass_invalid" ? `, ${notice.reason}${inLine}` : "";
    return [`notice: ${notice.kind}${detail}`, noticePage(notice, NOW).page] as const;
  }),
];
