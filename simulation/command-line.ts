/**
 * What the command lines of the programs have in common. Not for their options: each names its own.
 */
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
