/**
 * The shoppers of a simulated world: they fill carts, order, lose answers, retry, click twice, go
 * to their bank, pay another way, and leave.
 *
 * Guarantee: a shopper starts nothing after the faults have stopped; the world must settle without
 * their help.
 */
import type { PlaceOutcome } from "../../durable-objects/order/order-core.ts";
import type { Line } from "../../src/domain/stock/cart.ts";
import type { OrderIntent, OrderRecord } from "../../src/domain/order/order.ts";
import { GENERAL_LANE, itemOf } from "../../src/domain/sale/sale.ts";
import type { Conditions } from "./faults.ts";
import type { Network } from "./network.ts";
import type { Objects } from "./objects.ts";
import type { SimulatedPayments } from "./payments.ts";
import type { Promises } from "./promises.ts";
import type { Rules } from "./rules.ts";
import { SALE } from "./sale.ts";

const SECOND_MS = 1000;
const TRIES_MAX = 6;
/** A room that was full or slow may let a shopper in later. */
const ENTRIES_MAX = 30;
const ORDERS_MAX = 3;

const METHODS = [
  "pm_card_visa",
  "pm_card_visa",
  "pm_card_visa",
  "pm_card_visa",
  "pm_card_chargeDeclined",
  "pm_card_authenticationRequired",
  "pm_sandbox_captureFails",
] as const;

export interface ShopperParts extends Conditions {
  readonly rules: Rules;
  readonly objects: Objects;
  readonly network: Network;
  readonly promises: Promises;
  readonly payments: SimulatedPayments;
  /** How long shoppers take to come, and again to order, at most. */
  readonly hurry_ms: number;
}

export class Shopper {
  readonly #parts: ShopperParts;
  readonly #name: string;
  readonly #admission: string;
  #expiresAt_ms = 0;
  #orders = 0;
  /** Pays another way when a card is declined. */
  #isPatient: boolean;

  constructor(parts: ShopperParts, name: string) {
    this.#parts = parts;
    this.#name = name;
    this.#admission = `adm_${name}`;
    this.#isPatient = parts.faults.random() < 0.6;
  }

