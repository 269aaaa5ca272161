/**
 * The checks of an order server: every rule of the order contract in docs/backends.md that can be
 * tested from outside.
 */
import { httpOrders } from "../../queues/backends/http-orders.ts";
import { type OrderIntent, PLAIN_INTENT, PLAIN_LINE } from "../../src/domain/order/order.ts";
import { type Check, mustBe, shown, Unmet } from "./checks.ts";
import { answerCheck, garbageCheck, signatureChecks } from "./request-checks.ts";
import { mustBeRefused, newOrderId, type Wire } from "./wire.ts";

const AT_ONCE = 5;
const TRIES = 3;
const PRICE = 1234;

class OrderTrial {
  readonly wire: Wire;

  constructor(wire: Wire) {
    this.wire = wire;
  }

  book(intent: OrderIntent) {
    return httpOrders(this.wire.settings()).book(intent, Date.now());
  }

  cancel(intent: OrderIntent) {
    return httpOrders(this.wire.settings()).cancel(intent, Date.now());
  }

  newOrder(sku = "test_book"): OrderIntent {
    const line = { sku, name: "A test unit", quantity: 1, price: PRICE, limitPerBuyer: 1 };
    return {
      ...PLAIN_INTENT,
      id: newOrderId(),
      sale: "conformance",
      buyer: "subject-of-a-test",
      admission: "test",
      ordersPerAdmission: 1,
      holdUntil_ms: Date.now(),
      lines: [{ ...line, ...PLAIN_LINE }],
      total: PRICE,
      currency: this.wire.target.currency,
      email: "test@shoppers.example",
      name: null,
      shipTo: null,
      paymentMethod: "test_approve",
      returnUrl: "https://shop.example/orders/return",
      fingerprint: "",
      viewKey: "",
      placedAt_ms: Date.now(),
    };
  }

  async booked(intent: OrderIntent): Promise<string> {
    return mustBe(await this.book(intent), "booked", "order.book").booking;
  }

  /** Sends a request with a key that Sluice would not use. */
  ask(type: string, order: unknown, id: string) {
    return this.wire.send({ id, body: JSON.stringify({ v: 1, type, order }) });
  }
}

function orderFields({ id, sale, placedAt_ms, currency, total, lines, email, name }: OrderIntent) {
  const placedAt = new Date(placedAt_ms).toISOString();
  const buyer = { subject: "subject-of-a-test", email, name };
  return { id, sale, placedAt, currency, total, lines, buyer, shipTo: null };
}

export function orderChecks(wire: Wire): readonly Check[] {
  const trial = new OrderTrial(wire);
  return [
    answerCheck(wire),
    ...bookChecks(trial),
    ...signatureChecks(wire, () => unsentRequest(trial)),
    ...repetitionChecks(trial),
    ...cancelChecks(trial),
    garbageCheck(wire, GARBAGE),
    promptCheck(trial),
  ];
}

/** Without a check of the effect, because the contract has no request that shows a booking. */
async function unsentRequest(trial: OrderTrial) {
  const order = trial.newOrder();
  return {
    id: `${order.id}:book`,
    body: JSON.stringify({ v: 1, type: "order.book", order: orderFields(order) }),
    mustHaveNoEffect: () => Promise.resolve(),
  };
}

function bookChecks(trial: OrderTrial): readonly Check[] {
  return [
    {
      name: "book",
      expected: "an order of test_book is booked, with a reference",
      fix: "store the order and answer {answer: booked, booking}",
      run: async () => {
        await trial.booked(trial.newOrder());
      },
    },
    {
      name: "book-two-orders",
      expected: "two orders get two references",
      fix: "make the reference unique for each order",
      run: async () => {
        const first = await trial.booked(trial.newOrder());
        const second = await trial.booked(trial.newOrder());
        if (first === second) throw new Unmet(`both got ${shown(first)}`);
      },
    },
    {
      name: "refuse",
      expected: "an order of test_refuse is refused with a reason",
      fix: "answer {answer: refused, reason} with 200; a refusal is an answer, not an error",
      run: async () => {
        mustBe(await trial.book(trial.newOrder("test_refuse")), "refused", "order.book");
      },
    },
  ];
}

