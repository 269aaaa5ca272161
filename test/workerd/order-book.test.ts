/** The embedded order book when D1 does not answer: late is unknown, nothing is booked twice. */
import { env } from "cloudflare:workers";
import { expect, test } from "vitest";
import { orderBook } from "../../queues/backends/order-book.ts";
import { intentOf, saleDocument } from "./shop.ts";

const ANSWER_MS = 20;

/** The real database, which does what it is told and whose answer never comes. */
function answeringNever(book: D1Database): { book: D1Database; done: () => Promise<unknown> } {
  let done: Promise<unknown> = Promise.resolve();
  const silent = (statement: D1PreparedStatement): D1PreparedStatement =>
    new Proxy(statement, {
      get: (target, name) => {
        if (name === "bind") return (...values: unknown[]) => silent(target.bind(...values));
        if (name !== "first") return Reflect.get(target, name);
        return () => {
          done = target.first();
          return new Promise(() => undefined);
        };
      },
    });
  const proxy = new Proxy(book, {
    get: (target, name) =>
      name === "prepare" ? (sql: string) => silent(target.prepare(sql)) : Reflect.get(target, name),
  });
  return { book: proxy, done: () => done };
}

test.each(["book", "cancel"] as const)("a %s that D1 does not answer is unknown", async (what) => {
  const intent = intentOf(saleDocument([{ sku: `SLOW-${what}`, stock: 1 }]), what, {});
  const { book, done } = answeringNever(env.ORDER_BOOK);
  const outcome = await orderBook(book, ANSWER_MS)[what](intent, Date.now());
  expect(outcome).toEqual({ kind: "unknown", reason: `no answer within ${ANSWER_MS} ms` });
  await done();
  const again = await orderBook(env.ORDER_BOOK)[what](intent, Date.now());
  expect(again.kind).toBe(what === "book" ? "booked" : "cancelled");
  const rows = await env.ORDER_BOOK.prepare("SELECT status FROM bookings WHERE order_id = ?")
    .bind(intent.id)
    .all();
  expect(rows.results).toEqual([{ status: what === "book" ? "booked" : "cancelled" }]);
});

test("a statement that D1 refuses says why", async () => {
  const intent = intentOf(saleDocument([{ sku: "BROKEN", stock: 1 }]), "broken", {});
  const broken = { ...intent, total: Number.NaN };
  const outcome = await orderBook(env.ORDER_BOOK).book(broken, Date.now());
  expect(outcome).toMatchObject({ kind: "unknown", reason: expect.stringContaining("NOT NULL") });
});
