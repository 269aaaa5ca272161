/**
 * The isolates of the orders Worker: each with breakers of its own, all with the real pipeline.
 *
 * Guarantee: an isolate may die before and after each thing it does, and may stand still for a
 * minute between two. What it was doing reaches nobody then, and its messages come again. What a
 * message means is decided as `queues/orders-worker.ts` does.
 */
import type { OrderCore } from "../../durable-objects/order/order-core.ts";
import { Bulkhead } from "../../queues/bulkhead.ts";
import { Pace } from "../../queues/pace.ts";
import { advance, type LeasedOrder, type Pipeline } from "../../queues/pipeline.ts";
import {
  MESSAGES_AT_ONCE,
  ORDER_CALLS_AT_ONCE,
  PAYMENT_CALLS_AT_ONCE,
} from "../../src/domain/limits.ts";
import type { MailTry } from "../../src/domain/mail/after-try.ts";
import { mailFactsOf, type MailFacts } from "../../src/domain/mail/facts.ts";
import { mailMessage } from "../../src/domain/mail/mail.ts";
import { orderEventSchema, orderMessageSchema } from "../../src/domain/order/messages.ts";
import { errorText } from "../../src/encoding/error-text.ts";
import { messageDelay_s } from "../../src/domain/order/transition.ts";
import type { Bookings } from "./bookings.ts";
import type { Conditions } from "./faults.ts";
import type { Hints } from "./hints.ts";
import { Life, never } from "./life.ts";
import type { Delivery, Mailbox } from "./mailbox.ts";
import { takeMail, type MailBook, type MailService } from "./mails.ts";
import type { Network } from "./network.ts";
import { SKEW_MAX_MS } from "./object-host.ts";
import type { Objects } from "./objects.ts";
import { PaceMemory } from "./pace-memory.ts";
import type { SimulatedPayments } from "./payments.ts";
import type { Rules } from "./rules.ts";

const ISOLATES = [1, 2, 3] as const;
const PAUSE_MAX_MS = 60_000;

export interface ConsumerParts extends Conditions {
  readonly rules: Rules;
  readonly objects: Objects;
  readonly network: Network;
  readonly hints: Hints;
  readonly payments: SimulatedPayments;
  readonly bookings: Bookings;
  readonly ordersQueue: Mailbox;
  readonly mailsQueue: Mailbox;
  readonly mailBook: MailBook;
  readonly mailService: MailService;
  readonly awaitsBook: boolean;
}

class Isolate {
  readonly name: string;
  readonly life: Life;
  readonly #parts: ConsumerParts;
  readonly #calls: Map<string, number>;
  readonly #pipeline: Pipeline;
  readonly #deliveries = new Set<Delivery>();
  readonly #unrecorded = new Map<string, MailTry>();
  #ids = 0;

  constructor(parts: ConsumerParts, name: string, calls: Map<string, number>, pace: PaceMemory) {
    const { faults, rules, hints, payments, bookings, time } = parts;
    this.#parts = parts;
    this.#calls = calls;
    this.name = name;
    const skewed = faults.strikes("clock_skew");
    this.life = new Life(skewed ? faults.between(-SKEW_MAX_MS, SKEW_MAX_MS) : 0);
    const now = (): number => time.now + this.life.skew_ms;
    const waitingMax = MESSAGES_AT_ONCE;
    const tell = ({ event, backend }: Record<string, unknown>): void => {
      parts.tell(`breaker ${String(event)}`, `${String(backend)} by ${name}`);
    };
    this.#pipeline = {
      payments: rules.payments(this.#stepping("payment", payments.backend(now))),
      orders: this.#stepping("orders", bookings),
      paymentBreaker: rules.breaker(hints, "payment", name, tell),
      orderBreaker: rules.breaker(hints, "orders", name, tell),
      paymentPace: new Pace(pace, "payment"),
      orderPace: new Pace(pace, "orders"),
      paymentSlots: new Bulkhead({ slots: () => PAYMENT_CALLS_AT_ONCE, waitingMax }),
      orderSlots: new Bulkhead({ slots: () => ORDER_CALLS_AT_ONCE, waitingMax }),
      now,
      newId: () => {
        this.#ids += 1;
        return `${name}.${this.#ids}`;
      },
    };
  }

