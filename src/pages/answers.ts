/**
 * What the responses of all pages share: their headers, and how a notice is sent.
 *
 * Guarantee: no page is cached, framed or sniffed, and scripts and form targets are of this origin,
 * unless a page names others (`allowFor`). The referrer stays within the origin; `no-referrer`
 * would make browsers send `Origin: null` with forms, which the origin check refuses.
 */
import type { MiddlewareHandler } from "hono";
import { saleIdSchema } from "../domain/sale/sale.ts";
import type { DeviceNeeded } from "../shopper/device-binding.ts";
import type { AdmissionRefused, Unreachable, Visit } from "../shopper/visit.ts";
import type { TicketRefused } from "../shopper/waiting.ts";
import {
  takeCookie,
  withShopVisitOr,
  withVisitOr,
  type Answer,
  type GateApp,
  type GateRequest,
} from "../web/gate-app.ts";
import { offerJoinKey, renewJoinKey } from "../web/join-key-cookie.ts";
import { saleLink } from "./parts/links.ts";
import { noticePage, type Notice } from "./views/notices.ts";

const POLICY = {
  "default-src": "'none'",
  "script-src": "'self'",
  "style-src": "'self'",
  "img-src": "'self'",
  "connect-src": "'self'",
  "form-action": "'self'",
  "base-uri": "'none'",
  "frame-ancestors": "'none'",
};

/** @param more directives that replace or extend those of every page */
export function policyWith(more: Readonly<Record<string, string>> = {}): string {
  const directives = Object.entries({ ...POLICY, ...more });
  return directives.map(([name, sources]) => `${name} ${sources}`).join("; ");
}

/** Sets this page's policy: that of every page, changed by `more`. */
export function allowFor(c: GateRequest, more: Readonly<Record<string, string>>): void {
  c.header("Content-Security-Policy", policyWith(more));
}

/**
 * Lets this page load the payment service's script, and lets its frames ask browsers for a wallet.
 * The elements are separated by spaces.
 */
export function allowPayment(
  c: GateRequest,
  sources: { readonly script: string; readonly frame: string; readonly connect: string },
): void {
  const { script, frame, connect } = sources;
  allowFor(c, {
    "script-src": `'self' ${script}`,
    "frame-src": frame,
    "connect-src": `'self' ${connect}`,
  });
  const wallets = script.split(" ").map((origin) => `"${origin}"`);
  c.header("Permissions-Policy", permissionsWith(`(self ${wallets.join(" ")})`));
}

/** @param payment the origins that may ask for a wallet */
function permissionsWith(payment: string): string {
  return `camera=(), geolocation=(), microphone=(), payment=${payment}`;
}

export const PAGE_HEADERS: Readonly<Record<string, string>> = {
  "Content-Security-Policy": policyWith(),
  "X-Content-Type-Options": "nosniff",
  "Referrer-Policy": "same-origin",
  "Cache-Control": "no-store",
  "Permissions-Policy": permissionsWith("()"),
  // Wallets and banks open windows of their own.
  "Cross-Origin-Opener-Policy": "same-origin-allow-popups",
  // The caches of service workers heed no `no-store`, but refuse an answer that varies by all.
  Vary: "*",
};

/**
 * `X-Robots-Tag` of a page that stands at an address of the shop: search results show no copy of
 * it, and the address stays in their index.
 */
export const NO_COPY = "noarchive, nosnippet";

export const pageHeaders: MiddlewareHandler<GateApp> = async (c, next) => {
  for (const [name, value] of Object.entries(PAGE_HEADERS)) c.header(name, value);
  // Not in the page, because the same pages stand at addresses of the shop.
  c.header("X-Robots-Tag", "noindex");
  await next();
};

/**
 * Seconds until a page that could not be shown is requested again: 5 to 10 at random, so that a
 * crowd does not return all at once.
 */
export function retryAfter_s(c: GateRequest): number {
  return 5 + Math.round(c.get("gate").chance * 5);
}