function repetitionChecks(trial: OrderTrial): readonly Check[] {
  return [
    {
      name: "book-same-key",
      expected: "book with the same key twice answers with the same reference",
      fix: "store the answer under webhook-id in the transaction that books",
      run: async () => {
        const order = trial.newOrder();
        mustBeSame(await trial.booked(order), await trial.booked(order));
      },
    },
    {
      name: "book-other-key",
      expected: "book of a booked order answers with its reference, under any key",
      fix: "give the order's id a unique index: an order has one booking forever",
      run: async () => {
        const order = trial.newOrder();
        const booking = await trial.booked(order);
        const reply = await trial.ask("order.book", orderFields(order), `${order.id}:book:again`);
        const isSame = reply.status === 200 && reply.text.includes(JSON.stringify(booking));
        if (!isSame)
          throw new Unmet(`${shown(booking)}, then ${reply.status} ${shown(reply.text)}`);
      },
    },
    {
      name: "book-at-once",
      expected: `${AT_ONCE} books of one order at the same time make one booking`,
      fix: "give the order's id a unique index and write it first; answer 409 until then",
      run: async () => {
        const order = trial.newOrder();
        const outcomes = await Promise.all(
          Array.from({ length: AT_ONCE }, () => trial.book(order)),
        );
        const references = new Set<string>();
        for (const outcome of outcomes) {
          if (outcome.kind === "booked") references.add(outcome.booking);
          else mustBe(outcome, "retry", "one order.book");
        }
        references.add(await trial.booked(order));
        if (references.size > 1) throw new Unmet(`the references ${[...references].join(", ")}`);
      },
    },
    {
      name: "key-of-another-request",
      expected: "a key that was used for another request is refused with 422 idempotency_conflict",
      fix: "store the request with the answer and compare it",
      run: async () => {
        const order = trial.newOrder();
        await trial.booked(order);
        const other = { ...orderFields(order), total: PRICE * 2 };
        const reply = await trial.ask("order.book", other, `${order.id}:book`);
        mustBeRefused(reply, "the same key with another total");
        if (reply.text.includes('"idempotency_conflict"')) return;
        throw new Unmet(`${reply.status} ${shown(reply.text)}`);
      },
    },
  ];
}

function cancelChecks(trial: OrderTrial): readonly Check[] {
  return [
    {
      name: "cancel",
      expected: "a booked order is cancelled, and a repeated cancel gets the same answer",
      fix: "answer {answer: cancelled} for an order that is already cancelled",
      run: async () => {
        const order = trial.newOrder();
        await trial.booked(order);
        mustBe(await trial.cancel(order), "cancelled", "the first order.cancel");
        mustBe(await trial.cancel(order), "cancelled", "the second order.cancel");
      },
    },
    {
      name: "book-after-cancel",
      expected: "an order that was booked and cancelled is not booked again",
      fix: "check the order's state, and refuse",
      run: async () => {
        const order = trial.newOrder();
        await trial.booked(order);
        mustBe(await trial.cancel(order), "cancelled", "order.cancel");
        await mustRefuseLateBook(trial, order);
      },
    },
    {
      name: "cancel-before-book",
      expected: "an order that was cancelled before it was booked is refused when it is booked",
      fix: "store the cancellation even if the order is unknown",
      run: async () => {
        const order = trial.newOrder();
        mustBe(await trial.cancel(order), "cancelled", "order.cancel of an unknown order");
        await mustRefuseLateBook(trial, order);
      },
    },
  ];
}

/** With a new key, because the old one may repeat an answer from before the cancellation. */
async function mustRefuseLateBook(trial: OrderTrial, order: OrderIntent): Promise<void> {
  const reply = await trial.ask("order.book", orderFields(order), `${order.id}:book:late`);
  if (reply.status === 200 && /"answer"\s*:\s*"refused"/.test(reply.text)) return;
  throw new Unmet(`order.book answered ${reply.status} ${shown(reply.text)}`);
}

function mustBeSame(first: string, second: string): void {
  if (first !== second) throw new Unmet(`the references ${shown(first)} and ${shown(second)}`);
}

const line = { sku: "test_book", name: "A test unit", quantity: 1, price: PRICE };
const order = {
  id: "ord_garbage",
  sale: "conformance",
  placedAt: "2026-11-27T10:00:00.000Z",
  currency: "EUR",
  total: PRICE,
  lines: [line],
  buyer: { subject: "s", email: "test@shoppers.example", name: null },
  shipTo: null,
};

const GARBAGE: readonly unknown[] = [
  {},
  { v: 1 },
  { v: 1, type: "order.explode", order },
  { v: 2, type: "order.book", order },
  { v: 1, type: "order.book" },
  { v: 1, type: "order.cancel" },
  { v: 1, type: "order.cancel", order: 17 },
  ...[
    { id: 1 },
    { id: "" },
    { currency: null },
    { total: -1 },
    { total: "1" },
    { lines: [] },
    { lines: {} },
    { lines: [{ ...line, quantity: 0 }] },
    { lines: [{ ...line, quantity: 1.5 }] },
    { lines: [{ ...line, sku: null }] },
    { lines: [{ ...line, price: -1 }] },
    { buyer: null },
    { buyer: { email: 1 } },
  ].map((change) => ({ v: 1, type: "order.book", order: { ...order, ...change } })),
];

/** Half of the time is left for the network and for high load. */
function promptCheck(trial: OrderTrial): Check {
  const { timeout_ms } = trial.wire;
  return {
    name: "prompt",
    expected: `each answer comes within half of the ${timeout_ms} ms that Sluice waits`,
    fix: "answer sooner, or answer {answer: unknown}: Sluice repeats the request with the same key",
    run: async () => {
      let slowest_ms = 0;
      for (let run = 0; run < TRIES; run += 1) {
        const began = performance.now();
        await trial.booked(trial.newOrder());
        slowest_ms = Math.max(slowest_ms, Math.ceil(performance.now() - began));
      }
      if (slowest_ms > timeout_ms / 2) throw new Unmet(`order.book took ${slowest_ms} ms`);
    },
  };
}
