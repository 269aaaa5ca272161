/**
 * Draws a fresh set of the gate's secrets: the key sets in the form the gate reads them, and the
 * merchant's token. Shared by `npm run keys` and by the local host.
 *
 * Guarantee: every value comes from the system's random source and each key has one purpose and
 * its own `kid`. It knows nothing of where the secrets are kept.
 */
import { generateKeyPairSync, randomBytes } from "node:crypto";

/** The values of the gate's secrets, by the names in wrangler.toml. */
export type GateSecrets = {
  readonly TICKET_KEYS: string;
  readonly ADMISSION_KEYS: string;
  /** Shared with whoever signs passes; may be replaced by the merchant's public keys. */
  readonly PASS_KEYS: string;
  /** The secrets of webhook endpoints are made from it; the orders Worker needs the same. */
  readonly WEBHOOK_KEYS: string;
  readonly ADMIN_TOKEN: string;
};

export function generateGateSecrets(): GateSecrets {
  return {
    TICKET_KEYS: JSON.stringify({ keys: [generateSharedKey()] }),
    ADMISSION_KEYS: JSON.stringify({ keys: [generateAdmissionKey()] }),
    PASS_KEYS: JSON.stringify({ keys: [generateSharedKey()] }),
    WEBHOOK_KEYS: JSON.stringify({ keys: [generateSharedKey()] }),
    ADMIN_TOKEN: randomBytes(32).toString("base64url"),
  };
}

/** A JWK (RFC 7517) for HS256, 32 bytes as RFC 7518 section 3.2 asks. */
function generateSharedKey() {
  const k = randomBytes(32).toString("base64url");
  return { kty: "oct", kid: generateKeyId(), alg: "HS256", use: "sig", k };
}

/** A private Ed25519 JWK (RFC 8037). */
function generateAdmissionKey() {
  const { privateKey } = generateKeyPairSync("ed25519");
  const jwk = privateKey.export({ format: "jwk" });
  return {
    kty: "OKP",
    kid: generateKeyId(),
    alg: "EdDSA",
    use: "sig",
    crv: "Ed25519",
    x: jwk.x,
    d: jwk.d,
  };
}

/** Random rather than a thumbprint: a `kid` is public and must say nothing about an HMAC key. */
function generateKeyId(): string {
  return randomBytes(9).toString("base64url");
}
