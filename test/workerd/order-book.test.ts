/**
 * The embedded order book: a late answer is unknown, nothing is booked twice, and a cancelled
 * booking stays cancelled.
 */
import { env } from "cloudflare:workers";
import { expect, test } from "vitest";
import { orderBook } from "../../queues/backends/order-book.ts";
import { intentOf, saleDocument } from "./support/shop.ts";

const ANSWER_MS = 20;
/** Shorter than the default time-out, so that the given one must have been used. */
const AT_ONCE_MS = 4000;

/** The real database, which runs every statement but whose answers never arrive. */
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
  const began_ms = performance.now();
  const outcome = await orderBook(book, () => ANSWER_MS)[what](intent, Date.now());
  expect(performance.now() - began_ms).toBeLessThan(AT_ONCE_MS);
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

async function rowOf(id: string) {
  return env.ORDER_BOOK.prepare(
    "SELECT reference, status, booked_ms, cancelled_ms FROM bookings WHERE order_id = ?",
  )
    .bind(id)
    .first();
}

test("a repeated booking returns the first one, and a repeated cancel keeps its first time", async () => {
  const intent = intentOf(saleDocument([{ sku: "KEPT", stock: 1 }]), "kept", {});
  const book = orderBook(env.ORDER_BOOK);
  const booked = await book.book(intent, 1000);
  expect(booked).toEqual({ kind: "booked", booking: expect.stringMatching(/^B-\w{12}$/) });
  expect(await book.book(intent, 2000)).toEqual(booked);
  const row = { reference: booked.kind === "booked" ? booked.booking : "", booked_ms: 1000 };
  expect(await rowOf(intent.id)).toEqual({ ...row, status: "booked", cancelled_ms: null });
  for (const now of [3000, 4000]) {
    expect(await book.cancel(intent, now)).toEqual({ kind: "cancelled" });
    expect(await rowOf(intent.id)).toEqual({ ...row, status: "cancelled", cancelled_ms: 3000 });
  }
});

test("a cancelled order is not booked by a late book", async () => {
  const intent = intentOf(saleDocument([{ sku: "LATE", stock: 1 }]), "late", {});
  const book = orderBook(env.ORDER_BOOK);
  expect(await book.cancel(intent, 1000)).toEqual({ kind: "cancelled" });
  const refused = { kind: "refused", reason: "booking_cancelled" };
  expect(await book.book(intent, 2000)).toEqual(refused);
  expect(await rowOf(intent.id)).toMatchObject({ status: "cancelled", cancelled_ms: 1000 });
});

test("nothing of the buyer is kept of an order that is cancelled before it was booked", async () => {
  const place = { name: "Ann", line1: "1 Main Street", city: "Berlin", country: "DE" };
  const buyer = { name: "Ann", phone: "+491234", shipTo: place, billTo: place };
  const delivery = { id: "post", name: "By post" };
  const sale = saleDocument([{ sku: "UNBOOKED", stock: 1 }]);
  const book = orderBook(env.ORDER_BOOK);
  const keptOf = (id: string) =>
    env.ORDER_BOOK.prepare(
      "SELECT email, name, phone, ship_to, bill_to, delivery FROM bookings WHERE order_id = ?",
    )
      .bind(id)
      .first();

  const unbooked = intentOf(sale, "unbooked", {}, { ...buyer, delivery });
  await book.cancel(unbooked, 1000);
  await book.book(unbooked, 2000);
  const nothing = { name: null, phone: null, ship_to: null, bill_to: null, delivery: null };
  expect(await keptOf(unbooked.id)).toEqual({ email: "", ...nothing });

  const booked = intentOf(sale, "booked", {}, { ...buyer, delivery });
  await book.book(booked, 1000);
  await book.cancel(booked, 2000);
  expect(await keptOf(booked.id)).toMatchObject({ email: booked.email, name: "Ann" });
});
