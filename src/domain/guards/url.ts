/**
 * The parts of a request's URL that guards and links need, cut from its text.
 *
 * Guarantee: the parts are as they were sent; `URL` would already have resolved `..` and decoded
 * what an origin may read otherwise. Takes URLs as the runtime gives them: absolute, with `://`.
 */
import { RETURN_PATH_LENGTH_MAX } from "../limits.ts";
import { canonicalPath } from "./path-readings.ts";

/** Of a URL as the runtime gives it. Ports, case, user and a final dot do not count. */
export function hostOf(url: string): string {
  const from = url.indexOf("://") + 3;
  const authority = url.slice(from, endOfAuthority(url, from));
  const host = authority.slice(authority.lastIndexOf("@") + 1).replace(/:\d*$/, "");
  return (host.endsWith(".") ? host.slice(0, -1) : host).toLowerCase();
}

/** Of a URL as the runtime gives it, without query and fragment; as it was sent. */
export function pathOf(url: string): string {
  const start = endOfAuthority(url, url.indexOf("://") + 3);
  for (let end = start; end < url.length; end += 1) {
    const character = url.charCodeAt(end);
    if (character === 63 || character === 35) return url.slice(start, end);
  }
  return url.slice(start);
}

/** Everything after the authority: path and query. */
export function targetOf(url: string): string {
  const target = url.slice(endOfAuthority(url, url.indexOf("://") + 3));
  return target.startsWith("/") ? target : `/${target}`;
}

/**
 * Where a shopper at this URL comes back to after the line: its path and query, as a link that
 * leads nowhere but to this host; "/" when that is too long to be carried along.
 */
export function returnAddress(url: string): string {
  const target = targetOf(url);
  const path = pathOf(url);
  // What begins with two slashes, or one of them a backslash, is another host's address.
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
