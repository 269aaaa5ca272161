/**
 * Crashes between every two durable steps of an order (P2, P3): afterwards only time passes, alarms
 * fire and messages are delivered again, and every order must end as it would have without a crash.
 */
import { env } from "cloudflare:workers";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { BREAKER_DEFAULTS } from "../../src/domain/breaker.ts";
import { auditSale } from "../../src/merchant/audit.ts";
import { orderBook } from "../../queues/backends/order-book.ts";
import { Breaker } from "../../queues/breakers.ts";
import { advance, type Pipeline } from "../../queues/pipeline.ts";
import { pacesOf, pipelineWith, stripe } from "./support/backends.ts";
import { pass, startClock } from "./support/clock.ts";
import { takeSentWhen } from "./support/mail.ts";
import { mishaps, type Crash } from "./support/mishaps.ts";
import { moneyOf } from "./support/sandbox.ts";
import {
  intentOf,
  letIn,
  levelsOf,
  openSale,
  orderOf,
  saleDocument,
  settle,
  stockOf,
} from "./support/shop.ts";
import { stepping } from "./support/stepping.ts";

const MANY_RUNS_MS = 60_000;

beforeEach(() => {
  startClock();
  vi.spyOn(console, "warn").mockImplementation(() => undefined);
  vi.spyOn(console, "error").mockImplementation(() => undefined);
});
afterEach(() => {
  mishaps.calm();
  vi.restoreAllMocks();
});

interface Fate {
  readonly state: "confirmed" | "declined" | "rejected";
  readonly method: string;
  readonly socksInStock: number;
  readonly shoes: Awaited<ReturnType<typeof levelsOf>>;
  readonly socks: Awaited<ReturnType<typeof levelsOf>>;
  readonly captures: number;
  readonly seats: { readonly active: number; readonly spent: number };
}

/** The shoes come from the cart, the two pairs of socks from the available units. */
const FATES: readonly Fate[] = [
  {
    state: "confirmed",
    method: "pm_card_visa",
    socksInStock: 3,
    shoes: { available: 2, held: 0, ordered: 0, sold: 1 },
    socks: { available: 1, held: 0, ordered: 0, sold: 2 },
    captures: 1,
    seats: { active: 0, spent: 1 },
  },
  {
    state: "declined",
    method: "pm_card_chargeDeclined",
    socksInStock: 3,
    shoes: { available: 2, held: 1, ordered: 0, sold: 0 },
    socks: { available: 1, held: 2, ordered: 0, sold: 0 },
    captures: 0,
    seats: { active: 1, spent: 0 },
  },
  {
    state: "rejected",
    method: "pm_card_visa",
    socksInStock: 1,
    shoes: { available: 2, held: 1, ordered: 0, sold: 0 },
    socks: { available: 1, held: 0, ordered: 0, sold: 0 },
    captures: 0,
    seats: { active: 1, spent: 0 },
  },
];

const IN_THE_CART = { available: 2, held: 1, ordered: 0, sold: 0 };

let runs = 0;

async function shopperWithCart({ socksInStock, method }: Fate) {
  runs += 1;
  const shoes = `SHOES-${runs}`;
  const socks = `SOCKS-${runs}`;
  const sale = await openSale(
    saleDocument([
      { sku: shoes, stock: 3 },
      { sku: socks, stock: socksInStock, limitPerBuyer: 2 },
    ]),
  );
  const id = await letIn(sale, "ann");
  const intent = intentOf(sale, "ann", { [shoes]: 1, [socks]: 2 }, { paymentMethod: method });
  const deadline_ms = intent.holdUntil_ms;
  const key = { sale: sale.id, buyer: "ann", id };
  await stockOf(shoes).hold({ ...key, quantity: 1, deadline_ms, limitPerBuyer: 1 });
  return { sale, shoes, socks, intent };
}

type Shopper = Awaited<ReturnType<typeof shopperWithCart>>;

async function expectFate({ sale, shoes, socks, intent }: Shopper, fate: Fate): Promise<void> {
  expect(await levelsOf(shoes)).toEqual(fate.shoes);
  expect(await levelsOf(socks)).toEqual(fate.socks);
  const { captures } = fate;
  const kept = captures * intent.total;
  expect(await moneyOf(intent.id)).toEqual({ captures, kept, reserved: 0 });
  const audit = await auditSale({ env, now: Date.now() }, sale.id, null);
  if (audit.kind !== "audit") throw new Error(audit.kind);
  expect(audit.skus.map(({ agrees }) => agrees)).toEqual([true, true]);
  expect(audit.orders).toEqual({ [fate.state]: 1 });
  expect(audit.metrics.seats).toMatchObject({ claimed: 1, ...fate.seats });
}

