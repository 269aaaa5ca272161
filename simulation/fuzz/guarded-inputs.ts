/**
 * Inputs about the shop behind the gate: spellings of a path that try to evade the guard, invalid
 * admissions, headers that only the gate may set, wrong bypass tokens, and unusual clients.
 *
 * Guarantee: no input joins or claims. Where it could, it is not a page request and has no ticket;
 * page requests go to sales that are not open yet, or have a ticket that waits for the start. Each
 * has its number in a header, so that the origin can report it.
 */
import type { Random } from "../seeded-random.ts";
import type { Forger } from "./forgeries.ts";
import type { Ground } from "./ground.ts";
import { chance, type Header, type Made, pick, visibleText, wholeIn } from "./input.ts";
import { BYPASS, FUZZ_SALES, GUARDED_FOLDERS } from "./names.ts";

const { live, prequeue } = FUZZ_SALES;

type GuardingSale = keyof typeof GUARDED_FOLDERS;

function guardedPath(sale: GuardingSale): string {
  return `${GUARDED_FOLDERS[sale]}/shoe`;
}

const hex = (letter: string): string => `%${letter.charCodeAt(0).toString(16)}`;

/** Percent-encodes one character, which an origin may decode. */
export function encodedOnce(random: Random, path: string): string {
  const at = wholeIn(random, 1, path.length - 1);
  const code = hex(path[at] ?? "a");
  const escape = chance(random, 0.5) ? code : code.toUpperCase();
  return path.slice(0, at) + escape + path.slice(at + 1);
}

function anyCase(random: Random, path: string): string {
  return path.replaceAll(/[a-z]/g, (letter) => {
    return chance(random, 0.5) ? letter.toUpperCase() : letter;
  });
}

