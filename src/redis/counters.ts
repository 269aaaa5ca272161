/**
 * A merchant's counters in Redis: takes units, gives units, and reads seals by a transfer's name.
 *
 * Guarantee: `take` and `give` are idempotent by name; an inconclusive answer is `unknown`.
 * Weak: a Redis that loses acknowledged writes (a failover, an eviction, a restored backup) loses
 * seals with them. `recall` detects this but cannot prevent it.
 */
import { z } from "zod";
import { REFUSALS, type Seal, type StepOutcome } from "../domain/stock/allotment.ts";
import { transfersKey } from "../domain/formats/redis-keys.ts";
import type { RedisConnection, RedisUnknown } from "./connection.ts";
import { CHECK_SCRIPT, GIVE_SCRIPT, RECALL_SCRIPT, TAKE_SCRIPT } from "./counter-scripts.ts";

const count = z
  .string()
  .regex(/^-?\d{1,15}$/)
  .transform(Number);
const moved = z.tuple([z.enum(["taken", "given"]), count.pipe(z.int().positive())]);
const refused = z.union([
  z.tuple([z.literal("refused"), z.enum(REFUSALS)]),
  z.tuple([z.literal("refused"), z.literal("not_enough"), count]),
]);

const sealSchema = z
  .string()
  .transform((text) => text.split(" "))
  .pipe(z.union([moved, refused]))
  .transform((words): Seal => {
    if (words[0] !== "refused") return { kind: words[0], quantity: words[1] };
    const available = words.length === 3 ? Math.max(words[2], 0) : null;
    return { kind: "refused", reason: words[1], available };
  });

const answerSchema = z.union([
  z.tuple([z.literal("sealed"), sealSchema]),
  z.tuple([z.literal("blocked"), z.enum(["key_not_found", "not_a_count"])]),
  z.tuple([z.literal("free"), count]),
]);

export interface CounterTransfer {
  /** The Redis key of the merchant's counter. */
  readonly key: string;
  /** The transfer's name. */
  readonly name: string;
}

type Moved = Extract<StepOutcome, { kind: "taken" | "given" | "refused" | "countable" }>;
export type CounterOutcome = Moved | { readonly kind: "unknown"; readonly why: string };

/** Lowers the counter, or seals the refusal. */
export async function take(
  redis: RedisConnection,
  { key, name }: CounterTransfer,
  quantity: number,
): Promise<CounterOutcome> {
  const keys = [key, transfersKey(key)];
  const result = await redis.run(TAKE_SCRIPT, keys, [name, `${quantity}`], answerSchema);
  if (result.kind === "unknown") return result;
  const [kind, seal] = result.answer;
  if (kind !== "sealed" || seal.kind === "given") return { kind: "unknown", why: "unreadable" };
  return seal;
}

/** Raises the counter. `unknown` with the reason while the counter is not a number. */
export async function give(
  redis: RedisConnection,
  { key, name }: CounterTransfer,
  quantity: number,
): Promise<CounterOutcome> {
  const keys = [key, transfersKey(key)];
  const result = await redis.run(GIVE_SCRIPT, keys, [name, `${quantity}`], answerSchema);
  if (result.kind === "unknown") return result;
  const [kind, seal] = result.answer;
  if (kind === "blocked") return { kind: "unknown", why: seal };
  if (kind !== "sealed" || seal.kind !== "given") return { kind: "unknown", why: "unreadable" };
  return seal;
}

/** Checks whether units could be given. `id_used` when the name already has a seal. */
export async function check(
  redis: RedisConnection,
  { key, name }: CounterTransfer,
): Promise<CounterOutcome> {
  const result = await redis.run(CHECK_SCRIPT, [key, transfersKey(key)], [name], answerSchema);
  if (result.kind === "unknown") return result;
  const [kind, why] = result.answer;
  if (kind === "free") return { kind: "countable" };
  const reason = kind === "blocked" ? why : "id_used";
  return { kind: "refused", reason, available: null };
}

const recallSchema = z.tuple([z.string()], z.string());

export type RecallOutcome =
  | {
      readonly kind: "recalled";
      /** The counter; null when it is missing or not a number. */
      readonly count: number | null;
      /** By name; null without a seal, absent if the seal is unreadable. */
      readonly seals: ReadonlyMap<string, Seal | null>;
    }
  | RedisUnknown;

/** Reads the counter and the seals of these names. */
export async function recall(
  redis: RedisConnection,
  key: string,
  names: readonly string[],
): Promise<RecallOutcome> {
  const result = await redis.run(RECALL_SCRIPT, [key, transfersKey(key)], names, recallSchema);
  if (result.kind === "unknown") return result;
  const [counted, ...texts] = result.answer;
  const seals = new Map<string, Seal | null>();
  for (const [index, name] of names.entries()) {
    const text = texts[index];
    const seal = sealSchema.safeParse(text);
    if (text === "") seals.set(name, null);
    else if (seal.success) seals.set(name, seal.data);
  }
  const parsed = count.safeParse(counted);
  return { kind: "recalled", count: parsed.success ? parsed.data : null, seals };
}
