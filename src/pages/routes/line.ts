/**
 * The way in: the list of sales, the storefront, joining, waiting, entering and leaving. Each
 * handler asks one use case and shows what came of it; no rule lives here.
 */
import { listPublished } from "../../shopper/catalogue.ts";
import { orderOfVisit, readCheckout } from "../../shopper/checkout.ts";
import { guardedPageOn } from "../../domain/guards/guard.ts";
import { hostOf } from "../../domain/guards/url.ts";
import type { JoinOutcome } from "../../shopper/entry.ts";
import { join } from "../../shopper/join.ts";
import { offersReminders, withdrawReminder } from "../../shopper/reminders.ts";
import type { Visit } from "../../shopper/visit.ts";
import { askStanding, claimTurn, leave, turnTaken, type Admitted } from "../../shopper/waiting.ts";
import {
  carriedOf,
  giveAdmission,
  giveCookie,
  knownByDevice,
  takeCookie,
  type Answer,
  type GateRequest,
} from "../../web/gate-app.ts";
import {
  hasCookieOf,
  hasLost,
  joinKeyCarried,
  keepsCookies,
  markJoinKey,
  offerJoinKey,
} from "../../web/join-key-cookie.ts";
import { expiredPassCookie, passCookie, passIn } from "../../web/pass-cookie.ts";
import { orderPagePath } from "../../web/paths.ts";
import { takeReminderCookie } from "../../web/reminder-cookie.ts";
import { ticketCookie } from "../../web/token-cookies.ts";
import { forgetPlace, sendNotice, sendRefusal } from "../answers.ts";
import type { Faults } from "../parts/faults.ts";
import { ownPathSchema, type EnterForm, type JoinForm, type ReadForm } from "../forms.ts";
import { partLink, saleLink } from "../parts/links.ts";
import { laneAhead, offerPass, passOf, refusePass } from "./pass.ts";
import { askForProof } from "./proof.ts";
import { reminderOffer } from "./reminder.ts";
import type { JoinDetails } from "../views/proof.ts";
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

export async function showStorefront(c: GateRequest, visit: Visit): Promise<Response> {
  const linked = c.req.query("pass");
  if (linked !== undefined) return offerPass(c, visit, linked);
  const { sale, seen, ticket, admission } = visit;
  if (admission.kind === "replayed") return sendRefusal(c, visit, { kind: "admission_replayed" });
  const isOpen = seen.snapshot.phase !== "ended" && admission.kind !== "valid";
  const pass = isOpen ? await passOf(c, visit) : ({ kind: "none" } as const);
  if (pass.kind === "refused") return refusePass(c, sale.id, pass.reason, ticket.kind === "valid");
  const page = await storefrontOf(c, visit, NOTHING_REFUSED, laneAhead(pass, visit));
  if (page === null) return sendRefusal(c, visit, { kind: "stock_unavailable" });
  offerJoinKey(c, sale.id, mayGoIn(seen.snapshot) ? "direct" : "line");
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
  const visitor = await visitorOf(visit, refused.quantities);
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
  visit: Visit,
  asked: Readonly<Record<string, string>>,
): Promise<Visitor | null> {
  const { seen, ticket, admission } = visit;
  if (seen.snapshot.phase === "ended") return { kind: "new" };
  if (admission.kind !== "valid") return { kind: ticket.kind === "valid" ? "in_line" : "new" };
  const read = await readCheckout(visit, "recent");
  if (read.kind === "stock_unavailable") return null;
  const lines = read.kind === "cart" ? read.cart.lines : [];
  const held = lines.map(({ sku, quantity }) => [sku, String(quantity)] as const);
  return {
    kind: "admitted",
    expiresAt_ms: admission.admission.expiresAt_ms,
    quantities: { ...Object.fromEntries(held), ...asked },
    holdsSomething: lines.length > 0,
    placed: read.kind === "cart" ? read.placed : null,
  };
}

export async function joinLine(
  c: GateRequest,
  asked: Visit,
  { form }: ReadForm<JoinForm>,
): Promise<Response> {
  const visit = knownByDevice(c, asked);
  const { id } = visit.sale;
  const { to, proof = null } = form;
  const afresh = form.afresh === "yes";
  const isGeneral = form.general === "yes";
  if (isGeneral) giveCookie(c, expiredPassCookie(id));
  if (!keepsCookies(c, id)) {
    return sendNotice(c, {
      kind: "cookies_blocked",
      sale: id,
      ...(to === undefined ? {} : { to }),
    });
  }
  const pass = isGeneral ? ({ kind: "none" } as const) : passIn(c.req.raw.headers, id);
  const hasPlace = visit.ticket.kind !== "none" && !afresh;
  if (pass.kind === "refused") return refusePass(c, id, pass.reason, hasPlace);
  const token = pass.kind === "pass" ? pass.token : null;
  const outcome = await join(visit, { pass: token, proof, key: joinKeyCarried(c, id), afresh });
  const details = { afresh, general: isGeneral, to: to ?? null };
  return answerJoin(c, visit, outcome, details, hasPlace);
}

/**
 * What came of a join.
 * @param hasPlace a ticket is carried, which a refused pass takes nothing from
 */
