/**
 * Inputs about cookies: duplicate, wrongly prefixed, quoted, malformed or too many, and valid ones
 * in a cross-site request.
 */
import type { Random } from "../seeded-random.ts";
import { EXAMPLE_BODIES } from "./example-bodies.ts";
import type { Forger } from "./forgeries.ts";
import type { Ground } from "./ground.ts";
import { chance, type Header, type Made, pick, visibleText, wholeIn } from "./input.ts";
import { FORMS, FUZZ_SALES, GUARDED_FOLDERS, IDEMPOTENCY_KEY } from "./names.ts";

const { live } = FUZZ_SALES;

const PREFIXES = ["__Host-", "__Secure-", "__host-", "__HOST-", "", " __Host-", "__Host-%20"];
const NAMES = ["sluice-ticket", "sluice-admission", "sluice-pass", "Sluice-Ticket", "session"];

const VALUES: readonly ((random: Random) => string)[] = [
  () => "",
  () => '""',
  () => '"a.b.c"',
  () => "%",
  () => "%E0%A4%A",
  () => "%00",
  () => "%0d%0aSet-Cookie:a=b",
  () => "a=b=c",
  () => "a,b",
  () => "\u00ff\u00fe\u0080",
  () => "../..",
  () => "expired",
  () => "bad_signature",
  () => "__proto__",
  (random) => visibleText(random, 100),
  (random) => "x".repeat(wholeIn(random, 2000, 5000)),
];

function oddCookie(random: Random, { tokens }: Ground): string {
  const { prequeued, queued, admission } = tokens;
  const name = `${pick(random, PREFIXES)}${pick(random, NAMES)}-${pick(random, [live, "x", ""])}`;
  if (chance(random, 0.2))
    return pick(random, ["=", ";", "=;=", name, " ", "$Version=1", `=${name}`]);
  if (chance(random, 0.2)) return `${name}=${pick(random, [prequeued, queued, admission])}`;
  return `${name}=${pick(random, VALUES)(random)}`;
}

function cookies(random: Random, ground: Ground): string {
  const count = chance(random, 0.1) ? wholeIn(random, 60, 200) : wholeIn(random, 1, 6);
  const parts = Array.from({ length: count }, () => oddCookie(random, ground));
  // With more than 16 KiB of headers the runtime closes the connection; raw-inputs.ts tries that.
  return parts.join(pick(random, ["; ", ";", ";;", " ; "])).slice(0, 12_000);
}

const READS = [
  `/_sluice/v1/sales/${live}/status`,
  `/_sluice/v1/sales/${live}`,
  `/_sluice/shop/${live}`,
  `/_sluice/shop/${live}/wait`,
  `/_sluice/shop/${live}/cart`,
  "/_sluice/shop",
];

function readWith(random: Random, ground: Ground): Made {
  const target = pick(random, READS);
  return {
    what: `odd cookies, at ${target}`,
    expect: "harmless",
    request: {
      kind: "http",
      method: "GET",
      target,
      headers: [["cookie", cookies(random, ground)]],
      body: null,
    },
  };
}

/** Headers that no same-origin request of the gate's pages has. */
const CROSS_SITE: readonly (readonly Header[])[] = [
  [["origin", "https://evil.example"]],
  [["origin", "null"]],
  [["origin", ""]],
  [["origin", "http://127.0.0.1"]],
  [["origin", "http://127.0.0.1.evil.example:80"]],
  [["origin", "http://127.0.0.1@evil.example"]],
  [["sec-fetch-site", "cross-site"]],
  [["sec-fetch-site", "same-site"]],
  [["sec-fetch-site", ""]],
  [],
];

const WRITES: readonly (readonly [string, string, object | null])[] = [
  ["PUT", `/_sluice/v1/sales/${live}/cart`, EXAMPLE_BODIES["put /v1/sales/{sale}/cart"] ?? {}],
  ["POST", "/_sluice/v1/orders", EXAMPLE_BODIES["post /v1/orders"] ?? {}],
  ["DELETE", `/_sluice/v1/sales/${live}/admissions/current`, null],
  ["POST", `/_sluice/v1/sales/${live}/tickets`, {}],
  ["POST", `/_sluice/v1/sales/${live}/admissions`, null],
];

