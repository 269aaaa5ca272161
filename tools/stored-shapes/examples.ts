/** Documents as today's code writes them, made by the functions that make the stored ones. */
import { newBreaker } from "../../src/domain/breaker.ts";
import { mailMessage } from "../../src/domain/mail/mail.ts";
import { eventOf } from "../../src/domain/order/messages.ts";
import { orderIntentSchema, PLAIN_INTENT, PLAIN_LINE } from "../../src/domain/order/order.ts";
import { accept, place, reject } from "../../src/domain/order/saga.ts";
import { factsOf, tellFounding } from "../../src/domain/room/events.ts";
import { openRoom } from "../../src/domain/room/room-state.ts";
import { saleSchema } from "../../src/domain/sale/sale.ts";
import { deliveryMessage } from "../../src/domain/webhooks.ts";

const NOW = Date.UTC(2026, 10, 27, 9, 30);

const SALE = saleSchema.parse({
  id: "air-one",
  title: "Air One",
  currency: "EUR",
  opensAt: "2026-11-27T09:00:00Z",
  startsAt: "2026-11-27T10:00:00Z",
  endsAt: "2026-11-27T12:00:00Z",
  items: [
    { sku: "AIR-1", name: "Air", price: 12900, stock: 100, tax: { kind: "included", percent: 19 } },
  ],
  lanes: [{ id: "members", weight: 3 }],
  guards: [{ host: "shop.example", path: "/drops/*" }],
  bypass: { tokens: [{ id: "monitor", sha256: "0".repeat(64) }] },
  unpaid: {},
  checkout: { address: "shipping", delivery: [{ id: "post", name: "Post", price: 490 }] },
});

const INTENT = orderIntentSchema.parse({
  ...PLAIN_INTENT,
  id: `ord_${"0".repeat(40)}`,
  sale: SALE.id,
  buyer: "sub_1",
  admission: "adm_1",
  ordersPerAdmission: 1,
  holdUntil_ms: NOW + 600_000,
  lines: [
    { ...PLAIN_LINE, sku: "AIR-1", name: "Air", quantity: 1, price: 12900, limitPerBuyer: 1 },
  ],
  total: 12900,
  currency: "EUR",
  email: "ada@example.com",
  name: null,
  shipTo: null,
  paymentMethod: "pm_card_visa",
  returnUrl: "https://shop.example/",
  fingerprint: "f",
  viewKey: "k",
  placedAt_ms: NOW,
});

function orders() {
  const placing = place(INTENT, NOW);
  const { record: accepted } = accept(placing, NOW, INTENT.holdUntil_ms);
  const rejection = { code: "sold_out", sku: "AIR-1", available: 0 } as const;
  return [placing, accepted, reject(placing, rejection, NOW).record];
}

/** By the names of `STORED_SHAPES`. */
export function writtenToday(): Record<string, readonly unknown[]> {
  const room = openRoom(SALE, NOW);
  const { told, events } = tellFounding(factsOf(room, SALE, 1, NOW), NOW);
  const records = orders();
  const written = {
    "kv/sale": [{ v: 1, revision: 1, sale: SALE }],
    "kv/breaker": [newBreaker("isolate").shared],
    "room/foundation": [{ v: 1, sale: SALE, revision: 1, booths: 1, secret: "00" }],
    "room/state": [room],
    "room/told": [told],
    "order/document": records.map((record) => ({ v: 2, record, history: [], outbox: [] })),
    "queue/order": [{ v: 1, kind: "order", order: INTENT.id }],
    "queue/order-event": records.map((record) => eventOf(record)),
    "queue/sale-event": events,
    "queue/delivery": [deliveryMessage("whd_1")],
    "queue/mail": [mailMessage(`${INTENT.id}:confirmed`)],
  };
  // As JSON keeps it, without fields that are undefined.
  return JSON.parse(JSON.stringify(written));
}
