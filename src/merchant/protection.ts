/**
 * Whether the deployment can check what a sale would ask of its shoppers. A sale that it cannot
 * check would let nobody in, so its merchant is told when the document comes.
 */
import type { Protection } from "../domain/sale/protection.ts";
import { readTurnstileSettings } from "../proofs/turnstile.ts";
import type { Keys } from "../tokens/secrets.ts";

export type ProtectionKeys = Pick<Keys, "proofSecrets">;

/** The name of the setting that is missing or unusable; null when nothing is. */
export function settingLacking(
  env: GateEnv,
  { proofSecrets }: ProtectionKeys,
  protection: Protection,
): string | null {
  switch (protection.kind) {
    case "none":
      return null;
    case "altcha":
      return proofSecrets.length > 0 ? null : "PROOF_KEYS";
    case "turnstile": {
      const settings = readTurnstileSettings(env);
      return settings.kind === "ready" ? null : settings.what;
    }
  }
}
