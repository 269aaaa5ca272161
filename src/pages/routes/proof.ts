/**
 * How a join that lacks its proof goes on: to the page that has the check, and from there back to
 * joining. Nothing is decided here; whether a proof is good is asked when joining.
 */
import { visitOf } from "../../shopper/visit.ts";
import type { ProofRefused } from "../../shopper/proof.ts";
import { carriedOf, type GateRequest } from "../../web/gate-app.ts";
import { allowFor, retryAfter_s, sendNotice, sendUnreachable } from "../answers.ts";
import { ownPathSchema } from "../forms.ts";
import { partLink, saleLink } from "../parts/links.ts";
import { proofPage, proofPolicy, type JoinDetails, type ProofModel } from "../views/proof.ts";

/** A form without a proof leads to the page that has one, which may be loaded again. */
export async function askForProof(
  c: GateRequest,
  id: string,
  details: JoinDetails,
  outcome: ProofRefused,
): Promise<Response> {
  switch (outcome.kind) {
    case "proof_required":
      return c.redirect(proofLink(id, details), 303);
    case "proof_invalid":
      return showProofStep(c, id, details, outcome.reason);
    case "proof_unavailable":
      return sendNotice(c, { kind: outcome.kind, sale: id, retry_s: retryAfter_s(c) });
  }
}

function proofLink(sale: string, { afresh, general, to }: JoinDetails): string {
  const kept = new URLSearchParams();
  if (afresh) kept.set("afresh", "yes");
  if (general) kept.set("general", "yes");
  if (to !== null) kept.set("to", to);
  return `${partLink(sale, "proof")}${kept.size > 0 ? `?${kept.toString()}` : ""}`;
}

export function showProof(c: GateRequest, id: string): Promise<Response> {
  const isYes = (name: string): boolean => c.req.query(name) === "yes";
  const to = ownPathSchema.safeParse(c.req.query("to")).data ?? null;
  const details = { afresh: isYes("afresh"), general: isYes("general"), to };
  return showProofStep(c, id, details, null);
}

async function showProofStep(
  c: GateRequest,
  id: string,
  details: JoinDetails,
  refused: ProofModel["refused"],
): Promise<Response> {
  const found = await visitOf(c.get("gate"), id, carriedOf(c, id));
  if (found.kind !== "visit") return sendUnreachable(c, found);
  const { sale, seen } = found.visit;
  const { phase } = seen.snapshot;
  const { protection } = sale;
  // Nothing to prove, or not now: the storefront says what there is to do.
  if (protection.kind === "none" || phase === "scheduled" || phase === "ended") {
    return c.redirect(saleLink(id), 303);
  }
  allowFor(c, proofPolicy(protection));
  const page = proofPage({ sale, protection, details, refused, now: seen.now });
  return c.html(page, refused === null ? 200 : 403);
}
