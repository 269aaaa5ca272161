/**
 * Headers by which a client may name another path, method or host than its request has, because
 * some servers and frameworks obey them: IIS and ASP.NET, Zend and Symfony (`X-Original-URL`,
 * `X-Rewrite-URL`), Rails, Laravel and Express (`X-HTTP-Method-Override`), Spring and WSGI
 * (`X-Forwarded-Prefix`, `X-Script-Name`), and what proxies such as Traefik, Envoy and nginx write.
 *
 * Guarantee: the shop is sent none of them, unless the operator names it as one that it obeys
 * (`ORIGIN_OVERRIDES`); those that name a host, never. What is read of them is bounded. CGI and
 * WSGI fold every sign but letters and digits into one, so `X_Original_URL` is the same header.
 */

/** Values of a request's headers that are read, and their length together. */
export const OVERRIDE_VALUES_MAX = 4;
export const OVERRIDES_LENGTH_MAX = 2048;

type Kind = "path" | "prefix" | "method" | "host";

const KINDS: ReadonlyMap<string, Kind> = new Map([
  ...["original-url", "original-uri", "original-path", "rewrite-url", "rewrite-uri"].map(asPath),
  ...["rewrite-path", "override-url", "forwarded-uri", "forwarded-url", "forwarded-path"].map(
    asPath,
  ),
  ...["envoy-original-path", "request-uri", "request-url", "proxy-url"].map(asPath),
  ...["http-destinationurl", "http-path-override", "path-info"].map(asPath),
  ...["arr-original-url", "invoke-path", "matched-path"].map(asPath),
  ["forwarded-prefix", "prefix"],
  ["script-name", "prefix"],
  ["http-method-override", "method"],
  ["http-method", "method"],
  ["method-override", "method"],
  ["original-method", "method"],
  ["forwarded-method", "method"],
  ["request-method", "method"],
  ["http-host-override", "host"],
  ["original-host", "host"],
  ["forwarded-host", "host"],
  ["forwarded-server", "host"],
  ["host", "host"],
  ["forwarded", "host"],
]);

/**
 * Obeyed without `X-` too: `SCRIPT_NAME` and `PATH_INFO` by gunicorn from a proxy that it trusts,
 * `Forwarded` by Spring, which takes its `host=` before `X-Forwarded-Host`.
 */
const WITHOUT_X: ReadonlySet<string> = new Set([
  "script-name",
  "path-info",
  "request-uri",
  "forwarded",
]);
/** Of those names, so that most other headers end with a first look. */
const LENGTHS_WITHOUT_X: ReadonlySet<number> = new Set([...WITHOUT_X].map(({ length }) => length));

function asPath(name: string): [string, Kind] {
  return [name, "path"];
}

/**
 * Without `X-`, in lower case and with hyphens; null for other headers that do not begin with it.
 * Most headers of a request end with the first look, at two characters and the length.
 */
function foldedName(header: string): string | null {
  const first = header.charCodeAt(0);
  const hasX = (first === 120 || first === 88) && !isLetterOrDigit(header.charCodeAt(1));
  if (!hasX && !LENGTHS_WITHOUT_X.has(header.length)) return null;
  const name = hasX ? header.slice(2) : header;
  const folded = /^[a-z0-9-]*$/.test(name) ? name : name.toLowerCase().replace(/[^a-z0-9]/g, "-");
  return hasX || WITHOUT_X.has(folded) ? folded : null;
}

function isLetterOrDigit(code: number): boolean {
  const isDigit = code >= 48 && code <= 57;
  return isDigit || (code >= 65 && code <= 90) || (code >= 97 && code <= 122);
}

/** As `foldedName`, but null for a header that overrides nothing. */
function overrideOf(header: string): string | null {
  const name = foldedName(header);
  return name !== null && KINDS.has(name) ? name : null;
}

/** The names, folded, of the headers that the shop obeys. */
export type ObeyedOverrides = ReadonlySet<string>;

/**
 * @param text header names, separated by commas
 * @returns the names that are none of these headers, or only name a host, when there are any
 */
