/**
 * Transfers of units between a merchant's Redis and the edge: an allotment moves units from Redis
 * to the SkuStock, a return moves unsold units back.
 *
 *   allotment   taking ─► receiving ─► received
 *                  └─► refused
 *   return      checking ─► withdrawing ─► returning ─► returned
 *                  └─► refused  └─► refused
 *
 * Guarantee: a unit is in Redis, at the edge or in one transfer in flight, never in two of them and
 * never in none. Each step is idempotent by the transfer's name on the side that executes it (in
 * Redis by its script, in the SkuStock by its movement), so a step whose runner died or whose
 * answer was lost is repeated. A refusal also uses the id up on both sides.
 * Not for the effects themselves: `nextStep` returns the next step, `report` applies its outcome.
 */
import { z } from "zod";
import { REDIS_RETRY_MAX_MS, REDIS_RETRY_MIN_MS, TRANSFER_WATCH_MS } from "../limits.ts";

export const REFUSALS = [
  /** The counter in Redis is lower than the requested quantity. */
  "not_enough",
  /** Fewer units are available at the edge than the return requests, or none. */
  "not_available",
  "key_not_found",
  /** The value of the key is not a whole number. */
  "not_a_count",
  /** Redis knows the id with another quantity, so another transfer used it. */
  "id_used",
] as const;
export type Refusal = (typeof REFUSALS)[number];

const units = z.int().positive();
const refused = z.object({
  state: z.literal("refused"),
  reason: z.enum(REFUSALS),
  available: z.int().nullable(),
});
const standingSchema = z.discriminatedUnion("state", [
  z.object({ state: z.literal("taking") }),
  z.object({ state: z.literal("receiving") }),
  z.object({ state: z.literal("received") }),
  z.object({ state: z.literal("checking") }),
  z.object({ state: z.literal("withdrawing") }),
  z.object({ state: z.literal("returning"), quantity: units }),
  z.object({ state: z.literal("returned"), quantity: units }),
  refused,
]);
export type TransferStanding = z.infer<typeof standingSchema>;

const requested = { id: z.string(), sku: z.string(), key: z.string() };
const progress = {
  v: z.literal(1),
  standing: standingSchema,
  startedAt_ms: z.number(),
  updatedAt_ms: z.number(),
  /** Consecutive tries of the current step without an answer, and the problem of the last one. */
  attempts: z.int(),
  problem: z.string().nullable(),
  /** When the alarm takes the next step, unless a runner has taken it before; null once final. */
  due_ms: z.number().nullable(),
};
/** As a RedisBridge stores it. */
export const transferSchema = z.discriminatedUnion("kind", [
  z.object({ kind: z.literal("allotment"), ...requested, quantity: units, ...progress }),
  z.object({ kind: z.literal("return"), ...requested, quantity: units.nullable(), ...progress }),
]);
export type Transfer = z.infer<typeof transferSchema>;

export type TransferCommand =
  | {
      readonly kind: "allotment";
      readonly id: string;
      readonly sku: string;
      /** The Redis key of the merchant's counter. */
      readonly key: string;
      readonly quantity: number;
    }
  | {
      readonly kind: "return";
      readonly id: string;
      readonly sku: string;
      readonly key: string;
      /** Null: all units that are available when the step is taken. */
      readonly quantity: number | null;
    };

/** The idempotency key of the transfer in Redis and in the SkuStock; ids contain no colon. */
export function transferName({ kind, sku, id }: Pick<Transfer, "kind" | "sku" | "id">): string {
  return `${kind}:${sku}:${id}`;
}

export function isSettled({ standing: { state } }: Pick<Transfer, "standing">): boolean {
  return state === "received" || state === "returned" || state === "refused";
}

export type BeginOutcome =
  | { readonly kind: "begun"; readonly transfer: Transfer }
  | { readonly kind: "known"; readonly transfer: Transfer }
  /** The id was used for another key or quantity. */
  | { readonly kind: "conflict"; readonly earlier: Transfer };

/** Precedence: known, conflict, begun. A begun transfer must be durable before its first step. */
export function begin(
  earlier: Transfer | null,
  command: TransferCommand,
  now: number,
): BeginOutcome {
  if (earlier !== null) {
    const same = earlier.key === command.key && earlier.quantity === command.quantity;
    return same ? { kind: "known", transfer: earlier } : { kind: "conflict", earlier };
  }
  const begun = {
    v: 1,
    startedAt_ms: now,
    updatedAt_ms: now,
    attempts: 0,
    problem: null,
    due_ms: now + TRANSFER_WATCH_MS,
  } as const;
  const transfer: Transfer =
    command.kind === "allotment"
      ? { ...command, ...begun, standing: { state: "taking" } }
      : { ...command, ...begun, standing: { state: "checking" } };
  return { kind: "begun", transfer };
}

