/**
 * The merchant and the operator of a simulated world: they cancel, push, replay dead letters, force
 * breakers, correct stock, and name SKUs in a second sale, all at the wrong moment.
 *
 * Guarantee: after the faults have stopped they lift what they forced and replay what is parked.
 */
import { isFinal } from "../../src/domain/order/order.ts";
import type { RoomCore } from "../../durable-objects/waiting-room/room-core.ts";
import type { Movement } from "../../src/domain/stock/stock-ledger.ts";
import type { Conditions } from "./faults.ts";
import type { Hints } from "./hints.ts";
import type { Mailbox } from "./mailbox.ts";
import type { Network } from "./network.ts";
import type { Objects } from "./objects.ts";
import type { Promises } from "./promises.ts";
import { GRACE_S, SALE } from "./sale.ts";

/** About how many interventions there are in all. */
const ACTS = 30;
const SECOND_SALE_PAUSE_MAX_MS = 60_000;
/** Also in worlds that last for a day. */
const REOPENINGS_MAX = 30;
const BREAKERS = ["payment", "orders"] as const;

export interface MerchantParts extends Conditions {
  readonly objects: Objects;
  readonly network: Network;
  readonly hints: Hints;
  readonly ordersQueue: Mailbox;
  readonly promises: Promises;
}

type Order = ReturnType<Objects["orderOf"]>;

export class Merchant {
  readonly #parts: MerchantParts;
  #movements = 0;
  /** The SKUs that a sale names: others receive no movements. */
  readonly #named = new Set<string>();

  #sale = SALE;

  constructor(parts: MerchantParts) {
    this.#parts = parts;
    if (!parts.faults.isOn("reopening")) return;
    this.#sale = { ...SALE, fairness: { revealAfterSeconds: GRACE_S } };
  }

  /** Ends the sale, and tries to take that back in every way, also when the secret is public. */
  async endAndReopen(until_ms: number): Promise<void> {
    const { faults, time } = this.#parts;
    if (!faults.isOn("reopening")) return;
    // Late: before it is a sale like others.
    await time.sleep(faults.laterBetween(120, 240) * 1000);
    for (let tries = 0; tries < REOPENINGS_MAX && time.now < until_ms; tries += 1) {
      if (faults.areOver) return;
      faults.count("reopening");
      await this.#endOrReopen();
      await time.sleep(faults.laterBetween(1, 15) * 1000);
    }
  }

  async #endOrReopen(): Promise<void> {
    const { faults, network, objects, promises } = this.#parts;
    const ask = <Answer>(what: (core: RoomCore) => Promise<Answer>): Promise<Answer | null> => {
      return network.ask(null, objects.room, what).catch(() => null);
    };
    switch (faults.laterBetween(1, 5)) {
      case 1:
      case 2:
        await ask((core) => core.act("end"));
        return;
      case 3:
        await ask((core) => core.act("reopen"));
        return;
      case 4: {
        const later_s = faults.laterBetween(1, 60);
        const endsAt = new Date(Date.parse(SALE.endsAt) + later_s * 1000).toISOString();
        await ask((core) => core.configure({ ...this.#sale, endsAt }));
        return;
      }
      default: {
        const told = await ask(async (core) => core.fairness());
        if (told?.kind !== "fairness") return;
        promises.seats.told(told.secret, objects.roomMemory, GRACE_S * 1000);
      }
    }
  }

  /** Sets up the room and the stock, with retries until the room and each SKU have answered. */
  async open(): Promise<void> {
    const { network, objects } = this.#parts;
    await network.askAgain(objects.room, (core) => core.configure(this.#sale));
    for (const { sku, stock, buffer } of SALE.items) {
      await this.#name(SALE.id, sku, stock);
      if (buffer > 0) await this.#move(sku, { kind: "buffer", quantity: buffer });
    }
  }

  /** Another sale names SKUs of this one, as if it brought units of its own. */
  async nameAgain(): Promise<void> {
    const { faults, time } = this.#parts;
    if (!faults.isOn("second_sale")) return;
    for (const { sku, stock } of SALE.items) {
      await time.sleep(faults.between(0, SECOND_SALE_PAUSE_MAX_MS));
      if (faults.areOver) return;
      faults.count("second_sale");
      await this.#name("second", sku, stock);
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
        return this.#cancel(order);
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
        if (!this.#named.has(sku)) return;
        return this.#move(sku, { kind: "adjust", quantity: faults.between(-2, 2) });
      default:
        if (!this.#named.has(sku)) return;
        return this.#move(sku, { kind: "buffer", quantity: faults.between(0, 2) });
    }
  }

  async #cancel(order: Order | null): Promise<void> {
    const { network, promises } = this.#parts;
    if (order === null) return;
    const answer = await network.ask(null, order.host, (core) => core.cancel()).catch(() => null);
    const id = order.memory.record?.intent.id;
    if (answer !== null && id !== undefined) promises.buyers.cancelled(id, answer);
  }

  /** Repeats until it is answered. */
  async #name(sale: string, sku: string, quantity: number): Promise<void> {
    const { network, objects } = this.#parts;
    const command = { sale, sku, quantity, reason: "simulated" };
    await network.askAgain(objects.stockOf(sku).host, (core) => core.open(command));
    this.#named.add(sku);
  }

  /** Repeats the same movement until it is answered; it counts once. */
  async #move(sku: string, what: Pick<Movement, "kind" | "quantity">): Promise<void> {
    this.#movements += 1;
    const movement: Movement = { id: `m${this.#movements}`, ...what, reason: "simulated" };
    const { network, objects } = this.#parts;
    await network.askAgain(objects.stockOf(sku).host, (core) => core.move(movement));
  }
}
