/**
 * Parses the answers of a shop's own server, by the contract in docs/backends.md.
 *
 * Guarantee: an answer with any field outside the contract is `unknown`. A 4xx is a refusal only
 * with a code of the server, because a page without one may come from a proxy. Pure: no request is
 * made here.
 */
import { z } from "zod";
import {
  BACKEND_ID_LENGTH_MAX,
  BACKEND_REASON_LENGTH_MAX,
  BACKEND_RETRY_AFTER_MAX_S,
  BACKEND_URL_LENGTH_MAX,
  REFUNDS_PER_ORDER_MAX,
} from "../../src/domain/limits.ts";
import type {
  AuthorizeOutcome,
  Dispute,
  LookupOutcome,
  PaymentStanding,
  PrepareOutcome,
  RefundOutcome,
  RetryLater,
  SettlementOutcome,
  SettleOutcome,
  Unknown,
} from "../../src/domain/order/payment-backend.ts";
import { parseJson } from "../../src/encoding/json.ts";
import { retryAfter_s } from "../../src/encoding/retry-after.ts";

/** A wrong secret needs the operator; retrying sooner would only fill the log. */
const SECRET_TROUBLE_AFTER_S = 60;
/** For an answer that asks for a retry without `Retry-After`. */
const BUSY_AFTER_S = 2;

/**
 * A 4xx that is not about the payment or the order: a wrong address (404, 405) or a time-out (408).
 * Orders then wait for the operator, because declining would fail every one of them.
 */
const ABOUT_THE_ADDRESS = new Set([404, 405, 408]);

/** The key was used for another request, so an earlier call may have had an effect: look it up. */
const KEY_CONFLICT = "idempotency_conflict";

/** The HTTP response before it is interpreted. */
export interface RawAnswer {
  readonly status: number;
  /** The header `Retry-After`, or null. */
  readonly retryAfter: string | null;
  /** Null when it was too long or not UTF-8. */
  readonly text: string | null;
}

export type CallOutcome =
  | { readonly kind: "answer"; readonly body: unknown }
  /** Refused finally, with the problem's code. */
  | { readonly kind: "refused"; readonly reason: string }
  | RetryLater
  | Unknown;

const reasonSchema = z
  .string()
  .max(BACKEND_REASON_LENGTH_MAX)
  .regex(/^[a-z][a-z0-9_]*$/);
/** Visible ASCII, so that an id can be part of a log line and of a URL's query. */
export const backendIdSchema = z
  .string()
  .max(BACKEND_ID_LENGTH_MAX)
  .regex(/^[!-~]+$/);
const problemSchema = z.object({ code: reasonSchema });

export function unknown(reason: string): Unknown {
  return { kind: "unknown", reason };
}

/** Interprets the status; only a 2xx has a body of the contract. */
export function readStatus({ status, retryAfter, text }: RawAnswer, now: number): CallOutcome {
  const body = text === null ? undefined : parseJson(text);
  if (status >= 200 && status < 300) {
    return body === undefined ? unknown(`${status} with no JSON`) : { kind: "answer", body };
  }
  if (status === 401 || status === 403) {
    const reason = `${status}: the backend refuses the signature`;
    return { kind: "retry", after_s: SECRET_TROUBLE_AFTER_S, reason };
  }
  const requested_s = retryAfter_s(retryAfter, now);
  if (status === 429 || status === 409 || (status === 503 && requested_s !== null)) {
    const wanted_s = requested_s ?? BUSY_AFTER_S;
    const after_s = Math.min(Math.max(wanted_s, 1), BACKEND_RETRY_AFTER_MAX_S);
    const throttled = status === 429 ? { throttled: true } : {};
    return { kind: "retry", after_s, reason: String(status), ...throttled };
  }
  const problem = problemSchema.safeParse(body);
  if (status < 400 || status >= 500 || ABOUT_THE_ADDRESS.has(status)) {
    return unknown(problem.success ? `${status} ${problem.data.code}` : String(status));
  }
  if (!problem.success) return unknown(`${status} without a code`);
  const { code } = problem.data;
  if (code === KEY_CONFLICT) return unknown(`${status} ${code}`);
  return { kind: "refused", reason: code };
}

const declined = z.object({ answer: z.literal("declined"), reason: reasonSchema });
const approved = z.object({ answer: z.literal("approved") });
const retryAnswer = z.object({
  answer: z.literal("retry"),
  after_s: z.int().min(1).max(BACKEND_RETRY_AFTER_MAX_S),
});
const unknownAnswer = z.object({ answer: z.literal("unknown") });

