/**
 * Inputs about what servers make of a request's target: spellings of guarded pages for servers that
 * decode, resolve, cut or take a host out of it, and hosts in unusual spellings.
 *
 * Guarantee: no input joins or claims, because none is for a page or for exactly JSON. What gets
 * through is tried on servers as shops run them (`real-servers.ts`).
 */
import type { Random } from "../seeded-random.ts";
import type { Forger } from "./forgeries.ts";
import type { Ground } from "./ground.ts";
import { DATA, encodedOnce, respelled, type Spelling } from "./guarded-inputs.ts";
import { chance, type Header, type Made, pick, wholeIn } from "./input.ts";
import { GUARDED_FOLDERS, GUARDED_HOST, GUARDED_PAGE } from "./names.ts";

const NAMES = ["x", "shop.example", "@", "a@b:80", "", "%ff", ":", "[::1]", "x:y"];
const UNDECODABLE = ["%ff", "%", "%c3%28", "%zz", "%e0%80", "%ed%a0%80", "%00", "%u0", "%f0%90%80"];
const FORMATS = [
  ".json",
  ".html",
  ".php",
  ".JSON",
  ".rss",
  "/index.html",
  "/index.php",
  "/default.aspx",
];
const PARAMETERS = [";a=1", ";", ";.json", ";/", "%3b", "%3Ba", ";a/..", ";..;"];
const SLASHES = ["\\", "//", "/./", "%2f", "%5c", "/x/../", "\\..\\", "/%2e%2e/..%2f", "%252f"];
const ENDS = ["?a=/x", "#x", "%3f", "%23", "/", "/.", ".", "%20", "+", "?", "%3f.css", "%00.css"];

const FOR_SERVERS: readonly Spelling[] = [
  // As a host: `new URL(target, base)`, `urlsplit` and `parse_url`.
  (random, path) =>
    `${pick(random, ["//", "/%2f", "/\\", "\\\\", "/%5c", "///"])}${pick(random, NAMES)}${path}`,
  (random, path) => `/${pick(random, UNDECODABLE)}/..${path}`,
  (random, path) => `${path}${pick(random, UNDECODABLE)}`,
  (random, path) => `${path}${pick(random, FORMATS)}`,
  (random, path) => `${pick(random, ["/index.php", "/app.cgi", "/x.php/y.php"])}${path}`,
  (random, path) => `${path}${pick(random, PARAMETERS)}`,
  (random, path) => path.replace(/(?!^)\//, pick(random, PARAMETERS).replace(/\/?$/, "/")),
  (random, path) => path.replace(/(?!^)\//, pick(random, SLASHES)),
  (random, path) => `${path}${pick(random, ENDS)}`,
  (random, path) => `/${pick(random, ["http:", "http://x", "c:", "~", "."])}${path}`,
  encodedOnce,
];

function spelledFor(random: Random, path: string): string {
  let spelled = chance(random, 0.4) ? respelled(random, path) : path;
  for (let left = wholeIn(random, 1, 3); left > 0; left -= 1) {
    spelled = pick(random, FOR_SERVERS)(random, spelled);
  }
  return spelled.startsWith("/") ? spelled : `/${spelled}`;
}

function requestOf(random: Random, what: string, target: string, more: readonly Header[]): Made {
  const headers = [...pick(random, DATA), ...more];
  const method = pick(random, ["GET", "GET", "GET", "HEAD", "PROPFIND"]);
  return {
    what,
    expect: "harmless",
    request: { kind: "http", method, target, headers, body: null },
  };
}

function spelledPage(random: Random): Made {
  const path = pick(random, [GUARDED_PAGE, `${GUARDED_FOLDERS.live}/shoe`]);
  return requestOf(random, "a spelling for servers", spelledFor(random, path), []);
}

const HOSTS: readonly ((host: string) => string)[] = [
  (host) => `${host}.`,
  (host) => `${host}..`,
  (host) => `${host}...:443`,
  (host) => `${host.toUpperCase()}.`,
  (host) => `${host}:80`,
  (host) => host,
];

/** A host whose guard names it exactly. */
function spelledHost(random: Random): Made {
  const host: Header = ["host", pick(random, HOSTS)(GUARDED_HOST.host)];
  const path = `${GUARDED_HOST.folder}/shoe`;
  const target = chance(random, 0.5) ? path : respelled(random, path);
  return requestOf(random, `a guarded host as ${host[1]}`, target, [host]);
}

export function originInput(random: Random, _: Ground, __: Forger): Made {
  return chance(random, 0.9) ? spelledPage(random) : spelledHost(random);
}
