/**
 * What anyone may check the draw with: the commitment before, counts and manifests during, the
 * secret after.
 */
import type { BeaconChain } from "../domain/line/beacon.ts";
import type { CohortManifest } from "../domain/line/cohort.ts";
import type { SignedCounts } from "../domain/room/snapshot.ts";
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

export type CountsOutcome =
  | { readonly kind: "counts"; readonly counts: SignedCounts }
  | Exclude<ManifestOutcome, { readonly kind: "manifest" }>;

/** The counts that a cohort was drawn with or is to be: known before the round that decides. */
export async function askCounts(
  context: SaleContext,
  lane: string,
  k: number,
): Promise<CountsOutcome> {
  const waiting = laneIn(context.seen.snapshot, lane)?.counted;
  if (waiting?.k === k) return { kind: "counts", counts: waiting };
  const outcome = await askManifest(context, lane, k);
  if (outcome.kind !== "manifest") return outcome;
  const { draw, sale, base, counts } = outcome.manifest;
  // It was drawn without a beacon, or has no places to draw.
  if (draw === undefined) return { kind: "cohort_not_found" };
  const { countedAt, chain, round, countsSignature: signature } = draw;
  const cohort = { sale, lane, k, base, counts, countedAt, chain, round };
  return { kind: "counts", counts: { ...cohort, signature } };
}

export interface Fairness {
  readonly commitment: string;
  /** Null: the secret alone decides. */
  readonly beacon: BeaconChain | null;
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
  const { commitment, phase, schedule, beacon = null } = seen.snapshot;
  const planned_ms = hasEnd(schedule) ? schedule.endsAt_ms : null;
  const { revealsAt_ms = planned_ms, revealedAt_ms: known_ms } = seen.snapshot;
  const secret = { secret: null, revealedAt_ms: null, signature: null, keys: [] };
  const known = { commitment, beacon, ...secret, revealsAt_ms };
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
    beacon,
    secret: told,
    revealsAt_ms: null,
    revealedAt_ms,
    signature,
    keys,
  };
  return { kind: "fairness", fairness: published };
}
