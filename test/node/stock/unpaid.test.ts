/**
 * Unpaid units: no network and no shopper has more of them than allowed, the count comes back when
 * they are paid or given up, and a group whose holds end unpaid cools off.
 */
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { saleSchema } from "../../../src/domain/sale/sale.ts";
import * as stock from "../../../src/domain/stock/stock.ts";
import { unitsNotSold } from "../../../src/domain/stock/stock-ledger.ts";
import type { UnpaidTerms } from "../../../src/domain/stock/unpaid.ts";
import { unpaidTermsOf } from "../../../src/domain/stock/unpaid-terms.ts";
import { StockMemory } from "../support/stock-memory.ts";

const SALE = "air-one";
const HOLD_MS = 600_000;

const DOCUMENT = {
  id: SALE,
  title: "Air One",
  currency: "EUR",
  opensAt: "2026-01-01T09:00:00Z",
  startsAt: "2026-01-01T10:00:00Z",
  endsAt: "2026-01-01T12:00:00Z",
  items: [{ sku: "AIR", name: "Air One", price: 12_900, stock: 30 }],
};

function termsFor(buyer: string, address: string | null, unpaid?: object): UnpaidTerms {
  return unpaidTermsOf(saleSchema.parse({ ...DOCUMENT, unpaid }), buyer, address);
}

/** One SKU, and shoppers who come from an address each. */
class Counter {
  readonly book = new StockMemory();
  now = 0;
  limit = 2;
  unpaid: object | undefined;

  constructor(units: number, unpaid?: object) {
    this.unpaid = unpaid;
    const movement = { id: "m", kind: "receive", quantity: units, reason: "test" } as const;
    this.book.apply(stock.moveStock(this.book, movement, 0));
  }

