/**
 * Bugs planted in the rules of a simulated world: refunds, discount codes, prices, orders that are
 * given up, the limit per buyer, and mails.
 */
import type { OrderRecord } from "../../../src/domain/order/order.ts";
import {
  giveBack,
  NO_CHANGE,
  type DiscountCode,
  type DiscountReads,
} from "../../../src/domain/discounts/uses.ts";
import { isFinal } from "../../../src/domain/order/order.ts";
import { GIVEN_UP } from "../../../src/domain/order/reasons.ts";
import { mayGiveUp, moveTo } from "../../../src/domain/order/transition.ts";
import type { StockReads } from "../../../src/domain/stock/stock-ledger.ts";
import { expire } from "../../../src/domain/stock/stock.ts";
import { PRODUCT_RULES, type Rules } from "../../../simulation/faults/rules.ts";
import { withDiscounts, withMails, withOrder, withPayments, withStock } from "./faults-rules.ts";

const { order, stock, discounts, mails } = PRODUCT_RULES;

/** The refunds that an answer left unclear, made again at once. */
function madeAgain(record: OrderRecord, now: number): OrderRecord {
  if (!record.refunds.some(({ state }) => state === "unclear")) return record;
  const refunds = record.refunds.map((refund) => {
    if (refund.state !== "unclear") return refund;
    const anew = { state: "requested", attempt: refund.attempt + 1, attemptAt_ms: now } as const;
    return { ...refund, ...anew };
  });
  return { ...record, refunds, settlementDue_ms: null };
}

function readsOf(reads: StockReads, change: Partial<StockReads>): StockReads {
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
    ...change,
  };
}

function codesOf(reads: DiscountReads, change: Partial<DiscountReads>): DiscountReads {
  return {
    code: (hash) => reads.code(hash),
    codeById: (id) => reads.codeById(id),
    codeCount: () => reads.codeCount(),
    lastNumber: () => reads.lastNumber(),
    use: (id) => reads.use(id),
    usesOf: (code, buyer) => reads.usesOf(code, buyer),
    ...change,
  };
}

/** Any number of uses is allowed. */
function unlimited(code: DiscountCode | null): DiscountCode | null {
  return code && { ...code, rule: { ...code.rule, uses: null, usesPerBuyer: null } };
}

type Mutant = readonly [name: string, rules: Rules];

const REFUND_MUTANTS: readonly Mutant[] = [
  [
    "a refund of unclear outcome is made again at once, under a new key",
    withOrder({
      report: (record, lease, said, now, chance) => {
        const decision = order.report(record, lease, said, now, chance);
        return { ...decision, record: madeAgain(decision.record, now) };
      },
    }),
  ],
  [
    "units go back on sale when their refund is requested",
    withOrder({
      requestRefund: (record, request, now) => {
        const decision = order.requestRefund(record, request, now);
        if (decision.outcome.kind !== "requested") return decision;
        const early = request.restock.map((line) => {
          return { kind: "restock", ...line, refund: request.id } as const;
        });
        return { ...decision, effects: [...decision.effects, ...early] };
      },
    }),
  ],
  [
    "a restock that comes again puts its units on sale again",
    withStock({
      restock: (reads, command, now) => {
        return stock.restock(readsOf(reads, { restock: () => null }), command, now);
      },
    }),
  ],
  [
    "refunds that were made at the provider are ignored",
    withPayments((backend) => ({
      settlement: async (request) => {
        const outcome = await backend.settlement(request);
        if (outcome.kind !== "found") return outcome;
        return { ...outcome, refunds: outcome.refunds.filter(({ refundId }) => refundId !== null) };
      },
    })),
  ],
  [
    "a pending refund counts as succeeded",
    withPayments((backend) => ({
      refundPart: async (request) => {
        const outcome = await backend.refundPart(request);
        return outcome.kind === "refunded" ? { ...outcome, state: "succeeded" } : outcome;
      },
    })),
  ],
  [
    "a pending refund is not looked at again",
    withOrder({
      report: (record, lease, said, now, chance) => {
        const decision = order.report(record, lease, said, now, chance);
        const states = new Set(decision.record.refunds.map(({ state }) => state));
        const isWaiting = states.has("pending") && decision.outcome.kind === "moved";
        if (!isWaiting || states.has("unclear")) return decision;
        return { ...decision, record: { ...decision.record, settlementDue_ms: null } };
      },
    }),
  ],
  [
    "a refund requested again under its key is another refund",
    withOrder({
      requestRefund: (record, request, now) => {
        const same = record.refunds.filter(({ id }) => id.startsWith(request.id));
        const id = same.length === 0 ? request.id : `${request.id}.${same.length}`;
        return order.requestRefund(record, { ...request, id }, now);
      },
    }),
  ],
  [
    "each refund alone may be as much as was paid",
    withOrder({
      requestRefund: (record, request, now) => {
        const isKnown = record.refunds.some(({ id }) => id === request.id);
        if (isKnown) return order.requestRefund(record, request, now);
        const decision = order.requestRefund({ ...record, refunds: [] }, request, now);
        const refunds = [...record.refunds, ...decision.record.refunds];
        return { ...decision, record: { ...decision.record, refunds } };
      },
    }),
  ],
  [
    "news of refunds is forgotten by an order that does not know yet that it is paid",
    withOrder({
      nudge: (record, now, about) => {
        const isEarly = about === "settlement" && !isFinal(record.standing);
        if (!isEarly) return order.nudge(record, now, about);
        return { record, effects: [], outcome: "not_waiting" };
      },
    }),
  ],
  [
    "news of refunds is answered by a reading that had begun before",
    withOrder({
      nudge: (record, now, about) => {
        const decision = order.nudge(record, now, about);
        if (about !== "settlement" || record.standing.state !== "confirmed") return decision;
        return { ...decision, record: { ...decision.record, settlementDue_ms: now } };
      },
    }),
  ],
];

