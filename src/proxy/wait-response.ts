/**
 * What a guarded address answers a request that may not go on: the one place where that answer is
 * made.
 *
 * A document gets a page at the same address; a form a page that says it was not sent; everything
 * else a problem document with `Retry-After`. Guarantee: never cached, and never an answer that
 * looks like the shop's. No answer takes the address out of a search engine's index, because it is
 * the shop's: a crawler is told to come again.
 */
import {
  problemAnswer,
  type ProblemAnswer,
  type ProblemCode,
  type ProblemDetails,
} from "../api/problems.ts";
import { refusalFacts, statusOf, timeOf } from "../api/shopper-answers.ts";
import type { AskedAs } from "../domain/guards/request-cause.ts";
import { returnAddress, targetOf } from "../domain/guards/url.ts";
import type { Sale } from "../domain/sale/sale.ts";
import type { Schedule } from "../domain/sale/schedule.ts";
import { NO_COPY, PAGE_HEADERS, policyWith } from "../pages/answers.ts";
import { guardedPage, type GuardedNotice } from "../pages/views/guarded.ts";
import { keptLink } from "../pages/parts/links.ts";
import { proofPage, proofPolicy } from "../pages/views/proof.ts";
import { waitingPage } from "../pages/views/waiting.ts";
import { reminderOf } from "../web/reminder-cookie.ts";
import { ticketCookie } from "../web/token-cookies.ts";
import { forApp, merchantsPage, type Waiting } from "./other-formats.ts";
import type { TurnOutcome } from "./take-turn.ts";

/** Why somebody may not go on. */
export type Stopped =
  | Exclude<TurnOutcome, { readonly kind: "admitted" | "sale_over" | "cookie_needed" }>
  /** In the shop on another device. @property hasTicket a claim with it goes on here */
  | { readonly kind: "admission_replayed"; readonly hasTicket: boolean }
  /** A crawler, while others wait or before the opening: it joins no line. */
  | { readonly kind: "crawler" };

export interface TurnedAway {
  readonly request: Request;
  readonly sale: Sale;
  readonly schedule: Schedule;
  readonly asked: AskedAs;
  readonly stopped: Stopped;
  /** A mail when the turn comes is offered. */
  readonly reminds: boolean;
  readonly now: number;
  /** 0 … 1, spreads the crowd. */
  readonly chance: number;
}

export async function waitResponse(away: TurnedAway): Promise<Response> {
  const { asked, stopped } = away;
  const stop = { ...away, ...describeStop(away) };
  const isPage = asked === "document" || asked === "form";
  const answer = isPage ? await pageAnswer(stop) : dataAnswer(stop);
  if (stopped.kind === "waiting" && stopped.ticket !== null) {
    answer.headers.append("Set-Cookie", ticketCookie(away.sale.id, stopped.ticket));
  }
  return answer;
}

/** In whole seconds, until asking again makes sense. */
function retryOf({ stopped, now, chance }: TurnedAway): number {
  switch (stopped.kind) {
    case "waiting":
      return Math.ceil(stopped.standing.pollAfter_s);
    case "crawler":
      return CRAWLER_RETRY_S;
    case "not_open": {
      // In time for the opening, not all at once, and never so late that a changed time is missed.
      const left_s = (stopped.opensAt_ms - now) / 1000;
      return Math.ceil(Math.min(Math.max(left_s, 1) + 3 * chance, NOT_OPEN_RETRY_MAX_S));
    }
    default:
      return Math.ceil(5 + 5 * chance);
  }
}

const NOT_OPEN_RETRY_MAX_S = 60;
/** A line may last for hours, and a crawler has time. */
const CRAWLER_RETRY_S = 60 * 60;

/** What a stop is in each format: a page's status and notice, and a problem document. */
interface Described {
  /** Null: as the sale's waiting page. */
  readonly status: number | null;
  readonly notice: GuardedNotice;
  readonly code: ProblemCode;
  readonly details: ProblemDetails;
}

type Stop = TurnedAway & Described;

const TRY_AGAIN: GuardedNotice = { kind: "booth_unavailable" };

function describeStop(away: TurnedAway): Described {
  const { sale, stopped } = away;
  const retryAfter_s = retryOf(away);
  const here = { sale: sale.id, joinUrl: `/_sluice/v1/sales/${sale.id}/tickets` };
  switch (stopped.kind) {
    case "waiting": {
      const ticket = stopped.ticket === null ? {} : { ticket: stopped.ticket };
      const more = { ...here, ...ticket, standing: statusOf(stopped.standing) };
      const details = { retryAfter_s, more };
      return { status: null, notice: TRY_AGAIN, code: "turn_required", details };
    }
    case "not_open": {
      const more = { ...here, opensAt: timeOf(stopped.opensAt_ms) };
      const details = { retryAfter_s, more, detail: "The line has not opened yet." };
      return { status: null, notice: stopped, code: "turn_required", details };
    }
    case "crawler": {
      const details = { retryAfter_s, more: here };
      return { status: 503, notice: TRY_AGAIN, code: "turn_required", details };
    }
    case "not_joined": {
      const details = { retryAfter_s, more: here };
      return { status: 429, notice: TRY_AGAIN, code: "turn_required", details };
    }
    case "proof":
    case "pass_invalid": {
      const [refused, notice] =
        stopped.kind === "proof" ? [stopped.refused, TRY_AGAIN] : [stopped, stopped];
      const { code, details } = refusalFacts(sale.id, refused);
      return { status: 403, notice, code, details: { more: { ...here, ...details?.more } } };
    }
    case "admission_replayed":
      return { status: 403, notice: stopped, code: stopped.kind, details: { more: here } };
    case "network_full": {
      const details = { retryAfter_s, more: here };
      return { status: 409, notice: stopped, code: stopped.kind, details };
    }
    case "rate_limited":
    case "booth_unavailable":
    case "room_unavailable": {
      const { kind } = stopped;
      const details = { retryAfter_s, more: { sale: sale.id } };
      return { status: kind === "rate_limited" ? 429 : 503, notice: { kind }, code: kind, details };
    }
  }
}

