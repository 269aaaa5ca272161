/**
 * How a join that lacks its proof goes on: to the page that has the check, and from there back to
 * joining. Nothing is decided here; whether a proof is good is asked when joining.
 */
import type { ProofRefused } from "../../shopper/proof.ts";
import type { Visit } from "../../shopper/visit.ts";
import type { Answer, GateRequest } from "../../web/gate-app.ts";
import { allowFor, sendRefusal } from "../answers.ts";
import { ownPathSchema } from "../forms.ts";
import { partLink, saleLink } from "../parts/links.ts";
import { proofPage, proofPolicy, type JoinDetails, type ProofModel } from "../views/proof.ts";

/** A form without a proof leads to the page that has one, which may be loaded again. */
export function askForProof(
  c: GateRequest,
  visit: Visit,
  details: JoinDetails,
  outcome: ProofRefused,
): Answer {
  switch (outcome.kind) {
    case "proof_required":
      return c.redirect(proofLink(visit.sale.id, details), 303);
    case "proof_invalid":
      return showProofStep(c, visit, details, outcome.reason);
    case "proof_unavailable":
      return sendRefusal(c, visit, { kind: outcome.kind });
  }
}

function proofLink(sale: string, { afresh, general, to }: JoinDetails): string {
  const kept = new URLSearchParams();
  if (afresh) kept.set("afresh", "yes");
  if (general) kept.set("general", "yes");
  if (to !== null) kept.set("to", to);
  return `${partLink(sale, "proof")}${kept.size > 0 ? `?${kept.toString()}` : ""}`;
}

export function showProof(c: GateRequest, visit: Visit): Answer {
  const isYes = (name: string): boolean => c.req.query(name) === "yes";
  const to = ownPathSchema.safeParse(c.req.query("to")).data ?? null;
  const details = { afresh: isYes("afresh"), general: isYes("general"), to };
  return showProofStep(c, visit, details, null);
}

function showProofStep(
  c: GateRequest,
  { sale, seen }: Visit,
  details: JoinDetails,
  refused: ProofModel["refused"],
): Answer {
  const { phase } = seen.snapshot;
  const { protection } = sale;
  // Nothing to prove, or not now: the storefront says what there is to do.
  if (protection.kind === "none" || phase === "scheduled" || phase === "ended") {
    return c.redirect(saleLink(sale.id), 303);
  }
  allowFor(c, proofPolicy(protection));
  const page = proofPage({ sale, protection, details, refused, now: seen.now });
  return c.html(page, refused === null ? 200 : 403);
}
