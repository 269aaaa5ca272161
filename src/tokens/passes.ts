/**
 * Passes: tokens in which a merchant permits a shopper to join a lane, optionally by name.
 *
 * JWT (RFC 7519) signed by the merchant, `typ: sluice-pass+jwt`, `aud` the sale, `exp` required,
 * `lane` (absent: general), optionally `sub` and a discount `code`. Keys are the gate's PASS_KEYS.
 * Guarantee: each key verifies one algorithm and no other (RFC 8725); without keys every pass is
 * refused. A refusal has a reason, a stable code, for the merchant who signed the pass.
 */
import { errors, jwtVerify } from "jose";
import { z } from "zod";
import { normalizedCode } from "../domain/discounts/rule.ts";
import { PASS_SUBJECT_LENGTH_MAX, TOKEN_LENGTH_MAX } from "../domain/limits.ts";
import type { PassRefusal } from "../domain/line/pass-places.ts";
import { GENERAL_LANE, lanesOf, type Sale } from "../domain/sale/sale.ts";
import { isCompact } from "./compact-form.ts";
import type { Keys } from "./secrets.ts";

export const PASS_TYPE = "sluice-pass+jwt";

const passClaimsSchema = z.object({
  sub: z.string().min(1).max(PASS_SUBJECT_LENGTH_MAX).optional(),
  lane: z.string().default(GENERAL_LANE),
  code: z.string().optional(),
});

export interface Pass {
  readonly lane: string;
  /** The merchant's id of the shopper; null for a pass that any bearer may use. */
  readonly sub: string | null;
  /** A discount code, normalized, for the checkout to fill in; null without one. */
  readonly code: string | null;
}

export type PassOutcome =
  | { readonly kind: "valid"; readonly pass: Pass }
  | { readonly kind: "invalid"; readonly reason: PassRefusal };

function invalid(reason: PassRefusal): PassOutcome {
  return { kind: "invalid", reason };
}

const REFUSALS_BY_CLAIM: Readonly<Record<string, PassRefusal>> = {
  typ: "wrong_type",
  aud: "other_sale",
  nbf: "not_yet_valid",
};

function refusalOf(error: InstanceType<typeof errors.JOSEError>): PassRefusal {
  if (error instanceof errors.JWTExpired) return "expired";
  if (error instanceof errors.JOSEAlgNotAllowed) return "wrong_algorithm";
  if (error instanceof errors.JWKSNoMatchingKey) return "unknown_key";
  if (error instanceof errors.JWSSignatureVerificationFailed) return "bad_signature";
  if (error instanceof errors.JWTClaimValidationFailed) {
    if (error.claim === "exp" && error.reason === "missing") return "no_expiry";
    return REFUSALS_BY_CLAIM[error.claim] ?? "malformed";
  }
  return "malformed";
}

export async function verifyPass(
  keys: Keys,
  sale: Sale,
  token: string,
  now: number,
): Promise<PassOutcome> {
  if (token.length > TOKEN_LENGTH_MAX) return invalid("malformed");
  try {
    const { payload } = await jwtVerify(
      token,
      ({ kid, alg }) => {
        const known = keys.passVerifiers.get(kid ?? "");
        if (known === undefined) throw new errors.JWKSNoMatchingKey();
        if (known.alg !== alg) throw new errors.JOSEAlgNotAllowed();
        return known.key;
      },
      {
        algorithms: ["HS256", "EdDSA", "ES256"],
        typ: PASS_TYPE,
        audience: sale.id,
        requiredClaims: ["exp"],
        currentDate: new Date(now),
      },
    );
    const claims = passClaimsSchema.safeParse(payload);
    if (!claims.success || !isCompact(token)) return invalid("malformed");
    const { sub, lane, code: typed } = claims.data;
    const code = typed === undefined ? null : normalizedCode(typed);
    if (typed !== undefined && code === null) return invalid("malformed");
    if (!lanesOf(sale).some(({ id }) => id === lane)) return invalid("unknown_lane");
    return { kind: "valid", pass: { lane, sub: sub ?? null, code } };
  } catch (error) {
    if (error instanceof errors.JOSEError) return invalid(refusalOf(error));
    throw error;
  }
}