export type TransferStep =
  /** Redis: lower the counter and store the seal, atomically. */
  | { readonly kind: "take"; readonly quantity: number }
  /** SkuStock: receive, as a movement with the transfer's name as its id. */
  | { readonly kind: "receive"; readonly quantity: number }
  /** Redis: does the counter exist, and has the name no seal yet? Read only. */
  | { readonly kind: "check" }
  /** SkuStock: withdraw, as a movement with the transfer's name as its id. */
  | { readonly kind: "withdraw"; readonly quantity: number | null }
  /** Redis: raise the counter and store the seal, atomically. */
  | { readonly kind: "give"; readonly quantity: number };

export function nextStep({ standing, quantity }: Transfer): TransferStep | null {
  switch (standing.state) {
    case "taking":
      return quantity === null ? null : { kind: "take", quantity };
    case "receiving":
      return quantity === null ? null : { kind: "receive", quantity };
    case "checking":
      return { kind: "check" };
    case "withdrawing":
      return { kind: "withdraw", quantity };
    case "returning":
      return { kind: "give", quantity: standing.quantity };
    case "received":
    case "returned":
    case "refused":
      return null;
  }
}

export type StepOutcome =
  | { readonly kind: "taken"; readonly quantity: number }
  | { readonly kind: "received" }
  | { readonly kind: "countable" }
  | { readonly kind: "withdrawn"; readonly quantity: number }
  | { readonly kind: "given"; readonly quantity: number }
  | { readonly kind: "refused"; readonly reason: Refusal; readonly available: number | null }
  /** The step may have happened, or is not possible yet; it is repeated. */
  | { readonly kind: "unknown"; readonly why: string };

/** The standing after a step; null when the outcome does not belong to the current step. */
function standingAfter(transfer: Transfer, outcome: StepOutcome): TransferStanding | null {
  const { state } = transfer.standing;
  if (outcome.kind === "refused") {
    const { reason, available } = outcome;
    const mayBeRefused = state === "taking" || state === "checking" || state === "withdrawing";
    return mayBeRefused ? { state: "refused", reason, available } : null;
  }
  if (state === "taking" && outcome.kind === "taken") {
    if (outcome.quantity === transfer.quantity) return { state: "receiving" };
    return { state: "refused", reason: "id_used", available: null };
  }
  if (state === "receiving" && outcome.kind === "received") return { state: "received" };
  if (state === "checking" && outcome.kind === "countable") return { state: "withdrawing" };
  if (state === "withdrawing" && outcome.kind === "withdrawn") {
    return { state: "returning", quantity: outcome.quantity };
  }
  if (transfer.standing.state === "returning" && outcome.kind === "given") {
    const { quantity } = transfer.standing;
    return outcome.quantity === quantity ? { state: "returned", quantity } : null;
  }
  return null;
}

export function redisRetry_ms(attempts: number): number {
  return Math.min(REDIS_RETRY_MIN_MS * 2 ** Math.min(attempts, 20), REDIS_RETRY_MAX_MS);
}

/** An outcome that does not belong to the current step counts as unknown: the step is repeated. */
export function report(transfer: Transfer, outcome: StepOutcome, now: number): Transfer {
  if (isSettled(transfer)) return transfer;
  const standing = standingAfter(transfer, outcome);
  if (standing === null) {
    const attempts = transfer.attempts + 1;
    const problem = outcome.kind === "unknown" ? outcome.why : `unexpected_${outcome.kind}`;
    const due_ms = now + redisRetry_ms(transfer.attempts);
    return { ...transfer, attempts, problem, due_ms, updatedAt_ms: now };
  }
  const due_ms = isSettled({ standing }) ? null : now + TRANSFER_WATCH_MS;
  return { ...transfer, standing, attempts: 0, problem: null, due_ms, updatedAt_ms: now };
}

/** The record of a transfer in Redis, stored under its name together with the counter's change. */
export type Seal =
  | { readonly kind: "taken" | "given"; readonly quantity: number }
  | { readonly kind: "refused"; readonly reason: Refusal; readonly available: number | null };

export const COMPARISONS = ["agrees", "pending", "missing", "differs", "unknown"] as const;
export type Comparison = (typeof COMPARISONS)[number];

/**
 * Compares a transfer with its seal in Redis. `missing`: the transfer has moved units and has no
 * seal, so Redis lost an acknowledged write. `seal` undefined: Redis did not answer.
 */
export function compare(transfer: Transfer, seal: Seal | null | undefined): Comparison {
  if (seal === undefined) return "unknown";
  const { standing, quantity } = transfer;
  const holds = (kind: "taken" | "given", expected: number | null): Comparison => {
    if (seal === null) return "missing";
    return seal.kind === kind && seal.quantity === expected ? "agrees" : "differs";
  };
  switch (standing.state) {
    case "taking":
    case "checking":
    case "withdrawing":
      return "pending";
    case "receiving":
    case "received":
      return holds("taken", quantity);
    case "returning":
      return seal === null ? "pending" : holds("given", standing.quantity);
    case "returned":
      return holds("given", standing.quantity);
    case "refused":
      if (standing.reason === "id_used") return "agrees";
      return seal === null || seal.kind === "refused" ? "agrees" : "differs";
  }
}
