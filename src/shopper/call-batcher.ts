/**
 * Requests that meet in an isolate share a call of their object: while one call is under way,
 * further requests for the same object gather, and the next call asks for all of them. So a crowd
 * costs an object far fewer calls than it has shoppers, and a request that comes alone waits for no
 * other.
 *
 * Guarantee: each request gets the answer to its own question, in the order of arrival, and none
 * hangs on another request. A request may end at any moment, for instance because its shopper
 * closed the tab, and all it was about to do ends with it. So each waits on a promise and a timer
 * of its own, because the platform runs what follows a promise in the request that made it. Past
 * the timer the first of them makes the call, for all. Null: no answer, and the question may have
 * been carried out all the same. Not for questions that must not be asked twice.
 */
import { withTimeout } from "../platform/with-timeout.ts";

/** @returns as many answers, in the same order */
export type AskTogether<Question, Answer> = (
  questions: readonly Question[],
) => Promise<readonly Answer[]>;

export interface Sharing {
  /** Questions of one call. */
  readonly together_max: number;
  /** So many wait for the next call of one object; more call by themselves. */
  readonly gathered_max: number;
  /** A request that has waited this long for another's call makes the call itself. */
  readonly wait_ms: number;
  /** A call that takes longer has no answer. */
  readonly call_ms: number;
}

/** What becomes of a request that waits. */
type Turn<Answer> =
  | { readonly kind: "answer"; readonly answer: Answer | null }
  /** It makes the next call, for all that have gathered. */
  | { readonly kind: "carry" };

interface Waiter<Question, Answer> {
  readonly question: Question;
  readonly settle: (turn: Turn<Answer>) => void;
}

/** One per isolate and kind of question. */
export class CallBatcher<Question, Answer> {
  /** By object that is being called: the requests that wait for the next call. */
  readonly #gathered = new Map<string, Waiter<Question, Answer>[]>();
  readonly #sharing: Sharing;

  constructor(sharing: Sharing) {
    this.#sharing = sharing;
  }

  /**
   * The answer to the caller's own question; null when none came in time.
   * @param name what the calls that may be shared have in common
   * @param waitUntil keeps the caller's request going for as long as others wait for its call
   */
  async ask(
    name: string,
    question: Question,
    askTogether: AskTogether<Question, Answer>,
    waitUntil: (work: Promise<unknown>) => void,
  ): Promise<Answer | null> {
    const { gathered_max, wait_ms, call_ms } = this.#sharing;
    const carry = (): Promise<Answer | null> => {
      const carried = this.#carry(name, question, askTogether);
      waitUntil(carried);
      return carried;
    };
    const gathered = this.#gathered.get(name);
    if (gathered === undefined) return carry();
    if (gathered.length >= gathered_max) {
      const answers = await withTimeout(askTogether([question]), call_ms);
      return answers?.[0] ?? null;
    }
    const { promise, resolve } = Promise.withResolvers<Turn<Answer>>();
    const waiter = { question, settle: resolve };
    gathered.push(waiter);
    let turn = await withTimeout<Turn<Answer>>(promise, wait_ms);
    if (turn === null) {
      const waitsAt = gathered.indexOf(waiter);
      if (waitsAt >= 0) {
        // The request that was to call is slow or gone. The others that wait for it join this call.
        gathered.splice(waitsAt, 1);
        return carry();
      }
      // A call is under way with this question in it.
      turn = await withTimeout<Turn<Answer>>(promise, call_ms);
    }
    if (turn?.kind === "carry") return carry();
    return turn === null ? null : turn.answer;
  }

  async #carry(
    name: string,
    question: Question,
    askTogether: AskTogether<Question, Answer>,
  ): Promise<Answer | null> {
    const { together_max, call_ms } = this.#sharing;
    const gathered = this.#gathered.get(name) ?? [];
    this.#gathered.set(name, gathered);
    const group = gathered.splice(0, together_max - 1);
    const questions = [question, ...group.map((waiter) => waiter.question)];
    const answers = await withTimeout(askTogether(questions), call_ms);
    const next = gathered.shift();
    if (next !== undefined) next.settle({ kind: "carry" });
    else if (this.#gathered.get(name) === gathered) this.#gathered.delete(name);
    for (const [position, { settle }] of group.entries()) {
      settle({ kind: "answer", answer: answers?.[position + 1] ?? null });
    }
    return answers?.[0] ?? null;
  }
}
