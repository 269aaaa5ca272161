/**
 * The merchant and the operator of a simulated world: they cancel, push, replay dead letters, force
 * breakers, receive and correct stock, all at the wrong moment.
 *
 * Guarantee: after the faults have stopped they lift what they forced and replay what is parked.
 */
import { isFinal } from "../../src/domain/order/order.ts";
import type { Movement } from "../../src/domain/stock/stock-ledger.ts";
import type { ObjectHost } from "./object-host.ts";
import { SALE } from "./sale.ts";
import type { World } from "./world.ts";

/** How often they meddle in all, about. */
const ACTS = 30;
const TRIES_MAX = 10;
const BREAKERS = ["payment", "orders"] as const;

export class Merchant {
  readonly #world: World;
  #movements = 0;

  constructor(world: World) {
    this.#world = world;
  }

  /** Sets room and stock up; the merchant asks until the room and each SKU have answered. */
  async open(): Promise<void> {
    await this.#askAgain(this.#world.room, (core) => core.configure(SALE));
    for (const { sku, stock, buffer } of this.#world.items) {
      await this.#move(sku, { kind: "receive", quantity: stock });
      if (buffer > 0) await this.#move(sku, { kind: "buffer", quantity: buffer });
    }
  }

  async meddle(until_ms: number): Promise<void> {
    const { faults, time } = this.#world;
    if (!faults.isOn("operator")) return;
    const pauseMax_ms = Math.ceil((2 * (until_ms - time.now)) / ACTS);
    while (time.now < until_ms) {
      await time.sleep(faults.between(0, pauseMax_ms));
      if (this.#world.isCalm) return;
      faults.count("operator");
      await this.#act();
    }
  }

  /** After a long outage: every order that is still on its way is pushed. */
  pushAll(): void {
    const { network, orders } = this.#world;
    for (const { host, memory } of orders.values()) {
      if (memory.record === null || isFinal(memory.record.standing)) continue;
      network.ask(null, host, (desk) => desk.hurry()).catch(() => undefined);
    }
  }

  /** The faults are over: nothing stays forced, and everything parked is tried again. */
  calm(): void {
    const { hints, ordersQueue } = this.#world;
    for (const breaker of BREAKERS) hints.set(`force:${breaker}`, null);
    for (const body of ordersQueue.deadLetters.splice(0)) void ordersQueue.send(body);
  }

  async #act(): Promise<void> {
    const { faults, hints, items, network, orders, ordersQueue } = this.#world;
    const order = orders.size === 0 ? null : faults.pick([...orders.values()]);
    const { sku } = faults.pick(items);
    switch (faults.between(1, 7)) {
      case 1:
      case 2:
        await (order && network.ask(null, order.host, (desk) => desk.cancel()).catch(() => null));
        return;
      case 3:
        await (order && network.ask(null, order.host, (desk) => desk.hurry()).catch(() => null));
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

  /** The same movement again until it is answered: it counts once. */
  async #move(sku: string, what: Pick<Movement, "kind" | "quantity">): Promise<void> {
    this.#movements += 1;
    const movement: Movement = { id: `m${this.#movements}`, ...what, reason: "simulated" };
    await this.#askAgain(this.#world.stockOf(sku).host, (core) => core.move(movement));
  }

  async #askAgain<Core>(
    host: ObjectHost<Core>,
    what: (core: Core) => Promise<unknown>,
  ): Promise<void> {
    const { network, time } = this.#world;
    for (let tries = 0; tries < TRIES_MAX; tries += 1) {
      const answer = await network.ask(null, host, what).catch(() => null);
      if (answer !== null) return;
      await time.sleep(1000);
    }
  }
}
