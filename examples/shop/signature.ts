/**
 * Verifies that a request comes from Sluice: HMAC-SHA-256 of `id.timestamp.body`, as in Standard
 * Webhooks. A shop can also use the library `standardwebhooks` for its language.
 *
 * Guarantee: a request whose id, timestamp or body was changed, or whose timestamp differs from now
 * by more than five minutes, is refused. Signatures are compared in constant time.
 */
import { createHmac, timingSafeEqual } from "node:crypto";

const TOLERANCE_S = 300;

export interface SignedRequest {
  readonly id: string | undefined;
  readonly timestamp: string | undefined;
  readonly signature: string | undefined;
  /** The exact bytes received, because a body that was parsed and serialized again can differ. */
  readonly body: Uint8Array;
}

/** @param secret `whsec_` followed by base64 */
export function isSigned(secret: string, request: SignedRequest, now_ms: number): boolean {
  const { id, timestamp, signature, body } = request;
  if (id === undefined || timestamp === undefined || signature === undefined) return false;
  if (!/^\d{1,12}$/.test(timestamp)) return false;
  if (Math.abs(now_ms / 1000 - Number(timestamp)) > TOLERANCE_S) return false;
  const key = Buffer.from(secret.slice("whsec_".length), "base64");
  const expected = createHmac("sha256", key).update(`${id}.${timestamp}.`).update(body).digest();
  // While the secret is rotated, a request has several signatures.
  return signature.split(" ").some((part) => {
    const [version, given] = part.split(",");
    const mac = Buffer.from(given ?? "", "base64");
    return version === "v1" && mac.length === expected.length && timingSafeEqual(mac, expected);
  });
}
