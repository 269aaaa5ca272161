/**
 * What the command lines of the programs have in common. Not for their options: each names its own.
 */
import { parseArgs, type ParseArgsConfig } from "node:util";
import { z } from "zod";

/** A whole number from `min` to `max`, as text; the complaint says so and names the option. */
export function whole(name: string, max: number, min = 1) {
  const error = `${name} must be a whole number from ${min} to ${max}`;
  return z
    .string()
    .regex(/^\d{1,10}$/, { error })
    .transform(Number)
    .pipe(z.int().min(min, { error }).max(max, { error }));
}

export type Said<Value> =
  | { readonly kind: "said"; readonly value: Value }
  | { readonly kind: "help" }
  | { readonly kind: "refused"; readonly messages: readonly string[] };

/** What was said, by the schema of a program's options; a sentence for each thing that is wrong. */
export function readSaid<Schema extends z.ZodType>(
  args: readonly string[],
  options: NonNullable<ParseArgsConfig["options"]>,
  schema: Schema,
): Said<z.output<Schema>> {
  let values: Record<string, unknown>;
  try {
    ({ values } = parseArgs({ args: [...args], options, strict: true }));
  } catch (error) {
    const why = error instanceof Error ? (error.message.split(". ")[0] ?? "") : "bad options";
    return { kind: "refused", messages: [why] };
  }
  if (values["help"] === true) return { kind: "help" };
  const parsed = schema.safeParse(values);
  if (parsed.success) return { kind: "said", value: parsed.data };
  return { kind: "refused", messages: parsed.error.issues.map(({ message }) => message) };
}
