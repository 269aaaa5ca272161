/**
 * How much may be written, per address and per shopper. The counters are the platform's: one set
 * per location, and approximate, so they keep out floods and promise nothing exact.
 */
import { decodeJwt } from "jose";
import { TOKEN_LENGTH_MAX } from "../domain/limits.ts";
import type { GateRequest } from "./gate-app.ts";

export const RATE_LIMIT_RETRY_S = 10;

/** The token's `sub`, unverified: a forged one only gives the forger a count of their own. */
function subjectOf(token: string | null): string | null {
  if (token === null || token.length > TOKEN_LENGTH_MAX) return null;
  try {
    // No signature is checked, so `sub` may be any JSON.
    const { sub }: { readonly sub?: unknown } = decodeJwt(token);
    return typeof sub === "string" && sub !== "" ? sub : null;
  } catch {
    return null;
  }
}

/** Counts this request. @param token the ticket or the admission it carries */
export async function isOverLimit(
  env: GateEnv,
  headers: Headers,
  token: string | null,
): Promise<boolean> {
  const address = headers.get("CF-Connecting-IP");
  const subject = subjectOf(token);
  const asked = await Promise.all([
    address === null ? null : env.WRITES_BY_ADDRESS.limit({ key: address }),
    subject === null ? null : env.WRITES_BY_SUBJECT.limit({ key: subject }),
  ]);
  return asked.some((answer) => answer?.success === false);
}

/** Challenges cost the gate work and are asked for by GET, so they are counted by themselves. */
export async function isOverChallengeLimit(c: GateRequest): Promise<boolean> {
  const address = c.req.header("CF-Connecting-IP");
  if (address === undefined) return false;
  const { success } = await c.env.CHALLENGES_BY_ADDRESS.limit({ key: address });
  return !success;
}
