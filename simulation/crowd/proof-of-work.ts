/**
 * Proofs of work as an app sends them: the gate's challenge, solved with ALTCHA's library, in the
 * form of ALTCHA's payload.
 */
import { type Challenge, solveChallenge } from "altcha-lib";
import { deriveKey } from "altcha-lib/algorithms/web/pbkdf2";
import { z } from "zod";

/** The answer of `GET …/challenge`. */
export const challengeSchema = z.object({
  parameters: z.object({
    algorithm: z.string(),
    nonce: z.string(),
    salt: z.string(),
    cost: z.int(),
    keyLength: z.int(),
    keyPrefix: z.string(),
    keySignature: z.string(),
    expiresAt: z.int(),
    data: z.record(z.string(), z.string()),
  }),
  signature: z.string(),
});

export function encoded(payload: unknown): string {
  return Buffer.from(JSON.stringify(payload)).toString("base64");
}

export async function solved(challenge: Challenge): Promise<string> {
  const solution = await solveChallenge({ challenge, deriveKey });
  if (solution === null) throw new Error("the challenge has no solution");
  return encoded({ challenge, solution });
}
