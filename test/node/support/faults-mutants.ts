/**
 * Bugs planted in the rules of a simulated world: the mistakes of the usual recipe, and some of our
 * own. Each replaces one rule; the product's files stay as they are.
 */
import type { OrderDecision } from "../../../src/domain/order/transition.ts";
import { moveTo } from "../../../src/domain/order/transition.ts";
import type { OrderRecord } from "../../../src/domain/order/order.ts";
import type { ReportOutcome } from "../../../src/domain/order/step-outcomes.ts";
import { SingleAlarm } from "../../../durable-objects/single-alarm.ts";
import { OrderMemory, orderStore } from "../../../simulation/memory/order-memory.ts";
import { PRODUCT_RULES, type Rules } from "../../../simulation/faults/rules.ts";
import { BOOK_MUTANTS } from "./faults-book-mutants.ts";
import { ERASURE_MUTANTS } from "./faults-erasure-mutants.ts";
import { MONEY_MUTANTS } from "./faults-money-mutants.ts";
import { SEAT_AND_SECRET_MUTANTS } from "./faults-seat-mutants.ts";
import {
  boundReads,
  withBreaker,
  withOrder,
  withPayments,
  withRoom,
  withStock,
} from "./faults-rules.ts";

const { order, stock, room, book } = PRODUCT_RULES;
const KEYS_FORGOTTEN_MS = 24 * 60 * 60 * 1000;
const MOVED: ReportOutcome = { kind: "moved" };

/** What becomes of a record that a mutant sends back to the start. */
function begunAnew(record: OrderRecord, now: number): OrderRecord {
  const anew = { paymentId: null, attempt: 1, attemptAt_ms: now };
  return moveTo(record, { state: "accepted" }, now, null, anew).record;
}

