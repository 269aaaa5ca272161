/**
 * Proofs of work as an app sends them: the gate's challenge, solved with ALTCHA's library, in the
 * form of ALTCHA's payload.
 */
import { type Challenge, solveChallenge } from "altcha-lib";
import { deriveKey as deriveByScrypt } from "altcha-lib/algorithms/scrypt";
import { deriveKey as deriveByPbkdf2 } from "altcha-lib/algorithms/web/pbkdf2";
import { z } from "zod";

const parameters = {
  nonce: z.string(),
  salt: z.string(),
  cost: z.int(),
  keyLength: z.int(),
  keyPrefix: z.string(),
  keySignature: z.string(),
  expiresAt: z.int(),
  data: z.record(z.string(), z.string()),
};

/** The answer of `GET …/challenge`. */
export const challengeSchema = z.object({
  parameters: z.discriminatedUnion("algorithm", [
    z.object({
      algorithm: z.literal("SCRYPT"),
      ...parameters,
      memoryCost: z.int(),
      parallelism: z.int(),
    }),
    z.object({ algorithm: z.literal("PBKDF2/SHA-256"), ...parameters }),
  ]),
  signature: z.string(),
});

export function encoded(payload: unknown): string {
  return Buffer.from(JSON.stringify(payload)).toString("base64");
}

export async function solved(challenge: Challenge): Promise<string> {
  const isScrypt = challenge.parameters.algorithm === "SCRYPT";
  const deriveKey = isScrypt ? deriveByScrypt : deriveByPbkdf2;
  const solution = await solveChallenge({ challenge, deriveKey });
  if (solution === null) throw new Error("the challenge has no solution");
  return encoded({ challenge, solution });
}
