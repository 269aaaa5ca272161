/**
 * The Durable Objects of a simulated world: its room, its orders, and a stock for each SKU.
 *
 * Guarantee: each object is the product's core; its rows are in a memory that outlives every
 * instance, and each write may crash it.
 */
import { DiscountCodesCore } from "../../durable-objects/discount-codes/discount-core.ts";
import { OrderCore } from "../../durable-objects/order/order-core.ts";
import { StockCore } from "../../durable-objects/sku-stock/stock-core.ts";
import type { RoomCore } from "../../durable-objects/waiting-room/room-core.ts";
import { erasedBuyerOf } from "../../src/domain/order/erasure.ts";
import type { OrderRecord } from "../../src/domain/order/order.ts";
import type { BeginOrderOutcome } from "../../src/domain/room/admission.ts";
import { DiscountMemory } from "../memory/discount-memory.ts";
import { RoomMemory, roomOn } from "../memory/room-memory.ts";
import { StockMemory } from "../memory/stock-memory.ts";
import type { Conditions } from "./faults.ts";
import { never } from "./life.ts";
import type { Mailbox } from "./mailbox.ts";
import type { NetworkPromises } from "./network-promises.ts";
import type { Network } from "./network.ts";
import { ObjectHost, type Instance } from "./object-host.ts";
import { OrderMemory } from "../memory/order-memory.ts";
import type { Rules } from "./rules.ts";
import { SALE } from "./sale.ts";

const ANSWER_MS = 2000;

/** An object: what it keeps, and where its instances live. */
interface Here<Memory, Core> {
  readonly memory: Memory;
  readonly host: ObjectHost<Core>;
}

export interface ObjectParts extends Conditions {
  readonly rules: Rules;
  readonly network: Network;
  readonly ordersQueue: Mailbox;
  readonly eventsQueue: Mailbox;
  /** Orders send their events until the book has them. */
  readonly awaitsBook: boolean;
  readonly promises: {
    look(order: string): void;
    lookAtStock(sku: string): void;
    lookAtDiscounts(): void;
    roomSaved(memory: RoomMemory): void;
    readonly networks: NetworkPromises;
    readonly unpaid: { departed(order: string): void };
    broken(promise: "P8", what: string): void;
  };
  /** An order's record became durable. @param now of the object's clock */
  saved(before: OrderRecord | null, after: OrderRecord, now: number): void;
}

export class Objects {
  readonly orders = new Map<string, Here<OrderMemory, OrderCore>>();
  readonly roomMemory = new RoomMemory();
  readonly room: ObjectHost<RoomCore>;
  readonly discountMemory = new DiscountMemory();
  readonly discountCodes: ObjectHost<DiscountCodesCore>;
  readonly #stocks = new Map<string, Here<StockMemory, StockCore>>();
  readonly #parts: ObjectParts;

  constructor(parts: ObjectParts) {
    this.#parts = parts;
    const begin = (instance: Instance): RoomCore => this.#roomCore(instance);
    this.room = new ObjectHost(parts, "room", begin, (core, at_ms) => core.ring(at_ms));
    this.discountCodes = new ObjectHost(
      parts,
      "discount codes",
      ({ now, write }) =>
        new DiscountCodesCore({
          store: this.discountMemory.store((apply) => {
            write(() => {
              apply();
              parts.promises.lookAtDiscounts();
            });
          }),
          now,
          randomKey: () => "00".repeat(32),
          rules: parts.rules.discounts,
        }),
      async () => undefined,
    );
  }

  orderOf(id: string): Here<OrderMemory, OrderCore> {
    const begin = (memory: OrderMemory, on: Instance): OrderCore => this.#orderCore(memory, on);
    return this.orders.get(id) ?? this.#add(this.orders, id, new OrderMemory(), begin);
  }

  stockOf(sku: string): Here<StockMemory, StockCore> {
    const begin = (memory: StockMemory, on: Instance): StockCore =>
      this.#stockCore(sku, memory, on);
    return this.#stocks.get(sku) ?? this.#add(this.#stocks, sku, new StockMemory(), begin);
  }

