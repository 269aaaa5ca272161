/**
 * How a guard reads a path, so that no spelling of it evades the guard.
 *
 * An origin may decode a path once, twice or not at all, merge its slashes, resolve its dot
 * segments or keep them, drop `;parameters`, take `//name` for a host, cut at a decoded `?`, `#`
 * or NUL, drop what Windows drops at the end of a name, and ignore case. The gate cannot know
 * which, so a path has several *readings*. A guard covers a request when any reading matches; an
 * exception applies only when every reading matches it. A path with too many readings is
 * *unreadable*: every guard covers it and no exception does, so the work for a path is bounded.
 *
 * *Aliases* are paths that many frameworks route like another: `/air.json`, `/air/index.html`,
 * `/index.php/air`, `/air.php/more`. They count for guards and not for exceptions.
 *
 * Not covered (docs/gate.md lists these limits): routing by a body, a cookie, a query or a header
 * of the origin's own, and origins that serve a page at addresses below it.
 */
import { PATH_SPELLINGS_LENGTH_MAX, PATH_SPELLINGS_MAX } from "../limits.ts";

const DECODER = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** Decodes each `%XX`, and IIS's `%uXXXX`, once. Keeps everything else and never throws. */
function decodeOnce(text: string): string {
  return text.replace(/(?:%[0-9a-f]{2})+|%u[0-9a-f]{4}/gi, (run) => {
    if (/^%u/i.test(run)) return String.fromCharCode(Number.parseInt(run.slice(2), 16));
    const bytes = run.match(/[0-9a-f]{2}/gi) ?? [];
    return textOf(Uint8Array.from(bytes, (byte) => Number.parseInt(byte, 16)));
  });
}

function textOf(bytes: Uint8Array): string {
  try {
    return DECODER.decode(bytes);
  } catch {
    return lenientText(bytes);
  }
}

/** Bytes that were decoded one by one, as in two rounds, read as UTF-8. */
function joinedBytes(text: string): string {
  return text.replace(/[\u0080-\u00ff]{2,}/g, (run) => {
    return textOf(Uint8Array.from(run, (byte) => byte.charCodeAt(0)));
  });
}

/** As old decoders read what is no UTF-8: ASCII in two to four bytes, else Latin-1. */
function lenientText(bytes: Uint8Array): string {
  let text = "";
  for (let at = 0; at < bytes.length; at += 1) {
    const [byte = 0, next = 0, third = 0, last = 0] = bytes.subarray(at, at + 4);
    const isTwo = (byte === 0xc0 || byte === 0xc1) && isContinuation(next);
    const isThree = byte === 0xe0 && (next === 0x80 || next === 0x81) && isContinuation(third);
    const isHigh = byte === 0xf0 && next === 0x80 && (third === 0x80 || third === 0x81);
    const isFour = isHigh && isContinuation(last);
    if (isTwo) text += String.fromCharCode(((byte & 1) << 6) | (next & 0x3f));
    else if (isThree) text += String.fromCharCode(((next & 1) << 6) | (third & 0x3f));
    else if (isFour) text += String.fromCharCode(((third & 1) << 6) | (last & 0x3f));
    else text += String.fromCharCode(byte);
    if (isTwo) at += 1;
    if (isThree) at += 2;
    if (isFour) at += 3;
  }
  return text;
}

function isContinuation(byte: number): boolean {
  return (byte & 0xc0) === 0x80;
}

/** Slashes for backslashes, without empty segments, dot segments and a trailing slash. */
export function canonicalPath(path: string): string {
  return resolvedPath(path.replaceAll("\\", "/"));
}

