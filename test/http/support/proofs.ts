/**
 * What tests of proofs ask a Sluice: for a challenge, and for a refusal in one line.
 */
import { challengeSchema } from "../../../simulation/crowd/proof-of-work.ts";
import { expectProblem } from "./problem-checks.ts";
import { type Answer, textOf, type Sluice } from "./sluice.ts";

export async function askChallenge(sluice: Sluice, sale: string) {
  const { body } = await sluice.shopper("GET", `/sales/${sale}/challenge`);
  return challengeSchema.parse(body);
}

/** Its status, its code and, where it has one, its reason. */
export function refusal(answer: Answer): string {
  const code = textOf(answer, "code");
  expectProblem(answer, answer.status, code);
  const { reason } = answer.body;
  return `${answer.status} ${code}${typeof reason === "string" ? ` ${reason}` : ""}`;
}
