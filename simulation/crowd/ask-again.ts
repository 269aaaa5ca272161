/**
 * Asking the gate for what a program cannot go on without: a few times, then with an error whose
 * message is for the person at the terminal. Not for shoppers, to whom a refusal is an answer.
 */
import { setTimeout as delay } from "node:timers/promises";
import { type Answer, worthRepeating } from "./gate-client.ts";

const ATTEMPTS_MAX = 5;
const ATTEMPT_PAUSE_MS = 500;

/** The program cannot go on; the message has what it was doing and the answer it got. */
export class CannotGoOnError extends Error {
  override readonly name = "CannotGoOnError";
}

/** Repeats a call a few times while that may help; returns the last answer. */
export async function askAgain<T>(ask: () => Promise<Answer<T>>): Promise<Answer<T>> {
  let answer = await ask();
  for (let attempt = 1; attempt < ATTEMPTS_MAX && worthRepeating(answer); attempt += 1) {
    await delay(ATTEMPT_PAUSE_MS * attempt);
    answer = await ask();
  }
  return answer;
}

/** `doing` is what was being done, such as `reading the order book`. */
export function failed(doing: string, answer: Answer<unknown>): CannotGoOnError {
  if (answer.kind === "answered") throw new TypeError("an answer is not a failure");
  const detail = answer.kind === "refused" ? answer.body.detail : answer.reason;
  const code = answer.kind === "unreachable" ? "no answer" : `${answer.status} ${answer.code}`;
  return new CannotGoOnError(`${doing}: ${code}${detail === undefined ? "" : `: ${detail}`}`);
}
