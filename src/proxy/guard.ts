/**
 * The gate in front of the shop: finds the sale that guards a request, gathers what is known, asks
 * `guarding.ts` what becomes of it, and does that.
 *
 * Guarantee: a request that may go on waits for nothing but the origin, once its isolate knows the
 * guards and the sale. Whatever breaks while it is judged is decided by the sale's `onFailure`, and
 * said in the log; whatever breaks behind it, at the origin, never is.
 */
import { decide, failureOf, type AskedAs, type GuardDecision } from "../domain/guards/decision.ts";
import { coveringSales, guardsOfHost, type GuardingSale } from "../domain/guards/guard-table.ts";
import { hostOf, type GuardedRequest } from "../domain/guards/guard.ts";
import { phaseAt, scheduleOf, type Phase, type Sale } from "../domain/sale/sale.ts";
import { replayBy } from "../shopper/device-binding.ts";
import { saleOf, type GateContext } from "../shopper/visit.ts";
import { readGuards } from "../sales/guard-index.ts";
import type { SeenSnapshot, SnapshotCache } from "../sales/snapshots.ts";
import { verifyAdmission, type Admission } from "../tokens/admissions.ts";
import type { Keys } from "../tokens/secrets.ts";
import { callerKnown, callerOf } from "../web/device-cookie.ts";
import { passIn } from "../web/pass-cookie.ts";
import { isWriteOverLimit } from "../web/rate-limits.ts";
import { admissionCookie, expiredTokenCookie, tokenIn, tokensIn } from "../web/token-cookies.ts";
import { bypassOf } from "./bypass.ts";
import { describe } from "./request-facts.ts";
import { isRevoked } from "./revoked.ts";
import { askedOf, failureAnswer } from "./failure.ts";
import type { Holder } from "./origin-directives.ts";
import { UNTOUCHED, type Passed } from "./forward.ts";
import { queueItRedirect } from "./queue-it-redirect.ts";
import { waitResponse, type Stopped } from "./wait-response.ts";
import { journeyIn, takeTurn, type TurnOutcome } from "./take-turn.ts";

export interface GuardTools {
  readonly env: GateEnv;
  readonly snapshots: SnapshotCache;
  readonly waitUntil: (work: Promise<unknown>) => void;
  readonly now: number;
  readonly chance: number;
  /** Null when the gate's secrets are missing; the operator has been told. */
  readonly context: () => Promise<GateContext | null>;
}

/** Whose admission the origin may speak of in its answer. */
export type SpokenFor = Holder & { readonly context: GateContext };

export type Verdict =
  | { readonly kind: "pass"; readonly passed: Passed; readonly holder: SpokenFor | null }
  | { readonly kind: "answer"; readonly response: Response }
  /** Nobody knows which sales guard what. */
  | { readonly kind: "guards_unknown" };

const PASS: Verdict = { kind: "pass", passed: UNTOUCHED, holder: null };

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
  try {
    return await decideFor(guarding, request, described, tools);
  } catch (error) {
    const why = error instanceof Error ? error.message : "unknown";
    const failure = failureOf(sale);
    console.error(JSON.stringify({ at: "guard", event: failure.kind, sale: sale.id, why }));
    return onFailure(failure.kind, { sale, request, asked: askedOf(request), tools });
  }
}

interface Judged {
  readonly sale: Sale;
  readonly request: Request;
  readonly asked: AskedAs;
  readonly tools: GuardTools;
}

async function decideFor(
  { sale, revision }: GuardingSale,
  request: Request,
  { readings }: GuardedRequest,
  tools: GuardTools,
): Promise<Verdict | null> {
  const { now, waitUntil } = tools;
  const seen = await tools.snapshots.cachedSnapshot(sale.id, now, waitUntil);
  const context = await tools.context();
  if (context === null) {
    return { kind: "answer", response: await failureAnswer(request, "not_configured", tools) };
  }
  // The room speaks of a newer document; it is fetched behind the answer.
  if (seen !== null && seen.snapshot.revision > revision) waitUntil(saleOf(context, sale.id));
  const [bypass, carried] = await Promise.all([
    bypassOf(sale, request, readings),
    admissionIn(request, sale, context.keys, { tools, seen }),
  ]);
  const decision = decide({
    sale,
    phase: phaseOf(sale, seen, now),
    bypass,
    admission: carried.kind === "valid" || carried.kind === "revoked" ? carried.kind : "none",
    room: seen === null ? "gone" : "known",
  });
  const judged: Judged = { sale, request, asked: askedOf(request), tools };
  return carryOut(decision, judged, { context, seen, carried });
}

function phaseOf(sale: Sale, seen: SeenSnapshot | null, now: number): Phase {
  return phaseAt(seen?.snapshot.schedule ?? scheduleOf(sale), now);
}

type CarriedAdmission =
  | {
      readonly kind: "valid";
      readonly token: string;
      readonly admission: Admission;
      readonly isReplay: boolean;
    }
  /** Given to another device, and the sale refuses it here. */
  | { readonly kind: "replayed" }
  /** Ours: its time is up, or its seat was given back. */
  | { readonly kind: "expired" | "revoked" }
  | { readonly kind: "none" };

