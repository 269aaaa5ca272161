/**
 * The gate in front of the shop: finds the sale that guards a request, gathers what is known, asks
 * `domain/guards/decision.ts` what becomes of it, and does that.
 *
 * Guarantee: a request that may go on waits for nothing but the origin, once its isolate knows the
 * guards and the sale and was not quiet: it is judged by the snapshot at hand. Only a request that
 * asks the line resolves a visit, with a fresh snapshot. What breaks while a request is judged is
 * decided by the sale's `onFailure`, and logged; what breaks behind it, at the origin, never is.
 */
import { isCrawler } from "../domain/guards/crawler.ts";
import { decide, failureOf, type GuardDecision } from "../domain/guards/decision.ts";
import { coveringSales, guardsOfHost, type GuardingSale } from "../domain/guards/guard-table.ts";
import type { GuardedRequest } from "../domain/guards/guard.ts";
import type { NotedHeaders, ObeyedOverrides } from "../domain/guards/override-headers.ts";
import {
  askedAs,
  rightsOf,
  type RequestCause,
  type Rights,
} from "../domain/guards/request-cause.ts";
import { hostOf } from "../domain/guards/url.ts";
import type { Sale } from "../domain/sale/sale.ts";
import { tokenStandingIn } from "../domain/room/token-standing.ts";
import { phaseAt, scheduleOf } from "../domain/sale/schedule.ts";
import { errorText } from "../encoding/error-text.ts";
import { log } from "../platform/log.ts";
import { replayBy } from "../shopper/device-binding.ts";
import type { GateContext } from "../shopper/gate-context.ts";
import { offersReminders } from "../shopper/reminders.ts";
import { saleOf, visitOf } from "../shopper/visit.ts";
import { readGuards } from "../sales/guard-index.ts";
import type { SeenSnapshot } from "../sales/snapshots.ts";
import { verifyAdmission } from "../tokens/admissions.ts";
import { callerOf, withDevice } from "../web/device-cookie.ts";
import { hasCookieOf, joinKeyIn } from "../web/join-key-cookie.ts";
import { passIn } from "../web/pass-cookie.ts";
import { isOverNetworkLimit, isOverSubjectLimit, subjectOfVisit } from "../web/rate-limits.ts";
import { causeOf } from "../web/request-cause.ts";
import { admissionCookie, expiredTokenCookie, tokenIn, tokensIn } from "../web/token-cookies.ts";
import { arrivalCheck } from "./arrival-check.ts";
import { isInsecure, redirectToHttps } from "../web/transport.ts";
import { bypassOf } from "./bypass.ts";
import { describe } from "./request-facts.ts";
import { askedOf, failureAnswer } from "./failure.ts";
import { UNTOUCHED, type Holder, type Passed } from "./forward.ts";
import { readableBy } from "./readable-answer.ts";
import { queueItRedirect } from "./queue-it-redirect.ts";
import { resendAnswer } from "./resent-form.ts";
import { waitResponse, type Stopped } from "./wait-response.ts";
import { takeTurn, type TurnOutcome } from "./take-turn.ts";

/** What there is to work with before the gate's secrets are read. */
export interface GuardTools extends Omit<GateContext, "keys" | "places" | "carts"> {
  /** Null when the gate's secrets are missing, which the log says. */
  readonly context: () => Promise<GateContext | null>;
}

export type Verdict =
  | { readonly kind: "pass"; readonly passed: Passed }
  | { readonly kind: "answer"; readonly response: Response }
  /** Nobody knows which sales guard what. */
  | { readonly kind: "guards_unknown" };

const PASS: Verdict = { kind: "pass", passed: UNTOUCHED };
const NOT_JOINED = { kind: "not_joined" } as const;

/** A request's headers that guards look at, and those of them that the shop obeys. */
interface Overriding {
  readonly noted: NotedHeaders;
  readonly obeyed: ObeyedOverrides;
}

