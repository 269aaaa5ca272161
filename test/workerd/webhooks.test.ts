/**
 * Webhooks on the real D1: a delivery is tried until it succeeds or fails for good, once each time
 * it is due, signed so that the receivers' own library verifies it.
 */
import { env } from "cloudflare:workers";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import orders from "../../queues/orders-worker.ts";
import { sweepDeliveries } from "../../queues/webhooks/deliveries.ts";
import { deliveryMessage, RETRY_DELAYS_S } from "../../src/domain/webhooks.ts";
import { replayDeadLetter } from "../../src/merchant/orders.ts";
import * as merchant from "../../src/merchant/webhooks.ts";
import { listEvents } from "../../src/order-book/event-log.ts";
import { findDeadLetter } from "../../src/order-book/order-book.ts";
import { claimDelivery } from "../../src/webhooks/deliveries.ts";
import { pass, startClock } from "./support/clock.ts";
import { handOver } from "./support/mail.ts";
import {
  fails,
  forgetWebhooks,
  orderEvent,
  payloadIn,
  verified,
  WebhookShop,
  type Posted,
} from "./support/webhook-shop.ts";

let shop: WebhookShop;

beforeEach(async () => {
  startClock();
  vi.spyOn(console, "warn").mockImplementation(() => undefined);
  shop = new WebhookShop();
  await forgetWebhooks();
});
afterEach(() => vi.restoreAllMocks());

describe("an event", () => {
  test("is posted once to each subscribed endpoint, signed with that endpoint's secret", async () => {
    const all = await shop.endpoint();
    const sales = await shop.endpoint({ types: ["sale.*"], url: "https://shop.example/sales" });
    const off = await shop.endpoint({ url: "https://shop.example/off" });
    await merchant.changeEndpoint(shop.context, off.id, { enabled: false });
    const event = orderEvent();
    for (let time = 0; time < 3; time += 1) {
      expect(await shop.tell(event)).toMatchObject({ acknowledged: 1 });
      await shop.deliver();
    }
    const [posted, ...more] = shop.posted;
    if (posted === undefined) throw new Error("nothing was posted");
    expect(more).toEqual([]);
    expect(posted).toMatchObject({ url: "https://shop.example/hooks", redirect: "manual" });
    expect(posted.headers).toMatchObject({
      "webhook-id": event.id,
      "webhook-timestamp": String(Math.floor(Date.now() / 1000)),
      "content-type": "application/json",
    });
    expect(verified(posted, all.secret)).toBe(true);
    expect(verified(posted, sales.secret)).toBe(false);
    expect(payloadIn(posted)).toMatchObject({
      type: "order.confirmed",
      data: { order: event.order, version: 1, email: event.email },
    });
    expect(await shop.delivery(all.id)).toMatchObject({ state: "delivered", tries: 1 });
    expect(await shop.deliveries(off.id)).toEqual([]);
  });

  test("whose deliveries were stored but not queued, because the queue failed, is delivered when it is retried", async () => {
    vi.spyOn(console, "error").mockImplementation(() => undefined);
    const { id } = await shop.endpoint();
    const event = orderEvent();
    shop.queueFails = true;
    expect(await shop.tell(event)).toMatchObject({ acknowledged: 0, again: [event] });
    expect(await shop.delivery(id)).toMatchObject({ state: "pending", tries: 0 });
    shop.queueFails = false;
    await shop.tell(event);
    await shop.deliver();
    expect(shop.posted).toHaveLength(1);
    expect(await shop.delivery(id)).toMatchObject({ state: "delivered" });
  });

  test("is logged once for the merchant, with or without a subscribed endpoint", async () => {
    const event = orderEvent("declined");
    for (let time = 0; time < 2; time += 1) await shop.tell(event);
    const rows = await listEvents(env.ORDER_BOOK, { after: 0, limit: 10, order: event.order });
    expect(rows).toMatchObject([{ id: event.id, type: "order.declined", sale: "air-one" }]);
  });
});

