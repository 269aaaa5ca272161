/**
 * What happens to confirmed orders of a simulated world: the merchant refunds them in full and in
 * part, through Sluice and in the provider's dashboard, buyers object to payments, and ask to be
 * erased.
 *
 * Guarantee: nothing begins after the faults have stopped.
 */
import type { OrderRecord, OrderState } from "../../src/domain/order/order.ts";
import { refundIdOf, type RefundRequest } from "../../src/domain/order/refunds.ts";
import type { Conditions } from "./faults.ts";
import type { Network } from "./network.ts";
import type { Objects } from "./objects.ts";
import type { SimulatedPayments } from "./payments.ts";
import type { Promises } from "./promises.ts";

/** About how often each acts in all. */
const ACTS = 12;
const SECOND_ACT_MS = 600;
const CONFIRMED: ReadonlySet<OrderState> = new Set(["confirmed"]);
/** The provider may have taken the money while the order does not know it yet. */
const PERHAPS_TAKEN: ReadonlySet<OrderState> = new Set([
  "capturing",
  "in_doubt",
  "voiding",
  "confirmed",
]);

export interface AfterSalesParts extends Conditions {
  readonly objects: Objects;
  readonly network: Network;
  readonly payments: SimulatedPayments;
  readonly promises: Promises;
  readonly isSilent: boolean;
}

export class AfterSales {
  readonly #parts: AfterSalesParts;
  #keys = 0;

  constructor(parts: AfterSalesParts) {
    this.#parts = parts;
  }

  async refundOrders(until_ms: number): Promise<void> {
    const { faults } = this.#parts;
    if (!faults.isOn("refunds")) return;
    for await (const order of this.#now(until_ms, CONFIRMED)) {
      faults.count("refunds");
      this.#keys += 1;
      await this.#refund(order, this.#request(order, `key${this.#keys}`));
    }
  }

  /**
   * What is not done through Sluice: it can only be learned from the provider. Often twice in a
   * row, so that the second happens while Sluice reads the first.
   */
  async useDashboard(until_ms: number): Promise<void> {
    const { faults, isSilent, payments, time } = this.#parts;
    if (!faults.isOn("dashboard") || isSilent) return;
    for await (const { intent, standing } of this.#now(until_ms, PERHAPS_TAKEN)) {
      const isConfirmed = standing.state === "confirmed";
      do {
        faults.count("dashboard");
        if (faults.random() < 0.4) payments.moveDispute(intent.id, isConfirmed);
        else payments.refundAtProvider(intent.id, faults.between(1, Math.ceil(intent.total / 2)));
        await time.sleep(faults.between(0, SECOND_ACT_MS));
      } while (faults.random() < 0.6 && !faults.areOver);
    }
  }

  /** Buyers ask to be erased at any time, also while their order is in progress. */
  async eraseBuyers(until_ms: number): Promise<void> {
    const { faults, network, objects, promises } = this.#parts;
    if (!faults.isOn("erases")) return;
    for await (const record of this.#now(until_ms, null)) {
      faults.count("erases");
      const { host } = objects.orderOf(record.intent.id);
      const answer = await network.ask(null, host, (core) => core.erase()).catch(() => null);
      if (answer !== null) promises.erasures.asked(record, answer);
    }
  }

  /** An order now and then; the same one often, because what happens to it may collide. */
  async *#now(
    until_ms: number,
    states: ReadonlySet<OrderState> | null,
  ): AsyncGenerator<OrderRecord> {
    const { faults, objects, time } = this.#parts;
    const pauseMax_ms = Math.ceil((2 * (until_ms - time.now)) / ACTS);
    for (;;) {
      await time.sleep(faults.between(0, pauseMax_ms));
      if (faults.areOver || time.now >= until_ms) return;
      const records = [...objects.orders.values()].flatMap(({ memory }) => memory.record ?? []);
      const those = records.filter(({ standing }) => states?.has(standing.state) ?? true);
      const [first] = those;
      if (first !== undefined) yield faults.random() < 0.5 ? first : faults.pick(those);
    }
  }

  #request({ intent }: OrderRecord, key: string): RefundRequest {
    const { faults } = this.#parts;
    const isFull = faults.random() < 0.2;
    const amount = isFull ? null : faults.between(1, Math.ceil(intent.total / 4));
    const restock = intent.lines.flatMap(({ sku, quantity }) => {
      return faults.random() < 0.5 ? [{ sku, quantity: faults.between(1, quantity) }] : [];
    });
    return { id: refundIdOf(intent.id, key), amount, reason: null, restock };
  }

  /** An answer that is lost makes the merchant try again; an impatient one clicks twice. */
  async #refund({ intent }: OrderRecord, request: RefundRequest): Promise<void> {
    const { faults, time } = this.#parts;
    for (let tries = 0; tries < 3; tries += 1) {
      if (faults.random() < 0.3) void this.#ask(intent.id, request);
      if (await this.#ask(intent.id, request)) return;
      await time.sleep(faults.between(1000, 20_000));
    }
  }

  /** Whether it was answered. */
  async #ask(order: string, request: RefundRequest): Promise<boolean> {
    const { network, objects, promises } = this.#parts;
    const { host } = objects.orderOf(order);
    const answer = await network
      .ask(null, host, (core) => core.requestRefund(request))
      .catch(() => null);
    if (answer !== null) promises.refunds.answered(order, request.id, answer);
    return answer !== null;
  }
}
