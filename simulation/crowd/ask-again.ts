/**
 * Repeats a request whose answer the program needs, and after a few attempts throws an error whose
 * message is for the user at the terminal. Not for simulated shoppers: to them a refusal is a
 * result.
 */
import { setTimeout as delay } from "node:timers/promises";
import { type Answer, worthRepeating } from "./gate-client.ts";

const ATTEMPTS_MAX = 5;
const ATTEMPT_PAUSE_MS = 500;

/** The program cannot continue; the message says what it was doing and how that failed. */
export class FatalError extends Error {
  override readonly name = "FatalError";
}

/** Repeats the request while another attempt may succeed; returns the last answer. */
export async function askAgain<T>(request: () => Promise<Answer<T>>): Promise<Answer<T>> {
  let answer = await request();
  for (let attempt = 1; attempt < ATTEMPTS_MAX && worthRepeating(answer); attempt += 1) {
    await delay(ATTEMPT_PAUSE_MS * attempt);
    answer = await request();
  }
  return answer;
}

/** `doing` names the action that failed, such as `reading the order book`. */
export function failed(doing: string, answer: Answer<unknown>): FatalError {
  if (answer.kind === "answered") throw new TypeError("an answer is not a failure");
  const detail = answer.kind === "refused" ? answer.body.detail : answer.reason;
  const code = answer.kind === "unreachable" ? "no answer" : `${answer.status} ${answer.code}`;
  return new FatalError(`${doing}: ${code}${detail === undefined ? "" : `: ${detail}`}`);
}
