/**
 * Whether a token of an admission is still in force, by the room's snapshot. No I/O.
 *
 * The snapshot names the numbers in force, and how many tokens had been numbered when it was made:
 * a higher number is newer than the snapshot and in force. So no seat that was given back is ever
 * forgotten, and the text grows with the seats in use, not with those that were.
 */
import type { AdmissionRecord } from "./admission.ts";
import { decodeNumbers, encodeNumbers, hasNumber, type NumberSet } from "./number-set.ts";

/** Part of a snapshot. */
export interface TokensInForce {
  /** Tokens numbered so far: all numbers are below it. */
  readonly next: number;
  /** The numbers in force, as `number-set.ts` writes them. */
  readonly inForce: string;
  /** Numbers whose seats have moved to newer devices, likewise; absent when there are none. */
  readonly moved?: string | undefined;
}

export function tokensInForce(active: Iterable<AdmissionRecord>, next: number): TokensInForce {
  const numbers: number[] = [];
  const moved: number[] = [];
  for (const { devices } of active) {
    for (const { number } of devices?.tokens ?? []) numbers.push(number);
    moved.push(...(devices?.ended ?? []));
  }
  return {
    next,
    inForce: encodeNumbers(numbers.toSorted((a, b) => a - b)),
    ...(moved.length === 0 ? {} : { moved: encodeNumbers(moved.toSorted((a, b) => a - b)) }),
  };
}

/** `moved`: the seat is in use on a newer device. `over`: it was given back. */
export type TokenStanding = "in_force" | "moved" | "over";

/** What a snapshot says about tokens; `revoked` about those without a number. */
export interface TokenFacts {
  readonly tokens?: TokensInForce | undefined;
  readonly revoked?: readonly string[] | undefined;
}

export function tokenStandingIn(
  { tokens, revoked = [] }: TokenFacts,
  { id, number }: { readonly id: string; readonly number: number | null },
): TokenStanding {
  if (number === null || tokens === undefined) return revoked.includes(id) ? "over" : "in_force";
  if (number >= tokens.next) return "in_force";
  const { inForce, moved } = setsOf(tokens);
  if (hasNumber(inForce, number)) return "in_force";
  return hasNumber(moved, number) ? "moved" : "over";
}

interface Sets {
  readonly inForce: NumberSet;
  readonly moved: NumberSet;
}

/** A snapshot is read by every request of its second, and decoded by the first. */
const decoded = new WeakMap<TokensInForce, Sets>();

function setsOf(tokens: TokensInForce): Sets {
  const known = decoded.get(tokens);
  if (known !== undefined) return known;
  const { inForce, moved = "" } = tokens;
  const sets = { inForce: decodeNumbers(inForce), moved: decodeNumbers(moved) };
  decoded.set(tokens, sets);
  return sets;
}
