/**
 * The gate client with a server that answers correctly, wrongly or not at all: a call always
 * returns a value.
 */
import { createServer, type RequestListener, type Server } from "node:http";
import { afterEach, expect, test } from "vitest";
import {
  createGateClient,
  type Timing,
  worthRepeating,
} from "../../simulation/crowd/gate-client.ts";

let running: { readonly server: Server; readonly close: () => Promise<void> } | null = null;

async function serve(listener: RequestListener) {
  const server = createServer(listener);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("no port");
  const timings: Timing[] = [];
  const gate = createGateClient({
    url: `http://127.0.0.1:${address.port}`,
    adminToken: "a token",
    timeout_ms: 500,
    onTiming: (timing) => timings.push(timing),
  });
  running = { server, close: gate.close };
  return { ...gate, timings };
}

afterEach(async () => {
  await running?.close();
  running?.server.closeAllConnections();
  running?.server.close();
  running = null;
});

const status = { state: "queued", rank: 3, called: 1, pollAfter_s: 2, message: "more fields" };

test("an answer of the contract is parsed, and timed under its route", async () => {
  const { shopper, timings } = await serve((request, response) => {
    expect(request.url).toBe("/_sluice/v1/sales/air-one/status");
    expect(request.headers["sluice-ticket"]).toBe("a ticket");
    expect(request.headers["authorization"]).toBeUndefined();
    response.end(JSON.stringify(status));
  });
  const answer = await shopper.standing("air-one", { ticket: "a ticket" });
  expect(answer).toMatchObject({ kind: "answered", status: 200, code: null });
  expect(answer.body).toEqual({ state: "queued", rank: 3, called: 1, pollAfter_s: 2 });
  expect(timings).toMatchObject([{ route: "GET /sales/{sale}/status", status: 200 }]);
});

test("a problem document is a refusal with its code and its Retry-After", async () => {
  const { shopper } = await serve((_, response) => {
    const problem = { type: "about:blank", status: 429, code: "rate_limited", detail: "slowly" };
    response.writeHead(429, { "retry-after": "7" }).end(JSON.stringify(problem));
  });
  const answer = await shopper.join("air-one", {});
  expect(answer).toMatchObject({ kind: "refused", status: 429, code: "rate_limited" });
  expect(answer).toHaveProperty("retryAfter_s", 7);
  expect(worthRepeating(answer)).toBe(true);
});

test.each([
  [200, "{}", "an answer without the fields of the contract"],
  [200, "<html>", "an answer that is not JSON"],
  [502, "Bad gateway", "a failure that is not a problem document"],
])("status %i with %s is unreadable: %s", async (code, body) => {
  const { shopper } = await serve((_, response) => response.writeHead(code).end(body));
  const answer = await shopper.standing("air-one", { ticket: "a ticket" });
  expect(answer).toMatchObject({ kind: "unreadable", status: code });
  expect(worthRepeating(answer)).toBe(code >= 500);
});

test("a broken connection and a timeout are unreachable, and worth repeating", async () => {
  const { shopper, timings } = await serve((request) => {
    if (request.url?.endsWith("/status") === true) request.socket.destroy();
  });
  const broken = await shopper.standing("air-one", {});
  const hanging = await shopper.join("air-one", {});
  for (const answer of [broken, hanging]) {
    expect(answer).toMatchObject({ kind: "unreachable", status: 0, code: "unreachable" });
    expect(worthRepeating(answer)).toBe(true);
  }
  expect(timings.map((timing) => timing.status)).toEqual([0, 0]);
});

test("an empty answer is accepted where the contract has no body", async () => {
  const { shopper } = await serve((_, response) => response.writeHead(204).end());
  expect(await shopper.leave("air-one", { admission: "one" })).toMatchObject({ status: 204 });
});

test("an order is sent with its key, and its URL keeps the buyer's key", async () => {
  const lines = [{ sku: "AIR-42", quantity: 1, price: 1 }];
  const seen: (string | undefined)[] = [];
  const { shopper } = await serve((request, response) => {
    seen.push(`${request.method} ${request.url}`, request.headers["idempotency-key"]?.toString());
    const statusUrl = "https://shop.example/_sluice/v1/orders/o-1?key=secret";
    const order = { id: "o-1", state: "accepted", final: false, total: 1, currency: "EUR", lines };
    response.writeHead(202).end(JSON.stringify({ order, statusUrl }));
  });
  const buyer = { email: "ann@shoppers.example" };
  const payment = { method: "pm_card_visa" };
  const body = { sale: "air-one", lines, expectedTotal: 1, buyer, payment };
  const placed = await shopper.placeOrder({ admission: "one" }, "key-1", body);
  if (placed.kind !== "answered") throw new Error(placed.code);
  await shopper.orderAt(placed.body.statusUrl, {});
  expect(seen).toEqual([
    "POST /_sluice/v1/orders",
    "key-1",
    "GET /_sluice/v1/orders/o-1?key=secret",
    undefined,
  ]);
});

test("a merchant's call has the token", async () => {
  const { merchant } = await serve((request, response) => {
    expect(request.url).toBe("/_sluice/admin/v1/sales/air-one/actions");
    expect(request.headers.authorization).toBe("Bearer a token");
    response.end("{}");
  });
  expect(await merchant.act("air-one", "end")).toMatchObject({ kind: "answered" });
});
