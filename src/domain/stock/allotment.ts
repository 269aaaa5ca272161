/**
 * Units on their way between a merchant's Redis and the edge: an allotment brings them to the
 * SkuStock, a return takes the unsold ones back.
 *
 *   allotment   taking ─► receiving ─► received
 *                  └─► refused
 *   return      checking ─► withdrawing ─► returning ─► returned
 *                  └─► refused  └─► refused
 *
 * Guarantee: a unit is in Redis, at the edge or in one transfer in progress, never in two of them
 * and never in none. Each step has one effect under the transfer's own name, because Redis (by its
 * script) and the SkuStock (by its movement) apply a name once however often it is sent. So after a
 * crash, or a lost answer, the same step is taken again. A refusal too uses up the id on both
 * sides.
 * Not for the effects themselves: `nextStep` decides what to do, `report` records the result.
 */
import { z } from "zod";
import { REDIS_RETRY_MAX_MS, REDIS_RETRY_MIN_MS, TRANSFER_WATCH_MS } from "../limits.ts";

export const REFUSALS = [
  /** The counter in Redis is lower than the quantity. */
  "not_enough",
  /** Fewer units are available at the edge than shall go back; or none is. */
  "not_available",
  "key_not_found",
  /** The key holds something else than a whole number. */
  "not_a_count",
  /** Redis knows the id with another quantity: it was used for something else. */
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

const asked = { id: z.string(), sku: z.string(), key: z.string() };
const kept = {
  v: z.literal(1),
  standing: standingSchema,
  startedAt_ms: z.number(),
  updatedAt_ms: z.number(),
  /** Tries of the present step that brought no answer, and what the last one met. */
  attempts: z.int(),
  problem: z.string().nullable(),
  /** When the next step is due, unless it was taken before; null once final. */
  due_ms: z.number().nullable(),
};
/** As a RedisBridge stores it. */
export const transferSchema = z.discriminatedUnion("kind", [
  z.object({ kind: z.literal("allotment"), ...asked, quantity: units, ...kept }),
  z.object({ kind: z.literal("return"), ...asked, quantity: units.nullable(), ...kept }),
]);
export type Transfer = z.infer<typeof transferSchema>;

export type TransferCommand =
  | {
      readonly kind: "allotment";
      readonly id: string;
      readonly sku: string;
      /** Of the merchant's counter in Redis. */
      readonly key: string;
      readonly quantity: number;
    }
  | {
      readonly kind: "return";
      readonly id: string;
      readonly sku: string;
      readonly key: string;
      /** Null: all that is available when it is done. */
      readonly quantity: number | null;
    };

/** The name under which Redis and the SkuStock remember it; ids contain no colon. */
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

/** Precedence: known, conflict, begun. What is begun must be durable before its first step. */
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
  /** Redis: lower the counter and remember the name, both or neither. */
  | { readonly kind: "take"; readonly quantity: number }
  /** SkuStock: receive as a movement of that name. */
  | { readonly kind: "receive"; readonly quantity: number }
  /** Redis: is there a counter, and is the name free? Changes nothing. */
  | { readonly kind: "check" }
  /** SkuStock: withdraw as a movement of that name. */
  | { readonly kind: "withdraw"; readonly quantity: number | null }
  /** Redis: raise the counter and remember the name, both or neither. */
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
  /** It is unknown whether it happened, or it cannot happen yet; the same step is taken again. */
  | { readonly kind: "unknown"; readonly why: string };

/** Where a transfer stands after a step; null when the outcome is of no step it could take. */
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

/** An outcome that does not fit counts as unknown: the step is taken again, under its name. */
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

/** What Redis remembers of a transfer by its name. */
export type Seal =
  | { readonly kind: "taken" | "given"; readonly quantity: number }
  | { readonly kind: "refused"; readonly reason: Refusal; readonly available: number | null };

export const COMPARISONS = ["agrees", "pending", "missing", "differs", "unknown"] as const;
export type Comparison = (typeof COMPARISONS)[number];

/**
 * Whether Redis remembers what the edge knows. `missing` after a transfer that has moved units
 * means that Redis lost an acknowledged write; `seal` undefined: Redis did not answer.
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
