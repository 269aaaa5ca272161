/**
 * The example shop with one realistic mistake each, and the name of the check that must find it.
 * This file has the mistakes that both kinds of server can make.
 */
import { setTimeout as delay } from "node:timers/promises";
import {
  type Fields,
  problem,
  RememberedReplies,
  type Reply,
} from "../../../examples/shop/replies.ts";
import type { ShopParts } from "../../../examples/shop/server.ts";

export type Mistake = readonly [
  what: string,
  foundBy: string,
  parts: (correct: ShopParts) => Partial<ShopParts>,
];

/** Stores no replies, so that every request counts as new. */
export class NoReplies extends RememberedReplies {
  override once(_key: string, _request: Fields, act: () => Reply): Reply {
    return act();
  }
}

/** Does not compare requests, so that a key gets its first reply even for another request. */
export class UncomparedReplies extends RememberedReplies {
  override once(key: string, _request: Fields, act: () => Reply): Reply {
    return super.once(key, {}, act);
  }
}

/** Changes the replies of the correct shop. */
export function replying(
  change: (reply: Reply, request: Fields) => Reply | Promise<Reply>,
): Mistake[2] {
  return (correct) => ({
    answer: async (core, key, request) => change(await correct.answer(core, key, request), request),
  });
}

export function answerOf({ body }: Reply): unknown {
  return body["answer"];
}

/** Long enough that the concurrent request arrives before it, even on a busy machine. */
const BANK_MS = 100;

/**
 * Checks first whether it was done, then waits for the bank, then does it, so that two concurrent
 * requests both do it. The wait ends as soon as another request for the same thing arrives.
 */
export function checkingFirst(parts: Partial<ShopParts>): Mistake[2] {
  const done = new Map<string, Reply>();
  const banks = new Map<string, PromiseWithResolvers<void>>();
  return () => ({
    ...parts,
    answer: async (core, key, request) => {
      const name = request["type"] === "payment.capture" ? String(request["payment"]) : key;
      const known = done.get(name);
      if (known !== undefined) return known;
      const bank = banks.get(name) ?? Promise.withResolvers<void>();
      if (banks.has(name)) bank.resolve();
      banks.set(name, bank);
      await Promise.race([bank.promise, delay(BANK_MS)]);
      const reply = core.handle(key, request);
      if (answerOf(reply) === "approved" || answerOf(reply) === "booked") done.set(name, reply);
      return reply;
    },
  });
}

export const SHARED_MISTAKES: readonly Mistake[] = [
  ["ignores the signature", "signature-wrong", () => ({ isSigned: () => true })],
  [
    "accepts any signature",
    "signature-of-another-body",
    () => ({ isSigned: (_secret, { signature }) => signature !== undefined }),
  ],
  [
    "accepts unsigned requests",
    "signature-missing",
    ({ isSigned }) => ({
      isSigned: (secret, request, now) => {
        return request.signature === undefined || isSigned(secret, request, now);
      },
    }),
  ],
  [
    "ignores the timestamp",
    "signature-old",
    ({ isSigned }) => ({
      isSigned: (secret, request) => isSigned(secret, request, Number(request.timestamp) * 1000),
    }),
  ],
  [
    "verifies only the beginning of the key",
    "signature-of-another-key",
    ({ isSigned }) => ({
      isSigned: (secret, request, now) => {
        return isSigned(secret, { ...request, id: request.id?.replace(/:forged$/, "") }, now);
      },
    }),
  ],
  [
    "accepts timestamps in the future",
    "signature-from-the-future",
    ({ isSigned }) => ({
      isSigned: (secret, request, now) => {
        return isSigned(secret, request, Math.max(now, Number(request.timestamp) * 1000));
      },
    }),
  ],
  [
    "accepts only one signature",
    "signature-list",
    ({ isSigned }) => ({
      isSigned: (secret, request, now) => {
        return request.signature?.includes(" ") !== true && isSigned(secret, request, now);
      },
    }),
  ],
  [
    "fails on garbage",
    "garbage",
    replying((reply) => (reply.status === 400 ? problem(500, "oops") : reply)),
  ],
  [
    "refuses garbage without a code",
    "garbage",
    replying((reply) => (reply.status === 400 ? { status: 400, body: {} } : reply)),
  ],
];
