/**
 * The promises to each buyer: the amount that was shown, as much time for what was declined as the
 * hold had, no payment of what was given up or cancelled, and no more units than one buyer may
 * have.
 */
import type { GiveUpAnswer } from "../../durable-objects/order/order-core.ts";
import type { OrderRecord, OrderState } from "../../src/domain/order/order.ts";
import { itemOf } from "../../src/domain/sale/sale.ts";
import type { Broken } from "./broken.ts";
import { cardKeyOf } from "./cards.ts";
import { SKEW_MAX_MS } from "./object-host.ts";
import type { Objects } from "./objects.ts";
import type { PaymentFacts } from "./payments.ts";
import { SALE } from "./sale.ts";

/** The card is known to be within its limit. */
const AUTHORIZED: ReadonlySet<OrderState> = new Set([
  "authorized",
  "booking",
  "booked",
  "capturing",
  "confirmed",
]);

export class BuyerPromises {
  readonly #objects: () => Objects;
  readonly #broken: Broken;
  readonly #agreed = new Map<string, number>();
  /** Orders of which the shopper or the merchant was told that they will not be paid. */
  readonly #stopped = new Map<string, "given up" | "cancelled">();
  /** Orders whose units were seen to be back where they belong. */
  readonly #returned = new Set<string>();

  constructor(objects: () => Objects, broken: Broken) {
    this.#objects = objects;
    this.#broken = broken;
  }

  /** The shopper was shown this total and pressed the button. */
  agreed(order: string, total: number): void {
    this.#agreed.set(order, total);
  }

  gaveUp(order: string, answer: GiveUpAnswer): void {
    if (answer.kind === "giving_up") this.#stopped.set(order, "given up");
  }

  cancelled(order: string, { kind }: { readonly kind: string }): void {
    if (kind === "cancelling") this.#stopped.set(order, "cancelled");
  }

  /** @param payments of the order, in the provider's books */
  check(record: OrderRecord, payments: readonly PaymentFacts[]): void {
    const { intent, standing } = record;
    const { id } = intent;
    const agreed = this.#agreed.get(id) ?? 0;
    if (intent.total !== agreed) {
      this.#broken("P11", `${id} costs ${intent.total}, its buyer agreed to ${agreed}`);
    }
    for (const { id: payment, amount, captured } of payments) {
      if (amount === agreed && (captured === 0 || captured === agreed)) continue;
      const what = `${captured} of ${amount} taken, the buyer agreed to ${agreed}`;
      this.#broken("P11", `${payment} of ${id}: ${what}`);
    }
    const stopped = this.#stopped.get(id);
    if (standing.state === "confirmed" && stopped !== undefined) {
      this.#broken("P3", `${id} was ${stopped}, and is paid`);
    }
    if (standing.state === "declined") this.#checkReturned(record);
  }

  /** The units of a declined order are in the cart, for as long as the cart has them. */
  #checkReturned({ intent, standing }: OrderRecord): void {
    const { id, buyer, email, holdUntil_ms, lines } = intent;
    if (email === "") return;
    // The cart of a shopper who left is nobody's (`unpaid-promises.ts`).
    const { admissions } = this.#objects().roomMemory;
    if (this.#returned.has(id) || admissions.get(buyer)?.standing === "left") return;
    const { outbox } = this.#objects().orderOf(id).memory;
    if ([...outbox.values()].some(({ owed }) => owed.kind === "stock")) return;
    this.#returned.add(id);
    for (const { sku } of lines) {
      const { ledger } = this.#objects().stockOf(sku).memory;
      const last = ledger.findLast(({ reservation }) => reservation === id);
      const isOver = (last?.at_ms ?? 0) >= holdUntil_ms - 2 * SKEW_MAX_MS;
      if (last?.kind === "return_held" || isOver) continue;
      const why = "reason" in standing ? standing.reason : "";
      this.#broken("P5", `${id} is declined (${why}), and the hold of ${sku} is not back`);
    }
  }

  /** No buyer has more of a SKU than one may have, by their address or by their card. */
  checkLimits(sku: string): void {
    const limit = itemOf(SALE, sku)?.limitPerBuyer ?? 0;
    const objects = this.#objects();
    const { orders } = objects;
    const units = new Map<string, number>();
    for (const { id, quantity, standing } of objects.stockOf(sku).memory.reservations.values()) {
      const record = orders.get(id)?.memory.record;
      if (record === undefined || record === null) continue;
      if (standing.state !== "ordered" && standing.state !== "sold") continue;
      const { email, paymentMethod } = record.intent;
      // Nobody knows any more whose units these are, or the stock is just forgetting it.
      if (record.erasure !== undefined) continue;
      const names = [mailboxOf(email)];
      if (AUTHORIZED.has(record.standing.state)) names.push(`card ${cardKeyOf(paymentMethod)}`);
      for (const name of names) units.set(name, (units.get(name) ?? 0) + quantity);
    }
    for (const [name, count] of units) {
      if (count <= limit) continue;
      this.#broken("P1", `${name} has ${count} of ${sku}, of which ${limit} are allowed`);
    }
  }
}

/** Simpler than the product's rule, and independent of it. */
function mailboxOf(email: string): string {
  return email.replace(/\+.*@/, "@");
}
