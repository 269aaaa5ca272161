/**
 * The gallery: every page in every state, from fixed models.
 */
import { ORDER_STATES } from "../../../src/domain/order/messages.ts";
import { PASS_REFUSALS } from "../../../src/domain/line/pass-places.ts";
import { PROOF_REFUSALS, protectionSchema } from "../../../src/domain/sale/protection.ts";
import { SHOPPER_STATES } from "../../../src/domain/room/standing.ts";
import { checkoutPage } from "../../../src/pages/views/checkout.ts";
import { guardedPage, type GuardedNotice } from "../../../src/pages/views/guarded.ts";
import { fairnessPage } from "../../../src/pages/views/fairness.ts";
import type { Html } from "../../../src/pages/parts/layout.ts";
import { noticePage, type Notice } from "../../../src/pages/views/notices.ts";
import { orderPage } from "../../../src/pages/views/order.ts";
import {
  proofPage,
  type AskingProtection,
  type ProofModel,
} from "../../../src/pages/views/proof.ts";
import { salesListPage } from "../../../src/pages/views/sales-list.ts";
import { storefrontPage } from "../../../src/pages/views/storefront.ts";
import { waitingPage } from "../../../src/pages/views/waiting.ts";
import {
  ADMITTED,
  checkoutModel,
  fairnessModel,
  GUARDED,
  guardedModel,
  GUARDING_SALE,
  HOSTILE,
  NOW,
  orderView,
  SALE,
  SCHEDULE,
  snapshotAt,
  storefrontModel,
  waitingModel,
} from "./pages-models.ts";

export type Exhibit = readonly [name: string, page: Html];

const sale = { id: SALE.id, title: SALE.title };
const FAULTS = [
  { field: "AIR-43", message: "Only 1 more is available." },
  { field: null, message: "The order could not be placed." },
];
const TYPED_FAULTS = [
  { field: "email", message: "enter an e-mail address" },
  { field: "name", message: "too long" },
  { field: "method", message: "choose one of the cards" },
];

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
export const GUARDED_PAGES: readonly Exhibit[] = (
  [
    { kind: "not_open", opensAt_ms: NOW + 90_000 },
    { kind: "form_not_sent", back: GUARDED },
    ...PASS_REFUSALS.map((reason) => ({ kind: "pass_invalid", reason }) as const),
    { kind: "admission_replayed", hasTicket: true },
    { kind: "admission_replayed", hasTicket: false },
    { kind: "rate_limited" },
    { kind: "booth_unavailable" },
    { kind: "room_unavailable" },
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

export const WAITING: readonly Exhibit[] = [
  ...SHOPPER_STATES.map((state) => [state, waitingPage(waitingModel({ state }))] as const),
  ["in a lane", waitingPage(waitingModel({ lane: "members" }))],
  ["drawing", waitingPage(waitingModel({ rank: null, position: null, wait: null, odds: null }))],
  ["stale, with a message", waitingPage(waitingModel({ stale: true, message: HOSTILE }))],
  ["seats full", waitingPage({ ...waitingModel({ state: "called" }), seatsFull: true })],
];

export const DRAWS: readonly Exhibit[] = [
  ["before the end", fairnessPage(fairnessModel())],
  ["with a ticket", fairnessPage(fairnessModel({ ticket: `a.b.c ${HOSTILE}` }))],
  ["after", fairnessPage(fairnessModel({ phase: "ended", secret: "5".repeat(64) }))],
  ["just ended", fairnessPage(fairnessModel({ phase: "ended" }))],
];

export const CHECKOUTS: readonly Exhibit[] = [
  ["test cards", checkoutPage(checkoutModel())],
  ["no test cards", checkoutPage(checkoutModel({ testCards: false }))],
  ["empty", checkoutPage(checkoutModel({ cart: { lines: [], total: 0, holdsUntil_ms: null } }))],
  ["form refused", checkoutPage(checkoutModel({ faults: TYPED_FAULTS }))],
  [
    "order refused",
    checkoutPage(
      checkoutModel({
        faults: [{ field: null, message: "An order is being processed." }],
        input: { email: "a@b.example", name: HOSTILE, method: "pm_card_mastercard" },
        placed: { kind: "under_way", href: "/_sluice/shop/air-one/orders/ord_1" },
      }),
    ),
  ],
  [
    "ordered before",
    checkoutPage(
      checkoutModel({
        cart: { lines: [], total: 0, holdsUntil_ms: null },
        placed: { kind: "bought", href: "/_sluice/shop/air-one/orders/ord_1" },
      }),
    ),
  ],
];

const DELAYED = orderView("authorizing", { delayed: true });

export const ORDERS: readonly Exhibit[] = ORDER_STATES.map((state): Exhibit => {
  const action =
    state === "action_required"
      ? ({ kind: "redirect", url: "https://bank.example/?a=1&b=2" } as const)
      : null;
  const reason = state === "declined" ? "insufficient_funds" : null;
  const order = orderView(state, { action, reason });
  return [state, orderPage({ sale, order, viewKey: "key", now: NOW })];
}).concat([["delayed", orderPage({ sale, order: DELAYED, viewKey: "key", now: NOW })]]);

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
  { kind: "sale_over", sale: SALE.id },
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
  ...GUARDED_WAITS.map(([name, page]) => [`guarded wait: ${name}`, page] as const),
  ...WAITING.map(([name, page]) => [`waiting: ${name}`, page] as const),
  ...DRAWS.map(([name, page]) => [`draw: ${name}`, page] as const),
  ...CHECKOUTS.map(([name, page]) => [`checkout: ${name}`, page] as const),
  ...ORDERS.map(([name, page]) => [`order: ${name}`, page] as const),
  ...PROOFS,
  ...NOTICES.map((notice) => {
    const inLine = notice.kind === "pass_invalid" && notice.hasPlace ? ", in line" : "";
    const detail = notice.kind === "pass_invalid" ? `, ${notice.reason}${inLine}` : "";
    return [`notice: ${notice.kind}${detail}`, noticePage(notice, NOW).page] as const;
  }),
];
