/**
 * Draws a fresh set of the gate's secrets: the key sets in the form the gate reads them, and the
 * merchant's token. Shared by `npm run keys` and by the local host.
 *
 * Guarantee: every value comes from the system's random source, each key has one purpose and its
 * own `kid`, and says when it was made. It knows nothing of where the secrets are kept.
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
  /** Challenges of the proof of work are signed with it. */
  readonly PROOF_KEYS: string;
  /** A shop's server sends one of them. */
  readonly SERVER_KEYS: string;
  /** E-mail addresses of buyers are hashed with it, so that no table has to have them. */
  readonly BUYER_KEYS: string;
  readonly ADMIN_TOKEN: string;
};

/** What a set of keys is for. */
export const KEY_PURPOSES = [
  "tickets",
  "admissions",
  "passes",
  "webhooks",
  "proofs",
  "servers",
  "buyers",
] as const;
export type KeyPurpose = (typeof KEY_PURPOSES)[number];

export function generateGateSecrets(now = Date.now()): GateSecrets {
  const freshSet = (purpose: KeyPurpose) => JSON.stringify({ keys: [generateKey(purpose, now)] });
  return {
    TICKET_KEYS: freshSet("tickets"),
    ADMISSION_KEYS: freshSet("admissions"),
    PASS_KEYS: freshSet("passes"),
    WEBHOOK_KEYS: freshSet("webhooks"),
    PROOF_KEYS: freshSet("proofs"),
    SERVER_KEYS: freshSet("servers"),
    BUYER_KEYS: freshSet("buyers"),
    ADMIN_TOKEN: randomSecret(),
  };
}

/**
 * A JWK (RFC 7517): private Ed25519 (RFC 8037) for admissions, else 32 bytes for HS256 as RFC 7518
 * section 3.2 asks; a server's key is sent as it is and signs nothing. `iat`, in seconds, says when
 * it was made; the Workers take no notice of it.
 */
export function generateKey(purpose: KeyPurpose, now: number) {
  const named = { kid: generateKeyId(), iat: Math.floor(now / 1000) };
  if (purpose === "servers") return { ...named, kty: "oct", k: randomSecret() };
  const about = { ...named, use: "sig" };
  if (purpose !== "admissions") {
    return { ...about, kty: "oct", alg: "HS256", k: randomSecret() };
  }
  const { x, d } = generateKeyPairSync("ed25519").privateKey.export({ format: "jwk" });
  return { ...about, kty: "OKP", alg: "EdDSA", crv: "Ed25519", x, d };
}

function randomSecret(): string {
  return randomBytes(32).toString("base64url");
}

/** Random rather than a thumbprint: a `kid` is public and must say nothing about an HMAC key. */
function generateKeyId(): string {
  return randomBytes(9).toString("base64url");
}