/** The same where a backslash is a character of a name, as it is everywhere but on Windows. */
function resolvedPath(path: string): string {
  const kept: string[] = [];
  for (const segment of path.split("/")) {
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
 * segment beside a slash that stays encoded, `..` may remove an empty segment, and tabs and line
 * ends disappear.
 */
function urlPaths(path: string): readonly string[] {
  const standard = urlPath(path);
  // Python drops tabs and line ends too, and leaves a backslash in its name.
  if (!path.includes("\\")) return [standard];
  return [standard, urlPath(path.replaceAll("\\", "%5C")).replaceAll("%5C", "\\")];
}

function urlPath(path: string): string {
  return URL.parse(`http://host.invalid/${path.replace(/^[/\\]/, "")}`)?.pathname ?? path;
}

/** As `new URL(path, base)` reads it, and as Python's `urlsplit` does: `//name` is a host. */
function withoutHost(path: string): readonly string[] {
  if (!/^[/\\]{2}/.test(path)) return [];
  const standard = URL.parse(path, "http://host.invalid")?.pathname;
  const split = path.replace(/^\/\/[^/]*/, "");
  return standard === undefined ? [split] : [standard, split];
}

/** Without the dots and blanks at the end of a name, or blanks beside dots, which Windows drops. */
function trimmedNames(path: string): string {
  const trimmed = path.replace(/([^/\\.\s\0])[.\s\0]+(?=[/\\]|$)/g, "$1");
  return trimmed.replace(/(?<=[/\\])[.\s\0]+(?=[/\\]|$)/g, (run) => run.replace(/[\s\0]/g, ""));
}

/** Without the stream of a file, `::$DATA`, as Windows opens it. */
function withoutStream(path: string): string {
  return path.replace(/:+\$[^/\\]*/g, "");
}

/** Each way in which an origin may rewrite a path; some leave it as it is. */
const REWRITES: readonly ((path: string) => readonly string[])[] = [
  (path) => [decodeOnce(path)],
  (path) => [joinedBytes(path)],
  (path) => [path.replace(/;[^/\\]*/g, ""), path.replace(/;[^/]*/g, "")],
  urlPaths,
  withoutHost,
  (path) => [path.replace(/[?#\0].*$/s, "")],
  (path) => [trimmedNames(path)],
  (path) => [withoutStream(path)],
  (path) => [path.normalize("NFKC")],
];

/** A path without any of these has only one reading, itself. */
const AMBIGUOUS = /[%\\;\s\0?#]|:\$|[^\0-\x7f]|\/\/|\/\.|\.\/|[./]$/;

export interface PathReadings {
  readonly readings: readonly string[];
  /** Paths that an origin may route like a reading. */
  readonly aliases: readonly string[];
  /** It has more readings than are looked at. */
  readonly isUnreadable: boolean;
}

const NO_ALIASES: readonly string[] = [];
const UNREADABLE: PathReadings = { readings: [""], aliases: [], isUnreadable: true };

/** @param path of a request, without its query, as received */
export function readPath(path: string): PathReadings {
  const isPlain = path === "/" || !AMBIGUOUS.test(path);
  if (isPlain && path !== "" && !path.includes(".")) {
    return { readings: [path], aliases: NO_ALIASES, isUnreadable: false };
  }
  const spellings = isPlain ? [path === "" ? "/" : path] : spellingsOf(path);
  if (spellings === null) return UNREADABLE;
  const readings = isPlain ? spellings : [...new Set(spellings.flatMap(resolvedOrNot))];
  return { readings, aliases: aliasesOf(spellings, readings), isUnreadable: false };
}

function resolvedOrNot(text: string): readonly string[] {
  return [...resolutions(text), unresolvedPath(text)];
}

/** On Windows, and elsewhere. */
function resolutions(text: string): readonly string[] {
  return text.includes("\\") ? [canonicalPath(text), resolvedPath(text)] : [canonicalPath(text)];
}

/** All that any sequence of rewrites makes of it; null when that is too much. */
function spellingsOf(path: string): readonly string[] | null {
  const spellings = new Set([path]);
  let length = 0;
  // A set goes on with what is added while it is gone through.
  for (const text of spellings) {
    length += text.length;
    if (length > PATH_SPELLINGS_LENGTH_MAX || spellings.size > PATH_SPELLINGS_MAX) return null;
    for (const rewrite of REWRITES) for (const rewritten of rewrite(text)) spellings.add(rewritten);
  }
  return [...spellings];
}

/** Formats of the same content, as in Rails' `/air.json`; not files that pages load. */
const FORMAT =
  /\.(json|jsonp|xml|html?|xhtml|php\d?|aspx?|jsp|do|action|js|csv|txt|rss|atom|md|rsc|data)$/i;
const INDEX = /\/(index|default)\.[a-z0-9]+$/i;
const FRONT_CONTROLLER = /^.*?\/[^/]+\.(php\d?|aspx?|jsp|cgi|pl|py)(?=\/)/i;

/** Of a file: its path without its format, and its folder where it is the folder's index. */
function plainerPaths(path: string): readonly string[] {
  const plainer = [path.replace(FORMAT, ""), path.replace(INDEX, "")];
  return plainer.filter((text) => text !== path).map((text) => (text === "" ? "/" : text));
}

/** Of a path with a script in it: the script, and what it is given to route. */
function scriptPaths(path: string): readonly string[] {
  const [script] = FRONT_CONTROLLER.exec(path) ?? [];
  if (script === undefined) return [];
  const routed = path.slice(script.length);
  return [script, routed, ...withoutHost(routed)];
}

function aliasesOf(spellings: readonly string[], readings: readonly string[]): readonly string[] {
  const aliases = new Set<string>();
  for (const spelling of spellings) {
    if (!spelling.includes(".")) continue;
    for (const text of [spelling, ...scriptPaths(spelling)]) {
      for (const path of resolutions(text)) {
        for (const alias of [path, ...plainerPaths(path)]) aliases.add(alias);
      }
    }
  }
  for (const reading of readings) aliases.delete(reading);
  return [...aliases];
}

/** A path in which each `*` stands for any run of characters, including slashes. */
export interface PathPattern {
  /** The texts between the asterisks. */
  readonly parts: readonly string[];
}

export function compilePattern(pattern: string): PathPattern {
  return { parts: canonicalPath(decodeOnce(pattern)).split("*") };
}

/**
 * Patterns that are compared with folded paths: the guard's own and, where it names a file, those
 * of the addresses at which servers also show it: `/air.html` as `/air`.
 */
export function compileFolded(pattern: string): readonly PathPattern[] {
  const canonical = canonicalPath(decodeOnce(pattern));
  const file = canonical.slice(canonical.lastIndexOf("/"));
  const paths = file.includes("*") ? [canonical] : [canonical, ...plainerPaths(canonical)];
  return paths.map((path) => ({ parts: folded(path).split("*") }));
}

const ASCII = /^[\0-\x7f]*$/;

/** For a comparison that ignores case, as servers do it: also `ſ` is an `s`. */
export function folded(text: string): string {
  if (ASCII.test(text)) return text.toLowerCase();
  return text.normalize("NFKC").toUpperCase().toLowerCase();
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

export function matchesAny(patterns: readonly PathPattern[], reading: string): boolean {
  return patterns.some((pattern) => matchesPath(pattern, reading));
}

/** Whether the pattern matches a whole reading, with or without a slash at its end. */
export function matchesPath(pattern: PathPattern, reading: string): boolean {
  return matchesText(pattern, reading) || matchesText(pattern, `${reading}/`);
}
