/**
 * Webhooks end to end: a shop's server receives the events of its sale and its orders, verifies
 * them with the library of Standard Webhooks, and finds failures in the log of deliveries.
 */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { z } from "zod";
import { postWebhook } from "../../queues/webhooks/post.ts";
import { expectProblem } from "./support/problem-checks.ts";
import {
  acceptedOrder,
  admit,
  finalOrder,
  makeSale,
  orderBody,
  placeOrder,
  type Sluice,
  startSluice,
  textOf,
  until,
} from "./support/sluice.ts";
import {
  hangs,
  type Payload,
  Receiver,
  respondWith,
  type Script,
  verify,
} from "./support/webhook-receiver.ts";

let sluice: Sluice;
let shop: Receiver;

beforeAll(async () => {
  [sluice, shop] = await Promise.all([startSluice({ onLog: () => undefined }), Receiver.start()]);
});
afterAll(async () => {
  shop.stop();
  await sluice.stop();
});

async function register(path: string, types: readonly string[] = ["*"]) {
  const body = { url: shop.url + path, types };
  const made = await sluice.merchant("POST", "/webhook-endpoints", body);
  expect(made.status).toBe(201);
  return { id: textOf(made, "id"), secret: textOf(made, "secret") };
}

/** The verified payloads that arrived at a path. */
function receivedAt(path: string, secret: string): Payload[] {
  return shop.at(path).map((received) => verify(received, secret));
}

async function buy(sale: string, key: string): Promise<string> {
  const placed = await placeOrder(sluice, await admit(sluice, sale), key, orderBody(sale));
  const { body } = await finalOrder(sluice, placed);
  expect(body["state"]).toBe("confirmed");
  return acceptedOrder(placed).id;
}

const deliveriesSchema = z.object({
  deliveries: z.array(
    z.object({
      id: z.string(),
      event: z.string(),
      type: z.string(),
      state: z.string(),
      tries: z.int(),
      nextTryAt: z.string().nullable(),
      attempts: z.array(
        z.object({
          at: z.string(),
          status: z.int().nullable(),
          error: z.string().nullable(),
          duration_s: z.number(),
        }),
      ),
    }),
  ),
  next: z.int().nullable(),
});

async function deliveriesTo(endpoint: string, more = "") {
  const answer = await sluice.merchant("GET", `/webhook-deliveries?endpoint=${endpoint}${more}`);
  return deliveriesSchema.parse(answer.body).deliveries;
}

const eventsSchema = z.object({
  events: z.array(
    z.object({
      seq: z.int(),
      id: z.string(),
      type: z.string(),
      timestamp: z.string(),
      data: z.record(z.string(), z.unknown()),
    }),
  ),
  next: z.int().nullable(),
});

async function events(query: string) {
  return eventsSchema.parse((await sluice.merchant("GET", `/events?${query}`)).body);
}