  async live(): Promise<void> {
    const { faults, time } = this.#parts;
    await time.sleep(faults.between(0, this.#parts.hurry_ms));
    if (!(await this.#enter())) return;
    const lines = this.#choose();
    if (faults.random() < 0.7) await this.#hold(lines);
    await time.sleep(faults.between(0, this.#parts.hurry_ms));
    if (faults.strikes("shopper_gone")) return;
    await this.#order(lines);
  }

  /** What the page that follows the order shows its shopper. */
  async hears({ standing, intent, paymentId }: OrderRecord): Promise<void> {
    const { faults, time } = this.#parts;
    if (standing.state === "action_required" && paymentId !== null) {
      const fate = faults.random();
      await time.sleep(faults.between(0, 90 * SECOND_MS));
      if (fate < 0.15) return;
      this.#parts.payments.authenticate(paymentId, fate < 0.8);
    }
    const mayPayAnotherWay = standing.state === "declined" && this.#isPatient;
    if (!mayPayAnotherWay || this.#orders >= ORDERS_MAX) return;
    await time.sleep(faults.between(0, 30 * SECOND_MS));
    if (time.now < this.#expiresAt_ms && !faults.areOver) await this.#order(intent.lines);
  }

  /** Tries until the room lets the shopper in, or gives up. */
  async #enter(): Promise<boolean> {
    const { network, objects, time } = this.#parts;
    for (let tries = 0; tries < ENTRIES_MAX; tries += 1) {
      const outcome = await network
        .ask(null, objects.room, (core) => core.admitNow(this.#name, this.#name, GENERAL_LANE))
        .catch(() => null);
      if (outcome?.kind === "admitted") {
        this.#expiresAt_ms = outcome.admission.expiresAt_ms;
        return true;
      }
      await time.sleep(SECOND_MS);
    }
    return false;
  }

  /** One to three lines; the same SKU may stand in two of them. */
  #choose(): Line[] {
    const { faults } = this.#parts;
    return Array.from({ length: faults.between(1, 3) }, () => {
      const { sku } = faults.pick(SALE.items);
      const limit = itemOf(SALE, sku)?.limitPerBuyer ?? 1;
      return { sku, quantity: faults.between(1, limit) };
    });
  }

  async #hold(lines: readonly Line[]): Promise<void> {
    const { network, objects, rules, time } = this.#parts;
    const priced = rules.priceLines(SALE, lines);
    if (priced.kind !== "priced") return;
    const deadline_ms = this.#holdUntil_ms(time.now);
    for (const { sku, quantity } of priced.lines) {
      const limitPerBuyer = itemOf(SALE, sku)?.limitPerBuyer ?? 1;
      const key = { sale: SALE.id, buyer: this.#name, id: this.#admission };
      const command = { ...key, quantity, deadline_ms, limitPerBuyer };
      const { host } = objects.stockOf(sku);
      await network.ask(null, host, (core) => core.hold(command)).catch(() => null);
    }
  }

  #holdUntil_ms(now: number): number {
    return Math.min(now + SALE.admission.holdSeconds * SECOND_MS, this.#expiresAt_ms);
  }

  async #order(lines: readonly Line[]): Promise<void> {
    const { faults, time } = this.#parts;
    this.#orders += 1;
    const intent = this.#intent(lines, `ord_${this.#name}_${this.#orders}`);
    if (intent === null) return;
    await this.#submit(intent);
    if (faults.random() > 0.3) return;
    // A page that is reopened much later sends the same key.
    await time.sleep(faults.between(0, 600 * SECOND_MS));
    await this.#ask(intent);
  }

  async #submit(intent: OrderIntent): Promise<void> {
    const { faults, time } = this.#parts;
    for (let tries = 0; tries < TRIES_MAX; tries += 1) {
      if (faults.strikes("double_submit")) void this.#ask(intent);
      const answer = await this.#ask(intent);
      if (answer !== null && answer.kind !== "try_again") return;
      if (faults.strikes("shopper_gone")) return;
      await time.sleep(faults.between(1, 5) * SECOND_MS);
    }
  }

  /** Null: no answer. Every request brings a view key of its own. */
  async #ask(intent: OrderIntent): Promise<PlaceOutcome | null> {
    const { faults, network, objects, promises } = this.#parts;
    const { host, memory } = objects.orderOf(intent.id);
    const again = { ...intent, viewKey: `key${faults.between(1, 1_000_000)}` };
    if (faults.random() < 0.03) {
      const other = { ...again, fingerprint: "another body" };
      const answer = await network.ask(null, host, (core) => core.place(other)).catch(() => null);
      const placed = memory.record?.intent.fingerprint;
      if (answer?.kind === "accepted" && placed !== other.fingerprint) {
        promises.broken("P6", `${intent.id} took another body under the same key`);
      }
      return null;
    }
    const answer = await network.ask(null, host, (core) => core.place(again)).catch(() => null);
    if (answer !== null) promises.answered(intent.id, answer);
    return answer;
  }

  #intent(lines: readonly Line[], id: string): OrderIntent | null {
    const { faults, rules, time } = this.#parts;
    const priced = rules.priceLines(SALE, lines);
    if (priced.kind !== "priced") return null;
    return {
      id,
      sale: SALE.id,
      buyer: this.#name,
      admission: this.#admission,
      ordersPerAdmission: SALE.admission.ordersPerAdmission,
      holdUntil_ms: this.#holdUntil_ms(time.now),
      lines: priced.lines.map((line) => {
        return { ...line, limitPerBuyer: itemOf(SALE, line.sku)?.limitPerBuyer ?? 1 };
      }),
      total: priced.total,
      currency: SALE.currency,
      email: `${this.#name}@shop.example`,
      name: null,
      shipTo: null,
      paymentMethod: faults.pick(METHODS),
      returnUrl: "https://shop.example/order",
      fingerprint: id,
      viewKey: "",
      placedAt_ms: time.now,
    };
  }
}
