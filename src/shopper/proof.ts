/**
 * The proof that a sale may ask for before it gives a place: where its challenge comes from, and
 * whether one that was brought is good.
 *
 * Guarantee: a good proof names a subject of its own, and the same proof always the same, so each
 * proof is given one place. While the deployment's own secret is missing or wrong nobody is let
 * past, and the operator's log names it.
 */
import {
  altchaWorkOf,
  proofSubjectOf,
  type ChallengesAsked,
  type Protection,
  type ProofRefusal,
} from "../domain/sale/protection.ts";
import type { Sale } from "../domain/sale/sale.ts";
import { log } from "../platform/log.ts";
import { makeAltchaChallenge, verifyAltchaProof, type AltchaChallenge } from "../proofs/altcha.ts";
import { verifyTurnstileToken } from "../proofs/turnstile.ts";
import type { SaleContext, Visit } from "./visit.ts";

export type ProofKind = Exclude<Protection["kind"], "none">;

/** It could not be checked: the deployment lacks a secret, or Turnstile does not answer. */
type ProofUnavailable = { readonly kind: "proof_unavailable"; readonly by: ProofKind };

export type ProofRefused =
  | { readonly kind: "proof_required"; readonly by: ProofKind }
  | { readonly kind: "proof_invalid"; readonly by: ProofKind; readonly reason: ProofRefusal }
  | ProofUnavailable;

export type ProofOutcome =
  | { readonly kind: "not_asked" }
  | { readonly kind: "proven"; readonly by: ProofKind; readonly subject: string }
  | ProofRefused;

/** Precedence: not_asked, proof_required, proof_unavailable, proof_invalid, proven. */
export async function checkProof(
  { gate, sale, caller }: Visit,
  proof: string | null,
): Promise<ProofOutcome> {
  const { protection } = sale;
  if (protection.kind === "none") return { kind: "not_asked" };
  const by = protection.kind;
  if (proof === null || proof === "") return { kind: "proof_required", by };
  if (by === "altcha") {
    const { proofSecrets } = gate.keys;
    if (proofSecrets.length === 0) return unavailable(sale, by, "PROOF_KEYS");
    const checked = await verifyAltchaProof(proofSecrets, sale.id, proof, gate.now);
    if (checked.kind === "refused") return { kind: "proof_invalid", by, reason: checked.reason };
    return { kind: "proven", by, subject: proofSubjectOf(checked.fingerprint) };
  }
  const { address, host } = caller;
  const question = { sale: sale.id, protection, token: proof, address, host };
  const checked = await verifyTurnstileToken(gate.env, question);
  switch (checked.kind) {
    case "proven":
      return { kind: "proven", by, subject: proofSubjectOf(checked.fingerprint) };
    case "refused":
      return { kind: "proof_invalid", by, reason: checked.reason };
    case "not_configured":
      return unavailable(sale, by, checked.what);
    case "unavailable": {
      const { why, fingerprint } = checked;
      const { onUnavailable } = protection;
      log.error("proofs", "turnstile_silent", { sale: sale.id, why, onUnavailable });
      if (onUnavailable === "refuse") return { kind: "proof_unavailable", by };
      return { kind: "proven", by, subject: proofSubjectOf(fingerprint) };
    }
  }
}

function unavailable(sale: Sale, by: ProofKind, missing: string): ProofUnavailable {
  log.error("proofs", "not_configured", { sale: sale.id, missing });
  return { kind: "proof_unavailable", by };
}

export type ChallengeOutcome =
  | { readonly kind: "challenge"; readonly challenge: AltchaChallenge }
  /** The sale asks for no proof of work; Turnstile makes its own challenges. */
  | { readonly kind: "challenge_not_found" }
  | { readonly kind: "sale_not_open"; readonly opensAt_ms: number }
  | { readonly kind: "sale_over" }
  | ProofUnavailable;

/**
 * Precedence: challenge_not_found, the phase, the secret.
 * @param asked how often this network has asked lately
 */
export async function askChallenge(
  { gate, sale, seen }: SaleContext,
  asked: ChallengesAsked,
): Promise<ChallengeOutcome> {
  if (sale.protection.kind !== "altcha") return { kind: "challenge_not_found" };
  const { phase, schedule } = seen.snapshot;
  if (phase === "scheduled") return { kind: "sale_not_open", opensAt_ms: schedule.opensAt_ms };
  if (phase === "ended") return { kind: "sale_over" };
  const [secret] = gate.keys.proofSecrets;
  if (secret === undefined) return unavailable(sale, "altcha", "PROOF_KEYS");
  const { expiresSeconds } = sale.protection;
  const asking = { work: altchaWorkOf(sale.protection, asked), expiresSeconds };
  const challenge = await makeAltchaChallenge(secret, sale.id, asking, gate.now);
  return { kind: "challenge", challenge };
}
