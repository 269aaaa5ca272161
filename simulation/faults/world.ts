/**
 * One simulated world: objects, queues, consumers, backends and people on one virtual clock, over
 * the product's own rules.
 *
 * Guarantee: the same seed lives the same story. Faults strike until `FAULTS_MS`; afterwards
 * nothing goes wrong, and everything must have settled within `SETTLE_MS`.
 */
import { OrderCore } from "../../durable-objects/order/order-core.ts";
import { StockCore } from "../../durable-objects/sku-stock/stock-core.ts";
import type { RoomCore } from "../../durable-objects/waiting-room/room-core.ts";
import type { BeginOrderOutcome } from "../../src/domain/room/admission.ts";
import type { OrderIntent, OrderRecord, OrderState } from "../../src/domain/order/order.ts";
import { RoomMemory, roomOn } from "../room-memory.ts";
import { randomFrom } from "../seeded-random.ts";
import { StockMemory } from "../stock-memory.ts";
import { Bookings } from "./bookings.ts";
import { Consumers } from "./consumers.ts";
import { Faults } from "./faults.ts";
import { Hints } from "./hints.ts";
import { never } from "./life.ts";
import { KeyedPayments } from "./keyed-payments.ts";
import { Mailbox } from "./mailbox.ts";
import { Merchant } from "./merchant.ts";
import { Network } from "./network.ts";
import { ObjectHost, type Instance } from "./object-host.ts";
import { OrderMemory } from "./order-memory.ts";
import type { SimulatedPayments } from "./payments.ts";
import { Promises } from "./promises.ts";
import type { Rules } from "./rules.ts";
import { SALE } from "./sale.ts";
import { Shopper } from "./shoppers.ts";
import { StripeMemory } from "./stripe-memory.ts";
import type { Trace } from "./trace.ts";
import { EPOCH_MS, VirtualTime } from "./virtual-time.ts";

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const FAULTS_MS = 5 * MINUTE_MS;
/** Three doublings of five minutes, an action abandoned, an audit of what an order owns. */
const SETTLE_MS = 2 * HOUR_MS;
/** In few worlds the provider is gone for longer than it remembers keys. */
const LONG_OUTAGES = 0.03;
const LONG_OUTAGE_MS = 25 * HOUR_MS;
const ROOM_ANSWER_MS = 2000;

export interface OrderHere {
  readonly memory: OrderMemory;
  readonly host: ObjectHost<OrderCore>;
}

export interface StockHere {
  readonly memory: StockMemory;
  readonly host: ObjectHost<StockCore>;
}

/** While it lasts no call to the payment backend is answered. */
interface Outage {
  readonly from_ms: number;
  readonly to_ms: number;
}

export class World {
  readonly time = new VirtualTime();
  readonly items = SALE.items;
  readonly skus: readonly string[] = SALE.items.map(({ sku }) => sku);
  readonly rules: Rules;
  readonly faults: Faults;
  readonly network: Network;
  readonly promises: Promises;
  readonly hints: Hints;
  readonly bookings: Bookings;
  readonly payments: SimulatedPayments;
  readonly orders = new Map<string, OrderHere>();
  readonly roomMemory = new RoomMemory();
  readonly room: ObjectHost<RoomCore>;
  readonly ordersQueue: Mailbox;
  readonly eventsQueue: Mailbox;
  /** How long shoppers take to come, and again to order. */
  readonly hurry_ms: number;
  readonly ends = new Map<OrderState, number>();
  /** Calls to a backend, by isolate and backend. */
  readonly calls = new Map<string, number>();
  readonly #stocks = new Map<string, StockHere>();
  readonly #placers = new Map<string, Shopper>();
  readonly #consumers: Consumers;
  readonly #merchant: Merchant;
  readonly #trace: Trace;
  readonly #isLong: boolean;
  readonly #outage: Outage | null;
  readonly #faultsUntil_ms: number;
  #isCalm = false;

