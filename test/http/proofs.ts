/**
 * Proofs of work as an app brings them, for tests: asks for a challenge, solves it with ALTCHA's
 * library, and writes the payload; and a refusal in one line.
 */
import { type createChallenge, solveChallenge } from "altcha-lib";
import { deriveKey } from "altcha-lib/algorithms/web/pbkdf2";
import { z } from "zod";
import { expectProblem } from "./problem-checks.ts";
import { type Answer, textOf, type Sluice } from "./sluice.ts";

const challengeSchema = z.object({
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

export async function askChallenge(sluice: Sluice, sale: string) {
  const { body } = await sluice.shopper("GET", `/sales/${sale}/challenge`);
  return challengeSchema.parse(body);
}

export async function solved(challenge: Awaited<ReturnType<typeof createChallenge>>) {
  const solution = await solveChallenge({ challenge, deriveKey });
  if (solution === null) throw new Error("not solved");
  return encoded({ challenge, solution });
}

export function encoded(payload: unknown): string {
  return Buffer.from(JSON.stringify(payload)).toString("base64");
}

/** Its status, its code and, where it has one, its reason. */
export function refusal(answer: Answer): string {
  const code = textOf(answer, "code");
  expectProblem(answer, answer.status, code);
  const { reason } = answer.body;
  return `${answer.status} ${code}${typeof reason === "string" ? ` ${reason}` : ""}`;
}