/** Notices with a join button, which needs a join key. */
const JOINABLE: ReadonlySet<Notice["kind"]> = new Set([
  "booth_unavailable",
  "network_full",
  "cookies_blocked",
  "ticket_not_kept",
  "ticket_invalid",
  "ticket_replayed",
  "turn_lapsed",
  "admission_required",
  "admission_expired",
  "admission_invalid",
  "pass_invalid",
]);

export function sendNotice(c: GateRequest, notice: Notice): Answer {
  if ("sale" in notice && JOINABLE.has(notice.kind)) offerJoinKey(c, notice.sale, "line");
  const { status, page, retry_s } = noticePage(notice, c.get("gate").now);
  if (retry_s !== null) c.header("Retry-After", String(retry_s));
  return c.html(page, status);
}

/** A handler that is given the sale of its path; what cannot be the id of a sale is none. */
export function forSale(
  answer: (c: GateRequest, sale: string) => Answer,
): (c: GateRequest) => Answer {
  return (c) => {
    const id = saleIdSchema.safeParse(c.req.param("sale"));
    return id.success ? answer(c, id.data) : sendNotice(c, { kind: "sale_not_found" });
  };
}

function sendUnreachable(c: GateRequest, { kind }: Unreachable): Answer {
  return sendNotice(c, kind === "sale_not_found" ? { kind } : { kind, retry_s: retryAfter_s(c) });
}

const withVisit = withVisitOr(sendUnreachable);

/** A handler that is given the request's visit. */
export function forVisit(
  answer: (c: GateRequest, visit: Visit) => Answer,
): (c: GateRequest) => Answer {
  return forSale((c, sale) => withVisit(c, sale, (visit) => answer(c, visit)));
}

const withShopVisit = withShopVisitOr(sendUnreachable);

/** The same, also while the room is silent, for a shopper who is in. */
export function forShopVisit(
  answer: (c: GateRequest, visit: Visit) => Answer,
): (c: GateRequest) => Answer {
  return forSale((c, sale) => withShopVisit(c, sale, (visit) => answer(c, visit)));
}

/** Every way in which a use case refuses that a page of its own explains. */
export type Refused =
  | Unreachable
  | AdmissionRefused
  | TicketRefused
  | DeviceNeeded
  | { readonly kind: "stock_unavailable" | "booth_unavailable" | "proof_unavailable" }
  | { readonly kind: "admission_spent" | "turn_lapsed" | "sale_over" | "network_full" }
  | { readonly kind: "sale_not_open"; readonly opensAt_ms: number };

export function sendRefusal(c: GateRequest, visit: Visit, refused: Refused): Answer {
  const sale = visit.sale.id;
  const retry_s = retryAfter_s(c);
  switch (refused.kind) {
    case "sale_not_found":
    case "room_unavailable":
      return sendUnreachable(c, { kind: refused.kind });
    case "stock_unavailable":
      return sendNotice(c, { kind: "cart_unreadable", retry_s });
    case "proof_unavailable":
      return sendNotice(c, { kind: refused.kind, sale, retry_s });
    case "booth_unavailable":
    // The sale has begun to tell devices apart this very moment.
    case "device_required":
      return sendNotice(c, { kind: "booth_unavailable", sale, retry_s });
    case "sale_not_open":
      return sendNotice(c, { kind: refused.kind, sale, opensAt_ms: refused.opensAt_ms });
    case "ticket_required":
      return c.redirect(saleLink(sale), 303);
    case "ticket_invalid":
    case "ticket_replayed":
    case "turn_lapsed":
      forgetPlace(c, sale);
      return sendNotice(c, { kind: refused.kind, sale });
    case "admission_replayed": {
      const hasTicket = visit.ticket.kind === "valid";
      return sendNotice(c, { kind: refused.kind, sale, hasTicket });
    }
    case "admission_required":
    case "admission_expired":
    case "admission_invalid":
    case "admission_spent":
    case "network_full":
    case "sale_over":
      return sendNotice(c, { kind: refused.kind, sale });
  }
}

/** The place is of no use any more; the next join is another shopper's. */
export function forgetPlace(c: GateRequest, sale: string): void {
  takeCookie(c, "ticket", sale);
  renewJoinKey(c, sale);
}
