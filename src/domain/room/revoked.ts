/**
 * Admissions that ended before their tokens did: left, spent or revoked by the origin. A token
 * cannot be unsigned, so the room's snapshot names them, and gates reject their tokens.
 *
 * Guarantee: a list of at most `REVOKED_KEPT_MAX`; what has expired by itself is not in it. Weak:
 * past that many at a time the one that expires first is forgotten, and a copy of its token is good
 * until then.
 */
import { z } from "zod";
import type { AdmissionRecord } from "./admission.ts";
import { REVOKED_KEPT_MAX } from "../limits.ts";

export const revokedSchema = z
  .array(z.object({ id: z.string(), until_ms: z.number() }))
  .readonly()
  .default([]);

export type Revoked = Readonly<z.output<typeof revokedSchema>>;

export function revoke(
  revoked: Revoked,
  { id, expiresAt_ms }: Pick<AdmissionRecord, "id" | "expiresAt_ms">,
  now: number,
): Revoked {
  if (expiresAt_ms <= now) return revoked;
  const others = revoked.filter((item) => item.until_ms > now && item.id !== id);
  return [...others, { id, until_ms: expiresAt_ms }]
    .toSorted((a, b) => b.until_ms - a.until_ms)
    .slice(0, REVOKED_KEPT_MAX);
}

/** The ids that a snapshot names. */
export function revokedIds(revoked: Revoked, now: number): string[] {
  return revoked.filter(({ until_ms }) => until_ms > now).map(({ id }) => id);
}
