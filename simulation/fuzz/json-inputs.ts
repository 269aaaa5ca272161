/**
 * Inputs about bodies: the documents of every route with one fault, text that is not JSON, bodies
 * that are too large, and forms that no page sends. The sender is always authorized, so that the
 * body is the only fault.
 */
import { BODY_BYTES_MAX, SALE_BODY_BYTES_MAX } from "../../src/domain/limits.ts";
import type { Random } from "../seeded-random.ts";
import { EXAMPLE_BODIES } from "./example-bodies.ts";
import type { Ground } from "./ground.ts";
import { type Header, type Made, oddText, pick, wholeIn } from "./input.ts";
import { FORMS, FUZZ_SALES, IDEMPOTENCY_KEY } from "./names.ts";
import { placeIn } from "./path-inputs.ts";
import type { Route } from "./routes.ts";
import { noJson, spoiled, wrapped } from "./spoiling.ts";

const { live, prequeue } = FUZZ_SALES;

function ownHeaders(route: Route, ground: Ground): Header[] {
  if (route.isMerchants) return [["authorization", `Bearer ${ground.adminToken}`]];
  const { admission } = ground.tokens;
  // Joining reads the body only of a shopper without tokens.
  const carried: Header[] = route.path.endsWith("/tickets")
    ? []
    : [["sluice-admission", admission]];
  return [...carried, ["idempotency-key", IDEMPOTENCY_KEY]];
}

function routesWithBody(ground: Ground): readonly Route[] {
  return ground.routes.filter(({ name }) => EXAMPLE_BODIES[name] !== undefined);
}

function sent(route: Route, ground: Ground, what: string, body: string | Uint8Array): Made {
  return {
    what: `${what}, at ${route.name}`,
    expect: "refused",
    request: {
      kind: "http",
      method: route.method,
      target: placeIn(route.path, { id: idFor(route, ground) }),
      headers: [["content-type", "application/json"], ...ownHeaders(route, ground)],
      body,
    },
  };
}

/** An id that exists, so that the body is the only fault. */
function idFor({ path }: Route, { order, endpoint }: Ground): string {
  // No such code, but the body is checked first.
  if (path.includes("discount-codes")) return "1";
  return path.includes("webhook-endpoints") ? endpoint : order.id;
}

function spoiledDocument(random: Random, ground: Ground): Made {
  const route = pick(random, routesWithBody(ground));
  const { body, name } = route;
  const example = EXAMPLE_BODIES[name] ?? {};
  if (body === null) return notJson(random, ground);
  return sent(
    route,
    ground,
    "a document with a fault",
    wrapped(random, spoiled(random, body, example)),
  );
}

function notJson(random: Random, ground: Ground): Made {
  const route = pick(random, routesWithBody(ground));
  return sent(route, ground, "not JSON", noJson(random, EXAMPLE_BODIES[route.name] ?? {}));
}

/** This route allows larger bodies, because a sale may contain its own waiting page. */
const SALE_ROUTE = "put /admin/v1/sales/{sale}";

/** At least one byte too large and otherwise valid, because white space is allowed. */
function tooLarge(random: Random, ground: Ground): Made {
  const route = pick(random, routesWithBody(ground));
  const good = JSON.stringify(EXAMPLE_BODIES[route.name] ?? {});
  const most = route.name === SALE_ROUTE ? SALE_BODY_BYTES_MAX : BODY_BYTES_MAX;
  const missing = most - good.length + wholeIn(random, 1, 4000);
  return sent(route, ground, "a body that is too large", good + " ".repeat(missing));
}

const FIELDS: readonly ((random: Random) => string)[] = [
  (random) => `surprise=${encodeURIComponent(oddText(random).replaceAll("\ud800", ""))}`,
  () => "constructor=1",
  () => "from=shop&from=cart&surprise=1",
  () => "quantity%3A=1&surprise=1",
  () => "quantity%3A__proto__=1&surprise=1",
  () => "surprise=%FF%FE%00",
  () => "surprise",
  (random) => `${"a=1&".repeat(wholeIn(random, 100, 3000))}surprise=1`,
  (random) => `surprise=${"x".repeat(wholeIn(random, 1000, 20_000))}`,
];

/** A form of the gate's own pages, with a field that it does not have. */
function badForm(random: Random, ground: Ground): Made {
  const form = pick(random, FORMS);
  const multipart = random() < 0.3;
  const field = pick(random, FIELDS)(random);
  const type = multipart ? "multipart/form-data; boundary=b" : "application/x-www-form-urlencoded";
  const file =
    '--b\r\nContent-Disposition: form-data; name="surprise"; filename="../x"\r\n\r\nx\r\n--b--\r\n';
  return {
    what: `a form with an unknown field, ${form}`,
    expect: "refused",
    request: {
      kind: "http",
      method: "POST",
      target: `/_sluice/shop/${form === "join" ? prequeue : live}/${form}`,
      headers: [
        ["content-type", type],
        ["origin", ground.url],
        ["sluice-admission", ground.tokens.admission],
      ],
      body: multipart ? file : field,
    },
  };
}

export function jsonInput(random: Random, ground: Ground): Made {
  const make = pick(random, [
    spoiledDocument,
    spoiledDocument,
    spoiledDocument,
    notJson,
    tooLarge,
    badForm,
  ]);
  return make(random, ground);
}
