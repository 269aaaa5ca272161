/**
 * Retention on the real D1: it deletes events after 30 days with their final deliveries, and dead
 * letters 30 days after their replay; never a pending delivery or an event that could come again.
 */
import { env } from "cloudflare:workers";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { z } from "zod";
import { park } from "../../queues/dead-letters.ts";
import orders from "../../queues/orders-worker.ts";
import { deleteOld } from "../../queues/retention.ts";
import {
  EVENTS_KEPT_MS,
  RETENTION_ROUNDS_MAX,
  RETENTION_ROWS_MAX,
} from "../../src/domain/limits.ts";
import { replayDeadLetter } from "../../src/merchant/orders.ts";
import * as merchant from "../../src/merchant/webhooks.ts";
import { listEvents } from "../../src/order-book/event-log.ts";
import { findDeadLetter } from "../../src/order-book/order-book.ts";
import { addDeliveries, deliveryOf } from "../../src/webhooks/deliveries.ts";
import { pass, startClock } from "./support/clock.ts";
import { handOver, noting, takeSent } from "./support/mail.ts";
import { fails, forgetWebhooks, orderEvent, WebhookShop } from "./support/webhook-shop.ts";

const { ORDER_BOOK: book } = env;
const NOTHING = { events: 0, deliveries: 0, deadLetters: 0, turnMails: 0 };

let shop: WebhookShop;

beforeEach(async () => {
  startClock();
  vi.spyOn(console, "warn").mockImplementation(() => undefined);
  vi.spyOn(console, "log").mockImplementation(() => undefined);
  shop = new WebhookShop();
  await forgetWebhooks();
  await book.batch(
    ["events", "dead_letters", "orders"].map((table) => book.prepare(`DELETE FROM ${table}`)),
  );
});
afterEach(() => vi.restoreAllMocks());

const eventIds = async (after = 0, limit = 200): Promise<string[]> => {
  return (await listEvents(book, { after, limit })).map(({ id }) => id);
};

const count = z.object({ count: z.int() });
const rowsIn = async (table: string): Promise<number> => {
  const row = await book.prepare(`SELECT COUNT(*) AS count FROM ${table}`).first();
  return count.parse(row).count;
};

/** Events without deliveries, each a millisecond after the one before. */
async function logMany(events: number, first_ms: number): Promise<void> {
  const many = `WITH RECURSIVE n (i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i + 1 < ?1)`;
  await book
    .prepare(
      `INSERT INTO events (id, type, sale, at_ms, body)
       ${many} SELECT 'many-' || i, 'sale.changed', 'air-one', ?2 + i, '{}' FROM n`,
    )
    .bind(events, first_ms)
    .run();
}

