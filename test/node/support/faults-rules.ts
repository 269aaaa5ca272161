/**
 * The rules of a simulated world with some of them replaced.
 */
import { Breaker } from "../../../queues/breakers.ts";
import { PRODUCT_RULES, type Rules } from "../../../simulation/faults/rules.ts";
import { BREAKER_DEFAULTS } from "../../../src/domain/breaker.ts";
import type { StockReads } from "../../../src/domain/stock/stock-ledger.ts";
import type { PaymentBackend } from "../../../src/domain/order/payment-backend.ts";

const { order, stock, room, discounts, mails } = PRODUCT_RULES;

export function withOrder(change: Partial<Rules["order"]>): Rules {
  return { ...PRODUCT_RULES, order: { ...order, ...change } };
}

export function withStock(change: Partial<Rules["stock"]>): Rules {
  return { ...PRODUCT_RULES, stock: { ...stock, ...change } };
}

export function withRoom(change: Partial<Rules["room"]>): Rules {
  return { ...PRODUCT_RULES, room: { ...room, ...change } };
}

export function withDiscounts(change: Partial<Rules["discounts"]>): Rules {
  return { ...PRODUCT_RULES, discounts: { ...discounts, ...change } };
}

export function withMails(change: Partial<Rules["mails"]>): Rules {
  return { ...PRODUCT_RULES, mails: { ...mails, ...change } };
}

export function withBreaker(rules: Partial<typeof BREAKER_DEFAULTS>): Rules {
  return {
    ...PRODUCT_RULES,
    breaker: (hints, backend, by, tell) => {
      return new Breaker(hints, backend, by, () => ({ ...BREAKER_DEFAULTS, ...rules }), tell);
    },
  };
}

export function withPayments(change: (backend: PaymentBackend) => Partial<PaymentBackend>): Rules {
  return { ...PRODUCT_RULES, payments: (backend) => ({ ...bound(backend), ...change(backend) }) };
}

/** Its methods as a plain object, so that some of them can be replaced. */
function bound(backend: PaymentBackend): PaymentBackend {
  return {
    name: backend.name,
    prepare: (request) => backend.prepare(request),
    authorize: (request) => backend.authorize(request),
    capture: (request) => backend.capture(request),
    void: (request) => backend.void(request),
    refund: (request) => backend.refund(request),
    refundPart: (request) => backend.refundPart(request),
    settlement: (request) => backend.settlement(request),
    lookup: (request) => backend.lookup(request),
  };
}

/** What a rule reads of a stock, so that some of it can be replaced. */
export function boundReads(reads: StockReads): StockReads {
  return {
    counters: () => reads.counters(),
    lastSeq: () => reads.lastSeq(),
    reservation: (key) => reads.reservation(key),
    takenBy: (sale, buyer) => reads.takenBy(sale, buyer),
    claimsOf: (sale, identity) => reads.claimsOf(sale, identity),
    unpaidUnder: (sale, group) => reads.unpaidUnder(sale, group),
    lapsesOf: (sale, group) => reads.lapsesOf(sale, group),
    dueHolds: (until_ms) => reads.dueHolds(until_ms),
    firstHoldEnd_ms: (sale, buyer) => reads.firstHoldEnd_ms(sale, buyer),
    movement: (id) => reads.movement(id),
    restock: (restockId) => reads.restock(restockId),
  };
}