export async function answerJoin(
  c: GateRequest,
  visit: Visit,
  outcome: JoinOutcome,
  details: JoinDetails,
  hasPlace: boolean,
): Promise<Response> {
  const { id } = visit.sale;
  const { to } = details;
  switch (outcome.kind) {
    case "joined":
    case "already_joined":
      giveCookie(c, ticketCookie(id, outcome.ticket));
      markJoinKey(c, id, "ticket");
      return c.redirect(to ?? partLink(id, "wait"), 303);
    case "admitted":
      return letIn(c, outcome, to ?? undefined);
    case "proof_required":
    case "proof_invalid":
    case "proof_unavailable":
      return askForProof(c, visit, details, outcome);
    case "pass_invalid":
      giveCookie(c, passCookie(id, { kind: "refused", reason: outcome.reason }));
      return refusePass(c, id, outcome.reason, hasPlace);
    default:
      return sendRefusal(c, visit, outcome);
  }
}

/**
 * Where the waiting page of a guarded address leads the first time it is loaded again: a browser
 * that has kept its place goes on there, another one would take a new place with every load. Also
 * where a page of another site leads before its reader is given a seat.
 */
export function checkKept(c: GateRequest, id: string): Answer {
  const to = ownPathSchema.safeParse(c.req.query("to"));
  if (!to.success) {
    const message = "It is no address of this shop";
    return sendNotice(c, { kind: "bad_form", field: "to", message });
  }
  if (c.req.query("arrival") === "yes") {
    if (hasCookieOf(c.req.raw.headers, id)) {
      // The shop is told which site its shopper came from.
      c.header("Referrer-Policy", undefined);
      return c.redirect(to.data, 303);
    }
    return sendNotice(c, { kind: "cookies_blocked", sale: id, to: to.data });
  }
  const { ticket, admission } = carriedOf(c, id);
  if (ticket !== null || admission !== null) return c.redirect(to.data, 303);
  return sendNotice(c, { kind: "ticket_not_kept", sale: id, to: to.data });
}

/** @param to where they come from, when that is not the sale's own page */
function letIn(c: GateRequest, admitted: Admitted, to?: string): Response {
  const { sale } = admitted.admission;
  giveAdmission(c, admitted);
  markJoinKey(c, sale, "admission");
  return c.redirect(to ?? saleLink(sale), 303);
}

export async function showPlace(c: GateRequest, visit: Visit): Promise<Response> {
  const { sale, seen, ticket } = visit;
  const asked = await askStanding(visit);
  if (asked.kind !== "standing") {
    const isLost = asked.kind === "ticket_required" && hasLost(c, sale.id, "ticket");
    if (isLost) return sendNotice(c, { kind: "ticket_not_kept", sale: sale.id });
    return sendRefusal(c, visit, asked);
  }
  const { standing } = asked;
  if (standing.state === "admitted") return c.redirect(saleLink(sale.id), 303);
  if (standing.state === "lapsed" && ticket.kind === "valid") {
    // By its rank the turn has passed; it may have been taken up, and the admission lost.
    const turn = await turnTaken(knownByDevice(c, visit), ticket.ticket.id, ticket.ticket);
    if (turn.kind === "admitted") return letIn(c, turn);
  }
  offerJoinKey(c, sale.id, "line");
  const { schedule } = seen.snapshot;
  const reminder = reminderOffer(visit.gate.env, sale, c.req.raw.headers);
  const now = seen.now;
  return c.html(waitingPage({ sale, schedule, standing, seatsFull: false, reminder, now }));
}

export async function enterShop(
  c: GateRequest,
  asked: Visit,
  { form }: ReadForm<EnterForm>,
): Promise<Response> {
  const visit = knownByDevice(c, asked);
  const outcome = await claimTurn(visit);
  switch (outcome.kind) {
    case "admitted":
      return letIn(c, outcome, form.to);
    case "not_called": {
      const { sale, seen } = visit;
      const { standing, seatsFull } = outcome;
      const { schedule } = seen.snapshot;
      return c.html(waitingPage({ sale, schedule, standing, seatsFull, now: seen.now }), 409);
    }
    default:
      return sendRefusal(c, visit, outcome);
  }
}

/**
 * Also out of the line. Leads to the order of this visit, because after that only the address with
 * its key does.
 */
export async function leaveShop(c: GateRequest, visit: Visit): Promise<Response> {
  const { id } = visit.sale;
  const placed = await orderOfVisit(visit);
  const outcome = await leave(visit);
  // Whatever else the admission is, it is over.
  if (outcome.kind === "room_unavailable") return sendRefusal(c, visit, outcome);
  takeCookie(c, "admission", id);
  if (offersReminders(c.env, visit.sale) && visit.ticket.kind === "valid") {
    // Of a place that is left, no turn is to be told.
    await withdrawReminder(visit);
    takeReminderCookie(c, id);
  }
  forgetPlace(c, id);
  if (placed === null) return c.redirect(saleLink(id), 303);
  return c.redirect(orderPagePath(id, placed.order.id, placed.viewKey), 303);
}

/** A form's address opened by hand, or reloaded by a browser, leads to where the form was. */
export function backFromForm(c: GateRequest, id: string): Response {
  return c.redirect(partLink(id, c.req.path.endsWith("/order") ? "cart" : "wait"), 303);
}