/** Possible answers of every operation in both contracts. */
export const undecidedAnswers = [retryAnswer, unknownAnswer] as const;

export function undecided(
  answer: z.infer<typeof retryAnswer> | z.infer<typeof unknownAnswer>,
): RetryLater | Unknown {
  if (answer.answer === "unknown") return unknown("the backend does not know");
  return { kind: "retry", after_s: answer.after_s, reason: "the backend asks for a retry" };
}

const misconfigured = z.object({ answer: z.literal("misconfigured"), code: reasonSchema });

const prepareAnswer = z.discriminatedUnion("answer", [
  z.object({ answer: z.literal("prepared"), payment: backendIdSchema }),
  declined,
  misconfigured,
  ...undecidedAnswers,
]);
const settleAnswer = z.discriminatedUnion("answer", [approved, declined, ...undecidedAnswers]);

/** A digest that is the same for the same card, and what may be shown of it. */
const cardSchema = z
  .object({
    fingerprint: backendIdSchema,
    brand: z.string().min(1).max(64).nullish(),
    last4: z
      .string()
      .regex(/^\d{4}$/)
      .nullish(),
  })
  .transform(({ fingerprint, brand, last4 }) => {
    return { fingerprint, brand: brand ?? null, last4: last4 ?? null };
  })
  .nullish();

function authorizeAnswer(url: z.ZodType<string>) {
  return z.discriminatedUnion("answer", [
    approved.extend({ card: cardSchema }),
    declined,
    misconfigured,
    z.object({ answer: z.literal("action_required"), url }),
    ...undecidedAnswers,
  ]);
}

/** Where a shopper may be redirected: an https page; plain http only for local use. */
export function pageUrlSchema(allowHttp: boolean) {
  const protocol = allowHttp ? /^https?$/ : /^https$/;
  return z.string().max(BACKEND_URL_LENGTH_MAX).pipe(z.url({ protocol }));
}

const minorUnits = z.int().min(0);
const totals = {
  payment: backendIdSchema,
  answer: z.literal("found"),
  /** Totals over the life of the payment, in the currency's minor unit. */
  authorized: minorUnits,
  captured: minorUnits,
  refunded: minorUnits,
};

function foundAnswer(url: z.ZodType<string>) {
  return z.discriminatedUnion("standing", [
    z.object({ ...totals, standing: z.literal("action_required"), url }),
    z.object({ ...totals, standing: z.literal("declined"), reason: reasonSchema }),
    z.object({ ...totals, standing: z.literal("authorized"), card: cardSchema }),
    z.object({ ...totals, standing: z.enum(["prepared", "captured", "voided", "refunded"]) }),
  ]);
}
export type FoundAnswer = z.infer<ReturnType<typeof foundAnswer>>;

/** False when standing and totals contradict each other: then neither is believed. */
function agrees({ standing, authorized, captured, refunded }: FoundAnswer): boolean {
  if (captured > authorized || refunded > captured) return false;
  switch (standing) {
    case "prepared":
    case "action_required":
    case "declined":
      return authorized === 0;
    case "authorized":
      return authorized > 0 && captured === 0;
    case "captured":
      return captured > 0 && refunded < captured;
    case "voided":
      return captured === 0;
    case "refunded":
      return captured > 0 && refunded === captured;
  }
}

export function readPrepare(called: CallOutcome): PrepareOutcome {
  if (called.kind === "refused") return { kind: "declined", reason: called.reason };
  if (called.kind !== "answer") return called;
  const read = prepareAnswer.safeParse(called.body);
  if (!read.success) return unknown("the answer is outside the contract");
  const answer = read.data;
  switch (answer.answer) {
    case "prepared":
      return { kind: "prepared", paymentId: answer.payment };
    case "declined":
      return { kind: "declined", reason: answer.reason };
    case "misconfigured":
      return { kind: "misconfigured", code: answer.code };
    default:
      return undecided(answer);
  }
}

export function readAuthorize(called: CallOutcome, allowHttp: boolean): AuthorizeOutcome {
  if (called.kind === "refused") return { kind: "declined", reason: called.reason };
  if (called.kind !== "answer") return called;
  const read = authorizeAnswer(pageUrlSchema(allowHttp)).safeParse(called.body);
  if (!read.success) return unknown("the answer is outside the contract");
  const answer = read.data;
  switch (answer.answer) {
    case "approved":
      return { kind: "approved", card: answer.card ?? null };
    case "declined":
      return { kind: "declined", reason: answer.reason };
    case "misconfigured":
      return { kind: "misconfigured", code: answer.code };
    case "action_required":
      return { kind: "action_required", url: answer.url };
    default:
      return undecided(answer);
  }
}

