/**
 * The example shop with one mistake each, as shops make them: what is wrong, and the name of the
 * check that must find it. Here are the mistakes that both kinds of server can make.
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
  parts: (honest: ShopParts) => Partial<ShopParts>,
];

/** Every request is a new one. */
export class Forgetful extends RememberedReplies {
  override once(_key: string, _request: Fields, act: () => Reply): Reply {
    return act();
  }
}

/** A key is known again, and what was asked with it is not. */
export class Careless extends RememberedReplies {
  override once(key: string, _request: Fields, act: () => Reply): Reply {
    return super.once(key, {}, act);
  }
}

/** What the honest shop would say, seen and changed on its way out. */
export function replying(
  change: (reply: Reply, request: Fields) => Reply | Promise<Reply>,
): Mistake[2] {
  return (honest) => ({
    answer: async (desk, key, request) => change(await honest.answer(desk, key, request), request),
  });
}

export function wordOf({ body }: Reply): unknown {
  return body["answer"];
}

/** Nobody is slower to come, however busy the machine. */
const BANK_MS = 100;

/**
 * Looks whether it was done, waits for a bank, and does it: two at once both find it undone. The
 * bank is done as soon as somebody else asks for the same.
 */
export function lookingFirst(desk: Partial<ShopParts>): Mistake[2] {
  const done = new Map<string, Reply>();
  const banks = new Map<string, PromiseWithResolvers<void>>();
  return () => ({
    ...desk,
    answer: async (at, key, request) => {
      const name = request["type"] === "payment.capture" ? String(request["payment"]) : key;
      const known = done.get(name);
      if (known !== undefined) return known;
      const bank = banks.get(name) ?? Promise.withResolvers<void>();
      if (banks.has(name)) bank.resolve();
      banks.set(name, bank);
      await Promise.race([bank.promise, delay(BANK_MS)]);
      const reply = at.handle(key, request);
      if (wordOf(reply) === "approved" || wordOf(reply) === "booked") done.set(name, reply);
      return reply;
    },
  });
}

export const SHARED_MISTAKES: readonly Mistake[] = [
  ["ignores the signature", "signature-wrong", () => ({ isSigned: () => true })],
  [
    "is content with any signature",
    "signature-of-another-body",
    () => ({ isSigned: (_secret, { signature }) => signature !== undefined }),
  ],
  [
    "lets requests in that are not signed",
    "signature-missing",
    ({ isSigned }) => ({
      isSigned: (secret, request, now) => {
        return request.signature === undefined || isSigned(secret, request, now);
      },
    }),
  ],
  [
    "never looks at the time",
    "signature-old",
    ({ isSigned }) => ({
      isSigned: (secret, request) => isSigned(secret, request, Number(request.timestamp) * 1000),
    }),
  ],
  [
    "takes whatever comes after the key",
    "signature-of-another-key",
    ({ isSigned }) => ({
      isSigned: (secret, request, now) => {
        return isSigned(secret, { ...request, id: request.id?.replace(/:forged$/, "") }, now);
      },
    }),
  ],
  [
    "trusts a clock that is ahead",
    "signature-from-the-future",
    ({ isSigned }) => ({
      isSigned: (secret, request, now) => {
        return isSigned(secret, request, Math.max(now, Number(request.timestamp) * 1000));
      },
    }),
  ],
  [
    "knows one signature only",
    "signature-list",
    ({ isSigned }) => ({
      isSigned: (secret, request, now) => {
        return request.signature?.includes(" ") !== true && isSigned(secret, request, now);
      },
    }),
  ],
  [
    "breaks on garbage",
    "garbage",
    replying((reply) => (reply.status === 400 ? problem(500, "oops") : reply)),
  ],
  [
    "refuses garbage without a code",
    "garbage",
    replying((reply) => (reply.status === 400 ? { status: 400, body: {} } : reply)),
  ],
];