  #terms(buyer: string, address: string | null) {
    return { unpaid: termsFor(buyer, address, this.unpaid), limitPerBuyer: this.limit };
  }

  hold(buyer: string, address: string | null, quantity = 1) {
    const key = { sale: SALE, buyer, id: `cart-${buyer}` };
    const deadline_ms = this.now + HOLD_MS;
    const command = { ...key, quantity, deadline_ms, ...this.#terms(buyer, address) };
    return this.book.apply(stock.hold(this.book, command, this.now));
  }

  order(buyer: string, address: string | null, quantity = 1, id = `order-${buyer}`) {
    const key = { sale: SALE, buyer, id, holdId: `cart-${buyer}` };
    const command = { ...key, quantity, ...this.#terms(buyer, address) };
    return this.book.apply(stock.order(this.book, command, this.now));
  }

  /** The order ends, and its shopper has left or the hold is over. */
  release(buyer: string, isLapse: boolean) {
    const key = { sale: SALE, buyer, id: `order-${buyer}` };
    return this.book.apply(stock.release(this.book, { ...key, backTo: null, isLapse }, this.now));
  }

  sell(buyer: string) {
    const key = { sale: SALE, buyer, id: `order-${buyer}` };
    return this.book.apply(stock.sell(this.book, key, this.now));
  }
}

const HOME = "203.0.113.7";
const ELSEWHERE = "198.51.100.9";

describe("units that one network has unpaid", () => {
  test("are as many as the sale says, in carts and orders together", () => {
    const counter = new Counter(30, { perNetwork: 3 });
    expect(counter.hold("a", HOME)).toMatchObject({ kind: "held" });
    expect(counter.hold("b", HOME)).toMatchObject({ kind: "held" });
    expect(counter.order("b", HOME)).toMatchObject({ kind: "ordered", fromHold: 1 });
    expect(counter.order("c", HOME)).toMatchObject({ kind: "ordered", fresh: 1 });
    const refused = { kind: "unpaid_limit_reached", limit: 3, taken: 3 };
    expect(counter.hold("d", HOME)).toEqual(refused);
    expect(counter.order("d", HOME)).toEqual(refused);
    expect(counter.hold("d", ELSEWHERE)).toMatchObject({ kind: "held" });
    // What is held stays, and can be ordered.
    expect(counter.order("a", HOME)).toMatchObject({ kind: "ordered", fromHold: 1 });
  });

  test.each([
    ["paid", (counter: Counter) => counter.sell("b")],
    ["given up", (counter: Counter) => counter.release("b", true)],
    ["let go", (counter: Counter) => counter.hold("a", HOME, 0)],
  ])("come back when some are %s", (_how, end) => {
    const counter = new Counter(30, { perNetwork: 2 });
    counter.hold("a", HOME);
    counter.order("b", HOME);
    expect(counter.hold("c", HOME)).toMatchObject({ kind: "unpaid_limit_reached" });
    end(counter);
    expect(counter.hold("c", HOME)).toMatchObject({ kind: "held" });
    expect(counter.hold("d", HOME)).toMatchObject({ kind: "unpaid_limit_reached", taken: 2 });
  });

  test("come back when a hold ends, before its alarm", () => {
    const counter = new Counter(30, { perNetwork: 1 });
    counter.hold("a", HOME);
    expect(counter.hold("b", HOME)).toMatchObject({ kind: "unpaid_limit_reached" });
    counter.now = HOLD_MS;
    expect(counter.hold("b", HOME)).toMatchObject({ kind: "held" });
  });

  test("are a quarter of what is not sold where the sale says nothing, but what one may have", () => {
    const counter = new Counter(8);
    expect(counter.hold("a", HOME, 2)).toMatchObject({ kind: "held" });
    expect(counter.hold("b", HOME)).toEqual({ kind: "unpaid_limit_reached", limit: 2, taken: 2 });
    expect(counter.hold("b", ELSEWHERE)).toMatchObject({ kind: "held" });
    const few = new Counter(1);
    expect(few.hold("a", HOME)).toMatchObject({ kind: "held" });
  });

  test("of a whole block are half: neighbouring networks are easy to get", () => {
    const counter = new Counter(16);
    counter.limit = 1;
    const outcomes = Array.from({ length: 12 }, (_, at) => {
      return counter.hold(`b${at}`, `2001:db8:0:${at}::1`).kind;
    });
    expect(outcomes.filter((kind) => kind === "held")).toHaveLength(8);
    expect(counter.hold("c", "2001:db8:1::1")).toMatchObject({ kind: "held" });
  });

  test("are any number where the sale says so, and on the machine itself", () => {
    const counter = new Counter(4);
    counter.limit = 1;
    const local = ["a", "b", "c", "d"].map((buyer) => counter.hold(buyer, "127.0.0.1").kind);
    expect(local).toEqual(["held", "held", "held", "held"]);
    const free = new Counter(4, { perNetwork: null });
    free.limit = 1;
    const home = ["a", "b", "c", "d"].map((buyer) => free.hold(buyer, HOME).kind);
    expect(home).toEqual(["held", "held", "held", "held"]);
  });
});

test("a home line with an IPv4 address and a /64 leaves half of the units to others", () => {
  const counter = new Counter(30);
  counter.limit = 1;
  for (let write = 0; write < 240; write += 1) {
    counter.hold(`bot${write}`, write % 2 === 0 ? HOME : `2001:db8:1:2::${write}`);
  }
  const { available } = counter.book.counters();
  expect(available).toBeGreaterThanOrEqual(15);
  expect(counter.order("honest", ELSEWHERE)).toMatchObject({ kind: "ordered" });
});

test("one shopper has no more unpaid than the sale says, from all networks together", () => {
  const counter = new Counter(30, { perShopper: 2 });
  counter.limit = 9;
  expect(counter.hold("a", HOME, 2)).toMatchObject({ kind: "held" });
  expect(counter.hold("a", ELSEWHERE, 3)).toMatchObject({ kind: "unpaid_limit_reached", limit: 2 });
  counter.order("a", HOME, 2);
  expect(counter.hold("a", ELSEWHERE)).toMatchObject({ kind: "unpaid_limit_reached", taken: 2 });
  counter.sell("a");
  expect(counter.hold("a", ELSEWHERE, 2)).toMatchObject({ kind: "held" });
});

describe("cooling off", () => {
  const twice = { coolingOff: { perShopper: 2, seconds: 300 } };

  function lapse(counter: Counter, buyer: string, address = HOME): void {
    counter.hold(buyer, address);
    counter.now += HOLD_MS;
  }

  test("begins after holds that ended unpaid, and ends by itself", () => {
    const counter = new Counter(30, twice);
    lapse(counter, "a");
    lapse(counter, "a");
    const until_ms = counter.now + 300_000;
    expect(counter.hold("a", HOME)).toEqual({ kind: "cooling_off", until_ms });
    expect(counter.order("a", HOME)).toEqual({ kind: "cooling_off", until_ms });
    expect(counter.hold("b", HOME)).toMatchObject({ kind: "held" });
    counter.now = until_ms;
    expect(counter.hold("a", HOME)).toMatchObject({ kind: "held" });
  });

  test("of a network follows the lapses of all its shoppers, where the sale wants it", () => {
    const counter = new Counter(30, { coolingOff: { perNetwork: 2 } });
    lapse(counter, "a");
    lapse(counter, "b");
    expect(counter.hold("c", HOME)).toMatchObject({ kind: "cooling_off" });
    expect(counter.hold("c", ELSEWHERE)).toMatchObject({ kind: "held" });
  });

  test("leaves what is held, which can still be ordered", () => {
    const counter = new Counter(30, { coolingOff: { perNetwork: 1 } });
    lapse(counter, "a");
    counter.now -= 1000;
    counter.hold("b", HOME);
    counter.now += 1000;
    expect(counter.hold("c", HOME)).toMatchObject({ kind: "cooling_off" });
    expect(counter.order("b", HOME)).toMatchObject({ kind: "ordered" });
  });

  test("follows unpaid orders, not those that the merchant ended", () => {
    const counter = new Counter(30, { coolingOff: { perNetwork: 1 } });
    counter.order("a", HOME);
    counter.release("a", false);
    expect(counter.order("b", HOME)).toMatchObject({ kind: "ordered" });
    counter.release("b", true);
    counter.release("b", true);
    expect(counter.order("c", HOME)).toMatchObject({ kind: "cooling_off" });
    expect(counter.book.lapses.size).toBe(3);
  });

  test("counts a hold that is let go late, not one that is let go early", () => {
    const counter = new Counter(30, { coolingOff: { perShopper: 1 } });
    counter.hold("a", HOME);
    counter.now += HOLD_MS / 4;
    counter.hold("a", HOME, 0);
    expect(counter.hold("a", HOME)).toMatchObject({ kind: "held" });
    counter.now += HOLD_MS / 2;
    counter.hold("a", HOME, 0);
    expect(counter.hold("a", HOME)).toMatchObject({ kind: "cooling_off" });
  });

  test("forgets lapses after an hour without one", () => {
    const counter = new Counter(30, twice);
    lapse(counter, "a");
    counter.now += 3_600_000;
    lapse(counter, "a");
    expect(counter.hold("a", HOME)).toMatchObject({ kind: "held" });
  });
});

test("law: no hold and no order raises a network's unpaid units above its limit", () => {
  const act = fc.record({
    kind: fc.constantFrom("hold", "order", "sell", "release"),
    buyer: fc.constantFrom("a", "b", "c", "d", "e"),
    address: fc.constantFrom(HOME, ELSEWHERE),
    quantity: fc.nat({ max: 3 }),
    after_ms: fc.constantFrom(0, 1000, HOLD_MS / 2),
  });
  const unpaid = fc.constantFrom(undefined, { perNetwork: 2 }, { perNetwork: 4, perShopper: 2 });
  fc.assert(
    fc.property(fc.array(act, { maxLength: 40 }), unpaid, (acts, rules) => {
      const counter = new Counter(12, rules);
      for (const { kind, buyer, address, quantity, after_ms } of acts) {
        counter.now += after_ms;
        counter.book.apply(stock.expire(counter.book, counter.now));
        const group = termsFor(buyer, address).rules[1]?.group ?? "";
        const limit = rules?.perNetwork ?? Math.max(2, unitsNotSold(counter.book.counters()) / 4);
        const unitsOf = (): number => {
          const items = counter.book.unpaidUnder(SALE, group);
          return items.reduce((units, item) => units + item.quantity, 0);
        };
        const before = unitsOf();
        if (kind === "hold") counter.hold(buyer, address, quantity);
        else if (kind === "order") counter.order(buyer, address, Math.max(quantity, 1));
        else if (kind === "sell") counter.sell(buyer);
        else counter.release(buyer, true);
        expect(unitsOf()).toBeLessThanOrEqual(Math.max(limit, before));
      }
    }),
  );
});
