/**
 * Fetches everything that is published about a draw, and the gate's answer for each ticket.
 *
 * Guarantee: each ticket's rank is read before the manifests, so a ticket with a rank must have its
 * manifest. Nothing is judged here; `checks.ts` does that.
 */
import { z } from "zod";
import { claimsOf } from "../../simulation/drill/fairness.ts";
import {
  fairnessSchema,
  type Fairness,
  type Manifest,
  type PublishedKey,
  type TicketClaims,
} from "../../simulation/crowd/gate-answers.ts";
import { readKeys } from "../../simulation/drill/collect.ts";
import type { GateClient } from "../../simulation/crowd/gate-client.ts";
import { failed, askAgain } from "../../simulation/crowd/ask-again.ts";
import { readReceipt, type ReceiptReading } from "./receipts.ts";

/** The gate's answer for a ticket: its rank, null while it has none, or the code of a refusal. */
export type RankAnswer =
  | { readonly kind: "rank"; readonly rank: number | null }
  | { readonly kind: "refused"; readonly code: string };

export interface TicketEvidence {
  readonly claims: TicketClaims;
  readonly answer: RankAnswer;
}

export interface LaneEvidence {
  readonly lane: string;
  /** The manifests of cohorts 0, 1, 2 … in this order. */
  readonly manifests: readonly Manifest[];
}

export interface DrawEvidence {
  readonly sale: string;
  readonly phase: string;
  /** How the sale orders its line; a gate before it was shown does not say. */
  readonly method?: string | undefined;
  /** Chains that the reader accepts as beacons, by their hashes. */
  readonly accepted?: readonly string[];
  /** Signed counts that the reader kept. */
  readonly counts?: readonly string[];
  readonly fairness: Fairness;
  /** The commitment in the public sale, which is another route. */
  readonly saleCommitment: string;
  readonly lanes: readonly LaneEvidence[];
  readonly tickets: readonly TicketEvidence[];
  readonly receipts: readonly ReceiptReading[];
  /** Every public key that the gate shows: of its JWKS, and of the fairness document. */
  readonly keys: readonly PublishedKey[];
}

export type Collected =
  | { readonly kind: "collected"; readonly evidence: DrawEvidence }
  | { readonly kind: "no_such_sale" };

const saleSchema = z.object({
  phase: z.string(),
  lanes: z.array(z.string()),
  method: z.string().optional(),
  fairness: fairnessSchema.pick({ commitment: true }),
});

const MANIFESTS_AT_ONCE = 16;

/** The tokens to be checked. */
export interface GivenTokens {
  readonly tickets: readonly string[];
  readonly receipts: readonly string[];
}

/** @param show displays the progress */
export async function collectDraw(
  gate: GateClient,
  sale: string,
  { tickets, receipts }: GivenTokens,
  show: (what: string) => void,
): Promise<Collected> {
  const path = `/_sluice/v1/sales/${sale}`;
  const call = { method: "GET", route: "GET /sales/{sale}", path, schema: saleSchema } as const;
  const seen = await askAgain(() => gate.ask(call));
  if (seen.kind === "refused" && seen.code === "sale_not_found") return { kind: "no_such_sale" };
  if (seen.kind !== "answered") throw failed("reading the sale", seen);
  const fairness = await askAgain(() => gate.shopper.fairness(sale));
  if (fairness.kind !== "answered") throw failed("reading the commitment", fairness);
  const checked: TicketEvidence[] = [];
  for (const token of tickets) {
    show(`Reading ticket ${checked.length + 1} of ${tickets.length}`);
    checked.push(await askTicket(gate, sale, token));
  }
  const read = await readReceipts(gate, receipts);
  const lanesOfReceipts = read.flatMap((receipt) => {
    const place = receipt.kind === "verified" ? receipt.claims.place : null;
    return place === null ? [] : [place.lane];
  });
  const lanesOfTickets = checked.map(({ claims }) => claims.lane);
  const names = new Set([...seen.body.lanes, ...lanesOfTickets, ...lanesOfReceipts]);
  const lanes: LaneEvidence[] = [];
  for (const lane of names) {
    lanes.push({ lane, manifests: await readManifests(gate, sale, lane, show) });
  }
  const { phase, method, fairness: shown } = seen.body;
  const saleCommitment = shown.commitment;
  const evidence = {
    sale,
    phase,
    method,
    fairness: fairness.body,
    saleCommitment,
    lanes,
    tickets: checked,
    receipts: read,
    keys: [...(await readKeys(gate)), ...(fairness.body.keys ?? [])],
  };
  return { kind: "collected", evidence };
}

const keysSchema = z.object({ keys: z.array(z.looseObject({ kty: z.string() })) });

async function readReceipts(
  gate: GateClient,
  receipts: readonly string[],
): Promise<ReceiptReading[]> {
  if (receipts.length === 0) return [];
  const path = "/_sluice/.well-known/jwks.json";
  const call = { method: "GET", route: "GET /jwks.json", path, schema: keysSchema } as const;
  const keys = await askAgain(() => gate.ask(call));
  if (keys.kind !== "answered") throw failed("reading the gate's keys", keys);
  return Promise.all(receipts.map((token) => readReceipt(token, keys.body)));
}

async function askTicket(gate: GateClient, sale: string, token: string): Promise<TicketEvidence> {
  const claims = claimsOf(token);
  if (claims === null) throw new TypeError("the ticket was not checked before");
  const answer = await askAgain(() => gate.shopper.standing(sale, { ticket: token }));
  if (answer.kind === "answered") {
    return { claims, answer: { kind: "rank", rank: answer.body.rank } };
  }
  if (answer.kind === "refused" && answer.code === "ticket_invalid") {
    return { claims, answer: { kind: "refused", code: answer.code } };
  }
  throw failed("reading the status of a ticket", answer);
}

/** Cohorts are numbered without gaps, so the first missing one is the end. */
async function readManifests(
  gate: GateClient,
  sale: string,
  lane: string,
  show: (what: string) => void,
): Promise<Manifest[]> {
  const manifests: Manifest[] = [];
  for (;;) {
    show(`Reading the cohorts of lane ${lane}, ${manifests.length} so far`);
    const answers = await Promise.all(
      Array.from({ length: MANIFESTS_AT_ONCE }, (_, index) => {
        return askAgain(() => gate.shopper.cohort(sale, lane, manifests.length + index));
      }),
    );
    for (const answer of answers) {
      if (answer.kind === "refused" && answer.code === "cohort_not_found") return manifests;
      if (answer.kind !== "answered") throw failed(`reading the cohorts of lane ${lane}`, answer);
      manifests.push(answer.body);
    }
  }
}