describe("an event", () => {
  test("is deleted with all its deliveries when it is 30 days old, and not sooner", async () => {
    await shop.endpoint();
    await shop.endpoint({ url: "https://shop.example/too" });
    await shop.tell(orderEvent());
    await shop.deliver();
    pass(1);
    const younger = orderEvent();
    await shop.tell(younger);
    await shop.deliver();
    const { at_ms } = younger;
    expect(await deleteOld(book, at_ms - 1 + EVENTS_KEPT_MS)).toEqual(NOTHING);
    const gone = { ...NOTHING, events: 1, deliveries: 2 };
    expect(await deleteOld(book, at_ms + EVENTS_KEPT_MS)).toEqual(gone);
    expect(await eventIds()).toEqual([younger.id]);
    expect(await rowsIn("webhook_deliveries")).toBe(2);
    expect(await rowsIn("orders")).toBe(2);
  });

  test("stays with all its deliveries while one is pending, and is deleted when that is final", async () => {
    const taking = await shop.endpoint();
    const failing = await shop.endpoint({ url: "https://shop.example/down" });
    shop.answer = ({ url }) => (url.endsWith("down") ? fails() : new Response("thanks"));
    const event = orderEvent();
    await shop.tell(event);
    await shop.deliver();
    pass(EVENTS_KEPT_MS + 1);
    expect(await deleteOld(book, Date.now())).toEqual(NOTHING);
    await shop.tell(event);
    expect(await shop.delivery(taking.id)).toMatchObject({ state: "delivered", tries: 1 });
    expect(await shop.delivery(failing.id)).toMatchObject({ state: "pending", tries: 1 });
    shop.answer = () => new Response("thanks");
    await shop.deliver();
    expect(shop.posted.map(({ headers }) => headers["webhook-id"])).toEqual(
      Array.from({ length: 3 }, () => event.id),
    );
    const gone = { ...NOTHING, events: 1, deliveries: 2 };
    expect(await deleteOld(book, Date.now())).toEqual(gone);
  });

  test("stays while a dead letter contains it, so that it is never delivered as new", async () => {
    const { id } = await shop.endpoint();
    const event = orderEvent();
    await shop.tell(event);
    await shop.deliver();
    const letter = { id: "late", body: event, attempts: 20 };
    await park(book, "sluice-events-dead", "retries used up", letter, Date.now());
    pass(2 * EVENTS_KEPT_MS);
    expect(await deleteOld(book, Date.now())).toEqual(NOTHING);
    const EVENTS_QUEUE = noting(env.EVENTS_QUEUE, "sluice-events", new Set());
    takeSent("sluice-events");
    const context = { env: { ...shop.env, EVENTS_QUEUE }, now: Date.now() };
    expect(await replayDeadLetter(context, "late")).toMatchObject({ kind: "replayed" });
    pass(EVENTS_KEPT_MS);
    expect(await deleteOld(book, Date.now())).toEqual(NOTHING);
    await handOver("sluice-events", takeSent("sluice-events"), { withEnv: shop.env });
    await shop.deliver();
    expect(shop.posted).toHaveLength(1);
    expect(await shop.delivery(id)).toMatchObject({ state: "delivered", tries: 1 });
    pass(1);
    expect(await deleteOld(book, Date.now())).toEqual({
      events: 1,
      deliveries: 1,
      deadLetters: 1,
      turnMails: 0,
    });
  });
});

describe("a run", () => {
  test("deletes a bounded number, the oldest first, and the next run continues", async () => {
    const most = RETENTION_ROWS_MAX * RETENTION_ROUNDS_MAX;
    await logMany(most + 10, Date.now());
    pass(EVENTS_KEPT_MS + 2 * most);
    expect(await deleteOld(book, Date.now())).toEqual({ ...NOTHING, events: most });
    const left = await eventIds();
    expect(left).toHaveLength(10);
    expect(left[0]).toBe(`many-${most}`);
    expect(await deleteOld(book, Date.now())).toEqual({ ...NOTHING, events: 10 });
    expect(await deleteOld(book, Date.now())).toEqual(NOTHING);
  });

  test("reads no more rows than it deletes, however long the log is", async () => {
    await shop.endpoint();
    await shop.tell(orderEvent(), orderEvent());
    await shop.deliver();
    pass(EVENTS_KEPT_MS + 1);
    await logMany(3000, Date.now());
    await book.batch([
      book.prepare(
        `INSERT INTO webhook_deliveries (id, endpoint, event, type, state, tries, due_ms, attempts,
           created_ms, updated_ms)
         SELECT 'whd-' || id, 'whe', id, type, 'delivered', 1, at_ms, '[]', at_ms, at_ms
         FROM events WHERE body = '{}'`,
      ),
      book.prepare(
        `INSERT INTO dead_letters SELECT id, 'sluice-events-dead', body, 'why', 1, at_ms, at_ms
         FROM events WHERE body = '{}'`,
      ),
    ]);
    let read = 0;
    const counted = new Proxy(book, {
      get(real, member): unknown {
        if (member !== "batch") return real.prepare.bind(real);
        return async (statements: D1PreparedStatement[]) => {
          const results = await real.batch(statements);
          for (const { meta } of results) read += meta.rows_read;
          return results;
        };
      },
    });
    const gone = { ...NOTHING, events: 2, deliveries: 2 };
    expect(await deleteOld(counted, Date.now())).toEqual(gone);
    expect(read).toBeGreaterThan(0);
    expect(read).toBeLessThan(60);
  });

  test("is started by the Worker's own cron", async () => {
    await shop.tell(orderEvent());
    pass(EVENTS_KEPT_MS + 1);
    const when = { cron: "*/5 * * * *", scheduledTime: Date.now(), noRetry: () => undefined };
    await orders.scheduled(when, shop.env);
    expect(await eventIds()).toEqual([]);
  });
});

