/**
 * What the example shop answers, and its memory of answers by idempotency key.
 *
 * Guarantee: the same key gets the first reply again, and whatever was to be done is done once.
 * Kept in memory here; a shop keeps the reply in its database, in the transaction that does the
 * work, with a unique index on the key.
 */

export interface Reply {
  readonly status: number;
  readonly body: Readonly<Record<string, unknown>>;
}

export type Fields = Readonly<Record<string, unknown>>;

/** A decision of the shop's: Sluice acts on it. */
export function answer(word: string, fields: Fields = {}): Reply {
  return { status: 200, body: { answer: word, ...fields } };
}

/** A request that can never be right (RFC 9457). */
export function problem(status: number, code: string): Reply {
  return { status, body: { type: "about:blank", status, code } };
}

export class RememberedReplies {
  readonly #replies = new Map<string, { readonly request: string; readonly reply: Reply }>();

  once(key: string, request: Fields, act: () => Reply): Reply {
    const text = JSON.stringify(request);
    const kept = this.#replies.get(key);
    if (kept !== undefined) {
      return kept.request === text ? kept.reply : problem(422, "idempotency_conflict");
    }
    const reply = act();
    this.#replies.set(key, { request: text, reply });
    return reply;
  }
}

export function isText(value: unknown): value is string {
  return typeof value === "string" && value !== "" && value.length <= 2048;
}

/** Money and quantities: whole, and more than nothing. */
export function isAmount(value: unknown): value is number {
  return typeof value === "number" && Number.isSafeInteger(value) && value > 0;
}
