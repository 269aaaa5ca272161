/** Admissions that ended before their tokens: which the snapshot names, and how many. */
import { expect, test } from "vitest";
import { REVOKED_KEPT_MAX } from "../../../src/domain/limits.ts";
import {
  revoke,
  revokedIds,
  revokedSchema,
  type Revoked,
} from "../../../src/domain/room/revoked.ts";

const NOW = 1_000_000;

/** Of tokens that end one millisecond after the other; `adm_0` is the first to end. */
function revokedIn(order: readonly number[]): Revoked {
  return order.reduce<Revoked>((list, nth) => {
    return revoke(list, { id: `adm_${nth}`, expiresAt_ms: NOW + 1 + nth }, NOW);
  }, []);
}

const LIMIT = Array.from({ length: REVOKED_KEPT_MAX }, (_, nth) => nth);

test("as many as the limit are all named, and survive being stored", () => {
  expect(REVOKED_KEPT_MAX).toBe(500);
  const list = revokedIn(LIMIT);
  expect(new Set(revokedIds(list, NOW))).toEqual(new Set(LIMIT.map((nth) => `adm_${nth}`)));
  expect(revokedSchema.parse(JSON.parse(JSON.stringify(list)))).toEqual(list);
});

test.each([
  ["last", [...LIMIT, REVOKED_KEPT_MAX]],
  ["first", [REVOKED_KEPT_MAX, ...LIMIT]],
])("one more forgets the one whose token ends first; the longest came %s", (_, order) => {
  const ids = revokedIds(revokedIn(order), NOW);
  expect(ids).toHaveLength(REVOKED_KEPT_MAX);
  expect(ids).not.toContain("adm_0");
  expect(ids).toContain("adm_1");
  expect(ids).toContain(`adm_${REVOKED_KEPT_MAX}`);
});

test("who is over by itself is not named, and makes room", () => {
  const full = revokedIn(LIMIT);
  expect(revoke(full, { id: "late", expiresAt_ms: NOW }, NOW)).toBe(full);
  expect(revokedIds(full, NOW + REVOKED_KEPT_MAX)).toEqual([]);
  const half_ms = NOW + REVOKED_KEPT_MAX / 2;
  const later = revoke(full, { id: "new", expiresAt_ms: half_ms + 1 }, half_ms);
  expect(later).toHaveLength(REVOKED_KEPT_MAX / 2 + 1);
});

test("the same one twice is named once, until its longer token ends", () => {
  const twice = revoke(revokedIn([0]), { id: "adm_0", expiresAt_ms: NOW + 60 }, NOW);
  expect(twice).toEqual([{ id: "adm_0", until_ms: NOW + 60 }]);
});
