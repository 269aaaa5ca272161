/**
 * Texts that leave Sluice sealed, such as the secret of a draw in a backup: a compact JWE
 * (RFC 7516), encrypted with AES-256-GCM under a key that is derived from TICKET_KEYS.
 *
 * Guarantee: only a deployment with the same key opens it, and only under the name it was sealed
 * with, so that the secret of one sale cannot be restored as another's.
 */
import { CompactEncrypt, compactDecrypt } from "jose";

/** 32 bytes, in hex. */
export interface SealingKey {
  readonly kid: string;
  readonly secret: string;
}

/** @param keys the first one seals */
export async function sealText(
  keys: readonly SealingKey[],
  name: string,
  text: string,
): Promise<string> {
  const [key] = keys;
  if (key === undefined) throw new Error("sealed-text: there is no key");
  return new CompactEncrypt(new TextEncoder().encode(JSON.stringify([name, text])))
    .setProtectedHeader({ alg: "dir", enc: "A256GCM", kid: key.kid })
    .encrypt(Uint8Array.fromHex(key.secret));
}

/** Null: sealed under another key, for another name, or changed. */
export async function openSealed(
  keys: readonly SealingKey[],
  name: string,
  sealed: string,
): Promise<string | null> {
  for (const { secret } of keys) {
    const opened = await compactDecrypt(sealed, Uint8Array.fromHex(secret)).catch(() => null);
    if (opened === null) continue;
    const content: unknown = JSON.parse(new TextDecoder().decode(opened.plaintext));
    if (!Array.isArray(content) || content[0] !== name) return null;
    return typeof content[1] === "string" ? content[1] : null;
  }
  return null;
}
