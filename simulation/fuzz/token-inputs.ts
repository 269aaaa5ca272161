/**
 * Inputs about tokens: forged tickets, admissions, passes and bearer tokens, in every place that
 * reads one, and Stripe events with a wrong signature.
 */
import { createHmac } from "node:crypto";
import type { Random } from "../seeded-random.ts";
import { EXAMPLE_BODIES } from "./example-bodies.ts";
import type { Forger, TokenKind } from "./forgeries.ts";
import type { Ground } from "./ground.ts";
import { chance, type Header, type Made, oddText, pick, visibleText, wholeIn } from "./input.ts";
import { FUZZ_SALES, IDEMPOTENCY_KEY } from "./names.ts";
import { placeIn } from "./path-inputs.ts";

interface Reader {
  readonly method: string;
  readonly target: string;
  readonly body?: object;
  readonly headers?: readonly Header[];
  readonly expect?: "harmless";
}

const { live, prequeue, later, over } = FUZZ_SALES;
const api = (sale: string, rest: string): string => `/_sluice/v1/sales/${sale}/${rest}`;
const page = (sale: string, rest = ""): string => `/_sluice/shop/${sale}${rest}`;
const example = (name: string): object => EXAMPLE_BODIES[name] ?? {};

/** Requests with a ticket. With a bad one a shopper joins again, so joins go to closed sales. */
const OF_TICKETS: readonly Reader[] = [
  { method: "GET", target: api(prequeue, "status") },
  { method: "POST", target: api(prequeue, "admissions") },
  { method: "POST", target: api(later, "tickets"), body: {} },
  { method: "POST", target: api(over, "tickets"), body: {} },
  { method: "GET", target: page(prequeue), expect: "harmless" },
  { method: "GET", target: page(prequeue, "/wait"), expect: "harmless" },
];

const orderOf = (ground: Ground): string => `/_sluice/v1/orders/${ground.order.id}`;
const KEY: Header = ["idempotency-key", IDEMPOTENCY_KEY];

const ofAdmissions = (ground: Ground): readonly Reader[] => [
  { method: "PUT", target: api(live, "cart"), body: example("put /v1/sales/{sale}/cart") },
  {
    method: "POST",
    target: "/_sluice/v1/orders",
    body: example("post /v1/orders"),
    headers: [KEY],
  },
  { method: "DELETE", target: api(live, "admissions/current") },
  { method: "GET", target: api(live, "status") },
  { method: "GET", target: orderOf(ground) },
  { method: "GET", target: page(live), expect: "harmless" },
  { method: "GET", target: page(live, "/cart"), expect: "harmless" },
  { method: "GET", target: page(live, `/orders/${ground.order.id}`), expect: "harmless" },
];

/** A ticket or admission as a header, or as a cookie with the origin that a write needs. */
function carried(
  random: Random,
  ground: Ground,
  kind: "ticket" | "admission",
  sale: string,
  token: string,
): Header[] {
  if (chance(random, 0.6)) return [[`sluice-${kind}`, token]];
  return [
    ["cookie", `__Host-sluice-${kind}-${sale}=${token}`],
    ["origin", ground.url],
  ];
}

function ofReader(reader: Reader, headers: readonly Header[], what: string): Made {
  const { method, target, body, expect = "refused" } = reader;
  const json: Header[] = body === undefined ? [] : [["content-type", "application/json"]];
  return {
    what: `a ${what}, at ${method} ${target.split("?")[0]}`,
    expect,
    request: {
      kind: "http",
      method,
      target,
      headers: [...json, ...(reader.headers ?? []), ...headers],
      body: body === undefined ? null : JSON.stringify(body),
    },
  };
}

function forgedTicket(random: Random, ground: Ground, forger: Forger): Made {
  const reader = pick(random, OF_TICKETS);
  const forged = forger.forge(random, "ticket", prequeue, ground.tokens.prequeued);
  const headers = carried(random, ground, "ticket", prequeue, forged.token);
  return ofReader(reader, headers, forged.what);
}

function forgedAdmission(random: Random, ground: Ground, forger: Forger): Made {
  const reader = pick(random, ofAdmissions(ground));
  const good = pick(random, [ground.tokens.admission, ground.tokens.spent]);
  const forged = forger.forge(random, "admission", live, good);
  return ofReader(reader, carried(random, ground, "admission", live, forged.token), forged.what);
}

function forgedPass(random: Random, _: Ground, forger: Forger): Made {
  const { what, token } = forger.forge(random, "pass", prequeue, null);
  const target = `${page(prequeue)}?pass=${encodeURIComponent(token)}`;
  const cookie: Header = ["cookie", `__Host-sluice-pass-${prequeue}=${token}`];
  return pick(random, [
    () =>
      ofReader(
        { method: "POST", target: api(prequeue, "tickets"), body: { pass: token } },
        [],
        what,
      ),
    () => ofReader({ method: "GET", target, expect: "harmless" }, [], `${what} in a link`),
    () => ofReader({ method: "GET", target: page(prequeue), expect: "harmless" }, [cookie], what),
  ])();
}

