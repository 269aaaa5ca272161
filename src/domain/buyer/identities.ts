/**
 * By what a buyer is recognized beside the subject of their admission: keyed hashes of the e-mail
 * address, by which units are counted and orders are found.
 *
 * Guarantee: nobody without the key can tell which address a hash is of, or try addresses out.
 */
import { keyedDigestOf } from "../../encoding/json.ts";
import { normalisedEmail } from "./email.ts";

/** Releases before had digests without a key, and no prefix. */
const PREFIX = "buyer_";
const HASH_LENGTH = 40;

/** One for each key, the newest first, so that a rotation loses no count. */
export function identitiesOf(
  { email }: { readonly email: string },
  keys: readonly string[],
): string[] {
  const named = ["email", normalisedEmail(email)];
  return keys.map((key) => PREFIX + keyedDigestOf(key, named).slice(0, HASH_LENGTH));
}

/** By which orders of one mailbox are found; null in orders of a release before. */
export function buyerHashOf(identities: readonly string[]): string | null {
  return identities.find((identity) => identity.startsWith(PREFIX)) ?? null;
}
