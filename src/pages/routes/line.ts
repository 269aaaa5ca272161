/**
 * The way in: the list of sales, the storefront, joining, waiting, entering and leaving. Each
 * handler asks one use case and shows what came of it; no rule lives here.
 */
import { listPublished } from "../../shopper/catalogue.ts";
import { readCart } from "../../shopper/cart.ts";
import { guardedPageOn, hostOf } from "../../domain/guards/guard.ts";
import { saleOf, visitOf, type Visit } from "../../shopper/visit.ts";
import { join } from "../../shopper/join.ts";
import { askStanding, claimTurn, leave, type Admitted } from "../../shopper/waiting.ts";
import { deviceFor } from "../../shopper/device-binding.ts";
import { turnTaken } from "../../shopper/entry.ts";
import {
  carriedByDevice,
  carriedOf,
  giveAdmission,
  giveCookie,
  giveTicket,
  takeCookie,
  type GateRequest,
} from "../../web/gate-app.ts";
import {
  hasLost,
  joinKeyCarried,
  keepsCookies,
  markJoinKey,
  offerJoinKey,
  renewJoinKey,
} from "../../web/join-key-cookie.ts";
import { expiredPassCookie, passCookie, passIn } from "../../web/pass-cookie.ts";
import { retryAfter_s, sendNotice, sendUnreachable } from "../answers.ts";
import type { Faults } from "../parts/faults.ts";
import { emptyForm, enterForm, joinForm, ownPathSchema, readForm } from "../forms.ts";
import { partLink, saleLink } from "../parts/links.ts";
import { laneAhead, passOf, refusePass, takePassFromLink } from "./pass.ts";
import { askForProof } from "./proof.ts";
import { salesListPage } from "../views/sales-list.ts";
import { mayGoIn, storefrontPage, type Visitor } from "../views/storefront.ts";
import { waitingPage } from "../views/waiting.ts";

const AFTER_LENGTH_MAX = 64;

export async function showSales(c: GateRequest): Promise<Response> {
  const gate = c.get("gate");
  const after = c.req.query("after")?.slice(0, AFTER_LENGTH_MAX) ?? null;
  const catalogue = await listPublished(gate, after);
  return c.html(salesListPage({ ...catalogue, now: gate.now }));
}

export async function showStorefront(c: GateRequest, id: string): Promise<Response> {
  const linked = c.req.query("pass");
  if (linked !== undefined) return takePassFromLink(c, id, linked);
  const found = await visitOf(c.get("gate"), id, carriedOf(c, id));
  if (found.kind !== "visit") return sendUnreachable(c, found);
  const { ticket, admission, admissionRefused, seen } = found.visit;
  if (admissionRefused === "replayed") return sendReplayed(c, id, found.visit);
  const isOpen = seen.snapshot.phase !== "ended" && admission === null;
  const pass = isOpen ? await passOf(c, found.visit) : ({ kind: "none" } as const);
  if (pass.kind === "refused") return refusePass(c, id, pass.reason, ticket !== null);
  const page = await storefrontOf(c, found.visit, NOTHING_REFUSED, laneAhead(pass, found.visit));
  if (page === null) return sendNotice(c, { kind: "cart_unreadable", retry_s: retryAfter_s(c) });
  offerJoinKey(c, id, mayGoIn(seen.snapshot) ? "direct" : "line");
  return c.html(page);
}

interface Refused {
  readonly faults: Faults;
  readonly quantities: Readonly<Record<string, string>>;
}

const NOTHING_REFUSED: Refused = { faults: [], quantities: {} };

/**
 * Null when what the visitor holds cannot be read: a form that showed nothing would drop it.
 * @param refused what was asked for and not given, to be shown again
 * @param passLane into which the visitor's pass leads, if it is not where they are
 */
export async function storefrontOf(
  c: GateRequest,
  visit: Visit,
  refused: Refused = NOTHING_REFUSED,
  passLane: string | null = null,
): Promise<ReturnType<typeof storefrontPage> | null> {
  const { sale, seen } = visit;
  const visitor = await visitorOf(c, visit, refused.quantities);
  if (visitor === null) return null;
  return storefrontPage({
    sale,
    snapshot: seen.snapshot,
    stale: seen.stale,
    visitor,
    passLane,
    shopHref: guardedPageOn(sale.guards, hostOf(c.req.url)),
    faults: refused.faults,
    admissionLost: hasLost(c, sale.id, "admission"),
    now: seen.now,
  });
}