  #add<Memory, Core extends { ring(at_ms: number): Promise<void> }>(
    known: Map<string, Here<Memory, Core>>,
    name: string,
    memory: Memory,
    begin: (memory: Memory, on: Instance) => Core,
  ): Here<Memory, Core> {
    const ring = (core: Core, at_ms: number): Promise<void> => core.ring(at_ms);
    const host = new ObjectHost(this.#parts, name, (on) => begin(memory, on), ring);
    known.set(name, { memory, host });
    return { memory, host };
  }

  #orderCore(memory: OrderMemory, instance: Instance): OrderCore {
    const { room } = this;
    const { eventsQueue, faults, network, ordersQueue, rules } = this.#parts;
    const { life } = instance;
    const store = rules.orderStore(memory, instance.write, (before, after) => {
      this.#parts.saved(before, after, instance.now());
    });
    return new OrderCore({
      store,
      alarm: rules.alarm(instance.alarm),
      now: instance.now,
      chance: faults.random,
      waitUntil: (work) => void work.catch(() => undefined),
      rules: rules.order,
      awaitsBook: this.#parts.awaitsBook,
      bindings: {
        beginOrder: ({ admission, id }) => {
          const asked = network.ask(life, room, async (core) => core.beginOrder(admission, id));
          return network.within<BeginOrderOutcome>(asked, ANSWER_MS);
        },
        order: (sku, command) => {
          const { host } = this.stockOf(sku);
          return network.ask(life, host, (core) => core.order(command)).catch(() => null);
        },
        sendMessage: (message) => (life.alive ? ordersQueue.send(message) : never()),
        sendEvent: (event) => (life.alive ? eventsQueue.send(event) : never()),
        finishOrder: ({ admission, id }, how) => {
          return network.ask(life, room, async (core) => core.finishOrder(admission, id, how));
        },
        sell: (sku, key) => network.ask(life, this.stockOf(sku).host, (core) => core.sell(key)),
        release: (sku, command) => {
          return network.ask(life, this.stockOf(sku).host, (core) => core.release(command));
        },
        restock: (sku, command) => {
          return network.ask(life, this.stockOf(sku).host, (core) => core.restock(command));
        },
        claimIdentity: (sku, command) => {
          const { host } = this.stockOf(sku);
          const asked = network.ask(life, host, (core) => core.claimIdentity(command));
          return network.within(asked, ANSWER_MS);
        },
        takeDiscount: (_, command) => {
          const codes = this.discountCodes;
          const asked = network.ask(life, codes, async (core) => core.take(command));
          return network.within(asked, ANSWER_MS);
        },
        finishDiscount: (_, order, how) => {
          return network.ask(life, this.discountCodes, async (core): Promise<unknown> =>
            how === "keep" ? core.keep(order) : core.giveBack(order),
          );
        },
        forgetBuyer: async ({ id, sale, buyer, lines }) => {
          const key = { sale, buyer, id };
          const codes = this.discountCodes;
          await network.ask(life, codes, async (core) => core.forgetBuyer(id));
          for (const { sku } of lines) {
            const { host } = this.stockOf(sku);
            const as = erasedBuyerOf(id);
            await network.ask(life, host, async (core) => core.forgetBuyer(key, as));
          }
        },
        warn: ({ event, order, message, why }) => {
          this.#parts.tell(event, `${String(order)} ${String(message)}: ${String(why)}`);
        },
      },
    });
  }

  #stockCore(sku: string, memory: StockMemory, instance: Instance): StockCore {
    const { room } = this;
    const { network, promises, rules } = this.#parts;
    const write = (apply: () => void): void => {
      instance.write(() => {
        apply();
        this.#stockMoved(sku, memory);
      });
    };
    return new StockCore({
      store: memory.store(SALE.id, sku, write),
      alarm: rules.alarm(instance.alarm),
      now: instance.now,
      rules: promises.networks.watching(sku, memory, rules.stock),
      bindings: {
        reportLevel: (_sale, level) => {
          return network.ask(instance.life, room, async (core) => core.reportLevel(level));
        },
        ownership: (order) => {
          return network.ask(instance.life, this.orderOf(order).host, (core) => core.ownership());
        },
        warn: ({ event, id }) => this.#parts.tell(event, `${sku} ${String(id)}`),
      },
    });
  }

  #roomCore({ life, alarm, now, write }: Instance): RoomCore {
    const { faults, network, promises, rules } = this.#parts;
    const rows = this.roomMemory.rows((apply) => {
      write(() => {
        apply();
        promises.roomSaved(this.roomMemory);
      });
    });
    return roomOn(rows, now, {
      alarm: rules.alarm(alarm),
      rules: rules.room,
      askDeparted: async (order, hasLeft) => {
        const { host } = this.orderOf(order);
        const asked = network.ask(life, host, (core) => core.depart(hasLeft));
        const answer = await network.within(asked, ANSWER_MS);
        if (answer !== null && hasLeft) promises.unpaid.departed(order);
        return answer;
      },
      events: {
        sendBatch: async () => {
          if (faults.strikes("send_failed")) throw new Error("the queue is not to be reached");
        },
      },
      log: {
        warn: (_at, event) => this.#parts.tell(event, "room"),
        error: (_at, event, fields) => {
          const why = `room ${String(fields?.["why"])}`;
          this.#parts.tell(event, why);
          // What a crash interrupts is no error of the room.
          if (life.alive) promises.broken("P8", why);
        },
      },
    });
  }

  #stockMoved(sku: string, { ledger }: StockMemory): void {
    const { promises } = this.#parts;
    promises.lookAtStock(sku);
    const last = ledger.at(-1);
    if (last === undefined) return;
    if (this.orders.has(last.reservation)) promises.look(last.reservation);
    this.#parts.tell(`${last.kind} ${last.quantity}`, `${sku} ${last.reservation}`);
  }
}