/** One order with one crash. Returns whether the crash came before the order was at rest. */
async function orderWith(fate: Fate, crash: Crash): Promise<boolean> {
  const shopper = await shopperWithCart(fate);
  const { shoes, intent } = shopper;
  mishaps.plan(crash);
  await orderOf(intent.id)
    .place(intent)
    .catch(() => undefined);
  const known = (await settle(intent.id)) !== null;
  while (mishaps.dying > 0) await scheduler.wait(1);
  const { happened } = mishaps;
  mishaps.calm();
  // When the intent itself was lost, no answer was sent and nothing was taken, so place it again.
  const untouched = known ? IN_THE_CART : await levelsOf(shoes);
  expect(untouched).toEqual(IN_THE_CART);
  if (!known) await orderOf(intent.id).place(intent);
  expect(await settle(intent.id)).toBe(fate.state);
  await expectFate(shopper, fate);
  const again = await orderOf(intent.id).place(intent);
  expect(again.kind).toBe(fate.state === "rejected" ? "rejected" : "accepted");
  return happened;
}

describe.each(FATES)("an order that would be $state ends $state", (fate) => {
  const stepsAtLeast = { confirmed: 25, declined: 20, rejected: 8 }[fate.state];
  const writesAtLeast = { confirmed: 9, declined: 5, rejected: 2 }[fate.state];

  test(
    "when it crashes after any of its steps with all writes durable",
    { timeout: MANY_RUNS_MS },
    async () => {
      let at = 1;
      while (await orderWith(fate, { kind: "after_step", at })) at += 1;
      expect(at).toBeGreaterThan(stepsAtLeast);
    },
  );

  test("when it crashes and loses any one of its writes", { timeout: MANY_RUNS_MS }, async () => {
    let at = 1;
    while (await orderWith(fate, { kind: "losing_write", at })) at += 1;
    expect(at).toBeGreaterThan(writesAtLeast);
  });
});

/** The pipeline of the orders Worker; each of its calls to a backend is a step. */
function pipelineThat(step: () => Promise<void>): Pipeline {
  const noBreaker = () => ({ ...BREAKER_DEFAULTS, callsMin: 1_000_000 });
  return pipelineWith({
    payments: stepping(stripe(), step),
    orders: stepping(orderBook(env.ORDER_BOOK), step),
    paymentBreaker: new Breaker(env.CONFIG, "payment", "test", noBreaker),
    orderBreaker: new Breaker(env.CONFIG, "orders", "test", noBreaker),
    ...pacesOf(),
  });
}

const PAST_A_LEASE_MS = 21_000;

describe("a consumer that dies", () => {
  test.each(FATES.slice(0, 2))(
    "before or after any of its calls only delays the order: $state",
    { timeout: MANY_RUNS_MS },
    async (fate) => {
      let died = true;
      for (let at = 1; died; at += 1) {
        const shopper = await shopperWithCart(fate);
        const { intent } = shopper;
        await orderOf(intent.id).place(intent);
        await takeSentWhen("sluice-orders", 1);
        let steps = 0;
        died = false;
        const dying = pipelineThat(async () => {
          steps += 1;
          if (steps !== at) return;
          died = true;
          throw new Error("the consumer is gone");
        });
        const first = await advance(dying, orderOf(intent.id)).catch(() => null);
        expect(first).toEqual(died ? null : { kind: "done" });
        // The same message is delivered again; at first the dead consumer still holds the lease.
        const duplicate = await advance(dying, orderOf(intent.id));
        expect(duplicate.kind).toBe(died ? "waits" : "done");
        pass(PAST_A_LEASE_MS);
        expect(await advance(dying, orderOf(intent.id))).toEqual({ kind: "done" });
        expect(await settle(intent.id)).toBe(fate.state);
        await expectFate(shopper, fate);
      }
    },
  );

  test("with its message lost is replaced by the order's alarm", async () => {
    const fate = FATES[0];
    if (fate === undefined) throw new Error("no fate");
    const shopper = await shopperWithCart(fate);
    await orderOf(shopper.intent.id).place(shopper.intent);
    expect(await takeSentWhen("sluice-orders", 1)).toHaveLength(1);
    expect(await settle(shopper.intent.id)).toBe("confirmed");
    await expectFate(shopper, fate);
  });
});