/** A write with valid cookies, as a browser would send it from another site's page. */
function forgedWrite(random: Random, { tokens }: Ground): Made {
  const [method, target, body] = pick(random, WRITES);
  const cookie: Header = [
    "cookie",
    [
      `__Host-sluice-admission-${live}=${tokens.admission}`,
      `__Host-sluice-ticket-${live}=${tokens.queued}`,
    ].join("; "),
  ];
  const json: Header[] = body === null ? [] : [["content-type", "application/json"]];
  return {
    what: `valid cookies from another site, at ${method} ${target}`,
    expect: "refused",
    request: {
      kind: "http",
      method,
      target,
      headers: [cookie, ["idempotency-key", IDEMPOTENCY_KEY], ...json, ...pick(random, CROSS_SITE)],
      body: body === null ? null : JSON.stringify(body),
    },
  };
}

function forgedForm(random: Random, ground: Ground): Made {
  const form = pick(random, [...FORMS, `orders/${ground.order.id}/give-up`]);
  const good = `__Host-sluice-admission-${live}=${ground.tokens.admission}`;
  const crossSite = CROSS_SITE.filter((headers) => headers.length > 0);
  return {
    what: `a form from another site, ${form}`,
    expect: "refused",
    request: {
      kind: "http",
      method: "POST",
      target: `/_sluice/shop/${live}/${form}`,
      headers: [
        ["cookie", `${good}; ${cookies(random, ground)}`.slice(0, 12_000)],
        ["content-type", "application/x-www-form-urlencoded"],
        ...pick(random, crossSite),
      ],
      body:
        "from=shop&quantity%3Afuzz-live-shoe=2&key=k&step=pay&total=2000&email=a%40b.example" +
        "&payment=pm_card_visa",
    },
  };
}

/** Not the own cookie: RFC 6265 separates cookies by `;` alone, and the first `=` ends a name. */
const NEAR: readonly ((name: string, token: string) => string)[] = [
  (name, token) => `theme=dark ${name}=${token}`,
  (name, token) => `theme=dark,${name}=${token}`,
  (name, token) => `theme=dark, ${name}=${token}`,
  (name, token) => `theme="${name}=${token}"`,
  (name, token) => `x=a=${name}=${token}`,
  (name, token) => `${name} =${token}`,
  (name, token) => `${name.toUpperCase()}=${token}`,
  (name, token) => `x${name}=${token}`,
  (name, token) => `${name.replace("__Host-", "")}=${token}`,
  (name, token) => `${name}="${token}"`,
  (name, token) => `=${name}=${token}`,
  (name, token) => `${name}-x=${token}`,
];

/** The own cookie, whatever else is sent. */
const OWN: readonly ((name: string, token: string, random: Random) => string)[] = [
  (name, token) => `${name}=${token}`,
  (name, token) => `\t ${name}= ${token} \t`,
  (name, token) => `${name}=rubbish; ${name}=${token}`,
  (name, token) => `${name}=${token};${name}=`,
  (name, token) => `theme=dark ${name}=x;${name}=${token}; ${name}=${token}`,
  (name, token, random) => `a=${visibleText(random, 90).replaceAll(";", "")}; ${name}=${token}`,
  (name, token, random) => `a=${" ".repeat(wholeIn(random, 1, 9000))}b; ${name}=${token}`,
];

/** A valid admission at a guarded address, in the own cookie or in what only looks like it. */
function atShop(random: Random, { tokens }: Ground): Made {
  const isOwn = chance(random, 0.5);
  const name = `__Host-sluice-admission-${live}`;
  const cookie = isOwn
    ? pick(random, OWN)(name, tokens.admission, random)
    : pick(random, NEAR)(name, tokens.admission);
  const others = chance(random, 0.5) ? `; ${pick(random, ["a=1", "=", "b", "c=d=e", " "])}` : "";
  return {
    what: isOwn ? "the own cookie at a guarded address" : "what looks like the own cookie",
    expect: "harmless",
    arrives: isOwn,
    request: {
      kind: "http",
      method: "GET",
      target: `${GUARDED_FOLDERS.live}/shoe`,
      headers: [
        ["accept", "*/*"],
        ["cookie", cookie + others],
      ],
      body: null,
    },
  };
}

export function cookieInput(random: Random, ground: Ground, _: Forger): Made {
  return pick(random, [readWith, readWith, forgedWrite, forgedForm, atShop])(random, ground);
}