/**
 * @param resent the form that another site sent, when the request is the page that sends it once
 *   more (`resent-form.ts`)
 */
export async function guardRequest(
  request: Request,
  { noted, obeyed }: Overriding,
  tools: GuardTools,
  resent: Request | null = null,
): Promise<Verdict> {
  const { env, now, waitUntil } = tools;
  const table = await readGuards(env, now, waitUntil);
  if (table === null) return { kind: "guards_unknown" };
  const guards = guardsOfHost(table, hostOf(request.url));
  if (guards.length === 0) return PASS;
  const described = describe(request, noted, obeyed);
  for (const guarding of coveringSales(guards, described)) {
    const judged = { sale: guarding.sale, request, isResent: resent !== null, tools };
    const verdict = await trySale(guarding, judged, described);
    if (verdict?.kind === "answer") readableBy(request, guarding.sale, verdict.response);
    if (verdict !== null) return verdict;
  }
  return PASS;
}

/** Null when the sale is over, and another may guard the request. */
async function trySale(
  guarding: GuardingSale,
  judged: Judged,
  described: GuardedRequest,
): Promise<Verdict | null> {
  const { sale } = judged;
  try {
    return await decideFor(guarding, judged, described);
  } catch (error) {
    const failure = failureOf(sale);
    log.error("guard", failure.kind, { sale: sale.id, why: errorText(error) });
    return onFailure(failure.kind, judged);
  }
}

interface Judged {
  readonly sale: Sale;
  readonly request: Request;
  /** A form of another site, sent once more: it comes with all cookies, and is still theirs. */
  readonly isResent: boolean;
  readonly tools: GuardTools;
}

function causeFor({ request, isResent }: Judged): RequestCause {
  return isResent ? "foreign_form" : causeOf(request);
}

async function decideFor(
  { revision }: GuardingSale,
  judged: Judged,
  { readings, isUnreadable }: GuardedRequest,
): Promise<Verdict | null> {
  const { sale, request, tools } = judged;
  const { now, waitUntil } = tools;
  const seen = await tools.snapshots.cachedSnapshot(sale.id, now, waitUntil);
  const gate = await tools.context();
  if (gate === null) {
    return { kind: "answer", response: await failureAnswer(request, "not_configured", tools) };
  }
  // The room speaks of a newer document; it is fetched behind the answer.
  if (seen !== null && seen.snapshot.revision > revision) waitUntil(saleOf(gate, sale.id));
  const [bypass, carried] = await Promise.all([
    bypassOf(sale, request, isUnreadable ? [] : readings),
    admissionIn(request, sale, gate, seen),
  ]);
  const decision = decide({
    sale,
    phase: phaseAt(seen?.snapshot.schedule ?? scheduleOf(sale), now),
    bypass,
    admission: carried.kind === "valid" || carried.kind === "revoked" ? carried.kind : "none",
    isBlind: carried.kind === "none" && isBlindForm(judged),
    room: seen === null ? "gone" : "known",
  });
  return carryOut(decision, judged, { gate, seen, carried });
}

function isBlindForm({ request, isResent }: Judged): boolean {
  return request.method === "POST" && !isResent && causeOf(request) === "foreign_form";
}

type CarriedAdmission =
  | { readonly kind: "valid"; readonly holder: Holder }
  /** Given to another device, or its seat moved to a newer one, and the sale refuses it here. */
  | { readonly kind: "replayed" }
  /** Ours: its time is up, or its seat was given back. */
  | { readonly kind: "expired" | "revoked" }
  | { readonly kind: "none" };