describe("a shop that registered its server", () => {
  const SALE = "sale-with-webhooks";
  let secret = "";
  let endpoint = "";

  test("receives the events of its sale and its order once each, and the log agrees", async () => {
    ({ id: endpoint, secret } = await register("/all"));
    await makeSale(sluice, SALE);
    const order = await buy(SALE, "first");
    await sluice.merchant("POST", `/sales/${SALE}/actions`, { action: "pause" });
    await sluice.merchant("POST", `/sales/${SALE}/actions`, { action: "resume" });
    await sluice.merchant("PATCH", `/sales/${SALE}/admission`, { message: "Last pairs" });
    const types = () => receivedAt("/all", secret).map(({ type }) => type);
    const ofSale = ["created", "opened", "started", "paused", "resumed", "changed"];
    const expected = [...ofSale.map((name) => `sale.${name}`), "order.confirmed"];
    // Events sent at the same time arrive in any order.
    await until(
      async () => types(),
      (list) => expected.every((type) => list.includes(type)),
    );
    const log = await until(
      () => deliveriesTo(endpoint),
      (list) => list.every(({ state }) => state === "delivered"),
    );
    expect(log[0]?.attempts).toMatchObject([{ status: 204, error: null }]);
    const ids = shop.at("/all").map(({ headers }) => headers["webhook-id"]);
    expect(new Set(ids).size).toBe(ids.length);
    expect(new Set(log.map(({ event }) => event))).toEqual(new Set(ids));
    const confirmed = receivedAt("/all", secret).find(({ type }) => type === "order.confirmed");
    expect(confirmed?.data).toMatchObject({ order, sale: SALE, total: 12_900, final: true });
    expect(JSON.stringify(shop.at("/all"))).not.toContain("pm_card");
    const logged = await events(`sale=${SALE}&limit=200`);
    expect(new Set(logged.events.map(({ id }) => id))).toEqual(new Set(ids));
    const ofOrder = await events(`order=${order}&type=order.*`);
    expect(ofOrder.events.at(-1)).toMatchObject({ type: "order.confirmed", data: { order } });
    const [first, second] = (await events(`sale=${SALE}&limit=1`)).events;
    expect(second).toBeUndefined();
    const page = await events(`sale=${SALE}&limit=1&after=${first?.seq ?? 0}`);
    expect(page.events).toEqual([logged.events[1]]);
  });

  test("accepts both secrets after a rotation, and is shown each secret only once", async () => {
    const path = `/webhook-endpoints/${endpoint}`;
    const rotated = await sluice.merchant("POST", `${path}/rotate-secret`);
    const fresh = textOf(rotated, "secret");
    expect(fresh).not.toBe(secret);
    expect(textOf(rotated, "previousSecretUntil")).toBeTypeOf("string");
    const before = shop.at("/all").length;
    await sluice.merchant("POST", `/sales/${SALE}/actions`, { action: "end" });
    await until(
      async () => shop.at("/all").length,
      (count) => count > before,
    );
    const last = shop.at("/all").at(-1);
    if (last === undefined) throw new Error("nothing came");
    expect(verify(last, fresh).type).toBe("sale.ended");
    expect(verify(last, secret)).toEqual(verify(last, fresh));
    for (const at of ["/webhook-endpoints", path]) {
      const read = JSON.stringify((await sluice.merchant("GET", at)).body);
      expect(read).toContain(endpoint);
      expect(read).not.toContain("whsec_");
    }
  });

  test("gets all events since a time again, in pages, with the same ids", async () => {
    const { id, secret: late } = await register("/late", ["sale.*"]);
    const since = new Date(Date.now() - 3_600_000).toISOString();
    const replayed = await sluice.merchant("POST", `/webhook-endpoints/${id}/replay`, { since });
    expect(replayed).toMatchObject({ status: 202, body: { remaining: 0, next: null } });
    await until(
      async () => shop.at("/late").length,
      (count) => count === replayed.body["replayed"],
    );
    const idsAt = (path: string) =>
      shop.at(path).flatMap(({ headers, body }) => {
        return body.includes('"type":"sale.') ? [headers["webhook-id"] ?? ""] : [];
      });
    expect(idsAt("/late").toSorted()).toEqual(idsAt("/all").toSorted());
    expect(receivedAt("/late", late).every(({ type }) => type.startsWith("sale."))).toBe(true);
  });

  test("that deleted its endpoint receives nothing more, and still has the log", async () => {
    const path = `/webhook-endpoints/${endpoint}`;
    expect((await sluice.merchant("DELETE", path)).status).toBe(204);
    expectProblem(await sluice.merchant("GET", path), 404, "webhook_endpoint_not_found");
    expectProblem(await sluice.merchant("DELETE", path), 404, "webhook_endpoint_not_found");
    const [delivery] = await deliveriesTo(endpoint);
    const replay = `/webhook-deliveries/${delivery?.id ?? ""}/replay`;
    expectProblem(await sluice.merchant("POST", replay), 404, "webhook_endpoint_not_found");
  });
});

