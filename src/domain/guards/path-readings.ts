/**
 * How a guard reads a path, so that no spelling of it bypasses the guard.
 *
 * An origin may decode a path once, twice or not at all, merge its slashes, resolve its dots or
 * leave them, drop `;parameters` and ignore case. From outside it is unknown which, so a path has
 * several *readings*. A guard covers a request when any reading matches; an exception holds only
 * when every one does.
 *
 * Not covered, see docs/gate.md: what an origin decides by a body, a cookie or a header of
 * its own, and endings that only Windows drops (`air.`, `air%20`).
 */

/** More rounds of decoding than this no origin does. */
const DECODINGS_MAX = 3;

const DECODER = new TextDecoder();

/** `%XX` decoded once as UTF-8; what is no `%XX` stays as it is, and never throws. */
function decodeOnce(text: string): string {
  return text.replace(/(?:%[0-9a-f]{2})+/gi, (run) => {
    const bytes = run.match(/[0-9a-f]{2}/gi) ?? [];
    return DECODER.decode(Uint8Array.from(bytes, (byte) => Number.parseInt(byte, 16)));
  });
}

/** One kind of slash, no double ones, no dot segments, no slash at the end. */
export function canonicalPath(path: string): string {
  const kept: string[] = [];
  for (const segment of path.replaceAll("\\", "/").split("/")) {
    if (segment === "..") kept.pop();
    else if (segment !== "" && segment !== ".") kept.push(segment);
  }
  return `/${kept.join("/")}`;
}

/** One kind of slash and no double ones, its dots left as they are: some routers match that. */
function unresolvedPath(path: string): string {
  const segments = path.split(/[\\/]/).filter((segment) => segment !== "");
  return `/${segments.join("/")}`;
}

/**
 * As the URL standard writes it, and so as it is sent on: `%2e%2e` is a dot segment beside a slash
 * that stays encoded, and an empty segment is one that `..` takes away.
 */
function urlPath(path: string): string {
  return URL.parse(`http://host.invalid/${path.replace(/^[/\\]/, "")}`)?.pathname ?? path;
}

/** A path without any of these has one reading, which is itself. */
const AMBIGUOUS = /[%\\;]|\/\/|\/\.|.\/$/;

/** @param path of a request, without its query, as it was sent */
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

/** A path in which each `*` stands for any run of characters, slashes among them. */
export interface PathPattern {
  /** What stands between the stars. */
  readonly parts: readonly string[];
}

/** @param anyCase whether the pattern is to match paths in lower case */
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
  // The leftmost place of each part leaves the most for those that follow.
  for (const part of parts.slice(1, -1)) {
    const found = text.indexOf(part, at);
    if (found < 0 || found + part.length > end) return false;
    at = found + part.length;
  }
  return true;
}

/** Whether the whole of a reading matches, with or without a slash at its end. */
export function matchesPath(pattern: PathPattern, reading: string): boolean {
  return matchesText(pattern, reading) || matchesText(pattern, `${reading}/`);
}
