/**
 * The promises P1 to P6, P8 and P10 to P15, held against all that the world knows, step by step.
 *
 * Guarantee: everything that changed in a step is checked before the next; the first broken
 * promise ends the run. The provider's books, the bookings and the stocks are compared with the
 * orders' durable records, never with what an instance believes.
 */
import { BREAKER_DEFAULTS } from "../../src/domain/breaker.ts";
import { normalizeLines } from "../../src/domain/stock/cart.ts";
import { erasedBuyerOf } from "../../src/domain/order/erasure.ts";
import type { OrderEvent } from "../../src/domain/order/messages.ts";
import { isFinal, type OrderRecord, type OrderState } from "../../src/domain/order/order.ts";
import {
  countersAgree,
  replayLedger,
  type LedgerRow,
} from "../../src/domain/stock/stock-ledger.ts";
import type { RoomMemory } from "../memory/room-memory.ts";
import type { StockMemory } from "../memory/stock-memory.ts";
import type { BookEvidence } from "./book-evidence.ts";
import { BrokenPromise, type PromiseName } from "./broken.ts";
import { BuyerPromises } from "./buyer-promises.ts";
import { DiscountPromises } from "./discount-promises.ts";
import { ErasurePromises } from "./erasure-promises.ts";
import type { Conditions } from "./faults.ts";
import type { OrderAnswer } from "./gate.ts";
import { MailPromises } from "./mail-promises.ts";
import type { MailBook } from "./mails.ts";
import type { Objects } from "./objects.ts";
import type { PaymentFacts, SimulatedPayments } from "./payments.ts";
import { NetworkPromises } from "./network-promises.ts";
import { RefundPromises } from "./refund-promises.ts";
import { SALE } from "./sale.ts";
import { SeatPromises } from "./seat-promises.ts";
import { UnpaidPromises } from "./unpaid-promises.ts";

/** States in which money may have been taken for an order that is not confirmed. */
const MAY_HAVE_TAKEN: ReadonlySet<OrderState> = new Set(["capturing", "in_doubt", "voiding"]);

type Placed = Extract<OrderAnswer, { readonly kind: "accepted" | "rejected" }>;

/** What the promises are held against. */
export interface Evidence extends Conditions {
  readonly objects: Objects;
  readonly payments: SimulatedPayments;
  readonly mailBook: MailBook;
  readonly bookings: BookEvidence;
}

export class Promises {
  /** How orders ended, and how many. */
  readonly ends = new Map<OrderState, number>();
  readonly refunds: RefundPromises;
  readonly discounts: DiscountPromises;
  readonly buyers: BuyerPromises;
  readonly mails: MailPromises;
  readonly unpaid: UnpaidPromises;
  readonly networks: NetworkPromises;
  readonly seats: SeatPromises;
  readonly erasures: ErasurePromises;
  readonly #evidence: Evidence;
  readonly #orders = new Set<string>();
  readonly #skus = new Set<string>();
  readonly #answers = new Map<string, Placed>();
  readonly #finals = new Map<string, OrderState>();
  #discountsMoved = false;
  #broken: BrokenPromise | null = null;

  constructor(evidence: Evidence) {
    this.#evidence = evidence;
    const broken = (promise: PromiseName, what: string): void => this.broken(promise, what);
    const objects = (): Objects => evidence.objects;
    this.refunds = new RefundPromises(objects, broken);
    this.discounts = new DiscountPromises(objects, broken);
    this.buyers = new BuyerPromises(objects, broken);
    this.erasures = new ErasurePromises(objects, broken);
    this.unpaid = new UnpaidPromises(objects, () => evidence.time.now, broken);
    this.networks = new NetworkPromises(broken);
    this.seats = new SeatPromises(() => evidence.time.now, broken);
    this.mails = new MailPromises(
      () => evidence.mailBook,
      () => evidence.time.now,
      broken,
    );
  }

