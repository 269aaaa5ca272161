/**
 * Mirroring order events to a merchant's Redis: nothing is sent without one, unreadable messages
 * are acknowledged, and a Redis that cannot be reached delays only this queue.
 */
import { env } from "cloudflare:workers";
import { beforeEach, expect, test, vi } from "vitest";
import { orderEventSchema, type OrderEvent } from "../../src/domain/order/messages.ts";
import { startClock } from "./support/clock.ts";
import { handOver } from "./support/mail.ts";

beforeEach(() => {
  startClock();
});

const EVENT: OrderEvent = orderEventSchema.parse({
  v: 1,
  id: "ord_1:3",
  type: "order.accepted",
  order: "ord_1",
  sale: "air-one",
  version: 3,
  at_ms: 1000,
  placedAt_ms: 1000,
  state: "accepted",
  final: false,
  lines: [],
  total: 0,
  currency: "EUR",
  email: "ann@shoppers.example",
  reason: null,
});

/** The sandbox, which is not a Redis, answers all outgoing requests of the Worker under test. */
function withRedis(sent: unknown[]): typeof env {
  const sendBatch = async (messages: Iterable<MessageSendRequest>) => {
    sent.push(...[...messages].map(({ body }) => body));
  };
  const settings = {
    UPSTASH_REDIS_REST_URL: "http://redis.test",
    UPSTASH_REDIS_REST_TOKEN: "token",
    MIRROR_QUEUE: { sendBatch },
  };
  return Object.assign({}, env, settings);
}

test("an event is stored first and then passed on; without a Redis it is only stored", async () => {
  const sent: unknown[] = [];
  expect(await handOver("sluice-events", [EVENT])).toMatchObject({ acknowledged: 1 });
  const passed = await handOver("sluice-events", [EVENT], { withEnv: withRedis(sent) });
  expect(passed).toMatchObject({ acknowledged: 1 });
  expect(sent).toEqual([EVENT]);
});

test("while Redis cannot be reached the events are retried with back-off", async () => {
  const warned = vi.spyOn(console, "warn").mockImplementation(() => undefined);
  const later = async (attempts: number) => {
    const again = await handOver("sluice-mirror", [EVENT], { withEnv: withRedis([]), attempts });
    expect(again.acknowledged).toBe(0);
    return again.again_s[0] ?? 0;
  };
  const [first, fifth] = [await later(1), await later(5)];
  expect(first).toBeGreaterThanOrEqual(2);
  expect(fifth).toBeGreaterThanOrEqual(32);
  const said = warned.mock.calls.map(([line]) => String(line));
  expect(said[0]).toContain('"event":"mirror_failed","events":1,"attempts":1');
  expect(said.join()).not.toContain("ann@");
});

test("a message that is not an event is acknowledged, and all are once Redis is removed", async () => {
  vi.spyOn(console, "warn").mockImplementation(() => undefined);
  const logged = vi.spyOn(console, "error").mockImplementation(() => undefined);
  const garbage = [null, 7, "event", { v: 2 }, { ...EVENT, version: "3" }];
  const withEnv = withRedis([]);
  expect(await handOver("sluice-mirror", garbage, { withEnv })).toMatchObject({ acknowledged: 5 });
  expect(logged).toHaveBeenCalledTimes(5);
  expect(await handOver("sluice-mirror", [EVENT])).toMatchObject({ acknowledged: 1 });
});
