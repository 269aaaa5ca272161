/**
 * The tokens of the baseline Worker: a real ticket's header and claims, signed again with a public
 * key constant, so that as many bytes are sent and verified as with the gate.
 */

export const BASELINE_KEY = new TextEncoder().encode("a key for benchmarks only, no secret");
export const BASELINE_ALGORITHM = { name: "HMAC", hash: "SHA-256" } as const;

export interface SplitToken {
  readonly signed: Uint8Array;
  readonly signature: Uint8Array;
}

/** Null when the token has no signature. */
export function splitToken(token: string): SplitToken | null {
  const dot = token.lastIndexOf(".");
  if (dot < 0) return null;
  return {
    signed: new TextEncoder().encode(token.slice(0, dot)),
    signature: fromBase64(token.slice(dot + 1)),
  };
}

/** @param ticket a JWT; its own signature is replaced */
export async function signAgain(ticket: string): Promise<string> {
  const key = await crypto.subtle.importKey("raw", BASELINE_KEY, BASELINE_ALGORITHM, false, [
    "sign",
  ]);
  const unsigned = ticket.slice(0, ticket.lastIndexOf("."));
  const signature = await crypto.subtle.sign("HMAC", key, new TextEncoder().encode(unsigned));
  return `${unsigned}.${toBase64(new Uint8Array(signature))}`;
}

/** Standard base64, because a Worker has `atob` without a library. */
function fromBase64(text: string): Uint8Array {
  return Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
}

function toBase64(bytes: Uint8Array): string {
  return btoa(String.fromCharCode(...bytes));
}
