/**
 * What anyone may check the draw with: the commitment before, manifests during, the secret after.
 */
import type { CohortManifest } from "../domain/line/cohort.ts";
import { laneIn } from "../domain/room/standing.ts";
import type { StatementKey } from "../tokens/draw-statements.ts";
import { hasEnd } from "../domain/sale/schedule.ts";
import { roomOf, type RoomAnswer } from "../platform/objects.ts";
import { withTimeout } from "../platform/with-timeout.ts";
import type { SaleContext } from "./visit.ts";

export type ManifestOutcome =
  | { readonly kind: "manifest"; readonly manifest: CohortManifest }
  | { readonly kind: "cohort_not_found" | "room_unavailable" };

export async function askManifest(
  { gate, sale, seen }: SaleContext,
  lane: string,
  k: number,
): Promise<ManifestOutcome> {
  const closed = laneIn(seen.snapshot, lane)?.closed ?? 0;
  if (k >= closed) return { kind: "cohort_not_found" };
  const manifest = await gate.snapshots.manifest(sale.id, lane, k);
  return manifest === null ? { kind: "room_unavailable" } : { kind: "manifest", manifest };
}

export interface Fairness {
  readonly commitment: string;
  /** Lower-case hex; null while it is secret. */
  readonly secret: string | null;
  /** When the secret is to be revealed, as things are now; null once it was. */
  readonly revealsAt_ms: number | null;
  readonly revealedAt_ms: number | null;
  /** Of the secret, see `tokens/draw-statements.ts`; null while it is secret. */
  readonly signature: string | null;
  /** Public keys of the signatures of this sale's draw, also those that sign no more. */
  readonly keys: readonly StatementKey[];
}

type FairnessOutcome =
  | { readonly kind: "fairness"; readonly fairness: Fairness }
  | { readonly kind: "room_unavailable" };

/** Until the secret is due the snapshot answers, without a call of the room. */
export async function askFairness({ gate, sale, seen }: SaleContext): Promise<FairnessOutcome> {
  const { commitment, phase, schedule } = seen.snapshot;
  const planned_ms = hasEnd(schedule) ? schedule.endsAt_ms : null;
  const { revealsAt_ms = planned_ms, revealedAt_ms: known_ms } = seen.snapshot;
  const secret = { secret: null, revealedAt_ms: null, signature: null, keys: [] };
  const known = { commitment, ...secret, revealsAt_ms };
  const isDue = phase === "ended" && seen.now >= (revealsAt_ms ?? Infinity);
  if (!isDue && known_ms === undefined) return { kind: "fairness", fairness: known };
  const room = roomOf(gate.env, sale.id);
  const asked = await withTimeout<RoomAnswer<"fairness">>(room.fairness());
  if (asked?.kind !== "fairness") return { kind: "room_unavailable" };
  const { revealed } = asked;
  if (revealed === null) return { kind: "fairness", fairness: known };
  const { at_ms: revealedAt_ms, signature } = revealed;
  const { secret: told, keys } = asked;
  const published = {
    commitment,
    secret: told,
    revealsAt_ms: null,
    revealedAt_ms,
    signature,
    keys,
  };
  return { kind: "fairness", fairness: published };
}