describe("the merchant", () => {
  test("continues reading after deleted events, and no number is used twice", async () => {
    await logMany(4, Date.now() - EVENTS_KEPT_MS - 10);
    const [, second] = await listEvents(book, { after: 0, limit: 2 });
    await deleteOld(book, Date.now());
    expect(await eventIds()).toEqual([]);
    const event = orderEvent();
    await shop.tell(event);
    const after = second?.seq ?? 0;
    const [next, ...more] = await listEvents(book, { after, limit: 2 });
    expect(next).toMatchObject({ id: event.id });
    expect(next?.seq).toBeGreaterThan(after + 2);
    expect(more).toEqual([]);
  });

  test("gets not found for a deleted delivery, and can replay the remaining ones", async () => {
    const { id } = await shop.endpoint();
    const since_ms = Date.now();
    await shop.tell(orderEvent());
    await shop.deliver();
    const { id: gone } = await shop.delivery(id);
    pass(EVENTS_KEPT_MS + 1);
    const left = orderEvent();
    await shop.tell(left);
    await shop.deliver();
    await deleteOld(book, Date.now());
    const missing = { kind: "webhook_delivery_not_found" };
    expect(await merchant.replayDelivery(shop.context, gone)).toEqual(missing);
    const replaying = await merchant.replaySince(shop.context, id, { since_ms, after: 0 });
    expect(replaying).toMatchObject({ replayed: 1, remaining: 0 });
    await shop.deliver();
    expect(shop.posted.at(-1)?.headers["webhook-id"]).toBe(left.id);
  });

  test("gets not found also when the delivery is deleted during its replay", async () => {
    const { id } = await shop.endpoint();
    await shop.tell(orderEvent());
    await shop.deliver();
    const delivery = await shop.delivery(id);
    const { context } = shop;
    const WEBHOOKS_QUEUE = new Proxy(context.env.WEBHOOKS_QUEUE, {
      get: (real, member): unknown => {
        if (member !== "sendBatch") return Reflect.get(real, member);
        return () => book.prepare("DELETE FROM webhook_deliveries").run();
      },
    });
    const losing = { ...context, env: { ...context.env, WEBHOOKS_QUEUE } };
    const missing = { kind: "webhook_delivery_not_found" };
    expect(await merchant.replayDelivery(losing, delivery.id)).toEqual(missing);
  });

  test("gets no delivery of an event that was just deleted", async () => {
    const late = deliveryOf("whe_any", { id: "gone", type: "order.confirmed" });
    await addDeliveries(book, [late], Date.now()).run();
    expect(await rowsIn("webhook_deliveries")).toBe(0);
  });
});

describe("a dead letter", () => {
  const parked = (id: string, body: unknown = null) => {
    return park(book, "sluice-orders-dead", "retries used up", { id, body, attempts: 20 }, 1000);
  };

  test("is deleted 30 days after its replay, and never without one", async () => {
    for (const id of ["never", "long-ago", "lately"]) await parked(id);
    const mark = book.prepare("UPDATE dead_letters SET replayed_ms = ? WHERE id = ?");
    const now = Date.now();
    await mark.bind(now - EVENTS_KEPT_MS - 1, "long-ago").run();
    await mark.bind(now - EVENTS_KEPT_MS, "lately").run();
    expect(await deleteOld(book, now)).toEqual({ ...NOTHING, deadLetters: 1 });
    expect(await findDeadLetter(book, "long-ago")).toBeNull();
    expect(await findDeadLetter(book, "lately")).not.toBeNull();
    expect(await findDeadLetter(book, "never")).not.toBeNull();
  });

  test("can be parked however deep its body is nested", async () => {
    let deep: unknown = { id: "below" };
    for (let depth = 0; depth < 2000; depth += 1) deep = { deep };
    await parked("deep", deep);
    expect(await findDeadLetter(book, "deep")).not.toBeNull();
  });
});