/** The header's admission, else the cookie's: a bad header does not spoil a good cookie. */
async function admissionIn(
  request: Request,
  sale: Sale,
  gate: GateContext,
  seen: SeenSnapshot | null,
): Promise<CarriedAdmission> {
  const { keys, env, now } = gate;
  let over: CarriedAdmission = { kind: "none" };
  for (const token of tokensIn(request.headers, "admission", sale.id)) {
    if (token === null) continue;
    const outcome = await verifyAdmission(keys, env.ISSUER, sale.id, token, now);
    if (outcome.kind === "expired") over = { kind: "expired" };
    if (outcome.kind !== "valid") continue;
    const standing = seen === null ? "in_force" : tokenStandingIn(seen.snapshot, outcome.admission);
    if (standing !== "in_force") {
      over = { kind: standing === "moved" ? "replayed" : "revoked" };
      continue;
    }
    const replay = replayBy(gate, sale, outcome.admission, callerOf(request));
    const isReplay = replay === "reported";
    const admission = { ...outcome, token };
    if (replay !== "refused") return { kind: "valid", holder: { gate, sale, admission, isReplay } };
    over = { kind: "replayed" };
  }
  return over;
}

interface Known {
  readonly gate: GateContext;
  readonly seen: SeenSnapshot | null;
  readonly carried: CarriedAdmission;
}

async function carryOut(
  decision: GuardDecision,
  judged: Judged,
  { gate, seen, carried }: Known,
): Promise<Verdict | null> {
  const { id: sale } = judged.sale;
  const asksTheLine = decision.kind === "line" || decision.kind === "not_open";
  if (asksTheLine && askedOf(judged.request) === "document" && isInsecure(judged.request)) {
    return { kind: "answer", response: redirectToHttps(judged.request, judged.tools.env) };
  }
  switch (decision.kind) {
    case "sale_over":
      return null;
    case "not_guarded":
    case "bypassed":
      return PASS;
    case "admitted":
      return carried.kind === "valid" ? passOn(judged, carried.holder, []) : PASS;
    case "resend": {
      const { request, tools } = judged;
      const response = await resendAnswer(request, judged.sale, tools.now);
      return response === null ? turnAway(judged, NOT_JOINED) : { kind: "answer", response };
    }
    case "failed_open":
    case "failed_closed":
      log.error("guard", decision.kind, { sale, why: "room gone" });
      return onFailure(decision.kind, judged);
    case "not_open": {
      if (isCrawlersPage(judged)) return turnAway(judged, { kind: "crawler" });
      const { opensAt_ms } = seen?.snapshot.schedule ?? scheduleOf(judged.sale);
      return turnAway(judged, { kind: "not_open", opensAt_ms });
    }
    case "line":
      if (causeFor(judged) === "foreign_form") return turnAway(judged, NOT_JOINED);
      // While nobody waits it gets in like anybody; else it would lose what it knows of the page.
      if (seen?.snapshot.queueing !== false && isCrawlersPage(judged)) {
        return turnAway(judged, { kind: "crawler" });
      }
      if (carried.kind === "replayed") {
        const hasTicket = tokenIn(judged.request.headers, "ticket", sale) !== null;
        return turnAway(judged, { kind: "admission_replayed", hasTicket });
      }
      return askTheLine(judged, gate, carried.kind !== "none");
  }
}

function isCrawlersPage({ request }: Judged): boolean {
  return askedOf(request) === "document" && isCrawler(request.headers.get("User-Agent"));
}