describe("a delivery that does not succeed", () => {
  test("is tried ten times with the same id and new signatures, then fails", async () => {
    const { id, secret } = await shop.endpoint();
    shop.answer = fails;
    await shop.tell(orderEvent());
    await shop.deliver();
    const delays_s: number[] = [];
    for (let time = 0; time < 20 && shop.waiting.length > 0; time += 1) {
      delays_s.push(...shop.waiting.map(({ delay_s }) => delay_s));
      await shop.deliver();
    }
    expect(shop.posted).toHaveLength(10);
    expect(delays_s).toHaveLength(RETRY_DELAYS_S.length);
    delays_s.forEach((delay_s, index) => {
      const planned_s = RETRY_DELAYS_S[index] ?? 0;
      expect(delay_s).toBeGreaterThanOrEqual(planned_s * 0.9);
      expect(delay_s).toBeLessThanOrEqual(planned_s);
    });
    expect(new Set(shop.posted.map(({ headers }) => headers["webhook-id"])).size).toBe(1);
    expect(new Set(shop.posted.map(({ headers }) => headers["webhook-timestamp"])).size).toBe(10);
    expect(shop.posted.at(-1)).toSatisfy((posted: Posted) => verified(posted, secret));
    const { state, attempts } = await shop.delivery(id);
    expect(state).toBe("failed");
    expect(attempts.map(({ status, error }) => [status, error])).toEqual(
      Array.from({ length: 10 }, () => [500, "answered 500"]),
    );
  });

  test("succeeds as soon as the shop accepts it, and is not tried again", async () => {
    const { id } = await shop.endpoint();
    const answers = [fails(), Response.redirect("https://elsewhere.example/", 302)];
    shop.answer = () => answers.shift() ?? new Response(null, { status: 204 });
    await shop.tell(orderEvent());
    for (let time = 0; time < 3; time += 1) await shop.deliver();
    expect(shop.waiting).toEqual([]);
    const { state, attempts } = await shop.delivery(id);
    expect(state).toBe("delivered");
    expect(attempts.map(({ error }) => error)).toEqual([
      "answered 500",
      "redirects are not followed",
      null,
    ]);
    expect(new Set(shop.posted.map(({ url }) => url))).toEqual(
      new Set(["https://shop.example/hooks"]),
    );
  });

  test("for lack of a connection shows that reason", async () => {
    const { id } = await shop.endpoint();
    shop.answer = () => Promise.reject(new TypeError("refused"));
    await shop.tell(orderEvent());
    await shop.deliver();
    const { attempts } = await shop.delivery(id);
    expect(attempts).toMatchObject([{ status: null, error: "no connection" }]);
  });

  test("is retried at the shop's Retry-After, if that is later", async () => {
    await shop.endpoint();
    shop.answer = () => new Response("busy", { status: 429, headers: { "retry-after": "3600" } });
    await shop.tell(orderEvent());
    await shop.deliver();
    expect(shop.waiting).toMatchObject([{ delay_s: 3600 }]);
  });

  test("because of 410 Gone disables its endpoint, which gets nothing more", async () => {
    const { id } = await shop.endpoint();
    shop.answer = () => new Response(null, { status: 410 });
    await shop.tell(orderEvent(), orderEvent());
    await shop.deliver();
    const states = (await shop.deliveries(id)).map(({ state }) => state);
    // The two were tried concurrently, so the second may already have been sent.
    expect(states[0]).toBe("failed");
    expect(["failed", "cancelled"]).toContain(states[1]);
    expect(shop.waiting).toEqual([]);
    expect(await merchant.readEndpoint(shop.context, id)).toMatchObject({
      endpoint: { enabled: false, disabled_reason: "gone" },
    });
    const posted = shop.posted.length;
    await shop.tell(orderEvent());
    await shop.deliver();
    expect(shop.posted).toHaveLength(posted);
    expect(await shop.deliveries(id)).toHaveLength(2);
    await merchant.changeEndpoint(shop.context, id, { enabled: true });
    expect(await merchant.readEndpoint(shop.context, id)).toMatchObject({
      endpoint: { enabled: true, disabled_reason: null },
    });
  });

  test.each(["turned off", "deleted"])("is cancelled when its endpoint was %s", async (how) => {
    const { id } = await shop.endpoint();
    shop.answer = fails;
    await shop.tell(orderEvent());
    await shop.deliver();
    if (how === "deleted") await merchant.removeEndpoint(shop.context, id);
    else await merchant.changeEndpoint(shop.context, id, { enabled: false });
    await shop.deliver();
    expect(shop.posted).toHaveLength(1);
    expect(shop.waiting).toEqual([]);
    expect(await shop.delivery(id)).toMatchObject({ state: "cancelled" });
  });
});

