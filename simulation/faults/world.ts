/**
 * One simulated world: objects, queues, consumers, backends and people on one virtual clock, over
 * the product's own rules.
 *
 * Guarantee: the same seed lives the same story. Faults strike until `FAULTS_MS`; afterwards
 * nothing goes wrong, and everything must have settled within `SETTLE_MS`.
 */
import type { OrderRecord } from "../../src/domain/order/order.ts";
import { randomFrom } from "../seeded-random.ts";
import { AfterSales } from "./after-sales.ts";
import { loseBook } from "./book-losses.ts";
import { Bookings } from "./bookings.ts";
import { Campaign } from "./campaign.ts";
import { Catalogue } from "./catalogue.ts";
import { Consumers } from "./consumers.ts";
import { Faults } from "./faults.ts";
import { Gate } from "./gate.ts";
import { Hoarder } from "./hoarder.ts";
import { Hints } from "./hints.ts";
import { KeyedPayments } from "./keyed-payments.ts";
import { Mailbox } from "./mailbox.ts";
import { MailBook, MailService } from "./mails.ts";
import { Merchant } from "./merchant.ts";
import { Network } from "./network.ts";
import { Objects } from "./objects.ts";
import type { SimulatedPayments } from "./payments.ts";
import { SimulatedEvents } from "./provider-events.ts";
import { Promises } from "./promises.ts";
import type { Rules } from "./rules.ts";
import { Shopper } from "./shoppers.ts";
import { StripeMemory } from "./stripe-memory.ts";
import type { Trace } from "./trace.ts";
import { EPOCH_MS, VirtualTime } from "./virtual-time.ts";

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const FAULTS_MS = 5 * MINUTE_MS;
/** Three doublings of five minutes, an action abandoned, an audit of what an order owns. */
const SETTLE_MS = 2 * HOUR_MS;
/** In some worlds no news of refunds ever reaches the shop: it looks every six hours. */
const SILENT_PROVIDERS = 0.12;
const SETTLE_SILENT_MS = 14 * HOUR_MS;
/** In few worlds the provider is gone for longer than it remembers keys. */
const LONG_OUTAGES = 0.05;
const LONG_OUTAGE_MS = 25 * HOUR_MS;

export class World {
  readonly time = new VirtualTime();
  readonly rules: Rules;
  readonly faults: Faults;
  readonly network: Network;
  readonly promises: Promises;
  readonly hints: Hints;
  readonly bookings: Bookings;
  readonly mailBook: MailBook;
  readonly mailService: MailService;
  readonly payments: SimulatedPayments;
  readonly isSilent: boolean;
  /** In the other worlds the queue of events loses nothing, and its word is enough. */
  readonly awaitsBook: boolean;
  readonly events: SimulatedEvents;
  readonly objects: Objects;
  readonly catalogue: Catalogue;
  readonly campaign: Campaign;
  readonly gate: Gate;
  readonly ordersQueue: Mailbox;
  readonly eventsQueue: Mailbox;
  readonly mailsQueue: Mailbox;
  /** How long shoppers take to come, and again to order. */
  readonly hurry_ms: number;
  readonly #shoppers = new Map<string, Shopper>();
  readonly #consumers: Consumers;
  readonly #merchant: Merchant;
  readonly #trace: Trace;
  readonly #isLong: boolean;
  /** While it lasts no call to the payment backend is answered. */
  readonly #outage: { readonly from_ms: number; readonly to_ms: number } | null;
  readonly #faultsUntil_ms: number;

