/**
 * What a gate states of a draw, signed: the counts of a cohort before its draw, the manifest of a
 * closed cohort, and the revealed secret.
 *
 * JWT (RFC 7519), EdDSA with Ed25519 by the key of the admissions. `typ` and `aud` name the kind of
 * statement, `iss` the deployment, `iat` the time of what is stated. No `exp` and no `sub`: it
 * states what was, and permits nothing. The audience has a colon, so it is no sale's id.
 * Signing is deterministic. The room keeps the signature with the key that verifies it, so that it
 * stays the same, and can be checked, when the deployment's keys are rotated.
 */
import { SignJWT } from "jose";
import { z } from "zod";
import type { Keys } from "./secrets.ts";

/** The public half of a key that signed a statement, as in the JWKS. */
export const statementKeySchema = z.object({
  kty: z.string(),
  crv: z.string(),
  kid: z.string(),
  x: z.string(),
  alg: z.string(),
  use: z.string(),
});
export type StatementKey = Readonly<z.output<typeof statementKeySchema>>;

const KINDS = {
  counts: { typ: "sluice-counts+jwt", aud: "sluice:counts" },
  manifest: { typ: "sluice-manifest+jwt", aud: "sluice:manifest" },
  secret: { typ: "sluice-secret+jwt", aud: "sluice:secret" },
} as const;

export interface SignedStatement {
  readonly signature: string;
  readonly key: StatementKey;
}

/**
 * @param claims the statement; its names must not be those of registered claims
 * @param at_ms the time of what is stated
 */
export async function signStatement(
  keys: Keys,
  issuer: string,
  kind: keyof typeof KINDS,
  claims: Readonly<Record<string, unknown>>,
  at_ms: number,
): Promise<SignedStatement> {
  const { kid, key } = keys.admissionSigner;
  const { typ, aud } = KINDS[kind];
  const signature = await new SignJWT({ ...claims })
    .setProtectedHeader({ alg: "EdDSA", typ, kid })
    .setIssuer(issuer)
    .setAudience(aud)
    .setIssuedAt(Math.floor(at_ms / 1000))
    .sign(key);
  const published = keys.admissionJwks.keys.find((jwk) => jwk.kid === kid);
  return { signature, key: statementKeySchema.parse(published) };
}
