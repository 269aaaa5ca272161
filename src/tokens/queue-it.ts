/**
 * Signs Queue-it tokens: HMAC-SHA-256, in hexadecimal, over everything before `~h_`.
 *
 * Guarantee: without QUEUE_IT_SECRET nothing is signed (`queueItSecretOf` is null), and the secret
 * is never logged. It is the secret key of the Queue-it account, with which the shop's connector
 * verifies, so a deployment has one and rotates it together with the connector's.
 */
import { bytesToHex } from "@noble/hashes/utils.js";
import { queueItText, type QueueItRules } from "../domain/sale/queue-it.ts";

export interface QueueItEnv {
  readonly ISSUER: string;
  readonly QUEUE_IT_SECRET?: string | undefined;
}

/** Null when the operator has not set it. */
export function queueItSecretOf({ QUEUE_IT_SECRET: secret = "" }: QueueItEnv): string | null {
  return secret === "" ? null : secret;
}

export async function signQueueItToken(
  secret: string,
  rules: QueueItRules,
  admitted: { readonly sale: string; readonly admission: string; readonly session_s: number },
  now: number,
): Promise<string> {
  const text = queueItText(rules, admitted, admitted.session_s, now);
  const encoder = new TextEncoder();
  const algorithm = { name: "HMAC", hash: "SHA-256" };
  const raw = encoder.encode(secret);
  const key = await crypto.subtle.importKey("raw", raw, algorithm, false, ["sign"]);
  const signature = await crypto.subtle.sign("HMAC", key, encoder.encode(text));
  return `${text}~h_${bytesToHex(new Uint8Array(signature))}`;
}