const ORDER_MUTANTS: readonly (readonly [name: string, rules: Rules])[] = [
  [
    "the last unit counts as sold out",
    withStock({
      order: (reads, command, now) => {
        const decision = stock.order(reads, command, now);
        const takesLast = decision.change.counters.available === 0 && "fresh" in decision.outcome;
        if (!takesLast || decision.outcome.fresh === 0) return decision;
        const { available } = reads.counters();
        const nothing = stock.expire(reads, now);
        return { ...nothing, outcome: { kind: "sold_out", available } };
      },
    }),
  ],
  [
    "units are released at every failed attempt, and again at the end",
    withOrder({
      report: (record, lease, said, now, chance) => {
        const decision = order.report(record, lease, said, now, chance);
        if (decision.outcome.kind !== "put_off") return decision;
        const effects = record.intent.lines.map(({ sku }) => {
          return { kind: "stock", sku, action: "release" } as const;
        });
        return { ...decision, effects: [...decision.effects, ...effects] };
      },
    }),
  ],
  [
    "each sale that names a SKU brings units of its own",
    withStock({
      openStock: (reads, _sales, command, now) => {
        const { sku, sale, quantity, reason } = command;
        const id = `opening:${sale}:${sku}`;
        const { outcome, change } = stock.moveStock(
          reads,
          { id, kind: "receive", quantity, reason },
          now,
        );
        return {
          outcome: outcome.kind === "moved" ? { kind: "opened" } : { kind: "already_opened" },
          change,
        };
      },
    }),
  ],
  [
    "releasing again frees the units again",
    withStock({
      release: (reads, command, now) => {
        const before = reads.reservation(command);
        if (before?.standing.state !== "released" || before.quantity === 0) {
          return stock.release(reads, command, now);
        }
        const ordered = { state: "ordered", orderedAt_ms: now } as const;
        const asIfOrdered = { ...before, standing: ordered };
        const again: typeof reads = {
          ...boundReads(reads),
          reservation: (key) => (key.id === command.id ? asIfOrdered : reads.reservation(key)),
        };
        return stock.release(again, command, now);
      },
    }),
  ],
  [
    "an authorization of unknown outcome counts as declined",
    withPayments((backend) => ({
      authorize: async (request) => {
        const outcome = await backend.authorize(request);
        return outcome.kind === "unknown" ? { kind: "declined", reason: "no_answer" } : outcome;
      },
    })),
  ],
  [
    "a capture of unknown outcome is made again under a new key, without a look-up",
    withOrder({
      report: (record, lease, said, now, chance): OrderDecision<ReportOutcome> => {
        const decision = order.report(record, lease, said, now, chance);
        const { standing, attempt } = decision.record;
        if (standing.state !== "in_doubt" || standing.booking === null) return decision;
        const { booking } = standing;
        const again = { attempt: attempt + 1, attemptAt_ms: now };
        return moveTo(record, { state: "capturing", booking }, now, MOVED, again);
      },
    }),
  ],
  [
    "a failure after the effect counts as nothing done: a new payment is prepared",
    withOrder({
      report: (record, lease, said, now, chance): OrderDecision<ReportOutcome> => {
        const decision = order.report(record, lease, said, now, chance);
        const { standing, attempt } = decision.record;
        if (standing.state !== "in_doubt" || standing.booking !== null) return decision;
        const anew = { paymentId: null, attempt: attempt + 1, attemptAt_ms: now };
        return moveTo(record, { state: "authorizing" }, now, MOVED, anew);
      },
    }),
  ],
  [
    "replaying a dead letter restarts the order after the provider forgot its keys",
    withOrder({
      hurry: (record, now) => {
        const decision = order.hurry(record, now);
        const { standing, attemptAt_ms } = record;
        const isForgotten = now - attemptAt_ms > KEYS_FORGOTTEN_MS;
        if (standing.state !== "in_doubt" || !isForgotten) return decision;
        return { ...decision, record: begunAnew(record, now) };
      },
    }),
  ],
  [
    "several consumers get the same step: no lease",
    withOrder({
      lease: (record, lease, now) => order.lease({ ...record, lease: null }, lease, now),
    }),
  ],
  [
    "effects are performed before the change that requires them is durable",
    {
      ...PRODUCT_RULES,
      orderStore: (memory, write, saved) => {
        const early = new OrderMemory();
        early.record = memory.record;
        for (const [seq, row] of memory.outbox) early.outbox.set(seq, row);
        const durable = orderStore(memory, write, saved);
        const late: (() => void)[] = [];
        const catchUp = (): void => {
          for (const save of late.splice(0)) save();
        };
        return {
          record: () => early.record,
          save: (record, effects) => {
            catchUp();
            early.save(record, effects);
            late.push(() => durable.save(record, effects));
          },
          outbox: () => [...early.outbox.values()],
          settle: (settled) => {
            catchUp();
            early.settle(settled);
            durable.settle(settled);
          },
          settleLater: (settled) => {
            catchUp();
            early.settle(settled);
            durable.settleLater(settled);
          },
        };
      },
    },
  ],
  ["a breaker opens without a minimum number of calls", withBreaker({ callsMin: 2 })],
  [
    "an open breaker waits for a timer that died with its process",
    withBreaker({ openFor_ms: 1e12, openForMax_ms: 1e12 }),
  ],
  [
    "an event is projected without a look at its version",
    { ...PRODUCT_RULES, book: { ...book, isNewer: () => true } },
  ],
  [
    "a booking that was cancelled can be booked again",
    { ...PRODUCT_RULES, book: { ...book, booking: (_known, wanted) => wanted } },
  ],
  [
    "a hold has no deadline",
    withStock({
      hold: (reads, command, now) => {
        const deadline_ms = Number.POSITIVE_INFINITY;
        return stock.hold(reads, { ...command, deadline_ms }, now);
      },
    }),
  ],
  [
    "cancelling does not wait for the capture in progress",
    withOrder({
      cancel: (record, now) => {
        const { state } = record.standing;
        if (state !== "capturing" && state !== "in_doubt") return order.cancel(record, now);
        const cancelled = { state: "cancelled", reason: "cancelled_by_merchant" } as const;
        return moveTo(record, cancelled, now, { kind: "cancelling", when: "now" } as const);
      },
    }),
  ],
  [
    "two lines of one SKU are each checked alone",
    {
      ...PRODUCT_RULES,
      quoteOf: (sale, request) => {
        const alone = request.lines.map((line) => {
          return PRODUCT_RULES.quoteOf(sale, { ...request, lines: [line] });
        });
        const quotes = alone.flatMap((each) => (each.kind === "quoted" ? [each.quote] : []));
        const [quote] = quotes;
        const refused = alone.find(({ kind }) => kind !== "quoted");
        if (quote === undefined || refused !== undefined) {
          return refused ?? { kind: "too_many_lines", limit: 0 };
        }
        const total = quotes.reduce((sum, { amounts }) => sum + amounts.total, 0);
        const lines = quotes.flatMap((each) => each.lines);
        return { kind: "quoted", quote: { ...quote, lines, amounts: { ...quote.amounts, total } } };
      },
    },
  ],
  [
    "the seat of an order that ended without a sale is not handed back",
    withRoom({
      finishOrder: (admission, id, how, allowed) => {
        if (how === "spend") return room.finishOrder(admission, id, how, allowed);
        return { admission, outcome: "not_in_progress" };
      },
    }),
  ],
  [
    "an order takes its seat after it has ended",
    withRoom({
      beginOrder: (admission, id, now, declinesMax) => {
        return room.beginOrder({ ...admission, ordersEnded: [] }, id, now, declinesMax);
      },
    }),
  ],
  [
    "the room does not count a declined payment",
    withRoom({
      finishOrder: (admission, id, how, allowed) => {
        return room.finishOrder(admission, id, how === "declined" ? "hand_back" : how, allowed);
      },
    }),
  ],
  [
    "a payment that was voided after it was declined counts as none",
    withOrder({
      report: (record, ...rest) => {
        const decision = order.report(record, ...rest);
        if (record.standing.state !== "voiding") return decision;
        const effects = decision.effects.map((effect) => {
          return effect.kind === "seat" ? { kind: effect.kind, action: effect.action } : effect;
        });
        return { ...decision, effects };
      },
    }),
  ],
  [
    "an unpaid order keeps no seat once its shopper is gone",
    withRoom({
      admitNow: (before, asked, rules, now) => {
        const seats = { ...before.seats, kept: 0 };
        return room.admitNow({ ...before, seats }, asked, rules, now);
      },
    }),
  ],
  [
    "leaving does not give the order up",
    withOrder({ depart: (record) => ({ record, effects: [], outcome: "unpaid" }) }),
  ],
  [
    "units of a shopper who left go back to their cart",
    withStock({
      hold: (reads, command, now) => stock.hold(reads, { ...command, isFinal: false }, now),
    }),
  ],
  [
    "a hold that is renewed lasts as long as a first one",
    withStock({
      hold: (reads, command, now) => {
        return stock.hold({ ...boundReads(reads), firstHoldEnd_ms: () => null }, command, now);
      },
    }),
  ],
  [
    "an order waits for the bank for as long as it likes",
    withOrder({
      report: (record, lease, said, now, chance) => {
        const decision = order.report(record, lease, said, now, chance);
        const { standing } = decision.record;
        if (standing.state !== "action_required") return decision;
        const later = { ...standing, until_ms: now + 15 * 60_000 };
        return { ...decision, record: { ...decision.record, standing: later } };
      },
    }),
  ],
  ["the seat of an admission that ended is not free", withRoom({ freeSeat: (before) => before })],
  [
    "a shopper is let in without a seat being counted",
    withRoom({
      admitNow: (before, asked, rules, now) => {
        const { outcome } = room.admitNow(before, asked, rules, now);
        return { room: before, outcome };
      },
    }),
  ],
  [
    "an alarm is set to the instant of the alarm that is running, and lost",
    {
      ...PRODUCT_RULES,
      alarm: (storage) => {
        const real = new SingleAlarm(storage);
        return {
          fired: () => real.fired(null),
          know: () => real.know(),
          knowNone: () => real.knowNone(),
          arm: (instants_ms, now) => real.arm(instants_ms, now),
          disarm: () => real.disarm(),
        };
      },
    },
  ],
  [
    "a hold is durable before the alarm that ends it",
    {
      ...PRODUCT_RULES,
      alarm: (storage) => {
        const real = new SingleAlarm(storage);
        return {
          fired: (at_ms) => real.fired(at_ms),
          know: async () => undefined,
          knowNone: () => undefined,
          arm: async (instants_ms, now) => {
            await real.know();
            await real.arm(instants_ms, now);
          },
          disarm: () => real.disarm(),
        };
      },
    },
  ],
  [
    "an effect that failed counts as done",
    {
      ...PRODUCT_RULES,
      orderStore: (memory, write, saved) => {
        const store = orderStore(memory, write, saved);
        return {
          ...store,
          settle: ({ done, postponed, told }) => {
            const all = [...done, ...postponed.map(({ seq }) => seq)];
            store.settle({ done: all, postponed: [], told });
          },
        };
      },
    },
  ],
];

export const MUTANTS = [
  ...ORDER_MUTANTS,
  ...MONEY_MUTANTS,
  ...SEAT_AND_SECRET_MUTANTS,
  ...ERASURE_MUTANTS,
  ...BOOK_MUTANTS,
];
