/**
 * Whether a room has named an admission as given back before its time.
 */
import type { RoomSnapshot } from "../domain/room/snapshot.ts";

/** By snapshot, so that a long list is not searched for every request. */
const revokedSets = new WeakMap<RoomSnapshot, ReadonlySet<string>>();

export function isRevoked(snapshot: RoomSnapshot, id: string): boolean {
  if (snapshot.revoked === undefined) return false;
  const set = revokedSets.get(snapshot) ?? new Set(snapshot.revoked);
  revokedSets.set(snapshot, set);
  return set.has(id);
}
