/**
 * Shared by the stages of a simulated shopper: the environment, the tokens, and the repetition of
 * calls after failures that may be temporary.
 */
import { worthRepeating, type Answer, type Carried, type GateClient } from "./gate-client.ts";
import { between, type Random } from "../seeded-random.ts";
import type { Outcome, ShopperPlan, ShopperRecord } from "./shopper-record.ts";

export interface ShopperWorld {
  readonly gate: GateClient["shopper"];
  readonly sale: string;
  /** How long a turn stays open, in seconds; a `late` shopper waits longer. */
  readonly claimWindow_s: number;
  readonly now: () => number;
  readonly random: Random;
  /** Rejects when the crowd is stopped. */
  readonly sleep: (duration_ms: number) => Promise<void>;
  readonly newKey: () => string;
  readonly onStage?: (stage: Stage) => void;
}

/** Stages in their order. Each is entered at most once, and `settled` always. */
export type Stage = "waiting" | "inside" | "settled";

const ATTEMPTS_MAX = 6;
const BACKOFF_MIN_MS = 250;
const BACKOFF_MAX_MS = 8000;

export interface Visit {
  readonly plan: ShopperPlan;
  readonly world: ShopperWorld;
  readonly record: ShopperRecord;
  carried: Carried;
  called: number;
  stage: Stage | null;
}

export function enter(visit: Visit, stage: Stage): void {
  if (visit.stage === stage) return;
  visit.stage = stage;
  visit.world.onStage?.(stage);
}

/** Repeats a call after temporary failures, with exponential backoff; returns the last answer. */
export async function persist<T>(visit: Visit, call: () => Promise<Answer<T>>): Promise<Answer<T>> {
  const { world } = visit;
  let answer = await call();
  for (let attempt = 1; attempt < ATTEMPTS_MAX && worthRepeating(answer); attempt += 1) {
    const ceiling = Math.min(BACKOFF_MIN_MS * 2 ** attempt, BACKOFF_MAX_MS);
    const retryAfter_ms = answer.kind === "refused" ? (answer.retryAfter_s ?? 0) * 1000 : 0;
    await world.sleep(retryAfter_ms + between(world.random, ceiling / 2, ceiling));
    answer = await call();
  }
  return answer;
}

export type NotAnswered = Exclude<Answer<unknown>, { kind: "answered" }>;

export function outcomeOf(answer: NotAnswered): Outcome {
  if (answer.kind === "refused" && answer.status < 500) {
    return { kind: "refused", code: answer.code };
  }
  const why = answer.kind === "refused" ? answer.code : answer.reason;
  return { kind: "error", reason: `${answer.status} ${why}` };
}
