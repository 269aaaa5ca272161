/**
 * What anyone may check the draw with: the commitment before, manifests during, the secret after.
 */
import type { CohortManifest } from "../domain/cohort.ts";
import { roomOf, saleOf, type GateContext } from "./visit.ts";

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
  const closed = found.seen.snapshot.lanes[lane]?.closed ?? 0;
  if (k >= closed) return { kind: "cohort_not_found" };
  try {
    const manifest = await context.snapshots.manifest(sale, lane, k);
    return manifest === null ? { kind: "cohort_not_found" } : { kind: "manifest", manifest };
  } catch {
    return { kind: "room_unavailable" };
  }
}

export type FairnessOutcome =
  | { readonly kind: "fairness"; readonly commitment: string; readonly secret: string | null }
  | NoSale;

export async function askFairness(context: GateContext, sale: string): Promise<FairnessOutcome> {
  const found = await saleOf(context, sale);
  if (found.kind !== "sale") return found;
  const { commitment, phase } = found.seen.snapshot;
  if (phase !== "ended") return { kind: "fairness", commitment, secret: null };
  const figures = await roomOf(context.env, sale)
    .figures()
    .catch(() => null);
  if (figures?.kind !== "figures") return { kind: "room_unavailable" };
  return { kind: "fairness", commitment, secret: figures.secret };
}
