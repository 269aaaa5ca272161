/**
 * Where a backup is: what the next page of it begins with. It goes to the operator and comes back
 * with the next request, so the gate remembers nothing of a backup.
 */
import { z } from "zod";
import { jsonText } from "../../encoding/json.ts";

const rowPlaceSchema = z.object({ table: z.string(), offset: z.int().nonnegative() });
/** The next row of an object. */
export type RowPlace = Readonly<z.output<typeof rowPlaceSchema>>;

const placeSchema = z.object({
  id: z.string(),
  /** Index of the kind, and of the object in its kind; orders go by their ids instead. */
  kind: z.int().nonnegative(),
  nth: z.int().nonnegative(),
  after: z.string(),
  /** Set in the middle of a large object. */
  inside: z
    .object({
      from: rowPlaceSchema,
      part: z.int(),
      stamp: z.string(),
      /** Where the object begins in the file. */
      begun: z.object({ chain: z.string(), lines: z.int() }),
    })
    .nullable()
    .default(null),
  chain: z.string(),
  lines: z.int(),
  objects: z.record(z.string(), z.int()),
});
export type BackupPlace = Readonly<z.output<typeof placeSchema>>;

export function placeText(place: BackupPlace): string {
  return btoa(JSON.stringify(place)).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}

const base64 = z.string().transform((text, context) => {
  try {
    return atob(text.replaceAll("-", "+").replaceAll("_", "/"));
  } catch {
    context.addIssue({ code: "custom", message: "is not a place in a backup" });
    return z.NEVER;
  }
});
const placeTextSchema = base64.pipe(jsonText).pipe(placeSchema);

/** Null for a text that `placeText` did not make. */
export function readPlace(text: string): BackupPlace | null {
  return placeTextSchema.safeParse(text).data ?? null;
}
