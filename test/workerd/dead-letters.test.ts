/**
 * Messages that the orders Worker cannot read, or whose retries are used up: parked in the real D1
 * with a reason, listed, and replayed one by one or all at once.
 */
import { env } from "cloudflare:workers";
import * as fc from "fast-check";
import { beforeEach, describe, expect, test, vi } from "vitest";
import { z } from "zod";
import {
  orderEventSchema,
  orderMessageSchema,
  UNREADABLE_REASONS,
} from "../../src/domain/order/messages.ts";
import { replayDeadLetters } from "../../src/merchant/orders.ts";
import {
  findDeadLetter,
  listDeadLetters,
  type DeadLetter,
  type LetterFilter,
  type LetterPlace,
} from "../../src/order-book/order-book.ts";
import { park, RETRIES_USED_UP } from "../../queues/dead-letters.ts";
import { pass, startClock } from "./support/clock.ts";
import { handOver, noting, takeSent, takeSentWhen } from "./support/mail.ts";
import { acceptedOrder, settle } from "./support/shop.ts";

beforeEach(() => {
  startClock();
  vi.spyOn(console, "warn").mockImplementation(() => undefined);
});

describe("all dead letters at once", () => {
  const ORDERS_QUEUE = noting(env.ORDERS_QUEUE, "sluice-orders", new Set());
  const EVENTS_QUEUE = noting(env.EVENTS_QUEUE, "sluice-events", new Set());
  const replayAll = (filter: Partial<LetterFilter> = {}) => {
    const context = { env: { ...env, ORDERS_QUEUE, EVENTS_QUEUE }, now: Date.now() };
    return replayDeadLetters(context, { queue: null, before_ms: null, ...filter });
  };

  beforeEach(() => env.ORDER_BOOK.exec("DELETE FROM dead_letters"));

  test("are replayed the oldest first, a hundred at a time, each once", async () => {
    takeSent("sluice-orders");
    const bodies = Array.from({ length: 130 }, (_, index) => {
      return { v: 1, kind: "order", order: `ord_${String(index).padStart(40, "0")}` };
    });
    for (const body of bodies) {
      pass(1);
      await handOver("sluice-orders-dead", [body]);
    }
    expect(await replayAll()).toEqual({ replayed: 100, unreadable: 0, remaining: 30 });
    expect(takeSent("sluice-orders")).toEqual(bodies.slice(0, 100));
    expect(await replayAll()).toEqual({ replayed: 30, unreadable: 0, remaining: 0 });
    expect(takeSent("sluice-orders")).toEqual(bodies.slice(100));
    expect(await replayAll()).toEqual({ replayed: 0, unreadable: 0, remaining: 0 });
  });

  test("skip unreadable letters, and can be filtered by queue and by time", async () => {
    const { id, messages } = await acceptedOrder();
    const { ORDER_BOOK } = env;
    await handOver("sluice-orders", [{ strange: true }], { ids: ["strange"] });
    const gone = { id: "gone", body: { v: 0 }, attempts: 9 };
    await park(ORDER_BOOK, "sluice-orders-dead", RETRIES_USED_UP, gone, Date.now());
    await handOver("sluice-orders-dead", messages);
    const [event] = await takeSentWhen("sluice-events", 1);
    const late = { id: "late", body: event, attempts: 9 };
    const soon_ms = Date.now() + 1000;
    await park(ORDER_BOOK, "sluice-events-dead", RETRIES_USED_UP, late, soon_ms);
    const before_ms = soon_ms;
    expect(await replayAll({ queue: "elsewhere" })).toMatchObject({ replayed: 0, remaining: 0 });
    expect(await replayAll({ before_ms })).toEqual({ replayed: 1, unreadable: 1, remaining: 0 });
    expect(await replayAll({ queue: "sluice-events-dead" })).toMatchObject({ replayed: 1 });
    expect(await replayAll()).toEqual({ replayed: 0, unreadable: 0, remaining: 0 });
    expect(await settle(id)).toBe("confirmed");
    const strange = await findDeadLetter(ORDER_BOOK, "strange");
    expect(strange).toMatchObject({ replayed_ms: null });
  });

  test("are listed page after page, the newest first", async () => {
    for (const id of ["a", "b", "c", "d", "e"]) {
      const letter = { id, body: null, attempts: 1 };
      await park(env.ORDER_BOOK, "sluice-orders", UNREADABLE_REASONS.order, letter, 1000);
    }
    const pages: string[][] = [];
    let after: LetterPlace | null = null;
    for (let page = 0; page < 3; page += 1) {
      const letters: DeadLetter[] = await listDeadLetters(env.ORDER_BOOK, { after, limit: 2 });
      pages.push(letters.map(({ id }) => id));
      after = letters.at(-1) ?? null;
    }
    expect(pages).toEqual([["e", "d"], ["c", "b"], ["a"]]);
  });
});

describe("garbage in a queue", () => {
  const anything = fc.oneof(
    fc.anything({ withBigInt: true, withDate: true, withMap: true, maxDepth: 2 }),
    fc.json().map((text): unknown => JSON.parse(text)),
  );
  const good = { v: 1, kind: "order", order: `ord_${"0".repeat(40)}` };

  test("whole or in any field is parked with a reason and its body, and nothing else happens", async () => {
    const garbled = fc.record({ field: fc.constantFrom(...Object.keys(good)), value: anything });
    const bodies = fc.oneof(
      anything,
      garbled.map(({ field, value }) => ({ ...good, [field]: value })),
    );
    const readable = (body: unknown): boolean => orderMessageSchema.safeParse(body).success;
    const property = fc.asyncProperty(bodies, async (body) => {
      fc.pre(!readable(body));
      const id = crypto.randomUUID();
      const handled = await handOver("sluice-orders", [body], { ids: [id] });
      expect(handled).toMatchObject({ acknowledged: 1, again: [] });
      const letter = await findDeadLetter(env.ORDER_BOOK, id);
      expect(letter).toMatchObject({ reason: UNREADABLE_REASONS.order });
      expect(() => z.unknown().parse(JSON.parse(letter?.body ?? "{"))).not.toThrow();
    });
    await fc.assert(property, { numRuns: 150 });
  });

  test("in any field of an event is parked, and the order book does not change", async () => {
    const { id } = await acceptedOrder();
    const [real] = await takeSentWhen("sluice-events", 1);
    const event = orderEventSchema.parse(real);
    const fields = fc.constantFrom(...Object.keys(event));
    const property = fc.asyncProperty(fields, anything, async (field, value) => {
      const body = { ...event, [field]: value };
      fc.pre(!orderEventSchema.safeParse(body).success);
      const letter = crypto.randomUUID();
      const handled = await handOver("sluice-events", [body], { ids: [letter] });
      expect(handled).toMatchObject({ acknowledged: 1, again: [] });
      const parked = await findDeadLetter(env.ORDER_BOOK, letter);
      expect(parked).toMatchObject({ reason: UNREADABLE_REASONS.event });
    });
    await fc.assert(property, { numRuns: 150 });
    const kept = env.ORDER_BOOK.prepare("SELECT id FROM events WHERE order_id = ?").bind(id);
    expect((await kept.all()).results).toEqual([]);
  });
});
