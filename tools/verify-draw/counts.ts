/**
 * Signed counts that a reader kept before the round of a draw was made, compared with what the gate
 * publishes now: the evidence that the operator did not choose the counts afterwards.
 *
 * Guarantee: counts that are not signed by the gate prove nothing against it, and are refused.
 */
import { isDeepStrictEqual } from "node:util";
import { z } from "zod";
import { parseJson } from "../../src/encoding/json.ts";
import type { Manifest, PublishedKey } from "../../simulation/crowd/gate-answers.ts";
import { signatureFault } from "../../simulation/drill/statements.ts";
import { agrees, broken, open, type Finding } from "./finding.ts";

const count = z.int().min(0);
const countsSchema = z.object({
  sale: z.string(),
  lane: z.string(),
  k: count,
  base: count,
  counts: z.array(count),
  countedAt: z.string(),
  chain: z.string(),
  round: count,
});
type Counts = z.output<typeof countsSchema>;

/** What a statement says, before its signature is verified; null when it is none. */
export function readCounts(token: string): Counts | null {
  const [, payload = ""] = token.split(".");
  const json = parseJson(Buffer.from(payload, "base64url").toString("utf8"));
  return countsSchema.safeParse(json).data ?? null;
}

interface Published {
  readonly sale: string;
  readonly lanes: readonly { readonly lane: string; readonly manifests: readonly Manifest[] }[];
  readonly keys: readonly PublishedKey[];
}

export function checkKeptCounts(
  { sale, lanes, keys }: Published,
  token: string,
  nth: number,
): Finding {
  const what = `counts ${nth}`;
  const kept = readCounts(token);
  if (kept === null) return broken(what, "this is no statement of counts");
  const fault = signatureFault(token, "counts", kept, keys);
  if (fault !== null) return broken(what, fault);
  if (kept.sale !== sale) return broken(what, `they are of sale ${kept.sale}`);
  const { lane, k } = kept;
  const place = `lane ${lane}, cohort ${k}, signed at ${kept.countedAt} for round ${kept.round}`;
  const manifest = lanes.find((item) => item.lane === lane)?.manifests[k];
  if (manifest === undefined) return open(what, `${place}: not drawn yet`);
  const { base, counts, draw } = manifest;
  const { countedAt, chain, round } = draw ?? {};
  if (isDeepStrictEqual(kept, { sale, lane, k, base, counts, countedAt, chain, round })) {
    return agrees(what, `${place}: drawn with them, as you kept them`);
  }
  return broken(what, `${place}: the gate drew with others. Keep both: it signed both`);
}
