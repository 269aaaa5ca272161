/**
 * The order book after a loss: rebuilt from the orders, once, with its bookings, while the audit
 * names what differs and never says that what it could not look at agrees.
 */
import { runDurableObjectAlarm } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { SETTLING_MS } from "../../src/domain/order/audit.ts";
import { BOOK_AWAITED_MIN_MS } from "../../src/domain/limits.ts";
import { auditSale } from "../../src/merchant/audit.ts";
import { rebuildBook, type LedgerPlace } from "../../src/merchant/book-rebuild.ts";
import { pass, startClock } from "./support/clock.ts";
import { handOverAll, takeSentWhen } from "./support/mail.ts";
import { emptyBook } from "./support/placed-orders.ts";
import { intentOf, letIn, openSale, orderOf, saleDocument, settle } from "./support/shop.ts";

beforeEach(() => {
  startClock();
  vi.spyOn(console, "warn").mockImplementation(() => undefined);
  vi.spyOn(console, "error").mockImplementation(() => undefined);
});
afterEach(() => {
  vi.restoreAllMocks();
});

const { ORDER_BOOK: book } = env;
let sales = 0;

/** Two orders that are paid, one of them without its buyer, and one that was declined. */
async function soldSale() {
  sales += 1;
  const [first, second] = [`LOST-A-${sales}`, `LOST-B-${sales}`];
  const stocked = [first, second].map((sku) => ({ sku, stock: 9, limitPerBuyer: 2 }));
  const sale = await openSale(saleDocument(stocked));
  const place = async (buyer: string, method: string) => {
    await letIn(sale, buyer);
    const quantities = { [first]: 1, [second]: 2 };
    const paid = { paymentMethod: method, name: "Ann" };
    const intent = intentOf(sale, buyer, quantities, paid);
    expect((await orderOf(intent.id).place(intent)).kind).toBe("accepted");
    await settle(intent.id);
    return intent.id;
  };
  const confirmed = await place("ann", `pm_sandbox_visa_${sales}1`);
  const erased = await place("bob", `pm_sandbox_visa_${sales}2`);
  const declined = await place("cat", "pm_card_chargeDeclined");
  await orderOf(erased).erase();
  await handOverAll();
  pass(SETTLING_MS);
  return { sale, confirmed, erased, declined };
}

/** What the book has of a sale, but for the time of a booking. */
async function contents(sale: string) {
  const queries = [
    "SELECT * FROM orders WHERE sale = ? ORDER BY id",
    `SELECT * FROM order_skus WHERE order_id IN (SELECT id FROM orders WHERE sale = ?)
     ORDER BY order_id, sku`,
    `SELECT order_id, reference, sale, status, total, currency, lines, email, name, ship_to
     FROM bookings WHERE status = 'booked' AND sale = ? ORDER BY order_id`,
  ];
  return Promise.all(
    queries.map(async (sql) => (await book.prepare(sql).bind(sale).all()).results),
  );
}

function audit(sale: string, after: LedgerPlace | null = null) {
  return auditSale({ env, now: Date.now() }, sale, after);
}

/** Every part, one after the other. */
async function rebuild(sale: string) {
  const sum = { orders: 0, bookings: 0 };
  for (let after: LedgerPlace | null = null, isFirst = true; isFirst || after !== null;) {
    isFirst = false;
    const part = await rebuildBook({ env, now: Date.now() }, sale, after);
    if (part.kind !== "rebuilt") throw new Error(part.kind);
    expect(part.silent).toEqual([]);
    sum.orders += part.orders;
    sum.bookings += part.bookings;
    after = part.next;
  }
  return sum;
}

/** The kinds of all differences in all parts. */
async function differences(sale: string) {
  const kinds: string[] = [];
  for (let after: LedgerPlace | null = null, isFirst = true; isFirst || after !== null;) {
    isFirst = false;
    const part = await audit(sale, after);
    if (part.kind !== "audit") throw new Error(part.kind);
    kinds.push(...part.differences.map(({ kind, order }) => `${kind} ${order}`));
    after = part.next;
  }
  return [...new Set(kinds)].toSorted();
}