/** The header's admission, else the cookie's: a bad header does not spoil a good cookie. */
async function admissionIn(
  request: Request,
  sale: Sale,
  keys: Keys,
  { tools, seen }: { readonly tools: GuardTools; readonly seen: SeenSnapshot | null },
): Promise<CarriedAdmission> {
  const { env, now } = tools;
  let over: CarriedAdmission = { kind: "none" };
  for (const token of tokensIn(request.headers, "admission", sale.id)) {
    if (token === null) continue;
    const outcome = await verifyAdmission(keys, env.ISSUER, sale.id, token, now);
    if (outcome.kind === "expired") over = { kind: "expired" };
    if (outcome.kind !== "valid") continue;
    const { admission } = outcome;
    if (seen !== null && isRevoked(seen.snapshot, admission.id)) {
      over = { kind: "revoked" };
      continue;
    }
    const replay = replayBy({ now }, sale, admission, callerOf(request));
    const isReplay = replay === "reported";
    if (replay !== "refused") return { kind: "valid", token, admission, isReplay };
    over = { kind: "replayed" };
  }
  return over;
}

interface Known {
  readonly context: GateContext;
  readonly seen: SeenSnapshot | null;
  readonly carried: CarriedAdmission;
}

async function carryOut(
  decision: GuardDecision,
  judged: Judged,
  { context, seen, carried }: Known,
): Promise<Verdict | null> {
  switch (decision.kind) {
    case "sale_over":
      return null;
    case "not_guarded":
    case "bypassed":
      return PASS;
    case "admitted": {
      if (carried.kind !== "valid") return PASS;
      const { token, admission, isReplay } = carried;
      const passed = { admission: token, isReplay, cookies: [] };
      const caller = callerOf(judged.request);
      return passOn(judged, passed, { token, admission, caller, context });
    }
    case "failed_open":
    case "failed_closed": {
      const { id: sale } = judged.sale;
      console.error(JSON.stringify({ at: "guard", event: decision.kind, sale, why: "room gone" }));
      return onFailure(decision.kind, judged);
    }
    case "not_open": {
      const { opensAt_ms } = seen?.snapshot.schedule ?? scheduleOf(judged.sale);
      return turnAway(judged, { kind: "not_open", opensAt_ms });
    }
    case "line":
      if (carried.kind === "replayed") {
        const hasTicket = tokenIn(judged.request.headers, "ticket", judged.sale.id) !== null;
        return turnAway(judged, { kind: "admission_replayed", hasTicket });
      }
      return askTheLine(judged, context, carried.kind !== "none");
  }
}

async function askTheLine(
  judged: Judged,
  context: GateContext,
  wasIn: boolean,
): Promise<Verdict | null> {
  const { sale, request, asked } = judged;
  const { headers } = request;
  const ticket = tokenIn(headers, "ticket", sale.id);
  const kept = passIn(headers, sale.id);
  if (kept.kind === "refused" && ticket === null && asked === "document") {
    return turnAway(judged, { kind: "pass_invalid", reason: kept.reason });
  }
  const { caller, cookies } = callerKnown(sale, request);
  const way = await takeTurn(journeyIn(context), {
    sale: sale.id,
    ticket,
    caller,
    proof: headers.get("Sluice-Proof"),
    wasIn,
    pass: kept.kind === "pass" ? kept.token : null,
    joins: asked !== "data",
    rejoins: asked === "json",
    isOverLimit: () => isWriteOverLimit(context.env, headers, ticket),
  });
  switch (way.kind) {
    case "sale_over":
      return null;
    case "room_unavailable":
      return onFailure(failureOf(sale).kind, judged);
    case "admitted": {
      const passed = letIn(sale, way, ticket !== null, { cookies, now: context.now });
      const { token, admission } = way;
      return passOn(judged, passed, { token, admission, caller, context });
    }
    default:
      return turnAway(judged, way, cookies);
  }
}

/** To the shop; by way of a Queue-it token, where its servers ask for one. */
async function passOn(
  { sale, request, asked, tools }: Judged,
  passed: Passed,
  holder: SpokenFor | null = null,
): Promise<Verdict> {
  const pass: Verdict = { kind: "pass", passed, holder };
  if (sale.queueIt === undefined) return pass;
  const response = await queueItRedirect({ sale, request, asked, passed, tools });
  return response === null ? pass : { kind: "answer", response };
}

/** The request goes on as the first of an admitted shopper's, whose browser keeps the admission. */
function letIn(
  { id }: Sale,
  { token, admission, byTicket }: Extract<TurnOutcome, { readonly kind: "admitted" }>,
  hasTicket: boolean,
  given: { readonly cookies: readonly string[]; readonly now: number },
): Passed {
  const cookies = [...given.cookies, admissionCookie(id, token, admission.expiresAt_ms, given.now)];
  // The ticket of this turn leads in again, should the admission be lost; another one is used up.
  const dropsTicket = hasTicket && !byTicket;
  return {
    admission: token,
    cookies: dropsTicket ? [...cookies, expiredTokenCookie("ticket", id)] : cookies,
  };
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
  const away = { request, sale, schedule, asked, stopped, now, chance };
  const response = await waitResponse(away);
  for (const cookie of cookies) response.headers.append("Set-Cookie", cookie);
  return { kind: "answer", response };
}