async function visitorOf(
  c: GateRequest,
  { sale, seen, admission, ticket }: Visit,
  asked: Readonly<Record<string, string>>,
): Promise<Visitor | null> {
  if (seen.snapshot.phase === "ended") return { kind: "new" };
  if (admission === null) return { kind: ticket === null ? "new" : "in_line" };
  const read = await readCart(c.get("gate"), sale.id, carriedOf(c, sale.id));
  if (read.kind === "stock_unavailable") return null;
  const lines = read.kind === "cart" ? read.cart.lines : [];
  const held = lines.map(({ sku, quantity }) => [sku, String(quantity)] as const);
  return {
    kind: "admitted",
    expiresAt_ms: admission.expiresAt_ms,
    quantities: { ...Object.fromEntries(held), ...asked },
    holdsSomething: lines.length > 0,
  };
}

export async function joinLine(c: GateRequest, id: string): Promise<Response> {
  const read = await readForm(c, joinForm);
  if (read.kind === "refused") return sendNotice(c, { kind: "bad_form", ...read.faults[0] });
  const carried = await carriedByDevice(c, id);
  const afresh = read.form.afresh === "yes";
  const isGeneral = read.form.general === "yes";
  if (isGeneral) giveCookie(c, expiredPassCookie(id));
  if (!keepsCookies(c, id)) {
    return sendNotice(c, { kind: "cookies_blocked", sale: id, ...whereTo(read.form.to) });
  }
  const pass = isGeneral ? ({ kind: "none" } as const) : passIn(c.req.raw.headers, id);
  const hasPlace = carried.ticket !== null && !afresh;
  if (pass.kind === "refused") return refusePass(c, id, pass.reason, hasPlace);
  const token = pass.kind === "pass" ? pass.token : null;
  const wish = { pass: token, proof: read.form.proof ?? null, key: joinKeyCarried(c, id), afresh };
  const outcome = await join(c.get("gate"), id, carried, wish);
  switch (outcome.kind) {
    case "joined":
    case "already_joined":
      giveTicket(c, id, outcome.ticket);
      markJoinKey(c, id, "ticket");
      return c.redirect(read.form.to ?? partLink(id, "wait"), 303);
    case "admitted":
      return letIn(c, id, outcome, read.form.to);
    case "sale_not_open":
      return sendNotice(c, { ...outcome, sale: id });
    case "booth_unavailable":
    // The sale has begun to tell devices apart this very moment.
    case "device_required":
      return sendNotice(c, { kind: "booth_unavailable", sale: id, retry_s: retryAfter_s(c) });
    case "sale_over":
      return sendNotice(c, { kind: outcome.kind, sale: id });
    case "proof_required":
    case "proof_invalid":
    case "proof_unavailable":
      return askForProof(c, id, { afresh, general: isGeneral, to: read.form.to ?? null }, outcome);
    case "pass_invalid":
      giveCookie(c, passCookie(id, { kind: "refused", reason: outcome.reason }));
      return refusePass(c, id, outcome.reason, hasPlace);
    case "sale_not_found":
    case "room_unavailable":
      return sendUnreachable(c, outcome);
  }
}

function whereTo(to: string | undefined): { readonly to?: string } {
  return to === undefined ? {} : { to };
}

/**
 * Where the waiting page of a guarded address leads the first time it is loaded again: a browser
 * that has kept its place goes on there, another one would take a new place with every load.
 */
export function checkKept(c: GateRequest, id: string): Response | Promise<Response> {
  const to = ownPathSchema.safeParse(c.req.query("to"));
  if (!to.success) {
    const message = "It is no address of this shop";
    return sendNotice(c, { kind: "bad_form", field: "to", message });
  }
  const { ticket, admission } = carriedOf(c, id);
  if (ticket !== null || admission !== null) return c.redirect(to.data, 303);
  return sendNotice(c, { kind: "ticket_not_kept", sale: id, to: to.data });
}

/** @param to where they come from, when that is not the sale's own page */
function letIn(c: GateRequest, id: string, admitted: Admitted, to = saleLink(id)): Response {
  giveAdmission(c, id, admitted);
  markJoinKey(c, id, "admission");
  return c.redirect(to, 303);
}