export function readSettle(called: CallOutcome): SettleOutcome {
  if (called.kind === "refused") return { kind: "declined", reason: called.reason };
  if (called.kind !== "answer") return called;
  const read = settleAnswer.safeParse(called.body);
  if (!read.success) return unknown("the answer is outside the contract");
  const answer = read.data;
  if (answer.answer === "approved") return { kind: "approved" };
  if (answer.answer === "declined") return { kind: "declined", reason: answer.reason };
  return undecided(answer);
}

const refundAnswer = z.discriminatedUnion("answer", [
  z.object({
    answer: z.literal("refunded"),
    reference: backendIdSchema,
    state: z.enum(["pending", "succeeded"]),
  }),
  declined,
  ...undecidedAnswers,
]);

/** A server that does not know the request declines it: then nothing was refunded. */
export function readRefund(called: CallOutcome): RefundOutcome {
  if (called.kind === "refused") return { kind: "declined", reason: called.reason };
  if (called.kind !== "answer") return called;
  const read = refundAnswer.safeParse(called.body);
  if (!read.success) return unknown("the answer is outside the contract");
  const answer = read.data;
  if (answer.answer === "refunded") {
    return { kind: "refunded", providerId: answer.reference, state: answer.state };
  }
  if (answer.answer === "declined") return { kind: "declined", reason: answer.reason };
  return undecided(answer);
}

const settlementAnswer = z.discriminatedUnion("answer", [
  z.object({
    answer: z.literal("found"),
    refunds: z
      .array(
        z.object({
          reference: backendIdSchema,
          /** Null for one that Sluice did not ask for. */
          refund: backendIdSchema.nullable(),
          amount: z.int().min(1),
          state: z.enum(["pending", "succeeded", "failed"]),
          reason: reasonSchema.nullish(),
        }),
      )
      .max(REFUNDS_PER_ORDER_MAX),
    dispute: z
      .object({
        id: backendIdSchema,
        status: reasonSchema,
        closed: z.boolean(),
        amount: z.int().min(1),
        reason: reasonSchema,
      })
      .nullish(),
  }),
  ...undecidedAnswers,
]);

export function readSettlement(called: CallOutcome): SettlementOutcome {
  if (called.kind === "refused") return unknown(`the look-up was refused: ${called.reason}`);
  if (called.kind !== "answer") return called;
  const read = settlementAnswer.safeParse(called.body);
  if (!read.success) return unknown("the answer is outside the contract");
  const answer = read.data;
  if (answer.answer !== "found") return undecided(answer);
  const refunds = answer.refunds.map(({ reference, refund, amount, state, reason }) => {
    const failure = state === "failed" ? (reason ?? "refund_failed") : null;
    return { providerId: reference, refundId: refund, amount, state, failure };
  });
  return { kind: "found", refunds, dispute: disputeOf(answer.dispute ?? null) };
}

function disputeOf(
  stated: NonNullable<
    Extract<z.infer<typeof settlementAnswer>, { answer: "found" }>["dispute"]
  > | null,
): Dispute | null {
  if (stated === null) return null;
  const { closed: isClosed, ...dispute } = stated;
  return { ...dispute, isClosed };
}

/** The parsed answer to a look-up of `paymentId`; null when it is not a valid one. */
export function readFound(
  body: unknown,
  paymentId: string,
  allowHttp: boolean,
): FoundAnswer | null {
  const read = foundAnswer(pageUrlSchema(allowHttp)).safeParse(body);
  if (!read.success || read.data.payment !== paymentId || !agrees(read.data)) return null;
  return read.data;
}

/** A refused look-up is `unknown`, because it reveals nothing about the payment. */
export function readLookup(
  called: CallOutcome,
  paymentId: string,
  allowHttp: boolean,
): LookupOutcome {
  if (called.kind === "refused") return unknown(`the look-up was refused: ${called.reason}`);
  if (called.kind !== "answer") return called;
  const found = readFound(called.body, paymentId, allowHttp);
  if (found !== null) return { kind: "found", standing: standingOf(found) };
  const read = z.discriminatedUnion("answer", [...undecidedAnswers]).safeParse(called.body);
  return read.success ? undecided(read.data) : unknown("the answer is outside the contract");
}

function standingOf(found: FoundAnswer): PaymentStanding {
  switch (found.standing) {
    case "action_required":
      return { kind: "action_required", url: found.url };
    case "declined":
      return { kind: "declined", reason: found.reason };
    case "authorized":
      return { kind: "authorized", card: found.card ?? null };
    default:
      return { kind: found.standing };
  }
}