  constructor(seed: number, rules: Rules, trace: Trace) {
    this.rules = rules;
    this.#trace = trace;
    const random = randomFrom(`faults ${seed}`);
    const later = randomFrom(`later faults ${seed}`);
    const ofBook = randomFrom(`faults of the book ${seed}`);
    this.faults = new Faults({ random, later, ofBook }, (kind) => this.tell("fault", kind));
    this.awaitsBook = this.faults.isOn("event_lost") || this.faults.isOn("book_lost");
    const isKeyed = random() < 0.4;
    if (isKeyed) this.faults.never("consumer_pause");
    this.#isLong = random() < LONG_OUTAGES;
    this.isSilent = random() < SILENT_PROVIDERS;
    this.events = new SimulatedEvents(this);
    this.hurry_ms = this.faults.pick([2000, 20_000, MINUTE_MS]);
    this.network = new Network(this);
    this.promises = new Promises(this);
    this.hints = new Hints(this, (by, backend) => {
      const calls = this.#consumers.calls.get(`${by} ${backend}`) ?? 0;
      this.promises.breakerOpened(by, calls);
    });
    this.mailBook = new MailBook(this);
    this.mailService = new MailService(this);
    this.bookings = new Bookings(this, rules.book, this.promises, this.mailBook);
    this.payments = isKeyed ? new KeyedPayments(this) : new StripeMemory(this);
    this.objects = new Objects(this);
    this.catalogue = new Catalogue(this);
    this.campaign = new Campaign(this);
    this.gate = new Gate(this);
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
      loses: () => this.faults.strikes("event_lost"),
      retriesMax: Number.POSITIVE_INFINITY,
      receive: (delivery) => this.#consumers.takeEvent(delivery),
    });
    this.mailsQueue = new Mailbox(this, {
      name: "mails",
      mayLose: true,
      retriesMax: 20,
      receive: (delivery) => this.#consumers.takeMail(delivery),
    });
    this.#merchant = new Merchant(this);
    this.#outage = this.#drawOutage(this.#isLong);
    this.#faultsUntil_ms = EPOCH_MS + FAULTS_MS + (this.#isLong ? LONG_OUTAGE_MS : 0);
    const shoppers = this.#isLong ? this.faults.between(4, 8) : this.faults.between(6, 20);
    for (let number = 1; number <= shoppers; number += 1) {
      const shopper = new Shopper(this, `s${number}`);
      this.#shoppers.set(`s${number}`, shopper);
      void shopper.live();
    }
  }

  /** Lives the whole story. @throws BrokenPromise */
  async live(): Promise<void> {
    const check = (): void => this.promises.check();
    void this.#merchant.open();
    void this.mailBook.sweepForEver();
    void this.#merchant.endAndReopen(this.#faultsUntil_ms);
    void this.#merchant.meddle(this.#faultsUntil_ms);
    void this.#merchant.nameAgain();
    void new Hoarder(this).live(this.#faultsUntil_ms);
    const until_ms = this.#faultsUntil_ms;
    const service = new AfterSales(this);
    void service.refundOrders(until_ms);
    void service.useDashboard(until_ms);
    void service.eraseBuyers(until_ms);
    void loseBook(this);
    void this.campaign.open();
    void this.campaign.changePrices(until_ms);
    void this.campaign.changeCodes(until_ms);
    if (this.#isLong) this.time.at(this.#faultsUntil_ms - 1, () => this.#merchant.pushAll());
    await this.time.run(this.#faultsUntil_ms, check);
    this.tell("calm", "the faults stop");
    this.faults.stop();
    this.#merchant.calm();
    const settle_ms = this.isSilent ? SETTLE_SILENT_MS : SETTLE_MS;
    await this.time.run(this.#faultsUntil_ms + settle_ms, check);
    this.promises.checkSettled();
  }

  isPaymentOut(): boolean {
    const { now } = this.time;
    return this.#outage !== null && this.#outage.from_ms <= now && now < this.#outage.to_ms;
  }

  tell(what: string, who: string): void {
    this.#trace.tell(this.time.now - EPOCH_MS, what, who);
  }

  /** An order's record became durable. @param now of the object's clock */
  saved(before: OrderRecord | null, after: OrderRecord, now: number): void {
    this.promises.saved(before, after, now);
    if (before?.standing === after.standing) return;
    const { id, buyer } = after.intent;
    this.tell(after.standing.state, id);
    void this.#shoppers.get(buyer)?.hears(after);
  }

  #drawOutage(isLong: boolean) {
    const from_ms = EPOCH_MS + this.faults.between(2000, isLong ? 40_000 : 120_000);
    const short_ms = this.faults.between(5000, 120_000);
    if (isLong) return { from_ms, to_ms: from_ms + LONG_OUTAGE_MS };
    if (!this.faults.isOn("payment_outage")) return null;
    return { from_ms, to_ms: from_ms + short_ms };
  }
}
