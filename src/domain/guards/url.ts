/**
 * The parts of a request's URL that guards and links need, cut from its text.
 *
 * Guarantee: the parts are as received, because `URL` would resolve `..` and normalize what an
 * origin may read differently. Expects URLs as the runtime provides them: absolute, with `://`.
 */
import { RETURN_PATH_LENGTH_MAX } from "../limits.ts";
import { canonicalPath } from "./path-readings.ts";

/** The host of an absolute URL: in lower case, without user, port and trailing dots. */
export function hostOf(url: string): string {
  const from = url.indexOf("://") + 3;
  const authority = url.slice(from, endOfAuthority(url, from));
  const host = authority.slice(authority.lastIndexOf("@") + 1).replace(/:\d*$/, "");
  let end = host.length;
  while (end > 0 && host.charAt(end - 1) === ".") end -= 1;
  return host.slice(0, end).toLowerCase();
}

/** The path of an absolute URL, as received, without query and fragment. */
export function pathOf(url: string): string {
  const start = endOfAuthority(url, url.indexOf("://") + 3);
  for (let end = start; end < url.length; end += 1) {
    const character = url.charCodeAt(end);
    if (character === 63 || character === 35) return url.slice(start, end);
  }
  return url.slice(start);
}

/** Path and query: everything after the authority. */
export function targetOf(url: string): string {
  const target = url.slice(endOfAuthority(url, url.indexOf("://") + 3));
  return target.startsWith("/") ? target : `/${target}`;
}

/**
 * Where a shopper at this URL returns to after the line: its path and query, as a link that always
 * leads to this host; "/" when that is too long or not visible ASCII.
 */
export function returnAddress(url: string): string {
  const target = targetOf(url);
  const path = pathOf(url);
  // Browsers read `//` and `/\` at the start as the address of another host.
  const own = /^\/[/\\]/.test(target) ? canonicalPath(path) + target.slice(path.length) : target;
  return own.length <= RETURN_PATH_LENGTH_MAX && /^[\x21-\x7e]+$/.test(own) ? own : "/";
}

function endOfAuthority(url: string, from: number): number {
  for (let end = from; end < url.length; end += 1) {
    const character = url.charCodeAt(end);
    if (character === 47 || character === 63 || character === 35 || character === 92) return end;
  }
  return url.length;
}
