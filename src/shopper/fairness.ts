/**
 * What anyone may check the draw with: the commitment before, manifests during, the secret after.
 */
import type { CohortManifest } from "../domain/line/cohort.ts";
import { laneIn } from "../domain/room/standing.ts";
import { roomOf, type RoomAnswer } from "../platform/objects.ts";
import { withTimeout } from "../platform/with-timeout.ts";
import { saleOf, type GateContext } from "./visit.ts";

type NoSale = { readonly kind: "sale_not_found" } | { readonly kind: "room_unavailable" };

export type ManifestOutcome =
  | { readonly kind: "manifest"; readonly manifest: CohortManifest }
  | { readonly kind: "cohort_not_found" }
  | NoSale;

export async function askManifest(
  context: GateContext,
  sale: string,
  lane: string,
  k: number,
): Promise<ManifestOutcome> {
  const found = await saleOf(context, sale);
  if (found.kind !== "sale") return found;
  const closed = laneIn(found.seen.snapshot, lane)?.closed ?? 0;
  if (k >= closed) return { kind: "cohort_not_found" };
  const manifest = await context.snapshots.manifest(sale, lane, k);
  return manifest === null ? { kind: "room_unavailable" } : { kind: "manifest", manifest };
}

export type FairnessOutcome =
  | { readonly kind: "fairness"; readonly commitment: string; readonly secret: string | null }
  | NoSale;

export async function askFairness(context: GateContext, sale: string): Promise<FairnessOutcome> {
  const found = await saleOf(context, sale);
  if (found.kind !== "sale") return found;
  const { commitment, phase } = found.seen.snapshot;
  if (phase !== "ended") return { kind: "fairness", commitment, secret: null };
  const metrics = await withTimeout<RoomAnswer<"metrics">>(roomOf(context.env, sale).metrics());
  if (metrics?.kind !== "metrics") return { kind: "room_unavailable" };
  return { kind: "fairness", commitment, secret: metrics.secret };
}
