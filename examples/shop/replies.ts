/**
 * The example shop's replies, and its store of replies by idempotency key.
 *
 * Guarantee: a repeated key gets the first reply again, and the work is done once. This example
 * stores replies in memory; a shop stores the reply in its database, in the transaction that does
 * the work, with a unique index on the key.
 */

export interface Reply {
  readonly status: number;
  readonly body: Readonly<Record<string, unknown>>;
}

export type Fields = Readonly<Record<string, unknown>>;

/** A decision of the shop. */
export function answer(kind: string, fields: Fields = {}): Reply {
  return { status: 200, body: { answer: kind, ...fields } };
}

/** The problem document (RFC 9457) of a request that can never succeed. */
export function problem(status: number, code: string): Reply {
  return { status, body: { type: "about:blank", status, code } };
}

export class RememberedReplies {
  readonly #replies = new Map<string, { readonly request: string; readonly reply: Reply }>();

  once(key: string, request: Fields, act: () => Reply): Reply {
    const text = JSON.stringify(request);
    const stored = this.#replies.get(key);
    if (stored !== undefined) {
      return stored.request === text ? stored.reply : problem(422, "idempotency_conflict");
    }
    const reply = act();
    this.#replies.set(key, { request: text, reply });
    return reply;
  }
}

export function isText(value: unknown): value is string {
  return typeof value === "string" && value !== "" && value.length <= 2048;
}

/** Amounts and quantities: positive integers. */
export function isAmount(value: unknown): value is number {
  return typeof value === "number" && Number.isSafeInteger(value) && value > 0;
}
