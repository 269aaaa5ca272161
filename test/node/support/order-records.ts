/**
 * Orders for tests: one intent of two lines, and a record that stands where a test wants it.
 */
import { place } from "../../../src/domain/order/saga.ts";
import {
  PLAIN_INTENT,
  PLAIN_LINE,
  type OrderIntent,
  type OrderRecord,
  type OrderStanding,
  type OrderState,
} from "../../../src/domain/order/order.ts";

export const INTENT: OrderIntent = {
  id: "ord_1",
  sale: "air-one",
  buyer: "ann",
  admission: "adm_1",
  ordersPerAdmission: 1,
  holdUntil_ms: 600_000,
  lines: [
    {
      sku: "AIR-42",
      name: "Air One, 42",
      quantity: 1,
      price: 12_900,
      limitPerBuyer: 2,
      ...PLAIN_LINE,
    },
    {
      sku: "AIR-43",
      name: "Air One, 43",
      quantity: 2,
      price: 12_900,
      limitPerBuyer: 2,
      ...PLAIN_LINE,
    },
  ],
  total: 38_700,
  currency: "EUR",
  email: "ann@example.com",
  name: null,
  shipTo: null,
  ...PLAIN_INTENT,
  paymentMethod: "pm_card_visa",
  returnUrl: "https://shop.example/order",
  fingerprint: "f1",
  viewKey: "key",
  placedAt_ms: 0,
};

const URL = "https://bank.example/3ds";
const booking = "BK-1";
const reason = "why";

/** One standing of every state. */
export const STANDINGS: { readonly [State in OrderState]: OrderStanding } = {
  placing: { state: "placing" },
  rejected: { state: "rejected", rejection: { code: "admission_spent" } },
  accepted: { state: "accepted" },
  authorizing: { state: "authorizing" },
  action_required: { state: "action_required", url: URL, until_ms: 900_000, clientSecret: null },
  authorized: { state: "authorized" },
  booking: { state: "booking" },
  booked: { state: "booked", booking },
  capturing: { state: "capturing", booking },
  in_doubt: { state: "in_doubt", of: "authorize", booking: null },
  voiding: { state: "voiding", how: "void", end: "failed", reason, booking },
  confirmed: { state: "confirmed", booking },
  declined: { state: "declined", reason },
  failed: { state: "failed", reason },
  cancelled: { state: "cancelled", reason },
};

export const IN_DOUBT_OF_CAPTURE: OrderStanding = { state: "in_doubt", of: "capture", booking };

export const REFUNDING = {
  state: "voiding",
  how: "refund",
  end: "failed",
  reason: "why",
  booking: "BK-1",
} as const satisfies OrderStanding;

/** The answer to a void or a refund did not tell. */
export const LOOKING: OrderStanding = { ...REFUNDING, how: "lookup" };

/** An order that stands there, with a payment, unleased. */
export function orderAt(standing: OrderStanding, change: Partial<OrderRecord> = {}): OrderRecord {
  return { ...place(INTENT, 0), standing, version: 7, paymentId: "pay_1", ...change };
}

/** The same, with the lease `L` until `until_ms`. */
export function leasedAt(standing: OrderStanding, until_ms = 20_000): OrderRecord {
  return orderAt(standing, { lease: { id: "L", until_ms } });
}