function atSlash(random: Random, path: string, replacement: string): string {
  const slashes = [...path.matchAll(/\//g)].map(({ index }) => index);
  if (slashes.length === 0) return path;
  const at = pick(random, slashes);
  return path.slice(0, at) + replacement + path.slice(at + 1);
}

export type Spelling = (random: Random, path: string) => string;

const SPELLINGS: readonly Spelling[] = [
  encodedOnce,
  encodedOnce,
  (random, path) => encodedOnce(random, path).replace("%", "%25"),
  (random, path) => encodedOnce(random, path).replace("%", "%2525"),
  (_, path) => `/${Array.from(path.slice(1), hex).join("")}`,
  anyCase,
  (random, path) => atSlash(random, path, pick(random, ["//", "///", "/./", "/.//", "/x/../"])),
  (random, path) =>
    atSlash(random, path, pick(random, ["/%2e/", "/x/%2e%2e/", "/x/.%2E/", "/%2f"])),
  (random, path) => atSlash(random, path, pick(random, ["\\", "/\\", "%5c", "/%5C", "%255c"])),
  (random, path) => atSlash(random, path, `;${visibleParameter(random)}/`),
  (random, path) => `${path};${visibleParameter(random)}`,
  (random, path) =>
    path + pick(random, ["/", "//", "/.", "/x/..", "%2f", "?", "?a=/../..", "/%2e"]),
  (_, path) => `/../..${path}`,
  (random, path) =>
    path + pick(random, ["/../../open", "\\..\\..\\open", "/..%2f..%2fopen", "/..;/..;/open"]),
  (random, path) => `/${pick(random, ["open", "a%2fb", "%ff", "%c3%28"])}/..${path}`,
];

function visibleParameter(random: Random): string {
  return pick(random, ["v=1", "jsessionid=A", "", "a;b", ".."]);
}

/** Applies one to three spellings in turn; the result always starts with `/`. */
export function respelled(random: Random, path: string): string {
  let spelled = path;
  for (let left = wholeIn(random, 1, 3); left > 0; left -= 1) {
    spelled = pick(random, SPELLINGS)(random, spelled);
  }
  return spelled.startsWith("/") ? spelled : `/${spelled}`;
}

/** Headers of requests that are neither for a page nor for exactly JSON; these never join. */
export const DATA: readonly (readonly Header[])[] = [
  [],
  [["accept", "*/*"]],
  [["accept", "application/json, text/plain"]],
  [["accept", ""]],
  [
    ["accept", "image/avif,image/webp,*/*"],
    ["sec-fetch-dest", "image"],
  ],
  [
    ["accept", "text/html"],
    ["sec-fetch-dest", "empty"],
    ["sec-fetch-mode", "cors"],
  ],
  [
    ["accept", "text/html"],
    ["sec-fetch-dest", "iframe"],
    ["sec-fetch-mode", "no-cors"],
  ],
  [
    ["accept", "text/html"],
    ["sec-fetch-dest", "script"],
    ["sec-fetch-mode", "no-cors"],
  ],
];

/** Headers that may count as a page request or not; used where nobody can join. */
const ODD_CLIENTS: readonly (readonly Header[])[] = [
  [["accept", "text/html"]],
  [["accept", "application/json"]],
  [["accept", "TEXT/HTML;q=0"]],
  [["accept", ",;,"]],
  [
    ["accept", "text/html"],
    ["sec-fetch-dest", "\u00ff"],
    ["sec-fetch-mode", "navigate"],
  ],
  [
    ["sec-fetch-dest", "document"],
    ["sec-fetch-mode", "navigate"],
    ["sec-fetch-user", "?1"],
  ],
  [
    ["sec-fetch-dest", "__proto__"],
    ["sec-fetch-mode", "constructor"],
  ],
  [
    ["accept", "text/html"],
    ["sec-purpose", "prefetch;prerender"],
  ],
  [
    ["accept", "text/html"],
    ["accept-language", "x".repeat(300)],
  ],
];

const METHODS = ["GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "PROPFIND"] as const;

interface GuardedRequest {
  readonly what: string;
  readonly target: string;
  readonly headers: readonly Header[];
  readonly method?: string;
  readonly expect?: "harmless";
}

function requestOf(parts: GuardedRequest): Made {
  const { what, target, headers, method = "GET", expect = "harmless" } = parts;
  const hasBody = method === "POST" || method === "PUT" || method === "PATCH";
  return {
    what,
    expect,
    request: { kind: "http", method, target, headers, body: hasBody ? "a=1" : null },
  };
}

/** The guard must answer, unless the origin does not read the path as a guarded one. */
function evasion(random: Random): Made {
  const isPage = chance(random, 0.4);
  const path = guardedPath(isPage ? "later" : "live");
  return requestOf({
    what: "a path that tries to evade the guard",
    target: respelled(random, path),
    headers: pick(random, isPage ? ODD_CLIENTS : DATA),
    method: pick(random, METHODS),
  });
}

const OPEN_TARGETS = ["/", "/open", "/favicon.ico", "/open?guarded=1", "/open/%ff"];

/** A header that overrides the path or the method of a request that needs no turn. */
function override(random: Random): Made {
  const path = guardedPath("live");
  const byPath = chance(random, 0.6);
  const name = byPath
    ? pick(random, ["x-original-url", "X-Rewrite-URL", "x-rewrite-url", "X-ORIGINAL-URL"])
    : pick(random, ["x-http-method-override", "X-HTTP-Method", "x-method-override"]);
  const value = byPath ? respelled(random, path) : pick(random, ["GET", "post", " PUT ", "Get"]);
  const decoy: Header = [name, byPath ? "/open" : "OPTIONS"];
  const named: Header = [name, value];
  const order = pick(random, [[named], [named, decoy], [decoy, named]]);
  return requestOf({
    what: "a path or method overridden by a header",
    target: byPath ? pick(random, OPEN_TARGETS) : path,
    headers: [...pick(random, DATA), ...order],
    method: byPath ? pick(random, METHODS) : "OPTIONS",
  });
}

/** A forged admission as a header, as a cookie, or as both. */
function forgedAdmission(random: Random, ground: Ground, forger: Forger): Made {
  const good = pick(random, [ground.tokens.admission, ground.tokens.spent]);
  const forge = () => forger.forge(random, "admission", live, good);
  const { what, token } = chance(random, 0.85)
    ? forge()
    : {
        what: "a token of another kind or sale",
        token: pick(random, [ground.tokens.prequeued, ground.tokens.queued]),
      };
  const header: Header = [pick(random, ["sluice-admission", "Sluice-Admission"]), token];
  const cookie: Header = ["cookie", `__Host-sluice-admission-${live}=${forge().token}`];
  const carried = pick(random, [[header], [cookie], [header, cookie], [header, header]]);
  return requestOf({
    what: `a forged admission at a guarded path: ${what}`,
    target: guardedPath("live"),
    headers: [...pick(random, DATA), ...carried],
    method: pick(random, METHODS),
  });
}

/** A valid admission at the guarded path of another sale. */
function otherSales(random: Random, { tokens }: Ground): Made {
  const sale = pick(random, ["later", "prequeue"] as const);
  return requestOf({
    what: "an admission of another sale at a guarded path",
    target: guardedPath(sale),
    headers: [
      ...pick(random, DATA),
      ["sluice-admission", tokens.admission],
      ["cookie", `__Host-sluice-admission-${FUZZ_SALES[sale]}=${tokens.admission}`],
    ],
  });
}

const GATE_HEADERS = [
  "sluice-admission",
  "Sluice-Replay",
  "sluice-bypass",
  "Sluice-Proof",
  "sluice-device",
  "SLUICE-ADMISSION-EXTEND",
  "sluice-admission-revoke",
  "sluice-",
  "sluice-x",
];

/** To open paths, or to a guarded one with a valid admission; the gate must remove the headers. */
function gateHeaders(random: Random, ground: Ground): Made {
  const isIn = chance(random, 0.5);
  const forged = Array.from({ length: wholeIn(random, 1, 4) }, (): Header => {
    const value = pick(random, ["1", "", "600", ground.tokens.queued, visibleText(random, 40)]);
    return [pick(random, GATE_HEADERS), value];
  });
  const cookie: Header = ["cookie", `__Host-sluice-admission-${live}=${ground.tokens.admission}`];
  return requestOf({
    what: "headers that only the gate may set",
    target: isIn ? guardedPath("live") : pick(random, OPEN_TARGETS),
    headers: [...pick(random, DATA), ...(isIn ? [cookie] : []), ...forged],
    method: pick(random, METHODS),
  });
}

/** Values similar to the sale's bypass token. */
function wrongBypass(random: Random): Made {
  const value = pick(random, [
    "",
    BYPASS.sha256,
    BYPASS.token.slice(0, -1),
    `${BYPASS.token}0`,
    BYPASS.token.toUpperCase(),
    `${BYPASS.token}, ${BYPASS.token}`,
    `Bearer ${BYPASS.token}`,
    "fuzz",
    visibleText(random, 80),
    "x".repeat(wholeIn(random, 500, 6000)),
  ]);
  const address: Header = [pick(random, ["x-forwarded-for", "true-client-ip"]), "192.0.2.7"];
  return requestOf({
    what: "an invalid bypass token",
    target: guardedPath("live"),
    headers: [
      ...pick(random, DATA),
      ["sluice-bypass", value],
      ...(chance(random, 0.4) ? [address] : []),
    ],
    method: pick(random, METHODS),
  });
}

function oddClient(random: Random, { tokens }: Ground): Made {
  const isWaiting = chance(random, 0.5);
  const sale = isWaiting ? "prequeue" : "later";
  const ticket: Header = chance(random, 0.5)
    ? ["sluice-ticket", tokens.prequeued]
    : ["cookie", `__Host-sluice-ticket-${prequeue}=${tokens.prequeued}`];
  return requestOf({
    what: "an unusual client at a guarded path",
    target: `${guardedPath(sale)}?a=${encodeURIComponent(visibleText(random, 20))}`,
    headers: [...pick(random, ODD_CLIENTS), ...(isWaiting ? [ticket] : [])],
    method: pick(random, METHODS),
  });
}

export function guardedInput(random: Random, ground: Ground, forger: Forger): Made {
  const make = pick(random, [
    evasion,
    evasion,
    evasion,
    override,
    forgedAdmission,
    otherSales,
    gateHeaders,
    wrongBypass,
    oddClient,
  ]);
  return make(random, ground, forger);
}
