/**
 * Which of the gate's cookies a browser need not keep: those of sales that are over, and those past
 * a bound, because a shopper of many sales on one host would send them all with every request.
 *
 * Guarantee: pure. What is left, with what is given now, is at most `OWN_COOKIES_LENGTH_MAX`
 * characters, apart from the sales of this answer. Nothing of a sale that is on is ended within the
 * bound. Past it go first what is neither a place nor a seat, then what lies beside a seat and is
 * not needed for it, then the places and seats that were given first. Claims are read without
 * verifying them: they decide only what this browser forgets.
 */
import { z } from "zod";
import { OWN_COOKIES_LENGTH_MAX } from "../domain/limits.ts";
import { cookiePairs, mayHaveOwn, ownNameOf, type CookiePair } from "./cookies.ts";

/** An order whose answer was lost is sent again with the admission, within this time. */
const ADMISSION_KEPT_MS = 10 * 60_000;

/** Kinds of cookies that belong to a sale, with the sale's id behind them. */
const OF_SALE = /^sluice-(ticket|admission|join|pass|code|reminder|queue-it)-(.+)$/;

interface OwnCookie {
  /** Without its prefix. */
  readonly name: string;
  readonly kind: string;
  readonly sale: string;
  readonly length: number;
  readonly issuedAt_ms: number;
  readonly expiresAt_ms: number;
}

const claimsSchema = z.object({ iat: z.number().default(0), exp: z.number().default(0) });
const NO_CLAIMS = claimsSchema.parse({});

function claimsOf(token: string): z.output<typeof claimsSchema> {
  const payload = token.split(".", 2)[1] ?? "";
  try {
    const claims: unknown = JSON.parse(atob(payload.replaceAll("-", "+").replaceAll("_", "/")));
    return claimsSchema.safeParse(claims).data ?? NO_CLAIMS;
  } catch {
    return NO_CLAIMS;
  }
}

function ownCookie(pair: CookiePair): OwnCookie | null {
  const name = ownNameOf(pair);
  const [, kind, sale] = OF_SALE.exec(name ?? "") ?? [];
  if (name === null || kind === undefined || sale === undefined) return null;
  const isToken = kind === "ticket" || kind === "admission";
  const { iat, exp } = isToken ? claimsOf(pair.value) : NO_CLAIMS;
  const length = pair.name.length + pair.value.length + "=; ".length;
  return { name, kind, sale, length, issuedAt_ms: iat * 1000, expiresAt_ms: exp * 1000 };
}

/** @param given `Set-Cookie` values of this answer */
function pairsOf(given: readonly string[]): readonly CookiePair[] {
  return given.flatMap((line) => cookiePairs(line).slice(0, 1));
}

/** The gate's cookies of a request that an answer does not touch. */
export class OldCookies {
  readonly #old: readonly OwnCookie[];
  /** Of the sales of this answer. */
  readonly #currentLength: number;

  constructor(header: string | null, given: readonly string[]) {
    const now = pairsOf(given).flatMap((pair) => ownCookie(pair) ?? []);
    const pairs = header === null || !mayHaveOwn(header) ? [] : cookiePairs(header);
    const sent = pairs.flatMap((pair) => ownCookie(pair) ?? []);
    const sales = new Set(now.map(({ sale }) => sale));
    const names = new Set(now.map(({ name }) => name));
    this.#old = sent.filter(({ sale }) => !sales.has(sale));
    const kept = sent.filter(({ sale, name }) => sales.has(sale) && !names.has(name));
    this.#currentLength = lengthOf([...now, ...kept]);
  }

  /** The sales that they are of. */
  get sales(): readonly string[] {
    return [...new Set(this.#old.map(({ sale }) => sale))];
  }

  /** @returns the names of those that the browser need not keep */
  ended(isOver: (sale: string) => boolean, now: number): readonly string[] {
    const isPast = ({ sale, kind, expiresAt_ms }: OwnCookie): boolean => {
      return isOver(sale) && (kind !== "admission" || expiresAt_ms + ADMISSION_KEPT_MS <= now);
    };
    const past = this.#old.filter(isPast);
    const left = this.#old.filter((cookie) => !isPast(cookie));
    let length = this.#currentLength + lengthOf(left);
    const dropped: OwnCookie[] = [];
    for (const group of inOrderOfUse(left, now)) {
      if (length <= OWN_COOKIES_LENGTH_MAX) break;
      dropped.push(...group);
      length -= lengthOf(group);
    }
    return [...new Set([...past, ...dropped].map(({ name }) => name))];
  }
}

function lengthOf(cookies: readonly OwnCookie[]): number {
  return cookies.reduce((sum, { length }) => sum + length, 0);
}

/** What goes together, the least needed first. */
function inOrderOfUse(cookies: readonly OwnCookie[], now: number): readonly OwnCookie[][] {
  const bySale = Map.groupBy(cookies, ({ sale }) => sale);
  const groups = [...bySale.values()].flatMap((ofSale) => {
    const isSeat = ({ kind, expiresAt_ms }: OwnCookie): boolean => {
      return kind === "admission" && expiresAt_ms > now;
    };
    const seats = ofSale.filter(isSeat);
    const others = ofSale.filter((cookie) => !isSeat(cookie));
    const isPlace = others.some(({ kind }) => kind === "ticket");
    const issuedAt_ms = Math.max(...ofSale.map((cookie) => cookie.issuedAt_ms));
    if (seats.length === 0) return [{ rank: isPlace ? 2 : 0, issuedAt_ms, group: others }];
    return [
      { rank: 1, issuedAt_ms, group: others },
      { rank: 3, issuedAt_ms, group: seats },
    ];
  });
  const sorted = groups.toSorted((a, b) => a.rank - b.rank || a.issuedAt_ms - b.issuedAt_ms);
  return sorted.map(({ group }) => group);
}