async function askTheLine(
  judged: Judged,
  gate: GateContext,
  wasIn: boolean,
): Promise<Verdict | null> {
  const { sale, request } = judged;
  const { headers } = request;
  const cause = causeOf(request);
  const ticket = tokenIn(headers, "ticket", sale.id);
  const kept = passIn(headers, sale.id);
  if (kept.kind === "refused" && ticket === null && askedAs(cause) === "document") {
    return turnAway(judged, { kind: "pass_invalid", reason: kept.reason });
  }
  const rights = rightsHere(cause, request, sale);
  const { caller, given } = rights.claims
    ? withDevice(sale, callerOf(request))
    : { caller: callerOf(request), given: null };
  const visit = await visitOf(gate, sale.id, { ticket, admission: null, caller });
  if (visit.kind !== "visit") return onFailure(failureOf(sale).kind, judged);
  const pass = kept.kind === "pass" ? kept.token : null;
  // Every load of a page that had to show its cookies is the same join, once the key has come back.
  const isChecked = cause === "arrival" || (cause === "navigation" && sale.queueIt !== undefined);
  const key = isChecked ? joinKeyIn(headers, sale.id) : null;
  const way = await takeTurn({
    visit,
    wish: { pass, proof: headers.get("Sluice-Proof"), key, afresh: false },
    wasIn,
    rights,
    rejoins: cause === "app",
    isOverLimit: async (write) => {
      const isOver = await Promise.all([
        isOverNetworkLimit(gate.env, headers, write),
        isOverSubjectLimit(gate.env, sale.id, subjectOfVisit(visit)),
      ]);
      return isOver.includes(true);
    },
  });
  const cookies = given === null ? [] : [given];
  switch (way.kind) {
    case "sale_over":
      return null;
    case "room_unavailable":
      return onFailure(failureOf(sale).kind, judged);
    case "cookie_needed":
      return { kind: "answer", response: await arrivalCheck(request, sale, gate.now) };
    case "admitted": {
      const holder = { gate, sale, admission: way.admission, isReplay: false };
      return passOn(judged, holder, [...cookies, ...cookiesOf(holder, way, ticket !== null)]);
    }
    default:
      // A snapshot may be older than the line.
      return turnAway(judged, isCrawlersPage(judged) ? { kind: "crawler" } : way, cookies);
  }
}

/**
 * A sale with Queue-it tokens redirects everybody whom it lets in, so a client that keeps no
 * cookies would take a seat for each of its redirects, and never arrive.
 */
function rightsHere(cause: RequestCause, { headers }: Request, { id, queueIt }: Sale): Rights {
  const rights = rightsOf(cause);
  const isRedirected = queueIt !== undefined && cause === "navigation";
  const seatNeedsCookie = (rights.seatNeedsCookie || isRedirected) && !hasCookieOf(headers, id);
  return { ...rights, seatNeedsCookie };
}

/** That the browser keeps of its admission, given with the first request that is let through. */
function cookiesOf(
  { gate, sale, admission: { token, admission } }: Holder,
  { byTicket }: Extract<TurnOutcome, { readonly kind: "admitted" }>,
  hasTicket: boolean,
): readonly string[] {
  const kept = admissionCookie(sale.id, token, admission.expiresAt_ms, gate.now);
  // The ticket of this turn leads in again, should the admission be lost; another one is used up.
  return hasTicket && !byTicket ? [kept, expiredTokenCookie("ticket", sale.id)] : [kept];
}

/** To the shop; by way of a Queue-it token, where its servers ask for one. */
async function passOn(
  { sale, request, tools }: Judged,
  holder: Holder,
  cookies: readonly string[],
): Promise<Verdict> {
  if (sale.queueIt !== undefined) {
    const going = { sale, request, admission: holder.admission, cookies, tools };
    const response = await queueItRedirect({ ...going, asked: askedOf(request) });
    if (response !== null) return { kind: "answer", response };
  }
  return { kind: "pass", passed: { holder, cookies } };
}

async function onFailure(kind: "failed_open" | "failed_closed", judged: Judged): Promise<Verdict> {
  return kind === "failed_open" ? PASS : turnAway(judged, { kind: "room_unavailable" });
}

async function turnAway(
  judged: Judged,
  stopped: Stopped,
  cookies: readonly string[] = [],
): Promise<Verdict> {
  const { sale, request, tools } = judged;
  const { env, now, chance, snapshots } = tools;
  const schedule = snapshots.known(sale.id)?.schedule ?? scheduleOf(sale);
  const reminds = offersReminders(env, sale);
  const asked = askedAs(causeFor(judged));
  const away = { request, sale, schedule, asked, stopped, reminds, now, chance };
  const response = await waitResponse(away);
  for (const cookie of cookies) response.headers.append("Set-Cookie", cookie);
  return { kind: "answer", response };
}