export function readObeyed(
  text: string,
):
  | { readonly kind: "obeyed"; readonly obeyed: ObeyedOverrides }
  | { readonly kind: "unknown"; readonly names: readonly string[] } {
  const named = text.split(",").map((name) => name.trim());
  const obeyed = new Set<string>();
  const names: string[] = [];
  for (const header of named.filter((name) => name !== "")) {
    const name = overrideOf(header);
    // Guards are of hosts, so another host by header would be another shop.
    if (name === null || KINDS.get(name) === "host") names.push(header);
    else obeyed.add(name);
  }
  return names.length === 0 ? { kind: "obeyed", obeyed } : { kind: "unknown", names };
}

/** What there is of a request's headers for the gate, by their names as received. */
export interface NotedHeaders {
  /** That only the gate may set: `Sluice-*`, in every spelling. */
  readonly ours: readonly string[];
  /** That override the path, the method or the host, with their folded names. */
  readonly overriding: readonly (readonly [header: string, name: string])[];
  /** `X-Forwarded-Proto`, in every spelling. */
  readonly protocols: readonly string[];
}

const NONE: NotedHeaders = { ours: [], overriding: [], protocols: [] };

/** One look at the names of a request's headers, for the guards and for the way to the shop. */
export function noteHeaders(names: Iterable<string>): NotedHeaders {
  let noted: { ours: string[]; overriding: [string, string][]; protocols: string[] } | null = null;
  for (const header of names) {
    const isOurs = isGates(header);
    const name = isOurs ? null : foldedName(header);
    if (!isOurs && name === null) continue;
    noted ??= { ours: [], overriding: [], protocols: [] };
    if (name === null) noted.ours.push(header);
    else if (KINDS.has(name)) noted.overriding.push([header, name]);
    else if (name === "forwarded-proto") noted.protocols.push(header);
  }
  return noted ?? NONE;
}

/**
 * Whether a header, by its lower-case name, is one that only the gate may set. CGI and WSGI fold
 * every sign but letters and digits into one, so `sluice_admission` is read as `sluice-admission`.
 */
export function isGates(header: string): boolean {
  if (header.charCodeAt(0) !== 115 || !header.startsWith("sluice")) return false;
  return header.length > 6 && !isLetterOrDigit(header.charCodeAt(6));
}

/** The names of the headers that the shop must not be sent. */
export function foreignOverrides(
  { overriding }: NotedHeaders,
  obeyed: ObeyedOverrides,
): readonly string[] {
  const foreign = overriding.filter(([, name]) => !obeyed.has(name));
  return foreign.map(([header]) => header);
}

export interface Overrides {
  readonly methods: readonly string[];
  readonly paths: readonly string[];
  /** There is more of those that the shop obeys than is read. */
  readonly isUnread: boolean;
}

const NO_OVERRIDES: Overrides = { methods: [], paths: [], isUnread: false };

/**
 * What the headers would have a server take instead, whether it obeys them or not: reading them
 * can only get a request guarded. What is too much is left out where the shop never sees it.
 * @param path the request's own, which a prefix is put in front of
 */
export function overridesIn(
  { overriding }: NotedHeaders,
  valueOf: (header: string) => string | null,
  path: string,
  obeyed: ObeyedOverrides,
): Overrides {
  if (overriding.length === 0) return NO_OVERRIDES;
  const methods: string[] = [];
  const paths: string[] = [];
  let isUnread = false;
  let [count, length] = [0, 0];
  for (const [header, name] of overriding) {
    const [kind, value] = [KINDS.get(name), valueOf(header)];
    if (kind === undefined || kind === "host" || value === null) continue;
    const values = valuesOf(value);
    count += values.length;
    length += value.length;
    if (count > OVERRIDE_VALUES_MAX || length > OVERRIDES_LENGTH_MAX) {
      isUnread ||= obeyed.has(name);
    } else if (kind === "method") {
      methods.push(...values.map((method) => method.toUpperCase()));
    } else {
      const targets = values.map((target) => target.split(/[?#]/)[0] ?? "");
      paths.push(...targets.map((target) => (kind === "prefix" ? target + path : target)));
    }
  }
  return { methods, paths, isUnread };
}

/** A header that is sent twice is one with a comma; which of them a server takes is its own. */
function valuesOf(value: string): readonly string[] {
  // One more than are read, so that no longer list is made.
  const parts = value.split(",", OVERRIDE_VALUES_MAX).map((part) => part.trim());
  return parts.length === 1 ? parts : [value, ...parts];
}