  constructor(seed: number, rules: Rules, trace: Trace) {
    this.rules = rules;
    this.#trace = trace;
    const random = randomFrom(`faults ${seed}`);
    this.faults = new Faults(random, (kind) => this.tell("fault", kind));
    const isKeyed = random() < 0.4;
    if (isKeyed) this.faults.never("consumer_pause");
    this.#isLong = random() < LONG_OUTAGES;
    this.hurry_ms = this.faults.pick([2000, 20_000, MINUTE_MS]);
    this.network = new Network(this);
    this.promises = new Promises(this);
    this.hints = new Hints(this);
    this.bookings = new Bookings(this, rules.book);
    this.payments = isKeyed ? new KeyedPayments(this) : new StripeMemory(this);
    this.room = new ObjectHost(
      this,
      "room",
      (instance) => this.#roomCore(instance),
      (core, at_ms) => core.ring(at_ms),
    );
    this.#consumers = new Consumers(this);
    this.ordersQueue = new Mailbox(this, {
      name: "orders",
      mayLose: true,
      retriesMax: this.faults.pick([3, 20, 100]),
      receive: (delivery) => this.#consumers.takeOrder(delivery),
    });
    this.eventsQueue = new Mailbox(this, {
      name: "events",
      mayLose: false,
      retriesMax: Number.POSITIVE_INFINITY,
      receive: (delivery) => this.#consumers.takeEvent(delivery),
    });
    this.#merchant = new Merchant(this);
    this.#outage = this.#drawOutage(this.#isLong);
    this.#faultsUntil_ms = EPOCH_MS + FAULTS_MS + (this.#isLong ? LONG_OUTAGE_MS : 0);
    const shoppers = this.#isLong ? this.faults.between(2, 6) : this.faults.between(6, 20);
    for (let number = 1; number <= shoppers; number += 1) void new Shopper(this, number).live();
  }