  async takeOrder(delivery: Delivery): Promise<void> {
    const parsed = orderMessageSchema.safeParse(delivery.body);
    await this.#take(delivery, async () => {
      if (!parsed.success) {
        this.#parts.ordersQueue.park(delivery.body);
        return null;
      }
      const progress = await advance(this.#pipeline, this.#leased(parsed.data.order));
      return progress.kind === "again" ? progress.after_s : null;
    });
  }

  async takeEvent(delivery: Delivery): Promise<void> {
    const event = orderEventSchema.parse(delivery.body);
    await this.#take(delivery, async () => {
      const { bookings, mailBook, mailsQueue } = this.#parts;
      const logged = await this.#step(() => bookings.keep(event));
      const mail = mailBook.untriedOf(event);
      if (mail !== null) await this.#step(() => mailsQueue.send(mailMessage(mail)));
      if (logged !== null && this.#parts.awaitsBook) await this.#tell(event.order, logged);
      return null;
    });
  }

  /** An order that does not hear it sends its events again. */
  async #tell(order: string, logged: readonly number[]): Promise<void> {
    const { network, objects, rules } = this.#parts;
    const { host } = objects.orderOf(order);
    const versions = rules.book.logged(logged);
    await this.#step(() => {
      return network.ask(this.life, host, (core) => core.bookHas(versions)).catch(() => undefined);
    });
  }

  async takeMail(delivery: Delivery): Promise<void> {
    const { faults, mailBook, mailService, rules, time } = this.#parts;
    await this.#take(delivery, () => {
      return takeMail(
        {
          rules,
          book: mailBook,
          service: mailService,
          unrecorded: this.#unrecorded,
          now: () => time.now + this.life.skew_ms,
          chance: faults.random,
          step: (act) => this.#step(act),
          factsOf: (order) => this.#factsOf(order),
          later: (mail, after_s) => this.#later(mail, after_s),
        },
        delivery.body,
      );
    });
  }

  async #factsOf(order: string): Promise<MailFacts | null> {
    const { network, objects } = this.#parts;
    const { host } = objects.orderOf(order);
    return this.#step(() => {
      return network.ask(this.life, host, async ({ record }) => {
        return record === null ? null : mailFactsOf(record);
      });
    });
  }

  /** A message with a delay: the queue has it once it is sent. */
  #later(mail: string, after_s: number): void {
    const { mailsQueue, time } = this.#parts;
    time.after(after_s * 1000, () => {
      mailsQueue.send(mailMessage(mail)).catch(() => undefined);
    });
  }

  /** @param work in how many seconds the message shall come again; null: never */
  async #take(delivery: Delivery, work: () => Promise<number | null>): Promise<void> {
    this.#deliveries.add(delivery);
    const after_s = await work().catch((error: unknown) => {
      this.#parts.tell("consumer failed", errorText(error));
      return messageDelay_s(delivery.attempts, this.#parts.faults.random());
    });
    this.#deliveries.delete(delivery);
    if (!this.life.alive) return;
    if (after_s === null) delivery.ack();
    else delivery.retry(after_s);
  }

  #leased(id: string): LeasedOrder {
    const { network, objects } = this.#parts;
    const { host } = objects.orderOf(id);
    const ask = <Answer>(what: (core: OrderCore) => Promise<Answer>): Promise<Answer> => {
      return this.#step(() => network.ask(this.life, host, what));
    };
    return {
      lease: (lease) => ask((core) => core.lease(lease)),
      recordPayment: (lease, payment) => ask((core) => core.recordPayment(lease, payment)),
      report: (lease, said, next) => ask((core) => core.report(lease, said, next)),
    };
  }

  /** Every method of a backend becomes a step. */
  #stepping<Backend extends object>(backend: string, real: Backend): Backend {
    const calls = this.#calls;
    const counter = `${this.name} ${backend}`;
    return new Proxy(real, {
      get: (real, name): unknown => {
        const member: unknown = Reflect.get(real, name);
        if (typeof member !== "function") return member;
        return (...given: readonly unknown[]): Promise<unknown> => {
          calls.set(counter, (calls.get(counter) ?? 0) + 1);
          return this.#step(async (): Promise<unknown> => Reflect.apply(member, real, given));
        };
      },
    });
  }

  async #step<Answer>(act: () => Promise<Answer>): Promise<Answer> {
    const { faults, time } = this.#parts;
    if (!this.life.alive || this.#dies()) return never();
    if (faults.strikes("consumer_pause")) {
      await time.sleep(faults.between(0, PAUSE_MAX_MS));
      if (!this.life.alive) return never();
    }
    const answer = await act();
    return !this.life.alive || this.#dies() ? never() : answer;
  }

  #dies(): boolean {
    if (!this.#parts.faults.strikes("consumer_death")) return false;
    this.#parts.tell("consumer dies", this.name);
    this.life.end();
    for (const delivery of this.#deliveries) delivery.abandon();
    this.#deliveries.clear();
    return true;
  }
}

export class Consumers {
  /** Calls to a backend, by isolate and backend. */
  readonly calls = new Map<string, number>();
  readonly #parts: ConsumerParts;
  readonly #isolates = new Map<number, Isolate>();
  /** Shared by all isolates. */
  readonly #pace: PaceMemory;
  readonly #count: number;
  #begun = 0;

  constructor(parts: ConsumerParts) {
    this.#parts = parts;
    this.#pace = new PaceMemory(() => parts.time.now, parts.rules.pace);
    this.#count = parts.faults.pick(ISOLATES);
  }

  takeOrder(delivery: Delivery): void {
    void this.#isolate().takeOrder(delivery);
  }

  takeEvent(delivery: Delivery): void {
    void this.#isolate().takeEvent(delivery);
  }

  takeMail(delivery: Delivery): void {
    void this.#isolate().takeMail(delivery);
  }

  #isolate(): Isolate {
    const slot = this.#parts.faults.between(1, this.#count);
    const known = this.#isolates.get(slot);
    if (known?.life.alive === true) return known;
    this.#begun += 1;
    const begun = new Isolate(this.#parts, `isolate-${this.#begun}`, this.calls, this.#pace);
    this.#isolates.set(slot, begun);
    return begun;
  }
}