const DISCOUNT_MUTANTS: readonly Mutant[] = [
  [
    "the use of a code does not come back from an order that ended unpaid",
    withDiscounts({
      giveBack: () => ({ outcome: { kind: "already_given_back" }, change: NO_CHANGE }),
    }),
  ],
  [
    "a confirmed order gives its use of a code back",
    withDiscounts({
      keep: (reads, id) => ({ ...giveBack(reads, id), outcome: { kind: "kept" } }),
    }),
  ],
  [
    "uses are counted where a code is looked at, not where it is taken",
    withDiscounts({
      take: (reads, command, now) => {
        const code: DiscountReads["code"] = (hash) => unlimited(reads.code(hash));
        const decision = discounts.take(codesOf(reads, { code }), command, now);
        const codes = decision.change.codes.map((code) => {
          return { ...code, rule: reads.codeById(code.id)?.rule ?? code.rule };
        });
        return { ...decision, change: { ...decision.change, codes } };
      },
    }),
  ],
  [
    "a use is taken after it was given back",
    withDiscounts({
      take: (reads, command, now) => {
        const isOver = reads.use(command.order)?.standing.state === "given_back";
        const use: DiscountReads["use"] = (id) => (isOver ? null : reads.use(id));
        return discounts.take(codesOf(reads, { use }), command, now);
      },
    }),
  ],
  [
    "uses of a code are counted by admission only, not by e-mail address",
    withDiscounts({
      take: (reads, command, now) => discounts.take(reads, { ...command, identities: [] }, now),
    }),
  ],
  [
    "an order takes whatever its code takes off by now",
    withDiscounts({
      take: (reads, command, now) => discounts.take(reads, { ...command, revision: null }, now),
    }),
  ],
];

const BUYER_MUTANTS: readonly Mutant[] = [
  [
    "what it costs by now is charged, not what was shown",
    { ...PRODUCT_RULES, isAgreed: () => true },
  ],
  [
    "a payment that is given up ends before its void is known",
    withOrder({
      giveUp: (record, now) => {
        const { standing } = record;
        if (standing.state === "placing" || !mayGiveUp(standing)) return order.giveUp(record, now);
        const declined = { state: "declined", reason: GIVEN_UP } as const;
        return moveTo(record, declined, now, { kind: "giving_up", when: "now" } as const);
      },
    }),
  ],
  [
    "giving up is forgotten while a step is in flight",
    withOrder({
      giveUp: (record, now) => {
        const decision = order.giveUp(record, now);
        const { outcome } = decision;
        const isLater = outcome.kind === "giving_up" && outcome.when === "after_step";
        return isLater ? { ...decision, record } : decision;
      },
    }),
  ],
  [
    "the units of a declined order do not return to its hold",
    withStock({
      release: (reads, command, now) => stock.release(reads, { ...command, backTo: null }, now),
    }),
  ],
  [
    "the card is not counted",
    withStock({
      claimIdentity: (reads, _, now) => {
        return { ...expire(reads, now), outcome: { kind: "claimed" } };
      },
    }),
  ],
  [
    "the units of an e-mail address are counted order by order",
    withStock({
      order: (reads, command, now) => {
        return stock.order(readsOf(reads, { claimsOf: () => [] }), command, now);
      },
    }),
  ],
];

const MAIL_MUTANTS: readonly Mutant[] = [
  [
    "a mail that was sent is added again with its event",
    withMails({ added: (_known, mail, now) => mails.added(null, mail, now) }),
  ],
  [
    "several consumers get the same mail: no lease",
    withMails({ claimed: (row, now) => mails.claimed({ ...row, due_ms: now }, now) }),
  ],
  [
    "a mail of unclear outcome is not tried again",
    withMails({
      afterTry: (row, outcome, now, chance) => {
        const failed = { kind: "refused", reason: "no_answer" } as const;
        return mails.afterTry(row, outcome.kind === "unclear" ? failed : outcome, now, chance);
      },
    }),
  ],
  [
    "all refunds of an order have one mail",
    withMails({
      mailOf: (event) => {
        const mail = mails.mailOf(event);
        return mail && { ...mail, id: `${mail.order}:${mail.kind}` };
      },
    }),
  ],
];

export const MONEY_MUTANTS: readonly Mutant[] = [
  ...REFUND_MUTANTS,
  ...DISCOUNT_MUTANTS,
  ...BUYER_MUTANTS,
  ...MAIL_MUTANTS,
];
