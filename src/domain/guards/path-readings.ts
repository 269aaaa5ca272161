/**
 * How a guard reads a path, so that no spelling of it evades the guard.
 *
 * An origin may decode a path once, twice or not at all, merge its slashes, resolve its dot
 * segments or keep them, drop `;parameters` and ignore case. The gate cannot know which, so a path
 * has several *readings*. A guard covers a request when any reading matches; an exception applies
 * only when every reading matches it.
 *
 * Not covered (docs/gate.md lists these limits): routing by a body, a cookie or a header of the
 * origin's own, and endings that only Windows drops (`air.`, `air%20`).
 */

/** No origin is known to decode more often than this. */
const DECODINGS_MAX = 3;

const DECODER = new TextDecoder();

/** Decodes each `%XX` once as UTF-8. Keeps everything else and never throws. */
function decodeOnce(text: string): string {
  return text.replace(/(?:%[0-9a-f]{2})+/gi, (run) => {
    const bytes = run.match(/[0-9a-f]{2}/gi) ?? [];
    return DECODER.decode(Uint8Array.from(bytes, (byte) => Number.parseInt(byte, 16)));
  });
}

/** Slashes for backslashes, without empty segments, dot segments and a trailing slash. */
export function canonicalPath(path: string): string {
  const kept: string[] = [];
  for (const segment of path.replaceAll("\\", "/").split("/")) {
    if (segment === "..") kept.pop();
    else if (segment !== "" && segment !== ".") kept.push(segment);
  }
  return `/${kept.join("/")}`;
}

/** As `canonicalPath`, but with its dot segments, because some routers match on them. */
function unresolvedPath(path: string): string {
  const segments = path.split(/[\\/]/).filter((segment) => segment !== "");
  return `/${segments.join("/")}`;
}

/**
 * The path as the URL standard normalizes it, which is how it is forwarded: `%2e%2e` is a dot
 * segment beside a slash that stays encoded, and `..` may remove an empty segment.
 */
function urlPath(path: string): string {
  return URL.parse(`http://host.invalid/${path.replace(/^[/\\]/, "")}`)?.pathname ?? path;
}

/** A path without any of these has only one reading, itself. */
const AMBIGUOUS = /[%\\;]|\/\/|\/\.|.\/$/;

/** @param path of a request, without its query, as received */
export function readingsOf(path: string): readonly string[] {
  if (!AMBIGUOUS.test(path)) return [path === "" ? "/" : path];
  const readings = new Set<string>();
  for (const base of new Set([path, urlPath(path)])) {
    let text = base;
    for (let round = 0; round <= DECODINGS_MAX; round += 1) {
      const spellings = [text, text.replace(/;[^/\\]*/g, ""), urlPath(text)];
      for (const spelling of new Set(spellings)) {
        readings.add(canonicalPath(spelling));
        readings.add(unresolvedPath(spelling));
      }
      const decoded = decodeOnce(text);
      if (decoded === text) break;
      text = decoded;
    }
  }
  return [...readings];
}

/** A path in which each `*` stands for any run of characters, including slashes. */
export interface PathPattern {
  /** The texts between the asterisks. */
  readonly parts: readonly string[];
}

/** @param anyCase whether the pattern is compared with paths in lower case */
export function compilePattern(pattern: string, anyCase: boolean): PathPattern {
  const canonical = canonicalPath(decodeOnce(pattern));
  return { parts: (anyCase ? canonical.toLowerCase() : canonical).split("*") };
}

function matchesText({ parts }: PathPattern, text: string): boolean {
  const first = parts[0] ?? "";
  if (parts.length === 1) return text === first;
  const last = parts.at(-1) ?? "";
  const end = text.length - last.length;
  let at = first.length;
  if (end < at || !text.startsWith(first) || !text.endsWith(last)) return false;
  // The leftmost match of each part leaves the most text for the parts that follow.
  for (const part of parts.slice(1, -1)) {
    const found = text.indexOf(part, at);
    if (found < 0 || found + part.length > end) return false;
    at = found + part.length;
  }
  return true;
}

/** Whether the pattern matches a whole reading, with or without a slash at its end. */
export function matchesPath(pattern: PathPattern, reading: string): boolean {
  return matchesText(pattern, reading) || matchesText(pattern, `${reading}/`);
}