/** Sends a test event to a new endpoint with these answers, and waits for the first attempt. */
async function tried(path: string, ...answers: readonly Script[]) {
  shop.script(path, ...answers);
  const { id, secret } = await register(path, ["order.refunded"]);
  const sent = await sluice.merchant("POST", `/webhook-endpoints/${id}/test`);
  expect(sent.status).toBe(202);
  const [delivery] = await until(
    () => deliveriesTo(id),
    ([only]) => (only?.attempts.length ?? 0) > 0,
  );
  if (delivery === undefined) throw new Error("no delivery");
  return { id, secret, delivery };
}

describe("a server", () => {
  test("that fails gets the event again after some seconds, with the same id and body", async () => {
    const { id, secret, delivery } = await tried("/fails", respondWith(500));
    expect(delivery).toMatchObject({
      state: "pending",
      tries: 1,
      attempts: [{ status: 500, error: "answered 500" }],
    });
    expect(delivery.nextTryAt).not.toBeNull();
    const [after] = await until(
      () => deliveriesTo(id),
      ([only]) => only?.state === "delivered",
    );
    expect(after).toMatchObject({ tries: 2, nextTryAt: null });
    expect(after?.attempts.map(({ status }) => status)).toEqual([500, 204]);
    const [first, second] = shop.at("/fails");
    expect(second?.headers["webhook-id"]).toBe(first?.headers["webhook-id"]);
    expect(second?.body).toBe(first?.body);
    expect(receivedAt("/fails", secret).map(({ type }) => type)).toEqual([
      "webhook.test",
      "webhook.test",
    ]);
  });

  test("that redirects is not followed", async () => {
    const elsewhere = { location: `${shop.url}/elsewhere` };
    const { delivery } = await tried("/moved", respondWith(307, elsewhere));
    expect(delivery.attempts).toMatchObject([{ status: 307, error: "redirects are not followed" }]);
    expect(shop.at("/elsewhere")).toEqual([]);
  });

  test("that answers 410 gets nothing more until the merchant enables the endpoint again", async () => {
    const { id, delivery } = await tried("/gone", respondWith(410));
    expect(delivery).toMatchObject({ state: "failed", attempts: [{ status: 410 }] });
    const path = `/webhook-endpoints/${id}`;
    const off = { enabled: false, disabledReason: "gone" };
    expect((await sluice.merchant("GET", path)).body).toMatchObject(off);
    expectProblem(
      await sluice.merchant("POST", `/webhook-deliveries/${delivery.id}/replay`),
      409,
      "webhook_endpoint_disabled",
    );
    await sluice.merchant("PATCH", path, { enabled: true });
    const replay = await sluice.merchant("POST", `/webhook-deliveries/${delivery.id}/replay`);
    expect(replay.status).toBe(202);
    await until(
      () => deliveriesTo(id, "&state=delivered"),
      ({ length }) => length === 1,
    );
    expect(shop.at("/gone")).toHaveLength(2);
  });

  test("that hangs is given up after the timeout", async () => {
    shop.script("/hangs", hangs);
    const begun_ms = performance.now();
    const outcome = await postWebhook({
      url: `${shop.url}/hangs`,
      secrets: [new Uint8Array(32)],
      id: "ord_1:1",
      payload: { type: "webhook.test", timestamp: new Date().toISOString(), data: {} },
      rules: { allowPrivate: true, resolver: "https://dns.example" },
      timeout_ms: 200,
      now: Date.now(),
    });
    const why = "no answer within 200 ms";
    expect(outcome).toEqual({ kind: "unanswered", why, isTimeout: true });
    expect(performance.now() - begun_ms).toBeLessThan(5000);
  });

  test("whose answer never ends counts by its status, and is not read", async () => {
    const endless: Script = (response) => {
      response.writeHead(200);
      const more = () => void (response.destroyed || response.write("x".repeat(65_536), more));
      more();
    };
    const { delivery } = await tried("/endless", endless);
    expect(delivery).toMatchObject({ state: "delivered", attempts: [{ status: 200 }] });
  });
});
