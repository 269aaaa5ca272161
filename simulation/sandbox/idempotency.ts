/**
 * What happens when an idempotency key is used again.
 *
 * Guarantee, as https://docs.stripe.com/api/idempotent_requests documents: the first result of a
 * key, even a 500, is the result of that key for 24 hours. The same key with other parameters, or
 * while its first call is still in progress, is refused without an effect. Pure.
 */
import { z } from "zod";
import type { ApiError } from "./api-error.ts";

export const KEY_LENGTH_MAX = 255;
export const REMEMBERED_MS = 24 * 60 * 60 * 1000;

/** The stored form; `version` changes with its shape. */
export const Remembered = z.strictObject({
  version: z.literal(1),
  /** Method, path and parameters of the first call. */
  fingerprint: z.string(),
  status: z.int(),
  body: z.string(),
  requestId: z.string(),
  at_ms: z.int(),
  /** The first call is in progress until then, because a fault delays its answer. */
  busyUntil_ms: z.int(),
});

export type Remembered = z.infer<typeof Remembered>;

export type Recall =
  | { readonly kind: "new" }
  | { readonly kind: "replay"; readonly first: Remembered }
  | { readonly kind: "refused"; readonly error: ApiError };

export function recall(first: Remembered | null, fingerprint: string, now: number): Recall {
  if (first === null || now - first.at_ms >= REMEMBERED_MS) return { kind: "new" };
  if (first.fingerprint !== fingerprint) return { kind: "refused", error: OTHER_PARAMETERS };
  if (now < first.busyUntil_ms) return { kind: "refused", error: IN_USE };
  return { kind: "replay", first };
}

/** The order in which a client writes its parameters does not matter. */
export function fingerprintOf(
  method: string,
  path: string,
  parameters: readonly (readonly [string, string])[],
): string {
  const sorted = parameters.toSorted(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
  return `${method} ${path} ${JSON.stringify(sorted)}`;
}

const OTHER_PARAMETERS: ApiError = {
  status: 400,
  type: "idempotency_error",
  message:
    "Keys for idempotent requests can only be used with the same parameters and endpoint they " +
    "were first used with.",
};

const IN_USE: ApiError = {
  status: 409,
  type: "invalid_request_error",
  code: "idempotency_key_in_use",
  message: "There is currently another in-progress request using this idempotency key.",
};