  #recordOf(order: string): OrderRecord | null {
    return this.#evidence.objects.orders.get(order)?.memory.record ?? null;
  }

  /** Something of this order changed. */
  look(order: string): void {
    this.#orders.add(order);
  }

  lookAtStock(sku: string): void {
    this.#skus.add(sku);
  }

  lookAtDiscounts(): void {
    this.#discountsMoved = true;
  }

  broken(promise: PromiseName, what: string): void {
    this.#broken ??= new BrokenPromise(promise, what);
  }

  /** After every step. @throws BrokenPromise */
  check(): void {
    if (this.#skus.size > 0) {
      for (const sku of this.#skus) this.#checkStock(sku);
      this.#skus.clear();
    }
    if (this.#discountsMoved) this.discounts.check();
    this.#discountsMoved = false;
    if (this.#orders.size > 0) {
      for (const order of this.#orders) this.#checkOrder(order);
      this.#orders.clear();
    }
    if (this.#broken !== null) throw this.#broken;
  }

  /** A shopper was answered: the same key has the same answer, for ever (P6). */
  answered(order: string, answer: OrderAnswer): void {
    if (answer.kind !== "accepted" && answer.kind !== "rejected") return;
    this.#checkRefusal(order, answer);
    const earlier = this.#answers.get(order);
    if (earlier === undefined) this.#answers.set(order, answer);
    else if (say(earlier) !== say(answer)) {
      this.broken("P6", `${order} was answered ${say(earlier)} and then ${say(answer)}`);
    }
    this.look(order);
  }

  /** A unit that is refused as sold out while it is there is a unit lost. */
  #checkRefusal(order: string, answer: Placed): void {
    if (answer.kind !== "rejected" || answer.rejection.code !== "sold_out") return;
    const { sku, available } = answer.rejection;
    const lines = normalizeLines(this.#recordOf(order)?.intent.lines ?? []);
    const asked = lines.find((line) => line.sku === sku)?.quantity ?? 0;
    if (available < asked) return;
    this.broken("P1", `${order} was refused ${asked} of ${sku} with ${available} available`);
  }

  /**
   * A breaker opened that was closed: it must have seen the minimum of calls (P10).
   * @param calls that this isolate has begun in all
   */
  breakerOpened(by: string, calls: number): void {
    const { callsMin } = BREAKER_DEFAULTS;
    if (calls < callsMin) this.broken("P10", `${by} opened a breaker after ${calls} calls`);
  }

  /** An order's record became durable. @param now of the object's clock */
  saved(before: OrderRecord | null, after: OrderRecord, now: number): void {
    const { id } = after.intent;
    this.look(id);
    this.refunds.saved(after);
    this.unpaid.saved(after);
    this.erasures.saved(before, after);
    for (const { sku } of after.intent.lines) this.lookAtStock(sku);
    if (before?.lease == null || after.lease === null || before.lease.id === after.lease.id) return;
    if (before.lease.until_ms > now) {
      this.broken("P3", `${id} was leased to ${after.lease.id} while ${before.lease.id} had it`);
    }
  }

  /** A room wrote. */
  roomSaved(memory: RoomMemory): void {
    this.seats.saved(memory);
    this.unpaid.ordersBegan(memory.admissions.values());
  }

  /** The provider acted. What allows it must have been durable before (P2, P3). */
  moneyMoved(order: string, payment: string, was: PaymentFacts["money"], is: string): void {
    this.look(order);
    if (was === is || is === "none") return;
    const record = this.#recordOf(order);
    if (record === null || record.paymentId !== payment) {
      this.broken("P3", `${payment} of ${order} is ${is} and the order does not know of it`);
    }
    const { state } = record?.standing ?? { state: "placing" };
    // Money that was given back in full comes back when that refund fails.
    if (is === "taken" && was === "reserved" && !MAY_HAVE_TAKEN.has(state)) {
      this.broken("P3", `money was taken for ${order}, which is durably ${state}`);
    }
  }

  projected(known: OrderEvent | null, event: OrderEvent): void {
    if (known !== null && event.version < known.version) {
      const versions = `version ${known.version} gave way to ${event.version}`;
      this.broken("P6", `the book's projection of ${event.order}: ${versions}`);
    }
  }

  #checkStock(sku: string): void {
    this.buyers.checkLimits(sku);
    this.unpaid.checkStock(sku);
    const { memory } = this.#evidence.objects.stockOf(sku);
    const { reservations, ledger } = memory;
    const counters = memory.counters();
    if (!countersAgree(counters)) this.broken("P1", `${sku}: ${JSON.stringify(counters)}`);
    const latest_ms = this.#evidence.time.now + SALE.admission.sessionSeconds * 1000;
    const sums = { held: 0, ordered: 0, sold: 0, released: 0 };
    for (const item of reservations.values()) {
      const { standing, quantity } = item;
      sums[standing.state] += quantity;
      if (standing.state === "held" && !(standing.deadline_ms <= latest_ms)) {
        this.broken("P5", `${sku}: the hold ${item.id} ends at ${standing.deadline_ms}`);
      }
      if (standing.state === "ordered") this.#checkOwner(sku, item.id);
    }
    for (const kind of ["held", "ordered", "sold"] as const) {
      if (sums[kind] === counters[kind]) continue;
      const what = `${counters[kind]} ${kind} units, and reservations of ${sums[kind]}`;
      this.broken("P1", `${sku}: ${what}`);
    }
    const last = ledger.at(-1);
    if (last !== undefined && last.available !== counters.available) {
      this.broken("P1", `${sku}: the ledger ends with ${last.available} available`);
    }
  }

  /** P5: ordered units belong to an order in progress, or to one whose outbox settles them. */
  #checkOwner(sku: string, order: string): void {
    const { memory } = this.#evidence.objects.orderOf(order);
    const { record } = memory;
    if (record !== null && !isFinal(record.standing)) return;
    const owes = [...memory.outbox.values()].some(({ owed }) => {
      return owed.kind === "stock" && owed.sku === sku;
    });
    if (record === null || !owes) {
      this.broken("P5", `${sku}: units are ordered by ${order}, which does not own them`);
    }
  }

  #checkOrder(order: string): void {
    const record = this.#recordOf(order);
    const answer = this.#answers.get(order);
    const state = record?.standing.state ?? "unknown";
    if (answer?.kind === "accepted" && ["unknown", "placing", "rejected"].includes(state)) {
      this.broken("P2", `${order} was answered with 202 and is durably ${state}`);
    }
    if (record === null) return;
    this.#checkFinal(order, record);
    const payments = this.#evidence.payments.of(order);
    this.#checkMoney(record, payments);
    this.refunds.check(record, payments);
    this.buyers.check(record, payments);
    this.discounts.checkOrder(record);
    this.#checkUnits(record, payments);
    this.#checkBooking(record);
  }

  #checkFinal(order: string, { standing }: OrderRecord): void {
    const known = this.#finals.get(order);
    if (known !== undefined && known !== standing.state) {
      this.broken("P2", `${order} ended ${known} and is ${standing.state} now`);
    }
    if (known === undefined && isFinal(standing)) {
      this.#finals.set(order, standing.state);
      this.ends.set(standing.state, (this.ends.get(standing.state) ?? 0) + 1);
      this.#evidence.tell(`ends ${standing.state}`, order);
    }
  }

  #checkMoney({ intent, standing }: OrderRecord, payments: readonly PaymentFacts[]): void {
    const captures = payments.reduce((sum, payment) => sum + payment.captures, 0);
    if (captures > 1) this.broken("P3", `${intent.id} was paid ${captures} times`);
    const taken = payments.filter(({ money }) => money === "taken").length;
    const { state } = standing;
    if (taken > 0 && state !== "confirmed" && !MAY_HAVE_TAKEN.has(state)) {
      this.broken("P3", `${intent.id} is ${state}, its money is taken and not given back`);
    }
    if (state === "confirmed" && captures !== 1) {
      this.broken("P3", `${intent.id} is confirmed and was paid ${captures} times`);
    }
    const bound = payments.filter(({ money }) => money !== "none").length;
    if (bound > 1) this.broken("P3", `${intent.id} has money in ${bound} payments at once`);
    if (bound > 0 && isFinal(standing) && state !== "confirmed") {
      this.broken("P4", `${intent.id} is ${state} with money still reserved or taken`);
    }
  }

  /** P4: an order in progress, or with money reserved or taken, owns its units. */
  #checkUnits({ intent, standing }: OrderRecord, payments: readonly PaymentFacts[]): void {
    const { id, buyer, sale } = intent;
    const { state } = standing;
    const hasMoney = payments.some(({ money }) => money !== "none");
    const isOnItsWay = state !== "placing" && !isFinal(standing);
    for (const { sku, quantity } of normalizeLines(intent.lines)) {
      const { memory } = this.#evidence.objects.stockOf(sku);
      // The stock forgets an erased buyer a moment before the order.
      const forgotten = memory.reservation({ sale, buyer: erasedBuyerOf(id), id });
      const units = memory.reservation({ sale, buyer, id }) ?? forgotten;
      const units_state = units?.standing.state ?? "none";
      const owned = (units?.quantity ?? 0) + restockedOf(memory, id);
      const owns = (units_state === "ordered" || units_state === "sold") && owned === quantity;
      if ((isOnItsWay || hasMoney || state === "confirmed") && !owns) {
        this.broken("P4", `${id} is ${state} and its ${quantity} of ${sku} are ${units_state}`);
      }
      if (units_state === "sold" && state !== "confirmed") {
        this.broken("P3", `${sku} is sold to ${id}, which is ${state}`);
      }
    }
  }

  #checkBooking({ intent, standing }: OrderRecord): void {
    if (!this.#evidence.bookings.isWhole) return;
    const booking = this.#evidence.bookings.status.get(intent.id) ?? "none";
    if (standing.state === "confirmed" && booking !== "booked") {
      this.broken("P3", `${intent.id} is confirmed and its booking is ${booking}`);
    }
    if (isFinal(standing) && standing.state !== "confirmed" && booking === "booked") {
      this.broken("P3", `${intent.id} is ${standing.state} and still booked`);
    }
  }

  /** Long after the last fault: nothing may be left over. @throws BrokenPromise */
  checkSettled(): void {
    for (const [id, { memory }] of this.#evidence.objects.orders)
      this.#checkEnd(id, memory.record, memory);
    for (const { sku, stock } of SALE.items) {
      const { memory } = this.#evidence.objects.stockOf(sku);
      const { held, ordered } = memory.counters();
      if (held > 0) this.broken("P5", `${sku}: ${held} units are held for ever`);
      if (ordered > 0) this.broken("P5", `${sku}: ${ordered} units are ordered for ever`);
      this.#checkReceived(sku, memory.ledger, stock);
      if (JSON.stringify(replayLedger(memory.ledger)) !== JSON.stringify(memory.counters())) {
        this.broken("P1", `${sku}: the ledger does not add up to the counters`);
      }
    }
    this.discounts.checkSettled();
    this.#checkRoomEnd();
    if (this.#broken !== null) throw this.#broken;
  }

  /** The opening units, once, however many sales name the SKU. */
  #checkReceived(sku: string, ledger: readonly LedgerRow[], opening: number): void {
    const receipts = ledger.filter(({ kind }) => kind === "receive");
    const received = receipts.reduce((sum, { quantity }) => sum + quantity, 0);
    if (received === opening) return;
    this.broken("P1", `${sku}: ${received} units were received, and the sale brought ${opening}`);
  }

  #checkRoomEnd(): void {
    const { admissions, room, events } = this.#evidence.objects.roomMemory;
    for (const { id, orderInProgress } of admissions.values()) {
      if (orderInProgress !== null) {
        this.broken("P5", `the seat of ${id} waits for ${orderInProgress} for ever`);
      }
    }
    const last = events.at(-1)?.type ?? "none";
    if (last !== "sale.ended") this.broken("P8", `the room stopped ticking after ${last}`);
    // A room that is over has nothing to do: an early end leaves seats that nobody wants.
    const isOnTime = room.schedule.endsAt_ms >= Date.parse(SALE.endsAt);
    if (isOnTime && room.seats.active > 0)
      this.broken("P8", "a seat is taken after the sale's end");
    this.unpaid.checkSettled();
  }

  #checkEnd(
    id: string,
    record: OrderRecord | null,
    { outbox }: { readonly outbox: ReadonlyMap<number, unknown> },
  ): void {
    const answer = this.#answers.get(id);
    if (record === null) {
      if (answer !== undefined) this.broken("P2", `${id} was answered and is nowhere`);
      return;
    }
    this.refunds.checkSettled(record, this.#evidence.payments.of(id));
    if (!this.erasures.isErased(id)) this.mails.checkSettled(record);
    const { standing, lease, version } = record;
    if (!isFinal(standing)) this.broken("P2", `${id} is ${standing.state} for ever`);
    if (lease !== null) this.broken("P2", `${id} keeps the lease ${lease.id} for ever`);
    if (outbox.size > 0) this.broken("P2", `${id} owes ${outbox.size} effects for ever`);
    const known = this.#evidence.bookings.projection.get(id);
    this.erasures.checkSettled(record, known);
    if (this.#evidence.bookings.mayMiss(record)) return;
    if (known?.version !== version || known.state !== standing.state) {
      const seen = `${known?.state ?? "unknown"} (${known?.version ?? 0})`;
      this.broken("P2", `${id} is ${standing.state} (${version}) and the book says ${seen}`);
    }
  }
}

/** Units of the order that went back on sale. */
function restockedOf({ restocks }: StockMemory, order: string): number {
  const own = [...restocks.values()].filter(({ id }) => id === order);
  return own.reduce((sum, { quantity }) => sum + quantity, 0);
}

/** What of an answer is the same for ever; the order's state goes on. */
function say(answer: Placed): string {
  if (answer.kind === "rejected") return `rejected with ${JSON.stringify(answer.rejection)}`;
  return `accepted as ${answer.order.id} with ${answer.viewKey}`;
}