/** A valid token of another sale, of another kind, or of a shopper who has left. */
function misplaced(random: Random, ground: Ground): Made {
  const { prequeued, queued, admission, spent } = ground.tokens;
  const reader = (kind: TokenKind) =>
    pick(random, kind === "ticket" ? OF_TICKETS : ofAdmissions(ground));
  const [what, headers, at] = pick(random, [
    ["ticket of another sale", [["sluice-ticket", queued]], reader("ticket")],
    ["ticket as an admission", [["sluice-admission", prequeued]], reader("admission")],
    ["admission as a ticket", [["sluice-ticket", admission]], reader("ticket")],
    [
      "admission as a bearer token",
      [["authorization", `Bearer ${admission}`]],
      reader("admission"),
    ],
    ["spent admission as a ticket", [["sluice-ticket", spent]], reader("ticket")],
  ] as const satisfies readonly (readonly [string, readonly Header[], Reader])[]);
  return ofReader(at, headers, what);
}

/** A merchant's request with a wrong admin token. */
function wrongBearer(random: Random, ground: Ground): Made {
  const route = pick(
    random,
    ground.routes.filter(({ isMerchants }) => isMerchants),
  );
  const token = ground.adminToken;
  const at = wholeIn(random, 0, token.length - 1);
  const flipped = token.slice(0, at) + (token[at] === "A" ? "B" : "A") + token.slice(at + 1);
  const [what, value] = pick(random, [
    ["no token", null],
    ["an empty token", "Bearer "],
    ["another scheme", `Basic ${token}`],
    ["no scheme", token],
    ["one character changed", `Bearer ${flipped}`],
    ["one character less", `Bearer ${token.slice(0, -1)}`],
    ["one character more", `Bearer ${token}x`],
    ["text after the token", `Bearer ${token} x`],
    ["text before the scheme", `x Bearer ${token}`],
    ["quotes", `Bearer "${token}"`],
    ["a list", `Bearer ${token}, Bearer ${token}`],
    ["random text", `Bearer ${visibleText(random, 60)}`],
    ["an admission", `Bearer ${ground.tokens.admission}`],
    ["a long text", `Bearer ${"A".repeat(wholeIn(random, 1000, 6000))}`],
  ] as const);
  const body = route.isWrite ? example(route.name) : null;
  return {
    what: `${what} for the admin token, at ${route.name}`,
    expect: "refused",
    request: {
      kind: "http",
      method: route.method,
      target: placeIn(route.path, { id: ground.order.id }),
      headers: [
        ...(value === null ? [] : ([["authorization", value]] as const)),
        ...(body === null ? [] : ([["content-type", "application/json"]] as const)),
      ],
      body: body === null ? null : JSON.stringify(body),
    },
  };
}

const STRANGERS_SECRET = "whsec_of_a_stranger";

/** An event about a real order, signed with another secret, too long ago, or not at all. */
function unsignedEvent(random: Random, ground: Ground): Made {
  const event = {
    id: "evt_fuzz",
    object: "event",
    type: "payment_intent.succeeded",
    data: { object: { metadata: { order: ground.order.id } } },
  };
  const body = chance(random, 0.8) ? JSON.stringify(event) : oddText(random);
  const now = Math.floor(Date.now() / 1000);
  const mac = (at: number) =>
    createHmac("sha256", STRANGERS_SECRET).update(`${at}.${body}`).digest("hex");
  const value = pick(random, [
    null,
    "",
    "t=,v1=",
    `t=${now}`,
    `t=${now},v0=${mac(now)}`,
    `t=${now},v1=${mac(now)}`,
    `t=${now - 100_000},v1=${mac(now - 100_000)}`,
    `t=NaN,v1=${mac(now)}`,
    `v1=${"0".repeat(64)},t=${now}`,
    `t=${now},${`v1=${"0".repeat(64)},`.repeat(40)}`,
    visibleText(random, 120),
  ]);
  return {
    what: "an event that Stripe did not sign",
    expect: "refused",
    request: {
      kind: "http",
      method: "POST",
      target: "/_sluice/v1/webhooks/stripe",
      headers: [
        ["content-type", "application/json"],
        ...(value === null ? [] : ([["stripe-signature", value]] as const)),
      ],
      body,
    },
  };
}

export function tokenInput(random: Random, ground: Ground, forger: Forger): Made {
  const make = pick(random, [
    forgedTicket,
    forgedTicket,
    forgedAdmission,
    forgedAdmission,
    forgedPass,
    misplaced,
    wrongBearer,
    unsignedEvent,
  ]);
  return make(random, ground, forger);
}
