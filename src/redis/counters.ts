/**
 * A merchant's counters in Redis: units are taken, given and looked up by a transfer's name.
 *
 * Guarantee: `take` and `give` have one effect per name, from any caller and however often; an
 * answer that leaves a doubt is `unknown`.
 * Weak: a Redis that loses acknowledged writes (a failover, an eviction, a restored backup) loses
 * seals with them. `recall` shows it; nothing here can prevent it.
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

export interface CounterQuestion {
  /** The merchant's counter. */
  readonly key: string;
  /** The transfer's name. */
  readonly name: string;
}

type Moved = Extract<StepOutcome, { kind: "taken" | "given" | "refused" | "countable" }>;
export type CounterOutcome = Moved | { readonly kind: "unknown"; readonly why: string };

/** Lowers the counter, or seals that it cannot be lowered by so many. */
export async function take(
  redis: RedisConnection,
  { key, name }: CounterQuestion,
  quantity: number,
): Promise<CounterOutcome> {
  const keys = [key, transfersKey(key)];
  const said = await redis.run(TAKE_SCRIPT, keys, [name, `${quantity}`], answerSchema);
  if (said.kind === "unknown") return said;
  const [kind, seal] = said.answer;
  if (kind !== "sealed" || seal.kind === "given") return { kind: "unknown", why: "unreadable" };
  return seal;
}

/** Raises the counter. One that cannot be raised is `unknown`, with what has to be corrected. */
export async function give(
  redis: RedisConnection,
  { key, name }: CounterQuestion,
  quantity: number,
): Promise<CounterOutcome> {
  const keys = [key, transfersKey(key)];
  const said = await redis.run(GIVE_SCRIPT, keys, [name, `${quantity}`], answerSchema);
  if (said.kind === "unknown") return said;
  const [kind, seal] = said.answer;
  if (kind === "blocked") return { kind: "unknown", why: seal };
  if (kind !== "sealed" || seal.kind !== "given") return { kind: "unknown", why: "unreadable" };
  return seal;
}

/** Whether units could be given. A name that has a seal was used for something else. */
export async function check(
  redis: RedisConnection,
  { key, name }: CounterQuestion,
): Promise<CounterOutcome> {
  const said = await redis.run(CHECK_SCRIPT, [key, transfersKey(key)], [name], answerSchema);
  if (said.kind === "unknown") return said;
  const [kind, why] = said.answer;
  if (kind === "free") return { kind: "countable" };
  const reason = kind === "blocked" ? why : "id_used";
  return { kind: "refused", reason, available: null };
}

const recallSchema = z.tuple([z.string()], z.string());

export type RecallOutcome =
  | {
      readonly kind: "recalled";
      /** The counter; null when there is none. */
      readonly count: number | null;
      /** By name; null where Redis remembers nothing, absent where it cannot be read. */
      readonly seals: ReadonlyMap<string, Seal | null>;
    }
  | RedisUnknown;

/** What Redis remembers of these names. Changes nothing. */
export async function recall(
  redis: RedisConnection,
  key: string,
  names: readonly string[],
): Promise<RecallOutcome> {
  const said = await redis.run(RECALL_SCRIPT, [key, transfersKey(key)], names, recallSchema);
  if (said.kind === "unknown") return said;
  const [counted, ...texts] = said.answer;
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
