/**
 * Helpers for tests of proofs: get a challenge, and write a refusal in one line.
 */
import { challengeSchema } from "../../../simulation/crowd/proof-of-work.ts";
import { expectProblem } from "./problem-checks.ts";
import { type Answer, textOf, type Sluice } from "./sluice.ts";

export async function askChallenge(sluice: Sluice, sale: string) {
  const { body } = await sluice.shopper("GET", `/sales/${sale}/challenge`);
  return challengeSchema.parse(body);
}

/** The status, the code and, if there is one, the reason. */
export function refusal(answer: Answer): string {
  const code = textOf(answer, "code");
  expectProblem(answer, answer.status, code);
  const { reason } = answer.body;
  return `${answer.status} ${code}${typeof reason === "string" ? ` ${reason}` : ""}`;
}
