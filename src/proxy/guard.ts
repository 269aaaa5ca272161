/**
 * The gate in front of the shop: finds the sale that guards a request, gathers what is known, asks
 * `domain/guards/decision.ts` what becomes of it, and does that.
 *
 * Guarantee: a request that may go on waits for nothing but the origin, once its isolate knows the
 * guards and the sale: it is judged by the snapshot at hand. Only a request that asks the line
 * resolves a visit, with a fresh snapshot. What breaks while a request is judged is decided by the
 * sale's `onFailure`, and logged; what breaks behind it, at the origin, never is.
 */
import { decide, failureOf, type AskedAs, type GuardDecision } from "../domain/guards/decision.ts";
import { coveringSales, guardsOfHost, type GuardingSale } from "../domain/guards/guard-table.ts";
import type { GuardedRequest } from "../domain/guards/guard.ts";
import { hostOf } from "../domain/guards/url.ts";
import type { Sale } from "../domain/sale/sale.ts";
import { phaseAt, scheduleOf } from "../domain/sale/schedule.ts";
import { errorText } from "../encoding/error-text.ts";
import { log } from "../platform/log.ts";
import { replayBy } from "../shopper/device-binding.ts";
import type { GateContext } from "../shopper/gate-context.ts";
import { saleOf, visitOf } from "../shopper/visit.ts";
import { readGuards } from "../sales/guard-index.ts";
import type { SeenSnapshot } from "../sales/snapshots.ts";
import { verifyAdmission } from "../tokens/admissions.ts";
import { callerOf, withDevice } from "../web/device-cookie.ts";
import { passIn } from "../web/pass-cookie.ts";
import { isOverLimit } from "../web/rate-limits.ts";
import { admissionCookie, expiredTokenCookie, tokenIn, tokensIn } from "../web/token-cookies.ts";
import { bypassOf } from "./bypass.ts";
import { describe } from "./request-facts.ts";
import { isRevoked } from "./revoked.ts";
import { askedOf, failureAnswer } from "./failure.ts";
import { UNTOUCHED, type Holder, type Passed } from "./forward.ts";
import { queueItRedirect } from "./queue-it-redirect.ts";
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

export async function guardRequest(request: Request, tools: GuardTools): Promise<Verdict> {
  const { env, now, waitUntil } = tools;
  const table = await readGuards(env.CONFIG, now, waitUntil);
  if (table === null) return { kind: "guards_unknown" };
  const guards = guardsOfHost(table, hostOf(request.url));
  if (guards.length === 0) return PASS;
  const described = describe(request);
  for (const guarding of coveringSales(guards, described)) {
    const verdict = await trySale(guarding, request, described, tools);
    if (verdict !== null) return verdict;
  }
  return PASS;
}

/** Null when the sale is over, and another may guard the request. */
async function trySale(
  guarding: GuardingSale,
  request: Request,
  described: GuardedRequest,
  tools: GuardTools,
): Promise<Verdict | null> {
  const { sale } = guarding;
  const judged = { sale, request, asked: askedOf(request), tools };
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
  readonly asked: AskedAs;
  readonly tools: GuardTools;
}

async function decideFor(
  { revision }: GuardingSale,
  judged: Judged,
  { readings }: GuardedRequest,
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
    bypassOf(sale, request, readings),
    admissionIn(request, sale, gate, seen),
  ]);
  const decision = decide({
    sale,
    phase: phaseAt(seen?.snapshot.schedule ?? scheduleOf(sale), now),
    bypass,
    admission: carried.kind === "valid" || carried.kind === "revoked" ? carried.kind : "none",
    room: seen === null ? "gone" : "known",
  });
  return carryOut(decision, judged, { gate, seen, carried });
}

type CarriedAdmission =
  | { readonly kind: "valid"; readonly holder: Holder }
  /** Given to another device, and the sale refuses it here. */
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
    if (seen !== null && isRevoked(seen.snapshot, outcome.admission.id)) {
      over = { kind: "revoked" };
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
  switch (decision.kind) {
    case "sale_over":
      return null;
    case "not_guarded":
    case "bypassed":
      return PASS;
    case "admitted":
      return carried.kind === "valid" ? passOn(judged, carried.holder, []) : PASS;
    case "failed_open":
    case "failed_closed":
      log.error("guard", decision.kind, { sale, why: "room gone" });
      return onFailure(decision.kind, judged);
    case "not_open": {
      const { opensAt_ms } = seen?.snapshot.schedule ?? scheduleOf(judged.sale);
      return turnAway(judged, { kind: "not_open", opensAt_ms });
    }
    case "line":
      if (carried.kind === "replayed") {
        const hasTicket = tokenIn(judged.request.headers, "ticket", sale) !== null;
        return turnAway(judged, { kind: "admission_replayed", hasTicket });
      }
      return askTheLine(judged, gate, carried.kind !== "none");
  }
}

async function askTheLine(
  judged: Judged,
  gate: GateContext,
  wasIn: boolean,
): Promise<Verdict | null> {
  const { sale, request, asked } = judged;
  const { headers } = request;
  const ticket = tokenIn(headers, "ticket", sale.id);
  const kept = passIn(headers, sale.id);
  if (kept.kind === "refused" && ticket === null && asked === "document") {
    return turnAway(judged, { kind: "pass_invalid", reason: kept.reason });
  }
  const { caller, given } = withDevice(sale, callerOf(request));
  const visit = await visitOf(gate, sale.id, { ticket, admission: null, caller });
  if (visit.kind !== "visit") return onFailure(failureOf(sale).kind, judged);
  const pass = kept.kind === "pass" ? kept.token : null;
  const way = await takeTurn({
    visit,
    wish: { pass, proof: headers.get("Sluice-Proof"), key: null, afresh: false },
    wasIn,
    joins: asked !== "data",
    rejoins: asked === "json",
    isOverLimit: () => isOverLimit(gate.env, headers, ticket),
  });
  const cookies = given === null ? [] : [given];
  switch (way.kind) {
    case "sale_over":
      return null;
    case "room_unavailable":
      return onFailure(failureOf(sale).kind, judged);
    case "admitted": {
      const holder = { gate, sale, admission: way.admission, isReplay: false };
      return passOn(judged, holder, [...cookies, ...cookiesOf(holder, way, ticket !== null)]);
    }
    default:
      return turnAway(judged, way, cookies);
  }
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
  { sale, request, asked, tools }: Judged,
  holder: Holder,
  cookies: readonly string[],
): Promise<Verdict> {
  const { admission } = holder;
  const response = await queueItRedirect({ sale, request, asked, admission, cookies, tools });
  if (response !== null) return { kind: "answer", response };
  return { kind: "pass", passed: { holder, cookies } };
}

async function onFailure(kind: "failed_open" | "failed_closed", judged: Judged): Promise<Verdict> {
  return kind === "failed_open" ? PASS : turnAway(judged, { kind: "room_unavailable" });
}

async function turnAway(
  { sale, request, asked, tools }: Judged,
  stopped: Stopped,
  cookies: readonly string[] = [],
): Promise<Verdict> {
  const { now, chance, snapshots } = tools;
  const schedule = snapshots.known(sale.id)?.schedule ?? scheduleOf(sale);
  const response = await waitResponse({ request, sale, schedule, asked, stopped, now, chance });
  for (const cookie of cookies) response.headers.append("Set-Cookie", cookie);
  return { kind: "answer", response };
}