/** The place is of no use any more; the next join is another shopper's. */
function forgetPlace(c: GateRequest, id: string): void {
  takeCookie(c, "ticket", id);
  renewJoinKey(c, id);
}

export async function showPlace(c: GateRequest, id: string): Promise<Response> {
  const asked = await askStanding(c.get("gate"), id, carriedOf(c, id));
  switch (asked.kind) {
    case "standing": {
      const { standing, visit } = asked;
      if (standing.state === "admitted") return c.redirect(saleLink(id), 303);
      const { sale, seen, ticket } = visit;
      if (standing.state === "lapsed" && ticket !== null) {
        // By its rank the turn has passed; it may have been taken up, and the admission lost.
        const { caller } = await carriedByDevice(c, id);
        const device = deviceFor(sale, caller);
        const asked = { ticket: ticket.id, place: ticket, device };
        const turn = await turnTaken(c.get("gate"), visit, asked);
        if (turn.kind === "admitted") return letIn(c, id, turn);
      }
      offerJoinKey(c, id, "line");
      const { schedule } = seen.snapshot;
      return c.html(waitingPage({ sale, schedule, standing, seatsFull: false, now: seen.now }));
    }
    case "ticket_required":
      if (hasLost(c, id, "ticket")) return sendNotice(c, { kind: "ticket_not_kept", sale: id });
      return c.redirect(saleLink(id), 303);
    case "ticket_invalid":
      forgetPlace(c, id);
      return sendNotice(c, { kind: "ticket_invalid", sale: id });
    case "admission_replayed":
      return sendReplayed(c, id, asked.visit);
    case "sale_not_found":
    case "room_unavailable":
      return sendUnreachable(c, asked);
  }
}

type NotCalled = Extract<Awaited<ReturnType<typeof claimTurn>>, { readonly kind: "not_called" }>;

export async function enterShop(c: GateRequest, id: string): Promise<Response> {
  const read = await readForm(c, enterForm);
  if (read.kind === "refused") return sendNotice(c, { kind: "bad_form", ...read.faults[0] });
  const outcome = await claimTurn(c.get("gate"), id, await carriedByDevice(c, id));
  switch (outcome.kind) {
    case "admitted":
      return letIn(c, id, outcome, read.form.to);
    case "not_called":
      return stillWaiting(c, id, outcome);
    case "turn_lapsed":
    case "ticket_invalid":
      forgetPlace(c, id);
      return sendNotice(c, { kind: outcome.kind, sale: id });
    case "ticket_required":
      return c.redirect(saleLink(id), 303);
    case "sale_over":
      return sendNotice(c, { kind: outcome.kind, sale: id });
    case "device_required":
      return sendNotice(c, { kind: "booth_unavailable", sale: id, retry_s: retryAfter_s(c) });
    case "sale_not_found":
    case "room_unavailable":
      return sendUnreachable(c, outcome);
  }
}

/** In the shop on another device: said so, with the way to go on here. */
function sendReplayed(c: GateRequest, sale: string, { ticket }: Visit) {
  return sendNotice(c, { kind: "admission_replayed", sale, hasTicket: ticket !== null });
}

async function stillWaiting(c: GateRequest, id: string, refused: NotCalled): Promise<Response> {
  const found = await saleOf(c.get("gate"), id);
  if (found.kind !== "sale") return sendUnreachable(c, found);
  const { sale, seen } = found;
  const { standing, seatsFull } = refused;
  const { schedule } = seen.snapshot;
  return c.html(waitingPage({ sale, schedule, standing, seatsFull, now: seen.now }), 409);
}

export async function leaveShop(c: GateRequest, id: string): Promise<Response> {
  const read = await readForm(c, emptyForm);
  if (read.kind === "refused") return sendNotice(c, { kind: "bad_form", ...read.faults[0] });
  const outcome = await leave(c.get("gate"), id, carriedOf(c, id));
  if (outcome.kind === "sale_not_found" || outcome.kind === "room_unavailable") {
    return sendUnreachable(c, outcome);
  }
  takeCookie(c, "admission", id);
  forgetPlace(c, id);
  return c.redirect(saleLink(id), 303);
}

/** A form's address opened by hand, or reloaded by a browser, leads to where the form was. */
export function backFromForm(c: GateRequest, id: string): Response {
  return c.redirect(partLink(id, c.req.path.endsWith("/order") ? "cart" : "wait"), 303);
}
