/**
 * The promises about orders that are not paid: they keep no unit longer than the hold that they
 * came from, and none for a shopper who has left; and after some declined payments an admission
 * pays for nothing more.
 */
import type { AdmissionRecord } from "../../src/domain/room/admission.ts";
import { declinesMaxOf } from "../../src/domain/sale/sale.ts";
import { isFinal, type OrderRecord } from "../../src/domain/order/order.ts";
import { isTriedPayment } from "../../src/domain/order/reasons.ts";
import type { Broken } from "./broken.ts";
import { SKEW_MAX_MS } from "./object-host.ts";
import type { Objects } from "./objects.ts";
import { SALE } from "./sale.ts";

export class UnpaidPromises {
  readonly #objects: () => Objects;
  readonly #now: () => number;
  readonly #broken: Broken;
  /** Orders that answered the room's news that their shopper has left. */
  readonly #departed = new Set<string>();
  /** Carts, by SKU and admission. */
  readonly #letGo = new Set<string>();
  /** When the first hold ends, by SKU and buyer. */
  readonly #firstEnds = new Map<string, number>();

  /** The order in progress of each admission, as the room wrote it last. */
  readonly #inProgress = new Map<string, string>();

  constructor(objects: () => Objects, now: () => number, broken: Broken) {
    this.#objects = objects;
    this.#now = now;
    this.#broken = broken;
  }

  /** An order begins only while fewer than the limit have ended with a payment that was tried. */
  ordersBegan(admissions: Iterable<AdmissionRecord>): void {
    const max = declinesMaxOf(SALE);
    for (const { id, orderInProgress, ordersEnded } of admissions) {
      if (orderInProgress === null || this.#inProgress.get(id) === orderInProgress) continue;
      this.#inProgress.set(id, orderInProgress);
      const tried = ordersEnded.filter((order) => this.#wasTried(order)).length;
      if (tried < max) continue;
      this.#broken("limit", `${orderInProgress} began after ${tried} declined payments of ${id}`);
    }
  }

  #wasTried(order: string): boolean {
    const standing = this.#objects().orders.get(order)?.memory.record?.standing;
    return standing?.state === "declined" && isTriedPayment(standing.reason);
  }

  /** The SkuStock answered that the shopper's cart is let go for good. */
  letGo(sku: string, admission: string): void {
    this.#letGo.add(`${sku} ${admission}`);
  }

  /** Something of this SKU changed. */
  checkStock(sku: string): void {
    const { reservations } = this.#objects().stockOf(sku).memory;
    for (const { buyer, standing } of reservations.values()) {
      if (standing.state === "sold") this.#firstEnds.delete(`${sku} ${buyer}`);
    }
    for (const { id, buyer, standing } of reservations.values()) {
      if (standing.state !== "held") continue;
      if (this.#letGo.has(`${sku} ${id}`)) {
        this.#broken("P5", `${sku} is held in ${id}, whose shopper has left`);
      }
      this.#checkRenewed(`${sku} ${buyer}`, standing.deadline_ms);
    }
  }

  /** A hold that is renewed while the first would last ends with it. */
  #checkRenewed(hold: string, deadline_ms: number): void {
    const first_ms = this.#firstEnds.get(hold) ?? null;
    const mayBegin = first_ms === null || this.#now() >= first_ms - 2 * SKEW_MAX_MS;
    if (mayBegin) this.#firstEnds.set(hold, deadline_ms);
    else if (deadline_ms > first_ms) {
      this.#broken("P5", `${hold} is held for ${deadline_ms - first_ms} ms after its first hold`);
    }
  }

  departed(order: string): void {
    const { record } = this.#objects().orderOf(order).memory;
    if (record === null || isFinal(record.standing)) return;
    this.#departed.add(order);
    this.saved(record);
  }

  /** A record became durable. */
  saved({ intent, standing, lease }: OrderRecord): void {
    if (standing.state !== "action_required") return;
    const { id, holdUntil_ms } = intent;
    if (standing.until_ms > holdUntil_ms) {
      const late_ms = standing.until_ms - holdUntil_ms;
      this.#broken("P5", `${id} waits for the bank for ${late_ms} ms after its hold's end`);
    }
    if (lease === null && this.#departed.has(id)) {
      this.#broken("P5", `${id} waits for a shopper who has left`);
    }
  }

  /** Long after the last fault: nothing is kept for a shopper who is gone. */
  checkSettled(): void {
    for (const id of this.#departed) this.#checkReleased(id);
    const kept = seatsKept(this.#objects().roomMemory.admissions.values());
    if (kept > 0) this.#broken("P8", `${kept} seats are kept for ever`);
  }

  /** Units of an order that knew of its shopper's leaving went on sale, not back to the cart. */
  #checkReleased(id: string): void {
    const { record } = this.#objects().orderOf(id).memory;
    for (const { sku } of record?.intent.lines ?? []) {
      const { ledger } = this.#objects().stockOf(sku).memory;
      const last = ledger.findLast(({ reservation }) => reservation === id);
      if (last?.kind !== "return_held") continue;
      this.#broken("P5", `${sku} of ${id} went back to the cart of a shopper who has left`);
    }
  }
}

/** Seats that unpaid orders keep whose shoppers are gone. */
export function seatsKept(admissions: Iterable<AdmissionRecord>): number {
  return [...admissions].filter(({ standing, orderInProgress, isOrderPaid }) => {
    return standing !== "active" && orderInProgress !== null && isOrderPaid !== true;
  }).length;
}
