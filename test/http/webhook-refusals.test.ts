/**
 * The answer to bad input about webhooks: a problem document that names the field, and no change;
 * addresses must be public. A local resolver answers DNS queries.
 */
import { afterAll, beforeAll, expect, test } from "vitest";
import { TEXT_LENGTH_MAX } from "../../src/domain/limits.ts";
import { expectProblem, pathsOf } from "./support/problem-checks.ts";
import { type Method, type Sluice, startSluice, textOf } from "./support/sluice.ts";
import { startResolver } from "./support/webhook-receiver.ts";

let strict: Sluice;
let resolver: Awaited<ReturnType<typeof startResolver>>;
let endpoint = "";

beforeAll(async () => {
  resolver = await startResolver({
    "good.shop.example": ["93.184.215.14", "2606:4700:4700::1111"],
    "private.shop.example": ["10.0.0.7"],
    "half.shop.example": ["93.184.215.14", "192.168.0.9"],
    "six.shop.example": ["93.184.215.14", "fd00::7"],
    "metadata.shop.example": ["169.254.169.254"],
    "empty.shop.example": [],
  });
  const gate = { WEBHOOKS_ALLOW_PRIVATE: "off", DNS_OVER_HTTPS_URL: resolver.url };
  strict = await startSluice({ pipeline: false, variables: { gate } });
  const body = { url: "https://good.shop.example/hooks" };
  endpoint = textOf(await strict.merchant("POST", "/webhook-endpoints", body), "id");
});
afterAll(async () => {
  resolver.stop();
  await strict.stop();
});

const good = { url: "https://good.shop.example/hooks" };
const BODIES: readonly [string, object, string][] = [
  ["no URL", {}, "url"],
  ["a URL of nothing", { url: "" }, "url"],
  ["a URL that is a number", { url: 7 }, "url"],
  ["a URL that is none", { url: "shop" }, "url"],
  ["a URL without TLS", { url: "http://good.shop.example/" }, "url"],
  ["another scheme", { url: "ftp://good.shop.example/" }, "url"],
  ["a password", { url: "https://a:b@good.shop.example/" }, "url"],
  ["a fragment", { url: "https://good.shop.example/#a" }, "url"],
  ["a URL that is too long", { url: `https://good.shop.example/${"x".repeat(2048)}` }, "url"],
  ["this machine by number", { url: "https://127.0.0.1/" }, "url"],
  ["this machine by one number", { url: "https://2130706433/" }, "url"],
  ["this machine by IPv6", { url: "https://[::1]/" }, "url"],
  ["this machine by name", { url: "https://localhost/" }, "url"],
  ["the clouds' metadata", { url: "https://169.254.169.254/latest" }, "url"],
  ["a public address by number", { url: "https://93.184.215.14/" }, "url"],
  ["a name of a private address", { url: "https://private.shop.example/" }, "url"],
  ["a name of a public and a private one", { url: "https://half.shop.example/" }, "url"],
  ["a name whose IPv6 is private", { url: "https://six.shop.example/" }, "url"],
  ["a name of the clouds' metadata", { url: "https://metadata.shop.example/" }, "url"],
  ["a name that nobody has", { url: "https://nobody.shop.example/" }, "url"],
  ["a name without an address", { url: "https://empty.shop.example/" }, "url"],
  ["no types", { ...good, types: [] }, "types"],
  ["a type that is none", { ...good, types: ["order.*", "Order!"] }, "types.1"],
  ["a type that no event has", { ...good, types: ["order.confrimed"] }, "types.0"],
  ["types that are a text", { ...good, types: "*" }, "types"],
  ["too many types", { ...good, types: Array.from({ length: 31 }, () => "*") }, "types"],
  ["a long story", { ...good, description: "x".repeat(TEXT_LENGTH_MAX + 1) }, "description"],
  ["perhaps on", { ...good, enabled: "yes" }, "enabled"],
  ["a secret of its own", { ...good, secret: "whsec_x" }, "secret"],
];

test.each(BODIES)("an endpoint with %s is refused, naming the field", async (_, body, field) => {
  const refused = await strict.merchant("POST", "/webhook-endpoints", body);
  expect(pathsOf(expectProblem(refused, 422, "invalid_request"))).toEqual([field]);
  const { body: read } = await strict.merchant("GET", "/webhook-endpoints");
  expect(read).toMatchObject({ endpoints: [{ id: endpoint, ...good }] });
});

const CHANGES = BODIES.filter(([what]) => what !== "no URL");

test.each(CHANGES)("a change to %s is refused, naming the field", async (_, body, field) => {
  const changed = await strict.merchant("PATCH", `/webhook-endpoints/${endpoint}`, body);
  expect(pathsOf(expectProblem(changed, 422, "invalid_request"))).toEqual([field]);
  const { body: read } = await strict.merchant("GET", `/webhook-endpoints/${endpoint}`);
  expect(read).toMatchObject({ id: endpoint, ...good, enabled: true, types: ["*"] });
});

test("an endpoint is refused when the resolver does not answer", async () => {
  const body = { url: "https://broken.shop.example/" };
  const refused = await strict.merchant("POST", "/webhook-endpoints", body);
  expectProblem(refused, 503, "address_not_checked");
  expect(refused.headers.get("retry-after")).toBe("5");
});

const UNKNOWN = `whe_${"0".repeat(32)}`;
const REQUESTS: readonly [Method, string, unknown, number, string][] = [
  ["GET", `/webhook-endpoints/${UNKNOWN}`, undefined, 404, "webhook_endpoint_not_found"],
  ["PATCH", `/webhook-endpoints/${UNKNOWN}`, {}, 404, "webhook_endpoint_not_found"],
  ["POST", `/webhook-endpoints/${UNKNOWN}/test`, undefined, 404, "webhook_endpoint_not_found"],
  [
    "POST",
    `/webhook-endpoints/${UNKNOWN}/rotate-secret`,
    undefined,
    404,
    "webhook_endpoint_not_found",
  ],
  ["GET", "/webhook-endpoints/x", undefined, 422, "invalid_request"],
  ["POST", "/webhook-deliveries/x/replay", undefined, 422, "invalid_request"],
  [
    "POST",
    `/webhook-deliveries/whd_${"0".repeat(32)}/replay`,
    undefined,
    404,
    "webhook_delivery_not_found",
  ],
  ["POST", `/webhook-endpoints/${UNKNOWN}/replay`, {}, 422, "invalid_request"],
  ["POST", `/webhook-endpoints/${UNKNOWN}/replay`, { since: "yesterday" }, 422, "invalid_request"],
  [
    "POST",
    `/webhook-endpoints/${UNKNOWN}/replay`,
    { since: "2026-11-27T10:00:00Z", after: -1 },
    422,
    "invalid_request",
  ],
  ["GET", "/webhook-deliveries?state=lost", undefined, 422, "invalid_request"],
  ["GET", "/webhook-deliveries?limit=0", undefined, 422, "invalid_request"],
  ["GET", "/webhook-deliveries?limit=201", undefined, 422, "invalid_request"],
  ["GET", "/webhook-deliveries?after=x", undefined, 422, "invalid_request"],
  ["GET", "/events?type=Order", undefined, 422, "invalid_request"],
  ["GET", "/events?sale=A%20B", undefined, 422, "invalid_request"],
  ["GET", "/events?limit=201", undefined, 422, "invalid_request"],
];

test.each(REQUESTS)("%s %s %j is a problem", async (method, path, body, status, code) => {
  const answer = expectProblem(await strict.merchant(method, path, body), status, code);
  expect(answer.body["code"]).toBe(code);
});
