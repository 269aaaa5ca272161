/**
 * Receipts: signed statements that an order came from a place in line.
 *
 * JWT (RFC 7519), EdDSA with Ed25519 by the key of the admissions, so anybody verifies them with
 * the JWKS. `typ: sluice-receipt+jwt`, `iss` the deployment, `aud` an audience that no sale can be,
 * `iat` when the order was confirmed. Never expires: it states what was, and permits nothing.
 * Signing is deterministic: while the key is the same, so is the receipt of an order.
 *
 * Guarantee: type, algorithm and audience are pinned (RFC 8725), so no admission, pass or ticket is
 * a receipt. Nor is a receipt an admission, even for a server that checks no type, because its
 * audience is no sale's id (that has no colon) and it has no `exp` and no `sub`.
 */
import { errors, jwtVerify, SignJWT } from "jose";
import { RECEIPT_LENGTH_MAX } from "../domain/limits.ts";
import { receiptSchema, type Receipt, type ReceiptRefusal } from "../domain/order/receipt.ts";
import { isCompact } from "./compact-form.ts";
import type { Keys } from "./secrets.ts";

const RECEIPT_TYPE = "sluice-receipt+jwt";
const RECEIPT_AUDIENCE = "sluice:receipt";

export type ReceiptOutcome =
  | { readonly kind: "valid"; readonly receipt: Receipt }
  | { readonly kind: "invalid"; readonly reason: ReceiptRefusal };

export async function signReceipt(keys: Keys, issuer: string, receipt: Receipt): Promise<string> {
  const { kid, key } = keys.admissionSigner;
  return new SignJWT({ ...receipt })
    .setProtectedHeader({ alg: "EdDSA", typ: RECEIPT_TYPE, kid })
    .setIssuer(issuer)
    .setAudience(RECEIPT_AUDIENCE)
    .setIssuedAt(receipt.times.confirmed)
    .sign(key);
}

const REFUSALS_BY_CLAIM: Readonly<Record<string, ReceiptRefusal>> = {
  typ: "wrong_type",
  aud: "wrong_type",
  iss: "other_issuer",
};

function refusalOf(error: InstanceType<typeof errors.JOSEError>): ReceiptRefusal {
  if (error instanceof errors.JOSEAlgNotAllowed) return "wrong_type";
  if (error instanceof errors.JWKSNoMatchingKey) return "unknown_key";
  if (error instanceof errors.JWSSignatureVerificationFailed) return "bad_signature";
  if (error instanceof errors.JWTClaimValidationFailed) {
    return REFUSALS_BY_CLAIM[error.claim] ?? "malformed";
  }
  return "malformed";
}

export async function verifyReceipt(
  keys: Keys,
  issuer: string,
  token: string,
): Promise<ReceiptOutcome> {
  if (token.length > RECEIPT_LENGTH_MAX) return { kind: "invalid", reason: "malformed" };
  try {
    const { payload } = await jwtVerify(
      token,
      ({ kid }) => {
        const key = keys.admissionVerifiers.get(kid ?? "");
        if (key === undefined) throw new errors.JWKSNoMatchingKey();
        return key;
      },
      { algorithms: ["EdDSA"], typ: RECEIPT_TYPE, audience: RECEIPT_AUDIENCE, issuer },
    );
    const receipt = receiptSchema.safeParse(payload);
    if (!receipt.success || !isCompact(token)) return { kind: "invalid", reason: "malformed" };
    return { kind: "valid", receipt: receipt.data };
  } catch (error) {
    if (error instanceof errors.JOSEError) return { kind: "invalid", reason: refusalOf(error) };
    throw error;
  }
}
