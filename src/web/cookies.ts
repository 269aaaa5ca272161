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

/** The cookie's value as it was sent, not decoded; null when there is none. */
export function cookieIn(headers: Headers, name: string): string | null {
  const header = headers.get("Cookie");
  if (header === null) return null;
  const start = `${PREFIX}${name}=`;
  for (let at = header.indexOf(start); at >= 0; at = header.indexOf(start, at + 1)) {
    const before = header.charAt(at - 1);
    if (at !== 0 && before !== ";" && before !== " ") continue;
    const end = header.indexOf(";", at);
    return header.slice(at + start.length, end < 0 ? header.length : end).trim();
  }
  return null;
}
