/**
 * The gate's cookies as text, for routes with a framework and for the way to the origin, which has
 * none.
 *
 * Guarantee: every cookie is `__Host-`, Secure, HttpOnly, SameSite=Lax and Path=/, so it is this
 * host's alone and no script reads it.
 */
const PREFIX = "__Host-";
const ATTRIBUTES = "Path=/; HttpOnly; Secure; SameSite=Lax";

/** An age in whole seconds also holds on a device whose clock is wrong. */
export type Lifetime = { readonly maxAge_s: number } | { readonly expiresAt_ms: number };

/**
 * A `Set-Cookie` value.
 * @param name without its prefix
 */
export function cookie(name: string, value: string, lifetime: Lifetime): string {
  const until =
    "maxAge_s" in lifetime
      ? `Max-Age=${lifetime.maxAge_s}`
      : `Expires=${new Date(lifetime.expiresAt_ms).toUTCString()}`;
  return `${PREFIX}${name}=${encodeURIComponent(value)}; ${until}; ${ATTRIBUTES}`;
}

/** Takes the cookie away. */
export function expiredCookie(name: string): string {
  return cookie(name, "", { maxAge_s: 0 });
}

/**
 * Every value of that name, as it was sent and in its order, not decoded.
 *
 * As RFC 6265 says: `;` separates cookies and the first `=` ends a name; spaces, commas and quotes
 * separate nothing. So what looks like a cookie of ours inside another's value is none.
 */
export function cookiesIn(headers: Headers, name: string): readonly string[] {
  const header = headers.get("Cookie");
  if (header === null) return [];
  const values: string[] = [];
  const start = `${PREFIX}${name}=`;
  for (let at = header.indexOf(start); at >= 0; at = header.indexOf(start, at + 1)) {
    if (!beginsPair(header, at)) continue;
    const end = header.indexOf(";", at);
    values.push(trimmed(header.slice(at + start.length, end < 0 ? header.length : end)));
  }
  return values;
}

/** The cookie's value as it was sent, not decoded; null when there is none. */
export function cookieIn(headers: Headers, name: string): string | null {
  return cookiesIn(headers, name)[0] ?? null;
}

function beginsPair(header: string, at: number): boolean {
  let before = at - 1;
  while (before >= 0 && isBlank(header.charCodeAt(before))) before -= 1;
  return before < 0 || header.charAt(before) === ";";
}

/** Space and tab: other white space belongs to a name or a value. */
function isBlank(code: number): boolean {
  return code === 32 || code === 9;
}

/** In one pass: a regular expression for the end tries anew at each blank of a long run. */
function trimmed(text: string): string {
  let [start, end] = [0, text.length];
  while (start < end && isBlank(text.charCodeAt(start))) start += 1;
  while (end > start && isBlank(text.charCodeAt(end - 1))) end -= 1;
  return text.slice(start, end);
}

/** One cookie of a `Cookie` header. */
export interface CookiePair {
  readonly name: string;
  readonly value: string;
}

/** @param header a `Cookie` header; a pair without `=` is a value without a name */
export function cookiePairs(header: string): readonly CookiePair[] {
  return header.split(";").map((text) => {
    const pair = trimmed(text);
    const at = pair.indexOf("=");
    return { name: pair.slice(0, Math.max(at, 0)), value: pair.slice(at + 1) };
  });
}

/** The name without its prefix, when it is a cookie of the gate; else null. */
export function ownNameOf({ name }: CookiePair): string | null {
  return name.startsWith(OWN_PREFIX) ? name.slice(PREFIX.length) : null;
}

const OWN_PREFIX = `${PREFIX}sluice-`;

/** Whether a header may name a cookie of the gate: a quick look that most requests end with. */
export function mayHaveOwn(header: string): boolean {
  return header.includes(OWN_PREFIX);
}

/** Whether it may name two. */
export function mayHaveTwo(header: string): boolean {
  const first = header.indexOf(OWN_PREFIX);
  return first >= 0 && header.includes(OWN_PREFIX, first + 1);
}

/** The header without the gate's cookies, otherwise unchanged; null when nothing is left. */
export function withoutOwnCookies(header: string): string | null {
  let kept = "";
  /** What is before it is kept or left out. */
  let done = 0;
  for (let at = header.indexOf(OWN_PREFIX); at >= 0; at = header.indexOf(OWN_PREFIX, at + 1)) {
    if (at < done || !beginsPair(header, at)) continue;
    kept += header.slice(done, header.lastIndexOf(";", at) + 1);
    const end = header.indexOf(";", at);
    // The last pair leaves no `;` behind.
    if (end < 0) return trimmed(kept.slice(0, -1)) || null;
    done = end + 1;
  }
  return trimmed(kept + header.slice(done)) || null;
}
