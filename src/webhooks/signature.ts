/**
 * Signs outgoing requests by Standard Webhooks: HMAC-SHA-256 over `id.timestamp.body`.
 *
 * Guarantee: any library of Standard Webhooks verifies these headers. With two secrets both sign,
 * so a receiver with either one verifies, and a secret is rotated without a gap.
 *
 * Not for verifying, and not for encryption: the body is plain text.
 *
 * Source: the specification of Standard Webhooks 1.0.0, https://www.standardwebhooks.com.
 */
import { BACKEND_SECRET_BYTES_MAX, BACKEND_SECRET_BYTES_MIN } from "../domain/limits.ts";

const PREFIX = "whsec_";
const SECRETS_MAX = 2;

export type SecretsOutcome =
  | { readonly kind: "read"; readonly secrets: readonly Uint8Array<ArrayBuffer>[] }
  /** `why` never contains the secret. */
  | { readonly kind: "bad"; readonly why: string };

/** `text`: one secret `whsec_<base64>`, or the new one and the old one separated by a space. */
export function readSecrets(text: string): SecretsOutcome {
  const texts = text.split(" ").filter((each) => each !== "");
  if (texts.length === 0) return { kind: "bad", why: "is missing" };
  if (texts.length > SECRETS_MAX) return { kind: "bad", why: "contains more than two secrets" };
  const secrets: Uint8Array<ArrayBuffer>[] = [];
  for (const each of texts) {
    const secret = decode(each);
    if (secret === null) return { kind: "bad", why: "must be whsec_ followed by base64" };
    if (secret.length < BACKEND_SECRET_BYTES_MIN || secret.length > BACKEND_SECRET_BYTES_MAX) {
      const range = `${BACKEND_SECRET_BYTES_MIN} to ${BACKEND_SECRET_BYTES_MAX}`;
      return { kind: "bad", why: `must be ${range} bytes, encoded in base64` };
    }
    secrets.push(secret);
  }
  return { kind: "read", secrets };
}

function decode(word: string): Uint8Array<ArrayBuffer> | null {
  const text = word.slice(PREFIX.length);
  // `atob` forgives a missing padding; the receiver's library may not.
  const isBase64 = /^[A-Za-z0-9+/]+={0,2}$/.test(text) && text.length % 4 === 0;
  if (!word.startsWith(PREFIX) || !isBase64) return null;
  return Uint8Array.from(atob(text), (char) => char.charCodeAt(0));
}

/** @param id the message's id: the same for every retry of the same message */
export async function signedHeaders(
  secrets: readonly Uint8Array<ArrayBuffer>[],
  id: string,
  body: string,
  now: number,
): Promise<Record<string, string>> {
  const timestamp = String(Math.floor(now / 1000));
  const content = `${id}.${timestamp}.${body}`;
  const signatures = await Promise.all(secrets.map((secret) => sign(secret, content)));
  return {
    "webhook-id": id,
    "webhook-timestamp": timestamp,
    "webhook-signature": signatures.join(" "),
  };
}

export function toBase64(bytes: Uint8Array): string {
  return btoa(String.fromCharCode(...bytes));
}

async function sign(secret: Uint8Array<ArrayBuffer>, content: string): Promise<string> {
  const algorithm = { name: "HMAC", hash: "SHA-256" };
  const key = await crypto.subtle.importKey("raw", secret, algorithm, false, ["sign"]);
  const mac = new Uint8Array(
    await crypto.subtle.sign("HMAC", key, new TextEncoder().encode(content)),
  );
  return `v1,${toBase64(mac)}`;
}
