/**
 * The merchant and the operator of a simulated world: they cancel, push, replay dead letters, force
 * breakers, receive and correct stock, all at the wrong moment.
 *
 * Guarantee: after the faults have stopped they lift what they forced and replay what is parked.
 */
import { isFinal } from "../../src/domain/order/order.ts";
import type { Movement } from "../../src/domain/stock/stock-ledger.ts";
import type { Conditions } from "./faults.ts";
import type { Hints } from "./hints.ts";
import type { Mailbox } from "./mailbox.ts";
import type { Network } from "./network.ts";
import type { ObjectHost } from "./object-host.ts";
import type { Objects } from "./objects.ts";
import { SALE } from "./sale.ts";

/** About how many interventions there are in all. */
const ACTS = 30;
const TRIES_MAX = 10;
const BREAKERS = ["payment", "orders"] as const;

export interface MerchantParts extends Conditions {
  readonly objects: Objects;
  readonly network: Network;
  readonly hints: Hints;
  readonly ordersQueue: Mailbox;
}

export class Merchant {
  readonly #parts: MerchantParts;
  #movements = 0;

  constructor(parts: MerchantParts) {
    this.#parts = parts;
  }

  /** Sets up the room and the stock, with retries until the room and each SKU have answered. */
  async open(): Promise<void> {
    await this.#askAgain(this.#parts.objects.room, (core) => core.configure(SALE));
    for (const { sku, stock, buffer } of SALE.items) {
      await this.#move(sku, { kind: "receive", quantity: stock });
      if (buffer > 0) await this.#move(sku, { kind: "buffer", quantity: buffer });
    }
  }

  async meddle(until_ms: number): Promise<void> {
    const { faults, time } = this.#parts;
    if (!faults.isOn("operator")) return;
    const pauseMax_ms = Math.ceil((2 * (until_ms - time.now)) / ACTS);
    while (time.now < until_ms) {
      await time.sleep(faults.between(0, pauseMax_ms));
      if (faults.areOver) return;
      faults.count("operator");
      await this.#act();
    }
  }

  /** After a long outage: retries every order in progress. */
  pushAll(): void {
    const { network, objects } = this.#parts;
    for (const { host, memory } of objects.orders.values()) {
      if (memory.record === null || isFinal(memory.record.standing)) continue;
      network.ask(null, host, (core) => core.hurry()).catch(() => undefined);
    }
  }

  /** The faults are over: nothing stays forced, and everything parked is tried again. */
  calm(): void {
    const { hints, ordersQueue } = this.#parts;
    for (const breaker of BREAKERS) hints.set(`force:${breaker}`, null);
    for (const body of ordersQueue.deadLetters.splice(0)) void ordersQueue.send(body);
  }

  async #act(): Promise<void> {
    const { faults, hints, network, objects, ordersQueue } = this.#parts;
    const orders = [...objects.orders.values()];
    const order = orders.length === 0 ? null : faults.pick(orders);
    const { sku } = faults.pick(SALE.items);
    switch (faults.between(1, 7)) {
      case 1:
      case 2:
        await (order && network.ask(null, order.host, (core) => core.cancel()).catch(() => null));
        return;
      case 3:
        await (order && network.ask(null, order.host, (core) => core.hurry()).catch(() => null));
        return;
      case 4: {
        const body = ordersQueue.deadLetters.shift();
        await (body === undefined ? null : ordersQueue.send(body).catch(() => null));
        return;
      }
      case 5:
        hints.set(`force:${faults.pick(BREAKERS)}`, faults.pick(["open", "closed", null]));
        return;
      case 6:
        return this.#move(sku, { kind: "adjust", quantity: faults.between(-2, 2) });
      default:
        return this.#move(sku, { kind: "buffer", quantity: faults.between(0, 2) });
    }
  }

  /** Repeats the same movement until it is answered; it counts once. */
  async #move(sku: string, what: Pick<Movement, "kind" | "quantity">): Promise<void> {
    this.#movements += 1;
    const movement: Movement = { id: `m${this.#movements}`, ...what, reason: "simulated" };
    await this.#askAgain(this.#parts.objects.stockOf(sku).host, (core) => core.move(movement));
  }

  async #askAgain<Core>(
    host: ObjectHost<Core>,
    what: (core: Core) => Promise<unknown>,
  ): Promise<void> {
    const { network, time } = this.#parts;
    for (let tries = 0; tries < TRIES_MAX; tries += 1) {
      const answer = await network.ask(null, host, what).catch(() => null);
      if (answer !== null) return;
      await time.sleep(1000);
    }
  }
}