async function pageAnswer(stop: Stop): Promise<Response> {
  const { request, sale, asked } = stop;
  const retry_s = retryOf(stop);
  const status = stop.status ?? (asked === "form" ? 429 : sale.waitingPage.status);
  const own = merchantsPage(waitingOf(stop));
  const headers = new Headers({
    ...PAGE_HEADERS,
    ...own?.headers,
    ...policyOf(stop),
    "Content-Type": "text/html; charset=UTF-8",
    "X-Robots-Tag": NO_COPY,
    ...(status === 200 || status === 202 ? {} : { "Retry-After": String(retry_s) }),
  });
  const body = own === null ? String(await pageOf(stop)) : own.body;
  return new Response(request.method === "HEAD" ? null : body, { status, headers });
}

function waitingOf(away: TurnedAway): Waiting {
  const { sale, schedule, asked, stopped, now } = away;
  const standing = stopped.kind === "waiting" && asked !== "form" ? stopped.standing : null;
  return { sale, schedule, standing, check: checkOf(away), retry_s: retryOf(away), now };
}

/**
 * A browser that keeps no cookies would join anew with every load. So the page that comes with a
 * ticket is loaded again by way of an address of Sluice's own, which sees whether it was kept: one
 * ticket, one check, and the shop never sees a mark. An address too long to be carried along is
 * loaded as it is.
 */
function checkOf({ request, sale, stopped }: TurnedAway): string | null {
  if (stopped.kind !== "waiting" || stopped.ticket === null) return null;
  const guarded = returnAddress(request.url);
  return guarded === targetOf(request.url) ? keptLink(sale.id, guarded) : null;
}

/** The page that has a check may load what the check needs. */
function policyOf({ sale, asked, stopped }: TurnedAway): Readonly<Record<string, string>> {
  const { protection } = sale;
  if (stopped.kind !== "proof" || asked !== "document" || protection.kind === "none") return {};
  return { "Content-Security-Policy": policyWith(proofPolicy(protection)) };
}

const NO_REMINDER = { kind: "none" } as const;

function pageOf(stop: Stop): ReturnType<typeof guardedPage> {
  const { request, sale, schedule, asked, stopped, now } = stop;
  const guarded = returnAddress(request.url);
  if (stopped.kind === "waiting" && asked === "document") {
    const { standing, seatsFull } = stopped;
    const check = checkOf(stop);
    const to = reminderOf(request.headers, sale.id);
    const reminder = stop.reminds ? ({ kind: "offered", to } as const) : NO_REMINDER;
    return waitingPage({ sale, schedule, standing, seatsFull, guarded, check, reminder, now });
  }
  const { protection } = sale;
  if (stopped.kind === "proof" && asked === "document" && protection.kind !== "none") {
    const details = { afresh: true, general: false, to: guarded };
    return proofPage({ sale, protection, details, refused: null, now });
  }
  // Of a form that another site sent, only the guarded address itself leads to the line.
  const back = stopped.kind === "not_joined" ? guarded : formPageOf(request);
  const notSent = { kind: "form_not_sent", back } as const;
  const notice = asked === "form" ? notSent : stop.notice;
  return guardedPage({ notice, sale, guarded, retry_s: retryOf(stop), now });
}

/** The page the form stood on, if it was one of this host's; else the shop's first. */
function formPageOf(request: Request): string {
  const referrer = URL.parse(request.headers.get("Referer") ?? "");
  const here = URL.parse(request.url);
  if (referrer === null || referrer.host !== here?.host) return "/";
  return returnAddress(referrer.href);
}

function dataAnswer(stop: Stop): Response {
  const problem = problemAnswer(stop.code, stop.details);
  const { status, headers, body } = stop.asked === "json" ? appAnswer(stop, problem) : problem;
  const sent = stop.request.method === "HEAD" ? null : JSON.stringify(body);
  const more = { "X-Robots-Tag": NO_COPY, Vary: "*" };
  return new Response(sent, { status, headers: { ...headers, ...more } });
}

/**
 * To an app that stands in line by itself: the same, and what apps made for Cloudflare Waiting Room
 * read. Where the sale has apps answered with a success it is no problem document any more.
 */
function appAnswer(away: TurnedAway, problem: ProblemAnswer): ProblemAnswer {
  const { sale, stopped } = away;
  if (stopped.kind === "pass_invalid") return problem;
  const more = forApp(waitingOf(away));
  const waits = stopped.kind === "waiting" || stopped.kind === "not_open";
  const status = waits ? sale.waitingPage.jsonStatus : problem.status;
  const headers = { ...problem.headers, "Content-Type": "application/json" };
  if (status !== 200 && status !== 202)
    return { ...problem, headers, body: { ...more, ...problem.body } };
  const {
    type: _type,
    title: _title,
    status: _status,
    code: _code,
    detail: _detail,
    ...body
  } = problem.body;
  return { status, headers, body: { ...more, ...body } };
}
