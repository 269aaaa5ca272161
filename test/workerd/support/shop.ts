/**
 * A small shop for tests: a sale that is live, shoppers who are in, orders they place.
 */
import { runDurableObjectAlarm, runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { expect } from "vitest";
import { fingerprintOf, orderIdOf } from "../../../src/domain/order/order-id.ts";
import { PLAIN_INTENT, PLAIN_LINE, type OrderIntent } from "../../../src/domain/order/order.ts";
import { saleSchema, type Sale } from "../../../src/domain/sale/sale.ts";
import { countersAgree, replayLedger } from "../../../src/domain/stock/stock-ledger.ts";
import { putSale } from "../../../src/merchant/sales.ts";
import { pass } from "./clock.ts";
import { handOverAll, takeSentWhen } from "./mail.ts";

let sales = 0;

const HOUR_MS = 60 * 60 * 1000;

export function instant(at_ms: number): string {
  return new Date(at_ms).toISOString();
}

export interface Item {
  readonly sku: string;
  readonly stock: number;
  readonly limitPerBuyer?: number;
}

/** A document of a sale that is live now and takes everybody at once, unless changed. */
export function saleDocument(
  items: readonly Item[],
  change: Readonly<Record<string, unknown>> = {},
  admission: Readonly<Record<string, unknown>> = {},
): Sale {
  sales += 1;
  const now = Date.now();
  return saleSchema.parse({
    id: `sale-${sales}`,
    title: "A drop",
    currency: "EUR",
    opensAt: instant(now - HOUR_MS),
    startsAt: instant(now - HOUR_MS),
    endsAt: instant(now + 100 * HOUR_MS),
    items: items.map((item) => ({ name: item.sku, price: 12_900, ...item })),
    admission: { ratePerMinute: 1_000_000, maxActive: 1000, sessionSeconds: 86_400, ...admission },
    ...change,
  });
}

/** Founds the sale as a merchant does: the room, the stock, what is published. */
export async function openSale(sale: Sale): Promise<Sale> {
  const put = await putSale({ env, now: Date.now() }, sale, { proofSecrets: [] });
  expect(put.kind).toBe("created");
  pass(1000);
  return sale;
}

export function roomOf(sale: string) {
  return env.WAITING_ROOM.get(env.WAITING_ROOM.idFromName(sale));
}

export function stockOf(sku: string) {
  return env.SKU_STOCK.get(env.SKU_STOCK.idFromName(sku));
}

export function orderOf(id: string) {
  return env.ORDER.get(env.ORDER.idFromName(id));
}

/** Lets a shopper in without a line; answers the id of their admission. */
export async function letIn(sale: Sale, buyer: string): Promise<string> {
  pass(10);
  const outcome = await roomOf(sale.id).admitNow(`now_${buyer}`, buyer, "general");
  if (outcome.kind !== "admitted") throw new Error(`${buyer} was not let in: ${outcome.kind}`);
  return outcome.admission.id;
}

export function intentOf(
  sale: Sale,
  buyer: string,
  quantities: Readonly<Record<string, number>>,
  change: Partial<OrderIntent> = {},
): OrderIntent {
  const lines = sale.items
    .filter(({ sku }) => quantities[sku] !== undefined)
    .map(({ sku, name, price, limitPerBuyer }) => {
      const quantity = quantities[sku] ?? 0;
      return { sku, name, price, limitPerBuyer, quantity, ...PLAIN_LINE };
    });
  const id = orderIdOf(sale.id, buyer, "key");
  return {
    id,
    sale: sale.id,
    buyer,
    admission: `adm_now_${buyer}`,
    ordersPerAdmission: 1,
    holdUntil_ms: Date.now() + 10 * HOUR_MS,
    lines,
    total: lines.reduce((sum, line) => sum + line.price * line.quantity, 0),
    currency: sale.currency,
    email: "somebody@shop.example",
    name: null,
    shipTo: null,
    ...PLAIN_INTENT,
    paymentMethod: "pm_card_visa",
    returnUrl: `https://shop.example/orders/${id}`,
    fingerprint: fingerprintOf(quantities),
    viewKey: "key-of-the-view",
    placedAt_ms: Date.now(),
    ...change,
  };
}

let accepted = 0;

/** Orders of one unit each, accepted; their messages are taken out of the queue. */
export async function acceptedOrders(count: number) {
  accepted += 1;
  const sku = `ACCEPTED-${accepted}`;
  const sale = await openSale(saleDocument([{ sku, stock: count }]));
  const ids: string[] = [];
  for (let index = 0; index < count; index += 1) {
    const buyer = `buyer-${index}`;
    await letIn(sale, buyer);
    const paymentMethod = `pm_sandbox_visa_${index}`;
    const intent = intentOf(sale, buyer, { [sku]: 1 }, { paymentMethod });
    expect((await orderOf(intent.id).place(intent)).kind).toBe("accepted");
    ids.push(intent.id);
  }
  return { sku, ids, messages: await takeSentWhen("sluice-orders", count) };
}

/** One of them, with its message in a list. */
export async function acceptedOrder() {
  const { ids, messages } = await acceptedOrders(1);
  const [id = ""] = ids;
  return { id, messages };
}

/** The levels of a SKU, after checking that its ledger adds up to them (P1). */
export async function levelsOf(sku: string) {
  const { available, held, ordered, sold, buffer, received } = await stockOf(sku).levels(sku);
  const counters = { available, held, ordered, sold, buffer, received };
  const rows = await stockOf(sku).history(0, 1000);
  expect(replayLedger(rows)).toEqual(counters);
  expect(rows.every(countersAgree)).toBe(true);
  return { available, held, ordered, sold };
}

/**
 * How many things an order still owes to others; null when it dies of being asked. An event that
 * was sent is owed to nobody, also while the order waits for the book to have it.
 */
function owedBy(id: string): Promise<number | null> {
  return runInDurableObject(orderOf(id), (_, { storage }) => {
    const counted = `SELECT count(*) AS owed FROM record, json_each(record.value, '$.outbox') AS row
      WHERE json_extract(row.value, '$.told') IS NULL`;
    return storage.sql.exec<{ owed: number }>(counted).toArray()[0]?.owed ?? 0;
  }).catch(() => null);
}

/** Past the watchdog of an order and the longest delay of its steps. */
const A_WHILE_MS = 301_000;
const ROUNDS_MAX = 30;

/**
 * Lets time pass and messages come, and does nothing else, until the order is final and owes
 * nothing. Answers its state, or null when there is no such order.
 */
export async function settle(id: string): Promise<string | null> {
  for (let round = 0; round < ROUNDS_MAX; round += 1) {
    await handOverAll();
    const seen = await orderOf(id)
      .view()
      .catch(() => undefined);
    if (seen === null) return null;
    if (seen?.order.final === true && (await owedBy(id)) === 0) {
      await handOverAll();
      return seen.order.state;
    }
    pass(A_WHILE_MS);
    await runDurableObjectAlarm(orderOf(id)).catch(() => false);
  }
  throw new Error(`order ${id} did not come to rest`);
}
