/**
 * Verifies that a request comes from Sluice: HMAC-SHA-256 over `id.timestamp.body`, as Standard
 * Webhooks asks. A shop may as well use the library `standardwebhooks` of its language.
 *
 * Guarantee: a request whose id, time or body was changed, or that is older or newer than five
 * minutes, is refused, and the comparison takes as long whatever the signature is.
 */
import { createHmac, timingSafeEqual } from "node:crypto";

const TOLERANCE_S = 300;

export interface SignedRequest {
  readonly id: string | undefined;
  readonly timestamp: string | undefined;
  readonly signature: string | undefined;
  /** As it came over the wire; a body that was parsed and written again may differ. */
  readonly body: Uint8Array;
}

/** @param secret `whsec_` and base64 */
export function isSigned(secret: string, request: SignedRequest, now_ms: number): boolean {
  const { id, timestamp, signature, body } = request;
  if (id === undefined || timestamp === undefined || signature === undefined) return false;
  if (!/^\d{1,12}$/.test(timestamp)) return false;
  if (Math.abs(now_ms / 1000 - Number(timestamp)) > TOLERANCE_S) return false;
  const key = Buffer.from(secret.slice("whsec_".length), "base64");
  const expected = createHmac("sha256", key).update(`${id}.${timestamp}.`).update(body).digest();
  // Several signatures stand side by side while the secret is being changed.
  return signature.split(" ").some((part) => {
    const [version, given] = part.split(",");
    const mac = Buffer.from(given ?? "", "base64");
    return version === "v1" && mac.length === expected.length && timingSafeEqual(mac, expected);
  });
}
