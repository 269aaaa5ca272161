/**
 * The secrets of webhook endpoints: derived from the deployment's WEBHOOK_KEYS, the endpoint's id
 * and its generation, so that none is stored and a copy of the database signs nothing.
 *
 * Guarantee: the same key, id and generation yield the same secret, and without the key no secret
 * can be computed from another. WEBHOOK_KEYS is a JWKS of `oct` keys: new secrets derive from the
 * first, and each endpoint stores the `kid` of its own, so the set can be rotated.
 *
 * HKDF-SHA-256 (RFC 5869), without salt, info `sluice-webhook-endpoint/v1`, id and generation with
 * a zero byte between; 32 bytes, written as Standard Webhooks requires: `whsec_` and base64.
 */
import { hkdf } from "@noble/hashes/hkdf.js";
import { sha256 } from "@noble/hashes/sha2.js";
import { utf8ToBytes } from "@noble/hashes/utils.js";
import * as base64url from "jose/base64url";
import { z } from "zod";
import { parseJson } from "../encoding/json.ts";
import { toBase64 } from "./signature.ts";

const SECRET_BYTES = 32;

const keySetSchema = z.object({
  keys: z
    .array(
      z.object({
        kty: z.literal("oct"),
        kid: z.string().min(1),
        /** 32 bytes or more in base64url. */
        k: z
          .string()
          .min(43)
          .regex(/^[A-Za-z0-9_-]+$/),
      }),
    )
    .min(1),
});

export type WebhookKeys = ReadonlyMap<string, Uint8Array>;

export type WebhookKeysOutcome =
  | { readonly kind: "ready"; readonly keys: WebhookKeys; readonly newest: string }
  /** Names the secret and what is wrong with it; never a value. */
  | { readonly kind: "unusable"; readonly why: string };

export interface WebhookSecretsEnv {
  readonly WEBHOOK_KEYS?: string | undefined;
}

export function readWebhookKeys({
  WEBHOOK_KEYS: text = "",
}: WebhookSecretsEnv): WebhookKeysOutcome {
  if (text === "") return { kind: "unusable", why: "WEBHOOK_KEYS is missing" };
  const unusable = { kind: "unusable", why: "WEBHOOK_KEYS is not a JWKS of oct keys" } as const;
  const parsed = keySetSchema.safeParse(parseJson(text));
  const newest = parsed.data?.keys[0]?.kid;
  if (!parsed.success || newest === undefined) return unusable;
  return {
    kind: "ready",
    keys: new Map(parsed.data.keys.map(({ kid, k }) => [kid, base64url.decode(k)])),
    newest,
  };
}

/** Identifies a secret of an endpoint. For a day after a rotation the previous one signs too. */
export interface SecretName {
  readonly kid: string;
  readonly generation: number;
}

/** Null when WEBHOOK_KEYS does not contain the key any more. */
export function secretOf(
  keys: WebhookKeys,
  endpoint: string,
  { kid, generation }: SecretName,
): Uint8Array<ArrayBuffer> | null {
  const key = keys.get(kid);
  if (key === undefined) return null;
  const info = utf8ToBytes(`sluice-webhook-endpoint/v1\0${endpoint}\0${generation}`);
  return Uint8Array.from(hkdf(sha256, key, undefined, info, SECRET_BYTES));
}

/** The secret in the format of Standard Webhooks: `whsec_` and base64. */
export function written(secret: Uint8Array): string {
  return `whsec_${toBase64(secret)}`;
}