  /** Lives the whole story. @throws BrokenPromise */
  async live(): Promise<void> {
    const check = (): void => this.promises.check();
    void this.#merchant.open();
    void this.#merchant.meddle(this.#faultsUntil_ms);
    if (this.#isLong) this.time.at(this.#faultsUntil_ms - 1, () => this.#merchant.pushAll());
    await this.time.run(this.#faultsUntil_ms, check);
    this.tell("calm", "the faults stop");
    this.#isCalm = true;
    this.faults.stop();
    this.#merchant.calm();
    await this.time.run(this.#faultsUntil_ms + SETTLE_MS, check);
    this.promises.checkSettled();
  }

  get isCalm(): boolean {
    return this.#isCalm;
  }

  isPaymentOut(): boolean {
    const { now } = this.time;
    return this.#outage !== null && this.#outage.from_ms <= now && now < this.#outage.to_ms;
  }

  /** Whether an instant is one that a hold of this sale may end at. */
  isDeadline(at_ms: number): boolean {
    return Number.isFinite(at_ms) && at_ms <= this.time.now + SALE.admission.sessionSeconds * 1000;
  }

  tell(what: string, who: string): void {
    this.#trace.tell(this.time.now - EPOCH_MS, what, who);
  }

  recordOf(order: string): OrderRecord | null {
    return this.orders.get(order)?.memory.record ?? null;
  }

  orderOf(id: string): OrderHere {
    const known = this.orders.get(id);
    if (known !== undefined) return known;
    const memory = new OrderMemory();
    const begin = (instance: Instance): OrderCore => this.#orderDesk(memory, instance);
    const host = new ObjectHost(this, id, begin, (desk, at_ms) => desk.ring(at_ms));
    const here = { memory, host };
    this.orders.set(id, here);
    return here;
  }

  stockOf(sku: string): StockHere {
    const known = this.#stocks.get(sku);
    if (known !== undefined) return known;
    const memory = new StockMemory();
    const begin = (instance: Instance): StockCore => this.#stockDesk(sku, memory, instance);
    const host = new ObjectHost(this, sku, begin, (desk, at_ms) => desk.ring(at_ms));
    const here = { memory, host };
    this.#stocks.set(sku, here);
    return here;
  }

  /** The provider tells of a payment that changed: late, twice, or not at all. */
  webhook(order: string): void {
    const { faults } = this;
    if (faults.random() < 0.5) return;
    const copies = faults.strikes("message_twice") ? 2 : 1;
    for (let copy = 0; copy < copies; copy += 1) {
      const late_ms = faults.strikes("message_late") ? faults.between(0, MINUTE_MS) : 0;
      this.time.after(faults.between(1, 2000) + late_ms, () => {
        const { host } = this.orderOf(order);
        this.network.ask(null, host, (desk) => desk.nudge()).catch(() => undefined);
      });
    }
  }

  /** Whose order it is; they hear of what becomes of it. */
  place({ id }: OrderIntent, shopper: Shopper): void {
    this.#placers.set(id, shopper);
  }

  ended(order: string, state: OrderState): void {
    this.ends.set(state, (this.ends.get(state) ?? 0) + 1);
    this.tell(`ends ${state}`, order);
  }

  #orderDesk(memory: OrderMemory, instance: Instance): OrderCore {
    const { network, room, rules } = this;
    const { life } = instance;
    const store = rules.orderStore(memory, instance.write, (before, after) => {
      this.#saved(before, after, instance.now());
    });
    return new OrderCore({
      store,
      alarm: rules.alarm(instance.alarm),
      now: instance.now,
      chance: this.faults.random,
      waitUntil: (work) => void work.catch(() => undefined),
      rules: rules.order,
      parts: {
        beginOrder: ({ admission, id }) => {
          const asked = network.ask(life, room, async (core) => core.beginOrder(admission, id));
          return network.within<BeginOrderOutcome>(asked, ROOM_ANSWER_MS);
        },
        order: (sku, command) => {
          const { host } = this.stockOf(sku);
          return network.ask(life, host, (desk) => desk.order(command)).catch(() => null);
        },
        queue: (message) => (life.alive ? this.ordersQueue.send(message) : never()),
        tell: (event) => (life.alive ? this.eventsQueue.send(event) : never()),
        finishOrder: ({ admission, id }, how) => {
          return network.ask(life, room, async (core) => core.finishOrder(admission, id, how));
        },
        sell: (sku, key) => network.ask(life, this.stockOf(sku).host, (desk) => desk.sell(key)),
        release: (sku, command) => {
          return network.ask(life, this.stockOf(sku).host, (desk) => desk.release(command));
        },
        warn: ({ event, order, owed, why }) => {
          this.tell(String(event), `${String(order)} ${String(owed)}: ${String(why)}`);
        },
      },
    });
  }

  #saved(before: OrderRecord | null, after: OrderRecord, now: number): void {
    this.promises.saved(before, after, now);
    if (before?.standing === after.standing) return;
    const { id } = after.intent;
    this.tell(after.standing.state, id);
    void this.#placers.get(id)?.hears(after);
  }

  #stockDesk(sku: string, memory: StockMemory, instance: Instance): StockCore {
    const { network, room, rules } = this;
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
      rules: rules.stock,
      parts: {
        reportLevel: (_sale, level) => {
          return network.ask(instance.life, room, async (core) => core.reportLevel(level));
        },
        ownership: (order) => {
          return network.ask(instance.life, this.orderOf(order).host, (desk) => desk.ownership());
        },
        warn: ({ event, id }) => this.tell(String(event), `${sku} ${String(id)}`),
      },
    });
  }

  #roomCore({ life, alarm, now, write }: Instance): RoomCore {
    const { faults, promises, roomMemory, rules } = this;
    const rows = roomMemory.rows((apply) => {
      write(() => {
        apply();
        promises.lookAtRoom();
      });
    });
    return roomOn(rows, now, {
      alarm: rules.alarm(alarm),
      rules: rules.room,
      events: {
        sendBatch: async () => {
          if (faults.strikes("send_failed")) throw new Error("the queue is not to be reached");
        },
      },
      log: (level, { event, why }) => {
        this.tell(String(event), `room ${String(why)}`);
        // What a crash interrupts is no error of the room.
        if (level === "error" && life.alive) promises.broken("P8", `the room: ${String(why)}`);
      },
    });
  }

  #stockMoved(sku: string, { ledger }: StockMemory): void {
    this.promises.lookAtStock(sku);
    const last = ledger.at(-1);
    if (last === undefined) return;
    if (this.orders.has(last.reservation)) this.promises.look(last.reservation);
    this.tell(`${last.kind} ${last.quantity}`, `${sku} ${last.reservation}`);
  }

  #drawOutage(isLong: boolean): Outage | null {
    const from_ms = EPOCH_MS + this.faults.between(2000, isLong ? 40_000 : 120_000);
    const short_ms = this.faults.between(5000, 120_000);
    if (isLong) return { from_ms, to_ms: from_ms + LONG_OUTAGE_MS };
    if (!this.faults.isOn("payment_outage")) return null;
    return { from_ms, to_ms: from_ms + short_ms };
  }
}
