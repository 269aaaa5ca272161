/**
 * What anyone may check the draw with: the commitment before, manifests during, the secret after.
 */
import type { CohortManifest } from "../domain/line/cohort.ts";
import { laneIn } from "../domain/room/standing.ts";
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

type FairnessOutcome =
  | { readonly kind: "fairness"; readonly commitment: string; readonly secret: string | null }
  | { readonly kind: "room_unavailable" };

export async function askFairness({ gate, sale, seen }: SaleContext): Promise<FairnessOutcome> {
  const { commitment, phase } = seen.snapshot;
  if (phase !== "ended") return { kind: "fairness", commitment, secret: null };
  const metrics = await withTimeout<RoomAnswer<"metrics">>(roomOf(gate.env, sale.id).metrics());
  if (metrics?.kind !== "metrics") return { kind: "room_unavailable" };
  return { kind: "fairness", commitment, secret: metrics.secret };
}
