/**
 * Inputs about the shop behind the gate: paths that are spelled to walk around the guard,
 * admissions that are none, headers that only the gate may set, bypass tokens that are wrong, and
 * odd askers.
 *
 * Guarantee: nobody joins and nobody claims. Where a turn could be had, what asks is no page and
 * brings no ticket; pages ask where the sale is not open yet, or with a ticket that waits for the
 * start. Each says its number, so that the origin can name it.
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

/** A letter or slash, which an origin may decode. */
function encodedOnce(random: Random, path: string): string {
  const at = wholeIn(random, 1, path.length - 1);
  const code = hex(path[at] ?? "a");
  const said = chance(random, 0.5) ? code : code.toUpperCase();
  return path.slice(0, at) + said + path.slice(at + 1);
}

function anyCase(random: Random, path: string): string {
  return path.replaceAll(/[a-z]/g, (letter) => {
    return chance(random, 0.5) ? letter.toUpperCase() : letter;
  });
}

function atSlash(random: Random, path: string, said: string): string {
  const slashes = [...path.matchAll(/\//g)].map(({ index }) => index);
  if (slashes.length === 0) return path;
  const at = pick(random, slashes);
  return path.slice(0, at) + said + path.slice(at + 1);
}

type Spelling = (random: Random, path: string) => string;

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

/** One to three spellings, one on the other; the first says `/` first whatever follows. */
function walkedAround(random: Random, path: string): string {
  let spelled = path;
  for (let left = wholeIn(random, 1, 3); left > 0; left -= 1) {
    spelled = pick(random, SPELLINGS)(random, spelled);
  }
  return spelled.startsWith("/") ? spelled : `/${spelled}`;
}

/** No page is asked for, and not exactly JSON: these never join. */
const DATA: readonly (readonly Header[])[] = [
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

/** Whatever they are taken for, nobody joins a sale that is not open. */
const ODD_ASKERS: readonly (readonly Header[])[] = [
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

interface Asking {
  readonly what: string;
  readonly target: string;
  readonly headers: readonly Header[];
  readonly method?: string;
  readonly expect?: "harmless";
}

function asking({ what, target, headers, method = "GET", expect = "harmless" }: Asking): Made {
  const hasBody = method === "POST" || method === "PUT" || method === "PATCH";
  return {
    what,
    expect,
    request: { kind: "http", method, target, headers, body: hasBody ? "a=1" : null },
  };
}

/** The answer is the guard's, or the origin's where it does not take the path for a guarded one. */
function evasion(random: Random): Made {
  const isPage = chance(random, 0.4);
  const path = guardedPath(isPage ? "later" : "live");
  return asking({
    what: "a path that walks around the guard",
    target: walkedAround(random, path),
    headers: pick(random, isPage ? ODD_ASKERS : DATA),
    method: pick(random, METHODS),
  });
}

const OPEN_TARGETS = ["/", "/open", "/favicon.ico", "/open?guarded=1", "/open/%ff"];

/** Another path or method by header, to an address that needs no turn. */
function override(random: Random): Made {
  const path = guardedPath("live");
  const byPath = chance(random, 0.6);
  const name = byPath
    ? pick(random, ["x-original-url", "X-Rewrite-URL", "x-rewrite-url", "X-ORIGINAL-URL"])
    : pick(random, ["x-http-method-override", "X-HTTP-Method", "x-method-override"]);
  const value = byPath ? walkedAround(random, path) : pick(random, ["GET", "post", " PUT ", "Get"]);
  const decoy: Header = [name, byPath ? "/open" : "OPTIONS"];
  const named: Header = [name, value];
  const order = pick(random, [[named], [named, decoy], [decoy, named]]);
  return asking({
    what: "a path or method by header",
    target: byPath ? pick(random, OPEN_TARGETS) : path,
    headers: [...pick(random, DATA), ...order],
    method: byPath ? pick(random, METHODS) : "OPTIONS",
  });
}

/** As header, as cookie, or as both, none of them good. */
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
  return asking({
    what: `a forged admission at a guarded path: ${what}`,
    target: guardedPath("live"),
    headers: [...pick(random, DATA), ...carried],
    method: pick(random, METHODS),
  });
}

/** Good, and for another sale's path. */
function otherSales(random: Random, { tokens }: Ground): Made {
  const sale = pick(random, ["later", "prequeue"] as const);
  return asking({
    what: "an admission of another sale at a guarded path",
    target: guardedPath(sale),
    headers: [
      ...pick(random, DATA),
      ["sluice-admission", tokens.admission],
      ["cookie", `__Host-sluice-admission-${FUZZ_SALES[sale]}=${tokens.admission}`],
    ],
  });
}

const OURS = [
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

/** To open paths, and to a guarded one with an admission that is good: none of them arrives. */
function headersOfOurs(random: Random, ground: Ground): Made {
  const isIn = chance(random, 0.5);
  const ours = Array.from({ length: wholeIn(random, 1, 4) }, (): Header => {
    const value = pick(random, ["1", "", "600", ground.tokens.queued, visibleText(random, 40)]);
    return [pick(random, OURS), value];
  });
  const cookie: Header = ["cookie", `__Host-sluice-admission-${live}=${ground.tokens.admission}`];
  return asking({
    what: "headers that only the gate may set",
    target: isIn ? guardedPath("live") : pick(random, OPEN_TARGETS),
    headers: [...pick(random, DATA), ...(isIn ? [cookie] : []), ...ours],
    method: pick(random, METHODS),
  });
}

/** Near the token that the sale knows the digest of. */
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
  return asking({
    what: "a bypass that is none",
    target: guardedPath("live"),
    headers: [
      ...pick(random, DATA),
      ["sluice-bypass", value],
      ...(chance(random, 0.4) ? [address] : []),
    ],
    method: pick(random, METHODS),
  });
}

function oddAsker(random: Random, { tokens }: Ground): Made {
  const isWaiting = chance(random, 0.5);
  const sale = isWaiting ? "prequeue" : "later";
  const ticket: Header = chance(random, 0.5)
    ? ["sluice-ticket", tokens.prequeued]
    : ["cookie", `__Host-sluice-ticket-${prequeue}=${tokens.prequeued}`];
  return asking({
    what: "an odd asker at a guarded path",
    target: `${guardedPath(sale)}?a=${encodeURIComponent(visibleText(random, 20))}`,
    headers: [...pick(random, ODD_ASKERS), ...(isWaiting ? [ticket] : [])],
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
    headersOfOurs,
    wrongBypass,
    oddAsker,
  ]);
  return make(random, ground, forger);
}