test("a book that lost its rows is rebuilt from the orders, and once is enough", async () => {
  await emptyBook();
  const { sale, confirmed, erased, declined } = await soldSale();
  expect(await differences(sale.id)).toEqual([]);
  const before = await contents(sale.id);
  await emptyBook();
  const lost = [confirmed, erased, declined].map((id) => `not_in_book ${id}`);
  const unbooked = [confirmed, erased].map((id) => `not_booked ${id}`);
  expect(await differences(sale.id)).toEqual([...lost, ...unbooked].toSorted());
  expect(await audit(sale.id)).toMatchObject({ agrees: false, orders: {} });
  expect(await rebuild(sale.id)).toMatchObject({ orders: 3 });
  expect(await contents(sale.id)).toEqual(before);
  expect(await differences(sale.id)).toEqual([]);
  expect(await rebuild(sale.id)).toEqual({ orders: 0, bookings: 0 });
  const caused = await book.prepare("SELECT count(*) AS rows FROM webhook_deliveries").first();
  expect(caused).toEqual({ rows: 0 });
});

test("a book that was turned back is brought forward, and what is newer stays", async () => {
  const { sale, confirmed, declined } = await soldSale();
  const before = await contents(sale.id);
  await book.batch([
    book.prepare("UPDATE orders SET state = 'accepted', version = 1 WHERE id = ?").bind(confirmed),
    book.prepare("DELETE FROM bookings WHERE order_id = ?").bind(confirmed),
    book.prepare("UPDATE orders SET version = 99, state = 'failed' WHERE id = ?").bind(declined),
  ]);
  expect(await differences(sale.id)).toEqual(
    [`book_ahead ${declined}`, `book_behind ${confirmed}`, `not_booked ${confirmed}`].toSorted(),
  );
  expect(await rebuild(sale.id)).toEqual({ orders: 1, bookings: 1 });
  await book
    .prepare("UPDATE orders SET version = ?, state = 'declined' WHERE id = ?")
    .bind((await orderOf(declined).bookEntry())?.event.version, declined)
    .run();
  expect(await contents(sale.id)).toEqual(before);
});

test("a booking that was undone is not made again", async () => {
  const { sale, declined } = await soldSale();
  await book.prepare("DELETE FROM bookings").run();
  await book
    .prepare(
      `INSERT INTO bookings (order_id, reference, sale, status, total, currency, lines, email,
         booked_ms) VALUES (?, 'B-LATE', ?, 'booked', 1, 'EUR', '[]', '', 0)`,
    )
    .bind(declined, sale.id)
    .run();
  expect(await differences(sale.id)).toContain(`booked_unsold ${declined}`);
  await rebuild(sale.id);
  const row = book.prepare("SELECT status FROM bookings WHERE order_id = ?").bind(declined);
  expect(await row.first()).toEqual({ status: "cancelled" });
  expect(await differences(sale.id)).toEqual([]);
});

test("without the database the audit says what it can, and nothing agrees", async () => {
  const { sale } = await soldSale();
  await book.prepare("ALTER TABLE orders RENAME TO orders_away").run();
  try {
    const part = await audit(sale.id);
    expect(part).toMatchObject({ agrees: null, unknown: ["order_book"], orders: null });
    expect(part).toMatchObject({
      skus: [
        { agrees: null, sold: 2 },
        { agrees: null, sold: 4 },
      ],
    });
  } finally {
    await book.prepare("ALTER TABLE orders_away RENAME TO orders").run();
  }
  expect(await differences(sale.id)).toEqual([]);
});

test("events that the queue lost come again, and then no more", async () => {
  sales += 1;
  const sku = `UNTOLD-${sales}`;
  const sale = await openSale(saleDocument([{ sku, stock: 1 }]));
  await letIn(sale, "ann");
  const intent = intentOf(sale, "ann", { [sku]: 1 });
  await orderOf(intent.id).place(intent);
  await orderOf(intent.id).cancel();
  const lost = await takeSentWhen("sluice-events", 2);
  pass(BOOK_AWAITED_MIN_MS);
  await runDurableObjectAlarm(orderOf(intent.id));
  expect(await takeSentWhen("sluice-events", 2)).toEqual(lost);
  pass(2 * BOOK_AWAITED_MIN_MS);
  await runDurableObjectAlarm(orderOf(intent.id));
  expect(await settle(intent.id)).toBe("cancelled");
  const row = await book.prepare("SELECT state FROM orders WHERE id = ?").bind(intent.id).first();
  expect(row).toEqual({ state: "cancelled" });
});
