/**
 * The sale of a simulated world: few SKUs, few units, more shoppers than units. It outlasts the
 * admissions of all who come, and then its room has nothing to do any more.
 */
import { saleSchema, type Sale } from "../../src/domain/sale/sale.ts";
import { EPOCH_MS } from "./virtual-time.ts";

const MINUTE_MS = 60 * 1000;

function at(offset_ms: number): string {
  return new Date(EPOCH_MS + offset_ms).toISOString();
}

/** Devices that one seat may have. */
export const SEAT_DEVICES = 2;

export const SALE: Sale = saleSchema.parse({
  id: "drop",
  title: "Drop",
  currency: "EUR",
  opensAt: at(-60 * MINUTE_MS),
  startsAt: at(0),
  endsAt: at(20 * MINUTE_MS),
  items: [
    { sku: "SHOE", name: "Shoe", price: 12_900, stock: 6, buffer: 1, limitPerBuyer: 2 },
    { sku: "SOCK", name: "Sock", price: 900, stock: 12, limitPerBuyer: 3 },
    { sku: "LACE", name: "Lace", price: 300, stock: 4, limitPerBuyer: 1 },
  ],
  admission: {
    sessionSeconds: 900,
    holdSeconds: 300,
    ordersPerAdmission: 2,
    declinesPerAdmission: 2,
    // Seats for nearly all who come, and for more than there are units.
    ratePerMinute: 60_000,
    maxActive: 16,
    overcall: 10,
  },
  replay: { handling: "refuse", devices: SEAT_DEVICES },
});

/** Of the worlds whose sale bounds unpaid units. */
export const UNITS_PER_NETWORK = 3;
export const COOLING_OFF = { perShopper: null, perNetwork: 2, seconds: 40 };
export const BOUNDED_SALE: Sale = {
  ...SALE,
  // Short, so that holds end while others want their units.
  admission: { ...SALE.admission, holdSeconds: 60 },
  unpaid: { perShopper: null, perNetwork: UNITS_PER_NETWORK, coolingOff: COOLING_OFF },
};

/** In worlds whose merchant ends the sale and takes the end back: from the end to the secret. */
export const GRACE_S = 20;
