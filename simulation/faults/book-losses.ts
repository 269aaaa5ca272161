/**
 * The order book is turned back to an earlier minute, as an operator restores a database, and is
 * rebuilt from the orders.
 *
 * Guarantee, as the product's: the orders are found by the ledgers of the stocks alone, each is
 * read, and what it says is written a little later, while events go on to arrive. The operator
 * waits for the leases from before the loss: what was booked under them is not reported any more.
 */
import { LEASE_MS } from "../../src/domain/limits.ts";
import type { Bookings } from "./bookings.ts";
import type { Conditions } from "./faults.ts";
import type { Objects } from "./objects.ts";
import type { Promises } from "./promises.ts";
import type { Rules } from "./rules.ts";
import { SALE } from "./sale.ts";

const SINCE_MAX_MS = 60_000;
const REPAIRED_MAX_MS = 60_000;
/** Clocks of objects differ. */
const WAIT_MS = LEASE_MS + 5000;
const WRITTEN_MAX_MS = 2000;

interface LossParts extends Conditions {
  readonly rules: Rules;
  readonly objects: Objects;
  readonly bookings: Bookings;
  readonly promises: Promises;
}

export async function loseBook(parts: LossParts): Promise<void> {
  const { bookings, faults, time } = parts;
  if (!faults.isOn("book_lost")) return;
  await time.sleep(faults.ofBookBetween(1000, 120_000));
  const earlier = bookings.copy();
  await time.sleep(faults.ofBookBetween(0, SINCE_MAX_MS));
  if (faults.areOver) return;
  faults.count("book_lost");
  bookings.turnBack(earlier);
  await time.sleep(WAIT_MS + faults.ofBookBetween(0, REPAIRED_MAX_MS));
  await rebuild(parts);
}

async function rebuild({ bookings, faults, objects, promises, rules, time }: LossParts) {
  for (const { sku } of SALE.items) {
    const { ledger } = objects.stockOf(sku).memory;
    // It grows meanwhile.
    for (let row = 0; row < ledger.length; row += 1) {
      const { kind, reservation: order } = ledger[row] ?? { kind: "hold", reservation: "" };
      if (kind !== "order" && kind !== "order_fresh") continue;
      if (!rules.book.isRebuilt(order, bookings.projection)) continue;
      const { record } = objects.orderOf(order).memory;
      const entry = record === null ? null : rules.book.entryOf(record);
      if (entry === null) continue;
      await time.sleep(faults.ofBookBetween(0, WRITTEN_MAX_MS));
      bookings.rebuild(entry);
    }
  }
  bookings.isWhole = true;
  for (const order of objects.orders.keys()) promises.look(order);
}
