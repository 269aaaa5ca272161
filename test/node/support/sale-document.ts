/**
 * The sale of the tests: a document as a merchant would write it, and its parsed form.
 */
import { saleSchema, type Sale } from "../../../src/domain/sale/sale.ts";

export const OPENS_MS = Date.parse("2026-11-27T09:00:00Z");
export const STARTS_MS = Date.parse("2026-11-27T10:00:00Z");
export const ENDS_MS = Date.parse("2026-11-27T12:00:00Z");

export const DOCUMENT = {
  id: "air-one",
  title: "Air One drop",
  currency: "EUR",
  opensAt: "2026-11-27T09:00:00Z",
  startsAt: "2026-11-27T10:00:00Z",
  endsAt: "2026-11-27T12:00:00Z",
  guards: [{ host: "shop.example", path: "/drops/air-one/*" }],
  items: [
    { sku: "AIR-42", name: "Air One, 42", price: 12_900, stock: 500, buffer: 5, limitPerBuyer: 2 },
    { sku: "AIR-43", name: "Air One, 43", price: 13_900, stock: 300, limitPerBuyer: 1 },
  ],
  admission: {
    method: "lottery",
    ratePerMinute: 600,
    maxActive: 300,
    sessionSeconds: 600,
    claimWindowSeconds: 120,
    holdSeconds: 600,
    overcall: 2,
    ordersPerAdmission: 1,
  },
  lanes: [{ id: "members", weight: 2 }],
  expectedShoppers: 100_000,
  protection: { kind: "none" },
};

export function saleOf(admission: object = {}, change: object = {}): Sale {
  const rules = { ...DOCUMENT.admission, ...admission };
  return saleSchema.parse({ ...DOCUMENT, ...change, admission: rules });
}
