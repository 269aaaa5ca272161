/**
 * How much may be written, per network and per shopper. The counters are the platform's: one set
 * per location, and approximate, so they keep out floods and promise nothing exact.
 *
 * Guarantee: no key of a counter comes from input that was not verified: addresses are those that
 * Cloudflare saw, or that a shop's server with a key states, and subjects are those of tokens whose
 * signature was verified. So nobody uses up the limit of somebody whose name they know.
 */
import { networkBlockOf, networkOf } from "../domain/network.ts";
import type { ChallengesAsked } from "../domain/sale/protection.ts";
import type { Visit } from "../shopper/visit.ts";
import type { ShopServer } from "./server-key.ts";

export const RATE_LIMIT_RETRY_S = 10;

/**
 * Joining gives a place for nothing, and an order tries a card, so each is counted by itself as
 * well.
 */
export type Write = "join" | "order" | "other";

interface Counter {
  limit(options: { readonly key: string }): Promise<{ readonly success: boolean }>;
}

type Counting = readonly [counter: Counter, key: string];

async function isOver(countings: readonly Counting[]): Promise<boolean> {
  // Every one is counted, also when another is over.
  const answers = await Promise.all(countings.map(([counter, key]) => counter.limit({ key })));
  return answers.some(({ success }) => !success);
}

/**
 * Counts a write by the network that it comes from, before anything about it is verified.
 * @param server a shop's server acts for many shoppers, so its own address is not counted: its key
 * is, and the shopper's address if it says one
 */
export function isOverNetworkLimit(
  env: GateEnv,
  headers: Headers,
  write: Write,
  server: ShopServer | null = null,
): Promise<boolean> {
  const address = server === null ? headers.get("CF-Connecting-IP") : server.shopperAddress;
  const countings: Counting[] = [];
  if (server !== null) countings.push([env.WRITES_BY_SERVER_KEY, server.kid]);
  if (address !== null) {
    const network = networkOf(address);
    const block = networkBlockOf(address);
    countings.push([env.WRITES_BY_ADDRESS, network], [env.WRITES_BY_BLOCK, block]);
    if (write === "join") {
      countings.push([env.JOINS_BY_ADDRESS, network], [env.JOINS_BY_BLOCK, block]);
    }
    if (write === "order") {
      countings.push([env.ORDERS_BY_ADDRESS, network], [env.ORDERS_BY_BLOCK, block]);
    }
  }
  return isOver(countings);
}

/** Counts a write for the shopper that a verified token names; null counts nothing. */
export async function isOverSubjectLimit(
  env: Pick<GateEnv, "WRITES_BY_SUBJECT">,
  sale: string,
  subject: string | null,
): Promise<boolean> {
  return subject !== null && isOver([[env.WRITES_BY_SUBJECT, `${sale}/${subject}`]]);
}

/**
 * Whose writes a visit's are: of its admission, also one that has expired, or of its ticket. An
 * admission of another device is not counted, because a thief would count for its owner.
 */
export function subjectOfVisit({ admission, ticket }: Visit): string | null {
  if (admission.kind === "valid" || admission.kind === "expired") {
    return admission.admission.subject;
  }
  return ticket.kind === "valid" ? ticket.ticket.subject : null;
}

/**
 * Counts a read that asks objects: a cart, a page with one, an order, a receipt. Polls ask none.
 * @param subject of a verified token; null for a read that needs none
 */
export function isOverReadLimit(
  env: GateEnv,
  headers: Headers,
  sale: string,
  subject: string | null,
  server: ShopServer | null = null,
): Promise<boolean> {
  const address = server === null ? headers.get("CF-Connecting-IP") : server.shopperAddress;
  const countings: Counting[] = [];
  if (address !== null) countings.push([env.READS_BY_ADDRESS, networkOf(address)]);
  if (subject !== null) countings.push([env.READS_BY_SUBJECT, `${sale}/${subject}`]);
  return isOver(countings);
}

/**
 * Challenges cost the gate work and are asked for by GET, so they are counted by themselves: `some`
 * and `many` get more work to do, `too_many` none.
 */
export async function challengesAsked(
  env: GateEnv,
  headers: Headers,
  server: ShopServer | null,
): Promise<ChallengesAsked | "too_many"> {
  if (server !== null) {
    return (await isOverNetworkLimit(env, headers, "other", server)) ? "too_many" : "few";
  }
  const address = headers.get("CF-Connecting-IP");
  if (address === null) return "few";
  const [network, block] = [networkOf(address), networkBlockOf(address)];
  // Every one is counted, also when another is over.
  const [isSome, isMany, isTooMany] = await Promise.all([
    isOver([
      [env.SOME_CHALLENGES_BY_ADDRESS, network],
      [env.SOME_CHALLENGES_BY_BLOCK, block],
    ]),
    isOver([
      [env.MANY_CHALLENGES_BY_ADDRESS, network],
      [env.MANY_CHALLENGES_BY_BLOCK, block],
    ]),
    isOver([
      [env.CHALLENGES_BY_ADDRESS, network],
      [env.CHALLENGES_BY_BLOCK, block],
    ]),
  ]);
  if (isTooMany) return "too_many";
  if (isMany) return "many";
  return isSome ? "some" : "few";
}