describe("a message", () => {
  test("that arrives twice causes one try, also when both arrive at once", async () => {
    await shop.endpoint();
    await shop.tell(orderEvent());
    shop.waiting.push(...shop.waiting);
    const handled = await shop.deliver();
    expect(shop.posted).toHaveLength(1);
    expect(handled.acknowledged + handled.again.length).toBe(2);
    await handOver("sluice-webhooks", handled.again, { withEnv: shop.env });
    expect(shop.posted).toHaveLength(1);
  });

  test("that was lost is sent again by the sweep, once, and not before it is overdue", async () => {
    const { id } = await shop.endpoint();
    await shop.tell(orderEvent());
    shop.waiting.length = 0;
    pass(100_000);
    expect(await sweepDeliveries(shop.env, Date.now())).toBe(0);
    pass(30_000);
    expect(await sweepDeliveries(shop.env, Date.now())).toBe(1);
    expect(await sweepDeliveries(shop.env, Date.now())).toBe(0);
    await shop.deliver();
    expect(await shop.delivery(id)).toMatchObject({ state: "delivered", tries: 1 });
    pass(24 * 3_600_000);
    expect(await sweepDeliveries(shop.env, Date.now())).toBe(0);
  });

  test("is replaced by the Worker's own cron", async () => {
    await shop.endpoint();
    await shop.tell(orderEvent());
    shop.waiting.length = 0;
    pass(300_000);
    const when = { cron: "*/5 * * * *", scheduledTime: Date.now(), noRetry: () => undefined };
    await orders.scheduled(when, shop.env);
    expect(shop.waiting).toHaveLength(1);
  });

  test("of a try whose Worker has died waits for the end of its lease, then tries again", async () => {
    const { id } = await shop.endpoint();
    await shop.tell(orderEvent());
    const delivery = await shop.delivery(id);
    const claim = await claimDelivery(env.ORDER_BOOK, delivery.id, Date.now());
    expect(claim.kind).toBe("claimed");
    const handled = await shop.deliver();
    expect(handled.again_s).toEqual([30]);
    expect(shop.posted).toEqual([]);
    pass(30_000);
    await handOver("sluice-webhooks", handled.again, { withEnv: shop.env });
    expect(await shop.delivery(id)).toMatchObject({ state: "delivered", tries: 1 });
  });

  test("that names no delivery is parked or acknowledged", async () => {
    const bodies = [{ v: 1, kind: "delivery" }, deliveryMessage("whd_unknown"), null, "whd_1"];
    const ids = bodies.map((_, index) => `strange-${index}`);
    const handled = await handOver("sluice-webhooks", bodies, { withEnv: shop.env, ids });
    expect(handled).toMatchObject({ acknowledged: 4, again: [] });
    for (const id of ["strange-0", "strange-2", "strange-3"]) {
      expect(await findDeadLetter(env.ORDER_BOOK, id)).toMatchObject({
        queue: "sluice-webhooks",
        reason: "not a delivery",
      });
    }
    expect(await findDeadLetter(env.ORDER_BOOK, "strange-1")).toBeNull();
  });

  test("that used up its retries can be replayed", async () => {
    const { id } = await shop.endpoint();
    await shop.tell(orderEvent());
    const bodies = shop.waiting.splice(0).map(({ body }) => body);
    await handOver("sluice-webhooks-dead", bodies, { withEnv: shop.env, ids: ["given-up"] });
    expect(await replayDeadLetter(shop.context, "given-up")).toMatchObject({ kind: "replayed" });
    await shop.deliver();
    expect(await shop.delivery(id)).toMatchObject({ state: "delivered" });
  });
});

describe("an endpoint that hangs", () => {
  /** It hangs until `end` lets the time of every try be over. */
  function hanging() {
    const late = new AbortController();
    const time = vi.spyOn(AbortSignal, "timeout").mockImplementation(() => late.signal);
    shop.answer = ({ url, signal }) => {
      if (!url.endsWith("/hangs")) return new Response("thanks");
      return new Promise((_, reject) => {
        signal?.addEventListener("abort", () => reject(new Error("too late, as planned")));
      });
    };
    return { end: () => late.abort(new Error("too late, as planned")), time };
  }
  const postedTo = (path: string) => shop.posted.filter(({ url }) => url.endsWith(path)).length;

  test("keeps no delivery from the others, and is tried once when it was left alone", async () => {
    const hangs = await shop.endpoint({ url: "https://shop.example/hangs" });
    const well = await shop.endpoint({ url: "https://shop.example/well" });
    const events = Array.from({ length: 6 }, () => orderEvent());
    await shop.tell(...events);
    const first = hanging();
    const delivering = shop.deliver();
    await vi.waitFor(() => expect(postedTo("/well")).toBe(6));
    expect(postedTo("/hangs")).toBe(3);
    first.end();
    await delivering;
    const states = async (endpoint: string) =>
      (await shop.deliveries(endpoint)).map(({ state, tries }) => `${state} ${tries}`).toSorted();
    expect(await states(well.id)).toEqual(Array.from({ length: 6 }, () => "delivered 1"));
    // Three were never tried: the endpoint was known to hang by then.
    const pending = [...Array(3).fill("pending 0"), ...Array(3).fill("pending 1")];
    expect(await states(hangs.id)).toEqual(pending);

    const second = hanging();
    const again = shop.deliver();
    await vi.waitFor(() => expect(postedTo("/hangs")).toBe(4));
    second.end();
    await again;
    expect(postedTo("/hangs")).toBe(4);

    second.time.mockRestore();
    shop.answer = () => new Response("thanks");
    for (let round = 0; round < 12; round += 1) await shop.deliver();
    const delivered = await shop.deliveries(hangs.id);
    expect(delivered.map(({ state }) => state)).toEqual(events.map(() => "delivered"));
  });
});
